//! The sessions of signed-in users, by token.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// The session of a token.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) user_id: String,
    /// The administrator who runs as this user, if any.
    pub(crate) sudo_user_id: Option<String>,
    /// `production` or `dev`.
    pub(crate) workspace_id: String,
    expires: Instant,
}

/// All sessions.
#[derive(Debug)]
pub(crate) struct Sessions {
    life: Duration,
    good: HashMap<String, Session>,
    given: Vec<String>,
}

impl Sessions {
    pub(crate) fn new(life: Duration) -> Self {
        Self { life, good: HashMap::new(), given: Vec::new() }
    }

    /// The lifetime of tokens in whole seconds.
    pub(crate) fn expires_in(&self) -> u64 {
        self.life.as_secs()
    }

    /// Opens a session for a user.
    pub(crate) fn open(&mut self, token: String, user_id: &str, sudo_user_id: Option<String>) {
        let session = Session {
            user_id: user_id.to_owned(),
            sudo_user_id,
            workspace_id: "production".to_owned(),
            expires: Instant::now() + self.life,
        };
        self.good.insert(token.clone(), session);
        self.given.push(token);
    }

    /// The session of a valid token.
    pub(crate) fn get(&self, token: &str) -> Option<&Session> {
        self.good.get(token).filter(|session| session.expires > Instant::now())
    }

    /// The session of a valid token, mutable.
    pub(crate) fn get_mut(&mut self, token: &str) -> Option<&mut Session> {
        self.good.get_mut(token).filter(|session| session.expires > Instant::now())
    }

    /// Closes the session of one token.
    pub(crate) fn close(&mut self, token: &str) {
        self.good.remove(token);
    }

    /// Closes every session of a user.
    pub(crate) fn close_all_of(&mut self, user_id: &str) {
        self.good.retain(|_, session| session.user_id != user_id);
    }

    pub(crate) fn expire_all(&mut self) {
        self.good.clear();
    }

    pub(crate) fn given(&self) -> &[String] {
        &self.given
    }
}
