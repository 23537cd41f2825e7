//! The rows of a query. Values derive from the row's number, so that they are the same in every run and need no memory.

use serde_json::Value;

use super::filter::Filter;
use crate::{
    error_response::{ErrorResponse, invalid},
    table::Row,
};

/// How many rows every view except `numbers` has.
const ROWS: u64 = 1000;
/// Looker's limit for queries that set none.
const DEFAULT_LIMIT: u64 = 500;
const WORDS: [&str; 8] = ["Amber", "Birch", "Cedar", "Dune", "Ember", "Fjord", "Grove", "Heath, \"upper\""];

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Text(String),
    Integer(i64),
}

impl Cell {
    /// The formatted value: numbers with separators.
    pub(crate) fn rendered(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Integer(number) => separated(*number),
        }
    }

    /// The unformatted value.
    pub(crate) fn plain(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Integer(number) => number.to_string(),
        }
    }
}

fn separated(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A column of a result.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    /// `orders.created_month`.
    pub(crate) name: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Number,
    Measure,
    Date,
    Month,
    Word,
}

impl Field {
    fn new(name: &str) -> Self {
        let last = name.rsplit('.').next().unwrap_or(name);
        let has = |words: &[&str]| words.iter().any(|word| last.contains(word));
        let kind = if last == "n" || last == "id" {
            Kind::Number
        } else if has(&["count", "total", "sum", "average", "amount", "price", "number"]) {
            Kind::Measure
        } else if last.ends_with("month") {
            Kind::Month
        } else if has(&["date", "_at", "day"]) {
            Kind::Date
        } else {
            Kind::Word
        };
        Self { name: name.to_owned(), kind }
    }

    pub(crate) fn is_measure(&self) -> bool {
        self.kind == Kind::Measure
    }

    /// The name of its type in Looker's field metadata.
    pub(crate) fn type_name(&self) -> &'static str {
        match self.kind {
            Kind::Number => "number",
            Kind::Measure => "count",
            Kind::Date => "date_date",
            Kind::Month => "date_month",
            Kind::Word => "string",
        }
    }

    /// The view before the dot: `orders`.
    pub(crate) fn view(&self) -> &str {
        self.name.split_once('.').map_or("", |(view, _)| view)
    }

    /// The column's heading: "Orders Created Month".
    pub(crate) fn label(&self) -> String {
        let words = self.name.split(['.', '_']).filter(|word| !word.is_empty());
        let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
        let labels: Vec<String> =
            words.map(|word| if word.is_char_boundary(1) { capital(word) } else { word.to_owned() }).collect();
        labels.join(" ")
    }

    fn cell(&self, row: u64) -> Cell {
        let salt: u64 = self.name.bytes().map(u64::from).sum();
        match self.kind {
            Kind::Number => Cell::Integer(i64::try_from(row + 1).unwrap_or(i64::MAX)),
            Kind::Measure => Cell::Integer(((row.wrapping_mul(7919) + salt) % 5000 + 1).try_into().unwrap_or(0)),
            Kind::Month => Cell::Text(format!("{:04}-{:02}", 2026 - (row / 12) % 1000, 12 - row % 12)),
            Kind::Date => {
                let (year, month) = (2026 - (row / 336) % 1000, 12 - (row / 28) % 12);
                Cell::Text(format!("{year:04}-{month:02}-{:02}", 28 - row % 28))
            }
            Kind::Word => Cell::Text(WORDS[((row + salt) % 8) as usize].to_owned()),
        }
    }
}

/// How a query ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum End {
    /// Normally, with its last row.
    Well,
    /// With an error instead of rows: its model or view is `broken`.
    Fails,
    /// With an error after half of its rows: its view is `broken_midway`.
    FailsMidway,
}

/// A query, ready to run.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) model: String,
    pub(crate) view: String,
    pub(crate) fields: Vec<Field>,
    pub(crate) filters: Vec<Filter>,
    sorts: Vec<(Field, bool)>,
    pub(crate) limit: Option<u64>,
    rows: u64,
    pub(crate) end: End,
    /// Whether numbers are formatted.
    pub(crate) formatted: bool,
}

impl Plan {
    /// Reads a query. `limit` overrides the query's own; `all` is the number of rows of the view `numbers`.
    ///
    /// # Errors
    /// 422 if the limit is not a number or a filter cannot be parsed.
    pub(crate) fn new(query: &Row, limit: Option<i64>, all: u64) -> Result<Self, ErrorResponse> {
        let text = |name: &str| query.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let list = |name: &str| query.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let (model, view) = (text("model"), text("view"));
        let mut fields: Vec<Field> = list("fields").iter().filter_map(Value::as_str).map(Field::new).collect();
        if fields.is_empty() {
            let names: &[&str] = if view == "numbers" { &["n"] } else { &["id", "name"] };
            fields = names.iter().map(|name| Field::new(&format!("{view}.{name}"))).collect();
        }
        let mut filters = Vec::new();
        if let Some(Value::Object(entries)) = query.get("filters") {
            for (name, value) in entries {
                filters.push(Filter::new(Field::new(name), value.as_str().unwrap_or_default()));
            }
        }
        let sorts = list("sorts").iter().filter_map(Value::as_str).map(|sort| {
            let mut words = sort.split_whitespace();
            (Field::new(words.next().unwrap_or_default()), words.next() == Some("desc"))
        });
        let end = match (model.as_str(), view.as_str()) {
            ("broken", _) | (_, "broken") => End::Fails,
            (_, "broken_midway") => End::FailsMidway,
            _ => End::Well,
        };
        Ok(Self {
            sorts: sorts.collect(),
            limit: read_limit(&text("limit"), limit)?,
            rows: if view == "numbers" { all } else { ROWS },
            end,
            formatted: false,
            model,
            view,
            fields,
            filters,
        })
    }

    /// The database's error message, if the query fails.
    pub(crate) fn error(&self) -> Option<&'static str> {
        match self.end {
            End::Well => None,
            End::Fails => {
                Some("The practice database could not run this query: Unknown column 'broken' in 'field list'")
            }
            End::FailsMidway => Some("The practice database closed the connection while rows were read"),
        }
    }

    /// Iterates over the rows. Only a sorted query holds all of them in memory.
    pub(crate) fn rows(&self) -> Box<dyn Iterator<Item = Vec<Cell>> + Send> {
        let (fields, filters) = (self.fields.clone(), self.filters.clone());
        let numbers = (0..self.rows).filter(move |row| filters.iter().all(|filter| filter.lets_pass(*row)));
        let numbers: Box<dyn Iterator<Item = u64> + Send> =
            if self.sorts.is_empty() { Box::new(numbers) } else { Box::new(self.sorted(numbers)) };
        let limit = usize::try_from(self.limit.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
        let cells = numbers.take(limit).map(move |row| fields.iter().map(|field| field.cell(row)).collect());
        match self.end {
            End::Well => Box::new(cells),
            End::Fails => Box::new(std::iter::empty()),
            End::FailsMidway => Box::new(cells.take(usize::try_from(self.rows.min(limit as u64) / 2).unwrap_or(0))),
        }
    }

    fn sorted(&self, numbers: impl Iterator<Item = u64>) -> std::vec::IntoIter<u64> {
        let mut numbers: Vec<u64> = numbers.collect();
        numbers.sort_by(|left, right| {
            let by = |(field, descending): &(Field, bool)| {
                let order = match (field.cell(*left), field.cell(*right)) {
                    (Cell::Integer(left), Cell::Integer(right)) => left.cmp(&right),
                    (left, right) => left.plain().cmp(&right.plain()),
                };
                if *descending { order.reverse() } else { order }
            };
            self.sorts.iter().map(by).find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
        });
        numbers.into_iter()
    }

    /// The SQL of the query.
    pub(crate) fn sql(&self) -> String {
        let columns: Vec<String> = self.fields.iter().map(|field| format!("\t{0} AS `{0}`", field.name)).collect();
        let mut sql = format!("SELECT\n{}\nFROM {}", columns.join(",\n"), self.view);
        for (index, filter) in self.filters.iter().enumerate() {
            let word = if index == 0 { "WHERE" } else { "AND" };
            sql.push_str(&format!("\n{word} {} = '{}'", filter.field.name, filter.written.replace('\'', "''")));
        }
        for (index, (field, descending)) in self.sorts.iter().enumerate() {
            let word = if index == 0 { "\nORDER BY" } else { "," };
            sql.push_str(&format!("{word} {}{}", field.name, if *descending { " DESC" } else { "" }));
        }
        if let Some(limit) = self.limit {
            sql.push_str(&format!("\nLIMIT {limit}"));
        }
        sql
    }
}

impl Filter {
    fn lets_pass(&self, row: u64) -> bool {
        self.accepts(&self.field.cell(row))
    }
}

/// The limit of the call, otherwise that of the query, otherwise Looker's default. -1 means no limit.
fn read_limit(own: &str, of_call: Option<i64>) -> Result<Option<u64>, ErrorResponse> {
    let limit = match (of_call, own) {
        (Some(limit), _) => limit,
        (None, "") => return Ok(Some(DEFAULT_LIMIT)),
        (None, own) => own.parse().map_err(|_| invalid("limit", "invalid", "limit must be a whole number"))?,
    };
    match limit {
        -1 => Ok(None),
        limit => u64::try_from(limit).map(Some).map_err(|_| invalid("limit", "invalid", "limit must not be negative")),
    }
}
