//! The rules of a policy: hosts, as the operator or the connector writes them.

use std::net::IpAddr;
use std::str::FromStr;

/// One rule of a policy. It is parsed from the forms that the [policy](super) module lists.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rule {
    /// Whether it allows plain HTTP.
    pub(super) plaintext: bool,
    pub(super) host: HostPattern,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum HostPattern {
    /// Exactly this name.
    Name(String),
    /// Every name below this one.
    Below(String),
    /// Exactly this address.
    Address(IpAddr),
}

/// A rule that does not have one of the forms that the [policy](super) module lists.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{rule}` is not a valid rule: {problem}")]
pub struct RuleError {
    rule: String,
    problem: &'static str,
}

impl Rule {
    /// Whether it names one host, rather than all hosts below a domain.
    pub fn is_exact(&self) -> bool {
        !matches!(self.host, HostPattern::Below(_))
    }

    /// Whether it is about this host and port.
    pub(super) fn matches(&self, host: &Host, port: u16) -> bool {
        if self.port.is_some_and(|allowed| allowed != port) {
            return false;
        }
        match (&self.host, host) {
            (HostPattern::Name(allowed), Host::Name(name)) => allowed == name,
            (HostPattern::Below(domain), Host::Name(name)) => {
                name.strip_suffix(domain.as_str()).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
            }
            (HostPattern::Address(allowed), Host::Address(address)) => allowed == address,
            _ => false,
        }
    }
}

/// A host in the form that rules are compared with: names in lower case without a final dot.
pub(super) enum Host {
    Name(String),
    Address(IpAddr),
}

impl Host {
    pub(super) fn of(text: &str) -> Self {
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        match bare.parse() {
            Ok(address) => Self::Address(address),
            Err(_) => Self::Name(bare.strip_suffix('.').unwrap_or(bare).to_ascii_lowercase()),
        }
    }
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let error = |problem| RuleError { rule: text.to_owned(), problem };
        let lower = text.trim().to_ascii_lowercase();
        let (plaintext, rest) = match lower.split_once("://") {
            None => (false, lower.as_str()),
            Some(("https", rest)) => (false, rest),
            Some(("http", rest)) => (true, rest),
            Some(_) => return Err(error("use http:// or https:// as the scheme, or none")),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.is_empty() {
            return Err(error("it is empty"));
        }
        if rest == "*" {
            return Err(error("`*` alone is not allowed; `*.example.com` allows every host below example.com"));
        }
        let (host, port) = if rest.parse::<std::net::Ipv6Addr>().is_ok() {
            (rest, None)
        } else {
            match rest.rsplit_once(':') {
                Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
                _ => (rest, None),
            }
        };
        let port = match port {
            None => None,
            Some(digits) => match digits.parse() {
                Ok(port) if port != 0 => Some(port),
                _ => return Err(error("the port must be a number from 1 to 65535")),
            },
        };
        let host = match host.strip_prefix("*.") {
            Some(domain) => match Host::of(domain) {
                Host::Name(name) => HostPattern::Below(name),
                Host::Address(_) => return Err(error("`*.` needs a domain name, not an IP address")),
            },
            None => match Host::of(host) {
                Host::Name(name) => HostPattern::Name(name),
                Host::Address(address) => HostPattern::Address(address),
            },
        };
        if let HostPattern::Name(name) | HostPattern::Below(name) = &host {
            let is_label = |label: &str| {
                !label.is_empty()
                    && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            };
            if !name.split('.').all(is_label) {
                return Err(error("write HOST, HOST:PORT or *.DOMAIN, without a user name and a path"));
            }
        }
        Ok(Self { plaintext, host, port })
    }
}
