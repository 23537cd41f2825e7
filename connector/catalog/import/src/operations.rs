//! The operations of the description.

use catalog_model::{Body, Cost, Format, Location, Method, Operation, Parameter, Response, Stability, Type};

use crate::json::{At, Members};
use crate::schema::{schema, take_type};

/// The media types that a response can have, as Looker names them (`text` stands for csv, txt, sql, md and html).
const RESPONSE_MEDIA_TYPES: [&str; 7] =
    ["application/json", "text", "text/plain", "image/png", "image/jpeg", "image/svg+xml", "application/pdf"];

/// The models of error bodies, which the connector reads.
const ERROR_MODELS: [&str; 2] = ["Error", "ValidationError"];

const TEXT: Type = Type::String(Format::Text);

/// One operation with its tag: one method of one path.
pub fn operation(path: &str, method: &str, at: &At<'_>) -> Result<(String, Operation), String> {
    let mut members = at.members()?;
    let method = match method {
        "get" => Method::Get,
        "post" => Method::Post,
        "put" => Method::Put,
        "patch" => Method::Patch,
        "delete" => Method::Delete,
        other => return Err(at.problem(format_args!("the method `{other}` is not understood"))),
    };
    let tags = members.need("tags")?;
    let tag = match tags.items()?.as_slice() {
        [tag] => tag.text()?.to_owned(),
        _ => return Err(tags.problem("an operation must have one tag")),
    };
    let id = members.need("operationId")?;
    let name = id.text()?.to_owned();
    if !name.starts_with(|first: char| first.is_ascii_lowercase())
        || !name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
    {
        return Err(id.problem(format_args!("`{name}` is no operation id: lower-case letters, digits and _ only")));
    }
    members.take_sentence("summary")?;
    members.take_sentence("description")?;
    let status = members.need("x-looker-status")?;
    let stability = stability(&status)?;
    if members.take_flag("deprecated")? != (stability == Stability::Deprecated) {
        return Err(status.problem("contradicts `deprecated`"));
    }
    let cost = members.need("x-looker-activity-type")?;
    let cost = match cost.text()? {
        "db_query" => Cost::DbQuery,
        "non_query" => Cost::NonQuery,
        "none" => Cost::None,
        other => return Err(cost.problem(format_args!("the activity type `{other}` is not understood"))),
    };
    let limited = members.need("x-looker-rate-limited")?;
    if !limited.boolean()? {
        return Err(limited.problem("is false: the connector takes every operation for rate-limited"));
    }
    let parameters = members.take("parameters").map_or(Ok(Vec::new()), |parameters| parameters.items())?;
    let parameters = parameters.iter().map(parameter).collect::<Result<_, _>>()?;
    let body = members.take("requestBody").map(|at| body(&at)).transpose()?;
    let (responses, failures) = responses(&members.need("responses")?)?;
    members.finish()?;
    Ok((tag, Operation { name, method, path: path.to_owned(), stability, cost, parameters, body, responses, failures }))
}

/// What `x-looker-status` says.
pub fn stability(at: &At<'_>) -> Result<Stability, String> {
    match at.text()? {
        "stable" => Ok(Stability::Stable),
        "beta" => Ok(Stability::Beta),
        "alpha" => Ok(Stability::Alpha),
        "deprecated" => Ok(Stability::Deprecated),
        other => Err(at.problem(format_args!("the status `{other}` is not understood"))),
    }
}

fn parameter(at: &At<'_>) -> Result<Parameter, String> {
    let mut members = at.members()?;
    let name = members.need("name")?.text()?.to_owned();
    let location = members.need("in")?;
    let location = match location.text()? {
        "path" => Location::Path,
        "query" => Location::Query,
        other => return Err(location.problem(format_args!("the location `{other}` is not understood"))),
    };
    members.take_sentence("description")?;
    let parameter = Parameter {
        kind: parameter_type(location, &mut members)?,
        name,
        location,
        required: members.need("required")?.boolean()?,
        deprecated: members.take_flag("deprecated")?,
    };
    members.finish()?;
    Ok(parameter)
}

/// The type of a parameter. What a URL cannot carry in the way that the connector writes it is refused.
fn parameter_type(location: Location, members: &mut Members<'_>) -> Result<Type, String> {
    let at = members.need("schema")?;
    let mut inner = at.members()?;
    let mut kind = take_type(&mut inner)?;
    inner.finish()?;
    match &kind {
        Type::Boolean | Type::Integer | Type::Number | Type::String(_) => {}
        // The connector joins the items by commas, which is what `simple` without `explode` means.
        Type::Array(item) if matches!(**item, Type::String(_) | Type::Integer) && location == Location::Query => {
            let style = members.need("style")?;
            let explode = members.need("explode")?;
            if style.text()? != "simple" {
                return Err(style.problem("a list in the query must have the style `simple`"));
            }
            if explode.boolean()? {
                return Err(explode.problem("a list in the query must not be exploded"));
            }
        }
        // Looker writes the type of the values beside the schema instead of within it.
        Type::Map(values) if **values == Type::Any && location == Location::Query => {
            kind = Type::Map(Box::new(schema(&members.need("additionalProperties")?)?));
        }
        _ => return Err(at.problem(format_args!("a parameter of the type {kind} is not understood here"))),
    }
    Ok(kind)
}

fn body(at: &At<'_>) -> Result<Body, String> {
    let mut members = at.members()?;
    let content = members.need("content")?;
    let required = members.take_flag("required")?;
    members.take_sentence("description")?;
    members.finish()?;
    let contents = contents(&content)?;
    let [(media_type, kind, schema)] = contents.as_slice() else {
        return Err(content.problem("a request must have one media type"));
    };
    let understood = match *media_type {
        "application/json" => matches!(kind, Type::Model(_) | Type::Array(_) | Type::Map(_) | Type::String(_)),
        "text/plain" => *kind == TEXT,
        // Its fields are the operation's query parameters.
        "application/x-www-form-urlencoded" => *kind == Type::Map(Box::new(Type::Any)),
        other => return Err(content.problem(format_args!("the media type `{other}` is not understood in a request"))),
    };
    if !understood {
        return Err(schema.problem(format_args!("a body of the type {kind} is not understood as {media_type}")));
    }
    Ok(Body { media_type: (*media_type).to_owned(), kind: kind.clone(), required })
}

/// The successes with what they hold, and the statuses of the failures.
fn responses(at: &At<'_>) -> Result<(Vec<Response>, Vec<u16>), String> {
    let mut responses = Vec::new();
    let mut failures = Vec::new();
    for (status, at) in at.members()?.take_all() {
        let number: u16 = status.parse().unwrap_or_default();
        match number {
            200 | 201 | 202 | 204 => responses.push(response(number, &at)?),
            400..=599 => {
                failure(&at)?;
                failures.push(number);
            }
            _ => return Err(at.problem(format_args!("the status `{status}` is not understood"))),
        }
    }
    if responses.is_empty() { Err(at.problem("there is no success")) } else { Ok((responses, failures)) }
}

fn response(status: u16, at: &At<'_>) -> Result<Response, String> {
    let contents = response_contents(at)?;
    let media_types: Vec<_> = contents.iter().map(|(media_type, _, _)| (*media_type).to_owned()).collect();
    let Some((_, kind, schema)) = contents.first() else {
        return Ok(Response { status, media_types, kind: None });
    };
    if contents.iter().any(|(_, other, _)| other != kind) {
        return Err(at.problem("the media types of a response must share one type"));
    }
    if status == 204 {
        // HTTP knows no 204 with content; Looker writes it as a JSON string.
        return match (media_types.as_slice(), kind) {
            ([json], kind) if json == "application/json" && *kind == TEXT => {
                Ok(Response { status, media_types: Vec::new(), kind: None })
            }
            _ => Err(schema.problem(format_args!("a 204 cannot have content of the type {kind}"))),
        };
    }
    let kind = match (media_types.iter().any(|media_type| media_type == "application/json"), kind) {
        // Looker writes `string` for every content that it does not describe (rows of a query, the state of filters,
        // generated LookML), and its SDKs hand such content out unread. It says nothing about the JSON within.
        (true, kind) if *kind == TEXT => Some(Type::Any),
        (true, kind) => Some(kind.clone()),
        (false, kind) if *kind == TEXT => None,
        (false, kind) => {
            return Err(schema.problem(format_args!("content of the type {kind} is not understood without JSON")));
        }
    };
    Ok(Response { status, media_types, kind })
}

fn failure(at: &At<'_>) -> Result<(), String> {
    for (_, kind, schema) in response_contents(at)? {
        if !matches!(&kind, Type::Model(name) if ERROR_MODELS.contains(&name.as_str())) {
            return Err(schema.problem(format_args!("a failure of the type {kind} is not understood")));
        }
    }
    Ok(())
}

/// The media types of a response, each with its type and where that is said.
fn response_contents<'a>(at: &At<'a>) -> Result<Vec<(&'a str, Type, At<'a>)>, String> {
    let mut members = at.members()?;
    members.take_sentence("description")?;
    let content = members.take("content");
    members.finish()?;
    let Some(content) = content else { return Ok(Vec::new()) };
    let contents = contents(&content)?;
    match contents.iter().find(|(media_type, _, _)| !RESPONSE_MEDIA_TYPES.contains(media_type)) {
        Some((other, _, _)) => Err(content.problem(format_args!("the media type `{other}` is not understood"))),
        None => Ok(contents),
    }
}

fn contents<'a>(at: &At<'a>) -> Result<Vec<(&'a str, Type, At<'a>)>, String> {
    let read = |(media_type, at): (&'a str, At<'a>)| {
        let mut members = at.members()?;
        let at = members.need("schema")?;
        members.finish()?;
        Ok((media_type, schema(&at)?, at))
    };
    at.members()?.take_all().into_iter().map(read).collect()
}
