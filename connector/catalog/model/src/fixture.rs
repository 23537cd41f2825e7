//! A small orchard, as spec and overlay, for the tests of this crate.

#![allow(clippy::unwrap_used)]

use std::fs;

use crate::overlay::Overlay;
use crate::spec::{Group, Source, Spec};

/// Two tags, four operations, three models: a body with a clash, a look-up, a circle of models, a body that is a list.
pub(crate) fn spec() -> Spec {
    let models = r#"[
        {"name": "Apple", "properties": [
            {"name": "id", "type": "string", "read_only": true},
            {"name": "color", "type": "string", "required": true, "values": ["red", "green"]},
            {"name": "tree", "type": "Tree", "nullable": true},
            {"name": "limit", "type": "string"}
        ]},
        {"name": "Request", "properties": [{"name": "sql", "type": "string", "read_only": true}]},
        {"name": "Tree", "properties": [
            {"name": "id", "type": "string", "read_only": true},
            {"name": "label", "type": "string"},
            {"name": "apples", "type": "[Apple]"}
        ]}
    ]"#;
    let apple = r#"[
        {"name": "create_apple", "method": "post", "path": "/trees/{tree_id}/apples", "stability": "beta",
         "cost": "non_query",
         "parameters": [
            {"name": "tree_id", "in": "path", "type": "string", "required": true},
            {"name": "limit", "in": "query", "type": "integer"},
            {"name": "id", "in": "query", "type": "string", "deprecated": true, "since": "1.3"}
         ],
         "body": {"media_type": "application/json", "type": "Apple", "required": true},
         "responses": [{"status": 200, "media_types": ["application/json"], "type": "Apple"}, {"status": 204}],
         "failures": [400]},
        {"name": "estimate", "method": "post", "path": "/estimate", "stability": "stable", "cost": "db_query",
         "body": {"media_type": "application/json", "type": "Request", "required": true},
         "responses": [{"status": 200, "media_types": ["image/png"]}], "failures": []}
    ]"#;
    let tree = r#"[
        {"name": "all_trees", "method": "get", "path": "/trees", "stability": "stable", "cost": "none",
         "parameters": [{"name": "ids", "in": "query", "type": "[string]"}],
         "responses": [{"status": 200, "media_types": ["application/json"], "type": "[Tree]"}], "failures": [404]},
        {"name": "set_trees", "method": "put", "path": "/trees", "stability": "deprecated", "cost": "none",
         "body": {"media_type": "application/json", "type": "[string]", "required": true},
         "responses": [{"status": 200, "media_types": ["application/json"], "type": "any"}], "failures": [404]}
    ]"#;
    Spec {
        source: Source { version: "4.0.1".into(), release: "1.2".into(), sha256: "00ff".into(), sdk: None },
        models: serde_json::from_str(models).unwrap(),
        groups: vec![
            Group { tag: "AppleFruit".into(), operations: serde_json::from_str(apple).unwrap() },
            Group { tag: "Tree".into(), operations: serde_json::from_str(tree).unwrap() },
        ],
    }
}

/// An overlay from the text of its files.
pub(crate) fn overlay(files: &[(&str, &str)]) -> Overlay {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    Overlay::read(folder.path()).unwrap()
}

/// An overlay without gaps.
pub(crate) const COMPLETE: [(&str, &str); 3] = [
    (
        "apple_fruit.toml",
        "[create_apple]\ntitle = \"Create apple\"\nhelp = \"Grows one.\"\n[estimate]\ntitle = \"Estimate\"\nhelp = \"Guesses.\"\n",
    ),
    (
        "tree.toml",
        "[all_trees]\ntitle = \"List trees\"\nhelp = \"Names all.\"\n[set_trees]\ntitle = \"Set trees\"\nhelp = \"Plants.\"\n",
    ),
    ("writable.toml", "Request = [\"sql\"]\n"),
];
