//! LookML projects: branches, validation, tests and deployment.
//!
//! What validation finds depends on the name of the branch that is checked out: `broken` has an error, `warnings` has a
//! warning, `failing_tests` has a test that fails, and `unvalidated` has a model that cannot be validated.

use serde_json::{Value, json};

use super::{Handled, Outcome, generic, known_model, text};
use crate::{
    call::Call,
    error_response::{ErrorResponse, invalid},
    repository::{PRODUCTION, Repository},
    sample,
    state::State,
    table::Row,
    write,
};

/// The branches that every project has, apart from that of production.
const BRANCHES: [&str; 5] = ["feature", "broken", "warnings", "failing_tests", "unvalidated"];

pub(super) fn handle(state: &mut State, call: &Call) -> Handled {
    let owned = matches!(
        call.operation.name,
        "all_git_branches"
            | "git_branch"
            | "find_git_branch"
            | "create_git_branch"
            | "update_git_branch"
            | "reset_project_to_remote"
            | "validate_project"
            | "project_validation_results"
            | "all_lookml_tests"
            | "run_lookml_test"
            | "project_workspace"
            | "deploy_to_production"
            | "deploy_ref_to_production"
    );
    owned.then(|| with_repository(state, call))
}

/// Handles a call for a project that exists, with its repository at hand.
fn with_repository(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    generic::begin(state, known_model("Project")?);
    let project = call.path("project_id").to_owned();
    state.find("Project", &project)?;
    let workspace = state.sessions.get(&call.token).ok_or(ErrorResponse::Unauthenticated)?.workspace_id.clone();
    let polls = state.polls_until_done;
    let repository = state.repository(&project);
    let mut work = Work { call, repository, is_dev: workspace == "dev", project, polls };
    match call.operation.name {
        "all_git_branches" => work.all_branches(),
        "git_branch" => work.current_branch().map(Outcome::Item),
        "find_git_branch" => work.branch(call.path("branch_name")).map(Outcome::Item),
        "create_git_branch" => work.create_branch(),
        "update_git_branch" => work.update_branch(),
        "reset_project_to_remote" => work.reset_to_remote(),
        "validate_project" => work.validate(),
        "project_validation_results" => work.validation_results(),
        "all_lookml_tests" => Ok(work.all_tests()),
        "run_lookml_test" => Ok(work.run_tests()),
        "deploy_to_production" => work.deploy(),
        "deploy_ref_to_production" => work.deploy_ref(),
        _ => work.workspace(&workspace),
    }
}

impl State {
    /// The repository of a project.
    pub(crate) fn repository(&mut self, project: &str) -> &mut Repository {
        self.repositories.entry(project.to_owned()).or_insert_with(|| Repository::new(&BRANCHES))
    }
}

/// One call about a project.
struct Work<'a> {
    call: &'a Call,
    repository: &'a mut Repository,
    is_dev: bool,
    project: String,
    polls: u32,
}

impl Work<'_> {
    fn user(&self) -> &str {
        &self.call.session.user_id
    }

    fn needs_dev(&self) -> Result<(), ErrorResponse> {
        let message = "This needs development mode: select the workspace dev with update_session.";
        if self.is_dev { Ok(()) } else { Err(ErrorResponse::BadRequest(message.to_owned())) }
    }

    /// The branch that the session sees: in production always that of production.
    fn branch_name(&mut self) -> String {
        if !self.is_dev {
            return PRODUCTION.to_owned();
        }
        let user = self.user().to_owned();
        self.repository.clone_of(&user).branch.clone()
    }

    /// The commit that the session sees.
    fn head(&mut self) -> String {
        if !self.is_dev {
            return self.repository.production_head().to_owned();
        }
        let (user, branch) = (self.user().to_owned(), self.branch_name());
        self.repository.position(&user, &branch).unwrap_or_default().head
    }

    fn branch(&mut self, name: &str) -> Result<Row, ErrorResponse> {
        let user = self.user().to_owned();
        let position = self.repository.position(&user, name).ok_or(ErrorResponse::NotFound)?;
        let mut row = sample::blank(known_model("GitBranch")?);
        for (property, value) in [
            ("name", json!(name)),
            ("remote", json!("origin")),
            ("remote_name", json!(position.remote_head.as_ref().map(|_| name))),
            ("is_local", json!(true)),
            ("is_remote", json!(position.remote_head.is_some())),
            ("is_production", json!(name == PRODUCTION)),
            ("ahead_count", json!(position.ahead)),
            ("behind_count", json!(position.behind)),
            ("commit_at", json!(1_768_468_200)),
            ("ref", json!(position.head)),
            ("remote_ref", json!(position.remote_head)),
        ] {
            row.insert(property.to_owned(), value);
        }
        Ok(row)
    }

    fn current_branch(&mut self) -> Result<Row, ErrorResponse> {
        let name = self.branch_name();
        let mut branch = self.branch(&name)?;
        branch.insert("ref".to_owned(), json!(self.head()));
        Ok(branch)
    }

    fn all_branches(&mut self) -> Result<Outcome, ErrorResponse> {
        let user = self.user().to_owned();
        let names = self.repository.branches(&user);
        names.iter().map(|name| self.branch(name)).collect::<Result<_, _>>().map(Outcome::List)
    }

    fn create_branch(&mut self) -> Result<Outcome, ErrorResponse> {
        let (user, body) = (self.user().to_owned(), self.call.object());
        let name = text(&body, "name").unwrap_or_default();
        if name.is_empty() || !self.repository.create_branch(&user, name) {
            return Err(invalid("name", "invalid", "A branch needs a name that no other branch has"));
        }
        self.branch(name).map(Outcome::Item)
    }

    /// Checks a branch out. A `ref` resets it and forces the remote to it.
    fn update_branch(&mut self) -> Result<Outcome, ErrorResponse> {
        self.needs_dev()?;
        let (user, body) = (self.user().to_owned(), self.call.object());
        if let Some(name) = text(&body, "name")
            && !self.repository.check_out(&user, name)
        {
            return Err(invalid("name", "invalid", format!("There is no branch {name}")));
        }
        if let Some(commit) = text(&body, "ref")
            && !self.repository.hard_reset(&user, commit)
        {
            return Err(invalid("ref", "invalid", format!("There is no commit {commit}")));
        }
        self.current_branch().map(Outcome::Item)
    }

    fn reset_to_remote(&mut self) -> Result<Outcome, ErrorResponse> {
        self.needs_dev()?;
        let user = self.user().to_owned();
        match self.repository.reset_to_remote(&user) {
            true => Ok(Outcome::Nothing),
            false => Err(invalid("branch", "invalid", "The remote does not have this branch")),
        }
    }

    /// Validates at once. The stored result becomes ready only after some requests for it, as for a client that lost the
    /// response.
    fn validate(&mut self) -> Result<Outcome, ErrorResponse> {
        let (user, head, polls) = (self.user().to_owned(), self.head(), self.polls);
        self.repository.clone_of(&user).validated = Some((head, polls));
        let mut result = sample::blank(known_model("ProjectValidation")?);
        self.add_findings(&mut result);
        Ok(Outcome::Item(result))
    }

    fn validation_results(&mut self) -> Result<Outcome, ErrorResponse> {
        let (user, head) = (self.user().to_owned(), self.head());
        let stale = match &mut self.repository.clone_of(&user).validated {
            None => return Ok(Outcome::Nothing),
            Some((_, polls)) if *polls > 0 => {
                *polls -= 1;
                return Ok(Outcome::Nothing);
            }
            Some((validated, _)) => *validated != head,
        };
        let mut result = sample::blank(known_model("ProjectValidationCache")?);
        self.add_findings(&mut result);
        result.insert("stale".to_owned(), json!(stale));
        Ok(Outcome::Item(result))
    }

    fn add_findings(&mut self, result: &mut Row) {
        let branch = self.branch_name();
        let finding = |severity: &str, message: &str| {
            json!({
                "code": "practice_finding", "severity": severity, "kind": "syntax", "message": message, "field_name": null,
                "file_path": "orders.view.lkml", "line_number": 12, "model_id": "thelook", "explore": "orders",
                "help_url": null, "params": {}, "sanitized_message": message,
            })
        };
        let errors = match branch.as_str() {
            "broken" => json!([finding("error", "Unknown field \"orders.totl\".")]),
            "warnings" => json!([finding("warning", "\"orders.created\" is defined twice.")]),
            _ => json!([]),
        };
        let unvalidated = match branch.as_str() {
            "unvalidated" => json!([{ "name": "thelook", "project_file_id": "thelook.model.lkml" }]),
            _ => json!([]),
        };
        for (name, value) in [
            ("errors", errors),
            ("models_not_validated", unvalidated),
            ("project_digest", json!(self.head())),
            ("computation_time", json!(0.5)),
        ] {
            result.insert(name.to_owned(), value);
        }
    }

    fn all_tests(&self) -> Outcome {
        let test = |model: &str, name: &str| {
            let value = json!({
                "can": {}, "model_name": model, "name": name, "explore_name": "orders", "query_url_params": "",
                "file": "tests.lkml", "line": 3,
            });
            value.as_object().cloned().unwrap_or_default()
        };
        Outcome::List(vec![test("thelook", "orders_have_an_id"), test("thelook", "totals_are_positive")])
    }

    fn run_tests(&mut self) -> Outcome {
        let fails = self.branch_name() == "failing_tests";
        let (model, test) = (self.call.query("model"), self.call.query("test"));
        let result = |name: &str, success: bool| {
            let errors = match success {
                true => json!([]),
                false => {
                    json!([{ "code": "assertion_failed", "severity": "error", "message": "Assertion failed: total > 0" }])
                }
            };
            let value = json!({
                "can": {}, "model_name": "thelook", "test_name": name, "assertions_count": 1,
                "assertions_failed": usize::from(!success), "errors": errors, "warnings": [], "success": success,
            });
            value.as_object().cloned().unwrap_or_default()
        };
        if model.is_some_and(|model| model != "thelook") {
            return Outcome::List(Vec::new());
        }
        let all = [("orders_have_an_id", true), ("totals_are_positive", !fails)];
        let wanted = all.into_iter().filter(|(name, _)| test.is_none_or(|test| test == *name));
        Outcome::List(wanted.map(|(name, success)| result(name, success)).collect())
    }

    fn workspace(&mut self, workspace: &str) -> Result<Outcome, ErrorResponse> {
        let mut row = sample::blank(known_model("ProjectWorkspace")?);
        for (name, value) in [
            ("project_id", json!(self.project)),
            ("workspace_id", json!(workspace)),
            ("git_status", json!("clean")),
            ("git_head", json!(self.head())),
            ("git_branch", Value::Object(self.current_branch()?)),
            ("lookml_type", json!("new")),
        ] {
            row.insert(name.to_owned(), value);
        }
        Ok(Outcome::Item(row))
    }

    /// Deploys the branch that is checked out.
    fn deploy(&mut self) -> Result<Outcome, ErrorResponse> {
        self.needs_dev()?;
        let user = self.user().to_owned();
        match self.repository.deploy_branch(&user) {
            true => Ok(Outcome::Nothing),
            false => Err(invalid("branch", "invalid", "Production has commits that this branch does not have")),
        }
    }

    /// Deploys a commit or a branch of the remote.
    fn deploy_ref(&mut self) -> Result<Outcome, ErrorResponse> {
        match self.repository.deploy(self.call.query("ref"), self.call.query("branch")) {
            true => Ok(Outcome::Nothing),
            false => Err(invalid("ref", "invalid", "Give a commit or a branch that the remote has, not both")),
        }
    }
}

/// Stores the project `thelook` beside the sample projects.
pub(crate) fn begin(state: &mut State) {
    let Ok(model) = known_model("Project") else { return };
    generic::begin(state, model);
    let mut project = sample::blank(model);
    write::apply(model, &mut project, &Row::new());
    for (name, value) in [
        ("id", json!("thelook")),
        ("name", json!("thelook")),
        ("uses_git", json!(true)),
        ("git_production_branch_name", json!(PRODUCTION)),
        ("git_release_mgmt_enabled", json!(false)),
        ("has_production_counterpart", json!(true)),
        ("pull_request_mode", json!("off")),
    ] {
        project.insert(name.to_owned(), value);
    }
    state.table_mut("Project").put("thelook", project);
}
