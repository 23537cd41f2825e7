//! The definitions of queries: what belongs to them, and how they are stored.

use super::{Job, id};
use crate::failure::{Reason, Result};
use serde_json::{Map, Value};

/// The properties of a query that make its result, but for its filters. Its id and slug are another query's.
pub const RESULT_PROPERTIES: [&str; 15] = [
    "model",
    "view",
    "fields",
    "pivots",
    "fill_fields",
    "filter_expression",
    "sorts",
    "limit",
    "column_limit",
    "total",
    "row_total",
    "subtotals",
    "dynamic_fields",
    "query_timezone",
    "vis_config",
];

/// Stores a query and returns its id. Looker returns the same id for the same definition, so that nothing is stored twice.
pub fn store(job: &mut Job, mut definition: Map<String, Value>) -> Result<String> {
    // The input of that name selects what Looker returns; `fields` are those of the query.
    definition.insert("query_fields".to_owned(), "id".into());
    let query = job.write("create_query", None, "create_query", &Value::Object(definition))?;
    id(&query["id"]).ok_or_else(|| job.fail(Reason::UnexpectedResponse, "Looker stored the query without an id."))
}
