//! Who is signed in, by token.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// What belongs to a token.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) user_id: String,
    /// The administrator who runs as this user, where it is so.
    pub(crate) sudo_user_id: Option<String>,
    /// `production` or `dev`. It ends with the token.
    pub(crate) workspace_id: String,
    expires: Instant,
}

/// The tokens.
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

    /// How long a token is good, in whole seconds.
    pub(crate) fn expires_in(&self) -> u64 {
        self.life.as_secs()
    }

    /// Makes a token good for a user.
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

    /// The session of a good token.
    pub(crate) fn get(&self, token: &str) -> Option<&Session> {
        self.good.get(token).filter(|session| session.expires > Instant::now())
    }

    /// The session of a good token, to change.
    pub(crate) fn get_mut(&mut self, token: &str) -> Option<&mut Session> {
        self.good.get_mut(token).filter(|session| session.expires > Instant::now())
    }

    /// Makes one token void.
    pub(crate) fn close(&mut self, token: &str) {
        self.good.remove(token);
    }

    /// Makes every token of a user void.
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
