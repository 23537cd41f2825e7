//! What went wrong with the requests of a call.

use crate::egress::policy::Denial;
use crate::egress::proxy::ProxyFailure;
use crate::egress::time_out::TimeOut;
use std::fmt;

/// What the host found about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The policy denied it.
    Denied(Denial),
    /// It took too long.
    TimedOut(TimeOut),
    /// The proxy failed.
    Proxy(ProxyFailure),
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(denial) => denial.fmt(formatter),
            Self::TimedOut(time_out) => time_out.fmt(formatter),
            Self::Proxy(failure) => failure.fmt(formatter),
        }
    }
}

impl std::error::Error for Cause {}
