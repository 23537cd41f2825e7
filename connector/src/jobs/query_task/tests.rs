use crate::failure::Reason;
use crate::jobs::fixture::{Trial, json, permanent, resume, retryable};
use crate::mock_transport::MockTransport;
use crate::response::OutputBody;
use crate::transport::TransportErrorKind;
use serde_json::json;
use std::time::Duration;

const JOB: &str = "run_query_and_wait";
const RESULT: &str = r#"[{"orders.count":1.10}]"#;
const CREATE: &str = "POST /query_tasks";

fn status(looker: MockTransport, status: &str) -> MockTransport {
    looker.json(200, &format!(r#"{{"status":"{status}"}}"#))
}

/// No task of the query runs, and one is started.
fn started(looker: MockTransport) -> MockTransport {
    looker.json(200, "[]").json(200, r#"{"id":"t1"}"#)
}

#[test]
fn the_task_is_followed_to_its_result() {
    let mut trial = Trial::new(JOB, |looker| {
        let looker = status(status(status(started(looker), "added"), "running"), "complete");
        looker.response(200, &[("content-type", "text/csv")], b"a,b\n1,2\n")
    });
    let output = trial.call(json!({"query_id": 5, "result_format": "csv", "cache": false})).unwrap();
    assert_eq!(output.body, OutputBody::Text("a,b\n1,2\n".into()));
    let polls = "GET /query_tasks/t1?fields=status";
    let expected =
        ["GET /running_queries", "POST /query_tasks?cache=false", polls, polls, polls, "GET /query_tasks/t1/results"];
    assert_eq!(trial.lines(), expected);
    assert_eq!(trial.body(CREATE), json!({"query_id": "5", "result_format": "csv"}));
    assert_eq!(trial.engine.platform().waits, [Duration::from_secs(1), Duration::from_millis(1500)]);
}

#[test]
fn a_new_query_is_stored_with_its_limit_as_text() {
    let mut trial =
        Trial::new(JOB, |looker| status(started(looker.json(200, r#"{"id":7}"#)), "complete").json(200, RESULT));
    let input = json!({"model": "m", "explore": "e", "fields": ["e.a"], "filters": {"e.b": "x"}, "limit": -1});
    assert_eq!(trial.call(input).unwrap().body, OutputBody::Json(RESULT.into()));
    let query = json!({"model": "m", "view": "e", "fields": ["e.a"], "filters": {"e.b": "x"}, "limit": "-1"});
    assert_eq!(trial.body("POST /queries"), query);
    assert_eq!(trial.body(CREATE), json!({"query_id": "7", "result_format": "json"}));
}

#[test]
fn the_query_of_a_look_runs_on_its_behalf() {
    let mut trial = Trial::new(JOB, |looker| {
        let looker = looker.json(200, r#"{"id":"3","query_id":9}"#).json(200, r#"{"id":"t1"}"#);
        status(looker, "complete").json(200, RESULT)
    });
    trial.call(json!({"look_id": "3", "limit": "10"})).unwrap();
    // Looker does not tell the limit of what runs, so that nothing can be taken up.
    assert_eq!(trial.count("GET /running_queries"), 0);
    assert_eq!(trial.body(CREATE), json!({"query_id": "9", "result_format": "json", "look_id": "3"}));
    assert!(trial.lines()[1].contains("limit=10"), "{:?}", trial.lines());
    let missing = permanent(Trial::new(JOB, |looker| looker.json(404, "{}")).call(json!({"look_id": "3"})));
    assert_eq!((missing.reason, missing.fields[0].field.as_deref()), (Reason::NotFound, Some("look_id")));
}

#[test]
fn without_time_to_wait_it_goes_on_by_resume_with_the_same_task() {
    let mut trial = Trial::new(JOB, |looker| {
        status(status(status(started(looker), "added"), "running"), "complete").json(200, RESULT)
    });
    let first = retryable(trial.call_once(json!({"query_id": "5"})));
    assert_eq!((first.reason, first.retry_after), (Reason::Timeout, Some(Duration::from_secs(1))));
    assert!(first.message.contains("done before: create_query_task (t1)"), "{}", first.message);
    let again = resume(&first);
    assert_eq!((&again["query_id"], &again["query_task_id"]), (&json!("5"), &json!("t1")));
    let second = retryable(trial.call_once(again));
    assert_eq!(json(trial.call_once(resume(&second)))[0]["orders.count"].as_f64(), Some(1.1));
    assert_eq!(trial.count(CREATE), 1);
    trial.is_used_up();
}

#[test]
fn a_task_can_be_shown_as_expired_while_it_runs() {
    let mut trial = Trial::new(JOB, |looker| {
        let looker = ["added", "expired", "expired", "running", "complete"].into_iter().fold(started(looker), status);
        looker.json(200, RESULT)
    });
    trial.call(json!({"query_id": "5"})).unwrap();
    assert_eq!(trial.count(CREATE), 1);
}

#[test]
fn a_task_that_stays_expired_for_five_minutes_is_replaced_once() {
    // 1 s, 1.5 s and so on up to 15 s make five minutes by the 26th look.
    let expired = |looker| (0..26).fold(looker, |looker, _| status(looker, "expired"));
    let mut trial = Trial::new(JOB, |looker| status(started(expired(started(looker))), "complete").json(200, RESULT));
    trial.call(json!({"query_id": "5"})).unwrap();
    assert_eq!(trial.count(CREATE), 2);
    let waited = trial.engine.platform().waited();
    assert!(waited >= Duration::from_secs(300) && waited < Duration::from_secs(330), "{waited:?}");
    // The time since then is kept from call to call.
    let mut trial = Trial::new(JOB, |looker| status(started(looker), "expired"));
    let early = retryable(trial.call_once(json!({"query_id": "5"})));
    let since = resume(&early)["expired_since"].as_u64().unwrap();
    let mut later = resume(&early);
    later["expired_since"] = json!(since - 300);
    later["restarted"] = json!(true);
    let lost = permanent(Trial::new(JOB, |looker| status(looker, "expired")).call(later));
    assert!(lost.message.contains("twice"), "{}", lost.message);
}

#[test]
fn a_lost_result_is_made_again_once() {
    let lost = |looker| status(started(looker), "complete").json(404, "{}");
    let mut trial = Trial::new(JOB, |looker| status(started(lost(looker)), "complete").json(200, RESULT));
    trial.call(json!({"query_id": "5"})).unwrap();
    assert_eq!(trial.count(CREATE), 2);
    let twice = permanent(Trial::new(JOB, |looker| lost(lost(looker))).call(json!({"query_id": "5"})));
    assert_eq!(twice.reason, Reason::RemoteError);
    // A task that is gone, without the query.
    let gone = permanent(Trial::new(JOB, |looker| looker.json(404, "{}")).call(json!({"query_task_id": "t"})));
    assert_eq!((gone.reason, gone.fields[0].field.as_deref()), (Reason::NotFound, Some("query_task_id")));
}

#[test]
fn a_task_whose_creation_was_not_answered_is_found() {
    let running = r#"[{"query_task_id":"t2","query_id":"5","user":{"id":"1"}},
        {"query_task_id":"t3","query_id":"5","user":{"id":"2"}}, {"query_task_id":"t4","query_id":"6","user":{"id":"1"}}]"#;
    let found = |looker: MockTransport, format: &str| {
        let task = format!(r#"{{"id":"t2","status":"running","result_format":"{format}"}}"#);
        looker.json(200, running).json(200, r#"{"id":1}"#).json(200, &task)
    };
    let mut trial = Trial::new(JOB, |looker| {
        let looker = looker.json(200, "[]").error(TransportErrorKind::Broken);
        status(found(looker, "json"), "complete").json(200, RESULT)
    });
    trial.call_once(json!({"query_id": "5"})).unwrap();
    assert_eq!(trial.count(CREATE), 1);
    assert!(trial.lines().last().unwrap().ends_with("/query_tasks/t2/results"));
    // The same by a second call.
    let mut trial = Trial::new(JOB, |looker| status(found(looker, "json"), "complete").json(200, RESULT));
    trial.call(json!({"query_id": "5"})).unwrap();
    assert_eq!(trial.count(CREATE), 0);
    // Another format is another result.
    let mut trial = Trial::new(JOB, |looker| {
        status(found(looker, "csv").json(200, r#"{"id":"t9"}"#), "complete").json(200, RESULT)
    });
    trial.call(json!({"query_id": "5"})).unwrap();
    assert_eq!(trial.count(CREATE), 1);
}

#[test]
fn a_creation_whose_outcome_is_unknown_is_not_repeated_in_the_call() {
    for kind in [TransportErrorKind::Broken, TransportErrorKind::Timeout] {
        let mut trial = Trial::new(JOB, |looker| looker.json(200, "[]").error(kind).json(200, "[]"));
        let lost = retryable(trial.call(json!({"query_id": "5"})));
        assert!(lost.message.contains("create_query_task"), "{}", lost.message);
        assert_eq!(trial.count(CREATE), 1);
    }
}

#[test]
fn whoever_may_not_see_what_runs_can_still_run_a_query() {
    for code in [403, 404] {
        let mut trial = Trial::new(JOB, |looker| {
            status(looker.json(code, "{}").json(200, r#"{"id":"t1"}"#), "complete").json(200, RESULT)
        });
        trial.call(json!({"query_id": "5"})).unwrap();
    }
}

#[test]
fn a_failed_query_gives_looker_s_reason() {
    let input = json!({"query_id": "5"});
    let failed = |looker| status(started(looker), "error");
    let refused =
        Trial::new(JOB, |looker| failed(looker).json(400, r#"{"message":"no column a"}"#)).call(input.clone());
    let problem = permanent(refused);
    assert!(problem.reason == Reason::Rejected && problem.message.contains("no column a"), "{}", problem.message);
    let row = r#"[{"looker_error":"no column b"}]"#;
    let problem = permanent(Trial::new(JOB, |looker| failed(looker).json(200, row)).call(input.clone()));
    assert!(problem.message.contains("no column b"), "{}", problem.message);
    let problem = permanent(Trial::new(JOB, |looker| failed(looker).json(404, "{}")).call(input.clone()));
    assert!(problem.message.contains("gives no reason"), "{}", problem.message);
    // A failure within a success.
    let problem =
        permanent(Trial::new(JOB, |looker| status(started(looker), "complete").json(200, row)).call(input.clone()));
    assert!(problem.message.contains("no column b"), "{}", problem.message);
    let problem = permanent(Trial::new(JOB, |looker| status(started(looker), "killed")).call(input));
    assert!(problem.message.contains("canceled"), "{}", problem.message);
}

#[test]
fn a_query_that_runs_for_too_long_is_canceled_if_asked() {
    let input = json!({"query_id": "5", "on_timeout": "cancel"});
    let running = |looker| status(started(looker), "running");
    let mut trial = Trial::new(JOB, |looker| running(looker).response(204, &[], b""));
    let canceled = permanent(trial.call_once(input.clone()));
    assert_eq!((canceled.reason, canceled.resume), (Reason::Timeout, None));
    assert_eq!(trial.count("DELETE /running_queries/t1"), 1);
    // It had ended in the meantime.
    let mut trial = Trial::new(JOB, |looker| running(looker).json(404, "{}").json(200, RESULT));
    trial.call_once(input).unwrap();
}

#[test]
fn a_result_that_is_not_ready_is_waited_for() {
    let mut trial =
        Trial::new(JOB, |looker| status(started(looker), "complete").response(202, &[], b"").json(200, RESULT));
    trial.call(json!({"query_id": "5"})).unwrap();
    let mut trial = Trial::new(JOB, |looker| status(started(looker), "complete").response(202, &[], b""));
    let waiting = retryable(trial.call_once(json!({"query_id": "5"})));
    assert_eq!(resume(&waiting)["query_task_id"], "t1");
}

#[test]
fn a_broken_stream_goes_on_with_the_same_task() {
    let mut trial = Trial::new(JOB, |looker| {
        let looker = status(started(looker), "complete").broken_body(r#"[{"a":1},"#);
        status(looker, "complete").json(200, RESULT)
    });
    let (pieces, end) = trial.stream(json!({"query_id": "5"}));
    let again = resume(&retryable(end));
    assert_eq!((pieces.concat().as_str(), &again["query_task_id"]), (r#"[{"a":1},"#, &json!("t1")));
    let (pieces, end) = trial.stream(again);
    assert!(end.is_ok() && pieces.concat() == RESULT);
    assert_eq!(trial.count(CREATE), 1);
}

#[test]
fn inputs_that_do_not_go_together_are_named() {
    for (input, fields) in [
        (json!({}), &["query_id"][..]),
        (json!({"query_id": "1", "look_id": "2"}), &["look_id"]),
        (json!({"look_id": "2", "filters": {"a.b": "c"}, "model": "m"}), &["model", "filters"]),
        (json!({"model": "m", "explore": "e"}), &["query_id"]),
        (json!({"query_id": "1", "result_format": "png"}), &["result_format"]),
        (json!({"query_id": "1", "limit": -2}), &["limit"]),
    ] {
        let mut trial = Trial::new(JOB, |looker| looker);
        let problem = permanent(trial.call(input.clone()));
        let named: Vec<_> = problem.fields.iter().filter_map(|field| field.field.as_deref()).collect();
        assert_eq!((problem.reason, named.as_slice()), (Reason::InvalidInput, fields), "{input}");
        assert!(trial.lines().is_empty() && !problem.request_sent);
    }
}
