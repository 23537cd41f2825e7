//! Sign-ins that sandboxes share, so that calls in fresh sandboxes need not sign in one by one.
//!
//! A connector that exports the interface `sessions` trades an auth for a session: another auth, which holds a token in
//! place of the secret. The host keeps it for the next calls with the same auth, in whichever sandbox they run. However
//! many calls come at once, one of them signs in and the others wait for it. A session that the remote service has ended
//! is replaced once; a sign-in that is refused fails all who waited for it, and is not tried again for each.
//!
//! What is kept is bounded twice. Sessions that can be had again by signing in go when [`SESSIONS`] others were used since.
//! An auth that the remote service renewed cannot be had again: the one that the caller has is void. These have room of their
//! own ([`RENEWED_AUTHS`]), which no number of ordinary auths takes away, and the embedder is told of each when it is renewed
//! ([`on_renewed_auth`](crate::ConnectorBuilder::on_renewed_auth)), long before one can go.
//!
//! A renewed auth is another name for the same entry: whoever calls with the old one and whoever calls with the new one share
//! the session, so that neither voids the other's token.

use crate::auth::{Auth, AuthDigest};
use crate::failure::Failure;
use crate::lock::lock;
use crate::recent::Recent;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How many auths' sessions are kept, of those that can be had again.
const SESSIONS: usize = 10_000;

/// How many auths are kept that were renewed, or are what another was renewed to.
const RENEWED_AUTHS: usize = 10_000;

/// How many sessions of one auth are kept that could not be ended, to be ended by the next sign-out.
const UNENDED: usize = 4;

/// What signing in gave. `wit/connector.wit` says what each part means.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Session {
    /// The auth to call with instead of the one that was signed in with.
    pub auth: Auth,
    /// For how long from now it should be used. [`None`]: unknown; its end shows as a call that fails as `unauthenticated`.
    pub lifetime: Option<Duration>,
    /// The auth to store instead of the one that was signed in with, where the remote service replaced a part of it.
    pub renewed_auth: Option<Auth>,
}

impl Session {
    pub(crate) fn new(auth: Auth, lifetime: Option<Duration>, renewed_auth: Option<Auth>) -> Self {
        Self { auth, lifetime, renewed_auth }
    }
}

/// Told of a renewed auth: the one of the call, and the one to store in its place.
pub(crate) type OnRenewedAuth = Arc<dyn Fn(&Auth, &Auth) + Send + Sync>;

/// The sessions of one connector.
pub(crate) struct Sessions {
    names: Mutex<Names>,
    on_renewed_auth: Option<OnRenewedAuth>,
}

/// The entries by the auths that they are found with. An auth itself is not kept but where it is a renewed one.
struct Names {
    ordinary: Recent<AuthDigest, Arc<Entry>>,
    renewed: Recent<AuthDigest, Arc<Entry>>,
}

/// What is kept for one auth.
#[derive(Default)]
pub(crate) struct Entry {
    kept: Mutex<Kept>,
    /// How often somebody signed in, successfully or not.
    attempts: AtomicU64,
    /// Whoever signs in has it; in it is how the last attempt failed.
    signing_in: tokio::sync::Mutex<Option<Failure>>,
}

#[derive(Default)]
struct Kept {
    session: Option<Arc<CachedSession>>,
    /// The auth that took the place of those that callers have.
    renewed: Option<Auth>,
    /// Whether the embedder knows of it.
    told: bool,
    /// Sessions that a sign-out could not end.
    unended: Vec<Auth>,
}

/// A session that can be called with.
pub(crate) struct CachedSession {
    auth: Auth,
    until: Option<Instant>,
}

/// The right to sign in for an auth. It lies with one call at a time.
pub(crate) type Turn<'a> = tokio::sync::MutexGuard<'a, Option<Failure>>;

impl Names {
    fn get(&mut self, digest: &AuthDigest) -> Option<Arc<Entry>> {
        self.ordinary.get(digest).or_else(|| self.renewed.get(digest)).cloned()
    }
}

impl Sessions {
    /// Where nothing is kept yet.
    pub(crate) fn new(on_renewed_auth: Option<OnRenewedAuth>) -> Self {
        Self::with_room(SESSIONS, RENEWED_AUTHS, on_renewed_auth)
    }

    fn with_room(sessions: usize, renewed_auths: usize, on_renewed_auth: Option<OnRenewedAuth>) -> Self {
        let names = Names { ordinary: Recent::new(sessions), renewed: Recent::new(renewed_auths) };
        Self { names: Mutex::new(names), on_renewed_auth }
    }

    /// The auth that took the place of this one, if one did.
    pub(crate) fn renewed_auth(&self, auth: &Auth) -> Option<Auth> {
        let entry = self.known(auth)?;
        let mut kept = lock(&entry.kept);
        kept.told = true;
        kept.renewed.clone().filter(|renewed| renewed.digest() != auth.digest())
    }

    /// What is kept for an auth.
    pub(crate) fn known(&self, auth: &Auth) -> Option<Arc<Entry>> {
        lock(&self.names).get(&auth.digest())
    }

    /// The same, made where there is nothing.
    pub(crate) fn entry(&self, auth: &Auth) -> Arc<Entry> {
        let digest = auth.digest();
        let mut names = lock(&self.names);
        if let Some(entry) = names.get(&digest) {
            return entry;
        }
        let entry = Arc::<Entry>::default();
        let gone = names.ordinary.insert(digest, Arc::clone(&entry));
        drop(names);
        // Here, where nobody waits for the lock.
        drop(gone);
        entry
    }

    /// Keeps a session for the next calls with this auth.
    pub(crate) fn keep(&self, auth: &Auth, entry: &Arc<Entry>, session: Session) -> Arc<CachedSession> {
        let until = session.lifetime.and_then(|time| Instant::now().checked_add(time));
        let cached = Arc::new(CachedSession { auth: session.auth, until });
        let mut kept = lock(&entry.kept);
        kept.session = Some(Arc::clone(&cached));
        if let Some(renewed) = session.renewed_auth {
            kept.renewed = Some(renewed.clone());
            kept.told = self.on_renewed_auth.is_some();
            drop(kept);
            self.name(auth, entry);
            self.name(&renewed, entry);
            if let Some(tell) = &self.on_renewed_auth {
                tell(auth, &renewed);
            }
        }
        cached
    }

    /// Has an entry with a renewed auth found by this auth too, and gives it the room that is for such.
    fn name(&self, auth: &Auth, entry: &Arc<Entry>) {
        let digest = auth.digest();
        let mut names = lock(&self.names);
        let former = names.ordinary.remove(&digest);
        let gone = match names.renewed.get(&digest) {
            Some(_) => None,
            None => names.renewed.insert(digest, Arc::clone(entry)),
        };
        drop(names);
        drop(former);
        if let Some(gone) = gone
            && Arc::strong_count(&gone) == 1
            && !lock(&gone.kept).told
        {
            tracing::error!(
                "a renewed auth that the platform never asked for is forgotten, since there is no room for more; its user has \
                 to sign in again: use `on_renewed_auth`"
            );
        }
    }
}

impl Entry {
    /// The session to call with, if there is one that has not ended.
    pub(crate) fn session(&self) -> Option<Arc<CachedSession>> {
        let now = Instant::now();
        lock(&self.kept).session.clone().filter(|session| session.until.is_none_or(|until| now < until))
    }

    /// The auth to sign in with: the newest one.
    pub(crate) fn newest(&self, auth: &Auth) -> Auth {
        lock(&self.kept).renewed.as_ref().unwrap_or(auth).clone()
    }

    /// Drops a session that ended, unless another one has taken its place.
    pub(crate) fn drop_ended(&self, ended: &Arc<CachedSession>) {
        lock(&self.kept).session.take_if(|session| Arc::ptr_eq(session, ended));
    }

    /// Takes all sessions that are to be ended.
    pub(crate) fn take_all(&self) -> Vec<Auth> {
        let mut kept = lock(&self.kept);
        let mut all = std::mem::take(&mut kept.unended);
        all.extend(kept.session.take().map(|session| session.auth.clone()));
        all
    }

    /// Keeps a session that could not be ended for the next sign-out. No call uses it.
    pub(crate) fn put_back(&self, session: Auth) {
        let mut kept = lock(&self.kept);
        if kept.unended.len() < UNENDED {
            kept.unended.push(session);
        }
    }

    /// How often somebody signed in, successfully or not.
    pub(crate) fn attempts(&self) -> u64 {
        self.attempts.load(Ordering::Acquire)
    }

    /// Counts an attempt to sign in.
    pub(crate) fn count_attempt(&self) {
        self.attempts.fetch_add(1, Ordering::Release);
    }

    /// Waits until nobody else signs in.
    pub(crate) async fn turn(&self) -> Turn<'_> {
        self.signing_in.lock().await
    }
}

impl CachedSession {
    /// The auth to call with.
    pub(crate) fn auth(&self) -> &Auth {
        &self.auth
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
