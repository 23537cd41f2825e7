//! What content a call asked for: by its own `result_format`, or by what its operation returns.

use crate::call_api;
use crate::catalog::{Operation, Response, Type};
use crate::context::Called;
use serde::Deserialize;

/// The input that selects the format of a query's result.
const RESULT_FORMAT: &str = "result_format";
/// The segment of a path before the format of a query's result: `/queries/5/run/json`.
const RUN: &str = "run";

/// The kind of content that a call asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON.
    Json,
    /// Text that is not HTML.
    Text,
    /// HTML.
    Html,
    /// An image, a PDF, a spreadsheet.
    File,
    /// The call does not tell.
    Unknown,
}

/// What content a call may get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// The kind of content.
    pub format: Format,
    /// Whether the call itself selected the format, so that no other is right.
    pub selected: bool,
    /// Whether the content is the result of a query, which may report that the query failed.
    pub is_result: bool,
    /// Whether the content is an object of several such results, by their tasks.
    pub is_several: bool,
    /// Whether a success may have no content.
    pub may_be_empty: bool,
}

impl Expected {
    /// What a call may get.
    pub fn of(called: Called) -> Self {
        let Called { operation, input } = called;
        let text = |field: &str| input.get(field).and_then(|value| String::deserialize(value).ok());
        if operation.name == call_api::NAME {
            let path = text("path").unwrap_or_default();
            let format = format_in(&path);
            return Self {
                format: format.unwrap_or(Format::Unknown),
                selected: format.is_some(),
                is_result: format.is_some() || is_task(&path),
                is_several: is_several(&path),
                may_be_empty: true,
            };
        }
        let mut responses = operation.responses.iter();
        let result = responses.find(|response| returns_json(response) && response.media_types.len() > 1);
        // Where the response is not a result, the input is the format of another request's: that of a task.
        let format = result.and_then(|_| text(RESULT_FORMAT)).and_then(|format| Format::named(&format));
        Self {
            format: format.unwrap_or_else(|| Format::declared(operation)),
            // A result with a described type is that, whatever was selected.
            selected: format.is_some() && result.is_some_and(|result| result.kind == Type::Any),
            is_result: result.is_some() || is_task(operation.path),
            is_several: is_several(operation.path),
            may_be_empty: operation.responses.iter().any(may_be_empty),
        }
    }
}

impl Format {
    /// The kind of a result format of Looker's.
    fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "csv" | "txt" | "md" | "sql" => Some(Self::Text),
            "html" => Some(Self::Html),
            "xlsx" | "png" | "jpg" => Some(Self::File),
            name if name.starts_with("json") => Some(Self::Json),
            _ => None,
        }
    }

    /// The only kind of content that an operation returns.
    fn declared(operation: &Operation) -> Self {
        let mut types = operation.responses.iter().flat_map(|response| response.media_types).copied();
        let Some(first) = types.next() else { return Self::Unknown };
        let format = |media_type: &str| match media_type {
            "application/json" => Self::Json,
            // Looker's name for several formats.
            "text" => Self::Unknown,
            "text/html" => Self::Html,
            media_type if media_type.starts_with("text/") => Self::Text,
            _ => Self::File,
        };
        if types.all(|other| format(other) == format(first)) { format(first) } else { Self::Unknown }
    }
}

/// The format in the path of a request that runs a query.
fn format_in(path: &str) -> Option<Format> {
    let mut segments = path.split('/').skip_while(|segment| *segment != RUN).skip(1);
    segments.next().and_then(Format::named)
}

/// Whether a path is that of the results of several query tasks.
fn is_several(path: &str) -> bool {
    path.ends_with("/query_tasks/multi_results")
}

/// Whether a path is that of the results of query tasks.
fn is_task(path: &str) -> bool {
    path.contains("/query_tasks/") && path.ends_with("results")
}

fn returns_json(response: &Response) -> bool {
    response.media_types.contains(&"application/json")
}

/// Whether a response may have no content. Where the description calls it JSON of any kind, it may, too.
fn may_be_empty(response: &Response) -> bool {
    let is_any = response.kind == Type::Any && *response.media_types == ["application/json"];
    response.status == 204 || is_any || (response.status != 202 && response.media_types.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Input;
    use crate::operations::find;

    fn expected(operation: &str, input: &str) -> Expected {
        let operation = if operation == call_api::NAME { &call_api::OPERATION } else { find(operation).unwrap() };
        Expected::of(Called { operation, input: &Input::parse(input).unwrap() })
    }

    #[test]
    fn a_query_gets_the_format_that_it_selects() {
        for (format, expected_format) in [
            ("json", Format::Json),
            ("json_detail", Format::Json),
            ("json_bi", Format::Json),
            ("CSV", Format::Text),
            ("md", Format::Text),
            ("sql", Format::Text),
            ("html", Format::Html),
            ("xlsx", Format::File),
            ("png", Format::File),
        ] {
            for operation in ["run_query", "run_look", "run_sql_query", "run_inline_query", "run_url_encoded_query"] {
                let seen = expected(operation, &format!(r#"{{"result_format": "{format}"}}"#));
                assert_eq!((seen.format, seen.selected, seen.is_result), (expected_format, true, true), "{format}");
                assert!(!seen.may_be_empty);
            }
            let input = format!(r#"{{"method": "GET", "path": "/queries/5/run/{format}"}}"#);
            let seen = expected("call_api", &input);
            assert_eq!((seen.format, seen.selected, seen.is_result), (expected_format, true, true), "{format}");
        }
        let unknown = expected("run_query", r#"{"result_format": "new"}"#);
        assert_eq!((unknown.format, unknown.selected, unknown.is_result), (Format::Unknown, false, true));
    }

    #[test]
    fn the_format_of_a_later_result_is_not_that_of_the_response() {
        for operation in ["create_query_task", "create_query_render_task", "create_look_render_task"] {
            let seen = expected(operation, r#"{"result_format": "csv"}"#);
            assert_eq!((seen.format, seen.selected, seen.is_result), (Format::Json, false, false), "{operation}");
        }
        // Looker describes its result as JSON, whatever the format.
        let seen = expected("run_sql_interface_query", r#"{"result_format": "csv"}"#);
        assert_eq!((seen.format, seen.selected, seen.is_result), (Format::Text, false, true));
    }

    #[test]
    fn results_of_tasks_can_have_any_format() {
        let seen = expected("query_task_results", r#"{"query_task_id": "1"}"#);
        assert_eq!((seen.format, seen.is_result, seen.may_be_empty), (Format::Unknown, true, false));
        assert!(expected("call_api", r#"{"path": "/query_tasks/1/results"}"#).is_result);
        let several = expected("query_task_multi_results", "{}");
        assert!(several.is_result && several.is_several);
        assert!(expected("call_api", r#"{"path": "/query_tasks/multi_results"}"#).is_several);
        assert!(!expected("query_task", "{}").is_result);
    }

    #[test]
    fn other_operations_return_what_they_declare() {
        for (operation, format, may_be_empty) in [
            ("user", Format::Json, false),
            ("delete_user", Format::Unknown, true),
            ("git_deploy_key", Format::Text, false),
            ("render_task_results", Format::File, false),
            ("vector_thumbnail", Format::File, false),
            ("call_api", Format::Unknown, true),
        ] {
            let seen = expected(operation, "{}");
            assert_eq!((seen.format, seen.selected, seen.is_result), (format, false, false), "{operation}");
            assert_eq!(seen.may_be_empty, may_be_empty, "{operation}");
        }
    }
}
