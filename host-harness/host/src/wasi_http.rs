//! The guest's side of HTTP: the functions of `wasi:http` that this host has in place of wasmtime-wasi-http's.

pub(crate) mod outgoing_handler;
