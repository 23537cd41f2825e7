use super::*;
use serde_json::json;

fn error(yaml: &str) -> String {
    Workflow::parse(yaml).unwrap_err().to_string()
}

#[test]
fn a_workflow_is_read_with_its_steps_in_order() {
    let workflow = Workflow::parse(
        "name: Add a user\ntrigger: manual\nsteps:\n  - id: looker-1\n    operation: all_users\n  - id: looker-2\n    \
         operation: user\n    input: { user_id: \"$.steps.looker-1[0].id\", tags: [a, 1, true, null] }\n",
    )
    .unwrap();
    assert_eq!(workflow.name, "Add a user");
    assert_eq!(workflow.steps.len(), 2);
    assert_eq!(workflow.steps[0].input, Map::new());
    assert_eq!(
        Value::Object(workflow.steps[1].input.clone()),
        json!({"user_id": "$.steps.looker-1[0].id", "tags": ["a", 1, true, null]})
    );
}

#[test]
fn texts_that_other_yaml_parsers_misread_stay_texts_and_numbers_keep_their_value() {
    let workflow = Workflow::parse(
        "name: n\nsteps:\n  - id: a\n    operation: o\n    input:\n      country: no\n      switch: on\n      code: 007\n      \
         large: 18446744073709551615\n      negative: -9223372036854775808\n      date: 2026-11-24\n",
    )
    .unwrap();
    let input = Value::Object(workflow.steps[0].input.clone());
    assert_eq!(
        input.to_string(),
        r#"{"country":"no","switch":"on","code":"007","large":18446744073709551615,"negative":-9223372036854775808,"date":"2026-11-24"}"#
    );
}

#[test]
fn a_number_that_would_lose_digits_is_refused() {
    for number in ["123456789012345678901234567890", "-1e300", "18446744073709551616"] {
        let message = error(&format!("name: n\nsteps:\n  - id: a\n    operation: o\n    input: {{ x: [{number}] }}\n"));
        assert!(
            message.starts_with("line 3, step `a`, `input.x[0]`: ") && message.contains("quotation marks"),
            "{message}"
        );
    }
}

#[test]
fn what_is_wrong_with_the_yaml_is_told_with_its_line() {
    let unknown = error("name: n\nsteps:\n  - id: a\n    operation: o\n    inputs: {}\n");
    assert!(unknown.contains("inputs") && unknown.contains('5'), "{unknown}");
    let missing = error("name: n\nsteps:\n  - id: a\n");
    assert!(missing.contains("operation") && missing.contains('3'), "{missing}");
    let trigger = error("name: n\ntrigger: daily\nsteps:\n  - id: a\n    operation: o\n");
    assert!(trigger.contains("daily") && trigger.contains("manual"), "{trigger}");
    let twice = error("name: n\nsteps:\n  - id: a\n    operation: o\n    operation: p\n");
    assert!(twice.contains("operation") && twice.contains('5'), "{twice}");
    let infinite = error("name: n\nsteps:\n  - id: a\n    operation: o\n    input: { x: .inf }\n");
    assert!(infinite.contains('5'), "{infinite}");
    let list = error("name: n\nsteps:\n  - id: a\n    operation: o\n    input: [1]\n");
    assert!(list.contains('5'), "{list}");
}

#[test]
fn steps_must_be_there_and_have_names_of_their_own() {
    assert!(error("name: n\nsteps: []\n").starts_with("line 2, `steps`: there is no step"));
    let twice = error("name: n\nsteps:\n  - id: a\n    operation: o\n  - id: a\n    operation: p\n");
    assert!(twice.starts_with("line 5, step `a`: another step already has this `id`"), "{twice}");
    assert!(error("name: n\nsteps:\n  - id: ''\n    operation: o\n").contains("`id` is empty"));
    assert!(
        error("name: n\nsteps:\n  - id: a\n    operation: ''\n").starts_with("line 4, step `a`: `operation` is empty")
    );
}

#[test]
fn references_to_what_cannot_be_there_are_found_before_anything_runs() {
    let with = |reference: &str| {
        error(&format!(
            "name: n\nsteps:\n  - id: first\n    operation: o\n  - id: second\n    operation: o\n    input: {{ a: {{ b: \
             [\"{reference}\"] }} }}\n  - id: third\n    operation: o\n"
        ))
    };
    assert_eq!(
        with("$.steps.nowhere.id"),
        "line 5, step `second`, `input.a.b[0]`: `$.steps.nowhere.id` refers to step `nowhere`, which does not exist; steps \
         before this one: `first`"
    );
    assert!(with("$.steps.third.id").contains("runs later"));
    assert!(with("$.steps.second.id").contains("this very step"));
    assert!(with("$.first.id").contains("does not refer to a step"));
    assert!(with("$.steps").contains("does not refer to a step"));
    assert!(with("$.steps.first[").contains("is not a valid JSONPath"));
}
