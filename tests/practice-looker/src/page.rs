//! Paging: `sorts`, `limit` and `offset` (or `page` and `per_page`), and the headers that `limit` adds.

use std::cmp::Ordering;

use http::{HeaderName, header};
use looker_connector::catalog::Location;
use serde_json::Value;

use crate::{API, call::Call, error_response::ErrorResponse, table::Row};

/// The parameter for the next page where a list has no `offset`. Clients must not read its value, which is the offset.
const TOKEN: &str = "next_page_token";

/// One page of a list.
pub(crate) struct Page {
    pub(crate) rows: Vec<Row>,
    pub(crate) headers: Vec<(HeaderName, String)>,
}

/// Sorts and pages a list as the call asks. `totals`: whether the headers report the total count.
///
/// # Errors
/// 400 if a number is negative, or if the list cannot be sorted by a named field.
pub(crate) fn page(call: &Call, mut rows: Vec<Row>, totals: bool) -> Result<Page, ErrorResponse> {
    if let Some(sorts) = call.query("sorts") {
        sort(&mut rows, sorts)?;
    }
    let number = |name: &str| match call.integer(name) {
        Some(number) => usize::try_from(number)
            .map(Some)
            .map_err(|_| ErrorResponse::BadRequest(format!("{name} must not be negative"))),
        None => Ok(None),
    };
    let token = call.query(TOKEN).map(|token| token.parse().map_err(|_| invalid_token())).transpose()?;
    let (limit, offset) = match number("limit")? {
        Some(limit) if by_token(call) => (Some(limit), token),
        Some(limit) => (Some(limit), number("offset")?),
        None => match number("per_page")? {
            Some(size) => (Some(size), Some(number("page")?.unwrap_or(1).saturating_sub(1).saturating_mul(size))),
            None => (None, number("offset")?),
        },
    };
    let (total, offset) = (rows.len(), offset.unwrap_or(0));
    let rows: Vec<Row> = rows.into_iter().skip(offset).take(limit.unwrap_or(usize::MAX)).collect();
    let mut headers = Vec::new();
    if let (Some(limit), true) = (limit, call.query("limit").is_some()) {
        headers.push((header::LINK, links(call, limit, offset, rows.len(), totals.then_some(total))));
        if totals {
            headers.push((HeaderName::from_static("x-total-count"), total.to_string()));
        }
    }
    Ok(Page { rows, headers })
}

/// Whether pages are selected by a token, not by an offset.
fn by_token(call: &Call) -> bool {
    call.operation.parameters.iter().any(|parameter| parameter.name == TOKEN)
}

fn invalid_token() -> ErrorResponse {
    ErrorResponse::BadRequest(format!("{TOKEN} is not valid"))
}

/// The links: `first` always, `prev` after the first page, `next` after a full page even if nothing follows, and `last` if
/// the total is known.
fn links(call: &Call, limit: usize, offset: usize, shown: usize, total: Option<usize>) -> String {
    let mut links = vec![link(call, 0, "first")];
    if offset > 0 {
        links.push(link(call, offset.saturating_sub(limit), "prev"));
    }
    if shown == limit && limit > 0 {
        links.push(link(call, offset + limit, "next"));
    }
    if let (Some(total), true) = (total, limit > 0) {
        links.push(link(call, total.saturating_sub(1) / limit * limit, "last"));
    }
    links.join(", ")
}

/// A link to the same call with another offset.
fn link(call: &Call, offset: usize, relation: &str) -> String {
    let mut path = call.operation.path.to_owned();
    for (name, value) in &call.path {
        let value = percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string();
        path = path.replace(&format!("{{{name}}}"), &value);
    }
    let mut query = form_urlencoded::Serializer::new(String::new());
    for parameter in call.operation.parameters.iter().filter(|parameter| parameter.location == Location::Query) {
        match (parameter.name, call.query(parameter.name)) {
            ("offset" | TOKEN, _) => {}
            (name, Some(value)) => {
                query.append_pair(name, value);
            }
            (_, None) => {}
        }
    }
    query.append_pair(if by_token(call) { TOKEN } else { "offset" }, &offset.to_string());
    format!("<{}{API}{path}?{}>; rel=\"{relation}\"", call.origin, query.finish())
}

/// Sorts by a list such as `first_name, last_name desc`.
fn sort(rows: &mut [Row], sorts: &str) -> Result<(), ErrorResponse> {
    let mut keys = Vec::new();
    for sort in sorts.split(',').map(str::trim).filter(|sort| !sort.is_empty()) {
        let mut words = sort.split_whitespace();
        let name = words.next().unwrap_or_default();
        let descending = match words.next() {
            None => false,
            Some(word) if word.eq_ignore_ascii_case("asc") => false,
            Some(word) if word.eq_ignore_ascii_case("desc") => true,
            Some(word) => return Err(ErrorResponse::BadRequest(format!("sorts: {word} is neither asc nor desc"))),
        };
        if !rows.is_empty() && !rows.iter().any(|row| row.contains_key(name)) {
            return Err(ErrorResponse::BadRequest(format!("sorts: {name} is not a field to sort by")));
        }
        keys.push((name, descending));
    }
    rows.sort_by(|left, right| {
        let by_key = |(name, descending): &(&str, bool)| {
            let order = compare(left.get(*name), right.get(*name));
            if *descending { order.reverse() } else { order }
        };
        keys.iter().map(by_key).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    });
    Ok(())
}

/// Compares two values: null first, numbers (also within strings) numerically, text ignoring case.
pub(crate) fn compare(left: Option<&Value>, right: Option<&Value>) -> Ordering {
    let number = |value: &Value| match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let text = |value: &Value| match value {
        Value::String(text) => text.to_lowercase(),
        value => value.to_string(),
    };
    match (left.filter(|value| !value.is_null()), right.filter(|value| !value.is_null())) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Less,
        (Some(_), None) => Ordering::Greater,
        (Some(left), Some(right)) => match (number(left), number(right)) {
            (Some(left), Some(right)) => left.total_cmp(&right),
            _ => text(left).cmp(&text(right)),
        },
    }
}
