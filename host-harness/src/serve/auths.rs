//! The auths that calls can use, by name. They are kept in memory only.

use connector_host::Auth;
use serde_json::{Map, Value};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Where an auth comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthOrigin {
    /// It is the practice Looker's.
    Practice,
    /// The operator gave it on the command line, in a file or by environment variables.
    File,
    /// Somebody filled it in on the page.
    Page,
}

impl AuthOrigin {
    /// As the API has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Practice => "practice",
            Self::File => "file",
            Self::Page => "page",
        }
    }
}

/// The auths of a server. Secrets never leave it but for the connector.
#[derive(Default)]
pub struct Auths {
    list: Mutex<Vec<NamedAuth>>,
}

/// An auth with its name and what is known about it.
#[derive(Clone)]
pub(super) struct NamedAuth {
    pub(super) name: String,
    pub(super) auth: Auth,
    pub(super) origin: AuthOrigin,
    /// The user that the last check found.
    pub(super) user: Option<Value>,
}

impl NamedAuth {
    /// The values of its fields, secrets included.
    pub(super) fn values(&self) -> Map<String, Value> {
        serde_json::from_str(self.auth.expose_json()).unwrap_or_default()
    }
}

impl Auths {
    /// No auths.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an auth, or replaces the one of this name.
    pub fn put(&self, name: &str, auth: Auth, origin: AuthOrigin) {
        self.replace(name, auth, origin);
    }

    /// As [`Auths::put`]. Gives the auth that was replaced.
    pub(super) fn replace(&self, name: &str, auth: Auth, origin: AuthOrigin) -> Option<Auth> {
        let mut list = self.list();
        let new = NamedAuth { name: name.to_owned(), auth, origin, user: None };
        match list.iter_mut().find(|known| known.name == name) {
            Some(known) => Some(std::mem::replace(known, new).auth),
            None => {
                list.push(new);
                None
            }
        }
    }

    /// Stores a renewed auth in place of the old one, wherever that is kept. Gives the names that the operator's auths have
    /// among those, so that their files can be updated.
    pub fn renew(&self, old: &Auth, renewed: &Auth) -> Vec<String> {
        let mut names = Vec::new();
        for known in self.list().iter_mut().filter(|known| known.auth.expose_json() == old.expose_json()) {
            known.auth = renewed.clone();
            if known.origin == AuthOrigin::File {
                names.push(known.name.clone());
            }
        }
        names
    }

    pub(super) fn all(&self) -> Vec<NamedAuth> {
        self.list().clone()
    }

    pub(super) fn get(&self, name: &str) -> Option<NamedAuth> {
        self.list().iter().find(|known| known.name == name).cloned()
    }

    /// Keeps the user that a check found, unless the auth has been replaced meanwhile.
    pub(super) fn checked(&self, name: &str, auth: &Auth, user: Option<Value>) {
        let mut list = self.list();
        let known = list.iter_mut().find(|known| known.name == name);
        if let Some(known) = known.filter(|known| known.auth.expose_json() == auth.expose_json()) {
            known.user = user;
        }
    }

    pub(super) fn remove(&self, name: &str) -> Option<Auth> {
        let mut list = self.list();
        let position = list.iter().position(|known| known.name == name)?;
        Some(list.remove(position).auth)
    }

    fn list(&self) -> MutexGuard<'_, Vec<NamedAuth>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn auth(token: &str) -> Auth {
        Auth::from_json(json!({ "token": token }).to_string()).unwrap()
    }

    #[test]
    fn a_renewed_auth_replaces_the_old_one_under_each_of_its_names() {
        let auths = Auths::new();
        auths.put("a", auth("1"), AuthOrigin::File);
        auths.put("b", auth("2"), AuthOrigin::File);
        auths.put("c", auth("1"), AuthOrigin::Page);
        assert_eq!(auths.renew(&auth("1"), &auth("3")), ["a"]);
        let tokens: Vec<_> = auths.all().iter().map(|known| known.values()["token"].clone()).collect();
        assert_eq!(tokens, ["3", "2", "3"]);
        assert!(auths.renew(&auth("1"), &auth("4")).is_empty());
    }

    #[test]
    fn a_check_of_a_replaced_auth_says_nothing_about_the_new_one() {
        let auths = Auths::new();
        auths.put("a", auth("1"), AuthOrigin::Page);
        auths.put("a", auth("2"), AuthOrigin::Page);
        auths.checked("a", &auth("1"), Some(json!({"id": "1"})));
        assert_eq!(auths.get("a").unwrap().user, None);
        auths.checked("a", &auth("2"), Some(json!({"id": "2"})));
        assert_eq!(auths.get("a").unwrap().user, Some(json!({"id": "2"})));
    }
}
