//! The guest's requests: `wasi:http/outgoing-handler`, and the answers that are on their way.
//!
//! wasmtime-wasi-http has this too, and gives each request two tasks of its own. That costs more than the sandbox does: each
//! task that hands over to another may wake a thread. Here a request is begun within the guest's own call. Where it went
//! to a connection that was open already, that connection carries it on, and the guest waits for the answer itself; only a
//! request that has to wait for its connection gets a task.

use super::HTTP_TYPES;
use crate::instance::state::State;
use http::{HeaderMap, Request, Response, Uri, header, uri};
use http_body_util::{BodyExt, Empty};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use tracing::Instrument;
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource, ResourceType};
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, HostFutureIncomingResponse as _, Scheme};
use wasmtime_wasi_http::p2::body::HostIncomingBody;
use wasmtime_wasi_http::p2::types::{HostFutureIncomingResponse, HostIncomingResponse, HostOutgoingRequest};
use wasmtime_wasi_http::{Error, FieldMap, RequestOptions, WasiBody, WasiHttpView};

/// The interface as wasmtime-wasi-http links it. A test fails when a newer one has a newer version.
const OUTGOING_HANDLER: &str = "wasi:http/outgoing-handler@0.2.12";

/// The head of an answer with its body, or why there is none.
type Outcome = Result<Response<WasiBody>, Error>;

/// The resource `future-incoming-response`.
enum Exchange {
    /// The answer is on its way.
    Going(Pin<Box<dyn Future<Output = Outcome> + Send>>),
    /// It is there.
    Done(Outcome),
    /// The guest has it.
    Taken,
}

#[wasmtime_wasi::async_trait]
impl Pollable for Exchange {
    async fn ready(&mut self) {
        if let Self::Going(answer) = self {
            *self = Self::Done(answer.await);
        }
    }
}

/// Links these functions in place of those of wasmtime-wasi-http.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let mut types = linker.instance(HTTP_TYPES)?;
    types.resource("future-incoming-response", ResourceType::host::<Exchange>(), |mut store, index| {
        store.data_mut().http().table.delete(Resource::<Exchange>::new_own(index))?;
        Ok(())
    })?;
    types.func_wrap("[method]future-incoming-response.subscribe", |mut store, (exchange,)| {
        Ok((subscribe_to(&mut store, exchange)?,))
    })?;
    types.func_wrap("[method]future-incoming-response.get", |mut store, (exchange,)| {
        Ok((get(&mut store, exchange)?,))
    })?;
    linker.instance(OUTGOING_HANDLER)?.func_wrap("handle", |mut store, (request, options)| {
        let (request, options) = taken(&mut store, request, options)?;
        Ok((match outgoing(request) {
            Ok(request) => Ok(begin(&mut store, request, options)?),
            Err(code) => Err(code),
        },))
    })?;
    linker.allow_shadowing(false);
    Ok(())
}

/// The request and its options, out of the table.
fn taken(
    store: &mut StoreContextMut<'_, State>,
    request: Resource<HostOutgoingRequest>,
    options: Option<Resource<RequestOptions>>,
) -> wasmtime::Result<(HostOutgoingRequest, Option<RequestOptions>)> {
    let table = store.data_mut().http().table;
    let options = options.and_then(|options| table.delete(options).ok());
    Ok((table.delete(request)?, options))
}

/// Checks a request of the guest's, and makes one of hyper's from it.
fn outgoing(request: HostOutgoingRequest) -> Result<Request<WasiBody>, ErrorCode> {
    let HostOutgoingRequest { method, scheme, authority, path_with_query, headers, body } = request;
    let headers = HeaderMap::from(headers);
    let length = content_length(&headers)?;
    if body.is_none() && length.is_some_and(|length| length != 0) {
        return Err(ErrorCode::HttpRequestBodySize(Some(0)));
    }
    let scheme = match scheme {
        Some(Scheme::Http) => uri::Scheme::HTTP,
        Some(Scheme::Https) => uri::Scheme::HTTPS,
        Some(Scheme::Other(_)) | None => return Err(ErrorCode::HttpProtocolError),
    };
    let mut uri = Uri::builder().scheme(scheme).authority(authority.unwrap_or_default());
    if let Some(path) = path_with_query {
        uri = uri.path_and_query(path);
    }
    let uri = uri.build().map_err(|_| ErrorCode::HttpRequestUriInvalid)?;
    let body = body.unwrap_or_else(|| Empty::new().map_err(|never| match never {}).boxed_unsync());
    let mut outgoing = Request::new(body);
    *outgoing.method_mut() = method.try_into().map_err(|_| ErrorCode::HttpRequestMethodInvalid)?;
    *outgoing.uri_mut() = uri;
    *outgoing.headers_mut() = headers;
    Ok(outgoing)
}

/// What `content-length` says. The bindings check it where a body is made, which a guest need not do.
fn content_length(headers: &HeaderMap) -> Result<Option<u64>, ErrorCode> {
    let mut values = headers.get_all(header::CONTENT_LENGTH).iter();
    let Some(value) = values.next() else { return Ok(None) };
    // Rust's own parser would take a sign too.
    let digits = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    match (digits.and_then(|digits| digits.parse().ok()), values.next()) {
        (Some(length), None) => Ok(Some(length)),
        _ => Err(ErrorCode::InternalError(Some("the request's content-length is no length".to_owned()))),
    }
}

/// Begins an exchange.
fn begin(
    store: &mut StoreContextMut<'_, State>,
    request: Request<WasiBody>,
    options: Option<RequestOptions>,
) -> wasmtime::Result<Resource<Exchange>> {
    let (connection, answer) = store.data().send(request, options);
    let mut answer: Pin<Box<dyn Future<Output = Outcome> + Send>> = Box::pin(answer);
    // Whoever waits for it later is the one to be woken.
    let exchange = match answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => Exchange::Done(outcome),
        Poll::Pending if connection.connection_metadata().is_some() => Exchange::Going(answer),
        Poll::Pending => {
            Exchange::Going(Box::pin(wasmtime_wasi::runtime::spawn(answer.instrument(tracing::Span::current()))))
        }
    };
    Ok(store.data_mut().http().table.push(exchange)?)
}

fn subscribe_to(
    store: &mut StoreContextMut<'_, State>,
    exchange: Resource<Exchange>,
) -> wasmtime::Result<Resource<DynPollable>> {
    subscribe(store.data_mut().http().table, exchange)
}

/// What `get` gives: nothing while the answer is on its way, and an error where the guest has it already.
type Got = Option<Result<Result<Resource<HostIncomingResponse>, ErrorCode>, ()>>;

fn get(store: &mut StoreContextMut<'_, State>, exchange: Resource<Exchange>) -> wasmtime::Result<Got> {
    let mut view = store.data_mut().http();
    let exchange = view.table.get_mut(&exchange)?;
    let outcome = match std::mem::replace(exchange, Exchange::Taken) {
        Exchange::Done(outcome) => outcome,
        Exchange::Taken => return Ok(Some(Err(()))),
        Exchange::Going(answer) => {
            *exchange = Exchange::Going(answer);
            return Ok(None);
        }
    };
    match outcome {
        Ok(response) => {
            let (head, body) = response.into_parts();
            let response = HostIncomingResponse {
                status: head.status.as_u16(),
                headers: FieldMap::new_immutable(view.hooks, head.headers),
                body: Some(HostIncomingBody::new(body)),
            };
            Ok(Some(Ok(Ok(view.table.push(response)?))))
        }
        Err(error) => {
            // wasmtime-wasi-http knows the code of each error, and tells it for its own resource only.
            let failed = view.table.push(HostFutureIncomingResponse::Ready(Err(error)))?;
            let index = failed.rep();
            let got = view.get(failed)?;
            view.table.delete(Resource::<HostFutureIncomingResponse>::new_own(index))?;
            Ok(got)
        }
    }
}
