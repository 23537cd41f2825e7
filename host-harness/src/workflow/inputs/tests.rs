use super::*;
use serde_json::json;

fn workflow(inputs: &str) -> Workflow {
    Workflow::parse(&format!("name: n\ninputs:\n{inputs}\nsteps:\n  - id: a\n    operation: o\n")).unwrap()
}

fn completed(inputs: &str, given: Value) -> Result<Value, Vec<String>> {
    let Value::Object(given) = given else { unreachable!() };
    let given = given.into_iter().map(|(name, value)| (name, value.into())).collect();
    complete(&workflow(inputs), given).map(Value::Object)
}

#[test]
fn defaults_are_filled_in_and_everything_else_is_required() {
    let inputs = "  people: { type: array }\n  role: { type: string, default: Viewer }";
    assert_eq!(completed(inputs, json!({"people": []})), Ok(json!({"people": [], "role": "Viewer"})));
    assert_eq!(completed(inputs, json!({"people": [], "role": "Admin"})).unwrap()["role"], "Admin");
    let problems = completed(inputs, json!({"peple": 1, "role": 5})).unwrap_err();
    assert_eq!(
        problems,
        [
            "the workflow has no input `peple`; did you mean `people`?",
            "the input `people` is missing; give it by --set people=VALUE or --set people=@FILE",
            "the input `role`: `role` has to be text; this is a number",
        ]
    );
}

#[test]
fn values_are_checked_by_their_schema_in_our_words() {
    let schema = "  x:\n    type: object\n    required: [email]\n    additionalProperties: false\n    properties:\n      email: { type: string, minLength: 1 }\n      \
                  kind: { enum: [a, b] }\n      n: { type: [integer, \"null\"], minimum: 1 }\n      secret: { type: string, format: password, maxLength: 3, pattern: \"^x\" }";
    for (value, expected) in [
        (json!({"email": "a", "n": null}), None),
        (json!({"email": "a", "n": 1}), None),
        (json!({}), Some("`x` lacks `email`")),
        (json!({"email": ""}), Some("`x.email` must not be empty")),
        (json!({"email": "a", "kind": "c"}), Some("`x.kind` has to be one of `a`, `b`; this is `c`")),
        (json!({"email": "a", "n": "1"}), Some("`x.n` has to be a whole number or null; this is text")),
        (json!({"email": "a", "n": 0}), Some("`x.n` must not be less than 1: `0`")),
        (json!({"email": "a", "extra": 1}), Some("`x` must not have `extra`")),
        (json!([]), Some("`x` has to be an object; this is a list")),
    ] {
        let outcome = completed(schema, json!({ "x": value }));
        match expected {
            None => assert!(outcome.is_ok(), "{value}: {outcome:?}"),
            Some(expected) => {
                assert_eq!(outcome.unwrap_err(), [format!("the input `x`: {expected}")], "{value}");
            }
        }
    }
    let secret = completed(schema, json!({"x": {"email": "a", "secret": "hush"}})).unwrap_err().join("\n");
    assert!(secret.contains("x.secret") && !secret.contains("hush"), "{secret}");
}

#[test]
fn only_the_first_problems_of_a_value_are_told() {
    let many: Vec<u32> = (0..1000).collect();
    let problems = completed("  x: { type: array, items: { type: string } }", json!({ "x": many })).unwrap_err();
    assert_eq!(problems.len(), TOLD + 1);
    assert_eq!(problems[TOLD], "the input `x`: and 990 more problems");
}

#[test]
fn text_becomes_what_the_schema_asks_for_and_nothing_else() {
    let given = |text: &str, schema: Value| Given::from_text(text, &schema).map(|given| given.value);
    for (text, schema, expected) in [
        ("5", json!({"type": "string"}), json!("5")),
        ("5", json!({}), json!("5")),
        ("false", json!(null), json!("false")),
        ("5", json!({"type": "integer"}), json!(5)),
        (
            "12345678901234567890123",
            json!({"type": "integer"}),
            serde_json::from_str("12345678901234567890123").unwrap(),
        ),
        ("1.10", json!({"type": "number"}), serde_json::from_str("1.10").unwrap()),
        ("TRUE", json!({"type": "boolean"}), json!(true)),
        (" false ", json!({"type": "boolean"}), json!(false)),
        ("[1, \"a\"]", json!({"type": "array"}), json!([1, "a"])),
        ("null", json!({"type": ["integer", "null"]}), json!(null)),
        ("{\"a\": 1}", json!({"type": ["object", "array"]}), json!({"a": 1})),
    ] {
        assert_eq!(given(text, schema.clone()).unwrap().to_string(), expected.to_string(), "{text} {schema}");
    }
    for (text, schema, expected) in [
        ("yes", json!({"type": "boolean"}), "`yes` is not true or false"),
        ("1", json!({"type": "boolean"}), "`1` is not true or false"),
        ("1.5", json!({"type": "integer"}), "`1.5` is not a whole number"),
        ("\"5\"", json!({"type": "integer"}), "`\"5\"` is not a whole number"),
        ("a,b", json!({"type": "array"}), "`a,b` is not a list"),
        ("", json!({"type": ["integer", "object"]}), "`` is not a whole number or an object"),
    ] {
        assert_eq!(given(text, schema.clone()), Err(expected.to_owned()), "{text} {schema}");
    }
}

#[test]
fn yaml_inputs_keep_text_and_refuse_rounded_numbers() {
    assert_eq!(
        yaml("code: 007\nflag: no\nn: 5\n").map(Value::Object),
        Ok(json!({"code": "007", "flag": "no", "n": 5}))
    );
    assert!(yaml("- a").unwrap_err().contains("has to be an object"));
    assert!(yaml("n: 123456789012345678901234567890").unwrap_err().contains("quotation marks"));
}

mod csv_files {
    use super::*;

    fn schema() -> Value {
        json!({"type": "array", "items": {"type": "object", "properties": {
            "email": {"type": "string"},
            "active": {"type": "boolean"},
            "limit": {"type": ["integer", "null"]},
            "roles": {"type": "array", "items": {"type": "string"}},
        }}})
    }

    fn read(text: &str) -> Result<Value, Vec<String>> {
        csv::read(text, &schema()).map(|given| given.value)
    }

    #[test]
    fn columns_have_the_types_of_the_schema() {
        let text = "\u{feff}email,active,limit,roles,note\r\na@b.c,TRUE,12345678901234567890123,\"[\"\"Viewer\"\"]\",5\r\n\"d,\r\n\"\"e\"\"\",false,,[],\r\n";
        let rows = read(text).unwrap();
        assert_eq!(
            rows.to_string(),
            r#"[{"email":"a@b.c","active":true,"limit":12345678901234567890123,"roles":["Viewer"],"note":"5"},{"email":"d,\r\n\"e\"","active":false,"limit":null,"roles":[],"note":""}]"#
        );
    }

    #[test]
    fn a_column_without_a_type_is_text() {
        assert_eq!(
            csv::read("active\nfalse\n", &json!({"type": "array"})).unwrap().value,
            json!([{"active": "false"}])
        );
        assert_eq!(csv::read("active\n1\n", &json!({})).unwrap().value, json!([{"active": "1"}]));
    }

    #[test]
    fn problems_are_told_with_their_line() {
        for (text, expected) in [
            (
                "email,active\na@b.c,true\nd@e.f\n",
                "line 3: the row has 1 cell, but there are 2 columns; quote cells that contain commas",
            ),
            (
                "email,active\na@b.c,true,5\n",
                "line 2: the row has 3 cells, but there are 2 columns; quote cells that contain commas",
            ),
            ("email,active\n\"a\nb\",true\nc,maybe\n", "line 4: column `active`: `maybe` is not true or false"),
            (
                "active\n\"\"\n",
                "line 2: column `active`: the cell is empty; it has to be true or false (to allow empty cells, write `type: [boolean, \"null\"]`)",
            ),
            ("limit\n1.5\n", "line 2: column `limit`: `1.5` is not a whole number or null"),
            ("email,,x\n", "line 1: column 2 has no name"),
            ("email,email\n", "line 1: two columns have the name `email`"),
            ("email;active\n", "line 1: columns have to be separated by commas; save the file as comma-separated CSV"),
            ("", "the file is empty; its first line has to name the columns"),
        ] {
            assert_eq!(read(text).unwrap_err(), [expected], "{text:?}");
        }
        assert_eq!(
            csv::read("a\n1\n", &json!({"type": "object"})).unwrap_err(),
            ["a CSV file is a list, but the schema asks for an object"]
        );
    }

    #[test]
    fn all_rows_are_told_up_to_a_limit() {
        let text = format!("active\n{}", "maybe\n".repeat(100));
        let problems = read(&text).unwrap_err();
        assert_eq!((problems.len(), problems[TOLD].as_str()), (TOLD + 1, "and more"));
    }

    #[test]
    fn what_the_schema_refuses_is_told_with_its_line() {
        let workflow = workflow(
            "  people:\n    type: array\n    items: { properties: { email: { type: string, minLength: 1 } } }",
        );
        let given = csv::read("email,name\na@b.c,\"x\ny\"\n\"\",z\n", &workflow.inputs[0].schema).unwrap();
        assert_eq!(
            complete(&workflow, vec![("people".to_owned(), given)]).unwrap_err(),
            ["the input `people`, line 4: `people[1].email` must not be empty"]
        );
    }
}
