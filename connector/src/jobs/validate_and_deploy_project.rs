//! `validate_and_deploy_project`: validates a branch of a LookML project, runs its tests, and deploys it.

mod checks;

use super::branch::{self, Branch};
use super::{Job, Outcome, StepState};
use crate::auth::Workspace;
use crate::failure::{Failure, Reason, Result};
use checks::Checks;
use serde_json::{Value, json};

/// The step that deploys.
const DEPLOY: &str = "deploy";
/// How much of a commit's name must be given at least.
const SHORTEST_COMMIT: usize = 7;

pub(super) fn run(job: &mut Job) -> Result<Outcome> {
    // The schema requires both.
    let project = job.text("project_id").unwrap_or_default();
    let name = job.text("branch").unwrap_or_default();
    // A workspace belongs to a session. A shared one would change under other calls, so each part has its own.
    let (branch, by_ref) = job.in_own_session(Workspace::Dev, |job| {
        let by_ref = deploys_by_ref(job, &project)?;
        ready_branch(job, &project, &name).map(|branch| (branch, by_ref))
    })?;
    let validate_only = job.flag("validate_only");
    if !validate_only && production_head(job, &project)?.as_deref() == Some(&branch.commit) {
        job.record(DEPLOY, StepState::Held, Some(&branch.commit));
        return Ok(finished(job, &branch, &Checks::default(), true));
    }
    if by_ref && branch.ahead > 0 && !validate_only {
        let message = format!(
            "{name} has {} commits that were not pushed, and this project deploys what the remote has. Push them first.",
            branch.ahead
        );
        return Err(job.fail_input("branch", "not_pushed", Reason::Conflict, message));
    }
    let (checks, deployed) = job.in_own_session(Workspace::Dev, |job| {
        same_checkout(job, &project, &branch)?;
        let checks = checks::run(job, &project, &branch)?;
        if validate_only {
            return Ok((checks, None));
        }
        same_checkout(job, &project, &branch)?;
        let deployed = deploy(job, &project, &branch, by_ref);
        Ok((checks, Some(deployed)))
    })?;
    match deployed {
        None => job.record(DEPLOY, StepState::Skipped, Some(&branch.commit)),
        Some(Ok(())) => {}
        Some(Err(failure)) => {
            let is_deployed = failure.is_outcome_unknown()
                && production_head(job, &project).ok().flatten().as_deref() == Some(&branch.commit);
            if !is_deployed {
                return Err(failure);
            }
            job.record(DEPLOY, StepState::Done, Some(&branch.commit));
        }
    }
    Ok(finished(job, &branch, &checks, !validate_only))
}

fn finished(job: &Job, branch: &Branch, checks: &Checks, deployed: bool) -> Outcome {
    job.finished(&[
        ("branch", json!(branch.name)),
        ("commit", json!(branch.commit)),
        ("deployed", json!(deployed)),
        ("findings", json!(checks.findings)),
        ("tests_passed", json!(checks.tests_passed)),
    ])
}

/// Whether the project is in advanced deploy mode, in which a commit is deployed and not the branch that is checked out.
fn deploys_by_ref(job: &mut Job, project: &str) -> Result<bool> {
    let about = job.find("project", &json!({ "project_id": project, "fields": "id,git_release_mgmt_enabled" }))?;
    let about = about.ok_or_else(|| branch::no_project(job, project))?;
    Ok(about["git_release_mgmt_enabled"] == true)
}

/// Checks the branch out, and resets it to the remote if that is asked for and needed.
fn ready_branch(job: &mut Job, project: &str, name: &str) -> Result<Branch> {
    let mut branch = branch::check_out(job, project, name)?;
    let expected = job.text("expected_commit");
    if expected.as_ref().is_some_and(|commit| commit.len() < SHORTEST_COMMIT) {
        let message = format!(
            "expected_commit must have at least {SHORTEST_COMMIT} characters, as any commit may begin with fewer."
        );
        return Err(job.fail_input("expected_commit", "invalid", Reason::InvalidInput, message));
    }
    let is_expected =
        |branch: &Branch| expected.as_ref().is_none_or(|commit| branch.commit.starts_with(commit.as_str()));
    let differs = branch.behind > 0 || branch.ahead > 0 || !is_expected(&branch);
    if differs && job.flag("reset_to_remote") {
        job.write("reset_to_remote", Some(name), "reset_project_to_remote", &json!({ "project_id": project }))?;
        branch = branch::current(job, project)?;
    }
    if branch.behind > 0 {
        let message = format!(
            "{name} is {} commits behind the remote. Pull them, or set reset_to_remote, which loses edits that were not pushed.",
            branch.behind
        );
        return Err(job.fail_input("branch", "behind", Reason::Conflict, message));
    }
    if !is_expected(&branch) {
        let message = format!("{name} is at {} and not at the expected commit.", branch.commit);
        return Err(job.fail_input("expected_commit", "unexpected", Reason::Conflict, message));
    }
    Ok(branch)
}

/// Checks that nobody has changed the checkout. One API key has one clone of a project.
fn same_checkout(job: &mut Job, project: &str, branch: &Branch) -> Result<()> {
    let now = branch::current(job, project)?;
    if (&now.name, &now.commit) == (&branch.name, &branch.commit) {
        return Ok(());
    }
    let message = format!(
        "The checkout has changed from {} ({}) to {} ({}) meanwhile. An API key has one clone of a project, so only one run \
         at a time can use it. Nothing was deployed.",
        branch.name, branch.commit, now.name, now.commit
    );
    Err(job.fail(Reason::Conflict, message))
}

/// The newest commit in production, as a session in production sees it.
fn production_head(job: &mut Job, project: &str) -> Result<Option<String>> {
    job.in_own_session(Workspace::Production, |job| {
        let workspace = job.read("project_workspace", &json!({ "project_id": project, "fields": "git_head" }))?;
        Ok(workspace["git_head"].as_str().filter(|head| !head.is_empty()).map(str::to_owned))
    })
}

fn deploy(job: &mut Job, project: &str, branch: &Branch, by_ref: bool) -> std::result::Result<(), Failure> {
    let (operation, input): (&str, Value) = if by_ref {
        ("deploy_ref_to_production", json!({ "project_id": project, "ref": branch.commit }))
    } else {
        ("deploy_to_production", json!({ "project_id": project }))
    };
    job.write(DEPLOY, Some(&branch.commit), operation, &input).map(|_| ())
}
