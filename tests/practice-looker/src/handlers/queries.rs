//! Queries: stored, found by id or slug, and run.

use serde_json::{Value, json};

use super::{Handled, Outcome, generic, is_administrator, known_model, text};
use crate::{
    call::Call,
    error_response::ErrorResponse,
    results::{self, Plan},
    sample,
    state::State,
    table::Row,
    write,
};

pub(super) fn handle(state: &mut State, call: &Call) -> Handled {
    Some(match call.operation.name {
        "create_query" => create(state, call),
        "query" => find(state, call.path("query_id")).cloned().map(Outcome::Item),
        "query_for_slug" => find(state, call.path("slug")).cloned().map(Outcome::Item),
        "run_query" => find(state, call.path("query_id")).and_then(|query| run(state, call, query)),
        "run_inline_query" => read(call).and_then(|query| run_inline(state, call, &query)),
        "run_url_encoded_query" => run(state, call, &from_url(call)),
        "run_sql_query" => run_sql(state, call),
        // No operation reads these queries, so that any id is taken for one.
        "run_sql_interface_query" => run(state, call, &sql_query(Value::Null)),
        _ => return None,
    })
}

/// A query by its id, its slug, or the client ID that it was created with.
pub(super) fn find<'a>(state: &'a State, id: &str) -> Result<&'a Row, ErrorResponse> {
    if let Ok(query) = state.find("Query", id) {
        return Ok(query);
    }
    let named = |query: &&Row| text(query, "slug") == Some(id) || text(query, "client_id") == Some(id);
    state.rows("Query").find(named).ok_or(ErrorResponse::NotFound)
}

/// The query in the body.
fn read(call: &Call) -> Result<Row, ErrorResponse> {
    let model = known_model("Query")?;
    let mut query = sample::blank(model);
    write::apply(model, &mut query, &call.object());
    Ok(query)
}

fn create(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let query = read(call)?;
    // A query that cannot run is not stored.
    Plan::new(&query, None, 0)?;
    let id = keep(state, call, query);
    find(state, &id).cloned().map(Outcome::Item)
}

/// Stores a new query and returns its id. Ids of new queries are slugs, as Looker has had them since 24.20. A query that
/// was stored before keeps its id.
pub(super) fn keep(state: &mut State, call: &Call, mut query: Row) -> String {
    let is_same = |known: &&Row| {
        query.iter().all(|(name, value)| OF_STORED_QUERY.contains(&name.as_str()) || known.get(name) == Some(value))
    };
    if let Some(known) = state.rows("Query").find(is_same) {
        return text(known, "id").unwrap_or_default().to_owned();
    }
    let slug = state.random.text(22);
    if text(&query, "client_id").is_none_or(str::is_empty) {
        query.insert("client_id".to_owned(), json!(slug));
    }
    for (name, value) in [
        ("id", slug.clone()),
        ("url", format!("/queries/{slug}")),
        ("share_url", format!("{}/x/{slug}", call.origin)),
        ("expanded_share_url", format!("{}/explore/practice?qid={slug}", call.origin)),
    ] {
        query.insert(name.to_owned(), json!(value));
    }
    query.insert("slug".to_owned(), json!(slug));
    state.table_mut("Query").put(&slug, query);
    slug
}

/// The properties that a query gets when it is stored.
const OF_STORED_QUERY: [&str; 6] = ["id", "slug", "client_id", "url", "share_url", "expanded_share_url"];

/// Runs a query in the format that the path names.
pub(super) fn run(state: &State, call: &Call, query: &Row) -> Result<Outcome, ErrorResponse> {
    let mut plan = Plan::new(query, call.integer("limit"), state.unlimited_rows)?;
    plan.formatted = call.is_set("apply_formatting");
    results::respond(plan, call.path("result_format")).map(Outcome::Response)
}

/// Runs the query in the body. Administrators can ask System Activity for the runs of scheduled plans.
fn run_inline(state: &mut State, call: &Call, query: &Row) -> Result<Outcome, ErrorResponse> {
    if text(query, "model") != Some("system__activity") {
        return run(state, call, query);
    }
    // Looker says no more to people without see_system_activity.
    if !is_administrator(state, &call.session.user_id) || text(query, "view") != Some("scheduled_plan") {
        return Err(ErrorResponse::NotFound);
    }
    state.scheduled_jobs(query).map(|rows| Outcome::Json(Value::Array(rows)))
}

/// A query whose parts are in the path and in query parameters that the catalog does not list: `fields=a,b&f[a]=x&limit=5`.
fn from_url(call: &Call) -> Row {
    let mut query = Row::new();
    query.insert("model".to_owned(), json!(call.path("model_name")));
    query.insert("view".to_owned(), json!(call.path("view_name")));
    let mut filters = Row::new();
    for (name, value) in call.raw_query() {
        match name.as_str() {
            "fields" | "sorts" => {
                let items: Vec<&str> = value.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
                query.insert(name, json!(items));
            }
            "limit" => {
                query.insert(name, json!(value));
            }
            _ => {
                if let Some(field) = name.strip_prefix("f[").and_then(|name| name.strip_suffix(']')) {
                    filters.insert(field.to_owned(), json!(value));
                }
            }
        }
    }
    query.insert("filters".to_owned(), Value::Object(filters));
    query
}

/// Runs a SQL query, which must exist. Its SQL is ignored: the result is always the same.
fn run_sql(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    generic::begin(state, known_model("SqlQuery")?);
    let model = state.find("SqlQuery", call.path("slug"))?.get("model_name").cloned().unwrap_or_default();
    run(state, call, &sql_query(model))
}

/// A query with the same rows as every SQL query, in some model.
fn sql_query(model: Value) -> Row {
    let mut query = Row::new();
    query.insert("model".to_owned(), model);
    query.insert("view".to_owned(), json!("sql_runner"));
    query
}
