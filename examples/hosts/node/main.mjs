// Runs the Looker connector in Node. What is special to Node is in sandbox.mjs; all that follows here works the same for
// every connector of the WIT package `workflow:connector`, but for the names of the operations.

import { openSandbox } from './sandbox.mjs'

/** The JSON that an operation gives, parsed. */
function invoke(connector, auth, operation, input) {
  const { body } = connector.invoke(JSON.stringify(auth), operation, JSON.stringify(input))
  return body.tag === 'json' ? JSON.parse(body.val) : body.val
}

/** Makes a call that has to fail, and tells how. jco throws a `result`'s error: `payload` is the variant `failure`. */
function showFailure(call) {
  try {
    call()
  } catch (error) {
    if (!error.payload?.val) throw error
    const { tag, val: problem } = error.payload
    // `tag` tells what to do next: a `retryable` call may be repeated, after `retryAfterMs` where that is known.
    console.log(`${tag}, ${problem.reason}, HTTP status ${problem.status ?? 'none'}: ${problem.message}`)
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
for (const { name, title, effect } of operations.filter(({ name }) => ['all_users', 'create_user', 'user'].includes(name))) {
  console.log(`  ${name}: ${title} (${effect})`)
}

console.log('== invoke')
// The credentials come from the sandbox's environment, so that no call carries the secret.
const environment = { LOOKERSDK_BASE_URL, LOOKERSDK_CLIENT_ID, LOOKERSDK_CLIENT_SECRET }
// The connector asks, the platform grants: here whatever it asks for, in yours what your operator allows.
const allowedHosts = (await openSandbox({ environment })).connector.hosts('{}')
console.log(`asks for ${allowedHosts.join(', ')}`)
const { connector, sessions, streaming } = await openSandbox({ environment, allowedHosts })
const users = invoke(connector, {}, 'all_users', { fields: 'id,display_name' })
console.log(`List users: ${users.length} users`)
const created = invoke(connector, {}, 'create_user', { first_name: 'Ada', last_name: 'Lovelace' })
console.log(`Create user: ${created.id} ${created.display_name}`)
const found = invoke(connector, {}, 'user', { user_id: created.id })
console.log(`Get user: ${found.id} ${found.display_name}`)
// The other way: the credentials as the `auth` of each call, and no environment at all.
const auth = { domain: LOOKERSDK_BASE_URL, client_id: LOOKERSDK_CLIENT_ID, client_secret: LOOKERSDK_CLIENT_SECRET }
const bare = await openSandbox({ allowedHosts })
console.log(`auth as an argument: ${invoke(bare.connector, auth, 'me', {}).display_name}`)
// An instance for each call need not sign in for each call: a session, signed in once, serves them all, and holds no
// secret. Sign in again when `lastsMs` is over, or when a call fails as `unauthenticated`.
const session = sessions.signIn('{}')
const another = await openSandbox({ allowedHosts })
console.log(`a session in another instance: ${invoke(another.connector, JSON.parse(session.auth), 'me', {}).display_name}`)

console.log('== failure')
showFailure(() => invoke(connector, {}, 'user', { user_id: '987654321' }))
const nobodyListens = { ...auth, domain: 'http://127.0.0.1:1' }
const lonely = await openSandbox({ allowedHosts: ['127.0.0.1:1'] })
showFailure(() => invoke(lonely.connector, nobodyListens, 'me', {}))
// A host that was not granted.
showFailure(() => invoke(connector, nobodyListens, 'me', {}))

console.log('== streaming')
const query = { model: 'thelook', view: 'numbers', fields: ['numbers.n'], limit: '-1', result_format: 'csv' }
const download = streaming.open('{}', 'run_inline_query', JSON.stringify(query))
let [bytes, pieces, lines] = [0, 0, 0]
for (let piece = download.read(65536); piece.length > 0; piece = download.read(65536)) {
  bytes += piece.length
  pieces += 1
  lines += piece.reduce((count, byte) => count + (byte === 10), 0)
}
console.log(`${download.mediaType()}: ${lines} lines, ${bytes} bytes in ${pieces} pieces`)
download[Symbol.dispose]()
