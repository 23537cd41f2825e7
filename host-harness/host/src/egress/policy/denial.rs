//! Connections that a policy denied, and the rule that would allow them.

use crate::egress::destination::Destination;
use crate::egress::policy::address::AddressClass;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// A connection that the policy denied.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Denial {
    /// The server that the connector wanted to reach.
    pub destination: Destination,
    /// Why the policy denied it.
    pub cause: DenialCause,
}

/// Why a policy denied a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DenialCause {
    /// No rule allows the host.
    NotAllowed,
    /// The connector did not declare the host among its `hosts`. No rule can allow it.
    NotRequested,
    /// The scheme is `http`, and no rule allows plain HTTP there.
    Plaintext,
    /// A proxy would connect, and the host name does not resolve here, so that its addresses cannot be checked.
    Unresolved,
    /// The host has this address, which no rule that matches the host covers.
    Address(IpAddr, AddressClass),
}

impl Denial {
    /// The denial of a connection.
    pub fn new(destination: Destination, cause: DenialCause) -> Self {
        Self { destination, cause }
    }

    /// The operator's rule that would allow the connection. [`None`] where no rule can.
    pub fn rule(&self) -> Option<String> {
        let Destination { plaintext, port, .. } = self.destination;
        let scheme = if plaintext && !self.is_loopback() { "http://" } else { "" };
        Some(match self.cause {
            DenialCause::NotRequested => return None,
            DenialCause::Address(address, AddressClass::LinkLocal | AddressClass::Metadata) => {
                format!("{scheme}{}", SocketAddr::new(address, port))
            }
            _ => format!("{scheme}{}", self.destination),
        })
    }

    fn is_loopback(&self) -> bool {
        let host = &self.destination.host;
        match (self.cause, host.parse()) {
            (DenialCause::Address(_, class), _) => class == AddressClass::Loopback,
            (_, Ok(address)) => AddressClass::of(address) == AddressClass::Loopback,
            (_, Err(_)) => host.strip_suffix('.').unwrap_or(host).eq_ignore_ascii_case("localhost"),
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the host denied a connection to {}: ", self.destination)?;
        match self.cause {
            DenialCause::NotAllowed => write!(formatter, "no rule allows this host"),
            DenialCause::NotRequested => {
                write!(formatter, "the connector did not declare this host; no policy can allow it")
            }
            DenialCause::Plaintext => write!(formatter, "plain HTTP would send secrets unencrypted"),
            DenialCause::Unresolved => write!(
                formatter,
                "a proxy would connect, and the name does not resolve here, so a rule must name the host exactly"
            ),
            DenialCause::Address(address, class @ (AddressClass::LinkLocal | AddressClass::Metadata)) => {
                write!(formatter, "{address} is a {class} address, so a rule must name the address itself")
            }
            DenialCause::Address(address, class) => {
                write!(formatter, "{address} is a {class} address, so a rule must name the host exactly")
            }
        }
    }
}

impl std::error::Error for Denial {}
