//! The JSON Schema of the form in which a user signs in.

/// A JSON Schema (2020-12) of the auth document.
pub fn schema() -> &'static str {
    include_str!("schema.json")
}
