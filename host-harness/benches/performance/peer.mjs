// Makes the same call many times by Looker's Node SDK, and prints how long each took, in nanoseconds, as a JSON array.
// Argument: how many calls.

import { LookerNodeSDK } from '@looker/sdk-node'

// The SDK prints a line about time-outs for each call. Without that it is faster.
console.debug = () => {}

const calls = Number(process.argv[2])
const sdk = LookerNodeSDK.init40()
const times = []
// The first tenth signs in and makes connections, and does not count.
for (let number = 0; number < calls + Math.floor(calls / 10); number++) {
  const start = process.hrtime.bigint()
  const user = await sdk.ok(sdk.me())
  const taken = process.hrtime.bigint() - start
  if (!user.id) throw new Error('no user')
  if (number >= calls / 10) times.push(Number(taken))
}
process.stdout.write(JSON.stringify(times))
