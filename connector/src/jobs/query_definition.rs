//! Stores the definitions of queries.

use super::{Job, id};
use crate::failure::{Reason, Result};
use serde_json::{Map, Value};

/// Stores a query and returns its id. Looker returns the same id for the same definition, so that nothing is stored twice.
pub fn store(job: &mut Job, mut definition: Map<String, Value>) -> Result<String> {
    // The input of that name selects what Looker returns; `fields` are those of the query.
    definition.insert("query_fields".to_owned(), "id".into());
    let query = job.write("create_query", None, "create_query", &Value::Object(definition))?;
    id(&query["id"]).ok_or_else(|| job.fail(Reason::UnexpectedResponse, "Looker stored the query without an id."))
}
