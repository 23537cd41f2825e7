//! The values of user attributes: a user's own, or the default. `generic` handles the attributes themselves.

use serde_json::{Value, json};

use super::{Handled, Outcome, known_model, text};
use crate::{call::Call, error_response::ErrorResponse, sample, state::State, table::Row};

/// The table of users' own values.
const VALUES: &str = "UserAttributeValue";

pub(super) fn handle(state: &mut State, call: &Call) -> Handled {
    Some(match call.operation.name {
        "user_attribute_user_values" => values(state, call),
        "set_user_attribute_user_value" => set(state, call),
        "delete_user_attribute_user_value" => unset(state, call),
        _ => return None,
    })
}

fn key(user_id: &str, attribute_id: &str) -> String {
    format!("{user_id}/{attribute_id}")
}

/// A user's value of an attribute, and where it comes from; `None` if nothing sets it.
fn value(state: &State, user_id: &str, attribute: &Row) -> Result<Option<Row>, ErrorResponse> {
    let id = text(attribute, "id").unwrap_or_default();
    let own = state.find(VALUES, &key(user_id, id)).ok().and_then(|row| row.get("value"));
    let default = attribute.get("default_value").filter(|value| value.as_str().is_some_and(|text| !text.is_empty()));
    let Some((value, source)) = own.map(|own| (own, "User")).or(default.map(|value| (value, "Default"))) else {
        return Ok(None);
    };
    let is_hidden = attribute.get("value_is_hidden") == Some(&Value::Bool(true));
    let mut row = sample::blank(known_model("UserAttributeWithValue")?);
    for (name, value) in [
        ("user_attribute_id", json!(id)),
        ("user_id", json!(user_id)),
        ("name", attribute.get("name").cloned().unwrap_or_default()),
        ("label", attribute.get("label").cloned().unwrap_or_default()),
        ("value", if is_hidden { Value::Null } else { value.clone() }),
        ("value_is_hidden", json!(is_hidden)),
        ("source", json!(source)),
    ] {
        row.insert(name.to_owned(), value);
    }
    Ok(Some(row))
}

fn values(state: &State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let user_id = call.path("user_id");
    state.find("User", user_id)?;
    let ids = call.list("user_attribute_ids");
    let is_asked =
        |attribute: &&Row| ids.as_ref().is_none_or(|ids| text(attribute, "id").is_some_and(|id| ids.contains(&id)));
    let rows = state.rows("UserAttribute").filter(is_asked).map(|attribute| value(state, user_id, attribute));
    Ok(Outcome::List(rows.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect()))
}

fn set(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let (user_id, id) = (call.path("user_id"), call.path("user_attribute_id"));
    state.find("User", user_id)?;
    let attribute = state.find("UserAttribute", id)?.clone();
    let mut row = Row::new();
    row.insert("value".to_owned(), call.object().get("value").cloned().unwrap_or_default());
    state.table_mut(VALUES).put(&key(user_id, id), row);
    Ok(Outcome::Item(value(state, user_id, &attribute)?.unwrap_or_default()))
}

fn unset(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    state.table_mut(VALUES).remove(&key(call.path("user_id"), call.path("user_attribute_id")));
    Ok(Outcome::Nothing)
}
