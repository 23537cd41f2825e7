//! The component file: its imports, exports and size.
#![allow(clippy::unwrap_used, reason = "a test should fail loudly where it fails")]

use host_harness::DEFAULT_COMPONENT;
use std::collections::BTreeSet;
use wasmtime::Engine;
use wasmtime::component::Component;

/// The maximum size of the component in bytes.
const LARGEST: usize = 1_800_000;

const WIT: &str = include_str!("../../wit/connector.wit");

/// The interfaces that the world allows a connector to import, without their versions.
fn documented() -> BTreeSet<String> {
    let imports = WIT.lines().filter_map(|line| line.trim().strip_prefix("import "));
    let wasi = imports.map(|import| without_version(import.trim_end_matches(';')));
    // The types that the exports use: an interface without functions, which every component of the world imports.
    wasi.chain(["workflow:connector/types".to_owned()]).collect()
}

fn without_version(name: &str) -> String {
    name.split('@').next().unwrap_or_default().to_owned()
}

#[test]
fn imports_are_those_of_the_world() {
    let engine = Engine::default();
    let component = Component::new(&engine, DEFAULT_COMPONENT).unwrap();
    let imported: BTreeSet<String> =
        component.component_type().imports(&engine).map(|(name, _)| without_version(name)).collect();
    assert!(!imported.is_empty());
    let surplus: Vec<String> = imported.difference(&documented()).cloned().collect();
    assert!(surplus.is_empty(), "the component imports {surplus:?}, which wit/connector.wit does not allow");
    for forbidden in ["wasi:filesystem", "wasi:sockets"] {
        assert!(!imported.iter().any(|name| name.starts_with(forbidden)), "{imported:?}");
        assert!(!WIT.contains(forbidden));
    }
}

#[test]
fn exports_are_the_three_interfaces() {
    let engine = Engine::default();
    let component = Component::new(&engine, DEFAULT_COMPONENT).unwrap();
    let exported: BTreeSet<String> =
        component.component_type().exports(&engine).map(|(name, _)| name.to_owned()).collect();
    let expected = ["connector", "sessions", "streaming"].map(|name| format!("workflow:connector/{name}@0.2.0"));
    assert_eq!(exported, BTreeSet::from(expected));
}

#[test]
fn size_stays_below_the_maximum() {
    let size = DEFAULT_COMPONENT.len();
    println!("the component has {size} bytes");
    assert!(size <= LARGEST, "{size} bytes are more than {LARGEST}");
}
