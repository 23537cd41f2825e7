//! The spec: Looker's operations and models as its API description gives them, without its sentences.

mod consistency;
mod file;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::kind::Type;

pub(crate) use file::read_folder;
pub use file::{MODELS_FILE, SOURCE_FILE};

/// One version of Looker's API.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    /// The description that it was made from.
    pub source: Source,
    /// The models, sorted by name.
    pub models: Vec<Model>,
    /// The operations by Looker's tags, sorted by the names of their files.
    pub groups: Vec<Group>,
}

/// The description that a spec was made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The version of the API: `4.0.26.12`.
    pub version: String,
    /// The release of Looker: `26.12.3`.
    pub release: String,
    /// The SHA-256 of the description, in lower-case hexadecimal digits.
    pub sha256: String,
    /// The SDK that adds what is newer than the description.
    #[serde(default)]
    pub sdk: Option<SdkSource>,
}

/// The SDK of Looker's that a spec was made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SdkSource {
    /// The release of Looker that it was made for: `26.22.0`.
    pub release: String,
    /// The SHA-256 of its wheel, in lower-case hexadecimal digits.
    pub sha256: String,
}

/// The operations that Looker lists under one tag.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// The tag: `UserAttribute`.
    pub tag: String,
    /// Its operations, in Looker's order.
    pub operations: Vec<Operation>,
}

/// One operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// Looker's operation id: `create_user`.
    pub name: String,
    /// The HTTP method.
    pub method: Method,
    /// The path below `/api/4.0`, with its parameters in braces.
    pub path: String,
    /// How far Looker stands behind it.
    pub stability: Stability,
    /// How Looker counts it for quotas.
    pub cost: Cost,
    /// The release of Looker that brought it, if that is newer than the description: `26.22`.
    #[serde(default)]
    pub since: Option<String>,
    /// The parameters in the path and in the query, in Looker's order.
    #[serde(default)]
    pub parameters: Vec<Parameter>,
    /// The body, where there is one.
    #[serde(default)]
    pub body: Option<Body>,
    /// The responses that mean success.
    pub responses: Vec<Response>,
    /// The statuses of the error responses that Looker documents.
    pub failures: Vec<u16>,
}

/// An HTTP method that Looker uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// `GET`.
    Get,
    /// `POST`.
    Post,
    /// `PUT`.
    Put,
    /// `PATCH`.
    Patch,
    /// `DELETE`.
    Delete,
}

/// How far Looker stands behind an operation (`x-looker-status`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stability {
    /// Kept compatible.
    Stable,
    /// Usable, may still change.
    Beta,
    /// An experiment, may change or go.
    Alpha,
    /// Works, but will be removed.
    Deprecated,
}

/// How Looker counts a call for its monthly quotas (`x-looker-activity-type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cost {
    /// A query call.
    DbQuery,
    /// An administration call.
    NonQuery,
    /// Not counted.
    None,
}

/// One parameter of an operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Its name in the request.
    pub name: String,
    /// Where in the request it goes.
    #[serde(rename = "in")]
    pub location: Location,
    /// The type of its value.
    #[serde(rename = "type")]
    pub kind: Type,
    /// Whether Looker requires it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
    /// Whether Looker advises against it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deprecated: bool,
    /// The release of Looker that brought it, if that is newer than the description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
}

/// Where in a request a parameter goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Location {
    /// In the path.
    Path,
    /// In the query string.
    Query,
}

/// The body of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// Its media type.
    pub media_type: String,
    /// The type of the whole of it.
    #[serde(rename = "type")]
    pub kind: Type,
    /// Whether Looker requires it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
}

/// One response that means success.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Its media types as Looker names them; empty if it has no content.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media_types: Vec<String>,
    /// The type of its content, if that can be JSON.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Type>,
}

/// An object that Looker describes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Its name.
    pub name: String,
    /// Its properties, in Looker's order.
    pub properties: Vec<Property>,
}

/// One property of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Property {
    /// Its name.
    pub name: String,
    /// The type of its value.
    #[serde(rename = "type")]
    pub kind: Type,
    /// Whether the model is incomplete without it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
    /// Whether it may be `null`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub nullable: bool,
    /// Whether only Looker sets it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub read_only: bool,
    /// Whether Looker accepts it but never returns it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub write_only: bool,
    /// Whether Looker advises against it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deprecated: bool,
    /// The release of Looker that brought it, if that is newer than the description and the model is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// The values that it, or each of its items, can have; empty if Looker lists none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

fn is_false(value: &bool) -> bool {
    !value
}

impl Spec {
    /// Every operation with the tag that it is listed under.
    pub fn operations(&self) -> impl Iterator<Item = (&str, &Operation)> {
        self.groups.iter().flat_map(|group| group.operations.iter().map(|operation| (group.tag.as_str(), operation)))
    }

    /// The operation of that name, with its tag.
    pub fn operation(&self, name: &str) -> Option<(&str, &Operation)> {
        self.operations().find(|(_, operation)| operation.name == name)
    }

    /// The model of that name.
    pub fn model(&self, name: &str) -> Option<&Model> {
        self.models.iter().find(|model| model.name == name)
    }

    /// The model that the body of an operation is, where it is one: its properties are inputs of the operation.
    pub fn body_model(&self, operation: &Operation) -> Option<&Model> {
        match &operation.body {
            Some(Body { kind: Type::Model(name), .. }) => self.model(name),
            _ => None,
        }
    }
}

impl Body {
    /// Whether the body is made of the operation's query parameters, as an HTML form sends them.
    pub fn is_form(&self) -> bool {
        self.media_type == "application/x-www-form-urlencoded"
    }
}

impl Model {
    /// The property of that name.
    pub fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name == name)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        })
    }
}
