//! Looks at a component before it is compiled: what it imports, and whether it is larger than a component may be.
//!
//! Compiling takes time and memory that grow faster than the file does: a function of a megabyte, or with a hundred thousand
//! locals, takes minutes. So what would take long is refused by what it looks like, which takes no longer than reading it.

use super::load_error::LoadError;
use crate::bindings;
use crate::limits::{COMPONENT_BYTES, FUNCTION_BYTES, FUNCTION_LOCALS, FUNCTIONS};
use wasmparser::{Parser, Payload};

/// Fails where a component imports what connectors may not have, or is too large.
pub(super) fn inspect(bytes: &[u8]) -> Result<(), LoadError> {
    check("the file, in bytes,", bytes.len(), COMPONENT_BYTES)?;
    let mut depth = 0_usize;
    let mut functions = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(invalid)? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            // What is imported within it is supplied by the component itself.
            Payload::ComponentImportSection(imports) if depth == 0 => {
                for import in imports {
                    check_import(import.map_err(invalid)?.name.name)?;
                }
            }
            Payload::CodeSectionEntry(body) => {
                functions += 1;
                check("the number of its functions", functions, FUNCTIONS)?;
                check("one of its functions, in bytes,", body.range().len(), FUNCTION_BYTES)?;
                let mut locals = 0_usize;
                for local in body.get_locals_reader().map_err(invalid)? {
                    locals = locals.saturating_add(local.map_err(invalid)?.0 as usize);
                }
                check("the number of locals of one of its functions", locals, FUNCTION_LOCALS)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn check(what: &'static str, size: usize, max: usize) -> Result<(), LoadError> {
    if size > max { Err(LoadError::TooLarge { what, size, max }) } else { Ok(()) }
}

fn invalid(error: wasmparser::BinaryReaderError) -> LoadError {
    LoadError::Invalid(error.to_string())
}

/// Every 0.2 version of an interface on the list will do: they are compatible, and toolchains pick their own.
fn check_import(import: &str) -> Result<(), LoadError> {
    let (interface, version) = import.split_once('@').unwrap_or((import, ""));
    // The types of the package itself, which the world's exports use.
    let own_types = interface == "workflow:connector/types" && version == "0.2.0";
    let of_the_world = bindings::allowed_imports().any(|allowed| allowed == interface) && version.starts_with("0.2.");
    if own_types || of_the_world { Ok(()) } else { Err(LoadError::Import(import.to_owned())) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_those_of_the_world() {
        for allowed in ["wasi:http/types@0.2.2", "wasi:http/outgoing-handler@0.2.9", "wasi:cli/environment@0.2.0"] {
            assert!(check_import(allowed).is_ok(), "{allowed}");
        }
        assert!(check_import("workflow:connector/types@0.2.0").is_ok());
        for refused in [
            "wasi:filesystem/types@0.2.2",
            "wasi:filesystem/preopens@0.2.2",
            "wasi:sockets/tcp@0.2.2",
            "wasi:http/incoming-handler@0.2.2",
            "wasi:http/types@0.3.0",
            "wasi:http/types",
            "secrets",
        ] {
            let error = check_import(refused).unwrap_err();
            assert!(error.to_string().contains(&format!("`{refused}`")), "{error}");
        }
        assert_eq!(bindings::allowed_imports().count(), 19);
    }

    #[test]
    fn what_would_take_long_to_compile_is_refused_by_its_size() {
        let module = |functions: &str| wat::parse_str(format!("(component (core module {functions}))")).unwrap();
        assert!(inspect(&module("(func (local i32) nop)")).is_ok());
        let locals = module(&format!("(func (local {}))", "i32 ".repeat(FUNCTION_LOCALS + 1)));
        let large = module(&format!("(func {})", "nop ".repeat(FUNCTION_BYTES)));
        let many = module(&"(func)".repeat(FUNCTIONS + 1));
        for (bytes, what) in [(&locals, "locals"), (&large, "in bytes"), (&many, "number of its functions")] {
            let error = inspect(bytes).unwrap_err();
            assert!(matches!(error, LoadError::TooLarge { .. }) && error.to_string().contains(what), "{error}");
        }
        let error = inspect(&vec![0; COMPONENT_BYTES + 1]).unwrap_err();
        assert!(error.to_string().contains("the file"), "{error}");
        // A nested component's, too, and the imports of a nested one are not the component's own.
        let nested = wat::parse_str(format!(
            r#"(component (component (import "a" (func)) (core module {})))"#,
            "(func)".repeat(FUNCTIONS + 1)
        ));
        let error = inspect(&nested.unwrap()).unwrap_err();
        assert!(error.to_string().contains("number of its functions"), "{error}");
    }
}
