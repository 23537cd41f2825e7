//! The guest's side of HTTP: what this host has in place of parts of wasmtime-wasi-http.
//!
//! wasmtime-wasi-http implements `wasi:http` 0.2 and is used for all of it, except for three things. Each is linked over the
//! original ("shadowed"), so that a guest cannot tell the difference but for the better.
//!
//! | function | what is different here | why |
//! | --- | --- | --- |
//! | `outgoing-handler.handle` | no task of its own for each request ([`outgoing_handler`], [`exchange`]) | Each request gets two tasks there. Handing over between threads costs more than the sandbox does. |
//! | `future-incoming-response` | the resource is an [`exchange`] | the same |
//! | `http-error-code` | knows the errors of response bodies ([`error_code`]) | The original knows none of them, so a guest could not tell a timeout from a broken connection. |
//!
//! The rest goes through the hooks that wasmtime-wasi-http offers: [`hooks::Hooks`] sends requests through the
//! [client](crate::egress::client) and decides which headers a guest may set.
//!
//! These files were compared with version 48.0.8 of wasmtime-wasi-http. A test fails when `Cargo.lock` has another one:
//! compare `src/p2/http_impl.rs`, `src/p2/types.rs`, `src/p2/types_impl.rs` and `src/p2/error.rs` of both versions, carry
//! over what is new, and change the version here and in the test. Another test fails when the linked interfaces have
//! another version than [`TYPES`] and [`OUTGOING_HANDLER`].

pub(crate) mod error_code;
pub(crate) mod exchange;
pub(crate) mod hooks;
mod outgoing_handler;

use wasmtime::component::{Linker, LinkerInstance};
use wasmtime_wasi_http::WasiHttpView;

/// The interfaces as wasmtime-wasi-http links them.
pub(crate) const TYPES: &str = "wasi:http/types@0.2.12";
const OUTGOING_HANDLER: &str = "wasi:http/outgoing-handler@0.2.12";

/// Links `wasi:http`: wasmtime-wasi-http, and over it what is different here.
pub(crate) fn add_to_linker<T: WasiHttpView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)?;
    linker.allow_shadowing(true);
    for (interface, add) in replacements() {
        add(&mut linker.instance(interface)?)?;
    }
    linker.allow_shadowing(false);
    Ok(())
}

type AddToLinker<T> = fn(&mut LinkerInstance<'_, T>) -> wasmtime::Result<()>;

/// What is linked over wasmtime-wasi-http, by interface.
fn replacements<T: WasiHttpView + 'static>() -> [(&'static str, AddToLinker<T>); 3] {
    [
        (TYPES, exchange::add_to_linker),
        (TYPES, error_code::add_to_linker),
        (OUTGOING_HANDLER, outgoing_handler::add_to_linker),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmtime_wasi_http::WasiHttpCtxView;

    /// The versions of a package in the workspace's `Cargo.lock`.
    fn locked_versions(package: &str) -> Vec<String> {
        let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.lock");
        let lock = std::fs::read_to_string(lock).unwrap();
        let name = format!("name = \"{package}\"");
        let version = |entry: &str| entry.lines().find_map(|line| line.strip_prefix("version = ")).map(str::to_owned);
        lock.split("[[package]]")
            .filter(|entry| entry.lines().any(|line| line == name))
            .filter_map(version)
            .map(|version| version.trim_matches('"').to_owned())
            .collect()
    }

    #[test]
    fn the_linked_wasmtime_wasi_http_is_the_version_that_was_compared() {
        assert_eq!(locked_versions("wasmtime-wasi-http"), ["48.0.8"]);
    }

    struct Store;

    impl WasiHttpView for Store {
        fn http(&mut self) -> WasiHttpCtxView<'_> {
            unreachable!("nothing is called")
        }
    }

    /// Otherwise the original would stay linked, beside a function that no guest imports.
    #[test]
    fn the_shadowed_functions_are_the_linked_ones() {
        let engine = wasmtime::Engine::default();
        let mut linker = Linker::<Store>::new(&engine);
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker).unwrap();
        for (interface, add) in replacements() {
            let error = add(&mut linker.instance(interface).unwrap()).unwrap_err();
            assert!(error.to_string().contains("defined twice"), "{interface}: {error:#}");
        }
    }
}
