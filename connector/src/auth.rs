//! Checks what a user fills in to sign in, and completes it from the environment.
//!
//! Missing fields come from the environment variables that every Looker SDK uses, if the host passes them on. A secret
//! from the environment is sent only to the address from the environment. Otherwise a workflow could name an address of
//! its own and have the platform's secret sent there.

mod address;
mod schema;

pub use address::{Address, Written};
pub use schema::schema;

use crate::catalog;
use crate::failure::{FieldProblems, Problem, Reason, Result};
use crate::input::{Input, Kind};
use crate::request::{has_dot_segment, quote};
use redact::{Redactor, Secret};
use serde_json::json;
use std::cell::LazyCell;

/// The environment variable with the address.
const BASE_URL: &str = "LOOKERSDK_BASE_URL";
/// The environment variable with the client ID.
const CLIENT_ID: &str = "LOOKERSDK_CLIENT_ID";
/// The environment variable with the client secret.
pub(crate) const CLIENT_SECRET: &str = "LOOKERSDK_CLIENT_SECRET";

/// Fields that this module also writes.
const DOMAIN: &str = "domain";
const ACCESS_TOKEN: &str = "access_token";
const REFRESH_TOKEN: &str = "refresh_token";

/// The names of the fields, in the order of the form.
const FIELDS: [&str; 9] = [
    DOMAIN,
    "client_id",
    "client_secret",
    "region",
    "port",
    ACCESS_TOKEN,
    REFRESH_TOKEN,
    "run_as_user_id",
    "workspace",
];

/// A checked auth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Auth {
    /// The Looker instance.
    pub address: Address,
    /// Who signs in.
    pub credentials: Credentials,
    /// The user that calls run as, where it is not the one who signs in.
    pub run_as_user_id: Option<String>,
    /// The workspace that calls use, where it is not Looker's default.
    pub workspace: Option<Workspace>,
}

/// Who signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Looker API credentials, which are exchanged for tokens.
    Client {
        /// The client ID.
        id: String,
        /// The client secret.
        secret: Secret,
        /// Whether the secret comes from the environment, where engines can put a placeholder that they replace on the
        /// wire.
        from_environment: bool,
    },
    /// A token from elsewhere.
    Token(Secret),
    /// A refresh token of an OAuth application, which is exchanged for tokens.
    Refresh {
        /// The client ID of the application.
        id: String,
        /// The refresh token.
        token: Secret,
    },
}

/// A workspace of Looker's: the version of the LookML models that calls use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workspace {
    /// The deployed version.
    Production,
    /// The user's own development version.
    Dev,
}

impl Workspace {
    /// Its id in Looker.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Dev => "dev",
        }
    }
}

impl Auth {
    /// The token of the auth, where calls use it as it is.
    pub fn token(&self) -> Option<&Secret> {
        match &self.credentials {
            Credentials::Token(token) if self.run_as_user_id.is_none() && self.workspace.is_none() => Some(token),
            _ => None,
        }
    }

    /// Whether a refused token can be replaced.
    pub fn can_log_in(&self) -> bool {
        self.run_as_user_id.is_some() || !matches!(self.credentials, Credentials::Token(_))
    }

    /// The auth of the one who signs in, without the user to run as.
    pub fn of_the_one_who_signs_in(&self) -> Self {
        Self { run_as_user_id: None, workspace: None, ..self.clone() }
    }

    /// Adds every secret in it, which no message may show.
    pub fn add_secrets(&self, secrets: &mut Redactor) {
        match &self.credentials {
            Credentials::Client { id, secret, .. } => secrets.add_credentials(id, secret),
            Credentials::Refresh { id, token } => secrets.add_credentials(id, token),
            Credentials::Token(token) => secrets.add(token),
        }
    }

    /// The auth of a session: its token and the address that accepts it.
    pub fn of_session(&self, token: &Secret) -> String {
        json!({ DOMAIN: self.address.base_url(), ACCESS_TOKEN: token.reveal() }).to_string()
    }

    /// The same document with another refresh token.
    pub fn renewed(document: &str, token: &Secret) -> Result<String> {
        let fields = Fields::parse(document)?;
        let token = Secret::new(quote(token.reveal()));
        let fields = fields.values.fields().map(|(name, value)| {
            let value = if name == REFRESH_TOKEN { token.reveal() } else { value.get() };
            format!("{}:{value}", quote(name))
        });
        Ok(format!("{{{}}}", fields.collect::<Vec<_>>().join(",")))
    }

    /// Checks an auth document. `variable` looks up an environment variable.
    pub fn parse(document: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let mut fields = Fields::parse(document)?;
        let from_environment = |name: &str| {
            let value = variable(name)?;
            let value = unquoted(value.trim());
            (!value.is_empty()).then(|| value.to_owned())
        };

        let own_domain = fields.text(DOMAIN);
        // Looked up only where it decides: a sandbox asks the host for its environment.
        let environment_address = LazyCell::new(|| from_environment(BASE_URL));
        let region = fields.text("region");
        let port = fields.text("port");
        let written = if let Some(domain) = &own_domain {
            Some(Written { text: domain, name: DOMAIN })
        } else if let Some(address) = &*environment_address {
            Some(Written { text: address, name: BASE_URL })
        } else {
            fields.missing(DOMAIN, &format!("the Looker instance, such as mycompany, or set {BASE_URL}"));
            None
        };
        let address = Address::parse(written, region.as_deref(), port.as_deref(), &mut fields.problems);

        // The environment's secret is only for the environment's address.
        let environment_serves = || match (&own_domain, &address) {
            (None, _) => region.is_none() && port.is_none(),
            (Some(_), Some(address)) => environment_address.as_deref().is_some_and(|text| {
                let written = Written { text, name: BASE_URL };
                Address::parse(Some(written), None, None, &mut FieldProblems::default()).as_ref() == Some(address)
            }),
            (Some(_), None) => false,
        };
        let credentials = fields.credentials(from_environment, environment_serves);
        let run_as_user_id = fields.text("run_as_user_id");
        if run_as_user_id.as_deref().is_some_and(has_dot_segment) {
            fields.problems.add("run_as_user_id", "invalid", "run_as_user_id must not have . or .. as a path segment.");
        }
        let workspace = fields.workspace();

        fields.problems.into_result(Reason::InvalidAuth)?;
        match (address, credentials) {
            (Some(address), Some(credentials)) => Ok(Self { address, credentials, run_as_user_id, workspace }),
            // Each of the two adds a problem where it is `None`.
            _ => Err(Problem::new(Reason::InvalidAuth, "The auth is incomplete.").permanent()),
        }
    }
}

/// A value without the quotes around it, which some tools keep when they read an environment file.
fn unquoted(value: &str) -> &str {
    let within = |quote: char| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    within('"').or_else(|| within('\'')).unwrap_or(value).trim()
}

/// The fields of an auth document, with the problems found so far.
struct Fields<'a> {
    values: Input<'a>,
    problems: FieldProblems,
}

impl<'a> Fields<'a> {
    fn parse(document: &'a str) -> Result<Self> {
        let invalid = |message: String| Err(Problem::new(Reason::InvalidAuth, message).permanent());
        if !document.trim_start_matches('\u{feff}').trim_start().starts_with('{') {
            return invalid(format!("The auth must be a JSON object with the fields {}.", FIELDS.join(", ")));
        }
        let values = match Input::split(document) {
            Ok(values) => values,
            // The message names line and column and quotes nothing, since the document holds secrets.
            Err(error) => {
                let what = if error.is_data() { "has a field twice" } else { "is not valid JSON" };
                return invalid(format!("The auth {what} (line {}, column {}).", error.line(), error.column()));
            }
        };
        let mut problems = FieldProblems::default();
        for (name, _) in values.fields().filter(|(name, _)| !FIELDS.contains(name)) {
            let meant = match catalog::nearest(name, FIELDS.into_iter()).first() {
                Some(meant) => format!("did you mean {meant}?"),
                None => format!("the fields are {}.", FIELDS.join(", ")),
            };
            problems.add(name, "unknown", format!("The auth has no field {name}: {meant}"));
        }
        Ok(Self { values, problems })
    }

    /// The text of a field. A number counts as text. An empty field and `null` count as absent, since forms send them.
    fn text(&mut self, name: &str) -> Option<String> {
        let value = self.values.get(name)?;
        let text = match Kind::of(value) {
            Kind::Number => Some(value.get().to_owned()),
            Kind::String => serde_json::from_str::<String>(value.get()).ok(),
            Kind::Null | Kind::Boolean | Kind::Array | Kind::Object => None,
        };
        let Some(text) = text else {
            self.problems.add(name, "invalid", format!("{name} must be text."));
            return None;
        };
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn missing(&mut self, name: &str, what: &str) {
        // A field of the wrong type is not missing, and has a problem already.
        if !self.problems.names(name) {
            self.problems.add(name, "missing", format!("{name} is missing: give {what}."));
        }
    }

    fn credentials(
        &mut self,
        from_environment: impl Fn(&str) -> Option<String>,
        environment_serves: impl FnOnce() -> bool,
    ) -> Option<Credentials> {
        let id = self.text("client_id");
        let secret = self.text("client_secret");
        let (access, refresh) = (self.text(ACCESS_TOKEN), self.text(REFRESH_TOKEN));
        for (name, token) in [(ACCESS_TOKEN, &access), (REFRESH_TOKEN, &refresh)] {
            if token.as_ref().is_some_and(|token| token.chars().any(|letter| !letter.is_ascii_graphic())) {
                self.problems.add(
                    name,
                    "invalid",
                    format!("{name} has characters that a token of Looker's never has."),
                );
            }
        }
        if [ACCESS_TOKEN, REFRESH_TOKEN].iter().any(|name| self.problems.names(name)) {
            return None;
        }
        if let Some(token) = access {
            if id.is_some() || secret.is_some() || refresh.is_some() {
                self.problems.add(
                    ACCESS_TOKEN,
                    "conflict",
                    "access_token goes alone: give either access_token, or client_id with client_secret, or client_id with refresh_token.",
                );
            }
            return Some(Credentials::Token(Secret::new(token)));
        }
        if let Some(token) = refresh {
            if secret.is_some() {
                self.problems.add(
                    REFRESH_TOKEN,
                    "conflict",
                    "refresh_token and client_secret exclude each other: give client_id with one of the two.",
                );
            }
            // The environment's client ID belongs to an API key, and refresh tokens belong to an application.
            if id.is_none() {
                self.missing("client_id", "the client ID of the OAuth application that received the refresh token");
            }
            return Some(Credentials::Refresh { id: id?, token: Secret::new(token) });
        }
        let id = id.or_else(|| from_environment(CLIENT_ID));
        if id.is_none() {
            self.missing("client_id", &format!("the client ID of your Looker API key, or set {CLIENT_ID}"));
        }
        if let Some(secret) = secret {
            return Some(Credentials::Client { id: id?, secret: Secret::new(secret), from_environment: false });
        }
        match from_environment(CLIENT_SECRET) {
            Some(secret) if environment_serves() => {
                return Some(Credentials::Client { id: id?, secret: Secret::new(secret), from_environment: true });
            }
            Some(_) => {
                self.missing(
                    "client_secret",
                    &format!(
                        "it in the auth, since the one in {CLIENT_SECRET} is sent only to the address in {BASE_URL}, and this auth has another"
                    ),
                );
            }
            None => {
                self.missing(
                    "client_secret",
                    &format!("the client secret of your Looker API key, or set {CLIENT_SECRET}"),
                );
            }
        }
        None
    }

    fn workspace(&mut self) -> Option<Workspace> {
        match self.text("workspace")?.as_str() {
            "production" => Some(Workspace::Production),
            "dev" => Some(Workspace::Dev),
            _ => {
                self.problems.add("workspace", "invalid", "workspace must be production or dev.");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests;
