//! What to call.

use crate::bindings::workflow::connector::types as wit;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// One operation to carry out, with its input.
///
/// ```
/// use connector_host::Call;
/// use std::time::Duration;
///
/// let call = Call::new("user").input(r#"{"user_id": "5"}"#).max_wait(Duration::from_secs(30));
/// assert_eq!(call.operation(), "user");
/// ```
#[derive(Clone)]
#[must_use]
pub struct Call {
    wit: wit::Call,
}

impl Call {
    /// Creates a call of this operation, which must be in the connector's list. The input is `{}` unless
    /// [`Call::input`] sets another.
    pub fn new(operation: impl Into<String>) -> Self {
        Self { wit: wit::Call { operation: operation.into(), input: "{}".to_owned(), max_wait_ms: None } }
    }

    /// Sets the input: JSON as described by the operation's `input-schema`. The connector checks it.
    pub fn input(mut self, json: impl Into<String>) -> Self {
        self.wit.input = json.into();
        self
    }

    /// Limits the time that the connector may spend on waits of its own: before it sends a request again, and while it
    /// polls for a result. Time while a request is under way does not count, so
    /// [`Limits::call_timeout`](crate::Limits::call_timeout) must exceed this time plus the longest request. Zero means
    /// no wait. Without this setter, the connector's default applies. Fractions of a millisecond are dropped.
    pub fn max_wait(mut self, time: Duration) -> Self {
        self.wit.max_wait_ms = Some(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// The operation's name.
    pub fn operation(&self) -> &str {
        &self.wit.operation
    }

    /// As the connector takes it. A call that is repeated after a sign-in needs it again.
    pub(crate) fn into_wit(self) -> Arc<wit::Call> {
        Arc::new(self.wit)
    }
}

/// Without the input, which can hold passwords.
impl fmt::Debug for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Call")
            .field("operation", &self.wit.operation)
            .field("max_wait_ms", &self.wit.max_wait_ms)
            .finish_non_exhaustive()
    }
}
