//! What a user should have, by id.

use crate::failure::{Reason, Result};
use crate::jobs::search::{exact, only_one};
use crate::jobs::{Job, id};
use serde_json::{Value, json};

/// Roles, groups and attributes, all known to Looker.
pub struct Wanted {
    /// The ids of the roles.
    pub roles: Vec<String>,
    /// The ids of the groups.
    pub groups: Vec<String>,
    /// The ids of the attributes, and their values.
    pub attributes: Vec<(String, String)>,
}

impl Wanted {
    /// Looks up everything that the input names.
    ///
    /// # Errors
    ///
    /// A failure about the input that names something that is not there, or several things.
    pub fn resolve(job: &mut Job) -> Result<Self> {
        Ok(Self { roles: roles(job)?, groups: groups(job)?, attributes: attributes(job)? })
    }
}

fn roles(job: &mut Job) -> Result<Vec<String>> {
    let (names, mut ids) = (job.texts("role_names"), job.texts("role_ids"));
    if names.is_empty() && ids.is_empty() {
        return Ok(ids);
    }
    let roles = list(job, "all_roles", json!({ "fields": "id,name" }))?;
    check_ids(job, "role_ids", "role", &ids, &roles)?;
    for name in names {
        ids.push(only_one(job, "role_names", "role", &name, &roles)?);
    }
    Ok(once(ids))
}

fn groups(job: &mut Job) -> Result<Vec<String>> {
    let mut ids = job.texts("group_ids");
    if !ids.is_empty() {
        let groups = list(job, "all_groups", json!({ "ids": ids, "fields": "id,name" }))?;
        check_ids(job, "group_ids", "group", &ids, &groups)?;
    }
    for name in job.texts("group_names") {
        let groups = exact(job, "search_groups", ("name", &name), "id,name", false)?;
        ids.push(only_one(job, "group_names", "group", &name, &groups)?);
    }
    Ok(once(ids))
}

fn attributes(job: &mut Job) -> Result<Vec<(String, String)>> {
    let given = job.input("attributes").as_object().cloned().unwrap_or_default();
    let given: Vec<(String, String)> =
        given.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect();
    if given.is_empty() {
        return Ok(Vec::new());
    }
    let known = list(job, "all_user_attributes", json!({ "fields": "id,name" }))?;
    let mut attributes = Vec::new();
    for (name, value) in given {
        attributes.push((only_one(job, "attributes", "user attribute", &name, &known)?, value));
    }
    Ok(attributes)
}

fn list(job: &mut Job, operation: &str, input: Value) -> Result<Vec<Value>> {
    Ok(job.read(operation, &input)?.as_array().cloned().unwrap_or_default())
}

fn check_ids(job: &Job, field: &str, what: &str, ids: &[String], rows: &[Value]) -> Result<()> {
    let is_known = |wanted: &String| rows.iter().any(|row| id(&row["id"]).as_ref() == Some(wanted));
    match ids.iter().find(|wanted| !is_known(wanted)) {
        None => Ok(()),
        Some(unknown) => {
            let message = format!("There is no {what} with the ID {unknown}, or this API key may not see it.");
            Err(job.fail_input(field, "not_found", Reason::NotFound, message))
        }
    }
}

/// Each id once, in order.
fn once(ids: Vec<String>) -> Vec<String> {
    let mut once: Vec<String> = Vec::new();
    for id in ids {
        if !once.contains(&id) {
            once.push(id);
        }
    }
    once
}
