//! Bodies and responses: content by media type.

use super::members::Members;
use super::schema::Schema;
use catalog_model::{Body, Format, Response, Type};
use serde::Deserialize;

/// The media types that a response can have, as Looker names them (`text` stands for csv, txt, sql, md and html).
const RESPONSE_MEDIA_TYPES: [&str; 7] =
    ["application/json", "text", "text/plain", "image/png", "image/jpeg", "image/svg+xml", "application/pdf"];

/// The models of error bodies, which the connector reads.
const ERROR_MODELS: [&str; 2] = ["Error", "ValidationError"];

const JSON: &str = "application/json";

const TEXT: Type = Type::String(Format::Text);

/// The body of a request.
#[derive(Debug, Deserialize)]
#[serde(try_from = "BodyFields")]
pub struct RequestBody(pub Body);

/// The responses that mean success, and the statuses of the error responses.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Members<ResponseFields>")]
pub struct Responses {
    pub successes: Vec<Response>,
    pub failures: Vec<u16>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BodyFields {
    content: Members<MediaType>,
    #[serde(default)]
    required: bool,
    #[serde(rename = "description")]
    _description: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ResponseFields {
    #[serde(rename = "description")]
    _description: Option<String>,
    content: Option<Members<MediaType>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MediaType {
    schema: Schema,
}

impl TryFrom<BodyFields> for RequestBody {
    type Error = String;

    fn try_from(fields: BodyFields) -> Result<Self, String> {
        let [(media_type, MediaType { schema: Schema(kind) })] = fields.content.0.as_slice() else {
            return Err("`content` must have one media type".to_owned());
        };
        let understood = match media_type.as_str() {
            JSON => matches!(kind, Type::Model(_) | Type::Array(_) | Type::Map(_) | Type::String(_)),
            "text/plain" => *kind == TEXT,
            // Its fields are the operation's query parameters.
            "application/x-www-form-urlencoded" => *kind == Type::Map(Box::new(Type::Any)),
            other => return Err(format!("the media type `{other}` is not understood in a request")),
        };
        if !understood {
            return Err(format!("a body of the type `{kind}` is not understood as {media_type}"));
        }
        Ok(Self(Body { media_type: media_type.clone(), kind: kind.clone(), required: fields.required }))
    }
}

impl TryFrom<Members<ResponseFields>> for Responses {
    type Error = String;

    fn try_from(responses: Members<ResponseFields>) -> Result<Self, String> {
        let mut successes = Vec::new();
        let mut failures = Vec::new();
        for (status, response) in responses.0 {
            let contents = response.content.map_or_else(Vec::new, |content| content.0);
            let unknown = contents.iter().find(|(name, _)| !RESPONSE_MEDIA_TYPES.contains(&name.as_str()));
            if let Some((name, _)) = unknown {
                return Err(format!("status `{status}`: the media type `{name}` is not understood"));
            }
            let number: u16 = status.parse().unwrap_or_default();
            let checked = match number {
                200 | 201 | 202 | 204 => success(number, contents).map(|response| successes.push(response)),
                400..=599 => failure(contents).map(|()| failures.push(number)),
                _ => Err("this status is not understood".to_owned()),
            };
            checked.map_err(|problem| format!("status `{status}`: {problem}"))?;
        }
        if successes.is_empty() { Err("no status means success".to_owned()) } else { Ok(Self { successes, failures }) }
    }
}

fn success(status: u16, contents: Vec<(String, MediaType)>) -> Result<Response, String> {
    let (media_types, kinds): (Vec<String>, Vec<Type>) =
        contents.into_iter().map(|(name, MediaType { schema: Schema(kind) })| (name, kind)).unzip();
    let Some(kind) = kinds.first() else { return Ok(Response { status, media_types, kind: None }) };
    if kinds.iter().any(|other| other != kind) {
        return Err("the media types of a response must share one type".to_owned());
    }
    if status == 204 {
        // HTTP does not allow content in a 204; Looker describes it as a JSON string.
        return match media_types.as_slice() {
            [json] if json == JSON && *kind == TEXT => Ok(Response { status, media_types: Vec::new(), kind: None }),
            _ => Err(format!("a 204 cannot have content of the type `{kind}`")),
        };
    }
    let kind = match (media_types.iter().any(|media_type| media_type == JSON), kind) {
        // Looker writes `string` for all content that it does not describe (rows of a query, the state of filters,
        // generated LookML), and its SDKs hand such content out unread. It says nothing about the JSON within.
        (true, kind) if *kind == TEXT => Some(Type::Any),
        (true, kind) => Some(kind.clone()),
        (false, kind) if *kind == TEXT => None,
        (false, kind) => return Err(format!("content of the type `{kind}` is not understood without JSON")),
    };
    Ok(Response { status, media_types, kind })
}

fn failure(contents: Vec<(String, MediaType)>) -> Result<(), String> {
    for (_, MediaType { schema: Schema(kind) }) in contents {
        if !matches!(&kind, Type::Model(name) if ERROR_MODELS.contains(&name.as_str())) {
            return Err(format!("an error response of the type `{kind}` is not understood"));
        }
    }
    Ok(())
}
