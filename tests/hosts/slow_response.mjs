// A request that takes longer than the connect timeout must succeed and must be sent once. preview2-shim confuses that timeout
// with the one for the first byte of the response; examples/hosts/node/sandbox.mjs works around it.
//
//   node slow_answer.mjs SANDBOX_MODULE

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { createServer } from 'node:http'

/** Milliseconds until the response begins: longer than any connect timeout of a connector. */
const DELAY = 17_000

if (isMainThread) {
  const { openSandbox } = await import(pathToFileURL(resolve(process.argv[2])))
  // The connector's calls block their thread, so the server runs on another.
  const server = new Worker(new URL(import.meta.url))
  const [port] = await once(server, 'message')
  const { connector } = await openSandbox({ allowedHosts: [`127.0.0.1:${port}`] })
  const auth = { domain: `http://127.0.0.1:${port}`, client_id: 'id', client_secret: 'secret' }
  const { body } = connector.invoke(JSON.stringify(auth), { operation: 'create_user', input: '{"first_name":"Ada"}' })
  server.postMessage('how many?')
  const [requests] = await once(server, 'message')
  assert.deepEqual(requests, ['POST /api/4.0/login', 'POST /api/4.0/users'])
  assert.equal(JSON.parse(body.val).id, '7')
  await server.terminate()
  console.log(`a user was created in ${DELAY / 1000} s, once`)
  process.exit(0)
}

const requests = []
const server = createServer((request, response) => {
  requests.push(`${request.method} ${request.url}`)
  const login = request.url.endsWith('/login')
  const body = login ? { access_token: 'token', token_type: 'Bearer', expires_in: 3600 } : { id: '7' }
  setTimeout(() => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(body))
  }, login ? 0 : DELAY)
})
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))
parentPort.on('message', () => parentPort.postMessage(requests))
