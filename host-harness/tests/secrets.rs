//! Secrets and tokens are never printed, whatever fails and whatever the log level.
#![allow(clippy::unwrap_used, reason = "a test should fail loudly where it fails")]

mod support;

use practice_looker::{Fault, PracticeLooker};
use serde_json::json;
use support::command::{Run, host_harness, host_harness_with};

/// Runs a command with everything logged, and looks for what must not be there.
fn look(looker: &PracticeLooker, run: &Run, what: &str) {
    let printed = format!("{}{}", run.stdout, run.stderr);
    assert!(!printed.is_empty(), "{what} printed nothing");
    assert!(!printed.contains(looker.client_secret()), "{what} shows the secret: {printed}");
    for token in looker.tokens() {
        assert!(!printed.contains(&token), "{what} shows a token: {printed}");
    }
}

#[test]
fn nothing_that_is_printed_shows_a_secret_or_a_token() {
    let looker = PracticeLooker::start().unwrap();
    let address = looker.base_url();
    let auth = json!({"domain": address, "client_id": looker.client_id(), "client_secret": looker.client_secret()})
        .to_string();
    let faults: [(&str, Option<Fault>); 9] = [
        ("a success", None),
        ("an expired token", Some(Fault::status(401))),
        ("a refusal", Some(Fault::status(422))),
        ("a limit", Some(Fault::too_many_requests(3600))),
        ("an error", Some(Fault::status(500))),
        ("a reset", Some(Fault::ResetBeforeHead)),
        ("half a body", Some(Fault::ResetInBody)),
        ("garbage", Some(Fault::Garbage)),
        ("broken text", Some(Fault::InvalidUtf8)),
    ];
    for (what, fault) in faults {
        for json in [false, true] {
            if let Some(fault) = fault.clone() {
                looker.fail_on("GET", "/user", 10, fault);
            }
            let mut arguments = vec!["check", "--log", "trace", "--auth", &auth, "--allow-host", &address];
            arguments.extend(json.then_some("--json"));
            look(&looker, &host_harness(&arguments), what);
            looker.clear_faults();
        }
    }
    assert!(looker.tokens().len() >= faults_seen(), "every run logged in");
}

/// How many runs the test above makes at least.
fn faults_seen() -> usize {
    18
}

#[test]
fn a_secret_from_the_environment_is_not_shown_and_goes_nowhere_else() {
    let (looker, stranger) = (PracticeLooker::start().unwrap(), PracticeLooker::start().unwrap());
    let (address, elsewhere) = (looker.base_url(), stranger.base_url());
    let variables = [
        ("LOOKERSDK_BASE_URL", address.as_str()),
        ("LOOKERSDK_CLIENT_ID", looker.client_id()),
        ("LOOKERSDK_CLIENT_SECRET", looker.client_secret()),
    ];
    let run = host_harness_with(&["check", "--log", "trace", "--allow-host", &address], &variables);
    assert_eq!(run.code, 0, "{}", run.stderr);
    look(&looker, &run, "a run by the environment");
    // A workflow's author may name an address, but not have the platform's secret sent there.
    let auth = json!({"domain": elsewhere}).to_string();
    let run = host_harness_with(&["check", "--log", "trace", "--auth", &auth, "--allow-host", &elsewhere], &variables);
    assert_eq!(run.code, 1, "{}", run.stderr);
    look(&looker, &run, "another address");
    assert!(stranger.requests().is_empty());
}

#[test]
fn wrong_usage_shows_no_secret() {
    let looker = PracticeLooker::start().unwrap();
    let secret = looker.client_secret();
    for auth in [
        format!(r#"{{"client_secret": "{secret}""#),
        format!(
            r#"{{"domain": "{secret}!", "client_secret": ["{secret}"], "port": "{secret}", "workspace": "{secret}"}}"#
        ),
        format!(r#"["{secret}"]"#),
        secret.to_owned(),
    ] {
        let run = host_harness(&["check", "--auth", &auth, "--log", "trace"]);
        assert_ne!(run.code, 0);
        look(&looker, &run, &auth.replace(secret, "SECRET"));
    }
}
