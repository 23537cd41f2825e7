//! The frame of the description: everything around its operations and models.

use super::members::Members;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The whole. Operations and models stay text, so that each can be read, and fail, on its own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    #[serde(rename = "openapi")]
    _openapi: OpenApi,
    pub info: Info,
    #[serde(rename = "servers")]
    _servers: Servers,
    pub tags: Vec<Tag>,
    pub components: Components,
    pub paths: Members<Members<Box<RawValue>>>,
}

/// The version of OpenAPI.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct OpenApi;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Info {
    pub version: Version,
    #[serde(rename = "x-looker-release-version")]
    pub release: String,
    #[serde(rename = "title")]
    _title: serde::de::IgnoredAny,
    #[serde(rename = "description")]
    _description: serde::de::IgnoredAny,
    #[serde(rename = "contact")]
    _contact: serde::de::IgnoredAny,
    #[serde(rename = "license")]
    _license: serde::de::IgnoredAny,
}

/// The version of the API.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Version(pub String);

/// Where the API is: one server, under the path that the connector uses.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Vec<Server>")]
struct Servers;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Server {
    url: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tag {
    pub name: TagName,
    #[serde(rename = "description")]
    _description: Option<String>,
}

/// A tag, which names a file.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct TagName(pub String);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Components {
    #[serde(rename = "requestBodies")]
    _request_bodies: Option<Empty>,
    pub schemas: Members<Box<RawValue>>,
}

/// An object without members.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Empty {}

impl TryFrom<String> for OpenApi {
    type Error = &'static str;

    fn try_from(version: String) -> Result<Self, Self::Error> {
        if version.starts_with("3.0.") { Ok(Self) } else { Err("only OpenAPI 3.0 is understood") }
    }
}

impl TryFrom<String> for Version {
    type Error = &'static str;

    fn try_from(version: String) -> Result<Self, Self::Error> {
        let is_known = version.starts_with("4.0.");
        if is_known { Ok(Self(version)) } else { Err("only version 4.0 of Looker's API is understood") }
    }
}

impl TryFrom<Vec<Server>> for Servers {
    type Error = &'static str;

    fn try_from(servers: Vec<Server>) -> Result<Self, Self::Error> {
        match servers.as_slice() {
            [server] if server.url.ends_with("/api/4.0") => Ok(Self),
            [_] => Err("`url` must end in /api/4.0, since that is where the connector sends requests"),
            _ => Err("there must be one server"),
        }
    }
}

impl TryFrom<String> for TagName {
    type Error = String;

    fn try_from(tag: String) -> Result<Self, String> {
        if tag.is_empty() || !tag.chars().all(|letter| letter.is_ascii_alphanumeric()) {
            return Err(format!("`{tag}` cannot name a file: letters and digits only"));
        }
        Ok(Self(tag))
    }
}
