//! The form in which a user signs in, as JSON Schema.

/// A JSON Schema (2020-12) of the auth document.
pub fn schema() -> &'static str {
    include_str!("schema.json")
}
