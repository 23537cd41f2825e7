//! OAuth: an application gets tokens on behalf of a user without seeing the user's secret.
//!
//! ```text
//! GET /auth ──redirect──> the application, with a code
//! POST /api/token {code, code_verifier} ──> access token, refresh token
//! POST /api/token {refresh_token} ──> access token, another refresh token
//! ```
//!
//! Looker shows a consent page in the first step. Here user 1 consents at once.

use std::collections::{HashMap, HashSet};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::header;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{record::ReceivedRequest, response::Response, state::State};

/// The path to which an application sends its user.
pub(crate) const AUTHORIZE: &str = "/auth";
/// The path at which codes and refresh tokens are exchanged for access tokens.
pub(crate) const TOKEN: &str = "/api/token";

/// Looker's only scope.
const SCOPE: &str = "cors_api";
/// The id of the user who consents.
const USER: &str = "1";
/// The model that `register_oauth_client_app` creates.
const APPLICATION: &str = "OauthClientApp";

/// The grants of all applications.
#[derive(Debug, Default)]
pub(crate) struct Grants {
    codes: HashMap<String, Code>,
    /// By refresh token; only valid ones.
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
    /// Revokes the refresh tokens that belong to an access token, as signing out does.
    pub(crate) fn revoke(&mut self, access_token: &str) {
        self.refresh_tokens.retain(|_, grant| !grant.access_tokens.contains(access_token));
    }
}

/// An error response as in RFC 6749: its `error` and its `error_description`.
struct OauthError(&'static str, &'static str);

impl OauthError {
    fn into_response(self) -> Response {
        Response::json(400, &json!({ "error": self.0, "error_description": self.1 }))
    }
}

const NO_GRANT: OauthError =
    OauthError("invalid_grant", "The code or the refresh token is invalid or was used before.");
const NO_CLIENT: OauthError = OauthError("invalid_client", "No application with this client ID is registered.");

/// Sends the user back to the application, with a code.
pub(crate) fn authorize(state: &mut State, request: &ReceivedRequest) -> Response {
    let query: HashMap<String, String> =
        form_urlencoded::parse(request.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    try_authorize(state, &query).unwrap_or_else(OauthError::into_response)
}

fn try_authorize(state: &mut State, query: &HashMap<String, String>) -> Result<Response, OauthError> {
    let parameter = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let client_id = parameter("client_id");
    let application = state.find(APPLICATION, client_id).map_err(|_| NO_CLIENT)?;
    let redirect_uri = parameter("redirect_uri").to_owned();
    if application.get("redirect_uri").and_then(Value::as_str) != Some(&redirect_uri) {
        return Err(OauthError(
            "invalid_request",
            "redirect_uri differs from the one that the application registered.",
        ));
    }
    if parameter("response_type") != "code" {
        return Err(OauthError("unsupported_response_type", "response_type must be code."));
    }
    if parameter("scope") != SCOPE {
        return Err(OauthError("invalid_scope", "scope must be cors_api."));
    }
    if parameter("code_challenge_method") != "S256" || parameter("code_challenge").is_empty() {
        return Err(OauthError("invalid_request", "code_challenge with the method S256 is missing."));
    }
    let code = state.random.text(40);
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("code", &code)
        .append_pair("state", parameter("state"))
        .finish();
    let separator = if redirect_uri.contains('?') { '&' } else { '?' };
    let location = format!("{redirect_uri}{separator}{query}");
    let challenge = parameter("code_challenge").to_owned();
    state.oauth.codes.insert(code, Code { client_id: client_id.to_owned(), redirect_uri, challenge });
    let mut redirect = Response::empty(302);
    redirect.headers.push((header::LOCATION, location));
    Ok(redirect)
}

/// Issues an access token for a code or a refresh token. The fields come as a form or as JSON.
pub(crate) fn token(state: &mut State, request: &ReceivedRequest) -> Response {
    let fields = serde_json::from_slice(&request.body)
        .unwrap_or_else(|_| form_urlencoded::parse(&request.body).into_owned().collect());
    try_token(state, &fields).unwrap_or_else(OauthError::into_response)
}

fn try_token(state: &mut State, fields: &HashMap<String, String>) -> Result<Response, OauthError> {
    let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    let client_id = field("client_id");
    state.find(APPLICATION, client_id).map_err(|_| NO_CLIENT)?;
    let grant = match field("grant_type") {
        "authorization_code" => {
            // A code works once, even if this request fails.
            let code = state.oauth.codes.remove(field("code")).ok_or(NO_GRANT)?;
            let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(field("code_verifier")));
            let is_valid = code.client_id == client_id
                && code.redirect_uri == field("redirect_uri")
                && code.challenge.trim_end_matches('=') == challenge;
            if !is_valid {
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
        _ => {
            return Err(OauthError(
                "unsupported_grant_type",
                "grant_type must be authorization_code or refresh_token.",
            ));
        }
    };
    Ok(Response::json(200, &open(state, grant)))
}

/// Issues a refresh token, as when a user consents.
///
/// Registers the application if it is not registered yet.
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
