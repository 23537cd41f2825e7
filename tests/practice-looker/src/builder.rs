//! How a practice Looker is started.

use std::{io, sync::Arc, time::Duration};

use crate::{PracticeLooker, exchange::Shared, server::Server, state::State};

/// What can be chosen before the start.
#[derive(Debug, Clone)]
pub struct Builder {
    port: u16,
    record: bool,
    pub(crate) seed: Option<u64>,
    pub(crate) token_life: Duration,
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
            token_life: Duration::from_secs(3600),
            users: 12,
            totals: true,
            polls_until_done: 1,
            unlimited_rows: 100_000,
        }
    }
}

impl Builder {
    /// The port to listen on; 0, the default, is any free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// How long a token is good: Looker's hour by default. `expires_in` is this in whole seconds.
    pub fn token_life(mut self, life: Duration) -> Self {
        self.token_life = life;
        self
    }

    /// Where the tokens, secrets and slugs come from: the same seed gives the same ones. By default they differ each time.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// How many people there are at the start, beside the API-only account; 12 by default.
    pub fn users(mut self, users: usize) -> Self {
        self.users = users;
        self
    }

    /// Whether lists that are asked for with `limit` say how many there are in all (`X-Total-Count`, and `last` in
    /// `Link`): they do by default. Looker does not always.
    pub fn totals(mut self, totals: bool) -> Self {
        self.totals = totals;
        self
    }

    /// How often the results of a query task or render task are asked for in vain before they are there; 1 by default.
    pub fn polls_until_done(mut self, polls: u32) -> Self {
        self.polls_until_done = polls;
        self
    }

    /// How many rows the view `numbers` has, which is what a query without limit ("-1") gets; 100,000 by default.
    pub fn unlimited_rows(mut self, rows: u64) -> Self {
        self.unlimited_rows = rows;
        self
    }

    /// Whether requests are kept for [`PracticeLooker::requests`]: by default they are. A benchmark that sends
    /// millions switches it off.
    pub fn record(mut self, record: bool) -> Self {
        self.record = record;
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// When the port cannot be opened or no thread be started.
    pub fn start(self) -> io::Result<PracticeLooker> {
        let (state, credentials) = State::new(&self);
        let shared = Arc::new(Shared::new(state, self.record));
        let server = Server::start(self.port, Arc::clone(&shared))?;
        Ok(PracticeLooker { shared, credentials, server })
    }
}
