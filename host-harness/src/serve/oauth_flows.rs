//! The OAuth flows of users who are about to grant access.

use serde_json::{Map, Value};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a user may take.
const LIFETIME: Duration = Duration::from_secs(600);

/// The most flows under way.
const FLOWS: usize = 20;

/// The flows under way.
#[derive(Default)]
pub(super) struct Flows {
    list: Mutex<Vec<(Instant, Flow)>>,
}

/// A user who is about to grant access.
pub(super) struct Flow {
    pub(super) state: String,
    pub(super) verifier: String,
    /// The name of the auth, and its values but for secrets.
    pub(super) name: String,
    pub(super) values: Map<String, Value>,
    pub(super) client_id: String,
    pub(super) refresh_token_field: String,
    pub(super) token_url: String,
}

impl Flows {
    /// Adds a flow. Where there are too many, the oldest goes.
    pub(super) fn add(&self, flow: Flow) {
        let mut list = self.list();
        if list.len() >= FLOWS {
            list.remove(0);
        }
        list.push((Instant::now(), flow));
    }

    /// The flows that have not expired.
    fn list(&self) -> MutexGuard<'_, Vec<(Instant, Flow)>> {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.retain(|(begun, _)| begun.elapsed() < LIFETIME);
        list
    }

    /// Whether a flow has this state.
    pub(super) fn has(&self, state: &str) -> bool {
        self.list().iter().any(|(_, flow)| flow.state == state)
    }

    /// Ends a flow: its state works once.
    pub(super) fn take(&self, state: &str) -> Option<Flow> {
        let mut list = self.list();
        let position = list.iter().position(|(_, flow)| flow.state == state)?;
        Some(list.remove(position).1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_ends_with_its_first_answer() {
        let flows = Flows::default();
        for number in 0..FLOWS + 1 {
            flows.add(Flow {
                state: number.to_string(),
                verifier: String::new(),
                name: String::new(),
                values: Map::new(),
                client_id: String::new(),
                refresh_token_field: String::new(),
                token_url: String::new(),
            });
        }
        assert!(!flows.has("0") && flows.has("1"), "the oldest goes");
        assert!(flows.take("1").is_some() && flows.take("1").is_none() && flows.take("").is_none());
    }
}
