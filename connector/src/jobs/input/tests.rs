use super::*;
use crate::catalog::{Effect, Stability};
use crate::summary::Summary;

const JOB: Definition = Definition {
    summary: Summary {
        name: "plant",
        title: "Plant",
        group: "Jobs",
        help: "Plants.",
        effect: Effect::Write,
        idempotent: true,
        stability: Stability::Stable,
    },
    input_schema: r#"{"type": "object", "required": ["kind"], "oneOf": [{"required": ["field"]}, {"required": ["row", "place"]}],
        "properties": {
            "kind": {"type": "string", "title": "Kind", "description": "The tree.", "minLength": 1},
            "field": {"type": "string"}, "row": {"type": "integer", "minimum": 1, "maximum": 9}, "place": {"type": "number"},
            "water": {"type": "boolean", "default": true}, "how": {"type": "string", "enum": ["deep", "flat"], "default": "flat"},
            "names": {"type": "array", "items": {"type": "string"}, "minItems": 1},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "owner": {"type": "object", "required": ["id"], "additionalProperties": false, "properties": {"id": {"type": "string"}}},
            "note": {"title": "Anything"}
        }}"#,
    output_schema: "{}",
    media_types: &["application/json"],
    run: |job| Ok(job.finished(&[])),
};

fn read(input: &str) -> std::result::Result<Value, Vec<String>> {
    values(&JOB, &Input::parse(input).unwrap()).map(Value::Object).map_err(|failure| {
        assert_eq!(failure.problem().reason, Reason::InvalidInput);
        failure.problem().fields.iter().map(|field| field.message.clone()).collect()
    })
}

#[test]
fn values_become_what_the_schema_says() {
    let input = r#"{"kind": 5, "row": "2", "place": "1.5", "water": "false", "names": "Ada", "labels": {"a": 1.50}, "note": [1],
                    "owner": {"id": 7}, "how": null}"#;
    let expected = serde_json::json!({"kind": "5", "row": 2, "place": 1.5, "water": false, "names": ["Ada"],
        "labels": {"a": "1.50"}, "note": [1], "owner": {"id": "7"}, "how": "flat"});
    assert_eq!(read(input).unwrap(), expected);
    let defaults = serde_json::json!({"kind": "a", "field": "b", "water": true, "how": "flat"});
    assert_eq!(read(r#"{"kind": "a", "field": "b"}"#).unwrap(), defaults);
}

#[test]
fn one_failure_names_everything_that_is_wrong() {
    for (input, expected) in [
        ("{}", &["plant needs the input kind: Kind. The tree.", "plant needs field or row with place."][..]),
        (r#"{"kind": " ", "field": "x"}"#, &["kind must be text that is not empty."]),
        (r#"{"kid": "a", "kind": "a", "field": "x"}"#, &["plant has no input kid: did you mean kind?"]),
        (r#"{"kind": "a", "field": "x", "row": 1, "place": 2}"#, &["plant takes only one of field, row with place."]),
        (r#"{"kind": "a", "row": 1}"#, &["plant needs field or row with place."]),
        (r#"{"kind": "a", "row": 0, "place": 10}"#, &["row must be at least 1."]),
        (r#"{"kind": "a", "row": 1.5, "place": 10}"#, &["row must be a whole number."]),
        (r#"{"kind": "a", "field": "x", "how": "steep"}"#, &["how must be one of deep, flat."]),
        (r#"{"kind": "a", "field": "x", "names": []}"#, &["names must be at least 1 of them."]),
        (r#"{"kind": "a", "field": "x", "names": {}}"#, &["names must be a list."]),
        (r#"{"kind": "a", "field": "x", "names": [[]]}"#, &["names must be a list, and each of its items text."]),
        (r#"{"kind": "a", "field": "x", "owner": {}}"#, &["owner must be an object with id."]),
        (r#"{"kind": "a", "field": "x", "owner": {"id": "1", "age": 2}}"#, &["owner must be an object without age."]),
        (r#"{"kind": "a", "field": "x", "labels": "a"}"#, &["labels must be an object."]),
        (r#"{"kind": "a", "field": "x", "water": "perhaps"}"#, &["water must be true or false."]),
    ] {
        assert_eq!(read(input).unwrap_err(), expected, "{input}");
    }
}
