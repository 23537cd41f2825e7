//! Gives a user roles, groups and attributes.

use crate::failure::Result;
use crate::jobs::{Job, StepState, id};
use serde_json::{Value, json};

/// Adds roles to those that the user has directly, or replaces them.
pub fn set_roles(job: &mut Job, user_id: &str, wanted: &[String]) -> Result<()> {
    if wanted.is_empty() {
        return Ok(());
    }
    let input = json!({ "user_id": user_id, "direct_association_only": true, "fields": "id" });
    let roles = job.read("user_roles", &input)?;
    let has: Vec<String> = roles.as_array().into_iter().flatten().filter_map(|role| id(&role["id"])).collect();
    let replaces = job.text("roles_mode").as_deref() == Some("replace");
    let mut all = if replaces { Vec::new() } else { has.clone() };
    for role in wanted {
        if !all.contains(role) {
            all.push(role.clone());
        }
    }
    let is_same = all.len() == has.len() && all.iter().all(|role| has.contains(role));
    if is_same {
        job.record("set_roles", StepState::Held, Some(user_id));
        return Ok(());
    }
    // The operation replaces all roles.
    job.write("set_roles", Some(user_id), "set_user_roles", &json!({ "user_id": user_id, "body": all })).map(|_| ())
}

/// Adds the user to groups.
pub fn add_groups(job: &mut Job, user_id: &str, wanted: &[String]) -> Result<()> {
    for group_id in wanted {
        if is_member(job, user_id, group_id)? {
            job.record("add_to_group", StepState::Held, Some(group_id));
            continue;
        }
        let input = json!({ "group_id": group_id, "user_id": user_id });
        job.write_or_find("add_to_group", Some(group_id), "add_group_user", &input, |job| {
            Ok(is_member(job, user_id, group_id)?.then(|| json!({})))
        })?;
    }
    Ok(())
}

/// Whether the user is a direct member of a group. `add_group_user` succeeds for members too, so it cannot tell.
fn is_member(job: &mut Job, user_id: &str, group_id: &str) -> Result<bool> {
    let users = job.read("search_users", &json!({ "id": user_id, "group_id": group_id, "fields": "id" }))?;
    Ok(users.as_array().into_iter().flatten().any(|user| id(&user["id"]).as_deref() == Some(user_id)))
}

/// Sets the user's own values of attributes.
pub fn set_attributes(job: &mut Job, user_id: &str, wanted: &[(String, String)]) -> Result<()> {
    if wanted.is_empty() {
        return Ok(());
    }
    let ids: Vec<&String> = wanted.iter().map(|(attribute, _)| attribute).collect();
    let values = job.read("user_attribute_user_values", &json!({ "user_id": user_id, "user_attribute_ids": ids }))?;
    for (attribute, value) in wanted {
        if holds(&values, attribute, value) {
            job.record("set_attribute", StepState::Held, Some(attribute));
            continue;
        }
        let input = json!({ "user_id": user_id, "user_attribute_id": attribute, "value": value });
        job.write("set_attribute", Some(attribute), "set_user_attribute_user_value", &input)?;
    }
    Ok(())
}

/// Whether the user has a value of their own and it is this one. Looker does not return hidden values.
fn holds(values: &Value, attribute: &str, value: &str) -> bool {
    values.as_array().into_iter().flatten().any(|row| {
        id(&row["user_attribute_id"]).as_deref() == Some(attribute)
            && row["source"].as_str().is_some_and(|source| source.eq_ignore_ascii_case("user"))
            && row["value_is_hidden"] != true
            && row["value"] == value
    })
}
