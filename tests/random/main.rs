//! The component with random auths, operations, inputs and response bytes: it never traps or hangs, never shows a
//! secret, and never repeats a request that may have acted.
//!
//! `PROPTEST_CASES=10000 cargo test -p integration-tests --test random -- --nocapture` runs ten thousand cases and prints
//! their outcomes. The native tests of `connector` run the same kinds of cases a million times.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test should fail loudly where it fails")]

mod reply;
mod server;

use connector_host::{
    Auth, Body, Call, Component, Connector, ExecutionFailure, Failure, FailureKind, Host, Limit, Limits,
};
use host_harness::DEFAULT_COMPONENT;
use integration_tests::outcome::Outcome;
use integration_tests::policy;
use integration_tests::raw_http::{Request, token_response};
use looker_connector::catalog;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, TestRunner};
use random_calls::{DOMAINS, SECRET, TOKEN, auth, call};
use reply::{Reply, reply};
use server::Server;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Time limit of a call. All waits of the connector itself fit.
const CALL_TIME: Duration = Duration::from_secs(10);

/// Time limit for the first byte of a response and for each pause in it.
const SILENCE: Duration = Duration::from_secs(2);

/// How long a call may wait for its own reasons: a job that polls would otherwise wait longer than the call may take.
const WAITS: Duration = Duration::from_secs(3);

/// How many cases run at once. Most of the time they wait before a retry.
const AT_ONCE: u32 = 48;

/// Failing cases are saved in this file and run first from then on.
const FOUND: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/random/found.txt");

/// One case.
#[derive(Debug, Clone)]
struct Case {
    auth: String,
    operation: String,
    input: String,
    replies: Vec<Reply>,
    /// The size of the pieces in bytes, if the output is streamed.
    streamed: Option<u32>,
    /// Whether the sandboxes share one sign-in.
    shared_sign_in: bool,
}

impl Case {
    fn call(&self) -> Call {
        Call::new(&self.operation).input(&self.input).max_wait(WAITS)
    }
}

fn case() -> impl Strategy<Value = Case> {
    // Most logins succeed, because most of the connector runs after the login.
    let login = prop_oneof![4 => Just(Reply::Whole(token_response(TOKEN))), 1 => reply()];
    let replies = (login, vec(reply(), 7)).prop_map(|(first, rest)| [vec![first], rest].concat());
    let streamed = proptest::option::weighted(0.2, 1..100_u32);
    (auth(), call(), replies, streamed, any::<bool>()).prop_map(
        |(auth, (operation, input), replies, streamed, shared_sign_in)| Case {
            auth,
            operation,
            input,
            replies,
            streamed,
            shared_sign_in,
        },
    )
}

#[test]
fn component_never_traps_hangs_or_acts_twice() {
    let config = Config {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(FOUND))),
        // A case can take a second.
        max_shrink_iters: 200,
        ..Config::default()
    };
    let cases = config.cases;
    let started = Instant::now();
    let outcomes = Mutex::new(BTreeMap::<String, usize>::new());
    let host = Host::new().unwrap();
    let component = Component::load_blocking(&host, DEFAULT_COMPONENT).unwrap();
    let failures: Vec<String> = std::thread::scope(|scope| {
        let runs = (0..AT_ONCE).map(|run| {
            let (host, component, outcomes) = (&host, &component, &outcomes);
            let config = Config { cases: cases / AT_ONCE + u32::from(run < cases % AT_ONCE), ..config.clone() };
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                let outcome = TestRunner::new(config).run(&case(), |case| {
                    let outcome = runtime.block_on(try_case(host, component, &case))?;
                    *outcomes.lock().unwrap().entry(outcome).or_default() += 1;
                    Ok(())
                });
                outcome.err().map(|error| error.to_string())
            })
        });
        let runs: Vec<_> = runs.collect();
        runs.into_iter().filter_map(|run| run.join().unwrap()).collect()
    });
    let outcomes = outcomes.into_inner().unwrap();
    for (outcome, count) in &outcomes {
        println!("{count:>7}  {outcome}");
    }
    println!("{} cases in {:.1?}", outcomes.values().sum::<usize>(), started.elapsed());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Runs one case and returns its outcome.
async fn try_case(host: &Host, component: &Component, case: &Case) -> Result<String, TestCaseError> {
    let server = Server::start(&case.replies).await;
    let address = format!("http://{}", server.address);
    let auth = DOMAINS.iter().fold(case.auth.clone(), |auth, domain| auth.replace(domain, &address));
    let Ok(auth) = Auth::from_json(auth) else {
        return Ok("refused by the host: the auth is not an object".to_owned());
    };
    let limits = Limits::default()
        .with_call_timeout(CALL_TIME)
        .with_first_byte_timeout(SILENCE)
        .with_between_bytes_timeout(SILENCE);
    let connector = Connector::builder(host, component)
        .policy(policy([address.as_str()]))
        .limits(limits)
        .sessions(case.shared_sign_in)
        .build()
        .await
        .unwrap();
    let started = Instant::now();
    let outcome = match case.streamed {
        None => whole(&connector, &auth, case).await,
        Some(most) => streamed(&connector, &auth, case, most).await,
    };
    let time = started.elapsed();
    prop_assert!(time < CALL_TIME * 2, "it took {time:?}");
    // The same host serves the next call.
    prop_assert!(connector.describe().await.is_ok());
    let asked = server.asked();
    if let Err(failure) = &outcome {
        check_failure(failure, &asked)?;
    }
    check_that_it_acts_once(case, &outcome, &asked)?;
    Ok(match outcome {
        Ok(kind) => kind.to_owned(),
        Err(failure) => Outcome::of(&Err(failure)).to_string(),
    })
}

/// Makes a call with `invoke` and returns the kind of its output.
async fn whole(connector: &Connector, auth: &Auth, case: &Case) -> Result<&'static str, Failure> {
    let output = connector.invoke(auth, case.call()).await?;
    let is_json = |text: &str| serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok();
    if let Some(next) = &output.next {
        assert!(is_json(next), "the input of the next page is not JSON: {next}");
    }
    Ok(match &output.body {
        Body::Json(document) => {
            assert!(is_json(document), "an output is not JSON: {document}");
            "output: JSON"
        }
        Body::Text(_) => "output: text",
        Body::File(_) => "output: file",
        Body::Nothing => "output: nothing",
    })
}

/// Makes a call with `open` and reads the output to its end.
async fn streamed(connector: &Connector, auth: &Auth, case: &Case, most: u32) -> Result<&'static str, Failure> {
    let mut download = connector.open(auth, case.call()).await?;
    // No body has this many bytes.
    for _ in 0..1000 {
        if download.read(most).await?.is_empty() {
            return Ok("output: streamed");
        }
    }
    panic!("a stream does not end");
}

/// Checks that a failure comes from the connector, has a message and shows no secret.
fn check_failure(failure: &Failure, asked: &[(Request, Reply)]) -> Result<(), TestCaseError> {
    if let FailureKind::Execution(failure) = failure.kind() {
        let slow = matches!(failure, ExecutionFailure::Limit { limit: Limit::CallTimeout(_), .. });
        prop_assert!(slow && asked.iter().any(|(_, reply)| reply.delays()), "{failure}");
        return Ok(());
    }
    let words = format!("{} {failure:?}", serde_json::to_string(failure).unwrap());
    prop_assert!(!failure.problem().message.trim().is_empty());
    prop_assert!(!words.contains(SECRET), "{words}");
    // The token is secret only if a login returned it. In any other response it is ordinary text.
    let given = asked.iter().any(|(request, reply)| request.target.starts_with("/api/4.0/login") && reply.is_token());
    prop_assert!(!given || !words.contains(TOKEN), "{words}");
    Ok(())
}

/// Checks that a request that may act twice is repeated, or called retryable, only after a response that says it did not act.
fn check_that_it_acts_once(
    case: &Case,
    outcome: &Result<&str, Failure>,
    asked: &[(Request, Reply)],
) -> Result<(), TestCaseError> {
    // Requests of the sign-in may be repeated. They look the same as the requests of these operations.
    if case.operation.starts_with("login") || case.operation == "update_session" {
        return Ok(());
    }
    let own = |request: &Request| {
        !request.target.starts_with("/api/4.0/login")
            && (&*request.method, &*request.target) != ("PATCH", "/api/4.0/session")
    };
    let may_act = |request: &Request| match catalog::operation(&case.operation) {
        Some(operation) => !operation.is_idempotent(),
        // A job's request for a result only reads.
        None => matches!(&*request.method, "POST" | "PATCH") && !request.target.starts_with("/api/4.0/queries/run/"),
    };
    let sent: Vec<_> = asked.iter().filter(|(request, _)| own(request) && may_act(request)).collect();
    let Some(((_, last), earlier)) = sent.split_last() else { return Ok(()) };
    for (request, reply) in earlier {
        prop_assert!(reply.refuses(), "{request:?} was sent again after {reply:?}");
    }
    if let Err(failure) = outcome {
        prop_assert!(!failure.is_retryable() || last.refuses(), "{failure:?} after {last:?}");
        prop_assert!(failure.problem().request_sent || last.refuses(), "{failure:?} after {last:?}");
    }
    Ok(())
}
