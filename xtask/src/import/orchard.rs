//! A small description of an orchard, in the form of Looker's.

#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

/// A description with every form that the importer understands.
pub fn orchard() -> Value {
    let error = json!({"description": "Bad", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}});
    let operation = |tag: &str, id: &str, more: Value| {
        let mut operation = json!({
            "tags": [tag], "operationId": id, "summary": id, "description": "Some sentence about apples on their trees.",
            "x-looker-status": "stable", "x-looker-activity-type": "non_query", "x-looker-rate-limited": true,
            "responses": {"200": json_answer(json!({"$ref": "#/components/schemas/Apple"})), "400": error},
        });
        operation.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        operation
    };
    json!({
        "openapi": "3.0.0",
        "info": {"version": "4.0.1", "x-looker-release-version": "1.2", "title": "Orchard", "description": "About it",
                 "contact": {"name": "x"}, "license": {"name": "y"}},
        "servers": [{"url": "https://localhost/api/4.0"}],
        "tags": [{"name": "Tree", "description": "Tree"}, {"name": "AppleFruit", "description": null}],
        "components": {"requestBodies": {}, "schemas": {
            "Tree": {"x-looker-status": "beta", "required": ["label"], "properties": {
                "id": {"type": "string", "readOnly": true, "nullable": true, "description": "Unique key of one tree in here"},
                "label": {"type": "string", "nullable": false},
                "apples": {"type": "array", "items": {"$ref": "#/components/schemas/Apple"}, "nullable": true},
            }},
            "Apple": {"x-looker-status": "stable", "properties": {
                "tree": {"$ref": "#/components/schemas/Tree"},
                "color": {"type": "string", "enum": ["red", "green"], "nullable": false},
                "tastes": {"type": "array", "items": {"type": "string"}, "enum": ["sweet"], "nullable": false},
                "secret": {"type": "string", "x-looker-write-only": true, "nullable": false},
                "weight": {"type": "number", "format": "double", "nullable": false},
                "width": {"type": "number", "format": "float", "deprecated": true, "nullable": false},
                "pips": {"type": "integer", "format": "int64", "nullable": false},
                "ripe": {"type": "boolean", "nullable": false},
                "picked": {"type": "string", "format": "date-time", "nullable": false},
                "day": {"type": "string", "format": "date", "nullable": false},
                "photo": {"type": "string", "format": "uri-reference", "nullable": false},
                "can": {"type": "object", "additionalProperties": {"type": "boolean"}, "nullable": false},
                "note": {"type": "any", "format": "any", "x-looker-polymorphic-types": [{"type": "string"}], "nullable": true},
            }},
            "Error": {"x-looker-status": "alpha", "properties": {}},
        }},
        "paths": {
            "/trees": {
                "get": operation("Tree", "all_trees", json!({
                    "x-looker-activity-type": "db_query",
                    "parameters": [
                        {"name": "ids", "in": "query", "required": false, "style": "simple", "explode": false,
                         "schema": {"type": "array", "items": {"type": "string"}}, "description": "Which"},
                        {"name": "page", "in": "query", "required": false, "deprecated": true,
                         "schema": {"type": "integer", "format": "int64"}},
                        {"name": "filters", "in": "query", "required": false, "schema": {"type": "object"},
                         "additionalProperties": {"type": "string"}},
                    ],
                    "responses": {
                        "200": json_answer(json!({"type": "array", "items": {"$ref": "#/components/schemas/Tree"}})),
                        "404": error, "429": error,
                    },
                })),
                "post": operation("Tree", "plant", json!({
                    "x-looker-status": "deprecated", "deprecated": true,
                    "requestBody": {"required": true, "description": "It",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Tree"}}}},
                    "responses": {"204": json_answer(json!({"type": "string"}))},
                })),
                "put": operation("Tree", "set_trees", json!({
                    "requestBody": {"required": true, "content": {"application/json": {"schema": {"type": "array", "items": {"type": "string"}}}}},
                    "responses": {"202": {"description": "Later"}},
                })),
            },
            "/login": {"post": operation("AppleFruit", "login", json!({
                "x-looker-activity-type": "none",
                "parameters": [{"name": "client_id", "in": "query", "required": false, "schema": {"type": "string"}}],
                "requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": {"type": "object"}}}},
            }))},
            "/apples/{apple_id}": {
                "get": operation("AppleFruit", "apple", json!({
                    "parameters": [{"name": "apple_id", "in": "path", "required": true, "schema": {"type": "string"}}],
                    "responses": {"200": {"description": "It", "content": {
                        "text": {"schema": {"type": "string"}}, "application/json": {"schema": {"type": "string"}},
                        "image/png": {"schema": {"type": "string"}}}},
                        "404": {"description": "Gone", "content": {
                            "text": {"schema": {"$ref": "#/components/schemas/Error"}}}}},
                })),
                "delete": operation("AppleFruit", "eat", json!({
                    "parameters": [{"name": "apple_id", "in": "path", "required": true, "schema": {"type": "integer", "format": "int64"}}],
                    "responses": {"200": {"description": "It", "content": {"image/svg+xml": {"schema": {"type": "string"}}}}},
                })),
                "patch": operation("AppleFruit", "polish", json!({
                    "parameters": [{"name": "apple_id", "in": "path", "required": true, "schema": {"type": "string"}}],
                    "requestBody": {"required": true, "content": {"text/plain": {"schema": {"type": "string"}}}},
                })),
            },
        },
    })
}

fn json_answer(schema: Value) -> Value {
    json!({"description": "It", "content": {"application/json": {"schema": schema}}})
}

/// The description with the value at a JSON pointer set; the parent must be an object.
pub fn with(mut description: Value, pointer: &str, value: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let key = key.replace("~1", "/");
    description.pointer_mut(parent).unwrap().as_object_mut().unwrap().insert(key, value);
    description
}

/// The description without the member at a JSON pointer.
pub fn without(mut description: Value, pointer: &str) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let key = key.replace("~1", "/");
    let object = description.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    assert!(object.contains_key(&key), "{pointer}");
    // Not `remove`, which may change the order of what is left.
    object.retain(|name, _| *name != key);
    description
}
