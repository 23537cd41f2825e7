// Looker's own Node SDK at work against the Looker that LOOKERSDK_BASE_URL names.
// Every claim is an assertion: the program ends with an error as soon as one does not hold.

import assert from 'node:assert/strict'
import { LookerNodeSDK } from '@looker/sdk-node'

const sdk = LookerNodeSDK.init40()

/** Makes a call that has to be refused, and gives the error. */
async function refused(call) {
  const answer = await call
  assert.equal(answer.ok, false, 'the call was not refused')
  return answer.error
}

const me = await sdk.ok(sdk.me())
assert.ok(me.id && me.display_name)
console.log(`signed in as ${me.display_name} (user ${me.id})`)

const users = await sdk.ok(sdk.all_users({}))
assert.ok(users.length > 2 && users.some((user) => user.id === me.id))
const page = await sdk.ok(sdk.all_users({ limit: 2, offset: 1, fields: 'id,email', sorts: 'id' }))
assert.deepEqual(page.map((user) => user.id), [users[1].id, users[2].id])
assert.equal('first_name' in page[0], false)
console.log(`${users.length} users, two of them on a page`)

const made = await sdk.ok(sdk.create_user({ first_name: 'Mary', last_name: 'Somerville' }))
assert.equal(made.display_name, 'Mary Somerville')
const email = await sdk.ok(sdk.create_user_credentials_email(made.id, { email: 'mary@example.org' }))
assert.equal(email.email, 'mary@example.org')
const changed = await sdk.ok(sdk.update_user(made.id, { last_name: 'Fairfax' }))
assert.deepEqual([changed.first_name, changed.last_name, changed.email], ['Mary', 'Fairfax', 'mary@example.org'])
console.log(`created and changed user ${made.id}`)

const invalid = await refused(sdk.update_user_credentials_email(made.id, { email: users[0].email }))
assert.match(invalid.message, /Validation Failed/)
assert.deepEqual(invalid.errors.map((detail) => [detail.field, detail.code]), [['email', 'already_exists']])
console.log(`422: ${invalid.message}: ${invalid.errors[0].field}: ${invalid.errors[0].message}`)

await sdk.ok(sdk.delete_user(made.id))
const gone = await refused(sdk.user(made.id))
assert.match(gone.message, /Not found/)
console.log(`404: ${gone.message}`)

const query = {
  model: 'thelook',
  view: 'orders',
  fields: ['orders.id', 'orders.status', 'orders.count'],
  limit: '3',
}
const rows = await sdk.ok(sdk.run_inline_query({ result_format: 'json', body: query }))
assert.deepEqual(rows.map((row) => row['orders.id']), [1, 2, 3])
const csv = await sdk.ok(sdk.run_inline_query({ result_format: 'csv', body: query }))
const lines = csv.trimEnd().split('\n')
assert.equal(lines[0], 'Orders Id,Orders Status,Orders Count')
assert.equal(lines.length, 4)
console.log(`ran a query inline: ${JSON.stringify(rows[0])}`)

await sdk.authSession.logout()
console.log('signed out')
