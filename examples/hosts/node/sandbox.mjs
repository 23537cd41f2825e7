// Runs a connector in its own sandbox: the component transpiled by jco, WASI from preview2-shim.

import * as wasiHttp from '@bytecodealliance/preview2-shim/http'
import { WASIShim } from '@bytecodealliance/preview2-shim/instantiation'
import { instantiate } from './transpiled/connector.js'

/**
 * Creates an instance of the component and returns its exports `connector`, `sessions` and `streaming`. The instance has its own
 * memory, sees only the given environment variables (without `sandbox.env` it would see all of this process's), and reaches
 * only the given hosts (`host:port`).
 *
 * Its calls are synchronous: they block their thread, and nothing limits their time. In a server, run sandboxes in a Worker of
 * `node:worker_threads` and end a call that takes too long with `worker.terminate()`.
 */
export async function openSandbox({ environment = {}, allowedHosts = [] }) {
  const outgoingHandler = {
    handle(request) {
      if (!allowedHosts.includes(hostAndPort(request))) throw { tag: 'HTTP-request-denied' }
      // The second argument, the connector's own timeouts, is left out: preview2-shim uses the connect timeout as the limit for
      // the first byte of the response, and then reports a request that was sent as one that was not.
      return wasiHttp.outgoingHandler.handle(request)
    },
  }
  const wasi = new WASIShim({ sandbox: { env: environment }, http: { ...wasiHttp, outgoingHandler } })
  return instantiate(undefined, wasi.getImportObject())
}

/** The target of a request in the form that the connector's `hosts` uses: `host:port`. */
function hostAndPort(request) {
  const authority = request.authority() ?? ''
  if (/:\d+$/.test(authority)) return authority
  return `${authority}:${request.scheme()?.tag === 'HTTP' ? 80 : 443}`
}
