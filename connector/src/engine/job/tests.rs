//! What the engine does for jobs, with jobs made for these tests.

use super::*;
use crate::catalog::{Effect, Stability};
use crate::jobs::{Rows, StepState};
use crate::mock_transport::MockTransport;
use crate::summary::Summary;
use crate::transport::TransportErrorKind;
use serde_json::json;

const AUTH: &str = r#"{"domain": "looker.example.com", "client_id": "the-id", "client_secret": "the-secret"}"#;
const TOKEN_AUTH: &str = r#"{"domain": "looker.example.com", "access_token": "the-token"}"#;

const fn job(run: fn(&mut Job) -> Result<Outcome>) -> Definition {
    Definition {
        summary: Summary {
            name: "plant",
            title: "Plant",
            group: "Jobs",
            help: "Plants.",
            effect: Effect::Write,
            idempotent: true,
            stability: Stability::Stable,
        },
        input_schema: r#"{"type": "object", "properties": {"user_id": {"type": "string"}, "secret": {"type": "string", "format": "password"},
            "task": {"type": "string"}, "steps": {"type": "array", "items": {"type": "object"}}}}"#,
        output_schema: "{}",
        media_types: &["application/json"],
        run,
    }
}

fn call<'a>(input: &'a str, max_wait: Option<Duration>) -> Call<'a> {
    Call { operation: "plant", input, max_wait }
}

fn invoke(engine: &mut Engine<MockTransport>, job: &'static Definition, input: &str) -> Result<Output> {
    let auth = engine.auth(AUTH)?;
    engine.invoke_job(job, auth, call(input, Some(Duration::ZERO)))
}

fn document(output: Output) -> Value {
    let OutputBody::Json(document) = output.body else { panic!("{output:?}") };
    serde_json::from_str(&document).unwrap()
}

/// Two steps: the second one is found again after a lost response.
static TWO_STEPS: Definition = job(|job| {
    job.write("make", None, "create_user", &json!({ "last_name": job.text("user_id") }))?;
    job.write_or_find("name", Some("5"), "update_user", &json!({ "user_id": 5, "first_name": "Ada" }), |job| {
        job.find("user", &json!({ "user_id": 5 }))
    })?;
    Ok(job.finished(&[("more", json!([1]))]))
});

#[test]
fn an_output_tells_each_step() {
    let script = MockTransport::default().token("t").json(200, r#"{"id":5}"#).json(200, r#"{"id":"5"}"#);
    let mut engine = Engine::new(script);
    let output = document(invoke(&mut engine, &TWO_STEPS, r#"{"user_id": 7}"#).unwrap());
    assert_eq!(
        output,
        json!({"changed": true, "more": [1], "steps": [
            {"step": "make", "state": "done", "id": "5"}, {"step": "name", "state": "done", "id": "5"}]})
    );
    assert_eq!(engine.platform.sent[1].body.as_deref(), Some(r#"{"last_name":"7"}"#));
}

#[test]
fn a_failure_names_the_done_steps_and_goes_on_by_resume() {
    let script = MockTransport::default().token("t").json(200, r#"{"id":5}"#).json(429, "{}");
    let failure = invoke(&mut Engine::new(script), &TWO_STEPS, r#"{"user_id": "the-secret?"}"#).unwrap_err();
    let Failure::Retryable(problem) = failure else { panic!("{failure:?}") };
    assert!(problem.message.starts_with("The step name (update_user) failed. "), "{}", problem.message);
    assert!(problem.message.ends_with("plant stopped there; done before: make (5)."), "{}", problem.message);
    assert!(problem.request_sent);
    let resume: Value = serde_json::from_str(problem.resume.as_deref().unwrap()).unwrap();
    assert_eq!(resume["steps"], json!([{"step": "make", "state": "done", "id": "5"}]));
    // The next call reports the steps of both.
    let script = MockTransport::default().token("t").json(200, r#"{"id":5}"#).json(200, "{}");
    let output = document(invoke(&mut Engine::new(script), &TWO_STEPS, &resume.to_string()).unwrap());
    assert_eq!(output["steps"].as_array().unwrap().len(), 2);
}

#[test]
fn a_failure_before_the_first_step_says_that_nothing_was_changed() {
    let script = MockTransport::default().token("t").json(403, r#"{"message": "no"}"#);
    let failure = invoke(&mut Engine::new(script), &TWO_STEPS, "{}").unwrap_err();
    assert!(matches!(failure, Failure::Permanent(_)));
    let problem = failure.problem();
    assert!(problem.message.ends_with("Nothing was changed.") && problem.resume.is_none(), "{problem:?}");
    // A login that fails has sent nothing of the job.
    let script = MockTransport::default().json(404, r#"{"message": "no"}"#);
    let failure = invoke(&mut Engine::new(script), &TWO_STEPS, "{}").unwrap_err();
    assert_eq!((failure.problem().reason, failure.problem().request_sent), (Reason::Unauthenticated, false));
}

#[test]
fn a_lost_response_is_looked_up_and_never_sent_again() {
    for kind in [TransportErrorKind::Broken, TransportErrorKind::Timeout, TransportErrorKind::InvalidHttp] {
        let script = MockTransport::default().token("t").json(200, r#"{"id":5}"#).error(kind).json(200, r#"{"id":5}"#);
        let mut engine = Engine::new(script);
        document(invoke(&mut engine, &TWO_STEPS, "{}").unwrap());
        let patches = engine.platform.lines().iter().filter(|line| line.starts_with("PATCH")).count();
        assert_eq!((patches, engine.platform.unused()), (1, 0));
        // If it is not there (yet), another call looks first.
        let script = MockTransport::default().token("t").json(200, r#"{"id":5}"#).error(kind).json(404, "{}");
        let failure = invoke(&mut Engine::new(script), &TWO_STEPS, "{}").unwrap_err();
        assert!(matches!(failure, Failure::Retryable(_)), "{failure:?}");
    }
}

/// Mails, then waits.
static MAILS: Definition = job(|job| {
    job.write_once("mail", None, "create_user", &json!({ "last_name": "x" }))?;
    if let Some(task) = job.text("user_id") {
        job.resume_with("task", task);
    }
    let found = job.poll("sending", |job| job.find("user", &json!({ "user_id": 5 })))?;
    Ok(job.finished(&[("found", found)]))
});

#[test]
fn what_would_be_done_again_is_retryable_only_by_resume() {
    let script = || MockTransport::default().token("t").json(200, r#"{"id":5}"#).json(404, "{}");
    let failure = invoke(&mut Engine::new(script()), &MAILS, "{}").unwrap_err();
    assert!(matches!(&failure, Failure::Permanent(problem) if problem.resume.is_none()), "{failure:?}");
    let failure = invoke(&mut Engine::new(script()), &MAILS, r#"{"user_id": "1"}"#).unwrap_err();
    let Failure::Retryable(problem) = &failure else { panic!("{failure:?}") };
    let resume: Value = serde_json::from_str(problem.resume.as_deref().unwrap()).unwrap();
    assert_eq!((problem.reason, &resume["task"], &resume["user_id"]), (Reason::Timeout, &json!("1"), &json!("1")));
    // A lost response may mean that the mail is out.
    let lost = MockTransport::default().token("t").error(TransportErrorKind::Broken);
    let failure = invoke(&mut Engine::new(lost), &MAILS, r#"{"user_id": "1"}"#).unwrap_err();
    assert!(matches!(&failure, Failure::Permanent(problem) if problem.request_sent), "{failure:?}");
    assert!(!failure.problem().message.contains("Nothing was changed"), "{failure:?}");
    // "Sign in and start again" would mail twice.
    let expired =
        MockTransport::default().token("t").json(200, r#"{"id":5}"#).json(401, "{}").token("u").json(401, "{}");
    let failure = invoke(&mut Engine::new(expired), &MAILS, "{}").unwrap_err();
    assert_ne!(failure.problem().reason, Reason::Unauthenticated);
}

#[test]
fn waits_grow_by_half_and_end_with_the_budget() {
    let mut script = MockTransport::default().token("t").json(200, r#"{"id":5}"#);
    for _ in 0..20 {
        script = script.json(404, "{}");
    }
    let mut engine = Engine::new(script);
    let auth = engine.auth(AUTH).unwrap();
    engine.invoke_job(&MAILS, auth, call(r#"{"user_id": "1"}"#, Some(Duration::from_secs(60)))).unwrap_err();
    let waits: Vec<f64> = engine.platform.waits.iter().map(Duration::as_secs_f64).collect();
    assert_eq!(waits[..4], [1.0, 1.5, 2.25, 3.375]);
    assert!(waits.iter().all(|wait| *wait <= 15.0));
    assert_eq!(engine.platform.waited(), Duration::from_secs(60));
}

/// Asks for more than one call may.
static MANY: Definition = job(|job| {
    for number in job.ids_of("read", StepState::Held).len()..60 {
        job.read("user", &json!({ "user_id": number }))?;
        job.record("read", StepState::Held, Some(&number.to_string()));
    }
    Ok(job.finished(&[]))
});

#[test]
fn a_call_sends_at_most_40_requests_and_hands_on_the_rest() {
    let mut script = MockTransport::default().token("t");
    for _ in 0..60 {
        script = script.json(200, "{}");
    }
    let mut engine = Engine::new(script);
    let failure = invoke(&mut engine, &MANY, r#"{"user_id": "1"}"#).unwrap_err();
    assert_eq!(engine.platform.sent.len(), 40);
    let Failure::Retryable(problem) = failure else { panic!("{failure:?}") };
    assert_eq!(problem.retry_after, Some(Duration::ZERO));
    let output = invoke(&mut engine, &MANY, problem.resume.as_deref().unwrap()).unwrap();
    assert_eq!((document(output)["changed"].clone(), engine.platform.unused()), (json!(false), 0));
}

static OWN_SESSION: Definition = job(|job| {
    job.in_own_session(Workspace::Dev, |job| job.read("session", &json!({})))?;
    job.read("me", &json!({}))?;
    Ok(job.finished(&[]))
});

#[test]
fn an_own_session_leaves_the_shared_token_alone() {
    let script = MockTransport::default().token("shared").json(200, "{}");
    let script = script.token("own").json(200, "{}").json(200, "{}").response(204, &[], b"").json(200, "{}");
    let mut engine = Engine::new(script);
    engine.invoke(AUTH, Call::new("me", "{}")).unwrap();
    invoke(&mut engine, &OWN_SESSION, "{}").unwrap();
    let seen: Vec<(&str, &str)> = engine.platform.sent[2..]
        .iter()
        .map(|sent| {
            let token = sent.headers.get("authorization").unwrap_or_default();
            (sent.line.split_once("/api/4.0").unwrap().1, token)
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("/login", ""),
            ("/session", "token own"),
            ("/session", "token own"),
            ("/logout", "token own"),
            ("/user", "token shared"),
        ]
    );
    assert_eq!(engine.platform.sent[3].body.as_deref(), Some(r#"{"workspace_id":"dev"}"#));
}

#[test]
fn an_own_session_needs_a_secret_and_says_so_before_anything_is_sent() {
    let mut engine = Engine::new(MockTransport::default());
    let auth = engine.auth(TOKEN_AUTH).unwrap();
    let failure = engine.invoke_job(&OWN_SESSION, auth, call("{}", None)).unwrap_err();
    assert_eq!((failure.problem().reason, failure.problem().request_sent), (Reason::InvalidAuth, false));
    assert!(matches!(failure, Failure::Permanent(_)));
}

static PASSES_ON: Definition = job(|job| {
    job.resume_with("task", "7");
    job.pass_on("run_query", &json!({ "query_id": "1", "result_format": "csv" }))
});

#[test]
fn an_output_is_passed_on_unchanged_also_as_a_stream() {
    let csv = [("content-type", "text/csv")];
    let script = || MockTransport::default().token("t").response(200, &csv, b"a\n1.10\n");
    let mut engine = Engine::new(script());
    assert_eq!(invoke(&mut engine, &PASSES_ON, "{}").unwrap().body, OutputBody::Text("a\n1.10\n".into()));
    let mut engine = Engine::new(script());
    let auth = engine.auth(AUTH).unwrap();
    let mut stream = engine.open_job(&PASSES_ON, auth, call("{}", None)).unwrap();
    assert_eq!(stream.media_type(), "text/csv");
    assert_eq!(engine.read(&mut stream, 100).unwrap(), b"a\n1.10\n");
    // A stream that breaks off goes on by resume.
    let mut engine = Engine::new(MockTransport::default().token("t").broken_body("[1,2"));
    let auth = engine.auth(AUTH).unwrap();
    let mut stream = engine.open_job(&PASSES_ON_JSON, auth, call("{}", None)).unwrap();
    assert_eq!(engine.read(&mut stream, 100).unwrap(), b"[1,2");
    let failure = engine.read(&mut stream, 100).unwrap_err();
    assert_eq!(failure.problem().resume.as_deref(), Some(r#"{"task":"7"}"#));
}

static PASSES_ON_JSON: Definition = job(|job| {
    job.resume_with("task", "7");
    job.pass_on("run_query", &json!({ "query_id": "1", "result_format": "json" }))
});

struct Pages(u32);

impl Rows for Pages {
    fn next(&mut self, job: &mut Job) -> Result<Option<String>> {
        job.resume_with("task", self.0.to_string());
        if self.0 == 2 {
            return Ok(None);
        }
        let line = job.read_text("user", &json!({ "user_id": self.0 }))?;
        self.0 += 1;
        Ok(Some(line + "\n"))
    }
}

static LINES: Definition = job(|_| Ok(Outcome::Rows("application/x-ndjson", Box::new(Pages(0)))));

#[test]
fn a_job_makes_its_stream_while_it_is_read() {
    let script = MockTransport::default().token("t").json(200, r#"{"n":1.10}"#).json(200, r#"{"n":2}"#);
    let mut engine = Engine::new(script);
    let auth = engine.auth(AUTH).unwrap();
    let mut stream = engine.open_job(&LINES, auth, call("{}", None)).unwrap();
    assert_eq!((stream.media_type(), stream.size(), engine.platform.sent.len()), ("application/x-ndjson", None, 0));
    assert_eq!(engine.read(&mut stream, 4).unwrap(), br#"{"n""#);
    assert_eq!(engine.platform.sent.len(), 2);
    let mut read = Vec::new();
    loop {
        match engine.read(&mut stream, 100).unwrap() {
            piece if piece.is_empty() => break,
            piece => read.extend(piece),
        }
    }
    assert_eq!(String::from_utf8(read).unwrap(), ":1.10}\n{\"n\":2}\n");
    // A failure in the middle ends the stream on a whole line and goes on by resume.
    let script = MockTransport::default().token("t").json(200, r#"{"n":1}"#).json(500, "{}");
    let mut engine = Engine::new(script);
    let auth = engine.auth(AUTH).unwrap();
    let mut stream = engine.open_job(&LINES, auth, call("{}", Some(Duration::ZERO))).unwrap();
    assert_eq!(engine.read(&mut stream, 100).unwrap(), b"{\"n\":1}\n");
    let failure = engine.read(&mut stream, 100).unwrap_err();
    assert!(failure.problem().resume.as_deref().unwrap().contains(r#""task":"1""#), "{failure:?}");
    assert!(engine.read(&mut stream, 100).unwrap().is_empty());
    // Read as a whole, it is a text.
    let script = MockTransport::default().token("t").json(200, "1").json(200, "2");
    assert_eq!(invoke(&mut Engine::new(script), &LINES, "{}").unwrap().body, OutputBody::Text("1\n2\n".into()));
}

#[test]
fn passwords_in_an_input_are_never_shown() {
    let script = MockTransport::default().token("t").json(422, r#"{"message": "hunter2hunter2 is bad"}"#);
    let failure = invoke(&mut Engine::new(script), &TWO_STEPS, r#"{"secret": "hunter2hunter2"}"#).unwrap_err();
    assert!(!format!("{failure:?}").contains("hunter2"), "{failure:?}");
}

#[test]
fn a_job_is_called_by_its_name() {
    let mut engine = Engine::new(MockTransport::default());
    let problem = engine.invoke(AUTH, Call::new("reassign_schedule", "{}")).unwrap_err().problem().clone();
    assert!(problem.message.contains("Did you mean reassign_schedules"), "{}", problem.message);
    let problem = engine.invoke(AUTH, Call::new("reassign_schedules", r#"{"form": 1}"#)).unwrap_err().problem().clone();
    assert_eq!((problem.reason, problem.request_sent), (Reason::InvalidInput, false));
    let fields: Vec<&str> = problem.fields.iter().filter_map(|field| field.field.as_deref()).collect();
    assert_eq!(fields, ["form", "to", "from"]);
    let problem = engine.open(AUTH, Call::new("reassign_schedules", "{}")).unwrap_err().problem().clone();
    assert_eq!(problem.reason, Reason::InvalidInput);
}
