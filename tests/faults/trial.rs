//! Runs one row: sets up the fault, makes the call, and checks that the host still serves.

use crate::raw::{Greeting, Plan, RawServer, Step, TOKEN};
use crate::rows::{Row, Server};
use crate::tls::{self, Certificate};
use connector_host::egress::policy::Origin;
use connector_host::{Auth, Call, Component, Connector, Failure, FailureKind, Host, Policy};
use host_harness::DEFAULT_COMPONENT;
use integration_tests::outcome::Outcome;
use integration_tests::{auth, auth_of};
use practice_looker::PracticeLooker;
use serde_json::json;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};
use tokio::net::TcpSocket;

/// The client secret in the auths for raw servers.
const SECRET: &str = "raw-server-secret";

/// The correct response of a raw server.
const RIGHT: &[Step] =
    &[Step::Write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{\"id\":\"1\"}")];

/// The two calls that a row is tried with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// A call that may be repeated.
    Read,
    /// A call that may not be repeated.
    Write,
}

impl Access {
    /// Its HTTP method.
    pub fn method(self) -> &'static str {
        match self {
            Self::Read => "GET",
            Self::Write => "POST",
        }
    }

    fn call(self) -> Call {
        match self {
            Self::Read => Call::new("user").input(r#"{"user_id": "1"}"#),
            Self::Write => Call::new("create_user").input(r#"{"first_name": "Ada"}"#),
        }
    }
}

/// The result of a trial.
pub struct Seen {
    /// The outcome of the call.
    pub outcome: Outcome,
    /// How many requests the server received, without logins.
    pub asked: usize,
    /// How long the call took.
    pub time: Duration,
    /// What is wrong with the failure's message or with the host afterwards.
    pub problem: Option<String>,
}

/// What all trials share: one host, and a Looker without faults.
pub struct Bench {
    host: Host,
    component: Component,
    well: PracticeLooker,
    elsewhere: RawServer,
}

/// The server of one trial.
enum Called {
    Practice(PracticeLooker),
    Raw(RawServer),
    /// No server. `_taken` reserves the port so that nothing else gets it.
    Nobody {
        _taken: Option<TcpSocket>,
    },
}

impl Bench {
    /// Starts the shared parts.
    pub async fn new() -> Self {
        let host = Host::new().unwrap();
        let component = Component::load(&host, DEFAULT_COMPONENT).await.unwrap();
        Self { host, component, well: PracticeLooker::start().unwrap(), elsewhere: RawServer::unvisited().await }
    }

    /// Runs one row with one call.
    pub async fn try_row(&self, row: &Row, access: Access) -> Seen {
        let (called, credentials, rules) = self.set_up(&row.server, access).await;
        let mut policy = Policy::deny_all();
        for (rule, origin) in rules {
            policy.allow(rule.parse().unwrap(), origin);
        }
        policy.allow(self.well.base_url().parse().unwrap(), Origin::Operator);
        let connector = Connector::builder(&self.host, &self.component)
            .policy(policy)
            .transport(tls::transport())
            .limits(row.limits.clone())
            .build()
            .await
            .unwrap();
        let mut sandbox = connector.sandbox().await.unwrap();
        let started = Instant::now();
        let outcome = sandbox.invoke(&credentials, access.call()).await;
        let time = started.elapsed();

        let secrets = called.secrets();
        let mut problem = outcome.as_ref().err().and_then(|failure| wrong_words(failure, &secrets, row.says));
        // The next call runs in the same sandbox after a failure of the connector, and in a new one after the host ended the
        // call.
        if sandbox.is_live() == matches!(&outcome, Err(failure) if matches!(failure.kind(), FailureKind::Execution(_)))
        {
            problem = Some("the sandbox should be alive after a failure of the connector, and only then".to_owned());
        }
        if !sandbox.is_live() {
            sandbox = connector.sandbox().await.unwrap();
        }
        if let Err(failure) = sandbox.invoke(&auth(&self.well), Call::new("me")).await {
            problem = Some(format!("the host does not serve the next call: {failure}"));
        }
        if self.elsewhere.connections() > 0 {
            problem = Some("it connected to a host that no policy allows".to_owned());
        }
        Seen { outcome: Outcome::of(&outcome), asked: called.asked(), time, problem }
    }

    /// Starts the server of a row. Returns it with the auth and the policy's rules.
    async fn set_up(&self, server: &Server, access: Access) -> (Called, Auth, Vec<(String, Origin)>) {
        let clear = |raw: &RawServer| format!("http://{}", raw.address);
        let secure = |raw: &RawServer| format!("https://localhost:{}", raw.address.port());
        let (called, domain, origin) = match *server {
            Server::Practice(ref fault, times) => {
                let looker = PracticeLooker::start().unwrap();
                looker.fail_on(access.method(), "/user", times, fault.clone());
                let (auth, rule) = (auth(&looker), looker.base_url());
                return (Called::Practice(looker), auth, vec![(rule, Origin::Operator)]);
            }
            Server::Raw(answer) => {
                let raw = self.raw(Greeting::Http, &[], answer).await;
                let domain = clear(&raw);
                (Called::Raw(raw), domain, Some(Origin::Operator))
            }
            Server::RawLogin(login) => {
                let raw = self.raw(Greeting::Http, login, RIGHT).await;
                let domain = clear(&raw);
                (Called::Raw(raw), domain, Some(Origin::Operator))
            }
            Server::NoTls(steps) => {
                let raw = self.raw(Greeting::Script(steps), &[], RIGHT).await;
                let domain = secure(&raw);
                (Called::Raw(raw), domain, Some(Origin::Operator))
            }
            Server::Tls(certificate) => {
                let raw = self.raw(Greeting::Tls(tls::acceptor(certificate)), &[], RIGHT).await;
                let domain = secure(&raw);
                (Called::Raw(raw), domain, Some(Origin::Operator))
            }
            Server::ClearToTls => {
                let raw = self.raw(Greeting::Tls(tls::acceptor(Certificate::Good)), &[], RIGHT).await;
                let domain = clear(&raw);
                (Called::Raw(raw), domain, Some(Origin::Operator))
            }
            Server::NoListener => {
                let taken = TcpSocket::new_v4().unwrap();
                taken.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
                let address = taken.local_addr().unwrap();
                (Called::Nobody { _taken: Some(taken) }, format!("http://{address}"), Some(Origin::Operator))
            }
            Server::UnknownName => {
                (Called::Nobody { _taken: None }, "nowhere.invalid".to_owned(), Some(Origin::Operator))
            }
            Server::NotAllowed | Server::NotNamed => {
                let raw = self.raw(Greeting::Http, &[], RIGHT).await;
                let domain = clear(&raw);
                let origin = matches!(server, Server::NotNamed).then_some(Origin::Connector);
                (Called::Raw(raw), domain, origin)
            }
        };
        let auth = auth_of(&json!({"domain": domain, "client_id": "raw", "client_secret": SECRET}));
        (called, auth, origin.map(|origin| (domain, origin)).into_iter().collect())
    }

    async fn raw(&self, greeting: Greeting, login: &'static [Step], answer: &'static [Step]) -> RawServer {
        RawServer::start(Plan { greeting, login, answer, elsewhere: self.elsewhere.address.to_string() }).await
    }
}

impl Called {
    /// The client secret and the tokens of the server.
    fn secrets(&self) -> Vec<String> {
        match self {
            Self::Practice(looker) => [vec![looker.client_secret().to_owned()], looker.tokens()].concat(),
            Self::Raw(_) | Self::Nobody { .. } => vec![SECRET.to_owned(), TOKEN.to_owned()],
        }
    }

    fn asked(&self) -> usize {
        match self {
            Self::Practice(looker) => {
                looker.requests().iter().filter(|request| !request.path.ends_with("/login")).count()
            }
            Self::Raw(raw) => raw.asked(),
            Self::Nobody { .. } => 0,
        }
    }
}

/// What is wrong with the message of a failure: it must contain these parts and must not contain a secret.
fn wrong_words(failure: &Failure, secrets: &[String], says: &[&str]) -> Option<String> {
    let words = super::words(failure);
    if words.len() < 20 {
        return Some(format!("the message says too little: {words}"));
    }
    if let Some(part) = says.iter().find(|part| !words.contains(**part)) {
        return Some(format!("the message does not say {part:?}: {words}"));
    }
    secrets.iter().any(|secret| words.contains(secret)).then(|| format!("the message shows a secret: {words}"))
}
