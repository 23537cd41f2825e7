//! The text formats: what precedes the rows, each row, and what follows.

use serde_json::{Value, json};

use super::{
    PIECE,
    rows::{Cell, End, Field, Plan},
    table_format,
};

/// A format that is written row by row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum TextFormat {
    Json,
    JsonDetail,
    JsonBi,
    Csv,
    Txt,
    Md,
    Html,
}

impl TextFormat {
    /// The format with this name in Looker.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "json" => Self::Json,
            "json_detail" => Self::JsonDetail,
            "json_bi" => Self::JsonBi,
            "csv" => Self::Csv,
            "txt" => Self::Txt,
            "md" => Self::Md,
            "html" => Self::Html,
            _ => return None,
        })
    }

    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Json | Self::JsonDetail | Self::JsonBi => "application/json",
            Self::Csv => "text/csv;charset=utf-8",
            Self::Txt => "text/plain;charset=utf-8",
            Self::Md => "text/markdown;charset=utf-8",
            Self::Html => "text/html;charset=utf-8",
        }
    }

    fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::JsonDetail | Self::JsonBi)
    }
}

/// A result piece by piece. Every piece but the last has at least [`PIECE`] bytes.
pub(crate) fn pieces(plan: Plan, format: TextFormat) -> impl Iterator<Item = String> + Send {
    let mut rows = plan.rows();
    let (mut started, mut ended, mut count) = (false, false, 0_u64);
    std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let mut piece = String::new();
        if !started {
            started = true;
            before(&plan, format, &mut piece);
        }
        while piece.len() < PIECE {
            match rows.next() {
                Some(cells) => {
                    row(&plan, format, count, &cells, &mut piece);
                    count += 1;
                }
                None => {
                    ended = true;
                    after(&plan, format, &mut piece);
                    break;
                }
            }
        }
        Some(piece)
    })
}

fn before(plan: &Plan, format: TextFormat, out: &mut String) {
    match (format, plan.end) {
        (TextFormat::Json, End::Fails) => {
            out.push_str(&json!([{ "looker_error": plan.error() }]).to_string());
        }
        (TextFormat::Json, _) => out.push('['),
        (TextFormat::JsonDetail, _) => open_object(&detail(plan), "data", out),
        (TextFormat::JsonBi, _) => open_object(&bi(plan), "rows", out),
        (format, _) => table_format::before(plan, format, out),
    }
}

fn row(plan: &Plan, format: TextFormat, index: u64, cells: &[Cell], out: &mut String) {
    match format {
        TextFormat::Json => {
            out.push_str(if index == 0 { "{" } else { ",\n{" });
            pairs(plan, cells, out, |cell, out| push_value(cell, plan.formatted, out));
        }
        TextFormat::JsonDetail | TextFormat::JsonBi => {
            out.push_str(if index == 0 { "{" } else { ",{" });
            pairs(plan, cells, out, |cell, out| {
                out.push_str("{\"value\":");
                push_value(cell, false, out);
                if matches!(cell, Cell::Integer(_)) {
                    out.push_str(",\"rendered\":");
                    push_string(&cell.rendered(), out);
                }
                out.push('}');
            });
        }
        format => table_format::row(plan, format, cells, out),
    }
}

fn after(plan: &Plan, format: TextFormat, out: &mut String) {
    match (format, plan.end) {
        (TextFormat::Json, End::Fails) => {}
        // The document stays unfinished: the format has no place for the failure.
        (format, End::FailsMidway) if format.is_json() => {}
        (TextFormat::Json, _) => out.push(']'),
        (TextFormat::JsonDetail | TextFormat::JsonBi, _) => out.push_str("]}"),
        (format, _) => table_format::after(plan, format, out),
    }
}

/// Writes the members of an object and opens a list.
fn open_object(members: &Value, list: &str, out: &mut String) {
    let text = members.to_string();
    out.push_str(text.strip_suffix('}').unwrap_or(&text));
    out.push_str(&format!(",\"{list}\":["));
}

fn pairs(plan: &Plan, cells: &[Cell], out: &mut String, value: impl Fn(&Cell, &mut String)) {
    for (index, (field, cell)) in plan.fields.iter().zip(cells).enumerate() {
        if index > 0 {
            out.push(',');
        }
        push_string(&field.name, out);
        out.push(':');
        value(cell, out);
    }
    out.push('}');
}

fn push_value(cell: &Cell, formatted: bool, out: &mut String) {
    match cell {
        Cell::Integer(number) if !formatted => out.push_str(&number.to_string()),
        cell => push_string(&cell.rendered(), out),
    }
}

fn push_string(text: &str, out: &mut String) {
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&Value::from(text).to_string());
    }
}

fn detail(plan: &Plan) -> Value {
    let mut detail = json!({
        "status": "complete",
        "from_cache": false,
        "id": "practice",
        "result_source": "query",
        "expired": false,
        "ran_at": "2026-01-15T09:30:00+00:00",
        "runtime": "0.012",
        "added_params": {},
        "sql": plan.sql(),
        "fields": fields(plan),
        "fill_fields": [],
        "has_totals": false,
        "has_row_totals": false,
        "applied_filters": filters(plan),
        "explore": { "name": plan.view, "label": plan.view, "description": null },
        "timezone": "UTC",
        "pivots": null,
    });
    if plan.end == End::Fails {
        detail["status"] = json!("error");
        detail["errors"] = json!([{
            "message": "The practice database could not run this query",
            "message_details": plan.error(),
            "params": "SQL Error",
            "error_pos": null,
            "level": "error",
            "fatal": true,
        }]);
    }
    detail
}

fn bi(plan: &Plan) -> Value {
    let mut bi = json!({
        "metadata": {
            "big_query_metadata": null,
            "fields": fields(plan),
            "pivots": [],
            "has_subtotals": false,
            "has_totals": false,
            "columns_truncated": "no",
            "filter_expression": null,
            "filters": filters(plan),
            "sql": plan.sql(),
        },
    });
    if plan.end == End::Fails {
        bi["errors"] = json!([{ "message": plan.error(), "level": "error", "fatal": true }]);
    }
    bi
}

fn fields(plan: &Plan) -> Value {
    let described = |field: &Field| {
        json!({
            "name": field.name, "label": field.label(), "label_short": field.label(), "type": field.type_name(),
            "view": field.view(), "view_label": field.view(), "measure": field.is_measure(), "hidden": false,
            "is_numeric": matches!(field.type_name(), "number" | "count"), "sortable": true,
            "category": if field.is_measure() { "measure" } else { "dimension" }, "description": null, "sql": null,
            "dimension_group": null, "field_group_label": null, "field_group_variant": field.label(),
            "lookml_link": format!("/projects/{}/files/{}.view.lkml", plan.model, field.view()),
            "align": if field.is_measure() { "right" } else { "left" },
        })
    };
    let (measures, dimensions): (Vec<_>, Vec<_>) = plan.fields.iter().partition(|field| field.is_measure());
    json!({
        "dimensions": dimensions.into_iter().map(described).collect::<Vec<_>>(),
        "measures": measures.into_iter().map(described).collect::<Vec<_>>(),
        "pivots": [],
        "table_calculations": [],
    })
}

fn filters(plan: &Plan) -> Value {
    let applied = |filter: &super::filter::Filter| (filter.field.name.clone(), json!({ "value": filter.written }));
    Value::Object(plan.filters.iter().map(applied).collect())
}
