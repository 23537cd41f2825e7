//! The settings of a practice Looker.

use std::{io, sync::Arc, time::Duration};

use crate::{PracticeLooker, server::Server, service::Shared, state::State};

/// Configures and starts a [`PracticeLooker`].
#[derive(Debug, Clone)]
pub struct Builder {
    port: u16,
    record: bool,
    pub(crate) seed: Option<u64>,
    pub(crate) token_lifetime: Duration,
    pub(crate) users: usize,
    pub(crate) totals: bool,
    pub(crate) polls_until_done: u32,
    pub(crate) unlimited_rows: u64,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            port: 0,
            record: true,
            seed: None,
            token_lifetime: Duration::from_secs(3600),
            users: 12,
            totals: true,
            polls_until_done: 1,
            unlimited_rows: 100_000,
        }
    }
}

impl Builder {
    /// Sets the port to listen on. 0, the default, picks any free port.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Sets the lifetime of tokens: one hour by default, as in Looker. `expires_in` reports it in whole seconds.
    pub fn token_lifetime(mut self, life: Duration) -> Self {
        self.token_lifetime = life;
        self
    }

    /// Sets the seed of tokens, secrets and slugs: the same seed gives the same values. By default they differ in each run.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Sets how many users exist at the start, besides the API-only account; 12 by default.
    pub fn users(mut self, users: usize) -> Self {
        self.users = users;
        self
    }

    /// Sets whether lists requested with `limit` report their total count (`X-Total-Count`, and `last` in `Link`). On by
    /// default. Looker does not always report it.
    pub fn totals(mut self, totals: bool) -> Self {
        self.totals = totals;
        self
    }

    /// Sets how many requests a query task, a render task or the build of a derived table needs until it is done; 1 by
    /// default. Before, the results get 202. [`PracticeLooker::plan_task`] says it for one task.
    pub fn polls_until_done(mut self, polls: u32) -> Self {
        self.polls_until_done = polls;
        self
    }

    /// Sets how many rows the view `numbers` has; 100,000 by default. A query without a limit ("-1") returns all of them.
    pub fn unlimited_rows(mut self, rows: u64) -> Self {
        self.unlimited_rows = rows;
        self
    }

    /// Sets whether requests are recorded for [`PracticeLooker::requests`]. On by default; a benchmark that sends
    /// millions turns it off.
    pub fn record(mut self, record: bool) -> Self {
        self.record = record;
        self
    }

    /// Starts the practice Looker.
    ///
    /// # Errors
    /// If the port cannot be opened or the thread cannot be started.
    pub fn start(self) -> io::Result<PracticeLooker> {
        let (state, credentials) = State::new(&self);
        let shared = Arc::new(Shared::new(state, self.record));
        let server = Server::start(self.port, Arc::clone(&shared))?;
        Ok(PracticeLooker { shared, credentials, server })
    }
}
