//! OAuth: how an application gets tokens in the name of a user, without ever seeing a secret of theirs.
//!
//! ```text
//! GET /auth ──redirect──> the application, with a code
//! POST /api/token {code, code_verifier} ──> access token, refresh token
//! POST /api/token {refresh_token} ──> access token, another refresh token
//! ```
//!
//! Looker asks the user at the first step. Here everybody consents at once.

use std::collections::{HashMap, HashSet};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::header;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{answer::Answer, record::Kept, state::State};

/// Where an application sends its user.
pub(crate) const AUTHORIZE: &str = "/auth";
/// Where codes and refresh tokens become access tokens.
pub(crate) const TOKEN: &str = "/api/token";

/// The only scope that Looker knows.
const SCOPE: &str = "cors_api";
/// Who consents: the first person.
const USER: &str = "1";
/// The things that `register_oauth_client_app` makes.
const APPLICATION: &str = "OauthClientApp";

/// What was granted to applications.
#[derive(Debug, Default)]
pub(crate) struct Grants {
    codes: HashMap<String, Code>,
    /// The application and the access tokens of each good refresh token.
    refresh_tokens: HashMap<String, Grant>,
}

#[derive(Debug)]
struct Code {
    client_id: String,
    redirect_uri: String,
    challenge: String,
}

#[derive(Debug, Clone)]
struct Grant {
    client_id: String,
    user_id: String,
    access_tokens: HashSet<String>,
}

impl Grants {
    /// Makes the refresh tokens void that belong to an access token, as signing out does.
    pub(crate) fn revoke(&mut self, access_token: &str) {
        self.refresh_tokens.retain(|_, grant| !grant.access_tokens.contains(access_token));
    }
}

/// A request that is refused, in the words of RFC 6749.
struct Refused(&'static str, &'static str);

impl Refused {
    fn into_answer(self) -> Answer {
        Answer::json(400, &json!({ "error": self.0, "error_description": self.1 }))
    }
}

const NO_GRANT: Refused = Refused("invalid_grant", "The code or the refresh token is not good (any more).");
const NO_CLIENT: Refused = Refused("invalid_client", "No application of this client ID is registered.");

/// Sends the user back to the application, with a code.
pub(crate) fn authorize(state: &mut State, request: &Kept) -> Answer {
    let query: HashMap<String, String> =
        form_urlencoded::parse(request.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    try_authorize(state, &query).unwrap_or_else(Refused::into_answer)
}

fn try_authorize(state: &mut State, query: &HashMap<String, String>) -> Result<Answer, Refused> {
    let parameter = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let client_id = parameter("client_id");
    let application = state.find(APPLICATION, client_id).map_err(|_| NO_CLIENT)?;
    let redirect_uri = parameter("redirect_uri").to_owned();
    if application.get("redirect_uri").and_then(Value::as_str) != Some(&redirect_uri) {
        return Err(Refused("invalid_request", "redirect_uri is not that of the application."));
    }
    if parameter("response_type") != "code" {
        return Err(Refused("unsupported_response_type", "response_type has to be code."));
    }
    if parameter("scope") != SCOPE {
        return Err(Refused("invalid_scope", "scope has to be cors_api."));
    }
    if parameter("code_challenge_method") != "S256" || parameter("code_challenge").is_empty() {
        return Err(Refused("invalid_request", "code_challenge with the method S256 is missing."));
    }
    let code = state.random.text(40);
    let answer = form_urlencoded::Serializer::new(String::new())
        .append_pair("code", &code)
        .append_pair("state", parameter("state"))
        .finish();
    let separator = if redirect_uri.contains('?') { '&' } else { '?' };
    let location = format!("{redirect_uri}{separator}{answer}");
    let challenge = parameter("code_challenge").to_owned();
    state.oauth.codes.insert(code, Code { client_id: client_id.to_owned(), redirect_uri, challenge });
    let mut redirect = Answer::empty(302);
    redirect.headers.push((header::LOCATION, location));
    Ok(redirect)
}

/// Gives an access token for a code or a refresh token. The fields come as a form or as JSON.
pub(crate) fn token(state: &mut State, request: &Kept) -> Answer {
    let fields = serde_json::from_slice(&request.body)
        .unwrap_or_else(|_| form_urlencoded::parse(&request.body).into_owned().collect());
    try_token(state, &fields).unwrap_or_else(Refused::into_answer)
}

fn try_token(state: &mut State, fields: &HashMap<String, String>) -> Result<Answer, Refused> {
    let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    let client_id = field("client_id");
    state.find(APPLICATION, client_id).map_err(|_| NO_CLIENT)?;
    let grant = match field("grant_type") {
        "authorization_code" => {
            // A code is good for one time, whatever comes of it.
            let code = state.oauth.codes.remove(field("code")).ok_or(NO_GRANT)?;
            let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(field("code_verifier")));
            let good = code.client_id == client_id
                && code.redirect_uri == field("redirect_uri")
                && code.challenge.trim_end_matches('=') == challenge;
            if !good {
                return Err(NO_GRANT);
            }
            Grant { client_id: client_id.to_owned(), user_id: USER.to_owned(), access_tokens: HashSet::new() }
        }
        "refresh_token" => {
            let token = field("refresh_token");
            let grant = state.oauth.refresh_tokens.get(token).filter(|grant| grant.client_id == client_id);
            let grant = grant.cloned().ok_or(NO_GRANT)?;
            state.oauth.refresh_tokens.remove(token);
            grant
        }
        _ => return Err(Refused("unsupported_grant_type", "There are authorization_code and refresh_token.")),
    };
    Ok(Answer::json(200, &open(state, grant)))
}

/// What a user who consents gives an application: a refresh token.
///
/// The application is registered if it was not yet.
pub(crate) fn consent(state: &mut State, client_id: &str) -> String {
    if state.find(APPLICATION, client_id).is_err() {
        let row = json!({ "client_guid": client_id, "redirect_uri": "http://127.0.0.1/callback", "enabled": true });
        if let Value::Object(row) = row {
            state.table_mut(APPLICATION).put(client_id, row);
        }
    }
    let grant = Grant { client_id: client_id.to_owned(), user_id: USER.to_owned(), access_tokens: HashSet::new() };
    keep(state, grant)
}

fn open(state: &mut State, mut grant: Grant) -> Value {
    let token = state.random.text(40);
    state.sessions.open(token.clone(), &grant.user_id, None);
    grant.access_tokens.insert(token.clone());
    let refresh_token = keep(state, grant);
    json!({
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": state.sessions.expires_in(),
        "refresh_token": refresh_token,
    })
}

fn keep(state: &mut State, grant: Grant) -> String {
    let refresh_token = state.random.text(40);
    state.oauth.refresh_tokens.insert(refresh_token.clone(), grant);
    refresh_token
}
