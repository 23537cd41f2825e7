use super::*;
use crate::workflow::descriptions::Description;
use connector_host::{Effect, OperationSummary, Stability};

fn description(name: &str, input: Value, output: Value, media_types: &[&str]) -> Description {
    let summary = OperationSummary {
        name: name.to_owned(),
        title: name.to_owned(),
        group: "Test".to_owned(),
        description: String::new(),
        effect: Effect::Write,
        idempotent: false,
        stability: Stability::Stable,
    };
    let media_types = media_types.iter().map(|one| (*one).to_owned()).collect();
    Description { summary, input_schema: input, output_schema: output, media_types }
}

fn descriptions() -> Descriptions {
    let json = &["application/json"][..];
    let user = json!({"$ref": "#/$defs/User", "$defs": {"User": {"type": "object", "properties": {
        "id": {"type": "string"},
        "email": {"type": ["string", "null"]},
        "is_disabled": {"type": "boolean"},
        "roles": {"type": "array", "items": {"type": "string"}},
        "credentials": {"anyOf": [{"$ref": "#/$defs/Credentials"}, {"type": "null"}]},
        "tags": {"type": "object", "additionalProperties": {"type": "string"}},
    }}, "Credentials": {"type": "object", "properties": {"email": {"type": "string"}}}}});
    let users = json!({"type": "array", "items": {"$ref": "#/$defs/User"}, "$defs": user["$defs"].clone()});
    let create = json!({"type": "object", "additionalProperties": true, "required": ["last_name"], "properties": {
        "first_name": {"type": "string"}, "last_name": {"type": "string"}, "locale": {"type": "string", "enum": ["en", "de"]},
        "credentials": {"type": "object", "properties": {"email": {"type": "string"}}},
    }});
    let get = json!({"type": "object", "additionalProperties": false, "required": ["user_id"], "properties": {
        "user_id": {"type": "string"}, "limit": {"type": "integer"}, "all": {"type": "boolean"},
        "role_ids": {"type": "array", "items": {"type": "integer"}},
    }});
    let none = json!({"type": "object", "additionalProperties": false, "properties": {}});
    Descriptions::of([
        description("user", get, user.clone(), json),
        description("users", none.clone(), users, json),
        description("create_user", create, user, json),
        description("render", none.clone(), json!({"type": "string"}), &["image/png"]),
        description("logout", none.clone(), json!({"type": "null"}), &[]),
        description("anything", none, json!({}), json),
    ])
}

/// The problems of a workflow with two steps: `a` and the one that is given.
fn problems(first: &str, step: &str) -> Vec<String> {
    let yaml = format!(
        "name: n\ninputs:\n  people:\n    type: array\n    items: {{ type: object, properties: {{ email: {{ type: string }}, active: {{ \
         type: boolean }}, n: {{ type: integer }} }} }}\n  note: {{}}\nsteps:\n  - {{ id: a, operation: {first} }}\n  - id: b\n{step}"
    );
    check_text(&yaml, &descriptions()).iter().map(ToString::to_string).collect()
}

#[test]
fn a_right_workflow_has_no_problem() {
    for (first, step) in [
        (
            "users",
            "    operation: user\n    input: { user_id: \"$.steps.a[0].id\", limit: \"5\", all: \"true\", role_ids: [1, \"2\"] }\n",
        ),
        (
            "users",
            "    operation: user\n    input: { user_id: 5 }\n    for_each: \"$.steps.a\"\n    if: \"$.item.is_disabled\"\n",
        ),
        (
            "users",
            "    operation: user\n    for_each: \"$.steps.a[?@.is_disabled == true].id\"\n    input: { user_id: \"$.item\" }\n",
        ),
        (
            "users",
            "    operation: create_user\n    for_each: \"$.inputs.people\"\n    if: \"$.item.active\"\n    input: { last_name: \"$.item.email\", first_name: \"$.index\", undocumented: 1 }\n",
        ),
        (
            "user, input: { user_id: 1 }",
            "    operation: create_user\n    input: { last_name: \"$.steps.a.credentials.email\", first_name: \"$.steps.a.tags.anything\", locale: \"de\" }\n",
        ),
        ("render", "    operation: create_user\n    input: { last_name: \"$.steps.a.base64\" }\n"),
        ("anything", "    operation: create_user\n    input: { last_name: \"$.steps.a.what[3].ever\" }\n"),
        ("users", "    operation: create_user\n    input: { last_name: \"$.inputs.note.x\", first_name: null }\n"),
        (
            "user, for_each: [1], input: { user_id: \"$.item\" }",
            "    operation: create_user\n    input: { last_name: \"$.steps.a[0].id\" }\n",
        ),
    ] {
        assert_eq!(problems(first, step), [""; 0], "{first} {step}");
    }
}

#[test]
fn each_kind_of_mistake_is_told_with_what_was_meant() {
    let get = |input: &str| format!("    operation: user\n    input: {{ {input} }}\n");
    let find = |reference: &str| get(&format!("user_id: \"{reference}\""));
    for (first, step, expected) in [
        ("usrs", get("user_id: 1"), "line 8, step `a`, `operation`: there is no operation `usrs`; did you mean `users`?"),
        ("users", "    operation: frobnicate_all\n".to_owned(), "line 10, step `b`, `operation`: there is no operation `frobnicate_all`; there is `anything`"),
        ("users", "    operation: user\n".to_owned(), "step `b`, `input`: `user` needs the input `user_id`"),
        ("users", get("user_ids: 1"), "line 11, step `b`, `input.user_ids`: `user` has no input `user_ids`; did you mean `user_id`?"),
        ("users", get("user_id: null"), "`input.user_id`: `user` needs a value for `user_id`; this is null"),
        ("users", get("user_id: 1, role_ids: { a: 1 }"), "`input.role_ids`: this has to be a list; an object is not"),
        ("users", get("user_id: 1, role_ids: [x]"), "`input.role_ids[0]`: this has to be a whole number; `x` is not"),
        ("users", get("user_id: 1, limit: many"), "`input.limit`: this has to be a whole number; `many` is not"),
        ("users", get("user_id: 1, limit: 1.5"), "`input.limit`: this has to be a whole number; `1.5` is not"),
        ("users", get("user_id: 1, all: 1"), "`input.all`: this has to be true or false; `1` is not"),
        ("users", get("user_id: { a: 1 }"), "`input.user_id`: this has to be text; an object is not"),
        ("users", "    operation: users\n    input: { limit: 1 }\n".to_owned(), "`input.limit`: `users` has no input `limit`; it takes none"),
        ("users", "    operation: create_user\n    input: { lastname: x }\n".to_owned(), "`create_user` has no input `lastname`; did you mean `last_name`?"),
        ("users", "    operation: create_user\n    input: { last_name: x, locale: fr }\n".to_owned(), "`fr` is not one of the values that this can have; there is `en`, `de`"),
        ("users", "    operation: create_user\n    input: { last_name: x, credentials: { emial: y } }\n".to_owned(), "`input.credentials.emial`: there is no `emial` here; did you mean `email`?"),
        ("users", find("$.steps.a[0].idd"), "line 11, step `b`, `input.user_id`: `$.steps.a[0].idd` cannot be found: `$.steps.a[0]` has no `idd`; did you mean `id`?"),
        ("users", find("$.steps.a.id"), "`$.steps.a` is a list; write `$.steps.a[0].id` for its first element, or `$.steps.a[*].id` for all"),
        ("users", find("$.steps.a[0].id.x"), "`$.steps.a[0].id` is text, which has no `x`"),
        ("users", find("$.steps.a[0].email[0]"), "`$.steps.a[0].email` is text, so that `[0]` finds nothing"),
        ("users", find("$.steps.a[0].credentials.emial"), "`$.steps.a[0].credentials` has no `emial`; did you mean `email`?"),
        ("users", get("user_id: 1, role_ids: \"$.steps.a[?@.emial == 'x'].id\""), "`$.steps.a[*]` has no `emial`; did you mean `email`?"),
        ("users", find("$.steps.a[*].id"), "`input.user_id`: this has to be text, but it gives a list"),
        ("users", get("user_id: 1, role_ids: \"$.steps.a[0]\""), "`input.role_ids`: this has to be a list, but it gives an object"),
        ("logout", find("$.steps.a"), "this has to be text, but it gives nothing"),
        ("logout", find("$.steps.a.id"), "`$.steps.a` is nothing, which has no `id`"),
        ("user, for_each: [1], input: { user_id: \"$.item\" }", find("$.steps.a.id"), "`$.steps.a` is a list; write `$.steps.a[0].id`"),
        ("user, input: { user_id: 1 }", "    operation: user\n    for_each: \"$.steps.a\"\n    input: { user_id: 1 }\n".to_owned(), "`for_each`: `for_each` needs a list, but this is an object"),
        ("users", "    operation: user\n    for_each: \"$.inputs.people\"\n    input: { user_id: \"$.item.emial\" }\n".to_owned(), "`$.item` has no `emial`; did you mean `email`?"),
        ("users", "    operation: user\n    for_each: \"$.steps.a\"\n    input: { user_id: \"$.item.idd\" }\n".to_owned(), "`$.item` has no `idd`; did you mean `id`?"),
        ("users", "    operation: user\n    for_each: \"$.inputs.people\"\n    if: \"$.item.email\"\n    input: { user_id: 1 }\n".to_owned(), "`if`: `if` needs true, false or null, but this is text; declare its type in `inputs`"),
        ("users", find("$.steps.c.id"), "`$.steps.c.id` refers to step `c`, which does not exist"),
        ("users", find("$.steps.b.id"), "this very step"),
    ] {
        let found = problems(first, &step);
        assert_eq!(found.len(), 1, "{first} {step}: {found:?}");
        assert!(found[0].contains(expected), "{first} {step}: {}", found[0]);
    }
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_file() {
    let yaml = "name: n\nsteps:\n  - id: a\n    operation: usrs\n  - id: b\n    operation: user\n    inptu: {}\n    input:\n      user_id: \
                \"$.steps.c.id\"\n      limit: many\n      al: true\n  - id: c\n    operation: users\n    for_each: 5\n";
    let problems = check_text(yaml, &descriptions());
    let lines: Vec<u64> = problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [4, 7, 9, 10, 11, 14], "{problems:?}");
    assert!(problems.iter().all(|problem| problem.column.is_some() && problem.step.is_some()));
    assert_eq!(problems[3].place, "input.limit");
}

#[test]
fn auths_have_to_be_there() {
    let workflow =
        Workflow::parse("name: n\nsteps:\n  - { id: a, operation: o, auth: prod }\n  - { id: b, operation: o }\n")
            .unwrap();
    let told = |names: &[&str], has_default| -> Vec<String> {
        check_auths(&workflow, names.iter().copied(), has_default).iter().map(ToString::to_string).collect()
    };
    assert_eq!(told(&["prod"], true), [""; 0]);
    assert_eq!(
        told(&["prods", "staging"], false),
        [
            "line 3, step `a`, `auth`: there is no auth `prod`; give it by --auth prod=@FILE; did you mean `prods`?",
            "line 4, step `b`, `operation`: the step does not say which auth it uses; add `auth:` with one of `prods`, `staging`"
        ]
    );
}
