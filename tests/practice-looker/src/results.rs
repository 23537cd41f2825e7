//! The results of queries and renderings, in every format.

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
    answer::{Answer, Content},
    refusal::Refusal,
};

/// How large the pieces of a result are that is sent piece by piece, in bytes.
const PIECE: usize = 64 * 1024;

/// Every format that a query's result can be asked for in.
pub(crate) const FORMATS: [&str; 11] =
    ["json", "json_detail", "json_bi", "csv", "txt", "md", "html", "xlsx", "png", "jpg", "sql"];

/// The result of a query in a format.
///
/// # Errors
/// 400 when there is no such format, or when a query failed whose format cannot carry the message.
pub(crate) fn answer(plan: Plan, format: &str) -> Result<Answer, Refusal> {
    let whole = |media_type, bytes: Vec<u8>| Ok(Answer::content(200, media_type, Content::Whole(bytes.into())));
    if let Some(format) = TextFormat::named(format) {
        return Ok(Answer::content(200, format.media_type(), content(plan, format)));
    }
    match format {
        "sql" => return whole("text/plain;charset=utf-8", plan.sql().into_bytes()),
        "xlsx" | "png" | "jpg" if plan.error().is_some() => {
            return Err(Refusal::BadRequest(plan.error().unwrap_or_default().to_owned()));
        }
        _ => {}
    }
    match format {
        "xlsx" => whole("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", xlsx::workbook(&plan)),
        "png" => whole("image/png", files::PNG.to_vec()),
        "jpg" => whole("image/jpeg", files::JPEG.to_vec()),
        _ => Err(Refusal::BadRequest(format!("{format} is not a result format; use one of: {}", FORMATS.join(", ")))),
    }
}

/// A small result at once, a large one piece by piece.
fn content(plan: Plan, format: TextFormat) -> Content {
    let mut pieces = format::pieces(plan, format);
    let first = pieces.next().unwrap_or_default();
    if first.len() < PIECE {
        return Content::Whole(Bytes::from(first));
    }
    Content::Pieces(Box::new(std::iter::once(first).chain(pieces).map(Bytes::from)))
}

/// A result as JSON, for an answer that holds several.
pub(crate) fn json(plan: Plan, format: TextFormat) -> Value {
    let text: String = format::pieces(plan, format).collect();
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}
