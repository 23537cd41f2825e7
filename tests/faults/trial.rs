//! Tries one row: sets the fault up, makes the call, and looks whether the host still serves.

use crate::raw::{Greeting, Plan, RawServer, Step, TOKEN};
use crate::rows::{Row, Server};
use crate::tls::{self, Certificate};
use connector_host::egress::HttpClient;
use connector_host::egress::policy::Origin;
use connector_host::{Component, Connector, Failure, Host, Policy};
use host_harness::DEFAULT_COMPONENT;
use integration_tests::auth;
use integration_tests::outcome::Outcome;
use practice_looker::PracticeLooker;
use serde_json::json;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};
use tokio::net::TcpSocket;

/// The secret of the auths that are given to raw servers.
const SECRET: &str = "raw-server-secret";

/// The right answer of a raw server.
const RIGHT: &[Step] =
    &[Step::Write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{\"id\":\"1\"}")];

/// Which of the two calls a row is tried with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// One that may be repeated.
    Read,
    /// One that may not.
    Write,
}

impl Call {
    /// Its method, as the table shows it.
    pub fn method(self) -> &'static str {
        match self {
            Self::Read => "GET",
            Self::Write => "POST",
        }
    }

    fn operation(self) -> (&'static str, &'static str) {
        match self {
            Self::Read => ("user", r#"{"user_id": "1"}"#),
            Self::Write => ("create_user", r#"{"first_name": "Ada"}"#),
        }
    }
}

/// What was seen of a trial.
pub struct Seen {
    /// What the platform was told.
    pub outcome: Outcome,
    /// How often the server was asked, logins not counted.
    pub asked: usize,
    /// How long the call took.
    pub time: Duration,
    /// What is wrong with the host afterwards, or with the words of the failure.
    pub problem: Option<String>,
}

/// What all trials share: the host whose survival is in question, and a Looker that is well.
pub struct Bench {
    connector: Connector,
    well: PracticeLooker,
    elsewhere: RawServer,
}

/// Who is called in one trial.
enum Called {
    Practice(PracticeLooker),
    Raw(RawServer),
    /// Nobody; where it is a port, this keeps it from being given to somebody.
    Nobody {
        _taken: Option<TcpSocket>,
    },
}

impl Bench {
    /// Sets it up.
    pub async fn new() -> Self {
        let host = Host::new().unwrap();
        let component = Component::from_bytes(&host, DEFAULT_COMPONENT).unwrap();
        Self {
            connector: Connector::new(&host, &component).unwrap(),
            well: PracticeLooker::start().unwrap(),
            elsewhere: RawServer::unvisited().await,
        }
    }

    /// Tries one row with one call.
    pub async fn try_row(&self, row: &Row, call: Call) -> Seen {
        let (called, credentials, rules) = self.set_up(&row.server, call).await;
        let mut policy = Policy::deny_all();
        for (rule, origin) in rules {
            policy.allow(rule.parse().unwrap(), origin);
        }
        policy.allow(self.well.base_url().parse().unwrap(), Origin::Operator);
        let connector = self
            .connector
            .clone()
            .with_http_client(HttpClient::with_tls(policy, tls::client()))
            .with_limits(row.limits.clone());
        let mut sandbox = connector.sandbox().await.unwrap();
        let (operation, input) = call.operation();
        let started = Instant::now();
        let outcome = sandbox.invoke(&credentials, operation, input).await;
        let time = started.elapsed();

        let mut problem = outcome.as_ref().err().and_then(wrong_words);
        // The next call of the same tenant: in the same sandbox where the failure is the connector's answer, in a new one
        // where the host ended it.
        if sandbox.is_live() == matches!(outcome, Err(Failure::Execution(_))) {
            problem = Some("the sandbox does not live on as it should".to_owned());
        }
        if !sandbox.is_live() {
            sandbox = connector.sandbox().await.unwrap();
        }
        if let Err(failure) = sandbox.invoke(&auth(&self.well), "me", "{}").await {
            problem = Some(format!("the host does not serve the next call: {failure}"));
        }
        if self.elsewhere.connections() > 0 {
            problem = Some("it went to a host that nobody allowed".to_owned());
        }
        Seen { outcome: Outcome::of(&outcome), asked: called.asked(), time, problem }
    }

    /// Starts who is called: the auth with which it is, and what the policy allows.
    async fn set_up(&self, server: &Server, call: Call) -> (Called, String, Vec<(String, Origin)>) {
        let clear = |raw: &RawServer| format!("http://{}", raw.address);
        let secure = |raw: &RawServer| format!("https://localhost:{}", raw.address.port());
        let (called, domain, origin) = match *server {
            Server::Practice(ref fault, times) => {
                let looker = PracticeLooker::start().unwrap();
                looker.fail_on(call.method(), "/user", times, fault.clone());
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
        let auth = json!({"domain": domain, "client_id": "raw", "client_secret": SECRET}).to_string();
        (called, auth, origin.map(|origin| (domain, origin)).into_iter().collect())
    }

    async fn raw(&self, greeting: Greeting, login: &'static [Step], answer: &'static [Step]) -> RawServer {
        RawServer::start(Plan { greeting, login, answer, elsewhere: self.elsewhere.address.to_string() }).await
    }
}

impl Called {
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

/// What is wrong with the words of a failure: they have to say something, and nothing that is secret.
fn wrong_words(failure: &Failure) -> Option<String> {
    let words = failure.to_string();
    if words.len() < 20 {
        return Some(format!("the failure says too little: {words}"));
    }
    (words.contains(SECRET) || words.contains(TOKEN)).then(|| format!("the failure shows a secret: {words}"))
}
