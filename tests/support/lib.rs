//! What the tests of the whole system share. Its functions panic when a step of the setup fails, since their callers are tests.

#![allow(clippy::unwrap_used, reason = "a test should fail loudly where it fails")]

pub mod outcome;
pub mod raw_http;

use connector_host::bindings::Body;
use connector_host::{Component, Connector, Failure, Host, Sandbox};
use host_harness::DEFAULT_COMPONENT;
use practice_looker::PracticeLooker;
use serde_json::{Value, json};

/// The Looker connector on a new host. It may not connect anywhere yet.
pub fn connector() -> Connector {
    let host = Host::new().unwrap();
    let component = Component::from_bytes(&host, DEFAULT_COMPONENT).unwrap();
    Connector::new(&host, &component).unwrap()
}

/// The auth that signs in to a practice Looker.
pub fn auth(looker: &PracticeLooker) -> String {
    let (domain, id, secret) = (looker.base_url(), looker.client_id(), looker.client_secret());
    json!({"domain": domain, "client_id": id, "client_secret": secret}).to_string()
}

/// The Looker connector on a new host, allowed to connect to a practice Looker.
pub async fn connector_to(looker: &PracticeLooker) -> Connector {
    let rule = looker.base_url().parse().unwrap();
    connector().allowing_its_hosts(&auth(looker), [rule]).await.unwrap()
}

/// How many requests with this method and this end of the path a practice Looker received.
pub fn asked(looker: &PracticeLooker, method: &str, end: &str) -> usize {
    looker.requests().iter().filter(|request| request.method == method && request.path.ends_with(end)).count()
}

/// A practice Looker and a sandbox that may connect to it.
pub struct Practice {
    /// The practice Looker.
    pub looker: PracticeLooker,
    /// The sandbox.
    pub sandbox: Sandbox,
    auth: String,
}

impl Practice {
    /// Starts both.
    pub async fn start() -> Self {
        let looker = PracticeLooker::start().unwrap();
        let auth = auth(&looker);
        let connector = connector_to(&looker).await;
        Self { sandbox: connector.sandbox().await.unwrap(), looker, auth }
    }

    /// Carries out one operation.
    ///
    /// # Errors
    ///
    /// As the connector fails.
    pub async fn call(&mut self, operation: &str, input: Value) -> Result<Body, Failure> {
        self.sandbox.invoke(&self.auth, operation, &input.to_string()).await.map(|output| output.body)
    }

    /// Carries out one operation whose output is JSON.
    pub async fn json(&mut self, operation: &str, input: Value) -> Value {
        match self.call(operation, input).await.unwrap_or_else(|failure| panic!("{operation}: {failure}")) {
            Body::Json(document) => serde_json::from_str(&document).unwrap(),
            other => panic!("{operation} gives no JSON but {other:?}"),
        }
    }
}
