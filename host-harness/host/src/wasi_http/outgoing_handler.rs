//! The guest's requests: `outgoing-handler.handle`.
//!
//! As in wasmtime-wasi-http, except that the request starts within the guest's own call, as an [`Exchange`], and that a
//! request needs a scheme and cannot have the method `CONNECT`.

use super::exchange::Exchange;
use http::{HeaderMap, Method, Request, Uri, header, uri};
use http_body_util::{BodyExt, Empty};
use std::future::ready;
use wasmtime::StoreContextMut;
use wasmtime::component::{LinkerInstance, Resource};
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, Scheme};
use wasmtime_wasi_http::p2::types::HostOutgoingRequest;
use wasmtime_wasi_http::{RequestOptions, WasiBody, WasiHttpView};

/// Links the function.
pub(super) fn add_to_linker<T: WasiHttpView + 'static>(handler: &mut LinkerInstance<'_, T>) -> wasmtime::Result<()> {
    handler.func_wrap("handle", |mut store, (request, options)| {
        let (request, options) = taken(&mut store, request, options)?;
        Ok((match outgoing(request) {
            Ok(request) => Ok(start(&mut store, request, options)?),
            Err(code) => Err(code),
        },))
    })
}

/// Takes the request and its options out of the table.
fn taken<T: WasiHttpView>(
    store: &mut StoreContextMut<'_, T>,
    request: Resource<HostOutgoingRequest>,
    options: Option<Resource<RequestOptions>>,
) -> wasmtime::Result<(HostOutgoingRequest, Option<RequestOptions>)> {
    let table = store.data_mut().http().table;
    let options = options.and_then(|options| table.delete(options).ok());
    Ok((table.delete(request)?, options))
}

/// Checks the guest's request and converts it.
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
    *outgoing.method_mut() = match method.try_into() {
        // It asks for a tunnel, after which nobody would count or check what goes through.
        Ok(Method::CONNECT) | Err(_) => return Err(ErrorCode::HttpRequestMethodInvalid),
        Ok(method) => method,
    };
    *outgoing.uri_mut() = uri;
    *outgoing.headers_mut() = headers;
    Ok(outgoing)
}

/// The value of `content-length`. The bindings check it where the guest makes a body, which it need not do.
fn content_length(headers: &HeaderMap) -> Result<Option<u64>, ErrorCode> {
    let mut values = headers.get_all(header::CONTENT_LENGTH).iter();
    let Some(value) = values.next() else { return Ok(None) };
    // Rust's own parser accepts a sign too.
    let digits = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    match (digits.and_then(|digits| digits.parse().ok()), values.next()) {
        (Some(length), None) => Ok(Some(length)),
        _ => Err(ErrorCode::InternalError(Some("the request's content-length is not a number".to_owned()))),
    }
}

/// Starts the exchange.
fn start<T: WasiHttpView>(
    store: &mut StoreContextMut<'_, T>,
    request: Request<WasiBody>,
    options: Option<RequestOptions>,
) -> wasmtime::Result<Resource<Exchange>> {
    let view = store.data_mut().http();
    let sending = view.hooks.send_request(request, options, Box::new(ready(Ok(()))));
    Ok(view.table.push(Exchange::start(sending.into()))?)
}
