//! What looks and dashboards have in common: they are in folders, and are copied, moved and soft-deleted the same way.

use looker_connector::catalog::Model;
use serde_json::{Value, json};

use super::{Outcome, credentials::now, known_model, text};
use crate::{
    call::{Call, id_text},
    error_response::{ErrorResponse, invalid},
    present::{kept_as, present},
    search,
    state::State,
    table::Row,
};

/// An object as the operation shows it.
pub(super) fn show(state: &State, model: &'static str, id: &str) -> Result<Outcome, ErrorResponse> {
    let model = known_model(model)?;
    Ok(Outcome::Item(present(state, model, state.find(kept_as(model.name), id)?)))
}

/// Objects as the operation shows them.
pub(super) fn list(
    state: &State,
    model: &'static str,
    wanted: impl Fn(&Row) -> bool,
) -> Result<Outcome, ErrorResponse> {
    let model: &'static Model = known_model(model)?;
    let rows = state.rows(kept_as(model.name)).filter(|row| wanted(row));
    Ok(Outcome::List(rows.map(|row| present(state, model, row)).collect()))
}

/// The objects that a search finds. Soft-deleted objects are found only with the parameter `deleted`.
pub(super) fn search(state: &State, call: &Call, model: &'static str) -> Result<Outcome, ErrorResponse> {
    let with_deleted = call.query("deleted").is_some();
    list(state, model, |row| (with_deleted || !is_deleted(row)) && search::matches(call, row))
}

/// Whether an object is soft-deleted.
pub(super) fn is_deleted(row: &Row) -> bool {
    row.get("deleted") == Some(&Value::Bool(true))
}

/// Checks that the folder that a body names exists.
pub(super) fn check_folder(state: &State, body: &Row) -> Result<(), ErrorResponse> {
    match body.get("folder_id").and_then(id_text) {
        Some(folder) if state.find("Folder", &folder).is_err() => {
            Err(invalid("folder_id", "invalid", format!("There is no folder {folder}")))
        }
        _ => Ok(()),
    }
}

/// Checks that no other object in the folder has this title.
pub(super) fn check_title(
    state: &State,
    kept: &str,
    folder: &str,
    title: &str,
    id: Option<&str>,
) -> Result<(), ErrorResponse> {
    let is_taken = state.rows(kept).any(|row| {
        !is_deleted(row)
            && text(row, "folder_id") == Some(folder)
            && text(row, "title") == Some(title)
            && text(row, "id") != id
    });
    match is_taken {
        true => Err(invalid("title", "already_exists", "There is one of that title in the folder already")),
        false => Ok(()),
    }
}

/// Sets the properties that every new object gets; returns its id.
pub(super) fn stamp(state: &mut State, call: &Call, kept: &'static str, row: &mut Row) -> String {
    let id = state.table_mut(kept).new_id();
    for (name, value) in [
        ("id", id.clone()),
        ("user_id", call.session.user_id.clone()),
        ("created_at", now()),
        ("updated_at", now()),
        ("last_updater_id", call.session.user_id.clone()),
        ("content_metadata_id", id.clone()),
        ("url", format!("/{}s/{id}", kept.to_lowercase())),
    ] {
        row.insert(name.to_owned(), json!(value));
    }
    id
}

/// Updates the properties that follow from a change.
pub(super) fn touch(call: &Call, row: &mut Row) {
    let deleted = is_deleted(row);
    row.insert("updated_at".to_owned(), json!(now()));
    row.insert("last_updater_id".to_owned(), json!(call.session.user_id));
    row.insert("deleted_at".to_owned(), json!(deleted.then(now)));
    row.insert("deleter_id".to_owned(), json!(deleted.then_some(&call.session.user_id)));
}

/// Copies an object into the folder that the call names, or into its own folder.
pub(super) fn copy(state: &mut State, call: &Call, kept: &'static str, id: &str) -> Result<String, ErrorResponse> {
    let mut copy = state.find(kept, id)?.clone();
    let folder = call.query("folder_id").or(text(&copy, "folder_id")).unwrap_or_default().to_owned();
    state.find("Folder", &folder)?;
    let title = text(&copy, "title").unwrap_or_default();
    let title = if check_title(state, kept, &folder, title, None).is_ok() {
        title.to_owned()
    } else {
        format!("Copy of {title}")
    };
    check_title(state, kept, &folder, &title, None)?;
    copy.insert("title".to_owned(), json!(title));
    copy.insert("folder_id".to_owned(), json!(folder));
    copy.insert("readonly".to_owned(), json!(false));
    let new = stamp(state, call, kept, &mut copy);
    state.table_mut(kept).put(&new, copy);
    Ok(new)
}

/// Moves an object into the folder that the call names.
pub(super) fn relocate(state: &mut State, call: &Call, kept: &'static str, id: &str) -> Result<(), ErrorResponse> {
    let folder = call.query("folder_id").unwrap_or_default().to_owned();
    state.find(kept, id)?;
    state.find("Folder", &folder)?;
    let row = state.find_mut(kept, id)?;
    row.insert("folder_id".to_owned(), json!(folder));
    touch(call, row);
    Ok(())
}
