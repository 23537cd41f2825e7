//! `run_look_with_filters`: runs a Look with other filters than its own.

use super::look_query::{Change, store_changed};
use super::query_task::{self, Query};
use super::{Job, Outcome, id};
use crate::failure::{Reason, Result};
use serde_json::{Value, json};

pub(super) fn run(job: &mut Job) -> Result<Outcome> {
    if !job.input("look_id").is_null() && !job.input("title").is_null() {
        let message = "run_look_with_filters takes only one of look_id and title.";
        return Err(job.fail_input("title", "conflict", Reason::InvalidInput, message));
    }
    query_task::result(job, |job| {
        let look_id = look_id(job)?;
        let change = Change {
            filters: job.input("filters").as_object().cloned().unwrap_or_default(),
            remove: job.texts("remove_filters"),
            limit: job.input("limit").as_i64(),
        };
        let id = store_changed(job, &look_id, &change)?;
        Ok(Query { id, look_id: Some(look_id), limit: None })
    })
}

/// The Look that the input names by its id or its title.
fn look_id(job: &mut Job) -> Result<String> {
    if let Some(look_id) = job.text("look_id") {
        return Ok(look_id);
    }
    let Some(title) = job.text("title") else {
        let message =
            "The query task is gone, and the input does not say which Look to run again. Give look_id or title.";
        return Err(job.fail_input("query_task_id", "not_found", Reason::NotFound, message));
    };
    let mut input = json!({ "title": title, "fields": "id,title,folder_id" });
    let folder = job.text("folder_id");
    if let Some(folder) = &folder {
        input["folder_id"] = json!(folder);
    }
    let found = job.read("search_looks", &input)?;
    // Looker takes the title for a pattern.
    let is_it = |look: &&Value| {
        let in_folder = folder.is_none() || id(&look["folder_id"]) == folder;
        look["title"].as_str().is_some_and(|found| found.trim() == title) && in_folder
    };
    let ids: Vec<String> =
        found.as_array().into_iter().flatten().filter(is_it).filter_map(|look| id(&look["id"])).collect();
    match ids.as_slice() {
        [id] => Ok(id.clone()),
        [] => {
            let message = format!("There is no Look titled {title} there, or this API key may not see it.");
            Err(job.fail_input("title", "not_found", Reason::NotFound, message))
        }
        several => {
            let message = format!(
                "{} Looks are titled {title}: {}. Give look_id, or folder_id as well.",
                several.len(),
                several.join(", ")
            );
            Err(job.fail_input("title", "ambiguous", Reason::InvalidInput, message))
        }
    }
}

#[cfg(test)]
mod tests;
