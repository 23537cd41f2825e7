//! Where a connector may connect to.
//!
//! A policy is a list of rules. An empty list denies all. The forms of a rule:
//!
//! | rule | allows |
//! | --- | --- |
//! | `looker.example.com` | exactly this host, every port, HTTPS |
//! | `looker.example.com:19999` | exactly this host and port, HTTPS |
//! | `*.example.com` | every host below `example.com` at any depth, not `example.com` itself |
//! | `*.example.com:443` | the same on this port |
//! | `192.0.2.7`, `[2001:db8::7]:443` | exactly this address |
//! | `http://looker.example.com:8080` | the same as without `http://`, and plain HTTP too |
//! | `https://looker.example.com` | the same as without `https://` |
//!
//! Letters' case and a final dot make no difference. Without `http://` in its rule, plain HTTP is allowed to loopback
//! addresses only: it would carry secrets in the clear.
//!
//! A name is not enough. After it is resolved, each address is checked too, and the connection goes to an address that
//! passed, so that no second look-up can give another one (DNS rebinding):
//!
//! | address | allowed |
//! | --- | --- |
//! | public | wherever a rule allows the host |
//! | loopback, private, shared (100.64.0.0/10), unique local, reserved | where the operator named this very host or address (no `*`) |
//! | link-local, which includes the clouds' metadata services | where the operator named this very address |
//!
//! A rule that the connector asked for (its `hosts`) never opens anything but public addresses, nor plain HTTP to them.
//!
//! [`Policy::for_connector`] is what a connector is granted for one auth: the hosts that it asks for, and of those, where the
//! operator named some, only these.

mod address;

pub use address::AddressClass;

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Where a connector may connect to; see the [module](self).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    rules: Vec<(Rule, Origin)>,
    /// Where it is there, nothing that none of these allows.
    only: Option<Vec<Rule>>,
}

/// Who wants a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The one who runs the host.
    Operator,
    /// The connector: it asks for the hosts that its user filled in.
    Connector,
}

/// One rule of a policy. It is parsed from the forms that the [module](self) lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    clear: bool,
    host: HostPattern,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum HostPattern {
    Name(String),
    Below(String),
    Address(IpAddr),
}

/// A rule that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{rule}` is no host to allow: {problem}")]
pub struct RuleError {
    rule: String,
    problem: &'static str,
}

/// A connection that someone wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Whether it is plain HTTP.
    pub clear: bool,
    /// The host, without the brackets of an IPv6 address.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// A connection that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// Where it would have gone.
    pub destination: Destination,
    /// Why it was refused.
    pub cause: DenialCause,
}

/// Why a connection was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DenialCause {
    /// No rule allows the host.
    NotAllowed,
    /// The connector did not say that it would connect there: it is not among its `hosts`. No rule can allow it.
    NotAsked,
    /// Plain HTTP, which no rule allows there.
    Clear,
    /// The host has this address, which must be named.
    Address(IpAddr, AddressClass),
}

/// What the rules grant for a host; the addresses that it has must still be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    clear: bool,
    host_named: bool,
    address_named: bool,
}

impl Policy {
    /// A policy that denies all.
    pub fn deny_all() -> Self {
        Self::default()
    }

    /// What a connector is granted that asks for some hosts, each of them exact: all of them, as far as they have public
    /// addresses, where the operator names none; else those that a rule of the operator's allows, as far as it does.
    pub fn for_connector(asked: Vec<Rule>, named: impl IntoIterator<Item = Rule>) -> Self {
        let mut policy = Self::deny_all();
        for rule in named {
            policy.allow(rule, Origin::Operator);
        }
        if policy.rules.is_empty() {
            asked.iter().for_each(|rule| policy.allow(rule.clone(), Origin::Connector));
        }
        policy.only = Some(asked);
        policy
    }

    /// Adds a rule.
    pub fn allow(&mut self, rule: Rule, origin: Origin) {
        self.rules.push((rule, origin));
    }

    /// What the rules grant for a host.
    ///
    /// # Errors
    ///
    /// Fails where no rule allows it.
    pub fn check_host(&self, destination: &Destination) -> Result<Grant, Denial> {
        let host = Host::of(&destination.host);
        let denied = |cause| Denial { destination: destination.clone(), cause };
        if self.only.as_ref().is_some_and(|only| !only.iter().any(|rule| rule.matches(&host, destination.port))) {
            return Err(denied(DenialCause::NotAsked));
        }
        let mut grant = None;
        for (rule, origin) in &self.rules {
            if !rule.matches(&host, destination.port) {
                continue;
            }
            let grant = grant.get_or_insert(Grant { clear: false, host_named: false, address_named: false });
            if *origin == Origin::Operator {
                grant.clear |= rule.clear;
                grant.host_named |= !matches!(rule.host, HostPattern::Below(_));
                grant.address_named |= matches!(rule.host, HostPattern::Address(_));
            }
        }
        grant.ok_or_else(|| denied(DenialCause::NotAllowed))
    }

    /// Whether a connection may go to an address of a host.
    ///
    /// # Errors
    ///
    /// Fails where the address is of a class that the grant does not cover.
    pub fn check_address(&self, destination: &Destination, grant: Grant, address: IpAddr) -> Result<(), Denial> {
        let class = AddressClass::of(address);
        let covered = match class {
            AddressClass::Public => true,
            AddressClass::LinkLocal => grant.address_named,
            AddressClass::Loopback | AddressClass::Private | AddressClass::Reserved => grant.host_named,
        };
        let cause = if !covered {
            DenialCause::Address(address, class)
        } else if destination.clear && !grant.clear && class != AddressClass::Loopback {
            DenialCause::Clear
        } else {
            return Ok(());
        };
        Err(Denial { destination: destination.clone(), cause })
    }
}

impl Rule {
    /// Whether it allows one host only.
    pub fn is_exact(&self) -> bool {
        !matches!(self.host, HostPattern::Below(_))
    }

    fn matches(&self, host: &Host, port: u16) -> bool {
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

/// A host as rules are compared with it.
enum Host {
    Name(String),
    Address(IpAddr),
}

impl Host {
    fn of(text: &str) -> Self {
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
        let (clear, rest) = match lower.split_once("://") {
            None => (false, lower.as_str()),
            Some(("https", rest)) => (false, rest),
            Some(("http", rest)) => (true, rest),
            Some(_) => return Err(error("only http:// and https:// can stand before the host")),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.is_empty() {
            return Err(error("it is empty"));
        }
        if rest == "*" {
            return Err(error("name the hosts; `*.example.com` allows all below example.com"));
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
                _ => return Err(error("after the colon there must be a port: a number from 1 to 65535")),
            },
        };
        let host = match host.strip_prefix("*.") {
            Some(domain) => match Host::of(domain) {
                Host::Name(name) => HostPattern::Below(name),
                Host::Address(_) => return Err(error("`*.` cannot stand before an address")),
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
                return Err(error("write HOST, HOST:PORT or *.DOMAIN, with neither user nor path"));
            }
        }
        Ok(Self { clear, host, port })
    }
}

impl Denial {
    /// The rule that would allow it, as the operator would write it, where there is one.
    pub fn rule(&self) -> Option<String> {
        let Destination { clear, host, port } = &self.destination;
        let scheme = if *clear && !self.is_loopback() { "http://" } else { "" };
        Some(match self.cause {
            DenialCause::NotAsked => return None,
            DenialCause::Address(address @ IpAddr::V4(_), AddressClass::LinkLocal) => {
                format!("{scheme}{address}:{port}")
            }
            DenialCause::Address(address @ IpAddr::V6(_), AddressClass::LinkLocal) => {
                format!("{scheme}[{address}]:{port}")
            }
            _ if host.contains(':') && !host.starts_with('[') => format!("{scheme}[{host}]:{port}"),
            _ => format!("{scheme}{host}:{port}"),
        })
    }

    fn is_loopback(&self) -> bool {
        match self.cause {
            DenialCause::Address(_, class) => class == AddressClass::Loopback,
            _ => match Host::of(&self.destination.host) {
                Host::Address(address) => AddressClass::of(address) == AddressClass::Loopback,
                Host::Name(name) => name == "localhost",
            },
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Destination { host, port, .. } = &self.destination;
        write!(formatter, "the host refused a connection to {host}:{port}: ")?;
        match self.cause {
            DenialCause::NotAllowed => write!(formatter, "it is not on the allow-list"),
            DenialCause::NotAsked => {
                write!(formatter, "the connector did not say that it would go there, so that nothing allows it")
            }
            DenialCause::Clear => write!(formatter, "plain HTTP would carry secrets in the clear"),
            DenialCause::Address(address, AddressClass::LinkLocal) => {
                write!(formatter, "{address} is a link-local address, which must be allowed as an address")
            }
            DenialCause::Address(address, class) => {
                write!(formatter, "{address} is a {class} address, whose host must be allowed by name")
            }
        }
    }
}

impl std::error::Error for Denial {}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
