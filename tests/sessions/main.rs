//! Logins and tokens: shared between sandboxes, and never between tenants.
#![allow(clippy::unwrap_used, reason = "a test should fail loudly where it fails")]

mod sessions;
mod tenants;
