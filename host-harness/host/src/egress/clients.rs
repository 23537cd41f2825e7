//! Hands out HTTP clients, one for each policy.

use crate::egress::client::HttpClient;
use crate::egress::policy::Policy;
use crate::egress::transport::Transport;
use crate::lock::lock;
use std::collections::HashMap;
use std::sync::Mutex;

/// Clients kept for the next call under the same policy. Each keeps its idle connections for
/// [`IDLE_TIMEOUT`](crate::egress::client::IDLE_TIMEOUT); some hundred hosts in turn are more than a machine serves in that
/// time.
const MAX_CLIENTS: usize = 512;

/// The HTTP clients of one connector. Calls under equal policies share a client and its connections; calls under different
/// policies never do, since one policy may have allowed a connection that another would not.
#[derive(Debug)]
pub(crate) struct Clients {
    transport: Transport,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    clients: HashMap<Policy, Entry>,
    uses: u64,
}

#[derive(Debug)]
struct Entry {
    client: HttpClient,
    last_use: u64,
}

impl Clients {
    /// Clients that connect as the transport says.
    pub(crate) fn new(transport: Transport) -> Self {
        Self { transport, kept: Mutex::default() }
    }

    /// The client for a policy.
    pub(crate) fn under(&self, policy: &Policy) -> HttpClient {
        let mut kept = lock(&self.kept);
        kept.uses += 1;
        let last_use = kept.uses;
        if let Some(entry) = kept.clients.get_mut(policy) {
            entry.last_use = last_use;
            return entry.client.clone();
        }
        if kept.clients.len() >= MAX_CLIENTS {
            kept.drop_half();
        }
        let client = HttpClient::new(policy.clone(), self.transport.clone());
        kept.clients.insert(policy.clone(), Entry { client: client.clone(), last_use });
        client
    }
}

impl Kept {
    /// Drops the half that was used least recently, so that room is made once in many calls. Calls that still use one of
    /// these clients keep it until they end.
    fn drop_half(&mut self) {
        let mut uses: Vec<u64> = self.clients.values().map(|entry| entry.last_use).collect();
        let middle = uses.len() / 2;
        let (_, &mut oldest_kept, _) = uses.select_nth_unstable(middle);
        self.clients.retain(|_, entry| entry.last_use >= oldest_kept);
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
        let clients = Clients::new(Transport::new());
        let one = clients.under(&policy("a.example.com", Origin::Operator));
        assert!(one.is(&clients.under(&policy("A.example.com.", Origin::Operator))));
        assert!(!one.is(&clients.under(&policy("a.example.com", Origin::Connector))));
        assert!(!one.is(&clients.under(&policy("a.example.com:443", Origin::Operator))));
        assert!(!one.is(&clients.under(&policy("http://a.example.com", Origin::Operator))));
        let requested = || vec!["a.example.com".parse().unwrap()];
        assert!(!one.is(&clients.under(&Policy::for_connector(requested(), requested()))));
    }

    #[test]
    fn the_number_of_clients_is_bounded_and_the_recently_used_stay() {
        let clients = Clients::new(Transport::new());
        let often = policy("often.example.com", Origin::Operator);
        let kept = clients.under(&often);
        for number in 0..3 * MAX_CLIENTS {
            clients.under(&policy(&format!("host-{number}.example.com"), Origin::Operator));
            assert!(kept.is(&clients.under(&often)));
            assert!(lock(&clients.kept).clients.len() <= MAX_CLIENTS);
        }
    }
}
