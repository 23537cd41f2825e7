//! Which file of this crate imports which: no two import each other, directly or in a ring.
//!
//! A file that only declares modules and re-exports their items (`mod`, `pub use`) imports nothing. Importing a
//! re-exported item counts as importing the file that defines it. Test modules are left out.
#![allow(clippy::unwrap_used, missing_docs)]

mod graph;
mod source;

use graph::ring;
use source::{Sources, imports};
use std::path::Path;

fn of_this_crate() -> Sources {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Sources::default();
    let mut folders = vec![folder.clone()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
                sources.add(&name, &std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    sources
}

#[test]
fn no_files_import_each_other() {
    let imports = imports(&of_this_crate());
    // A walk that finds no imports could find no ring either.
    assert!(imports.len() > 20 && imports.values().map(|targets| targets.len()).sum::<usize>() > 50, "{imports:#?}");
    if let Some(ring) = ring(&imports) {
        panic!("these files import each other: {}", ring.join(" -> "));
    }
}

/// The ring among some sources.
fn ring_of(files: &[(&str, &str)]) -> Option<Vec<String>> {
    let mut sources = Sources::default();
    for (name, text) in files {
        sources.add(name, text);
    }
    ring(&imports(&sources))
}

#[test]
fn two_files_that_import_each_other_are_found() {
    let lib = ("lib.rs", "mod a; mod b;");
    for (a, b) in [
        ("use crate::b::B;", "use crate::a::A;"),
        ("use crate::{b::B};", "fn f() -> crate::a::A { todo!() }"),
        ("use super::b::B;", "fn f() { println!(\"{}\", crate::a::A); }"),
        ("use crate::b; fn f() { b::f() }", "use super::a::*;"),
    ] {
        assert!(ring_of(&[lib, ("a.rs", a), ("b.rs", b)]).is_some(), "{a} and {b}");
    }
}

#[test]
fn a_ring_of_three_is_found() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "use crate::b::B;"),
        ("b.rs", "use crate::c::C;"),
        ("c.rs", "use crate::a::A;"),
    ];
    let ring = ring_of(&files).unwrap();
    assert_eq!(ring.len(), 4, "{ring:?}");
    assert_eq!(ring.first(), ring.last());
}

#[test]
fn a_child_that_imports_its_importing_parent_is_found() {
    let files = [
        ("lib.rs", "mod parent;"),
        ("parent.rs", "mod child; use child::Child; pub struct Parent;"),
        ("parent/child.rs", "use super::Parent; pub struct Child;"),
    ];
    assert!(ring_of(&files).is_some());
}

#[test]
fn a_ring_through_a_re_export_is_found() {
    let files = [
        ("lib.rs", "mod a; mod b; pub use b::B;"),
        ("a.rs", "use crate::B; pub struct A;"),
        ("b.rs", "use crate::a::A; pub struct B;"),
    ];
    assert!(ring_of(&files).is_some());
}

#[test]
fn modules_re_exports_and_tests_make_no_ring() {
    let files = [
        ("lib.rs", "mod a; mod b; pub use a::A; pub use b::B;"),
        ("a.rs", "mod part; pub use part::Part; pub struct A;"),
        ("a/part.rs", "use crate::b::B; pub struct Part;"),
        ("b.rs", "pub struct B; #[cfg(test)] mod tests { use crate::a::Part; }"),
    ];
    assert_eq!(ring_of(&files), None);
}
