//! An output as a table: a list of objects, or CSV.

use super::document::{Document, Kind, NodeId};
use super::node::preview;
use serde_json::{Value, json};

/// How many rows tell which columns there are.
const SAMPLE: usize = 1000;

/// The most columns.
const MAX_COLUMNS: usize = 500;

/// The most rows of one page.
pub(super) const MAX_ROWS: usize = 1000;

/// The name of the column of a list whose elements are not objects.
const VALUE: &str = "value";

/// The longest cell, in characters.
const CELL: usize = 200;

/// Some rows of a list. [`None`] if the value is not a list.
pub(super) fn of_list(document: &Document, id: NodeId, offset: usize, limit: usize) -> Option<Value> {
    if document.kind(id) != Kind::Array {
        return None;
    }
    let mut columns: Vec<String> = Vec::new();
    for row in document.children(id).take(SAMPLE) {
        if document.kind(row) != Kind::Object {
            if !columns.iter().any(|column| column == VALUE) {
                columns.push(VALUE.to_owned());
            }
            continue;
        }
        for cell in document.children(row) {
            let Some(key) = document.key(cell) else { continue };
            if columns.len() < MAX_COLUMNS && !columns.iter().any(|column| *column == key) {
                columns.push(key.into_owned());
            }
        }
    }
    let rows: Vec<Value> = document
        .children(id)
        .skip(offset)
        .take(limit)
        .map(|row| columns.iter().map(|column| cell(document, row, column)).collect())
        .collect();
    Some(json!({ "columns": columns, "rows": rows, "total": document.len(id) }))
}

/// The value of a row in a column. Null if the row has none.
fn cell(document: &Document, row: NodeId, column: &str) -> Value {
    if document.kind(row) != Kind::Object {
        return if column == VALUE { json!(preview(document, row)) } else { Value::Null };
    }
    let found = document.children(row).filter(|cell| document.key(*cell).is_some_and(|key| key == *column)).last();
    found.map_or(Value::Null, |cell| json!(preview(document, cell)))
}

/// Some rows of CSV. The first record has the names of the columns. [`None`] if the text is not CSV.
pub(super) fn of_csv(text: &str, offset: usize, limit: usize) -> Option<Value> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let columns: Vec<String> = reader.headers().ok()?.iter().take(MAX_COLUMNS).map(shortened).collect();
    let (mut rows, mut total) = (Vec::new(), 0);
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).ok()? {
        if (offset..offset.saturating_add(limit)).contains(&total) {
            let cells: Vec<Value> = (0..columns.len()).map(|column| json!(record.get(column).map(shortened))).collect();
            rows.push(Value::Array(cells));
        }
        total += 1;
    }
    Some(json!({ "columns": columns, "rows": rows, "total": total }))
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(CELL) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_objects_has_the_columns_of_all_its_rows() {
        let document = Document::new(r#"[{"a": 1, "b": "x"}, {"c": null, "a": {"d": 2}}, 5]"#.into()).unwrap();
        let table = of_list(&document, document.root(), 0, 10).unwrap();
        assert_eq!(table["columns"], json!(["a", "b", "c", "value"]));
        assert_eq!(
            table["rows"],
            json!([["1", "x", null, null], ["{\"d\": 2}", null, "null", null], [null, null, null, "5"]])
        );
        assert_eq!(of_list(&document, document.root(), 1, 1).unwrap()["rows"].as_array().unwrap().len(), 1);
        let object = document.children(document.root()).next().unwrap();
        assert_eq!(of_list(&document, object, 0, 10), None);
    }

    #[test]
    fn csv_keeps_quoted_fields_together_and_pages() {
        let text = "id,name\r\n1,\"Lovelace, \"\"Ada\"\"\r\n\"\r\n2\r\n3,c,d\r\n";
        let table = of_csv(text, 0, 2).unwrap();
        assert_eq!(table["columns"], json!(["id", "name"]));
        assert_eq!(table["rows"], json!([["1", "Lovelace, \"Ada\"\r\n"], ["2", null]]));
        assert_eq!(table["total"], 3);
        assert_eq!(of_csv(text, 2, 9).unwrap()["rows"], json!([["3", "c"]]));
    }
}
