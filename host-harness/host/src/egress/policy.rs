//! Which servers a connector may connect to.
//!
//! A policy is a list of rules. An empty list denies all. The forms of a rule:
//!
//! | rule | allows |
//! | --- | --- |
//! | `api.example.com` | exactly this host, any port, HTTPS |
//! | `api.example.com:19999` | exactly this host and port, HTTPS |
//! | `*.example.com` | every host below `example.com` at any depth, but not `example.com` itself |
//! | `*.example.com:443` | the same on this port |
//! | `192.0.2.7`, `[2001:db8::7]:443` | exactly this address |
//! | `http://api.example.com:8080` | the same as without `http://`, and plain HTTP too |
//! | `https://api.example.com` | the same as without `https://` |
//!
//! Case and a final dot make no difference. Without `http://` in its rule, plain HTTP is allowed to loopback addresses only,
//! because it would send secrets unencrypted.
//!
//! The name is checked first. After the host resolves it, each address is checked too, and the connection goes to an address
//! that passed. No second look-up can replace it (DNS rebinding). Which rules allow an address:
//!
//! | address | allowed by |
//! | --- | --- |
//! | public | any rule |
//! | loopback, private, shared (100.64.0.0/10), unique local, reserved | an operator's rule that names this host or address exactly (no `*`) |
//! | link-local, a cloud's metadata service (169.254.169.254, 168.63.129.16, …) | an operator's rule that names this address |
//!
//! A single rule must allow the connection in full: `http://*.example.com` and `db.example.com` together do not allow plain
//! HTTP to a private address of `db.example.com`.
//!
//! A rule that the connector requested (its `hosts`) allows only public addresses, over HTTPS.
//!
//! [`Policy::for_connector`] is what a connector gets for one auth: only the hosts that it requests *and* the operator
//! allows; all that it requests where the operator names none.

pub mod address;
pub mod denial;
pub mod rule;

pub use address::AddressClass;
pub use denial::{Denial, DenialCause};
pub use rule::{Rule, RuleError};

use crate::egress::destination::Destination;
use rule::{Host, HostPattern};
use std::net::IpAddr;

/// Which servers a connector may connect to; see the [module](self).
///
/// ```
/// use connector_host::egress::policy::{Origin, Policy};
///
/// let mut policy = Policy::deny_all();
/// policy.allow("*.example.com:443".parse()?, Origin::Operator);
/// # Ok::<(), connector_host::egress::policy::RuleError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Policy {
    rules: Vec<(Rule, Origin)>,
    /// The hosts that the connector declared. Where this is there, everything else is denied.
    requested: Option<Vec<Rule>>,
}

/// Who added a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// Whoever runs the host.
    Operator,
    /// The connector, which requests the hosts that its user filled in.
    Connector,
}

/// What the rules allow for a host. Its addresses must still be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grant {
    /// The widest scope of the rules that match.
    scope: Scope,
    /// The widest scope of those that allow plain HTTP too.
    plaintext_scope: Option<Scope>,
}

/// The addresses that a rule allows, from few to many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    /// Public addresses.
    Public,
    /// Addresses of private networks and of this machine too.
    Internal,
    /// Link-local addresses and metadata services too.
    Every,
}

impl Policy {
    /// A policy that denies all.
    pub fn deny_all() -> Self {
        Self::default()
    }

    /// The policy for a connector that requests some hosts. Where `allowed`, the operator's rules, is empty, it may reach all
    /// of them at public addresses over HTTPS. Otherwise it may reach those that the operator's rules allow, as these rules
    /// say.
    pub fn for_connector(requested: Vec<Rule>, allowed: impl IntoIterator<Item = Rule>) -> Self {
        let mut policy = Self::deny_all();
        for rule in allowed {
            policy.allow(rule, Origin::Operator);
        }
        if policy.rules.is_empty() {
            requested.iter().for_each(|rule| policy.allow(rule.clone(), Origin::Connector));
        }
        policy.requested = Some(requested);
        policy
    }

    /// Adds a rule.
    pub fn allow(&mut self, rule: Rule, origin: Origin) {
        self.rules.push((rule, origin));
    }

    /// What the rules allow for a host.
    ///
    /// # Errors
    ///
    /// Returns the denial where no rule allows it.
    pub(crate) fn check_host(&self, destination: &Destination) -> Result<Grant, Denial> {
        let host = Host::of(&destination.host);
        let matches = |rule: &Rule| rule.matches(&host, destination.port);
        if self.requested.as_ref().is_some_and(|requested| !requested.iter().any(matches)) {
            return Err(Denial::new(destination.clone(), DenialCause::NotRequested));
        }
        let matching = || self.rules.iter().filter(|(rule, _)| matches(rule));
        let scope = matching().map(|(rule, origin)| Scope::of(rule, *origin)).max();
        let plaintext_scope = matching()
            .filter(|(rule, origin)| rule.plaintext && *origin == Origin::Operator)
            .map(|(rule, origin)| Scope::of(rule, *origin))
            .max();
        match scope {
            Some(scope) => Ok(Grant { scope, plaintext_scope }),
            None => Err(Denial::new(destination.clone(), DenialCause::NotAllowed)),
        }
    }

    /// Whether a connection may go to an address of a host.
    ///
    /// # Errors
    ///
    /// Returns the denial where no single rule allows this address by this scheme.
    pub(crate) fn check_address(&self, destination: &Destination, grant: Grant, address: IpAddr) -> Result<(), Denial> {
        let class = AddressClass::of(address);
        let needed = Scope::needed(class);
        let cause = if grant.scope < needed {
            DenialCause::Address(address, class)
        } else if destination.plaintext && class != AddressClass::Loopback && grant.plaintext_scope < Some(needed) {
            DenialCause::Plaintext
        } else {
            return Ok(());
        };
        Err(Denial::new(destination.clone(), cause))
    }
}

impl Grant {
    /// Whether a rule names the host exactly, so that it may have internal addresses.
    pub(crate) fn allows_internal(self) -> bool {
        self.scope >= Scope::Internal
    }
}

impl Scope {
    /// What a rule allows.
    fn of(rule: &Rule, origin: Origin) -> Self {
        match (&rule.host, origin) {
            (_, Origin::Connector) | (HostPattern::Below(_), Origin::Operator) => Self::Public,
            (HostPattern::Name(_), Origin::Operator) => Self::Internal,
            (HostPattern::Address(_), Origin::Operator) => Self::Every,
        }
    }

    /// What a rule must allow for an address of this class.
    fn needed(class: AddressClass) -> Self {
        match class {
            AddressClass::Public => Self::Public,
            AddressClass::Loopback | AddressClass::Private | AddressClass::Reserved => Self::Internal,
            AddressClass::LinkLocal | AddressClass::Metadata => Self::Every,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
