//! Certificates that are not accepted: which check failed.

use crate::egress::destination::Destination;
use redact::Redactor;
use rustls::CertificateError;
use std::error::Error;
use std::fmt;
use std::time::{Duration, SystemTime};

/// A server's certificate was not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateFailure {
    /// The server.
    pub destination: Destination,
    /// The check that failed.
    pub problem: CertificateProblem,
}

/// The check that a certificate failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateProblem {
    /// It expired at this time.
    Expired(SystemTime),
    /// It becomes valid at this time. Often the clock of one of both machines is wrong.
    NotYetValid(SystemTime),
    /// It is for these names and addresses, and the server's is not among them.
    OtherNames(Vec<String>),
    /// No trusted authority issued it. The name of the one that did, where it has one.
    UnknownIssuer(Option<String>),
    /// It was not issued by an authority, but by itself, and it is not itself trusted.
    SelfSigned,
    /// Another check failed: which.
    Other(String),
}

impl CertificateFailure {
    /// A certificate that failed a check.
    pub fn new(destination: Destination, problem: CertificateProblem) -> Self {
        Self { destination, problem }
    }

    /// Whether the server would be accepted if its issuer's certificate were trusted
    /// ([`tls::trusting`](crate::egress::tls::trusting)).
    pub fn can_be_trusted(&self) -> bool {
        matches!(self.problem, CertificateProblem::UnknownIssuer(_) | CertificateProblem::SelfSigned)
    }
}

impl CertificateFailure {
    /// The same without secrets in what the certificate says.
    pub(super) fn without(self, secrets: &Redactor) -> Self {
        let redact = |text: String| secrets.redact(&text);
        let problem = match self.problem {
            CertificateProblem::OtherNames(names) => {
                CertificateProblem::OtherNames(names.into_iter().map(redact).collect())
            }
            CertificateProblem::UnknownIssuer(issuer) => CertificateProblem::UnknownIssuer(issuer.map(redact)),
            CertificateProblem::Other(problem) => CertificateProblem::Other(redact(problem)),
            problem => problem,
        };
        Self { problem, ..self }
    }
}

impl CertificateProblem {
    /// What rustls found.
    pub(super) fn of(error: &CertificateError) -> Self {
        match error {
            CertificateError::ExpiredContext { not_after, .. } => Self::Expired(system_time(not_after.as_secs())),
            CertificateError::NotValidYetContext { not_before, .. } => {
                Self::NotYetValid(system_time(not_before.as_secs()))
            }
            CertificateError::NotValidForNameContext { presented, .. } => {
                Self::OtherNames(presented.iter().map(|name| plain_name(name)).collect())
            }
            CertificateError::UnknownIssuer => Self::UnknownIssuer(None),
            CertificateError::Other(other) => match other.0.downcast_ref::<Self>() {
                Some(problem) => problem.clone(),
                None => Self::Other(other.0.to_string()),
            },
            error => Self::Other(error.to_string()),
        }
    }
}

/// Of a time that lies too far in the future, the last that there is.
fn system_time(seconds: u64) -> SystemTime {
    /// The end of the year 9999, the last date that a certificate can have.
    const LAST: u64 = 253_402_300_799;
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.min(LAST))
}

/// A name without the notation of Rust that rustls gives it: `DnsName("a.example.com")`.
fn plain_name(name: &str) -> String {
    let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(name);
    inner.trim_matches('"').to_owned()
}

impl fmt::Display for CertificateProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired(time) => write!(formatter, "it expired on {}", httpdate::fmt_http_date(*time)),
            Self::NotYetValid(time) => {
                let time = httpdate::fmt_http_date(*time);
                write!(formatter, "it is valid from {time} on; check the clocks of both machines")
            }
            Self::OtherNames(names) if names.is_empty() => write!(formatter, "it has no host name"),
            Self::OtherNames(names) => {
                write!(formatter, "it is for another host: {}", names[..names.len().min(MAX_NAMES)].join(", "))?;
                match names.len().checked_sub(MAX_NAMES) {
                    None | Some(0) => Ok(()),
                    Some(more) => write!(formatter, " and {more} more"),
                }
            }
            Self::UnknownIssuer(issuer) => {
                write!(formatter, "no trusted authority issued it")?;
                if let Some(issuer) = issuer {
                    write!(formatter, " (its issuer is `{issuer}`)")?;
                }
                Ok(())
            }
            Self::SelfSigned => write!(formatter, "it is self-signed and not trusted"),
            Self::Other(problem) => formatter.write_str(problem),
        }
    }
}

/// Names that a message lists. Certificates of content delivery networks have a hundred.
const MAX_NAMES: usize = 8;

impl fmt::Display for CertificateFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the certificate of {} was not accepted: {}", self.destination, self.problem)
    }
}

impl Error for CertificateProblem {}

impl Error for CertificateFailure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_which_check_failed() {
        let names = |count: usize| (0..count).map(|number| format!("h{number}.example.com")).collect();
        let time = system_time(784_111_777);
        let rows = [
            (CertificateProblem::Expired(time), "it expired on Sun, 06 Nov 1994 08:49:37 GMT"),
            (CertificateProblem::Expired(system_time(u64::MAX)), "it expired on Fri, 31 Dec 9999 23:59:59 GMT"),
            (CertificateProblem::OtherNames(Vec::new()), "it has no host name"),
            (CertificateProblem::OtherNames(names(2)), "it is for another host: h0.example.com, h1.example.com"),
            (CertificateProblem::UnknownIssuer(None), "no trusted authority issued it"),
        ];
        for (problem, expected) in rows {
            assert_eq!(problem.to_string(), expected);
        }
        let many = CertificateProblem::OtherNames(names(100)).to_string();
        assert!(many.ends_with("h7.example.com and 92 more"), "{many}");
    }
}
