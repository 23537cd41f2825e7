//! Hands out HTTP clients, one for each policy.

use crate::egress::client::{HttpClient, WeakHttpClient};
use crate::egress::policy::Policy;
use crate::egress::transport::Transport;
use crate::lock::lock;
use std::collections::HashMap;
use std::sync::Mutex;

/// The fewest entries at which those of dropped clients are looked for.
const MIN_SWEEP: usize = 64;

/// The HTTP clients of one connector. Calls under equal policies share a client and its connections; calls under different
/// policies never do, since one policy may have allowed a connection that another would not.
///
/// A client lives as long as somebody holds it: whoever asks for one keeps it for the next call.
#[derive(Debug)]
pub(crate) struct HttpClients {
    transport: Transport,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    clients: HashMap<Policy, WeakHttpClient>,
    /// How many entries there may be until those of dropped clients are removed.
    sweep_at: usize,
}

impl HttpClients {
    /// Clients that connect as the transport says.
    pub(crate) fn new(transport: Transport) -> Self {
        Self { transport, known: Mutex::new(Known { clients: HashMap::new(), sweep_at: MIN_SWEEP }) }
    }

    /// The client for a policy.
    pub(crate) fn client(&self, policy: &Policy) -> HttpClient {
        let mut known = lock(&self.known);
        if let Some(client) = known.clients.get(policy).and_then(WeakHttpClient::upgrade) {
            return client;
        }
        if known.clients.len() >= known.sweep_at {
            known.sweep();
        }
        let client = HttpClient::new(policy.clone(), self.transport.clone());
        known.clients.insert(policy.clone(), client.downgrade());
        client
    }
}

impl Known {
    /// Removes the entries of dropped clients. The next time is after as many additions as entries were looked at now, so
    /// that each addition costs the same on average.
    fn sweep(&mut self) {
        self.clients.retain(|_, client| client.upgrade().is_some());
        self.sweep_at = (2 * self.clients.len()).max(MIN_SWEEP);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egress::policy::Origin;

    fn policy(host: &str, origin: Origin) -> Policy {
        let mut policy = Policy::deny_all();
        policy.allow(host.parse().unwrap(), origin);
        policy
    }

    #[test]
    fn equal_policies_share_a_client_and_others_do_not() {
        let clients = HttpClients::new(Transport::new());
        let one = clients.client(&policy("a.example.com", Origin::Operator));
        assert!(one.is(&clients.client(&policy("A.example.com.", Origin::Operator))));
        assert!(!one.is(&clients.client(&policy("a.example.com", Origin::Connector))));
        assert!(!one.is(&clients.client(&policy("a.example.com:443", Origin::Operator))));
        assert!(!one.is(&clients.client(&policy("http://a.example.com", Origin::Operator))));
        let requested = || vec!["a.example.com".parse().unwrap()];
        assert!(!one.is(&clients.client(&Policy::for_connector(requested(), requested()))));
    }

    #[test]
    fn clients_that_nobody_holds_are_forgotten() {
        let clients = HttpClients::new(Transport::new());
        let of = |number: usize| policy(&format!("host-{number}.example.com"), Origin::Operator);
        let held: Vec<HttpClient> = (0..100).map(|number| clients.client(&of(number))).collect();
        for number in 100..10_000 {
            clients.client(&of(number));
        }
        assert!(lock(&clients.known).clients.len() <= 200);
        for (number, client) in held.iter().enumerate() {
            assert!(client.is(&clients.client(&of(number))));
        }
    }
}
