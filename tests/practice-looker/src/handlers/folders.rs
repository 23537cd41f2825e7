//! The tree of folders.

use serde_json::{Value, json};

use super::{Handled, Outcome, content, credentials::now, known_model, text};
use crate::{
    call::Call,
    error_response::{ErrorResponse, invalid},
    present::is_of,
    sample, search,
    state::State,
    write,
};

pub(super) fn handle(state: &mut State, call: &Call) -> Handled {
    let id = call.path("folder_id");
    Some(match call.operation.name {
        "all_folders" => content::list(state, "FolderBase", |_| true),
        "folder" => content::show(state, "Folder", id),
        "create_folder" => create(state, call),
        "update_folder" => update(state, call),
        "delete_folder" => delete(state, id),
        "folder_children" => inside(state, id, "Folder", "parent_id"),
        "folder_children_search" => children_search(state, call),
        "folder_parent" => parent(state, id).and_then(|parent| content::show(state, "Folder", &parent)),
        "folder_ancestors" => ancestors(state, id),
        "folder_looks" => inside(state, id, "LookWithQuery", "folder_id"),
        "folder_dashboards" => inside(state, id, "Dashboard", "folder_id"),
        _ => return None,
    })
}

fn inside(state: &State, id: &str, model: &'static str, property: &str) -> Result<Outcome, ErrorResponse> {
    state.find("Folder", id)?;
    content::list(state, model, |row| is_of(row, property, id) && !content::is_deleted(row))
}

fn children_search(state: &State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let id = call.path("folder_id");
    state.find("Folder", id)?;
    content::list(state, "Folder", |row| is_of(row, "parent_id", id) && search::matches(call, row))
}

fn parent(state: &State, id: &str) -> Result<String, ErrorResponse> {
    text(state.find("Folder", id)?, "parent_id").map(str::to_owned).ok_or(ErrorResponse::NotFound)
}

/// The ancestors of a folder, from the root down.
fn ancestors(state: &State, id: &str) -> Result<Outcome, ErrorResponse> {
    state.find("Folder", id)?;
    let mut ids: Vec<String> = std::iter::successors(parent(state, id).ok(), |id| parent(state, id).ok()).collect();
    ids.reverse();
    let model = known_model("Folder")?;
    let folders = ids.iter().filter_map(|id| state.find("Folder", id).ok());
    Ok(Outcome::List(folders.map(|folder| crate::present::present(state, model, folder)).collect()))
}

fn check_name(state: &State, parent: &str, name: &str, id: Option<&str>) -> Result<(), ErrorResponse> {
    if name.trim().is_empty() {
        return Err(invalid("name", "missing_field", "name is required"));
    }
    let taken = |folder: &crate::table::Row| {
        is_of(folder, "parent_id", parent) && text(folder, "name") == Some(name) && text(folder, "id") != id
    };
    match state.rows("Folder").any(taken) {
        true => Err(invalid("name", "already_exists", "There is a folder of that name already")),
        false => Ok(()),
    }
}

fn check_parent(state: &State, parent: &str) -> Result<(), ErrorResponse> {
    state
        .find("Folder", parent)
        .map(|_| ())
        .map_err(|_| invalid("parent_id", "invalid", format!("There is no folder {parent}")))
}

fn create(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let body = call.object();
    let mut folder = sample::blank(known_model("Folder")?);
    write::apply(known_model("CreateFolder")?, &mut folder, &body);
    let parent = text(&folder, "parent_id").unwrap_or_default().to_owned();
    check_parent(state, &parent)?;
    check_name(state, &parent, text(&folder, "name").unwrap_or_default(), None)?;
    let id = state.table_mut("Folder").new_id();
    for (name, value) in
        [("id", &id), ("creator_id", &call.session.user_id), ("created_at", &now()), ("content_metadata_id", &id)]
    {
        folder.insert(name.to_owned(), json!(value));
    }
    let is_set = |name: &str| state.find("Folder", &parent).is_ok_and(|it| it.get(name) == Some(&Value::Bool(true)));
    folder
        .insert("is_personal_descendant".to_owned(), json!(is_set("is_personal") || is_set("is_personal_descendant")));
    state.table_mut("Folder").put(&id, folder);
    content::show(state, "Folder", &id)
}

fn is_root(state: &State, id: &str) -> Result<bool, ErrorResponse> {
    Ok(state.find("Folder", id)?.get("is_shared_root") == Some(&Value::Bool(true)))
}

fn update(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let id = call.path("folder_id");
    let body = call.object();
    if is_root(state, id)? {
        return Err(ErrorResponse::Forbidden("The root folder cannot be changed.".to_owned()));
    }
    let folder = state.find("Folder", id)?;
    let parent = text(&body, "parent_id").or(text(folder, "parent_id")).unwrap_or_default();
    check_parent(state, parent)?;
    let above = std::iter::successors(Some(parent.to_owned()), |above| self::parent(state, above).ok());
    if above.into_iter().any(|above| above == id) {
        return Err(invalid("parent_id", "invalid", "A folder cannot lie in itself"));
    }
    check_name(state, parent, text(&body, "name").or(text(folder, "name")).unwrap_or_default(), Some(id))?;
    write::apply(known_model("UpdateFolder")?, state.find_mut("Folder", id)?, &body);
    content::show(state, "Folder", id)
}

/// Deletes a folder and everything in it.
fn delete(state: &mut State, id: &str) -> Result<Outcome, ErrorResponse> {
    if is_root(state, id)? {
        return Err(ErrorResponse::Forbidden("The root folder cannot be deleted.".to_owned()));
    }
    let mut doomed = vec![id.to_owned()];
    while let Some(folder) = doomed.pop() {
        let lies_in = |property: &'static str, kept: &'static str| -> Vec<String> {
            let rows = state.rows(kept).filter(|row| is_of(row, property, &folder));
            rows.filter_map(|row| text(row, "id").map(str::to_owned)).collect()
        };
        let (looks, dashboards) = (lies_in("folder_id", "Look"), lies_in("folder_id", "Dashboard"));
        doomed.extend(lies_in("parent_id", "Folder"));
        for (kept, ids) in [("Look", looks), ("Dashboard", dashboards), ("Folder", vec![folder])] {
            for id in ids {
                state.table_mut(kept).remove(&id);
            }
        }
    }
    Ok(Outcome::Nothing)
}
