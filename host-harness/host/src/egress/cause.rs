//! Why a request of a call failed, in terms that the operator can act on.

use crate::egress::certificate::CertificateFailure;
use crate::egress::policy::denial::Denial;
use crate::egress::proxy::ProxyFailure;
use crate::egress::timeout::Timeout;
use redact::Redactor;
use std::error::Error;
use std::fmt;

/// Why a request of a call failed, where the host knows more than the `wasi:http` error code that the connector gets.
///
/// The call's failure carries it as [`source`](Error::source).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The policy denied the connection.
    Denied(Denial),
    /// The remote service took too long.
    TimedOut(Timeout),
    /// The proxy did not connect.
    Proxy(ProxyFailure),
    /// The server's certificate was not accepted.
    Certificate(CertificateFailure),
}

impl Cause {
    /// The same cause without secrets in the texts that a server or a proxy wrote. Which server it was stays: that is what
    /// the connector asked for, and what the operator's rules are about.
    pub(crate) fn without(self, secrets: &Redactor) -> Self {
        match self {
            Self::Denied(_) | Self::TimedOut(_) => self,
            Self::Proxy(failure) => Self::Proxy(failure.without(secrets)),
            Self::Certificate(failure) => Self::Certificate(failure.without(secrets)),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(denial) => denial.fmt(formatter),
            Self::TimedOut(timeout) => timeout.fmt(formatter),
            Self::Proxy(failure) => failure.fmt(formatter),
            Self::Certificate(failure) => failure.fmt(formatter),
        }
    }
}

impl Error for Cause {}
