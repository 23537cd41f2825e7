//! Dashboards as LookML: exported, and imported into another instance.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Handled, Outcome, content, known_model, text};
use crate::{
    call::{Call, id_text},
    error_response::{ErrorResponse, invalid},
    present::is_of,
    sample,
    state::State,
    table::Row,
};

pub(super) fn handle(state: &mut State, call: &Call) -> Handled {
    Some(match call.operation.name {
        "dashboard_lookml" => export(state, call.path("dashboard_id")),
        "import_dashboard_from_lookml" => import(state, call),
        _ => return None,
    })
}

fn export(state: &State, id: &str) -> Result<Outcome, ErrorResponse> {
    let dashboard = state.find("Dashboard", id)?;
    if dashboard.get("readonly") == Some(&Value::Bool(true)) {
        return Err(ErrorResponse::NotFound);
    }
    let title = text(dashboard, "title").unwrap_or_default();
    let mut lookml = format!(
        "---\n- dashboard: {}\n  title: {}\n  layout: newspaper\n  preferred_viewer: dashboards-next\n  preferred_slug: {}\n",
        title.to_lowercase().replace(' ', "_"),
        quoted(title),
        text(dashboard, "slug").unwrap_or_default(),
    );
    if let Some(description) = text(dashboard, "description") {
        lookml.push_str(&format!("  description: {}\n", quoted(description)));
    }
    lookml.push_str("  elements:\n");
    for tile in state.rows("DashboardElement").filter(|tile| is_of(tile, "dashboard_id", id)) {
        lookml.push_str(&element(state, tile));
    }
    lookml.push_str("  filters:\n");
    for filter in state.rows("DashboardFilter").filter(|filter| is_of(filter, "dashboard_id", id)) {
        for (index, property) in ["name", "title", "type", "default_value", "model", "explore"].iter().enumerate() {
            if let Some(value) = text(filter, property) {
                let bullet = if index == 0 { "  - " } else { "    " };
                lookml.push_str(&format!("{bullet}{property}: {}\n", quoted(value)));
            }
        }
    }
    let mut row = sample::blank(known_model("DashboardLookml")?);
    row.insert("dashboard_id".to_owned(), json!(id));
    row.remove("folder_id");
    row.insert("lookml".to_owned(), json!(lookml));
    Ok(Outcome::Item(row))
}

fn element(state: &State, tile: &Row) -> String {
    let title = text(tile, "title").unwrap_or_default();
    let mut lookml = format!("  - title: {0}\n    name: {0}\n", quoted(title));
    // A tile that shows a Look becomes a tile with the Look's query.
    let look = text(tile, "look_id").and_then(|id| state.find("Look", id).ok());
    let query = text(tile, "query_id").or_else(|| look.and_then(|look| text(look, "query_id")));
    if let Some(query) = query.and_then(|id| super::queries::find(state, id).ok()) {
        for (name, property) in [("model", "model"), ("explore", "view")] {
            lookml.push_str(&format!("    {name}: {}\n", text(query, property).unwrap_or_default()));
        }
        lookml.push_str(&format!("    type: {}\n", "looker_grid"));
        let list = |name: &str| {
            let items = query.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
            items.collect::<Vec<_>>().join(", ")
        };
        lookml.push_str(&format!("    fields: [{}]\n", list("fields")));
        if let Some(limit) = text(query, "limit") {
            lookml.push_str(&format!("    limit: {limit}\n"));
        }
    }
    lookml
}

/// A YAML scalar in quotes, if it needs them.
fn quoted(text: &str) -> String {
    let is_plain = !text.is_empty() && text.chars().all(|letter| letter.is_alphanumeric() || " _-.".contains(letter));
    if is_plain && text.trim() == text { text.to_owned() } else { json!(text).to_string() }
}

/// A dashboard in LookML, as far as it is kept here.
#[derive(Debug, Deserialize)]
struct LookmlDashboard {
    title: String,
    description: Option<String>,
    preferred_slug: Option<String>,
    elements: Option<Vec<LookmlElement>>,
    filters: Option<Vec<LookmlFilter>>,
}

#[derive(Debug, Deserialize)]
struct LookmlElement {
    title: Option<String>,
    model: Option<String>,
    explore: Option<String>,
    fields: Option<Vec<String>>,
    limit: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct LookmlFilter {
    name: String,
    title: Option<String>,
    r#type: Option<String>,
    default_value: Option<String>,
    model: Option<String>,
    explore: Option<String>,
}

/// Creates a dashboard, or overwrites the one with the preferred slug. A slug in the trash blocks. Models are not checked:
/// tiles of an unknown model are empty.
fn import(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let body = call.object();
    let lookml = text(&body, "lookml").unwrap_or_default();
    let parsed: Result<Vec<LookmlDashboard>, _> = serde_saphyr::from_str(lookml);
    let Some(wanted) = parsed.ok().and_then(|all| all.into_iter().next()) else {
        return Err(invalid("lookml", "invalid", "lookml must be the LookML of one dashboard"));
    };
    content::check_folder(state, &body)?;
    let slug = wanted.preferred_slug.clone().filter(|slug| !slug.is_empty());
    let old = state.rows("Dashboard").find(|dashboard| slug.is_some() && text(dashboard, "slug") == slug.as_deref());
    let old =
        old.map(|dashboard| (text(dashboard, "id").unwrap_or_default().to_owned(), content::is_deleted(dashboard)));
    let old = match old {
        Some((_, true)) => return Err(invalid("slug", "already_exists", "A dashboard in the trash has this slug")),
        old => old.map(|(id, _)| id),
    };
    let kept = match &old {
        Some(id) => state.find("Dashboard", id)?.clone(),
        None => sample::blank(known_model("Dashboard")?),
    };
    let folder = body.get("folder_id").and_then(id_text).or_else(|| text(&kept, "folder_id").map(str::to_owned));
    // Without a folder, a new dashboard goes into the caller's own, which the API-only account does not have.
    let folder = folder.ok_or_else(|| invalid("folder_id", "missing_field", "The caller has no personal folder"))?;
    content::check_title(state, "Dashboard", &folder, &wanted.title, old.as_deref())?;
    let mut dashboard = kept;
    let slug = slug.unwrap_or_else(|| state.random.text(22));
    for (name, value) in [
        ("title", json!(wanted.title)),
        ("description", json!(wanted.description)),
        ("folder_id", json!(folder)),
        ("slug", json!(slug)),
        ("readonly", json!(false)),
        ("preferred_viewer", json!("dashboards-next")),
    ] {
        dashboard.insert(name.to_owned(), value);
    }
    let id = match old {
        Some(id) => {
            super::dashboards::clear(state, &id);
            content::touch(call, &mut dashboard);
            id
        }
        None => content::stamp(state, call, "Dashboard", &mut dashboard),
    };
    state.table_mut("Dashboard").put(&id, dashboard);
    fill(state, call, &id, wanted)?;
    content::show(state, "Dashboard", &id)
}

/// Puts the tiles and filters of the LookML on a dashboard.
fn fill(state: &mut State, call: &Call, id: &str, wanted: LookmlDashboard) -> Result<(), ErrorResponse> {
    for element in wanted.elements.unwrap_or_default() {
        let mut query = sample::blank(known_model("Query")?);
        for (name, value) in [
            ("model", json!(element.model)),
            ("view", json!(element.explore)),
            ("fields", json!(element.fields.unwrap_or_default())),
            ("limit", json!(element.limit.map(|limit| limit.to_string()))),
        ] {
            query.insert(name.to_owned(), value);
        }
        let query = super::queries::keep(state, call, query);
        let properties = [("query_id", json!(query)), ("type", json!("vis")), ("title", json!(element.title))];
        put_part(state, "DashboardElement", id, properties)?;
    }
    for filter in wanted.filters.unwrap_or_default() {
        let properties = [
            ("name", json!(filter.name)),
            ("title", json!(filter.title)),
            ("type", json!(filter.r#type)),
            ("default_value", json!(filter.default_value)),
            ("model", json!(filter.model)),
            ("explore", json!(filter.explore)),
        ];
        put_part(state, "DashboardFilter", id, properties)?;
    }
    Ok(())
}

fn put_part<const N: usize>(
    state: &mut State,
    kept: &'static str,
    dashboard: &str,
    properties: [(&str, Value); N],
) -> Result<(), ErrorResponse> {
    let mut part = sample::blank(known_model(kept)?);
    let id = state.table_mut(kept).new_id();
    part.insert("id".to_owned(), json!(id));
    part.insert("dashboard_id".to_owned(), json!(dashboard));
    part.extend(properties.into_iter().map(|(name, value)| (name.to_owned(), value)));
    state.table_mut(kept).put(&id, part);
    Ok(())
}
