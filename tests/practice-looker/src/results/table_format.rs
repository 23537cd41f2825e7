//! The tabular formats: csv, txt, md, html.

use super::{
    format::TextFormat,
    rows::{Cell, Plan},
};

/// Writes the header row.
pub(super) fn before(plan: &Plan, format: TextFormat, out: &mut String) {
    let labels: Vec<String> = plan.fields.iter().map(|field| field.label()).collect();
    match format {
        TextFormat::Md => {
            line(&labels, format, out);
            out.push('|');
            out.push_str(&" --- |".repeat(labels.len()));
            out.push('\n');
        }
        TextFormat::Html => {
            out.push_str("<!DOCTYPE html>\n<html>\n<head><meta charset=\"utf-8\"><title>");
            out.push_str(&escaped(&plan.view));
            out.push_str("</title></head>\n<body>\n<table>\n<tr>");
            for label in &labels {
                out.push_str(&format!("<th>{}</th>", escaped(label)));
            }
            out.push_str("</tr>\n");
        }
        format => line(&labels, format, out),
    }
}

/// Writes a row.
pub(super) fn row(plan: &Plan, format: TextFormat, cells: &[Cell], out: &mut String) {
    let texts: Vec<String> =
        cells.iter().map(|cell| if plan.formatted { cell.rendered() } else { cell.plain() }).collect();
    line(&texts, format, out);
}

/// Writes the end. A failure after the first rows becomes a line of its own.
pub(super) fn after(plan: &Plan, format: TextFormat, out: &mut String) {
    if let Some(error) = plan.error() {
        out.push_str("Error: ");
        out.push_str(error);
        out.push('\n');
    }
    if format == TextFormat::Html {
        out.push_str("</table>\n</body>\n</html>\n");
    }
}

fn line(texts: &[String], format: TextFormat, out: &mut String) {
    let joined = |texts: Vec<String>, between: &str| texts.join(between);
    match format {
        TextFormat::Txt => {
            let clean = texts.iter().map(|text| text.replace(['\t', '\n'], " ")).collect();
            out.push_str(&joined(clean, "\t"));
        }
        TextFormat::Md => {
            let cells = texts.iter().map(|text| format!("| {} ", text.replace('|', "\\|"))).collect();
            out.push_str(&joined(cells, ""));
            out.push('|');
        }
        TextFormat::Html => {
            let cells = texts.iter().map(|text| format!("<td>{}</td>", escaped(text))).collect();
            out.push_str(&format!("<tr>{}</tr>", joined(cells, "")));
        }
        _ => out.push_str(&joined(texts.iter().map(|text| quoted(text)).collect(), ",")),
    }
    out.push('\n');
}

/// Quotes a value for CSV if needed.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

/// Escapes text for HTML and XML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
