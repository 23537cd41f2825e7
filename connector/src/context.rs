//! What the explanation of a response needs to know of its request.

use crate::auth::{Address, Auth};
use crate::catalog::Operation;
use crate::input::Input;
use redact::{Redactor, Secret};

/// A request, for those who explain its response.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Where the request was sent.
    pub address: &'a Address,
    /// The secrets that no message may show.
    pub secrets: &'a Redactor,
    /// What the user called; `None` for a request that belongs to a login.
    pub called: Option<Called<'a>>,
}

/// An operation that the user called.
#[derive(Debug, Clone, Copy)]
pub struct Called<'a> {
    /// The operation.
    pub operation: &'a Operation,
    /// Its input.
    pub input: &'a Input<'a>,
}

impl<'a> Context<'a> {
    /// The context of a request that belongs to a login.
    pub fn login(address: &'a Address, secrets: &'a Redactor) -> Self {
        Self { address, secrets, called: None }
    }

    /// The context of a call.
    pub fn call(address: &'a Address, secrets: &'a Redactor, called: Called<'a>) -> Self {
        Self { address, secrets, called: Some(called) }
    }

    /// Whether the request may be repeated. Every request of a login may be.
    pub fn is_idempotent(&self) -> bool {
        self.called.is_none_or(|called| called.operation.is_idempotent())
    }
}

/// The secrets of an auth, and a token.
pub fn secrets(auth: &Auth, token: Option<&Secret>) -> Redactor {
    let mut secrets = Redactor::default();
    auth.add_secrets(&mut secrets);
    if let Some(token) = token {
        secrets.add(token);
    }
    secrets
}
