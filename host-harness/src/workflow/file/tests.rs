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
            message.starts_with("line 5, step `a`, `input.x[0]`: ") && message.contains("quotation marks"),
            "{message}"
        );
    }
}

#[test]
fn what_is_wrong_with_the_yaml_is_told_with_its_line() {
    for (yaml, line, words) in [
        (
            "name: n\nsteps:\n  - id: a\n    operation: o\n    inputs: {}\n",
            5,
            &["`inputs`", "did you mean `input`?"][..],
        ),
        ("name: n\nsteps:\n  - id: a\n", 3, &["`operation` is missing"]),
        ("name: n\ntrigger: daily\nsteps:\n  - id: a\n    operation: o\n", 2, &["`manual`"]),
        ("name: n\nsteps:\n  - id: a\n    operation: o\n    operation: p\n", 5, &["operation"]),
        ("name: n\nsteps:\n  - id: a\n    operation: o\n    input: { x: .inf }\n", 5, &["float"]),
        ("name: n\nsteps:\n  - id: a\n    operation: o\n    input: [1]\n", 5, &["has to be an object; this is a list"]),
        ("name: n\nsteps:\n  - id: a\n    operation: [\n", 4, &["unclosed bracket"]),
        ("- a\n", 1, &["a workflow has to be an object"]),
        ("name: 5\nsteps:\n  - id: a\n    operation: o\n", 1, &["`name` has to be text; this is a number"]),
        ("name: n\nsteps: {}\n", 2, &["has to be a list"]),
    ] {
        let message = error(yaml);
        assert!(message.starts_with(&format!("line {line}")), "{yaml}: {message}");
        assert!(words.iter().all(|word| message.contains(word)), "{yaml}: {message}");
    }
}

#[test]
fn every_key_of_a_step_is_read() {
    let workflow = Workflow::parse(
        "name: n\ninputs:\n  people: { type: array }\n  dry:\nsteps:\n  - id: each\n    for_each: \"$.inputs.people\"\n    at_once: 8\n    \
         if: \"$.item.active\"\n    operation: o\n    input: { email: \"$.item.email\", at: \"$.index\" }\n    retry: { attempts: 5 }\n    auth: \
         production\n  - id: other\n    for_each: [1, 2]\n    operation: o\n    if: false\n",
    )
    .unwrap();
    let step = &workflow.steps[0];
    assert_eq!(step.for_each, Some(json!("$.inputs.people")));
    assert_eq!((step.at_once, step.attempts, step.auth.as_deref()), (8, 5, Some("production")));
    assert_eq!(step.condition, Some(json!("$.item.active")));
    let other = &workflow.steps[1];
    assert_eq!((other.at_once, other.attempts, &other.auth), (1, 1, &None));
    assert_eq!((&other.for_each, &other.condition), (&Some(json!([1, 2])), &Some(json!(false))));
    let inputs: Vec<_> = workflow.inputs.iter().map(|input| (input.name.as_str(), input.schema.clone())).collect();
    assert_eq!(inputs, [("people", json!({"type": "array"})), ("dry", json!({}))]);
}

#[test]
fn bad_for_each_if_and_retry_are_told_with_what_would_be_right() {
    let with = |keys: &str| error(&format!("name: n\nsteps:\n  - id: a\n    operation: o\n    {keys}\n"));
    for (keys, expected) in [
        (
            "for_each: 5",
            "line 5, step `a`, `for_each`: `for_each` has to be a list, or a reference that gives one, such as `$.inputs.people`; this is a number",
        ),
        ("for_each: people", "this is text"),
        ("for_each: \"$.item.x\"", "`for_each` itself cannot know"),
        ("at_once: 4", "`at_once` is for steps with `for_each`"),
        ("if: \"yes\"", "`if` has to be true, false, or a reference"),
        ("if: 1", "this is a number"),
        ("retry: 5", "`retry` has to be an object with `attempts`; this is a number"),
        ("retry: {}", "`attempts` is missing"),
        ("retry: { attempts: 0 }", "`attempts` has to be a whole number from 1 to 100; this is `0`"),
        ("retry: { attempt: 3 }", "did you mean `attempts`?"),
        ("auth: \"\"", "`auth` is empty"),
        ("input: { a: \"$.item.b\" }", "which this step does not have; add `for_each`"),
        ("input: { a: \"$.index\" }", "which this step does not have; add `for_each`"),
        ("input: { a: \"$.inputs.people\" }", "the workflow declares none; add it to `inputs`"),
    ] {
        let message = with(keys);
        assert!(message.contains(expected), "{keys}: {message}");
    }
    let at_once = with("for_each: []\n    at_once: 65");
    assert!(
        at_once.contains("line 6, step `a`, `at_once`: `at_once` has to be a whole number from 1 to 64"),
        "{at_once}"
    );
    let misspelt = error(
        "name: n\ninputs:\n  people: {}\nsteps:\n  - id: a\n    operation: o\n    input: { a: \"$.inputs.peple\" }\n",
    );
    assert!(misspelt.contains("which `inputs` does not declare; did you mean `people`?"), "{misspelt}");
}

#[test]
fn inputs_are_json_schemas() {
    let with = |schema: &str| error(&format!("name: n\ninputs:\n  x: {schema}\nsteps:\n  - id: a\n    operation: o\n"));
    for (schema, expected) in [
        ("text", "line 3, `inputs.x`: this has to be a JSON Schema, such as `{ type: string }`"),
        ("{ type: txt }", "this is not a valid JSON Schema: `type`"),
        (
            "{ type: integer, default: many }",
            "the default does not match the schema: `default` has to be a whole number; this is text",
        ),
        ("{ $ref: \"https://example.com/schema\" }", "this is not a valid JSON Schema"),
    ] {
        let message = with(schema);
        assert!(message.contains(expected), "{schema}: {message}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let message = error(
        "name: n\nsteps:\n  - id: a\n    operation: o\n    inptu: {}\n  - id: a\n    input: { x: \"$.steps.b.id\" }\n  - id: b\n    operation: \
         o\n    retry: 3\n",
    );
    let lines: Vec<&str> = message.lines().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(
        lines,
        [
            "line 5, step `a`",
            "line 6, step `a`, `operation`",
            "line 6, step `a`, `id`",
            "line 7, step `a`, `input.x`",
            "line 10, step `b`, `retry`"
        ],
        "{message}"
    );
}

#[test]
fn steps_must_be_there_and_have_names_of_their_own() {
    assert!(error("name: n\nsteps: []\n").starts_with("line 2, `steps`: there is no step"));
    let twice = error("name: n\nsteps:\n  - id: a\n    operation: o\n  - id: a\n    operation: p\n");
    assert!(twice.starts_with("line 5, step `a`, `id`: another step already has this `id`"), "{twice}");
    assert!(error("name: n\nsteps:\n  - id: ''\n    operation: o\n").contains("`id` is empty"));
    let empty = error("name: n\nsteps:\n  - id: a\n    operation: ''\n");
    assert!(empty.starts_with("line 4, step `a`, `operation`: `operation` is empty"), "{empty}");
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
        "line 7, step `second`, `input.a.b[0]`: `$.steps.nowhere.id` refers to step `nowhere`, which does not exist; steps \
         before this one: `first`"
    );
    assert!(with("$.steps.third.id").contains("runs later"));
    assert!(with("$.steps.second.id").contains("this very step"));
    assert!(with("$.first.id").contains("does not refer to a step or an input"));
    assert!(with("$.steps").contains("does not refer to a step or an input"));
    assert!(with("$.steps.first[").contains("is not a valid JSONPath"));
}

#[test]
fn a_file_is_limited_in_size_and_steps() {
    let steps = |count: usize| (0..count).map(|id| format!("  - {{ id: s{id}, operation: o }}\n")).collect::<String>();
    assert!(Workflow::parse(&format!("name: n\nsteps:\n{}", steps(STEPS))).is_ok());
    let many = error(&format!("name: n\nsteps:\n{}", steps(STEPS + 1)));
    assert!(many.contains("1001 steps, more than 1000") && many.contains("for_each"), "{many}");
    let large = error(&format!("name: n\n{}", "#".repeat(FILE_BYTES)));
    assert!(large.starts_with("line 1: the file has") && large.contains("--set"), "{large}");
}
