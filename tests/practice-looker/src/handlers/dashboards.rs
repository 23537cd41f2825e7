//! Dashboards and the tiles, filters and layouts on them.

use serde_json::{Value, json};

use super::{Handled, Outcome, content, credentials::now, known_model, queries, text};
use crate::{
    call::{Call, id_text},
    error_response::{Detail, ErrorResponse, invalid},
    present::is_of,
    sample,
    state::State,
    table::Row,
    write,
};

pub(super) fn handle(state: &mut State, call: &Call) -> Handled {
    let id = call.path("dashboard_id");
    Some(match call.operation.name {
        "all_dashboards" => content::list(state, "DashboardBase", |dashboard| !content::is_deleted(dashboard)),
        "search_dashboards" => search(state, call),
        "dashboard" => content::show(state, "Dashboard", id),
        "create_dashboard" => create(state, call),
        "update_dashboard" => update(state, call),
        "delete_dashboard" => delete(state, call),
        "copy_dashboard" => copy(state, call, id),
        "import_lookml_dashboard" => import(state, call),
        "move_dashboard" => relocate(state, call),
        "dashboard_dashboard_elements" => parts(state, call, "DashboardElement"),
        "dashboard_dashboard_filters" => parts(state, call, "DashboardFilter"),
        "dashboard_dashboard_layouts" => parts(state, call, "DashboardLayout"),
        "create_dashboard_element" => create_part(state, call, "DashboardElement"),
        "create_dashboard_filter" => create_part(state, call, "DashboardFilter"),
        "create_dashboard_layout" => create_part(state, call, "DashboardLayout"),
        _ => return None,
    })
}

fn search(state: &State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let stranger = call.query("not_owned_by");
    let found = content::search(state, call, "Dashboard")?;
    Ok(match (found, stranger) {
        (Outcome::List(mut rows), Some(owner)) => {
            rows.retain(|row| text(row, "user_id") != Some(owner));
            Outcome::List(rows)
        }
        (found, _) => found,
    })
}

/// A dashboard that can be changed. A LookML dashboard cannot.
fn writable<'a>(state: &'a State, id: &str) -> Result<&'a Row, ErrorResponse> {
    let dashboard = state.find("Dashboard", id)?;
    match dashboard.get("readonly") {
        Some(Value::Bool(true)) => {
            Err(ErrorResponse::NotAllowed("A LookML dashboard is changed in its project.".to_owned()))
        }
        _ => Ok(dashboard),
    }
}

fn create(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let body = call.object();
    let given = |name: &&str| body.get(*name).and_then(id_text).is_none_or(|value| value.is_empty());
    let missing: Vec<Detail> = ["title", "folder_id"]
        .into_iter()
        .filter(given)
        .map(|name| Detail::new(name, "missing_field", format!("{name} is required")))
        .collect();
    if !missing.is_empty() {
        return Err(ErrorResponse::Invalid(missing));
    }
    content::check_folder(state, &body)?;
    let model = known_model("Dashboard")?;
    let mut dashboard = sample::blank(model);
    write::apply(model, &mut dashboard, &body);
    let (folder, title) =
        (text(&dashboard, "folder_id").unwrap_or_default(), text(&dashboard, "title").unwrap_or_default());
    content::check_title(state, "Dashboard", folder, title, None)?;
    if text(&dashboard, "slug").is_none_or(str::is_empty) {
        dashboard.insert("slug".to_owned(), json!(state.random.text(22)));
    }
    let id = content::stamp(state, call, "Dashboard", &mut dashboard);
    state.table_mut("Dashboard").put(&id, dashboard);
    content::show(state, "Dashboard", &id)
}

fn update(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let id = call.path("dashboard_id");
    let body = call.object();
    let dashboard = writable(state, id)?;
    content::check_folder(state, &body)?;
    if let Some(title) = text(&body, "title") {
        let folder = text(&body, "folder_id").or(text(dashboard, "folder_id")).unwrap_or_default();
        content::check_title(state, "Dashboard", folder, title, Some(id))?;
    }
    let dashboard = state.find_mut("Dashboard", id)?;
    write::apply(known_model("Dashboard")?, dashboard, &body);
    content::touch(call, dashboard);
    content::show(state, "Dashboard", id)
}

/// Deletes a dashboard and everything on it.
fn delete(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let id = call.path("dashboard_id");
    writable(state, id)?;
    clear(state, id);
    state.table_mut("Dashboard").remove(id);
    Ok(Outcome::Nothing)
}

/// Removes everything on a dashboard, with the alerts on its tiles.
pub(super) fn clear(state: &mut State, id: &str) {
    for kept in ["DashboardElement", "DashboardFilter", "DashboardLayout"] {
        for part in ids_of_parts(state, kept, id) {
            if kept == "DashboardElement" {
                remove_alerts(state, &part);
            }
            state.table_mut(kept).remove(&part);
        }
    }
}

fn remove_alerts(state: &mut State, element: &str) {
    let alerts = state.rows("Alert").filter(|alert| is_of(alert, "dashboard_element_id", element));
    let ids: Vec<String> = alerts.filter_map(|alert| text(alert, "id").map(str::to_owned)).collect();
    for id in ids {
        state.table_mut("Alert").remove(&id);
    }
}

fn ids_of_parts(state: &State, kept: &str, dashboard: &str) -> Vec<String> {
    let parts = state.rows(kept).filter(|part| is_of(part, "dashboard_id", dashboard));
    parts.filter_map(|part| text(part, "id").map(str::to_owned)).collect()
}

fn copy(state: &mut State, call: &Call, id: &str) -> Result<Outcome, ErrorResponse> {
    let new = content::copy(state, call, "Dashboard", id)?;
    finish_copy(state, id, &new)
}

/// Imports a LookML dashboard into a folder.
fn import(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let id = call.path("lookml_dashboard_id");
    let folder = call.path("space_id");
    state.find("Folder", folder)?;
    let mut copy = state.find("Dashboard", id)?.clone();
    write::apply(known_model("Dashboard")?, &mut copy, &call.object());
    let title = text(&copy, "title").unwrap_or_default();
    content::check_title(state, "Dashboard", folder, title, None)
        .map_err(|_| ErrorResponse::Conflict("There is a dashboard of that title in the folder already.".to_owned()))?;
    copy.insert("folder_id".to_owned(), json!(folder));
    copy.insert("readonly".to_owned(), json!(false));
    let new = content::stamp(state, call, "Dashboard", &mut copy);
    state.table_mut("Dashboard").put(&new, copy);
    finish_copy(state, id, &new)
}

/// Gives a copied dashboard its own slug and copies the parts of the original.
fn finish_copy(state: &mut State, from: &str, to: &str) -> Result<Outcome, ErrorResponse> {
    let slug = state.random.text(22);
    state.find_mut("Dashboard", to)?.insert("slug".to_owned(), json!(slug));
    for kept in ["DashboardElement", "DashboardFilter", "DashboardLayout"] {
        for part in ids_of_parts(state, kept, from) {
            let mut part = state.find(kept, &part)?.clone();
            let id = state.table_mut(kept).new_id();
            part.insert("id".to_owned(), json!(id));
            part.insert("dashboard_id".to_owned(), json!(to));
            state.table_mut(kept).put(&id, part);
        }
    }
    content::show(state, "Dashboard", to)
}

fn relocate(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let id = call.path("dashboard_id");
    writable(state, id)?;
    content::relocate(state, call, "Dashboard", id)?;
    content::show(state, "Dashboard", id)
}

fn parts(state: &State, call: &Call, model: &'static str) -> Result<Outcome, ErrorResponse> {
    let id = call.path("dashboard_id");
    state.find("Dashboard", id)?;
    content::list(state, model, |part| is_of(part, "dashboard_id", id))
}

fn create_part(state: &mut State, call: &Call, kept: &'static str) -> Result<Outcome, ErrorResponse> {
    let body = call.object();
    let dashboard = body.get("dashboard_id").and_then(id_text).unwrap_or_default();
    if state.find("Dashboard", &dashboard).is_err() {
        return Err(invalid("dashboard_id", "invalid", format!("There is no dashboard {dashboard:?}")));
    }
    writable(state, &dashboard)?;
    for (property, of) in [("query_id", "Query"), ("look_id", "Look")] {
        let named = body.get(property).and_then(id_text);
        let exists = |id: &str| if of == "Query" { queries::find(state, id) } else { state.find(of, id) }.is_ok();
        if let Some(id) = named.filter(|id| !exists(id)) {
            return Err(invalid(property, "invalid", format!("There is no {property} {id:?}")));
        }
    }
    let model = known_model(kept)?;
    let mut part = sample::blank(model);
    write::apply(model, &mut part, &body);
    let id = state.table_mut(kept).new_id();
    part.insert("id".to_owned(), json!(id));
    // Some models call it read-only, but it says to which dashboard the part belongs.
    part.insert("dashboard_id".to_owned(), json!(dashboard));
    state.table_mut(kept).put(&id, part);
    let changed = state.find_mut("Dashboard", &dashboard)?;
    changed.insert("updated_at".to_owned(), json!(now()));
    content::show(state, kept, &id)
}
