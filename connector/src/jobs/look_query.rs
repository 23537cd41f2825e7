//! The query of a Look with other filters, for the jobs that run or draw it.

use super::query_definition::{RESULT_PROPERTIES, store};
use super::{Job, id};
use crate::catalog::nearest;
use crate::failure::{FieldProblems, Reason, Result};
use serde_json::{Map, Value, json};

/// How to change the filters of a Look.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Filter expressions by field. They replace those of the Look, or are added to them.
    pub filters: Map<String, Value>,
    /// The fields whose filters are left out.
    pub remove: Vec<String>,
    /// The limit that replaces the Look's.
    pub limit: Option<i64>,
}

/// Stores the query of a Look with other filters, and returns its id. Nothing is stored if a field is unknown.
pub fn store_changed(job: &mut Job, look_id: &str, change: &Change) -> Result<String> {
    let look = job.find("look", &json!({ "look_id": look_id, "fields": "id,query" }))?;
    let Some(query) = look.as_ref().and_then(|look| look["query"].as_object()) else {
        let message = format!("There is no Look {look_id} with a query, or this API key may not see it.");
        return Err(job.fail_input("look_id", "not_found", Reason::NotFound, message));
    };
    check_fields(job, query, change)?;
    // `filter_config` is what the filter controls show, and beats `filters` where both are sent.
    let copied = RESULT_PROPERTIES.iter().filter_map(|name| Some(((*name).to_owned(), query.get(*name)?.clone())));
    let mut definition: Map<String, Value> = copied.filter(|(_, value)| !value.is_null()).collect();
    let mut filters = query.get("filters").and_then(Value::as_object).cloned().unwrap_or_default();
    filters.retain(|name, _| !change.remove.contains(name));
    filters.extend(change.filters.clone());
    definition.insert("filters".to_owned(), Value::Object(filters));
    if let Some(limit) = change.limit {
        definition.insert("limit".to_owned(), limit.to_string().into());
    }
    store(job, definition)
}

/// Checks that the Explore of a query has the fields that a change names. Looker ignores a filter on any other.
fn check_fields(job: &mut Job, query: &Map<String, Value>, change: &Change) -> Result<()> {
    let text = |name: &str| query.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (model, explore) = (text("model"), text("view"));
    let fields = "fields(dimensions(name),measures(name),filters(name),parameters(name))";
    let input = json!({ "lookml_model_name": model, "explore_name": explore, "fields": fields });
    let Some(found) = job.find("lookml_model_explore", &input)? else {
        let message =
            format!("The Look uses the Explore {explore} of the model {model}, which is gone or not to be seen.");
        return Err(job.fail(Reason::NotFound, message));
    };
    let mut known: Vec<String> = Vec::new();
    for kind in ["dimensions", "measures", "filters", "parameters"] {
        let fields = found["fields"][kind].as_array().into_iter().flatten();
        known.extend(fields.filter_map(|field| field["name"].as_str()).map(str::to_owned));
    }
    known.extend(custom_fields(&text("dynamic_fields")));
    // A filter that the Look has already may be removed, even if its field is gone.
    let own = query.get("filters").and_then(Value::as_object);
    let has_own = |name: &String| own.is_some_and(|filters| filters.contains_key(name));
    let unknown_filters = change.filters.keys().filter(|name| !known.contains(name)).map(|name| ("filters", name));
    let unknown_removed = change.remove.iter().filter(|name| !known.contains(name) && !has_own(name));
    let mut problems = FieldProblems::default();
    for (field, name) in unknown_filters.chain(unknown_removed.map(|name| ("remove_filters", name))) {
        let near = nearest(name, known.iter().map(String::as_str));
        let advice = if near.is_empty() {
            "Fields are named with their view, such as orders.status.".to_owned()
        } else {
            format!("Did you mean {}?", near.join(" or "))
        };
        problems.add(field, "unknown", format!("The Explore {explore} has no field {name}. {advice}"));
    }
    problems.into_result(Reason::InvalidInput)
}

/// The names of the custom fields that a query defines for itself.
fn custom_fields(dynamic_fields: &str) -> Vec<String> {
    let fields: Vec<Value> = serde_json::from_str(dynamic_fields).unwrap_or_default();
    let name = |field: &Value| ["dimension", "measure"].iter().find_map(|kind| id(&field[*kind]));
    fields.iter().filter_map(name).collect()
}
