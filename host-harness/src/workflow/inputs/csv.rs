//! CSV as a list of objects, one for each row. The schema gives each column its type; nothing is guessed.

use super::{Given, typed, types, words};
use serde_json::{Map, Value};

/// The most problems that are told of one file.
const TOLD: usize = 10;

/// Reads CSV (RFC 4180) with the names of the columns in its first row. The schema of a column is
/// `items.properties.COLUMN`; a column without one is text. An empty cell is empty text in a column of text, `null` where
/// the type allows `null`, and an error otherwise. Cells of lists and objects hold JSON.
///
/// # Errors
///
/// Returns every problem with its line, the first few: rows that are too short or too long, columns without a name or with
/// the same name, and cells that are not what their column's type says.
pub fn read(text: &str, schema: &Value) -> Result<Given, Vec<String>> {
    let types = types(schema);
    if !types.is_empty() && !types.contains(&"array") {
        let expected: Vec<&str> = types.iter().map(|name| words::of_type(name)).collect();
        return Err(vec![format!("a CSV file is a list, but the schema asks for {}", expected.join(" or "))]);
    }
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    // Rows of other lengths are told with what would be right.
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| vec![problem_of(&error)])?.clone();
    let names = columns(&header)?;
    let schemas: Vec<&Value> = names.iter().map(|name| column_schema(schema, name)).collect();
    let mut rows = Vec::new();
    let mut lines = Vec::new();
    let mut problems = Vec::new();
    for record in reader.records() {
        let outcome = match record {
            Ok(record) => {
                let line = record.position().map_or(0, csv::Position::line);
                row(&record, &names, &schemas)
                    .map(|row| (row, line))
                    .map_err(|problem| format!("line {line}: {problem}"))
            }
            Err(error) => Err(problem_of(&error)),
        };
        match outcome {
            Ok((row, line)) => {
                rows.push(Value::Object(row));
                lines.push(line);
            }
            Err(_) if problems.len() >= TOLD => {
                problems.push("and more".to_owned());
                break;
            }
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(Given { value: Value::Array(rows), lines }) } else { Err(problems) }
}

/// The names of the columns.
fn columns(header: &csv::StringRecord) -> Result<Vec<String>, Vec<String>> {
    let names: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
    if names.is_empty() {
        return Err(vec!["the file is empty; its first line has to name the columns".to_owned()]);
    }
    if let [name] = names.as_slice()
        && name.contains([';', '\t'])
    {
        return Err(vec![
            "line 1: columns have to be separated by commas; save the file as comma-separated CSV".to_owned(),
        ]);
    }
    let mut problems = Vec::new();
    for (index, name) in names.iter().enumerate() {
        if name.is_empty() {
            problems.push(format!("line 1: column {} has no name", index + 1));
        } else if names[..index].contains(name) {
            problems.push(format!("line 1: two columns have the name `{name}`"));
        }
    }
    if problems.is_empty() { Ok(names) } else { Err(problems) }
}

fn column_schema<'a>(schema: &'a Value, name: &str) -> &'a Value {
    schema
        .get("items")
        .and_then(|items| items.get("properties"))
        .and_then(|columns| columns.get(name))
        .unwrap_or(&Value::Null)
}

fn row(record: &csv::StringRecord, names: &[String], schemas: &[&Value]) -> Result<Map<String, Value>, String> {
    if record.len() != names.len() {
        let cells = if record.len() == 1 { "1 cell".to_owned() } else { format!("{} cells", record.len()) };
        return Err(format!(
            "the row has {cells}, but there are {} columns; quote cells that contain commas",
            names.len()
        ));
    }
    let mut row = Map::new();
    for ((cell, name), schema) in record.iter().zip(names).zip(schemas) {
        let value = cell_value(cell, schema).map_err(|problem| format!("column `{name}`: {problem}"))?;
        row.insert(name.clone(), value);
    }
    Ok(row)
}

fn cell_value(cell: &str, schema: &Value) -> Result<Value, String> {
    let types = types(schema);
    if cell.trim().is_empty() && types.contains(&"null") {
        return Ok(Value::Null);
    }
    if cell.trim().is_empty() && !types.is_empty() && !types.contains(&"string") {
        let name = types.first().copied().unwrap_or_default();
        let expected = words::of_type(name);
        return Err(format!(
            "the cell is empty; it has to be {expected} (to allow empty cells, write `type: [{name}, \"null\"]`)"
        ));
    }
    typed(cell, schema)
}

fn problem_of(error: &csv::Error) -> String {
    let line = error.position().map(|position| format!("line {}: ", position.line())).unwrap_or_default();
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => format!("{line}this is not UTF-8"),
        _ => format!("{line}{error}"),
    }
}
