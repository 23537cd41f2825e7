//! Looks: saved queries with a title, in a folder.

use serde_json::json;

use super::{Handled, Outcome, content, known_model, queries, text};
use crate::{
    call::{Call, id_text},
    error_response::{Detail, ErrorResponse, invalid},
    sample,
    state::State,
    table::Row,
    write,
};

pub(super) fn handle(state: &mut State, call: &Call) -> Handled {
    let id = call.path("look_id");
    Some(match call.operation.name {
        "all_looks" => content::list(state, "Look", |look| !content::is_deleted(look)),
        "search_looks" => content::search(state, call, "Look"),
        "look" => content::show(state, "LookWithQuery", id),
        "create_look" => create(state, call),
        "update_look" => update(state, call),
        "copy_look" => content::copy(state, call, "Look", id).and_then(|id| content::show(state, "LookWithQuery", &id)),
        "move_look" => {
            content::relocate(state, call, "Look", id).and_then(|()| content::show(state, "LookWithQuery", id))
        }
        "run_look" => run(state, call),
        _ => return None,
    })
}

fn create(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let body = call.object();
    let given = |name: &&str| body.get(*name).and_then(id_text).is_none_or(|value| value.is_empty());
    let missing: Vec<Detail> = ["title", "folder_id", "query_id"]
        .into_iter()
        .filter(given)
        .map(|name| Detail::new(name, "missing_field", format!("{name} is required")))
        .collect();
    if !missing.is_empty() {
        return Err(ErrorResponse::Invalid(missing));
    }
    check(state, &body)?;
    let model = known_model("LookWithQuery")?;
    let mut look = sample::blank(model);
    write::apply(model, &mut look, &body);
    let (folder, title) = (text(&look, "folder_id").unwrap_or_default(), text(&look, "title").unwrap_or_default());
    content::check_title(state, "Look", folder, title, None)?;
    let id = content::stamp(state, call, "Look", &mut look);
    look.insert("short_url".to_owned(), json!(format!("/looks/{id}")));
    state.table_mut("Look").put(&id, look);
    content::show(state, "LookWithQuery", &id)
}

fn check(state: &State, body: &Row) -> Result<(), ErrorResponse> {
    if let Some(query) = body.get("query_id").and_then(id_text)
        && queries::find(state, &query).is_err()
    {
        return Err(invalid("query_id", "invalid", format!("There is no query {query}")));
    }
    content::check_folder(state, body)
}

fn update(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let id = call.path("look_id");
    let body = call.object();
    let look = state.find("Look", id)?;
    check(state, &body)?;
    if let Some(title) = text(&body, "title") {
        let folder = text(&body, "folder_id").or(text(look, "folder_id")).unwrap_or_default();
        content::check_title(state, "Look", folder, title, Some(id))?;
    }
    let look = state.find_mut("Look", id)?;
    write::apply(known_model("LookWithQuery")?, look, &body);
    content::touch(call, look);
    content::show(state, "LookWithQuery", id)
}

fn run(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    state.mark_used("Look", call.path("look_id"));
    let look = state.find("Look", call.path("look_id"))?;
    let query = queries::find(state, text(look, "query_id").unwrap_or_default())?;
    queries::run(state, call, query)
}
