//! Fails each request of a job in turn, and runs the job again until it completes.

use connector_host::{Auth, Body, Call, Component, Connector, Failure, FailureKind, Host, Limits, Operation};
use host_harness::DEFAULT_COMPONENT;
use integration_tests::auth;
use practice_looker::{Fault, PracticeLooker};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The time limit for a response, so that a silent server is noticed soon.
const SILENCE: Duration = Duration::from_millis(1500);
/// How many requests are tried at once. Most of the time they wait.
const AT_ONCE: usize = 6;
/// How often a job is called at most until it completes.
const MAX_CALLS: usize = 12;

/// A job, and what must be true after it.
pub struct Row {
    /// The job.
    pub job: &'static str,
    /// Prepares the practice Looker and returns the input.
    pub input: fn(&Calls) -> Value,
    /// Checks the output of the call that completed, and what the practice Looker holds then: nothing missing, nothing done
    /// twice.
    pub check: fn(&Calls, &Value),
    /// How a failure after which repeating could act twice is told: such a call is not made again.
    pub acts_once: Option<&'static str>,
}

/// A practice Looker, and calls to it.
pub struct Calls {
    /// The practice Looker.
    pub looker: PracticeLooker,
    connector: Connector,
    auth: Auth,
    runtime: Arc<tokio::runtime::Runtime>,
}

/// What all rows share.
pub struct Bench {
    host: Host,
    component: Component,
    runtime: Arc<tokio::runtime::Runtime>,
}

impl Bench {
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (host, component) = runtime.block_on(async {
            let host = Host::new().unwrap();
            let component = Component::load(&host, DEFAULT_COMPONENT).await.unwrap();
            (host, component)
        });
        Self { host, component, runtime: runtime.into() }
    }

    /// A fresh practice Looker.
    pub fn calls(&self) -> Calls {
        let looker = PracticeLooker::start().unwrap();
        let rule: connector_host::Rule = looker.base_url().parse().unwrap();
        let limits = Limits::default().with_first_byte_timeout(SILENCE);
        let builder = Connector::builder(&self.host, &self.component).allow_requested_hosts([rule]).limits(limits);
        let connector = self.runtime.block_on(builder.build()).unwrap();
        Calls { auth: auth(&looker), looker, connector, runtime: Arc::clone(&self.runtime) }
    }

    /// Runs a row: well and again, and with each request failing in each way.
    pub fn run(&self, row: &Row) {
        let well = self.calls();
        let input = (row.input)(&well);
        well.looker.clear_requests();
        let output = well.complete(row.job, input);
        // The check sends requests, too.
        let count = well.looker.requests().len();
        (row.check)(&well, &output);
        println!("{}: {count} requests", row.job);
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    while let Some(index) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|index| *index < count) {
                        faults().into_iter().for_each(|(name, fault)| {
                            let place = format!("{}, request {} of {count}, {name}", row.job, index + 1);
                            self.run_with(row, &place, index, fault);
                        });
                    }
                });
            }
        });
    }

    fn run_with(&self, row: &Row, place: &str, index: usize, fault: Fault) {
        let calls = self.calls();
        let input = (row.input)(&calls);
        calls.looker.fail_request(index, fault);
        let outcome = calls.try_complete(row.job, input);
        calls.looker.clear_faults();
        match outcome {
            Ok(output) => (row.check)(&calls, &output),
            Err(failure) => {
                let told = row.acts_once.is_some_and(|told| failure.problem().message.contains(told));
                assert!(told && failure.problem().request_sent, "{place}: {failure}");
            }
        }
    }
}

/// The ways in which a request fails.
fn faults() -> [(&'static str, Fault); 4] {
    [
        ("status 500", Fault::status(500)),
        ("status 429", Fault::too_many_requests(0)),
        ("reset after it was carried out", Fault::ResetBeforeHead),
        ("no response", Fault::NeverRespond),
    ]
}

impl Calls {
    /// One call with no wait of the connector's own. A text comes as a string, and of a file only its type and size.
    pub fn call(&self, job: &str, input: &Value) -> Result<(Value, Option<Value>), Failure> {
        let call = Call::new(job).input(input.to_string()).max_wait(Duration::ZERO);
        let output = self.runtime.block_on(self.connector.invoke(&self.auth, call))?;
        let next = output.next.map(|next| serde_json::from_str(&next).unwrap());
        match output.body {
            Body::Json(document) => Ok((serde_json::from_str(&document).unwrap(), next)),
            Body::Nothing => Ok((Value::Null, next)),
            Body::Text(text) => Ok((Value::String(text), next)),
            Body::File(file) => Ok((json!({ "media_type": file.media_type, "size": file.bytes.len() }), next)),
        }
    }

    /// The output of an operation that must succeed.
    pub fn json(&self, operation: &str, input: Value) -> Value {
        self.call(operation, &input).unwrap_or_else(|failure| panic!("{operation}: {failure}")).0
    }

    /// The failure of a call that must fail.
    pub fn failure(&self, job: &str, input: Value) -> Failure {
        self.call(job, &input).expect_err("the call must fail")
    }

    /// The description of an operation.
    pub fn describe(&self, operation: &str) -> Operation {
        self.runtime.block_on(self.connector.describe_operation(operation)).unwrap()
    }

    /// Calls a job until it completes, as an engine does that goes on with `resume` and `next`. The pages of a list are joined.
    pub fn complete(&self, job: &str, input: Value) -> Value {
        self.try_complete(job, input).unwrap_or_else(|failure| panic!("{job}: {failure}"))
    }

    /// The same; fails with the first permanent failure.
    pub fn try_complete(&self, job: &str, mut input: Value) -> Result<Value, Failure> {
        let mut pages: Vec<Value> = Vec::new();
        for _ in 0..MAX_CALLS {
            match self.call(job, &input) {
                Ok((output, None)) if pages.is_empty() => return Ok(output),
                Ok((Value::Array(items), next)) => {
                    pages.extend(items);
                    match next {
                        Some(next) => input = next,
                        None => return Ok(Value::Array(pages)),
                    }
                }
                Ok((_, Some(next))) => input = next,
                Ok((output, None)) => return Ok(output),
                Err(failure) => match failure.kind() {
                    FailureKind::Retryable(problem) => {
                        if let Some(resume) = &problem.resume {
                            input = serde_json::from_str(resume).unwrap();
                        }
                    }
                    _ => return Err(failure),
                },
            }
        }
        panic!("{job} is not complete after {MAX_CALLS} calls");
    }

    /// How many requests with this method and this end of the path were received, carried out or not.
    pub fn asked(&self, method: &str, end: &str) -> usize {
        integration_tests::asked(&self.looker, method, end)
    }
}

/// The ids or other texts of a property in a list.
pub fn each<'a>(list: &'a Value, name: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().map(|item| item[name].as_str().unwrap_or_default()).collect()
}
