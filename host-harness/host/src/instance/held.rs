//! What the host holds for a sandbox outside of its memory: requests that are not sent yet, header fields, bodies on their way.
//!
//! A sandbox of a few MiB could have the host keep gigabytes otherwise. So each kind is bounded
//! ([`RESOURCES`](limits::RESOURCES), [`FIELDS_BYTES`](limits::FIELDS_BYTES),
//! [`BODY_PIECE_BYTES`](limits::BODY_PIECE_BYTES), and the lengths here), requests count when they are made, and what there is
//! is charged to the sandbox's memory: at each request that is made, and at each tick while the connector computes.

use super::state::State;
use crate::limits;
use crate::wasi_http::TYPES;
use http::HeaderMap;
use std::any::Any;
use wasmtime::component::{Linker, Resource, ResourceTable};
use wasmtime_wasi_http::p2::bindings::http::types::{HostOutgoingRequest as _, Method};
use wasmtime_wasi_http::p2::body::{HostIncomingBody, HostOutgoingBody};
use wasmtime_wasi_http::p2::types::{HostIncomingResponse, HostOutgoingRequest};
use wasmtime_wasi_http::{FieldMap, WasiHttpView};

/// Bytes of a request's method. Standard ones have seven at most.
const METHOD_BYTES: usize = 64;

/// Bytes of a request's path with its query. Servers take 8 KiB to 16 KiB.
const PATH_BYTES: usize = 64 * 1024;

/// Bytes of a request's host and port. A host name has 253 at most.
const AUTHORITY_BYTES: usize = 1024;

/// What any resource takes: itself and its place in the table.
const RESOURCE_BYTES: usize = 256;

/// What each field of a set of header fields takes besides its text.
const FIELD_BYTES: usize = 64;

/// Links what makes and fills requests, over the same of wasmtime-wasi-http.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let mut types = linker.instance(TYPES)?;
    types.func_wrap("[constructor]outgoing-request", |mut store, (headers,): (Resource<FieldMap>,)| {
        let state: &mut State = store.data_mut();
        state.count_new_request()?;
        Ok((state.http().new(headers)?,))
    })?;
    types.func_wrap(
        "[method]outgoing-request.set-method",
        |mut store, (request, method): (Resource<HostOutgoingRequest>, Method)| {
            let is_too_long = matches!(&method, Method::Other(name) if name.len() > METHOD_BYTES);
            Ok((if is_too_long { Err(()) } else { store.data_mut().http().set_method(request, method)? },))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.set-path-with-query",
        |mut store, (request, path): (Resource<HostOutgoingRequest>, Option<String>)| {
            let is_too_long = path.as_ref().is_some_and(|path| path.len() > PATH_BYTES);
            Ok((if is_too_long { Err(()) } else { store.data_mut().http().set_path_with_query(request, path)? },))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.set-authority",
        |mut store, (request, authority): (Resource<HostOutgoingRequest>, Option<String>)| {
            let is_too_long = authority.as_ref().is_some_and(|authority| authority.len() > AUTHORITY_BYTES);
            Ok((if is_too_long { Err(()) } else { store.data_mut().http().set_authority(request, authority)? },))
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

/// Bytes that the host holds for the resources of a sandbox: an estimate that is rather too high.
pub(super) fn bytes(table: &mut ResourceTable) -> usize {
    table.iter_mut().map(|resource| RESOURCE_BYTES + bytes_of(&*resource)).sum()
}

fn bytes_of(resource: &(dyn Any + Send)) -> usize {
    if let Some(fields) = resource.downcast_ref::<FieldMap>() {
        fields_bytes(fields)
    } else if let Some(request) = resource.downcast_ref::<HostOutgoingRequest>() {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        fields_bytes(&request.headers) + text(&request.path_with_query) + text(&request.authority) + METHOD_BYTES
    } else if resource.is::<HostOutgoingBody>() {
        // One piece that is being written, and two that wait.
        3 * limits::BODY_PIECE_BYTES
    } else if let Some(response) = resource.downcast_ref::<HostIncomingResponse>() {
        fields_bytes(&response.headers)
    } else if resource.is::<HostIncomingBody>() {
        limits::BODY_PIECE_BYTES
    } else {
        0
    }
}

fn fields_bytes(fields: &HeaderMap) -> usize {
    fields.iter().map(|(name, value)| FIELD_BYTES + name.as_str().len() + value.len()).sum()
}
