//! Sign-ins that sandboxes share, so that calls in fresh sandboxes need not sign in one by one.
//!
//! A connector that exports the interface `sessions` trades an auth for a session: another auth, which holds a token in
//! place of the secret. The host keeps it for the next calls with the same auth, in whichever sandbox they run. However
//! many calls come at once, one of them signs in and the others wait for it. A session that the remote service has ended
//! is replaced once; a sign-in that is refused fails all who waited for it, and is not tried again for each.

use super::Sandbox;
use crate::bindings::sessions::exports::workflow::connector::sessions::Session as WitSession;
use crate::egress::call::CallContext;
use crate::failure::{ExecutionFailure, Failure, Reason};
use crate::lock::lock;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How many auths' sessions are kept. Beyond it, those that ended go first, and then all that can be had again: not those
/// of calls that go on, nor those whose auth was renewed, since the old one is good for nothing.
const KEPT: usize = 10_000;

/// What signing in gave. `wit/connector.wit` says what each part means.
#[derive(Debug)]
pub struct Session {
    /// The auth to call with instead of the one that was signed in with.
    pub auth: SecretString,
    /// For how long from now it should be used, where that is known.
    pub lasts: Option<Duration>,
    /// The auth to keep instead of the one that was signed in with, where a part of it was replaced.
    pub renewed_auth: Option<SecretString>,
}

impl From<WitSession> for Session {
    fn from(session: WitSession) -> Self {
        Self {
            auth: session.auth.into(),
            lasts: session.lasts_ms.map(Duration::from_millis),
            renewed_auth: session.renewed_auth.map(Into::into),
        }
    }
}

/// The sessions of one connector.
pub(super) struct Sessions {
    /// Makes the keys of one process those of no other.
    salt: [u64; 4],
    entries: Mutex<HashMap<Key, Arc<Entry>>>,
}

/// What is kept for one auth. The auth itself is not: the key is a digest of it.
#[derive(Default)]
struct Entry {
    held: Mutex<Option<Arc<Held>>>,
    /// The auth that took the place of the one that the caller has.
    renewed: Mutex<Option<SecretString>>,
    /// How often somebody signed in, be it in vain.
    attempts: AtomicU64,
    /// Whoever signs in has it; in it is how the last attempt failed.
    signing_in: tokio::sync::Mutex<Option<Failure>>,
}

/// A session that can be called with.
struct Held {
    auth: SecretString,
    until: Option<Instant>,
}

/// The sign-in of one call.
pub(super) struct SignIn {
    auth: SecretString,
    /// [`None`] where the connector shares no sign-ins, or this call needs the whole auth.
    entry: Option<Arc<Entry>>,
    held: Option<Arc<Held>>,
    /// Whether this call itself signed in.
    is_new: bool,
}

/// A digest of an auth.
type Key = [u8; 32];

impl Sessions {
    /// Where nothing is kept yet.
    pub(super) fn new() -> Self {
        let salt = std::array::from_fn(|index| RandomState::new().hash_one(index));
        Self { salt, entries: Mutex::default() }
    }

    /// The auth that took the place of this one.
    pub(super) fn renewed_auth(&self, auth: &str) -> Option<SecretString> {
        lock(&self.kept(auth)?.renewed).clone()
    }

    /// Takes the session that is kept for an auth.
    pub(super) fn take(&self, auth: &str) -> Option<SecretString> {
        lock(&self.kept(auth)?.held).take().map(|held| held.auth.clone())
    }

    /// What is kept for an auth.
    fn kept(&self, auth: &str) -> Option<Arc<Entry>> {
        let key = self.key(auth);
        lock(&self.entries).get(&key).cloned()
    }

    /// The same, made where there is nothing.
    fn entry(&self, auth: &str) -> Arc<Entry> {
        let key = self.key(auth);
        let mut entries = lock(&self.entries);
        if entries.len() >= KEPT && !entries.contains_key(&key) {
            let is_needed = |entry: &Arc<Entry>| Arc::strong_count(entry) > 1 || lock(&entry.renewed).is_some();
            entries.retain(|_, entry| entry.good().is_some() || is_needed(entry));
            if entries.len() >= KEPT {
                entries.retain(|_, entry| is_needed(entry));
            }
        }
        Arc::clone(entries.entry(key).or_default())
    }

    fn key(&self, auth: &str) -> Key {
        let mut digest = Sha256::new();
        for number in self.salt {
            digest.update(number.to_le_bytes());
        }
        digest.update(auth);
        digest.finalize().into()
    }
}

impl Entry {
    fn good(&self) -> Option<Arc<Held>> {
        let now = Instant::now();
        lock(&self.held).clone().filter(|held| held.until.is_none_or(|until| now < until))
    }

    /// Keeps a session for the next calls.
    fn keep(&self, session: Session) -> Arc<Held> {
        let until = session.lasts.and_then(|time| Instant::now().checked_add(time));
        let held = Arc::new(Held { auth: session.auth, until });
        *lock(&self.held) = Some(Arc::clone(&held));
        if session.renewed_auth.is_some() {
            *lock(&self.renewed) = session.renewed_auth;
        }
        held
    }

    /// Drops a session that ended, unless another one has taken its place.
    fn drop_ended(&self, ended: &Arc<Held>) {
        let mut held = lock(&self.held);
        if held.as_ref().is_some_and(|held| Arc::ptr_eq(held, ended)) {
            *held = None;
        }
    }
}

impl SignIn {
    /// The sign-in of a call with this auth. `sessions` is [`None`] where the connector shares none.
    pub(super) fn of(sessions: Option<&Sessions>, auth: &str) -> Self {
        let entry = sessions.map(|sessions| sessions.entry(auth));
        Self { auth: auth.into(), entry, held: None, is_new: false }
    }

    /// Uses no session that is there already.
    pub(super) fn anew(self) -> Self {
        if let Some(entry) = &self.entry {
            *lock(&entry.held) = None;
        }
        self
    }

    /// Whether the call is to be made once more, with another auth: that is so after it was refused as a call with a
    /// session can be, which no call that was carried out is.
    pub(super) fn again<T>(&mut self, outcome: &Result<T, Failure>) -> bool {
        let (Err(Failure::Permanent(problem)), Some(entry), Some(held)) = (outcome, &self.entry, &self.held) else {
            return false;
        };
        match problem.reason {
            // A new session that is refused would be refused again.
            Reason::Unauthenticated if !self.is_new => {
                entry.drop_ended(held);
                self.held = None;
                true
            }
            Reason::InvalidAuth | Reason::InvalidInput if !problem.request_sent => {
                self.entry = None;
                true
            }
            _ => false,
        }
    }
}

impl Sandbox {
    /// The auth to call with: a session's where the connector shares sign-ins, else the one that the caller gave.
    pub(super) async fn auth(&mut self, sign_in: &mut SignIn, watch: &Arc<CallContext>) -> Result<String, Failure> {
        let Some(entry) = sign_in.entry.clone() else {
            return Ok(sign_in.auth.expose_secret().to_owned());
        };
        let held = match entry.good() {
            Some(held) => held,
            None => self.signed_in(&entry, sign_in, watch).await?,
        };
        let auth = held.auth.expose_secret().to_owned();
        sign_in.held = Some(held);
        Ok(auth)
    }

    /// Waits until somebody has signed in, or signs in.
    async fn signed_in(
        &mut self,
        entry: &Entry,
        sign_in: &mut SignIn,
        watch: &Arc<CallContext>,
    ) -> Result<Arc<Held>, Failure> {
        let before = entry.attempts.load(Ordering::Acquire);
        let turn = watch.meter().run(entry.signing_in.lock()).await;
        let mut last_failure =
            turn.map_err(|limit| Failure::from(ExecutionFailure::Limit { limit, request_sent: false }))?;
        if let Some(held) = entry.good() {
            return Ok(held);
        }
        if let Some(failure) = last_failure.as_ref().filter(|_| entry.attempts.load(Ordering::Acquire) != before) {
            return Err(failure.clone());
        }
        let auth = lock(&entry.renewed).clone().unwrap_or_else(|| sign_in.auth.clone());
        let outcome = self.sign_in_by(auth.expose_secret(), watch).await.map_err(Failure::before_the_request);
        watch.meter().signed_in();
        entry.attempts.fetch_add(1, Ordering::Release);
        sign_in.is_new = true;
        match outcome {
            Ok(session) => {
                *last_failure = None;
                Ok(entry.keep(session))
            }
            Err(failure) => {
                // What befell this sandbox says nothing about the others.
                *last_failure = (!matches!(failure, Failure::Execution(_))).then(|| failure.clone());
                Err(failure)
            }
        }
    }

    /// Has the connector sign in.
    pub(super) async fn sign_in_by(&mut self, auth: &str, watch: &Arc<CallContext>) -> Result<Session, Failure> {
        let auth = auth.to_owned();
        self.watched("sign-in", watch, |live| {
            Box::pin(async move {
                let (store, sessions) = live.sessions()?;
                sessions.call_sign_in(store, &auth).await
            })
        })
        .await
        .map(Session::from)
    }

    /// Has the connector sign out.
    pub(super) async fn sign_out_by(&mut self, auth: &str, watch: &Arc<CallContext>) -> Result<(), Failure> {
        let auth = auth.to_owned();
        self.watched("sign-out", watch, |live| {
            Box::pin(async move {
                let (store, sessions) = live.sessions()?;
                sessions.call_sign_out(store, &auth).await
            })
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_had_again_is_kept_however_many_auths_come() {
        let sessions = Sessions::new();
        let session = |renewed_auth: Option<&str>| Session {
            auth: "session".into(),
            lasts: None,
            renewed_auth: renewed_auth.map(Into::into),
        };
        sessions.entry("renewed").keep(session(Some("its successor")));
        for number in 1..KEPT {
            sessions.entry(&number.to_string()).keep(session(None));
        }
        let going_on = sessions.entry("1");
        // An auth that is there already makes no room.
        sessions.entry("2");
        assert_eq!(lock(&sessions.entries).len(), KEPT);

        sessions.entry("one more");
        assert_eq!(lock(&sessions.entries).len(), 3);
        assert!(Arc::ptr_eq(&going_on, &sessions.entry("1")));
        let renewed = sessions.renewed_auth("renewed");
        assert_eq!(renewed.as_ref().map(ExposeSecret::expose_secret), Some("its successor"));
        assert!(sessions.renewed_auth("nobody").is_none() && sessions.take("nobody").is_none());
        assert_eq!(lock(&sessions.entries).len(), 3);
    }
}
