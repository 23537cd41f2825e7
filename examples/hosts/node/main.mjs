// Runs the Looker connector in Node. Everything specific to Node is in sandbox.mjs. Apart from the names of the operations,
// this file works with every connector of the WIT package `workflow:connector`.

import { openSandbox } from './sandbox.mjs'

/**
 * Carries out one operation and returns its output, parsed if it is JSON. `maxWaitMs` (a BigInt) bounds the connector's own
 * waits, such as those between two attempts; without it the connector uses its default.
 */
function invoke(connector, auth, operation, input, maxWaitMs) {
  const call = { operation, input: JSON.stringify(input), maxWaitMs }
  const { body } = connector.invoke(JSON.stringify(auth), call)
  return body.tag === 'json' ? JSON.parse(body.val) : body.val
}

/** Makes a call that must fail and prints the failure. jco throws the error of a `result`: `payload` is the variant `failure`. */
function showFailure(call) {
  try {
    call()
  } catch (error) {
    if (!error.payload?.val) throw error
    const { tag, val: problem } = error.payload
    // `tag` says what to do next: a `retryable` call may be repeated, after `retryAfterMs` (a BigInt) if it is set, and with
    // the input `resume` if that is set.
    const wait = problem.retryAfterMs === undefined ? '' : `, wait ${problem.retryAfterMs} ms`
    console.log(`${tag}, ${problem.reason}, HTTP status ${problem.status ?? 'none'}${wait}: ${problem.message}`)
    for (const { field, code, message } of problem.fields) console.log(`  ${field ?? '(unknown field)'}: ${code}: ${message}`)
    return
  }
  throw new Error('the call did not fail')
}

const { LOOKERSDK_BASE_URL, LOOKERSDK_CLIENT_ID, LOOKERSDK_CLIENT_SECRET } = process.env
if (!LOOKERSDK_BASE_URL || !LOOKERSDK_CLIENT_ID || !LOOKERSDK_CLIENT_SECRET) {
  console.error('Set LOOKERSDK_BASE_URL, LOOKERSDK_CLIENT_ID and LOOKERSDK_CLIENT_SECRET.')
  process.exit(2)
}

console.log('== load')
const idle = await openSandbox({})
const about = idle.connector.describe()
console.log(`${about.title} ${about.version}: ${about.description}`)
// A platform may cache lists and schemas for as long as this stays the same.
console.log(`catalog digest: ${about.catalogDigest}`)

console.log('== describe')
const authForm = JSON.parse(idle.connector.authSchema())
console.log(`auth form: ${authForm.title}`)
for (const [name, field] of Object.entries(authForm.properties)) {
  console.log(`  ${name}: ${field.title}${field.format === 'password' ? ' (secret)' : ''}`)
}
const createUser = idle.connector.describeOperation('create_user')
const inputs = Object.keys(JSON.parse(createUser.inputSchema).properties)
console.log(`form of "${createUser.summary.title}": ${inputs.length} fields, such as ${inputs.slice(-3).join(', ')}`)

console.log('== list')
const operations = idle.connector.listOperations()
console.log(`${operations.length} operations, among them`)
for (const { name, title, effect, idempotent } of operations) {
  if (!['all_users', 'create_user', 'user', 'call_api'].includes(name)) continue
  // A platform may repeat an idempotent call whose outcome it never learned.
  console.log(`  ${name}: ${title} (${effect}${idempotent ? ', idempotent' : ''})`)
}

console.log('== invoke')
// The credentials come from the sandbox's environment, so that no call carries the secret.
const environment = { LOOKERSDK_BASE_URL, LOOKERSDK_CLIENT_ID, LOOKERSDK_CLIENT_SECRET }
// The connector requests hosts and the platform grants them. This example grants all; yours grants what the operator allows.
const allowedHosts = (await openSandbox({ environment })).connector.hosts('{}')
console.log(`asks for ${allowedHosts.join(', ')}`)
const { connector, sessions, streaming } = await openSandbox({ environment, allowedHosts })
const users = invoke(connector, {}, 'all_users', { fields: 'id,display_name' })
console.log(`List users: ${users.length} users`)
const created = invoke(connector, {}, 'create_user', { first_name: 'Ada', last_name: 'Lovelace' })
console.log(`Create user: ${created.id} ${created.display_name}`)
const found = invoke(connector, {}, 'user', { user_id: created.id })
console.log(`Get user: ${found.id} ${found.display_name}`)
// Alternatively, each call carries the credentials in `auth`, and the sandbox has no environment.
const auth = { domain: LOOKERSDK_BASE_URL, client_id: LOOKERSDK_CLIENT_ID, client_secret: LOOKERSDK_CLIENT_SECRET }
const bare = await openSandbox({ allowedHosts })
console.log(`auth as an argument: ${invoke(bare.connector, auth, 'me', {}).display_name}`)
// A platform with one instance per call signs in once and passes the session's auth, which holds no client secret. It signs in
// again after `lastsMs`, or when a call fails as `unauthenticated`.
const session = sessions.signIn('{}')
const another = await openSandbox({ allowedHosts })
console.log(`a session in another instance: ${invoke(another.connector, JSON.parse(session.auth), 'me', {}).display_name}`)

console.log('== failure')
showFailure(() => invoke(connector, {}, 'user', { user_id: '987654321' }))
showFailure(() => invoke(connector, {}, 'create_user_credentials_email', { user_id: created.id, email: 'no address' }))
// A document takes Looker a while. With `maxWaitMs` 0 the connector does not wait for it, so the platform can.
const size = { width: 800, height: 600 }
const task = invoke(connector, {}, 'create_dashboard_render_task', { dashboard_id: '1', result_format: 'pdf', ...size })
showFailure(() => invoke(connector, {}, 'render_task_results', { render_task_id: task.id }, 0n))
const nobodyListens = { ...auth, domain: 'http://127.0.0.1:1' }
const lonely = await openSandbox({ allowedHosts: ['127.0.0.1:1'] })
showFailure(() => invoke(lonely.connector, nobodyListens, 'me', {}))
// This host was not granted.
showFailure(() => invoke(connector, nobodyListens, 'me', {}))

console.log('== streaming')
const query = { model: 'thelook', view: 'numbers', fields: ['numbers.n'], limit: '-1', result_format: 'csv' }
const download = streaming.open('{}', { operation: 'run_inline_query', input: JSON.stringify(query), maxWaitMs: undefined })
let [bytes, pieces, lines] = [0, 0, 0]
for (let piece = download.read(65536); piece.length > 0; piece = download.read(65536)) {
  bytes += piece.length
  pieces += 1
  lines += piece.reduce((count, byte) => count + (byte === 10), 0)
}
console.log(`${download.mediaType()}: ${lines} lines, ${bytes} bytes in ${pieces} pieces`)
download[Symbol.dispose]()
