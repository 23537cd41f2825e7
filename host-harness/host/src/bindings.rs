//! The WIT package as Rust, made from `wit/`.
//!
//! The worlds here export what the worlds of the package export. They leave out the imports, since wasmtime-wasi and
//! wasmtime-wasi-http have bindings of their own for them (in newer 0.2 versions, which are compatible).
#![allow(missing_docs, reason = "generated; the WIT package holds the documentation")]

wasmtime::component::bindgen!({
    path: "../../wit",
    inline: "
        package host:harness;
        world workflow-connector {
            export workflow:connector/connector@0.2.0;
            export workflow:connector/streaming@0.2.0;
        }
    ",
    world: "host:harness/workflow-connector",
    exports: { default: async },
});

/// The interface with `invoke`, as components export it.
pub(crate) const CONNECTOR: &str = "workflow:connector/connector@0.2.0";

pub use exports::workflow::connector::connector::{ConnectorInfo, Operation, OperationSummary, Output};
pub use workflow::connector::types::{Body, Effect, File, Stability};

/// What a connector exports besides, if its sign-in can be shared by sandboxes.
pub mod sessions {
    wasmtime::component::bindgen!({
        path: "../../wit",
        inline: "
            package host:harness;
            world shared-sign-in {
                export workflow:connector/sessions@0.2.0;
            }
        ",
        world: "host:harness/shared-sign-in",
        with: { "workflow:connector/types": super::workflow::connector::types },
        exports: { default: async },
    });
}

/// The imports that the world allows, without their versions: `wasi:http/types`.
///
/// They are read from the WIT file itself, so that there is one list only.
pub fn allowed_imports() -> impl Iterator<Item = &'static str> {
    include_str!("../../../wit/connector.wit")
        .lines()
        .filter_map(|line| line.trim().strip_prefix("import ")?.split('@').next())
}
