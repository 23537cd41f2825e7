use super::*;
use serde_json::json;

fn outputs() -> Value {
    json!({"steps": {
        "looker-1": [{"id": "5", "email": "a@b.c", "e-mail": "x"}, {"id": "6", "email": null}],
        "looker-2": {"id": 7, "roles": ["1", "2"], "none": [], "a.b": 1},
        "3": "text",
        "it's": {"id": 1},
        "größe": true,
    }})
}

fn find(text: &str) -> Result<Value, String> {
    Reference::parse(text)
        .and_then(|reference| reference.find(&outputs(), &mut Budget::default()))
        .map_err(|error| error.to_string())
}

#[test]
fn one_thing_is_given_as_it_is() {
    let rows = [
        ("$.steps.looker-2.id", json!(7)),
        ("$.steps.looker-2.roles", json!(["1", "2"])),
        ("$.steps.looker-2.none", json!([])),
        ("$.steps.looker-2", outputs()["steps"]["looker-2"].clone()),
        ("$.steps['looker-2'].id", json!(7)),
        ("$.steps[\"looker-2\"]['id']", json!(7)),
        ("$.steps.looker-1[0].id", json!("5")),
        ("$.steps.looker-1[-1].id", json!("6")),
        ("$.steps.looker-1[1].email", json!(null)),
        ("$.steps.looker-1[0].e-mail", json!("x")),
        ("$.steps.looker-2['a.b']", json!(1)),
        ("$.steps.3", json!("text")),
        ("$.steps.größe", json!(true)),
        ("$.steps['it\\'s'].id", json!(1)),
    ];
    for (text, expected) in rows {
        assert_eq!(find(text), Ok(expected), "{text}");
    }
}

#[test]
fn a_path_that_can_find_several_gives_a_list() {
    let rows = [
        ("$.steps.looker-1[*].id", json!(["5", "6"])),
        ("$.steps.looker-1.*.id", json!(["5", "6"])),
        ("$.steps.looker-1[0:1].id", json!(["5"])),
        ("$.steps.looker-1[0,1].id", json!(["5", "6"])),
        ("$.steps.looker-1[?@.email == 'a@b.c'].id", json!(["5"])),
        ("$.steps.looker-1[?@['e-mail'] == 'x'].id", json!(["5"])),
        ("$.steps.looker-1..e-mail", json!(["x"])),
        ("$.steps['looker-1', 'looker-2']..roles[0]", json!(["1"])),
    ];
    for (text, expected) in rows {
        assert_eq!(find(text), Ok(expected), "{text}");
    }
}

#[test]
fn nothing_found_is_an_error_that_names_path_and_step() {
    for text in ["$.steps.looker-2.missing", "$.steps.looker-1[9].id", "$.steps.looker-1[?@.id == 'no']"] {
        let step = if text.contains("looker-2") { "looker-2" } else { "looker-1" };
        assert_eq!(find(text), Err(format!("`{text}` finds nothing in the output of step `{step}`")));
    }
}

#[test]
fn malformed_paths_are_errors_that_show_how_to_write_a_text() {
    for text in ["$.", "$.steps.a[", "$.steps.a[?", "$.steps. a", "$.steps.a['b", "$.95"] {
        let message = find(text).unwrap_err();
        assert!(
            message.contains(&format!("`{text}`")) && message.contains(&format!("`$${}`", &text[1..])),
            "{message}"
        );
    }
}

#[test]
fn the_root_is_known_where_the_path_names_one() {
    let root = |text: &str| Reference::parse(text).unwrap().root().clone();
    let step = |name: &str| Root::Step(Some(name.to_owned()));
    let input = |name: &str| Root::Input(Some(name.to_owned()));
    for (text, expected) in [
        ("$.steps.looker-2.id", step("looker-2")),
        ("$.steps['it\\'s'].id", step("it's")),
        ("$.steps['a]b'].id", step("a]b")),
        ("$.steps.*.id", Root::Step(None)),
        ("$.steps['a', 'b'].id", Root::Step(None)),
        ("$.inputs.people", input("people")),
        ("$.inputs['the-people'][0]", input("the-people")),
        ("$.inputs", Root::Input(None)),
        ("$.item", Root::Item),
        ("$.item.email", Root::Item),
        ("$.index", Root::Index),
    ] {
        assert_eq!(root(text), expected, "{text}");
    }
}

#[test]
fn elements_and_inputs_are_found() {
    let scope = json!({"inputs": {"people": [{"a": 1}]}, "steps": {}, "item": {"email": "a@b.c"}, "index": 3});
    let find = |text: &str| {
        Reference::parse(text).unwrap().find(&scope, &mut Budget::default()).map_err(|error| error.to_string())
    };
    assert_eq!(find("$.inputs.people[0].a"), Ok(json!(1)));
    assert_eq!(find("$.item.email"), Ok(json!("a@b.c")));
    assert_eq!(find("$.index"), Ok(json!(3)));
    assert_eq!(find("$.item.name"), Err("`$.item.name` finds nothing in the element of `for_each`".to_owned()));
    assert_eq!(find("$.inputs.people[1]"), Err("`$.inputs.people[1]` finds nothing in the input `people`".to_owned()));
}

#[test]
fn inputs_are_resolved_at_any_depth_and_other_texts_stay() {
    let Value::Object(input) = json!({
        "a": "$.steps.looker-2.id",
        "b": {"c": [1.50, "$.steps.looker-1[*].id", {"d": "$.steps.looker-1[0]"}]},
        "price": "$$.95",
        "more": "$$$.x",
        "plain": "$5",
        "dollars": "$$",
        "inside": "see $.steps.looker-2.id",
    }) else {
        unreachable!()
    };
    assert_eq!(
        Value::Object(resolve_object(&input, "input", &outputs(), &mut Budget::default()).unwrap()),
        json!({
            "a": 7,
            "b": {"c": [1.50, ["5", "6"], {"d": {"id": "5", "email": "a@b.c", "e-mail": "x"}}]},
            "price": "$.95",
            "more": "$$.x",
            "plain": "$5",
            "dollars": "$$",
            "inside": "see $.steps.looker-2.id",
        })
    );
}

#[test]
fn digits_and_order_survive_the_way_from_output_to_input() {
    let outputs: Value =
        serde_json::from_str(r#"{"steps":{"a":{"z":1.10,"b":12345678901234567890.5,"a":1e+3}}}"#).unwrap();
    let Value::Object(input) = json!({"x": "$.steps.a"}) else { unreachable!() };
    let resolved = Value::Object(resolve_object(&input, "input", &outputs, &mut Budget::default()).unwrap());
    assert_eq!(resolved.to_string(), r#"{"x":{"z":1.10,"b":12345678901234567890.5,"a":1e+3}}"#);
}
