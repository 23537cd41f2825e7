//! The state of the practice Looker.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::Value;

use crate::{
    builder::Builder,
    error_response::ErrorResponse,
    jobs::Job,
    oauth::Grants,
    random::Random,
    repository::Repository,
    seed,
    sessions::Sessions,
    table::{Row, Table},
    task_plan::{Progress, TaskPlan},
};

/// API credentials as they are returned when they are created.
#[derive(Clone)]
pub(crate) struct ApiCredentials {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
}

/// The secret and the owner of API credentials.
pub(crate) struct ApiKey {
    pub(crate) client_secret: String,
    pub(crate) user_id: String,
}

/// The state.
pub(crate) struct State {
    tables: HashMap<&'static str, Table>,
    /// Singletons, by their path.
    pub(crate) singles: HashMap<String, Row>,
    /// Sample objects that were deleted.
    pub(crate) gone: HashSet<(&'static str, String)>,
    pub(crate) sessions: Sessions,
    pub(crate) oauth: Grants,
    /// The e-mails that Looker would have sent.
    pub(crate) mails: Vec<String>,
    /// By client ID.
    pub(crate) api_keys: HashMap<String, ApiKey>,
    /// How far query tasks, renders and builds are, by their id. Those that were finished at the start have none.
    pub(crate) progress: HashMap<String, Progress>,
    /// How the next tasks go.
    pub(crate) plans: VecDeque<TaskPlan>,
    /// How many tasks were ever started.
    pub(crate) tasks_started: usize,
    /// Ids that lists leave out, by the operation.
    pub(crate) hidden: HashMap<String, HashSet<String>>,
    /// The runs of scheduled plans, oldest first.
    pub(crate) jobs: Vec<Job>,
    /// By project.
    pub(crate) repositories: HashMap<String, Repository>,
    pub(crate) random: Random,
    pub(crate) totals: bool,
    pub(crate) polls_until_done: u32,
    pub(crate) unlimited_rows: u64,
}

impl State {
    /// The state at the start, and the credentials of its API-only account.
    pub(crate) fn new(builder: &Builder) -> (Self, ApiCredentials) {
        let mut state = Self {
            tables: HashMap::new(),
            singles: HashMap::new(),
            gone: HashSet::new(),
            sessions: Sessions::new(builder.token_lifetime),
            oauth: Grants::default(),
            mails: Vec::new(),
            api_keys: HashMap::new(),
            progress: HashMap::new(),
            plans: VecDeque::new(),
            tasks_started: 0,
            hidden: HashMap::new(),
            jobs: Vec::new(),
            repositories: HashMap::new(),
            random: Random::new(builder.seed),
            totals: builder.totals,
            polls_until_done: builder.polls_until_done,
            unlimited_rows: builder.unlimited_rows,
        };
        let credentials = seed::fill(&mut state, builder.users);
        (state, credentials)
    }

    /// The objects of a model.
    pub(crate) fn table(&self, model: &str) -> Option<&Table> {
        self.tables.get(model)
    }

    /// The objects of a model, mutable. Creates an empty table if there is none.
    pub(crate) fn table_mut(&mut self, model: &'static str) -> &mut Table {
        self.tables.entry(model).or_default()
    }

    /// All objects of a model.
    pub(crate) fn rows(&self, model: &str) -> impl Iterator<Item = &Row> {
        self.table(model).into_iter().flat_map(Table::rows)
    }

    /// One object of a model.
    ///
    /// # Errors
    /// [`ErrorResponse::NotFound`] if no object has that id.
    pub(crate) fn find(&self, model: &str, id: &str) -> Result<&Row, ErrorResponse> {
        self.table(model).and_then(|table| table.get(id)).ok_or(ErrorResponse::NotFound)
    }

    /// One object of a model, mutable.
    ///
    /// # Errors
    /// [`ErrorResponse::NotFound`] if no object has that id.
    pub(crate) fn find_mut(&mut self, model: &str, id: &str) -> Result<&mut Row, ErrorResponse> {
        self.tables.get_mut(model).and_then(|table| table.get_mut(id)).ok_or(ErrorResponse::NotFound)
    }

    /// Starts a task: as the next plan says, or through `stages` (first, during, last) after `polls_until_done` requests.
    pub(crate) fn start_task(&mut self, id: &str, stages: [&str; 3]) {
        let plan = self.plans.pop_front().unwrap_or_else(|| TaskPlan::of_polls(self.polls_until_done, stages));
        self.progress.insert(id.to_owned(), Progress::new(plan));
        self.tasks_started += 1;
    }

    /// Marks a Look or a dashboard as used now, if there is one of that id.
    pub(crate) fn mark_used(&mut self, model: &'static str, id: &str) {
        let now = Value::from(crate::handlers::credentials::now());
        if let Ok(row) = self.find_mut(model, id) {
            row.insert("last_accessed_at".to_owned(), now.clone());
            row.insert("last_viewed_at".to_owned(), now);
        }
    }

    /// Creates and stores API credentials for a user. Their visible part goes into the user's row.
    ///
    /// # Errors
    /// [`ErrorResponse::NotFound`] if there is no such user.
    pub(crate) fn add_api_key(&mut self, user_id: &str, row: &mut Row) -> Result<ApiCredentials, ErrorResponse> {
        let credentials = ApiCredentials { client_id: self.random.text(20), client_secret: self.random.text(24) };
        let id = self.table_mut("CredentialsApi3").new_id();
        row.insert("id".to_owned(), Value::from(id));
        row.insert("client_id".to_owned(), Value::from(credentials.client_id.clone()));
        let user = self.find_mut("User", user_id)?;
        if let Some(Value::Array(keys)) = user.get_mut("credentials_api3") {
            keys.push(Value::Object(row.clone()));
        }
        let key = ApiKey { client_secret: credentials.client_secret.clone(), user_id: user_id.to_owned() };
        self.api_keys.insert(credentials.client_id.clone(), key);
        Ok(credentials)
    }
}
