//! Paging: turns Looker's `Link` header into the input for the next page.

use crate::catalog::{Location, Operation, Parameter, Type};
use crate::input::Input;
use crate::request::{form_decode, quote};
use crate::transport::Headers;

/// The complete input for the next page, where Looker links to one.
///
/// Only the query of the link is used. The link itself is never followed.
pub fn next_input(operation: &Operation, input: &Input, headers: &Headers) -> Option<String> {
    let url = headers.all("link").find_map(next_url)?;
    let (_, query) = url.split_once('?')?;
    let pairs: Vec<(&Parameter, String)> = query
        .split('#')
        .next()
        .unwrap_or_default()
        .split('&')
        .filter_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            let (name, value) = (form_decode(name)?, form_decode(value)?);
            let is_it = |parameter: &&Parameter| parameter.location == Location::Query && parameter.name == name;
            Some((operation.parameters.iter().find(is_it)?, value))
        })
        .collect();
    let named = |name: &str| pairs.iter().find(|(parameter, _)| parameter.input == name);
    // Inputs keep their text and their order. Only those that select the page take the link's values.
    let mut fields: Vec<(String, String)> = input
        .fields()
        .map(|(name, value)| match named(name).filter(|(parameter, _)| pages(parameter)) {
            Some((parameter, value)) => (name.to_owned(), json(parameter, value)),
            None => (name.to_owned(), value.get().to_owned()),
        })
        .collect();
    for (parameter, value) in pairs.iter().filter(|(parameter, _)| input.written(parameter.input).is_none()) {
        fields.push((parameter.input.to_owned(), json(parameter, value)));
    }
    let changed = fields.iter().any(|(name, value)| input.written(name).is_none_or(|old| old.get() != value));
    let document = fields.iter().map(|(name, value)| format!("{}:{value}", quote(name))).collect::<Vec<_>>().join(",");
    // A link to the same page would never end.
    changed.then(|| format!("{{{document}}}"))
}

/// Whether a parameter selects the page.
fn pages(parameter: &Parameter) -> bool {
    matches!(parameter.name, "limit" | "offset" | "page" | "per_page" | "page_token" | "next_page_token" | "cursor")
}

fn json(parameter: &Parameter, value: &str) -> String {
    let is_number = matches!(parameter.kind, Type::Integer) && value.parse::<i64>().is_ok();
    if is_number { value.to_owned() } else { quote(value) }
}

/// The URL with the relation `next` in a `Link` header: `<https://…?offset=10>; rel="next", <…>; rel="last"`.
fn next_url(header: &str) -> Option<&str> {
    let mut rest = header;
    while let Some(start) = rest.find('<') {
        let link = &rest[start + 1..];
        let (url, parameters) = link.split_once('>')?;
        let end = parameters.find('<').unwrap_or(parameters.len());
        let is_next = parameters[..end].split(';').any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or_default();
            let value = value.trim().trim_end_matches(',').trim().trim_matches('"');
            name.trim().eq_ignore_ascii_case("rel") && value.split(' ').any(|relation| relation == "next")
        });
        if is_next {
            return Some(url);
        }
        rest = &parameters[end..];
    }
    None
}
