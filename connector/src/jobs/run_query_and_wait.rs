//! `run_query_and_wait`: runs a query, however long it takes.

use super::query_definition::store;
use super::query_task::{self, Query};
use super::{Job, Outcome, id};
use crate::failure::{FieldProblems, Reason, Result};
use serde_json::{Map, json};

/// The inputs that make up a query, with their names in Looker's.
const DEFINITION: [(&str, &str); 10] = [
    ("model", "model"),
    ("explore", "view"),
    ("fields", "fields"),
    ("filters", "filters"),
    ("filter_expression", "filter_expression"),
    ("sorts", "sorts"),
    ("pivots", "pivots"),
    ("dynamic_fields", "dynamic_fields"),
    ("query_timezone", "query_timezone"),
    ("total", "total"),
];

pub(super) fn run(job: &mut Job) -> Result<Outcome> {
    check(job)?;
    query_task::result(job, query)
}

/// Checks that the input says in one way what to run.
fn check(job: &Job) -> Result<()> {
    let given = |name: &str| !job.input(name).is_null();
    let mut problems = FieldProblems::default();
    let stored = ["query_id", "look_id"].into_iter().find(|name| given(name));
    if given("query_id") && given("look_id") {
        problems.add("look_id", "conflict", "run_query_and_wait takes only one of query_id and look_id.");
    }
    for (name, _) in DEFINITION.iter().filter(|(name, _)| stored.is_some() && given(name)) {
        let stored = stored.unwrap_or_default();
        let advice = match *name {
            "filters" => "Use run_look_with_filters to change the filters of a Look.".to_owned(),
            _ => format!("Leave out {stored}, or leave out {name}."),
        };
        problems.add(
            *name,
            "conflict",
            format!("{name} belongs to a new query, and {stored} names a saved one. {advice}"),
        );
    }
    problems.into_result(Reason::InvalidInput)
}

/// The query that the input names or describes.
fn query(job: &mut Job) -> Result<Query> {
    let limit = job.input("limit").as_i64();
    if let Some(id) = job.text("query_id") {
        return Ok(Query { id, look_id: None, limit });
    }
    if let Some(look_id) = job.text("look_id") {
        let look = job.find("look", &json!({ "look_id": look_id, "fields": "id,query_id" }))?;
        let Some(query_id) = look.as_ref().and_then(|look| id(&look["query_id"])) else {
            let message = format!("There is no Look {look_id} with a query, or this API key may not see it.");
            return Err(job.fail_input("look_id", "not_found", Reason::NotFound, message));
        };
        return Ok(Query { id: query_id, look_id: Some(look_id), limit });
    }
    if job.input("model").is_null() {
        let message = "The query task is gone, and the input does not say which query to run again. Give query_id, look_id, \
                       or model with explore and fields.";
        return Err(job.fail_input("query_task_id", "not_found", Reason::NotFound, message));
    }
    let mut definition = Map::new();
    for (input, property) in DEFINITION {
        let value = job.input(input);
        if !value.is_null() {
            definition.insert(property.to_owned(), value.clone());
        }
    }
    if let Some(limit) = limit {
        definition.insert("limit".to_owned(), limit.to_string().into());
    }
    Ok(Query { id: store(job, definition)?, look_id: None, limit: None })
}
