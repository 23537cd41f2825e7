//! The content validator: Looks, tiles and filters whose model, Explore or fields are not there.
//!
//! A field is missing if its name ends in `gone`.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{Handled, Outcome, content, known_model, text};
use crate::{
    call::Call,
    error_response::ErrorResponse,
    present::{is_of, present},
    sample,
    state::State,
    table::Row,
    write,
};

pub(super) fn handle(state: &mut State, call: &Call) -> Handled {
    (call.operation.name == "content_validation").then(|| validate(state, call))
}

/// What a run found, and how much it looked at.
struct Findings {
    content: Vec<Value>,
    totals: HashMap<&'static str, usize>,
}

fn validate(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let mut found = Findings { content: Vec::new(), totals: HashMap::new() };
    let scope = Scope { projects: call.list("project_names"), folders: call.list("space_ids") };
    for look in state.rows("Look").filter(|look| !content::is_deleted(look) && scope.has_folder(look)) {
        found.count("total_looks_validated");
        let errors = errors_of_query(state, &scope, text(look, "query_id"));
        found.add(errors, json!({ "look": shown(state, "ContentValidationLook", look)? }));
    }
    for dashboard in state.rows("Dashboard").filter(|it| !content::is_deleted(it) && scope.has_folder(it)) {
        let id = text(dashboard, "id").unwrap_or_default();
        let owner = shown(state, "ContentValidationDashboard", dashboard)?;
        for tile in state.rows("DashboardElement").filter(|tile| is_of(tile, "dashboard_id", id)) {
            found.count("total_dashboard_elements_validated");
            let errors = errors_of_query(state, &scope, text(tile, "query_id"));
            let tile = shown(state, "ContentValidationDashboardElement", tile)?;
            found.add(errors, json!({ "dashboard": owner, "dashboard_element": tile }));
        }
        for filter in state.rows("DashboardFilter").filter(|filter| is_of(filter, "dashboard_id", id)) {
            found.count("total_dashboard_filters_validated");
            let errors = match (text(filter, "model"), text(filter, "explore")) {
                (Some(model), Some(explore)) => errors(state, &scope, model, explore, &[]),
                _ => Vec::new(),
            };
            let filter = shown(state, "ContentValidationDashboardFilter", filter)?;
            found.add(errors, json!({ "dashboard": owner, "dashboard_filter": filter }));
        }
    }
    // The id of an error lives as long as the run that found it.
    for error in found.content.iter_mut().filter_map(Value::as_object_mut) {
        error.insert("id".to_owned(), json!(state.random.text(16)));
    }
    let mut result = sample::blank(known_model("ContentValidation")?);
    result.insert("content_with_errors".to_owned(), Value::Array(found.content));
    result.insert("computation_time".to_owned(), json!(0.25));
    for (name, total) in found.totals {
        result.insert(name.to_owned(), json!(total));
    }
    Ok(Outcome::Item(result))
}

impl Findings {
    fn count(&mut self, total: &'static str) {
        *self.totals.entry(total).or_default() += 1;
    }

    fn add(&mut self, errors: Vec<Value>, content: Value) {
        if let (false, Value::Object(mut content)) = (errors.is_empty(), content) {
            content.insert("errors".to_owned(), Value::Array(errors));
            self.content.push(Value::Object(content));
        }
    }
}

/// The content that a run looks at.
struct Scope<'a> {
    projects: Option<Vec<&'a str>>,
    folders: Option<Vec<&'a str>>,
}

impl Scope<'_> {
    fn has_folder(&self, row: &Row) -> bool {
        let folder = text(row, "folder_id").unwrap_or_default();
        self.folders.as_ref().is_none_or(|folders| folders.contains(&folder))
    }

    /// Whether a model belongs to the projects. A model that does not exist belongs to none.
    fn has_model(&self, model: Option<&Row>) -> bool {
        let project = model.and_then(|model| text(model, "project_name"));
        self.projects.as_ref().is_none_or(|projects| project.is_some_and(|project| projects.contains(&project)))
    }
}

fn errors_of_query(state: &State, scope: &Scope<'_>, query: Option<&str>) -> Vec<Value> {
    let Some(query) = query.and_then(|id| super::queries::find(state, id).ok()) else { return Vec::new() };
    let fields = query.get("fields").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let fields: Vec<&str> = fields.collect();
    let (model, explore) = (text(query, "model").unwrap_or_default(), text(query, "view").unwrap_or_default());
    errors(state, scope, model, explore, &fields)
}

fn errors(state: &State, scope: &Scope<'_>, model: &str, explore: &str, fields: &[&str]) -> Vec<Value> {
    let error = |field: Option<&str>, message: String| json!({ "message": message, "field_name": field, "model_name": model, "explore_name": explore, "removable": field.is_some() });
    let row = state.find("LookmlModel", model).ok();
    if !scope.has_model(row) {
        return Vec::new();
    }
    let Some(row) = row else { return vec![error(None, format!("Unknown model \"{model}\"."))] };
    let explores = row.get("explores").and_then(Value::as_array);
    if !explores.is_some_and(|explores| explores.iter().any(|known| known["name"] == explore)) {
        return vec![error(None, format!("Unknown explore \"{explore}\"."))];
    }
    let missing = fields.iter().filter(|field| field.ends_with("gone"));
    missing.map(|field| error(Some(field), format!("Unknown field \"{field}\"."))).collect()
}

fn shown(state: &State, model: &'static str, row: &Row) -> Result<Value, ErrorResponse> {
    let folder = text(row, "folder_id").and_then(|id| state.find("Folder", id).ok());
    let mut part = write::project(known_model(model)?, row.clone());
    if let Some(folder) = folder {
        let folder = present(state, known_model("ContentValidationFolder")?, folder);
        part.insert("folder".to_owned(), Value::Object(folder));
    }
    Ok(Value::Object(write::project(known_model(model)?, part)))
}
