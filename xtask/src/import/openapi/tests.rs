//! What the importer reads of a description, and what it refuses.

#![allow(clippy::unwrap_used)]

use super::read as read_description;
use crate::import::orchard::{orchard, with, without};
use catalog_model::{Cost, Location, Response, Spec, Stability};
use serde_json::{Value, json};

fn read(description: &Value) -> Spec {
    read_description(&description.to_string()).unwrap().spec
}

fn responses(spec: &Spec, operation: &str) -> Vec<(u16, usize, Option<String>)> {
    let responses: &[Response] = &spec.operation(operation).unwrap().1.responses;
    responses.iter().map(|it| (it.status, it.media_types.len(), it.kind.as_ref().map(ToString::to_string))).collect()
}

#[test]
fn operations_are_read() {
    let spec = read(&orchard());
    assert_eq!((spec.source.version.as_str(), spec.source.release.as_str()), ("4.0.1", "1.2"));
    assert_eq!(spec.source.sha256.len(), 64);
    assert_eq!(spec.groups.iter().map(|group| group.tag.as_str()).collect::<Vec<_>>(), ["AppleFruit", "Tree"]);
    let (tag, list) = spec.operation("all_trees").unwrap();
    assert_eq!((tag, list.path.as_str(), list.cost), ("Tree", "/trees", Cost::DbQuery));
    let parameters: Vec<_> =
        list.parameters.iter().map(|it| (it.name.as_str(), it.kind.to_string(), it.deprecated)).collect();
    assert_eq!(
        parameters,
        [("ids", "[string]".into(), false), ("page", "integer".into(), true), ("filters", "{string}".into(), false)]
    );
    assert_eq!(list.failures, [404, 429]);
    assert_eq!(spec.operation("plant").unwrap().1.stability, Stability::Deprecated);
    assert_eq!(spec.operation("eat").unwrap().1.parameters[0].location, Location::Path);
}

#[test]
fn bodies_are_read() {
    let spec = read(&orchard());
    let body = |name: &str| {
        let body = spec.operation(name).unwrap().1.body.clone().unwrap();
        (body.media_type, body.kind.to_string(), body.required)
    };
    assert_eq!(body("plant"), ("application/json".into(), "Tree".into(), true));
    assert_eq!(body("set_trees"), ("application/json".into(), "[string]".into(), true));
    assert_eq!(body("polish"), ("text/plain".into(), "string".into(), true));
    assert_eq!(body("login"), ("application/x-www-form-urlencoded".into(), "{any}".into(), false));
}

#[test]
fn responses_are_what_their_content_can_be() {
    let spec = read(&orchard());
    assert_eq!(responses(&spec, "all_trees"), [(200, 1, Some("[Tree]".into()))]);
    assert_eq!(responses(&spec, "plant"), [(204, 0, None)], "a 204 has no content, whatever is said of it");
    assert_eq!(responses(&spec, "set_trees"), [(202, 0, None)]);
    assert_eq!(responses(&spec, "apple"), [(200, 3, Some("any".into()))], "`string` says nothing about JSON");
    assert_eq!(responses(&spec, "eat"), [(200, 1, None)], "an image is no JSON");
    assert_eq!(spec.operation("apple").unwrap().1.failures, [404], "an error response may be text");
}

#[test]
fn models_are_read_in_their_order() {
    let description = r##"{"x-looker-status": "stable", "required": ["b"], "properties": {
        "z": {"type": "string", "nullable": true, "readOnly": true}, "b": {"$ref": "#/components/schemas/Tree"}, "a": {"type": "boolean", "nullable": false}}}"##;
    // As text, since a map of the tests' JSON library would sort the keys.
    let text = orchard().to_string().replacen("\"schemas\":{", &format!("\"schemas\":{{\"Zebra\":{description},"), 1);
    let spec = read_description(&text).unwrap().spec;
    let names: Vec<_> = spec.models.iter().map(|model| model.name.as_str()).collect();
    assert_eq!(names, ["Apple", "Error", "Tree", "Zebra"]);
    let zebra = &spec.model("Zebra").unwrap().properties;
    assert_eq!(zebra.iter().map(|property| property.name.as_str()).collect::<Vec<_>>(), ["z", "b", "a"]);
    assert!(zebra[0].read_only && zebra[0].nullable && !zebra[0].required);
    assert!(zebra[1].required && zebra[1].nullable, "a reference can be null");
    assert!(!zebra[2].nullable);
}

#[test]
fn every_type_of_property_is_read() {
    let spec = read(&orchard());
    let apple = spec.model("Apple").unwrap();
    let kind = |name: &str| apple.property(name).unwrap().kind.to_string();
    for (name, expected) in [
        ("tree", "Tree"),
        ("color", "string"),
        ("tastes", "[string]"),
        ("weight", "number"),
        ("width", "number"),
        ("pips", "integer"),
        ("ripe", "boolean"),
        ("picked", "string:date-time"),
        ("day", "string:date"),
        ("photo", "string:uri-reference"),
        ("can", "{boolean}"),
        ("note", "any"),
    ] {
        assert_eq!(kind(name), expected, "{name}");
    }
    assert_eq!(apple.property("color").unwrap().values, ["red", "green"]);
    assert_eq!(apple.property("tastes").unwrap().values, ["sweet"]);
    assert!(apple.property("secret").unwrap().write_only);
    assert!(apple.property("width").unwrap().deprecated);
}

#[test]
fn no_sentence_is_in_the_files() {
    let files = read(&orchard()).files();
    assert!(
        files.values().all(|text| !text.contains("sentence") && !text.contains("Unique") && !text.contains("Which"))
    );
    let sentences = read_description(&orchard().to_string()).unwrap().sentences;
    assert!(sentences.iter().any(|sentence| sentence.contains("Unique")));
}

/// Everything that a description may say and the importer does not understand: where, what, and how it complains.
#[test]
fn what_is_not_understood_is_refused_with_its_place() {
    let list = "/paths/~1trees/get";
    let plant = "/paths/~1trees/post";
    let text = json!({"type": "string"});
    let problem_body = |schema: Value| json!({"content": {"application/json": {"schema": schema}}});
    let parameter = |more: Value| {
        let mut parameter = json!({"name": "x", "in": "query", "required": false, "schema": {"type": "string"}});
        parameter.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!([parameter])
    };
    let array = json!({"type": "array", "items": {"type": "string"}});
    let response =
        |media_type: &str, schema: &Value| json!({"description": "It", "content": {media_type: {"schema": schema}}});
    let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let cases: Vec<(String, Value, &str)> = vec![
        // The whole.
        ("/webhooks".into(), json!({}), "/webhooks: unknown field `webhooks`"),
        ("/openapi".into(), json!("3.1.0"), "/openapi: only OpenAPI 3.0"),
        ("/info/version".into(), json!("4.1.0"), "/info/version: only version 4.0"),
        ("/info/summary".into(), json!(""), "/info/summary: unknown field `summary`"),
        ("/servers".into(), json!([]), "/servers: there must be one server"),
        ("/servers".into(), json!([{"url": "https://x/api/5.0"}]), "/servers: `url` must end in /api/4.0"),
        (
            "/servers".into(),
            json!([{"url": "https://x/api/4.0", "variables": {}}]),
            "/servers/0/variables: unknown field",
        ),
        ("/tags".into(), json!([{"name": "Tree"}]), "operation login: the tag `AppleFruit` is not declared"),
        ("/tags".into(), json!([{"name": "A tree"}]), "/tags/0/name: `A tree` cannot name a file"),
        ("/tags".into(), json!([{"name": "Tree", "x-more": 1}]), "/tags/0/x-more: unknown field"),
        ("/components/securitySchemes".into(), json!({}), "/components/securitySchemes: unknown field"),
        ("/components/requestBodies/Tree".into(), json!({}), "/components/requestBodies/Tree: unknown field"),
        ("/paths/trees".into(), json!({}), "/paths/trees: a path must begin with /"),
        // Operations.
        ("/paths/~1trees/head".into(), json!({}), "/paths/~1trees/head: the method `head` is not understood"),
        ("/paths/~1trees/parameters".into(), json!({}), "the method `parameters` is not understood"),
        (format!("{list}/security"), json!([]), "/paths/~1trees/get/security: unknown field"),
        (format!("{list}/tags"), json!(["Tree", "AppleFruit"]), "/get: `tags`: an operation must have one tag"),
        (format!("{list}/operationId"), json!("listTrees"), "/get: `operationId`: `listTrees` has more than"),
        (format!("{list}/operationId"), json!("plant"), "operation plant: is there twice"),
        (format!("{list}/summary"), json!(5), "/get/summary: invalid type: integer `5`, expected a string"),
        (format!("{list}/x-looker-status"), json!("gamma"), "/get/x-looker-status: unknown variant `gamma`"),
        (format!("{list}/x-looker-status"), json!("deprecated"), "/get: `x-looker-status` and `deprecated` contradict"),
        (format!("{list}/deprecated"), json!(true), "/get: `x-looker-status` and `deprecated` contradict"),
        (format!("{list}/x-looker-activity-type"), json!("ai"), "x-looker-activity-type: unknown variant `ai`"),
        (format!("{list}/x-looker-rate-limited"), json!(false), "/get: `x-looker-rate-limited` is false"),
        // Parameters.
        (
            format!("{list}/parameters"),
            parameter(json!({"in": "header"})),
            "/parameters/0/in: unknown variant `header`",
        ),
        (format!("{list}/parameters"), parameter(json!({"in": "path"})), "does not agree with the path"),
        (format!("{list}/parameters"), parameter(json!({"example": 1})), "/parameters/0/example: unknown field"),
        (
            format!("{list}/parameters"),
            parameter(json!({"style": "form"})),
            "/parameters/0: `style` and `explode` are not understood",
        ),
        (
            format!("{list}/parameters"),
            parameter(json!({"explode": true})),
            "0: `style` and `explode` are not understood for the type `string`",
        ),
        (
            format!("{list}/parameters"),
            parameter(json!({"schema": array})),
            "/parameters/0: a list in the query must have `style` simple",
        ),
        (
            format!("{list}/parameters"),
            parameter(json!({"schema": array, "style": "form", "explode": false})),
            "/parameters/0: a list in the query must have `style` simple and `explode` false",
        ),
        (
            format!("{list}/parameters"),
            parameter(json!({"schema": array, "style": "simple", "explode": true})),
            "/parameters/0: a list in the query must have `style` simple and `explode` false",
        ),
        (
            format!("{list}/parameters"),
            parameter(
                json!({"schema": {"type": "array", "items": {"type": "boolean"}}, "style": "simple", "explode": false}),
            ),
            "/parameters/0: a parameter of the type `[boolean]`",
        ),
        (
            format!("{list}/parameters"),
            parameter(json!({"schema": {"type": "object"}})),
            "`additionalProperties` is missing",
        ),
        (
            format!("{list}/parameters"),
            parameter(json!({"schema": reference("Tree")})),
            "a parameter of the type `Tree`",
        ),
        (
            format!("{list}/parameters"),
            parameter(json!({"schema": {"type": "string", "enum": ["a"]}})),
            "/parameters/0/schema/enum: unknown field",
        ),
        // Bodies.
        (format!("{plant}/requestBody/$ref"), json!("#/x"), "/post/requestBody/$ref: unknown field"),
        (
            format!("{plant}/requestBody/content/text~1plain"),
            json!({"schema": text}),
            "/post/requestBody: `content` must have one media type",
        ),
        (
            format!("{plant}/requestBody/content"),
            json!({"multipart/form-data": {"schema": text}}),
            "the media type `multipart/form-data` is not understood in a request",
        ),
        (
            format!("{plant}/requestBody"),
            json!({"content": {"text/plain": {"schema": array}}}),
            "a body of the type `[string]` is not understood as text/plain",
        ),
        (format!("{plant}/requestBody"), problem_body(json!({"type": "boolean"})), "a body of the type `boolean`"),
        (format!("{plant}/requestBody"), problem_body(reference("Pear")), "operation plant: there is no model Pear"),
        (
            format!("{plant}/requestBody/content/application~1json/example"),
            json!(1),
            "application~1json/example: unknown field",
        ),
        // Responses.
        (format!("{list}/responses"), json!({}), "/get/responses: no status means success"),
        (format!("{list}/responses/default"), json!({}), "/responses: status `default`: this status is not understood"),
        (format!("{list}/responses/2XX"), json!({}), "/responses: status `2XX`: this status is not understood"),
        (format!("{list}/responses/302"), json!({}), "/responses: status `302`: this status is not understood"),
        (format!("{list}/responses/206"), json!({}), "/responses: status `206`: this status is not understood"),
        (format!("{list}/responses/200/headers"), json!({}), "/responses/200/headers: unknown field"),
        (format!("{list}/responses/200"), response("text/csv", &text), "the media type `text/csv` is not understood"),
        (
            format!("{list}/responses/200"),
            response("image/png", &array),
            "content of the type `[string]` is not understood",
        ),
        (
            format!("{list}/responses/200/content/text"),
            json!({"schema": text}),
            "/responses: status `200`: the media types of a response must share one type",
        ),
        (
            format!("{list}/responses/204"),
            response("application/json", &array),
            "a 204 cannot have content of the type `[string]`",
        ),
        (
            format!("{list}/responses/204"),
            response("text/plain", &text),
            "a 204 cannot have content of the type `string`",
        ),
        (
            format!("{list}/responses/400"),
            response("application/json", &reference("Tree")),
            "status `400`: an error response of the type `Tree`",
        ),
        // Models and types.
        ("/components/schemas/tree".into(), json!({}), "/components/schemas/tree: `tree` cannot name a model"),
        ("/components/schemas/Tree/allOf".into(), json!([]), "/components/schemas/Tree/allOf: unknown field"),
        (
            "/components/schemas/Tree/x-looker-status".into(),
            json!("old"),
            "Tree/x-looker-status: unknown variant `old`",
        ),
        (
            "/components/schemas/Tree/required".into(),
            json!(["size"]),
            "Tree: `required`: the model has no property `size`",
        ),
        ("/components/schemas/Tree/properties/a-b".into(), text.clone(), "`a-b` cannot name a property"),
        ("/components/schemas/Tree/properties/label/minLength".into(), json!(1), "label/minLength: unknown field"),
        (
            "/components/schemas/Tree/properties/label/nullable".into(),
            json!("no"),
            "label/nullable: invalid type: string \"no\", expected a boolean",
        ),
        ("/components/schemas/Tree/properties/label/type".into(), json!("file"), "the type `file` is not understood"),
        (
            "/components/schemas/Tree/properties/label/type".into(),
            json!(["string"]),
            "label/type: invalid type: sequence, expected a string",
        ),
        ("/components/schemas/Tree/properties/label/format".into(), json!("uuid"), "label: the format `uuid`"),
        ("/components/schemas/Apple/properties/pips/format".into(), json!("int32"), "pips: the format `int32`"),
        ("/components/schemas/Apple/properties/ripe/format".into(), json!("x"), "ripe: the format `x`"),
        (
            "/components/schemas/Apple/properties/ripe/enum".into(),
            json!(["x"]),
            "`enum` is not understood for the type `boolean`",
        ),
        ("/components/schemas/Apple/properties/color/enum".into(), json!([]), "color: `enum` must list a value"),
        (
            "/components/schemas/Apple/properties/color/enum".into(),
            json!([1]),
            "color/enum/0: invalid type: integer `1`, expected a string",
        ),
        ("/components/schemas/Apple/properties/color/enum".into(), json!(["a", "a"]), "color: `enum` lists `a` twice"),
        (
            "/components/schemas/Apple/properties/color/x-looker-polymorphic-types".into(),
            json!([]),
            "is not understood",
        ),
        (
            "/components/schemas/Apple/properties/note/x-looker-polymorphic-types".into(),
            json!([{"type": "thing"}]),
            "note/x-looker-polymorphic-types/0: the type `thing`",
        ),
        ("/components/schemas/Apple/properties/tree/nullable".into(), json!(true), "tree: `$ref` must stand alone"),
        ("/components/schemas/Apple/properties/tree/$ref".into(), json!("#/x/Tree"), "`#/x/Tree` refers to no model"),
        (
            "/components/schemas/Apple/properties/tree".into(),
            reference("Pear"),
            "model Apple, property tree: there is no model Pear",
        ),
        (
            "/components/schemas/Tree/properties/id/x-looker-write-only".into(),
            json!(true),
            "property id: cannot be both",
        ),
        (
            "/components/schemas/Apple/properties/can/additionalProperties".into(),
            json!(true),
            "can/additionalProperties: invalid type: boolean `true`, expected a schema",
        ),
    ];
    for (pointer, value, expected) in cases {
        let problems = read_description(&with(orchard(), &pointer, value.clone()).to_string()).unwrap_err();
        assert!(problems.iter().any(|it| it.contains(expected)), "{pointer} = {value}: {expected}: {problems:?}");
    }
}

#[test]
fn what_is_missing_is_refused_with_its_place() {
    for (pointer, expected) in [
        ("/info/x-looker-release-version", "/info: missing field `x-looker-release-version`"),
        ("/paths", "the description: missing field `paths`"),
        ("/paths/~1trees/get/operationId", "/paths/~1trees/get: missing field `operationId`"),
        ("/paths/~1trees/get/x-looker-rate-limited", "/paths/~1trees/get: missing field `x-looker-rate-limited`"),
        ("/paths/~1trees/get/responses", "/paths/~1trees/get: missing field `responses`"),
        ("/paths/~1apples~1{apple_id}/get/parameters", "path /apples/{apple_id}: has 1 places for 0 parameters"),
        ("/components/schemas/Tree/properties/label/type", "properties/label: `type` is missing"),
        ("/components/schemas/Apple/properties/pips/format", "pips: `format` is missing for the type `integer`"),
        ("/components/schemas/Apple/properties/tastes/items", "tastes: `items` is missing"),
    ] {
        let problems = read_description(&without(orchard(), pointer).to_string()).unwrap_err();
        assert!(problems.iter().any(|it| it.contains(expected)), "{pointer}: {expected}: {problems:?}");
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let description = with(orchard(), "/paths/~1trees/get/x-new", json!(1));
    let description = with(description, "/paths/~1login/post/x-new", json!(1));
    let description = with(description, "/components/schemas/Tree/x-new", json!(1));
    assert_eq!(read_description(&description.to_string()).unwrap_err().len(), 3);
}

#[test]
fn what_is_no_json_is_refused() {
    assert!(read_description("{").unwrap_err()[0].starts_with("the description: EOF"));
    assert!(read_description("[]").unwrap_err()[0].contains("the description: invalid length 0"));
    assert!(
        read_description(r#"{"openapi": "3.0.0", "openapi": "3.0.0"}"#).unwrap_err()[0].contains("duplicate field")
    );
    let tags = orchard().to_string().replace("\"paths\":{", "\"paths\":{\"/trees\":{},");
    assert!(read_description(&tags).unwrap_err()[0].contains("/paths: the key `/trees` is there twice"));
}
