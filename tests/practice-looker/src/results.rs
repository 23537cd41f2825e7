//! The results of queries and render tasks, in every format.

pub(crate) mod files;
mod filter;
mod format;
mod rows;
mod table_format;
mod xlsx;

use bytes::Bytes;
use serde_json::Value;

pub(crate) use format::TextFormat;
pub(crate) use rows::Plan;

use crate::{
    error_response::ErrorResponse,
    response::{Content, Response},
};

/// The size of the pieces of a large result, in bytes.
const PIECE: usize = 64 * 1024;

/// Every format of a query's result.
pub(crate) const FORMATS: [&str; 11] =
    ["json", "json_detail", "json_bi", "csv", "txt", "md", "html", "xlsx", "png", "jpg", "sql"];

/// The result of a query in a format.
///
/// # Errors
/// 400 if there is no such format, or if the query failed and the format cannot carry the message.
pub(crate) fn respond(plan: Plan, format: &str) -> Result<Response, ErrorResponse> {
    let whole = |media_type, bytes: Vec<u8>| Ok(Response::content(200, media_type, Content::Whole(bytes.into())));
    if let Some(format) = TextFormat::named(format) {
        return Ok(Response::content(200, format.media_type(), content(plan, format)));
    }
    match format {
        "sql" => return whole("text/plain;charset=utf-8", plan.sql().into_bytes()),
        "xlsx" | "png" | "jpg" if plan.error().is_some() => {
            return Err(ErrorResponse::BadRequest(plan.error().unwrap_or_default().to_owned()));
        }
        _ => {}
    }
    match format {
        "xlsx" => whole("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", xlsx::workbook(&plan)),
        "png" => whole("image/png", files::PNG.to_vec()),
        "jpg" => whole("image/jpeg", files::JPEG.to_vec()),
        _ => Err(ErrorResponse::BadRequest(format!(
            "{format} is not a result format; use one of: {}",
            FORMATS.join(", ")
        ))),
    }
}

/// Sends a small result at once and a large one piece by piece.
fn content(plan: Plan, format: TextFormat) -> Content {
    let mut pieces = format::pieces(plan, format);
    let first = pieces.next().unwrap_or_default();
    if first.len() < PIECE {
        return Content::Whole(Bytes::from(first));
    }
    Content::Pieces(Box::new(std::iter::once(first).chain(pieces).map(Bytes::from)))
}

/// A result as JSON, for a response that holds several.
pub(crate) fn json(plan: Plan, format: TextFormat) -> Value {
    let text: String = format::pieces(plan, format).collect();
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}
