//! Runs a job with a fault in each of its requests in turn.

use connector_host::{Auth, Body, Call, Component, Connector, Failure, FailureKind, Host, Limits, Sandbox};
use host_harness::DEFAULT_COMPONENT;
use integration_tests::{auth, policy};
use practice_looker::{Fault, PracticeLooker};
use serde_json::{Value, json};
use std::time::Duration;

/// How many times a call is repeated until it succeeds, at most. A fault is injected once.
const REPETITIONS: usize = 4;
/// How long the host waits for a response. The practice Looker responds at once, but the machine may be busy.
const RESPONSE_TIME: Duration = Duration::from_millis(1500);

/// A job, its input, and what can be seen of its work.
pub struct Row {
    /// The job.
    pub job: &'static str,
    /// Its input.
    pub input: Value,
    /// Operations that are carried out before: name and input.
    pub before: Vec<(&'static str, Value)>,
    /// Operations that read what the job changes. Times and links are left out of the comparison.
    pub seen: Vec<(&'static str, Value)>,
    /// Whether a second run may change something again, such as a hidden value that cannot be compared.
    pub rewrites: bool,
}

/// One host for all trials.
pub struct Bench {
    host: Host,
    component: Component,
}

/// A practice Looker and a sandbox that has signed in to it.
pub struct Trial {
    /// The practice Looker.
    pub looker: PracticeLooker,
    sandbox: Sandbox,
    auth: Auth,
}

impl Bench {
    /// Loads the component.
    pub async fn new() -> Self {
        let host = Host::new().unwrap();
        let component = Component::load(&host, DEFAULT_COMPONENT).await.unwrap();
        Self { host, component }
    }

    /// A new practice Looker, after the operations in `before`. The sandbox has a token, so that no login is in the way.
    pub async fn start(&self, before: &[(&str, Value)]) -> Trial {
        let looker = PracticeLooker::start().unwrap();
        let connector = Connector::builder(&self.host, &self.component)
            .policy(policy([looker.base_url().as_str()]))
            .limits(Limits::default().with_first_byte_timeout(RESPONSE_TIME))
            .build()
            .await
            .unwrap();
        let mut trial = Trial { auth: auth(&looker), sandbox: connector.sandbox().await.unwrap(), looker };
        for (operation, input) in before {
            trial.read(operation, input).await;
        }
        trial.read("me", &json!({})).await;
        trial.looker.clear_requests();
        trial
    }

    /// Tries a row: once, once more, and with a fault in each request.
    pub async fn try_row(&self, row: &Row) {
        let mut trial = self.start(&row.before).await;
        let first = trial.call(row.job, &row.input).await.unwrap_or_else(|failure| panic!("{}: {failure}", row.job));
        let requests = trial.looker.requests().len();
        assert!(requests > 1 && requests <= 40, "{}: {requests} requests", row.job);
        let expected = trial.state(row).await;

        let again =
            trial.call(row.job, &row.input).await.unwrap_or_else(|failure| panic!("{} again: {failure}", row.job));
        if first["changed"] == true {
            assert!(row.rewrites || again["changed"] == false, "{} again: {again}", row.job);
        }
        assert_eq!(trial.state(row).await, expected, "{} changes something when it runs again", row.job);

        for place in 0..requests {
            for (name, fault) in faults() {
                self.try_fault(row, place, name, fault, &expected).await;
            }
        }
    }

    async fn try_fault(&self, row: &Row, place: usize, name: &str, fault: Fault, expected: &Value) {
        let what = format!("{}, request {place}, {name}", row.job);
        let mut trial = self.start(&row.before).await;
        trial.looker.fail_after(place, fault);
        let mut input = row.input.clone();
        for repetition in 0..REPETITIONS {
            match trial.call(row.job, &input).await {
                Ok(_) => break,
                Err(failure) => {
                    assert!(repetition + 1 < REPETITIONS, "{what}: {failure}");
                    let problem = failure.problem();
                    check(&what, row, &failure);
                    if let Some(resume) = &problem.resume {
                        input = serde_json::from_str(resume).unwrap();
                    }
                }
            }
        }
        trial.looker.clear_faults();
        assert_eq!(trial.state(row).await, *expected, "{what}");
    }
}

/// The faults of a request: refused, not found, failed, carried out and lost, lost and not carried out.
fn faults() -> Vec<(&'static str, Fault)> {
    vec![
        ("status 500", Fault::status(500)),
        ("status 403", Fault::status(403)),
        ("status 429", Fault::too_many_requests(1)),
        ("reset after it was carried out", Fault::ResetBeforeHead),
        ("response cut off", Fault::TruncatedBody),
        ("lost before it was carried out", Fault::Garbage),
        ("no response in time", Fault::NeverRespond),
    ]
}

/// A failure says what failed, and says truly whether something was sent.
fn check(what: &str, row: &Row, failure: &Failure) {
    let problem = failure.problem();
    assert!(problem.request_sent, "{what}: {failure}");
    assert!(problem.message.len() > 20, "{what}: {failure}");
    match failure.kind() {
        FailureKind::Retryable(_) => {}
        FailureKind::Permanent(_) => assert_eq!(problem.resume, None, "{what}: {failure}"),
        _ => panic!("{what}: {failure}"),
    }
    // A resume names the steps that were done, and the message does too.
    let Some(resume) = &problem.resume else { return };
    let resume: Value = serde_json::from_str(resume).unwrap();
    for (name, value) in row.input.as_object().unwrap() {
        assert_eq!(&resume[name], value, "{what}: resume must be complete");
    }
    let steps = resume["steps"].as_array().map(Vec::as_slice).unwrap_or_default();
    for step in steps.iter().filter(|step| step["state"] == "done") {
        assert!(problem.message.contains(step["step"].as_str().unwrap()), "{what}: {failure}");
    }
}

impl Trial {
    /// Carries out a job without waiting, and returns its JSON.
    pub async fn call(&mut self, job: &str, input: &Value) -> Result<Value, Failure> {
        let call = Call::new(job).input(input.to_string()).max_wait(Duration::ZERO);
        match self.sandbox.invoke(&self.auth, call).await?.body {
            Body::Json(document) => Ok(serde_json::from_str(&document).unwrap()),
            other => panic!("{job} gives no JSON but {other:?}"),
        }
    }

    /// Calls until it succeeds, with the input that goes on. Returns the output and how many calls that took.
    pub async fn to_the_end(&mut self, job: &str, mut input: Value) -> (Value, usize) {
        for calls in 1..100 {
            match self.call(job, &input).await {
                Ok(output) => return (output, calls),
                Err(failure) => {
                    let resume = failure.problem().resume.unwrap_or_else(|| panic!("{job}: {failure}"));
                    assert!(failure.is_retryable(), "{job}: {failure}");
                    input = serde_json::from_str(&resume).unwrap();
                }
            }
        }
        panic!("{job} does not end");
    }

    /// Carries out an operation that must succeed.
    pub async fn read(&mut self, operation: &str, input: &Value) -> Value {
        let call = Call::new(operation).input(input.to_string());
        match self
            .sandbox
            .invoke(&self.auth, call)
            .await
            .unwrap_or_else(|failure| panic!("{operation}: {failure}"))
            .body
        {
            Body::Json(document) => serde_json::from_str(&document).unwrap(),
            _ => Value::Null,
        }
    }

    /// What can be seen of a job's work, without times and links.
    async fn state(&mut self, row: &Row) -> Value {
        let mut state = vec![json!(self.looker.mails())];
        for (operation, input) in &row.seen {
            let mut value = self.read(operation, input).await;
            drop_times(&mut value);
            state.push(value);
        }
        Value::Array(state)
    }
}

fn drop_times(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !name.ends_with("_at") && !name.contains("url"));
            fields.values_mut().for_each(drop_times);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_times),
        _ => {}
    }
}
