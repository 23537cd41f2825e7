//! The sign-in form, as the connector's `auth-schema` has it: which fields are secret, and whether values fit.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The sign-in form of a connector.
pub(super) struct AuthForm {
    schema: Value,
    validator: Validator,
    /// The fields that may be shown.
    plain: BTreeSet<String>,
}

/// A problem with one field of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FieldProblem {
    field: String,
    message: String,
}

impl FieldProblem {
    fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }

    /// As the API has it.
    pub(super) fn to_json(&self) -> Value {
        json!({ "field": self.field, "message": self.message })
    }
}

impl AuthForm {
    /// Reads the schema of a sign-in form.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the schema.
    pub(super) fn new(schema: Value) -> Result<Self, String> {
        // A connector's pattern takes linear time: whoever wrote it, it cannot occupy the server.
        let validator = jsonschema::draft202012::options()
            .with_pattern_options(PatternOptions::regex())
            .build(&schema)
            .map_err(|error| format!("the connector's auth-schema is no JSON Schema: {error}"))?;
        let properties = schema.get("properties").and_then(Value::as_object);
        let plain = properties.into_iter().flatten().filter(|(_, property)| !is_secret(property));
        let plain = plain.map(|(name, _)| name.clone()).collect();
        Ok(Self { schema, validator, plain })
    }

    /// The schema.
    pub(super) fn schema(&self) -> &Value {
        &self.schema
    }

    /// Whether the value of a field may be shown. A field that the form does not have may be a misspelt secret.
    pub(super) fn is_plain(&self, field: &str) -> bool {
        self.plain.contains(field)
    }

    /// Whether the form has a field, and it is secret.
    pub(super) fn is_secret(&self, field: &str) -> bool {
        !self.is_plain(field) && self.schema.get("properties").is_some_and(|properties| properties.get(field).is_some())
    }

    /// What is wrong with filled-in values. No message shows a value.
    pub(super) fn problems(&self, values: &Map<String, Value>) -> Vec<FieldProblem> {
        let values = Value::Object(values.clone());
        self.validator.iter_errors(&values).flat_map(|error| field_problems(&error)).collect()
    }
}

/// Whether a property holds a secret, at whatever depth.
fn is_secret(property: &Value) -> bool {
    match property {
        Value::Object(keywords) => {
            keywords.get("format").and_then(Value::as_str) == Some("password")
                || keywords.get("writeOnly") == Some(&Value::Bool(true))
                || keywords.values().any(is_secret)
        }
        Value::Array(items) => items.iter().any(is_secret),
        _ => false,
    }
}

fn field_problems(error: &ValidationError<'_>) -> Vec<FieldProblem> {
    let path = error.instance_path().as_str();
    let field =
        path.trim_start_matches('/').split('/').next().unwrap_or_default().replace("~1", "/").replace("~0", "~");
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            let message = "the sign-in form has no such field; remove it or correct its name";
            unexpected.iter().map(|name| FieldProblem::new(name, message)).collect()
        }
        ValidationErrorKind::Required { property } => {
            vec![FieldProblem::new(property.as_str().unwrap_or_default(), "fill this in; it is required")]
        }
        ValidationErrorKind::Not { schema } if field.is_empty() => {
            let names: Vec<&str> =
                schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let message = format!("give only one of {}", names.join(" and "));
            names.iter().map(|name| FieldProblem::new(*name, &message)).collect()
        }
        ValidationErrorKind::Type { .. } => vec![FieldProblem::new(field, "this has the wrong type of value")],
        _ => vec![FieldProblem::new(field, error.masked().to_string())],
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn form() -> AuthForm {
        AuthForm::new(json!({
            "type": "object",
            "properties": {
                "domain": { "type": "string" },
                "region": { "type": "string" },
                "port": { "type": ["integer", "string"], "minimum": 1, "maximum": 65535, "pattern": "^[0-9]{0,5}$" },
                "workspace": { "type": "string", "enum": ["production", "dev"] },
                "secret": { "type": "string", "format": "password" },
                "keys": { "type": "array", "items": { "type": "string", "format": "password" } },
            },
            "required": ["domain"],
            "not": { "required": ["port", "region"] },
            "additionalProperties": false,
        }))
        .unwrap()
    }

    fn problems(values: Value) -> Vec<(String, String)> {
        let problems = form().problems(values.as_object().unwrap());
        problems.into_iter().map(|problem| (problem.field, problem.message)).collect()
    }

    #[test]
    fn secrets_are_known_at_any_depth_and_what_the_form_lacks_is_not_shown() {
        let form = form();
        assert!(form.is_plain("domain") && form.is_plain("port"));
        for secret in ["secret", "keys"] {
            assert!(form.is_secret(secret) && !form.is_plain(secret));
        }
        assert!(!form.is_plain("secrte") && !form.is_secret("secrte"));
    }

    #[test]
    fn each_problem_is_at_its_field_and_shows_no_value() {
        assert_eq!(problems(json!({"domain": "a", "port": 19999})), []);
        let hush = "hush-hush";
        for (values, fields) in [
            (json!({}), vec!["domain"]),
            (json!({"domain": "a", "secrte": hush}), vec!["secrte"]),
            (json!({"domain": "a", "port": 1, "region": "eu"}), vec!["port", "region"]),
            (json!({"domain": "a", "port": hush}), vec!["port"]),
            (json!({"domain": "a", "port": 70000}), vec!["port"]),
            (json!({"domain": "a", "workspace": hush}), vec!["workspace"]),
            (json!({"domain": "a", "secret": [hush]}), vec!["secret"]),
            (json!({"domain": "a", "secret": {"b": hush}}), vec!["secret"]),
            (json!({"domain": "a", "keys": [hush, 5]}), vec!["keys"]),
        ] {
            let found = problems(values.clone());
            let names: Vec<&str> = found.iter().map(|(field, _)| field.as_str()).collect();
            assert_eq!(names, fields, "{values}: {found:?}");
            assert!(!format!("{found:?}").contains(hush), "{found:?}");
        }
    }
}
