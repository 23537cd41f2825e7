// A connector in a sandbox of its own: the component as jco transpiled it, WASI from preview2-shim.

import * as wasiHttp from '@bytecodealliance/preview2-shim/http'
import { WASIShim } from '@bytecodealliance/preview2-shim/instantiation'
import { instantiate } from './transpiled/connector.js'

/**
 * A new instance of the component: its exports `connector`, `sessions` and `streaming`. It has its own memory, sees only the given
 * environment variables (without `sandbox.env` it would see all of this process's), and reaches only the given hosts
 * (`host:port`).
 *
 * Its calls are synchronous: they block the thread they are made in, and no time limit ends them. In a server, open
 * sandboxes in a Worker of `node:worker_threads`, and end one that takes too long by `worker.terminate()`.
 */
export async function openSandbox({ environment = {}, allowedHosts = [] }) {
  const outgoingHandler = {
    handle(request) {
      if (!allowedHosts.includes(hostAndPort(request))) throw { tag: 'HTTP-request-denied' }
      // A connector's own time-outs, the second argument, stay out: preview2-shim takes the time in which a connection has
      // to be made for the time until the answer begins, and reports a request that was sent as one that was not.
      return wasiHttp.outgoingHandler.handle(request)
    },
  }
  const wasi = new WASIShim({ sandbox: { env: environment }, http: { ...wasiHttp, outgoingHandler } })
  return instantiate(undefined, wasi.getImportObject())
}

/** Where a request goes, as the connector's `hosts` writes it: always with the port. */
function hostAndPort(request) {
  const authority = request.authority() ?? ''
  if (/:\d+$/.test(authority)) return authority
  return `${authority}:${request.scheme()?.tag === 'HTTP' ? 80 : 443}`
}
