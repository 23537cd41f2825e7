//! The operations of the description: the methods of its paths.

use super::content::{RequestBody, Responses};
use super::parameter::Parameter;
use catalog_model::{Cost, Method, Stability};
use serde::Deserialize;

/// One method of one path.
#[derive(Debug, Deserialize)]
#[serde(try_from = "OperationFields")]
pub struct Operation {
    /// The tag that Looker lists it under.
    pub tag: String,
    name: String,
    stability: Stability,
    cost: Cost,
    parameters: Vec<Parameter>,
    body: Option<RequestBody>,
    responses: Responses,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OperationFields {
    tags: Vec<String>,
    #[serde(rename = "operationId")]
    name: String,
    #[serde(rename = "summary")]
    _summary: Option<String>,
    #[serde(rename = "description")]
    _description: Option<String>,
    #[serde(rename = "x-looker-status")]
    stability: Stability,
    #[serde(default)]
    deprecated: bool,
    #[serde(rename = "x-looker-activity-type")]
    cost: Cost,
    #[serde(rename = "x-looker-rate-limited")]
    rate_limited: bool,
    #[serde(default)]
    parameters: Vec<Parameter>,
    #[serde(rename = "requestBody")]
    body: Option<RequestBody>,
    responses: Responses,
}

impl TryFrom<OperationFields> for Operation {
    type Error = String;

    fn try_from(fields: OperationFields) -> Result<Self, String> {
        let OperationFields { tags, name, stability, cost, parameters, body, responses, .. } = fields;
        let [tag] = tags.as_slice() else { return Err("`tags`: an operation must have one tag".to_owned()) };
        if !is_operation_id(&name) {
            return Err(format!("`operationId`: `{name}` has more than lower-case letters, digits and _"));
        }
        if fields.deprecated != (stability == Stability::Deprecated) {
            return Err("`x-looker-status` and `deprecated` contradict each other".to_owned());
        }
        if !fields.rate_limited {
            return Err("`x-looker-rate-limited` is false, but the connector expects limits everywhere".to_owned());
        }
        Ok(Self { tag: tag.clone(), name, stability, cost, parameters, body, responses })
    }
}

impl Operation {
    /// The operation as the spec has it.
    pub fn into_spec(self, path: &str, method: Method) -> catalog_model::Operation {
        catalog_model::Operation {
            name: self.name,
            method,
            path: path.to_owned(),
            stability: self.stability,
            cost: self.cost,
            since: None,
            parameters: self.parameters.into_iter().map(|Parameter(parameter)| parameter).collect(),
            body: self.body.map(|RequestBody(body)| body),
            responses: self.responses.successes,
            failures: self.responses.failures,
        }
    }
}

/// The method of that name.
///
/// # Errors
///
/// Names a method that is not understood.
pub fn method(name: &str) -> Result<Method, String> {
    match name {
        "get" => Ok(Method::Get),
        "post" => Ok(Method::Post),
        "put" => Ok(Method::Put),
        "patch" => Ok(Method::Patch),
        "delete" => Ok(Method::Delete),
        other => Err(format!("the method `{other}` is not understood")),
    }
}

fn is_operation_id(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
}
