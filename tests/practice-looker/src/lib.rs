//! The practice Looker: a stand-in for Looker API 4.0. It serves real HTTP on loopback and keeps its state in memory.
//!
//! It returns Looker-shaped sample data; no query is really computed. It handles logins and expires tokens, keeps users and
//! other objects in memory, pages and filters lists, and returns query results in every format. Every other operation of the
//! catalog gets a response of the right shape. Tests can read the requests that it received and inject faults.
//!
//! ```
//! let looker = practice_looker::PracticeLooker::start()?;
//! println!("{} as {}", looker.base_url(), looker.client_id());
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! How a request flows through the modules:
//!
//! ```text
//! connection ─> service ─┬─> record                          keeps the request for tests
//!                        ├─> fault, fault_injection, script  faults, byte by byte
//!                        └─> respond ─> router               finds the operation
//!                                       call, validate       its path, query and body, validated against the catalog
//!                                       handlers             change the state and make the output
//!                                       page, fields         select the part that is sent
//! ```
//!
//! The state at the start: users with the ids 1 to 12; the API-only account 13, whose credentials are
//! [`PracticeLooker::client_id`] and [`PracticeLooker::client_secret`]; the LookML dashboard `thelook::overview`; and two
//! objects, with the ids 1 and 2, in every other collection.
//!
//! Some names in a query are special. The model or view `broken` fails. The view `broken_midway` fails after half of its
//! rows. Results of tasks on the view `expired` are not found. The view `ephemeral` cannot be built. The view `numbers` has as many rows as
//! [`Builder::unlimited_rows`] sets. Every other view has 1,000 rows.
//!
//! Not implemented: permissions other than "administrators only", SQL, most of Looker's filter expressions, grouping of
//! rows, and the consent page of OAuth (`/auth` redirects at once, as user 1).

mod builder;
mod call;
mod connection;
mod error_response;
mod fault;
mod fault_injection;
mod fields;
mod handlers;
mod jobs;
mod oauth;
mod page;
mod present;
mod random;
mod record;
mod repository;
mod respond;
mod response;
mod results;
mod router;
mod sample;
mod script;
mod search;
mod seed;
mod server;
mod service;
mod sessions;
mod state;
mod table;
mod task_plan;
mod validate;
mod write;

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, MutexGuard},
};

pub use builder::Builder;
pub use fault::Fault;
pub use record::RecordedRequest;
pub use task_plan::TaskPlan;

use crate::{
    server::Server,
    service::Shared,
    state::{ApiCredentials, State},
};

/// The base path of Looker's API.
pub(crate) const API: &str = "/api/4.0";

/// A running practice Looker. It listens on `127.0.0.1` only, runs on its own thread, and stops when it is dropped.
pub struct PracticeLooker {
    shared: Arc<Shared>,
    credentials: ApiCredentials,
    server: Server,
}

/// Leaves out secrets, tokens and requests.
impl std::fmt::Debug for PracticeLooker {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("PracticeLooker").field("address", &self.address()).finish_non_exhaustive()
    }
}

impl PracticeLooker {
    /// Starts a practice Looker on a free port, with the defaults of [`Builder`].
    ///
    /// # Errors
    /// If the port cannot be opened or the thread cannot be started.
    pub fn start() -> io::Result<Self> {
        Self::builder().start()
    }

    /// A builder, for settings other than the defaults.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Its URL: `http://127.0.0.1:PORT`, without a trailing slash.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The client ID of an administrator's API credentials.
    pub fn client_id(&self) -> &str {
        &self.credentials.client_id
    }

    /// The client secret that belongs to [`PracticeLooker::client_id`].
    pub fn client_secret(&self) -> &str {
        &self.credentials.client_secret
    }

    /// Every request since the start or the last [`PracticeLooker::clear_requests`], in the order in which they were
    /// completely received. Empty if [`Builder::record`] is off.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.recorded().iter().map(|kept| kept.to_recorded()).collect()
    }

    /// Clears the recorded requests.
    pub fn clear_requests(&self) {
        self.shared.recorded().clear();
    }

    /// Every access token ever issued, valid or not, in order. A test for leaks searches for them.
    pub fn tokens(&self) -> Vec<String> {
        self.state().sessions.given().to_vec()
    }

    /// A refresh token, as an OAuth application gets it when a user consents. It works once: exchanging it for an access
    /// token returns a new refresh token. Registers the application if it is not registered yet.
    pub fn refresh_token(&self, client_id: &str) -> String {
        oauth::consent(&mut self.state(), client_id)
    }

    /// Invalidates every access token issued so far, as if it had expired.
    pub fn expire_tokens(&self) {
        self.state().sessions.expire_all();
    }

    /// Injects a fault into the next request, whatever it is (a login counts). A second call applies to the one after that.
    pub fn fail_next(&self, fault: Fault) {
        self.shared.faults().add("*", "", 1, fault);
    }

    /// Injects a fault into the next `times` requests that have this method (`*` is any) and whose path begins with
    /// `path_prefix`, which may be given with or without `/api/4.0`.
    pub fn fail_on(&self, method: &str, path_prefix: &str, times: usize, fault: Fault) {
        self.shared.faults().add(method, path_prefix, times, fault);
    }

    /// Injects a fault into one of the next requests: 0 is the next, 1 the one after it.
    pub fn fail_request(&self, index: usize, fault: Fault) {
        self.shared.faults().add_after(index, fault);
    }

    /// The e-mails that Looker would have sent, in order: `invitation to ada@example.com`.
    pub fn mails(&self) -> Vec<String> {
        self.state().mails.clone()
    }

    /// Removes the faults that have not been used yet.
    pub fn clear_faults(&self) {
        *self.shared.faults() = Default::default();
    }

    /// Says how the next query task, render task or build of a derived table goes that is created. A second call is for
    /// the one after that.
    pub fn plan_task(&self, plan: TaskPlan) {
        self.state().plans.push_back(plan);
    }

    /// How many query tasks, render tasks and builds of derived tables were ever started.
    pub fn tasks_started(&self) -> usize {
        self.state().tasks_started
    }

    /// Leaves the objects with these ids out of the pages of a list operation, such as `all_users`. They still count for
    /// `limit` and `offset`, so that a page can be short or empty before the end: Looker removes what the user may not see
    /// after it has selected a page.
    pub fn hide(&self, operation: &str, ids: &[&str]) {
        let hidden = ids.iter().map(|id| (*id).to_owned());
        self.state().hidden.entry(operation.to_owned()).or_default().extend(hidden);
    }

    /// Runs every enabled scheduled plan, as when their time comes. A plan with `broken` in its name fails.
    pub fn run_schedules(&self) {
        self.state().run_plans();
    }

    /// Adds a commit to a branch of a project's remote repository, as another developer would; returns the commit. Creates
    /// the branch if there is none.
    pub fn push_commit(&self, project: &str, branch: &str) -> String {
        self.state().repository(project).push_from_elsewhere(branch)
    }

    /// Marks a dashboard as viewed now.
    pub fn view_dashboard(&self, dashboard_id: &str) {
        self.state().mark_used("Dashboard", dashboard_id);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state()
    }
}
