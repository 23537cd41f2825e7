//! Which parts of an auth are secret, and what a call says without them.
//!
//! A server can send back what it was sent, now or in a response to a later call. The connector clears its failures of the
//! secrets that it knows. With a shared session it knows only the session's token, so the host clears failures, causes
//! and the log of everything that the user's auth and the session hold. Outputs are data and stay as they are.

use crate::auth::Auth;
use crate::lock::lock;
use redact::{Redactor, Secret};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Which fields of an auth are secret.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct AuthFields {
    /// The fields that the connector's `auth-schema` describes, and whether it calls them a password.
    described: BTreeMap<String, bool>,
}

/// The secrets of one call: those of its auth, and those of the sessions that it uses.
#[derive(Debug, Default)]
pub(crate) struct CallSecrets(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    auths: Vec<(Arc<AuthFields>, Auth)>,
    /// What is made of them when it is first needed: most calls say nothing.
    redactor: Option<Arc<Redactor>>,
}

impl AuthFields {
    /// Reads a connector's `auth-schema`. Of what is no schema, nothing is known, so that every field is secret.
    pub(crate) fn of(auth_schema: &str) -> Self {
        let mut fields = Self::default();
        if let Ok(schema) = serde_json::from_str(auth_schema) {
            fields.read(&schema);
        }
        fields
    }

    /// Collects the properties of a schema, at any depth.
    fn read(&mut self, schema: &Value) {
        match schema {
            Value::Object(members) => {
                if let Some(Value::Object(properties)) = members.get("properties") {
                    for (name, property) in properties {
                        let is_password = property.get("format").and_then(Value::as_str) == Some("password");
                        *self.described.entry(name.clone()).or_default() |= is_password;
                    }
                }
                members.values().for_each(|member| self.read(member));
            }
            Value::Array(items) => items.iter().for_each(|item| self.read(item)),
            _ => {}
        }
    }

    /// Whether a field is secret. One that the schema does not describe is: sessions hold tokens in fields of their own.
    fn is_secret(&self, name: &str) -> bool {
        self.described.get(name).copied().unwrap_or(true)
    }

    /// Sorts the texts of an auth into secret ones and others.
    fn sort(&self, value: &Value, is_secret: bool, sorted: &mut Texts) {
        let text = match value {
            Value::Object(members) => {
                return members.iter().for_each(|(name, value)| {
                    self.sort(value, self.is_secret(name) && (is_secret || !value.is_object()), sorted);
                });
            }
            Value::Array(items) => return items.iter().for_each(|item| self.sort(item, is_secret, sorted)),
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Bool(_) => return,
        };
        if is_secret { sorted.secret.push(Secret::new(text)) } else { sorted.plain.push(text) }
    }
}

/// The texts of an auth.
#[derive(Default)]
struct Texts {
    secret: Vec<Secret>,
    /// One of them may be the ID that goes with a secret.
    plain: Vec<String>,
}

impl CallSecrets {
    /// Hides the secrets of an auth from now on.
    pub(crate) fn hide(&self, fields: &Arc<AuthFields>, auth: &Auth) {
        let mut state = lock(&self.0);
        if state.auths.iter().all(|(_, known)| known.digest() != auth.digest()) {
            state.auths.push((Arc::clone(fields), auth.clone()));
            state.redactor = None;
        }
    }

    /// Hides the secrets of another auth of the same user too: of a session, or of a renewed auth.
    pub(crate) fn hide_too(&self, auth: &Auth) {
        let fields = lock(&self.0).auths.first().map(|(fields, _)| Arc::clone(fields));
        self.hide(&fields.unwrap_or_default(), auth);
    }

    /// What clears texts of the secrets.
    pub(crate) fn redactor(&self) -> Arc<Redactor> {
        let mut state = lock(&self.0);
        if let Some(redactor) = &state.redactor {
            return Arc::clone(redactor);
        }
        let mut redactor = Redactor::default();
        let mut texts = Texts::default();
        for (fields, auth) in &state.auths {
            // The connector gets the text as it is. Where it is no JSON after all, there is no field to hide.
            if let Ok(auth) = serde_json::from_str(auth.expose_json()) {
                fields.sort(&auth, false, &mut texts);
            }
        }
        // Longer ones first: a short one may be a part of them.
        texts.secret.sort_by_key(|secret| std::cmp::Reverse(secret.reveal().len()));
        texts.secret.dedup();
        for secret in &texts.secret {
            redactor.add(secret);
            texts.plain.iter().for_each(|id| redactor.add_credentials(id, secret));
        }
        Arc::clone(state.redactor.insert(Arc::new(redactor)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SCHEMA: &str = r#"{"properties": {"host": {"type": "string"}, "id": {"type": ["string", "integer"]},
        "password": {"type": "string", "format": "password"},
        "key": {"type": "object", "properties": {"name": {}, "pin": {"format": "password"}}}},
        "anyOf": [{"properties": {"otp": {"format": "password"}}}, {"properties": {"password": {"minLength": 8}}}]}"#;

    fn redact(schema: &str, auths: &[&str], text: &str) -> String {
        let secrets = CallSecrets::default();
        let fields = Arc::new(AuthFields::of(schema));
        for auth in auths {
            secrets.hide(&fields, &Auth::from_json(*auth).unwrap());
        }
        secrets.redactor().redact(text)
    }

    #[test]
    fn what_the_schema_calls_a_password_or_does_not_describe_is_hidden() {
        let auth = r#"{"host": "api.example.com", "id": 10001, "password": "open sesame", "otp": 123456,
            "key": {"name": "my key", "pin": "4711"}, "token": "abc.def", "more": {"deep": ["hidden"]}}"#;
        for secret in ["open sesame", "open+sesame", "123456", "4711", "abc.def", "hidden"] {
            assert_eq!(redact(SCHEMA, &[auth], &format!("<{secret}>")), "<…>", "{secret}");
        }
        for plain in ["api.example.com", "10001", "my key", "host", "token"] {
            assert_eq!(redact(SCHEMA, &[auth], plain), plain);
        }
        // base64 of "10001:open sesame".
        assert_eq!(redact(SCHEMA, &[auth], "Basic MTAwMDE6b3BlbiBzZXNhbWU="), "Basic …=");
    }

    #[test]
    fn all_auths_of_a_call_count() {
        let auths = [r#"{"password":"first"}"#, r#"{"password":"second"}"#, r#"{"password":"first, longer"}"#];
        assert_eq!(redact(SCHEMA, &auths, "first, longer / second / first"), "… / … / …");
    }

    #[test]
    fn without_a_schema_everything_is_secret() {
        for schema in ["", "[]", "{"] {
            assert_eq!(redact(schema, &[r#"{"host":"api.example.com"}"#], "api.example.com"), "…");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let secrets = CallSecrets::default();
        secrets.hide(&Arc::default(), &Auth::from_json(r#"{"password":"hunter2"}"#).unwrap());
        let _ = secrets.redactor();
        assert!(!format!("{secrets:?}").contains("hunter2"));
    }
}
