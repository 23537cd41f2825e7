//! Where guests' requests go, and which headers they may have.

use crate::egress::call::CallContext;
use crate::egress::client::HttpClient;
use crate::limits::BODY_PIECE_BYTES;
use http::{HeaderName, Request, Response, header};
use std::future::{Future, ready};
use std::sync::Arc;
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpHooks,
};

/// The hooks of one call of a sandbox: sends its requests through a client, which the call's context counts and explains.
pub(crate) struct Hooks {
    client: HttpClient,
    context: Arc<CallContext>,
}

impl Hooks {
    /// Hooks that send through this client, for this call.
    pub(crate) fn new(client: HttpClient, context: Arc<CallContext>) -> Self {
        Self { client, context }
    }

    /// The context of the present call.
    pub(crate) fn context(&self) -> &Arc<CallContext> {
        &self.context
    }
}

/// Sends the errors of a request or of reading its response. The client reports both itself.
type Transmission = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Transmission,
    ) -> Box<dyn Future<Output = Result<(Response<WasiBody>, Transmission), Error>> + Send> {
        let response = self.client.send(request, options, &self.context);
        Box::new(async move { Ok((response.await?, Box::new(ready(Ok(()))) as Transmission)) })
    }

    /// wasmtime-wasi-http's own is 1 MiB, of which up to three are kept for each body.
    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        BODY_PIECE_BYTES
    }

    fn is_forbidden_header(&mut self, name: &HeaderName) -> bool {
        is_forbidden_header(name)
    }

    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(is_forbidden_header)
    }
}

/// Whether a guest can neither send nor see a header, because it is about one connection ("hop by hop") and not about the
/// request: these decide how the body is framed and what the connection is used for, which is up to hyper.
fn is_forbidden_header(name: &HeaderName) -> bool {
    DEFAULT_FORBIDDEN_HEADERS.contains(name) || [header::EXPECT, header::TE, header::TRAILER].contains(name)
}
