//! What the tests of the whole system share. Its functions panic when a step of the setup fails, since their callers are tests.

#![allow(clippy::unwrap_used, reason = "a test should fail loudly where it fails")]

pub mod outcome;
pub mod raw_http;

use connector_host::{Auth, Body, Call, Component, Connector, ConnectorBuilder, Failure, Host, Policy, Rule, Sandbox};
use host_harness::DEFAULT_COMPONENT;
use practice_looker::PracticeLooker;
use serde_json::{Value, json};

/// A builder of the Looker connector on a new host. As it is, the connector may not connect anywhere.
pub async fn builder() -> ConnectorBuilder {
    let host = Host::new().unwrap();
    let component = Component::load(&host, DEFAULT_COMPONENT).await.unwrap();
    Connector::builder(&host, &component)
}

/// The Looker connector on a new host. It may not connect anywhere.
pub async fn connector() -> Connector {
    builder().await.build().await.unwrap()
}

/// The auth that signs in to a practice Looker.
pub fn auth(looker: &PracticeLooker) -> Auth {
    let (domain, id, secret) = (looker.base_url(), looker.client_id(), looker.client_secret());
    auth_of(&json!({"domain": domain, "client_id": id, "client_secret": secret}))
}

/// An auth with these fields.
pub fn auth_of(fields: &Value) -> Auth {
    Auth::from_json(fields.to_string()).unwrap()
}

/// The same auth with another client secret.
pub fn wrong_auth(looker: &PracticeLooker) -> Auth {
    Auth::from_json(auth(looker).expose_json().replace(looker.client_secret(), "another-secret")).unwrap()
}

/// A policy that allows connections to these addresses only.
pub fn policy<'a>(addresses: impl IntoIterator<Item = &'a str>) -> Policy {
    let mut policy = Policy::deny_all();
    for address in addresses {
        policy.allow(address.parse().unwrap(), connector_host::egress::policy::Origin::Operator);
    }
    policy
}

/// The Looker connector on a new host, allowed to connect to a practice Looker.
pub async fn connector_to(looker: &PracticeLooker) -> Connector {
    let rule: Rule = looker.base_url().parse().unwrap();
    builder().await.allow_requested_hosts([rule]).build().await.unwrap()
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
    auth: Auth,
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
        let call = Call::new(operation).input(input.to_string());
        self.sandbox.invoke(&self.auth, call).await.map(|output| output.body)
    }

    /// Carries out one operation whose output is JSON.
    pub async fn json(&mut self, operation: &str, input: Value) -> Value {
        match self.call(operation, input).await.unwrap_or_else(|failure| panic!("{operation}: {failure}")) {
            Body::Json(document) => serde_json::from_str(&document).unwrap(),
            other => panic!("{operation} gives no JSON but {other:?}"),
        }
    }
}
