//! The practice Looker: a stand-in for Looker API 4.0 that answers real HTTP on loopback and keeps its state in memory.
//!
//! It signs in, expires tokens, keeps users and their credentials, roles, groups, folders, looks, dashboards and
//! queries, pages and filters lists, renders query results in every format, and answers every other operation of the
//! catalog with a body of the right shape. It records what it was asked and can be told to fail.
//!
//! ```
//! let looker = practice_looker::PracticeLooker::start()?;
//! println!("{} as {}", looker.base_url(), looker.client_id());
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! The way of a request:
//!
//! ```text
//! connection ─> exchange ─┬─> record                      what was asked
//!                         ├─> fault ─> script             what goes wrong, byte by byte
//!                         └─> respond ─> router           which operation
//!                                        call             its path, query, body: checked by the catalog
//!                                        handlers         what it does to the state, what it gives
//!                                        page, fields     how much of that is sent
//! ```
//!
//! What is there at the start: people with the ids 1 to 12 and the API-only account 13, whose credentials
//! [`PracticeLooker::client_id`] and [`PracticeLooker::client_secret`] are; the LookML dashboard `thelook::overview`; and in
//! every other collection things with the ids 1 and 2.
//!
//! Names that mean something in a query: the model or view `broken` fails, the view `broken_midway` fails after half of
//! its rows, the results of tasks on the view `expired` are gone, and the view `numbers` has as many rows as
//! [`Builder::unlimited_rows`] says. Every other view has 1,000 rows.
//!
//! What it does not do: it does not check permissions beyond "administrators only", does not understand SQL or most of
//! Looker's filter expressions, groups no rows, and asks nobody for consent: `/auth` answers at once, in the name of user 1.

mod answer;
mod builder;
mod call;
mod check;
mod connection;
mod exchange;
mod fault;
mod fields;
mod handlers;
mod oauth;
mod page;
mod present;
mod random;
mod record;
mod refusal;
mod respond;
mod results;
mod router;
mod sample;
mod script;
mod search;
mod seed;
mod server;
mod sessions;
mod state;
mod suffering;
mod table;
mod write;

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, MutexGuard},
};

pub use builder::Builder;
pub use fault::Fault;
pub use record::RecordedRequest;

use crate::{
    exchange::Shared,
    server::Server,
    state::{ApiCredentials, State},
};

/// The path under which Looker's API lies.
pub(crate) const API: &str = "/api/4.0";

/// A running practice Looker. It listens on `127.0.0.1` only, runs on a thread of its own, and stops when it is dropped.
pub struct PracticeLooker {
    shared: Arc<Shared>,
    credentials: ApiCredentials,
    server: Server,
}

/// Secrets, tokens and requests stay out of logs.
impl std::fmt::Debug for PracticeLooker {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("PracticeLooker").field("address", &self.address()).finish_non_exhaustive()
    }
}

impl PracticeLooker {
    /// Starts one on a free port, with everything as [`Builder`] has it by default.
    ///
    /// # Errors
    /// When no port can be opened or no thread be started.
    pub fn start() -> io::Result<Self> {
        Self::builder().start()
    }

    /// How to start one that differs.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where it listens: `http://127.0.0.1:PORT`, without a slash at the end.
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
    /// complete. Empty when [`Builder::record`] was switched off.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.recorded().iter().map(|kept| kept.to_recorded()).collect()
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        self.shared.recorded().clear();
    }

    /// Every token ever given, in order, good or not: a test that looks for leaks wants to know what to look for.
    pub fn tokens(&self) -> Vec<String> {
        self.state().sessions.given().to_vec()
    }

    /// The refresh token that a user gives an OAuth application by consenting. It is good for one time: turning it into an
    /// access token gives another. The application is registered if it was not yet.
    pub fn refresh_token(&self, client_id: &str) -> String {
        oauth::consent(&mut self.state(), client_id)
    }

    /// Makes every token that was given so far void, as if its life had ended.
    pub fn expire_tokens(&self) {
        self.state().sessions.expire_all();
    }

    /// Makes the next request fail, whatever it is (a login counts). Called again, it is the one after that.
    pub fn fail_next(&self, fault: Fault) {
        self.shared.faults().add("*", "", 1, fault);
    }

    /// Makes the next `times` requests fail that have this method (`*` is any) and whose path begins with
    /// `path_prefix`, given with or without `/api/4.0`.
    pub fn fail_on(&self, method: &str, path_prefix: &str, times: usize, fault: Fault) {
        self.shared.faults().add(method, path_prefix, times, fault);
    }

    /// Forgets the faults that have not happened yet.
    pub fn clear_faults(&self) {
        *self.shared.faults() = Default::default();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state()
    }
}
