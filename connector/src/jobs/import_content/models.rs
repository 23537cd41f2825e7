//! Checks that the target has what the content refers to. A dashboard on a model that is missing would be empty.

use super::super::Job;
use super::super::content_query::explore;
use crate::failure::{FieldProblem, Problem, Reason, Result};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Fails, before anything is imported, if the target lacks a model or an Explore.
pub(super) fn check(job: &mut Job, export: &Value, map: &BTreeMap<String, String>) -> Result<()> {
    let mut needed = BTreeSet::new();
    let of = |part: &str| export[part].as_array().map(Vec::as_slice).unwrap_or_default();
    for dashboard in of("dashboards") {
        needed.extend(dashboard["explores"].as_array().into_iter().flatten().filter_map(explore));
    }
    needed.extend(of("looks").iter().filter_map(|look| explore(&look["query"])));
    if needed.is_empty() {
        return Ok(());
    }
    let models = job.read("all_lookml_models", &json!({ "fields": "name,explores(name)" }))?;
    let models = models.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut missing = Vec::new();
    for (model, explore) in needed {
        let model = map.get(&model).cloned().unwrap_or(model);
        match models.iter().find(|known| known["name"] == *model) {
            None => missing.push((format!("model {model}"), "missing_model")),
            Some(known) => {
                let explores = known["explores"].as_array().map(Vec::as_slice).unwrap_or_default();
                if !explores.iter().any(|known| known["name"] == *explore) {
                    missing.push((format!("Explore {model}::{explore}"), "missing_explore"));
                }
            }
        }
    }
    missing.dedup();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
    let message = format!(
        "The target has no {names}, or this API key may not see it, so nothing was imported. Deploy the LookML first, or \
         name the target's models in model_map."
    );
    let mut problem = Problem::new(Reason::InvalidInput, message);
    problem.fields = missing
        .into_iter()
        .map(|(name, code)| FieldProblem {
            field: Some("export".to_owned()),
            code: code.to_owned(),
            message: format!("The target has no {name}."),
        })
        .collect();
    problem.request_sent = true;
    Err(problem.permanent())
}
