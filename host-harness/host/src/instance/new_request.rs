//! Requests that a connector makes: they count when they are made, whether they are sent or not, and their texts have a limit.

use super::state::State;
use crate::wasi_http::TYPES;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi_http::p2::bindings::http::types::{HostOutgoingRequest as _, Method};
use wasmtime_wasi_http::p2::types::HostOutgoingRequest;
use wasmtime_wasi_http::{FieldMap, WasiHttpView};

/// Bytes of a request's method. Standard ones have seven at most.
const METHOD_BYTES: usize = 64;

/// Bytes of a request's path with its query. Servers take 8 KiB to 16 KiB.
const PATH_BYTES: usize = 64 * 1024;

/// Bytes of a request's host and port. A host name has 253 at most.
const AUTHORITY_BYTES: usize = 1024;

/// Links what makes and fills requests, over the same of wasmtime-wasi-http.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let mut types = linker.instance(TYPES)?;
    types.func_wrap("[constructor]outgoing-request", |mut store, (headers,): (Resource<FieldMap>,)| {
        let state: &mut State = store.data_mut();
        let request = state.http().new(headers)?;
        state.count_new_request()?;
        Ok((request,))
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
