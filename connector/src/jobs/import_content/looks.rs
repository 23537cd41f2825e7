//! Imports Looks, which are found again by their title and folder: a Look has no slug.

use super::super::content_query::portable;
use super::super::{Job, StepState, id};
use super::{Imported, Settings};
use crate::failure::{Reason, Result};
use serde_json::{Map, Value, json};

/// The step of each Look.
const STEP: &str = "import_look";

/// Imports one Look into a folder; in a dry run, `folder` is `None` if it would be created.
pub(super) fn import(job: &mut Job, settings: &Settings, item: &Value, folder: Option<&str>) -> Result<Imported> {
    let title = item["title"].as_str().unwrap_or_default();
    let query = query(settings, item);
    let target = match folder {
        Some(folder) => find(job, folder, title)?,
        None => None,
    };
    let Some(target) = target else {
        if settings.dry_run {
            return Ok(Imported { id: None, slug: None, state: "created" });
        }
        let input = json!({
            "title": title, "folder_id": folder, "description": item["description"], "query_id": create_query(job, query)?,
        });
        let made = job.write_or_find(STEP, None, "create_look", &input, |job| {
            Ok(find(job, folder.unwrap_or_default(), title)?.map(|id| json!({ "id": id })))
        })?;
        return Ok(Imported { id: id(&made["id"]), slug: None, state: "created" });
    };
    if is_same(job, &target, &query)? {
        job.record(STEP, StepState::Held, Some(&target));
        return Ok(Imported { id: Some(target), slug: None, state: "held" });
    }
    if !settings.overwrite {
        let message = format!(
            "Look {target} of the target has this title in that folder and differs. Set overwrite to replace its query."
        );
        return Err(job.fail(Reason::Conflict, message));
    }
    if !settings.dry_run {
        let input = json!({ "look_id": target, "query_id": create_query(job, query.clone())? });
        job.write_or_find(STEP, Some(&target), "update_look", &input, |job| {
            Ok(is_same(job, &target, &query)?.then(|| json!({ "id": target })))
        })?;
    }
    Ok(Imported { id: Some(target), slug: None, state: "overwritten" })
}

/// The query of an item, on the target's models.
fn query(settings: &Settings, item: &Value) -> Map<String, Value> {
    let mut query = portable(&item["query"]);
    let model = query.get("model").and_then(Value::as_str).and_then(|model| settings.models.get(model));
    if let Some(model) = model.cloned() {
        query.insert("model".to_owned(), json!(model));
    }
    query
}

/// The Look of exactly this title in a folder. Looker's search takes `%` and `_` as wildcards and ignores case.
fn find(job: &mut Job, folder: &str, title: &str) -> Result<Option<String>> {
    let input = json!({ "title": title, "folder_id": folder, "fields": "id,title,folder_id,folder(id),deleted" });
    let found = job.read("search_looks", &input)?;
    let lies_there =
        |look: &Value| id(&look["folder_id"]).or_else(|| id(&look["folder"]["id"])).as_deref() == Some(folder);
    let is_it = |look: &&Value| look["title"] == title && look["deleted"] != true && lies_there(look);
    let looks: Vec<String> =
        found.as_array().into_iter().flatten().filter(is_it).filter_map(|look| id(&look["id"])).collect();
    match looks.as_slice() {
        [] => Ok(None),
        [look] => Ok(Some(look.clone())),
        several => {
            let message =
                format!("Several Looks of the target have this title in that folder: {}.", several.join(", "));
            Err(job.fail(Reason::Conflict, message))
        }
    }
}

fn is_same(job: &mut Job, look: &str, query: &Map<String, Value>) -> Result<bool> {
    let look = job.read("look", &json!({ "look_id": look, "fields": "id,query" }))?;
    Ok(portable(&look["query"]) == *query)
}

/// Stores a query and returns its id. Looker returns the same one for the same query, so that a second run makes no second.
fn create_query(job: &mut Job, query: Map<String, Value>) -> Result<Option<String>> {
    let made = job.write("create_query", None, "create_query", &Value::Object(query))?;
    Ok(id(&made["id"]))
}
