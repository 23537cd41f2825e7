//! Where a connector's calls may connect to: the same for all of them, or by the auth of each.

use crate::auth::{Auth, AuthDigest};
use crate::egress::client::HttpClient;
use crate::egress::clients::HttpClients;
use crate::egress::policy::Policy;
use crate::egress::policy::rule::Rule;
use crate::egress::transport::Transport;
use crate::failure::ExecutionFailure;
use crate::lock::lock;
use crate::recent::Recent;
use std::sync::Mutex;

/// For how many auths it is kept where they may connect to. Beyond it the connector is asked again.
const KEPT: usize = 10_000;

/// Where a connector's calls may connect to.
pub(crate) enum Access {
    /// One policy for all calls.
    Fixed(HttpClient),
    /// For each auth the hosts that the connector requests for it.
    Requested(Box<RequestedHosts>),
}

/// Gives each auth the hosts that the connector requests for it, narrowed by the operator's rules.
pub(crate) struct RequestedHosts {
    rules: Vec<Rule>,
    clients: HttpClients,
    /// Connects nowhere: for calls without an auth.
    nowhere: HttpClient,
    granted: Mutex<Recent<AuthDigest, HttpClient>>,
}

impl Access {
    /// The same policy for all calls.
    pub(crate) fn fixed(transport: Transport, policy: Policy) -> Self {
        Self::Fixed(HttpClient::new(policy, transport))
    }

    /// What the connector requests for each auth, narrowed by these rules.
    pub(crate) fn requested(transport: Transport, rules: Vec<Rule>) -> Self {
        let clients = HttpClients::new(transport);
        Self::Requested(Box::new(RequestedHosts {
            rules,
            nowhere: clients.client(&Policy::deny_all()),
            clients,
            granted: Mutex::new(Recent::new(KEPT)),
        }))
    }

    /// The client of calls that need no auth.
    pub(crate) fn without_auth(&self) -> HttpClient {
        match self {
            Self::Fixed(client) => client.clone(),
            Self::Requested(requested) => requested.nowhere.clone(),
        }
    }

    /// The client of calls with this auth. [`None`] where the connector has to be asked first.
    pub(crate) fn known(&self, auth: &Auth) -> Option<HttpClient> {
        match self {
            Self::Fixed(client) => Some(client.clone()),
            Self::Requested(requested) => lock(&requested.granted).get(&auth.digest()).cloned(),
        }
    }

    /// The client of calls with this auth, for which the connector requests these hosts.
    pub(crate) fn grant(&self, auth: &Auth, hosts: &[String]) -> Result<HttpClient, ExecutionFailure> {
        let requested = match self {
            Self::Fixed(client) => return Ok(client.clone()),
            Self::Requested(requested) => requested,
        };
        let asked = hosts.iter().map(|host| exact_rule(host)).collect::<Result<Vec<_>, _>>()?;
        let policy = Policy::for_connector(asked, requested.rules.iter().cloned());
        let client = requested.clients.client(&policy);
        let gone = lock(&requested.granted).insert(auth.digest(), client.clone());
        // Here, where nobody waits for the lock.
        drop(gone);
        Ok(client)
    }
}

/// A host that a connector requests.
fn exact_rule(host: &str) -> Result<Rule, ExecutionFailure> {
    let rule = host.parse::<Rule>().map_err(|error| ExecutionFailure::Interface(error.to_string()))?;
    if rule.is_exact() {
        Ok(rule)
    } else {
        Err(ExecutionFailure::Interface(format!("it requests `{host}`, but must name each host")))
    }
}
