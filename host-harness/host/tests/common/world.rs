//! Connectors written by hand.

/// A connector in which only the start function does anything, with this body and with this memory or table. Its other functions
/// are there by their names.
pub fn starting(state: &str, start: &str) -> Vec<u8> {
    let functions =
        ["describe", "auth-schema", "hosts", "check-auth", "list-operations", "describe-operation", "invoke"];
    let exports: String = functions.iter().map(|name| format!("(export \"{name}\" (func $f))")).collect();
    let text = format!(
        r#"(component
            (core module $m {state} (func $start {start}) (start $start)
                (func (export "f")) (func (export "m") (param i32)))
            (core instance $i (instantiate $m))
            (func $f (canon lift (core func $i "f")))
            (instance $connector {exports})
            (export "workflow:connector/connector@0.2.0" (instance $connector))
            (type $download (resource (rep i32)))
            (func $m (param "self" (borrow $download)) (canon lift (core func $i "m")))
            (component $streaming
                (import "download" (type $d (sub resource)))
                (import "m" (func $m (param "self" (borrow $d))))
                (import "f" (func $f))
                (export $e "download" (type $d))
                (export "[method]download.media-type" (func $m) (func (param "self" (borrow $e))))
                (export "[method]download.size" (func $m) (func (param "self" (borrow $e))))
                (export "[method]download.read" (func $m) (func (param "self" (borrow $e))))
                (export "open" (func $f)))
            (instance $s (instantiate $streaming
                (with "download" (type $download)) (with "m" (func $m)) (with "f" (func $f))))
            (export "workflow:connector/streaming@0.2.0" (instance $s)))"#
    );
    wat::parse_str(text).unwrap()
}
