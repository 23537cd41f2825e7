//! One call: an operation with its path, query and body, validated against the catalog.

use std::collections::HashMap;

use bytes::Bytes;
use looker_connector::catalog::{Location, Operation, Type};
use serde_json::Value;

use crate::{error_response::ErrorResponse, router::Route, sessions::Session, table::Row, validate};

/// A call by a signed-in user.
pub(crate) struct Call {
    pub(crate) operation: &'static Operation,
    pub(crate) path: Vec<(&'static str, String)>,
    /// The parameters that the operation has. Looker ignores all others.
    query: HashMap<&'static str, String>,
    /// The query string as it was sent.
    uri: http::Uri,
    body: Option<Value>,
    pub(crate) token: String,
    pub(crate) session: Session,
    /// Looker's address as the client wrote it: `http://127.0.0.1:PORT`.
    pub(crate) origin: String,
}

impl Call {
    /// Parses and validates the query and the body.
    ///
    /// # Errors
    /// 400 if a part cannot be parsed, 422 if a property of the body is missing or has the wrong type.
    pub(crate) fn new(
        route: Route,
        uri: &http::Uri,
        body: &Bytes,
        token: String,
        session: Session,
        origin: String,
    ) -> Result<Self, ErrorResponse> {
        let query = read_query(route.operation, uri.query().unwrap_or_default())?;
        let body = validate::body(route.operation, body)?;
        Ok(Self { operation: route.operation, path: route.path, query, uri: uri.clone(), body, token, session, origin })
    }

    /// The value of a parameter in the path.
    pub(crate) fn path(&self, name: &str) -> &str {
        self.path.iter().find(|(candidate, _)| *candidate == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// The value of the last parameter in the path.
    pub(crate) fn last_of_path(&self) -> &str {
        self.path.last().map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// The value of a query parameter that the operation has.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        self.query(name)?.parse().ok()
    }

    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.query(name).is_some_and(|value| value == "true")
    }

    /// A query parameter that is a list: `1,2,3`.
    pub(crate) fn list(&self, name: &str) -> Option<Vec<&str>> {
        self.query(name).map(|value| value.split(',').map(str::trim).filter(|item| !item.is_empty()).collect())
    }

    /// The query parameters that were sent and that the operation has.
    pub(crate) fn queries(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.query.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// All query parameters, including those that the operation does not have.
    pub(crate) fn raw_query(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.uri.query().unwrap_or_default().as_bytes()).into_owned().collect()
    }

    pub(crate) fn body(&self) -> Option<&Value> {
        self.body.as_ref()
    }

    /// The body as an object; empty if no body was sent.
    pub(crate) fn object(&self) -> Row {
        self.body.as_ref().and_then(Value::as_object).cloned().unwrap_or_default()
    }

    /// The body as a list of ids.
    pub(crate) fn ids(&self) -> Vec<String> {
        let items = self.body.as_ref().and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        items.iter().filter_map(id_text).collect()
    }
}

/// An id as text. The value may be a string or a number.
pub(crate) fn id_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn read_query(operation: &'static Operation, query: &str) -> Result<HashMap<&'static str, String>, ErrorResponse> {
    let mut values = HashMap::new();
    if !query.is_empty() {
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let known = operation
                .parameters
                .iter()
                .find(|parameter| parameter.location == Location::Query && parameter.name == name);
            if let Some(parameter) = known {
                check_parameter(parameter.name, parameter.kind, &value)?;
                values.insert(parameter.name, value.into_owned());
            }
        }
    }
    let missing = operation.parameters.iter().find(|parameter| {
        parameter.location == Location::Query && parameter.required && !values.contains_key(parameter.name)
    });
    match missing {
        Some(parameter) => Err(ErrorResponse::BadRequest(format!("{} is required", parameter.name))),
        None => Ok(values),
    }
}

fn check_parameter(name: &str, kind: Type, value: &str) -> Result<(), ErrorResponse> {
    let (fits, wanted) = match kind {
        Type::Integer => (value.parse::<i64>().is_ok(), "an integer"),
        Type::Number => (value.parse::<f64>().is_ok(), "a number"),
        Type::Boolean => (matches!(value, "true" | "false"), "true or false"),
        _ => (true, ""),
    };
    if fits || value.is_empty() { Ok(()) } else { Err(ErrorResponse::BadRequest(format!("{name} must be {wanted}"))) }
}
