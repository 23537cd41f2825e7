//! The guest's side of HTTP: the functions of `wasi:http` that this host has in place of wasmtime-wasi-http's.

pub(crate) mod outgoing_handler;

use crate::instance::state::State;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::p2::bindings::http::types::IoError;

/// The interface as wasmtime-wasi-http links it. A test fails when a newer one has a newer version.
pub(crate) const HTTP_TYPES: &str = "wasi:http/types@0.2.12";

/// Links `wasi:http`.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)?;
    tell_error_codes(linker)?;
    outgoing_handler::add_to_linker(linker)
}

fn tell_error_codes(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    linker.instance(HTTP_TYPES)?.func_wrap(
        "http-error-code",
        |mut store: wasmtime::StoreContextMut<'_, State>, (error,): (Resource<IoError>,)| {
            let table = store.data_mut().http().table;
            let error = table.get(&error)?.downcast_ref::<wasmtime_wasi_http::Error>();
            Ok((error.map(crate::egress::code_of_body),))
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}
