//! The branch of a LookML project that is checked out in development mode.

use super::{Job, StepState};
use crate::failure::{Reason, Result};
use serde_json::{Value, json};

/// A branch as Looker describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Its name.
    pub name: String,
    /// Its newest commit.
    pub commit: String,
    /// How many commits it lacks that the remote has.
    pub behind: i64,
    /// How many commits it has that the remote lacks.
    pub ahead: i64,
}

impl Branch {
    fn read(branch: &Value) -> Self {
        let text = |name: &str| branch[name].as_str().unwrap_or_default().to_owned();
        let number = |name: &str| branch[name].as_i64().unwrap_or_default();
        Self { name: text("name"), commit: text("ref"), behind: number("behind_count"), ahead: number("ahead_count") }
    }
}

/// The branch that is checked out.
///
/// # Errors
///
/// A failure about the input `project_id` if there is no such project.
pub fn current(job: &mut Job, project: &str) -> Result<Branch> {
    let branch = job.find("git_branch", &json!({ "project_id": project }))?;
    branch.as_ref().map(Branch::read).ok_or_else(|| no_project(job, project))
}

/// Checks a branch out and returns it. Sends the name and nothing else: a `ref` would reset the branch, and the remote with
/// it. Needs development mode.
pub fn check_out(job: &mut Job, project: &str, name: &str) -> Result<Branch> {
    let branch = current(job, project)?;
    if branch.name == name {
        job.record("check_out", StepState::Held, Some(name));
        return Ok(branch);
    }
    let input = json!({ "project_id": project, "name": name });
    job.write_or_find("check_out", Some(name), "update_git_branch", &input, |job| {
        Ok(job.find("git_branch", &json!({ "project_id": project }))?.filter(|branch| branch["name"] == name))
    })?;
    current(job, project)
}

/// Checks a branch out without a step, for a job that puts the old one back. Returns the name of the branch that was checked
/// out before; `None` if it is the same. Needs development mode.
pub fn check_out_quietly(job: &mut Job, project: &str, name: &str) -> Result<Option<String>> {
    let before = current(job, project)?.name;
    if before == name {
        return Ok(None);
    }
    job.read("update_git_branch", &json!({ "project_id": project, "name": name }))?;
    Ok(Some(before))
}

/// The failure for a project that is not there.
pub fn no_project(job: &Job, project: &str) -> crate::failure::Failure {
    let message =
        format!("There is no project {project}, or this API key may not see it: it needs the permission develop.");
    job.fail_input("project_id", "not_found", Reason::NotFound, message)
}
