//! `/api/auths`: the auths by name. Secrets come in and never go out.

use super::app::App;
use super::auths::{AuthOrigin, NamedAuth};
use super::error::{ApiError, Json};
use super::request::{JsonBody, UrlPath};
use super::{auth_form, failure};
use crate::description;
use axum::extract::State;
use connector_host::Auth;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The longest name of an auth, in bytes.
const NAME_BYTES: usize = 100;

/// The most auths that are kept.
const AUTHS: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filled {
    values: Map<String, Value>,
}

pub(super) async fn list(State(app): State<Arc<App>>) -> Json {
    Json(app.auths.all().iter().map(|auth| shown(&app, auth)).collect())
}

/// Adds an auth or changes the one of this name. A secret that is left out keeps its value.
pub(super) async fn put(
    State(app): State<Arc<App>>,
    UrlPath(name): UrlPath,
    JsonBody(Filled { values }): JsonBody<Filled>,
) -> Result<Json, ApiError> {
    check_name(&name)?;
    let old = app.auths.get(&name);
    if old.is_none() && app.auths.all().len() >= AUTHS {
        return Err(ApiError::conflict(format!("there are {AUTHS} auths, which is the limit; delete one first")));
    }
    let mut all = values;
    for (field, value) in old.iter().flat_map(NamedAuth::values) {
        if app.form.is_secret(&field) {
            all.entry(field).or_insert(value);
        }
    }
    let problems = app.form.problems(&all);
    if !problems.is_empty() {
        let fields = problems.iter().map(auth_form::FieldProblem::to_json).collect();
        return Err(ApiError::unprocessable("the sign-in form is not filled in correctly", "fields", fields));
    }
    let auth =
        Auth::from_json(Value::Object(all).to_string()).map_err(|error| ApiError::internal(error.to_string()))?;
    if let Some(old) = app.auths.replace(&name, auth, AuthOrigin::Page) {
        sign_out(&app, old);
    }
    let auth = app.auths.get(&name).ok_or_else(|| unknown(&name))?;
    Ok(Json(shown(&app, &auth)))
}

pub(super) async fn delete(State(app): State<Arc<App>>, UrlPath(name): UrlPath) -> Result<StatusCode, ApiError> {
    let auth = app.auths.remove(&name).ok_or_else(|| unknown(&name))?;
    sign_out(&app, auth);
    Ok(StatusCode::NO_CONTENT)
}

/// Signs in and tells as whom: "Test connection".
pub(super) async fn check(State(app): State<Arc<App>>, UrlPath(name): UrlPath) -> Result<Json, ApiError> {
    let NamedAuth { auth, .. } = find(&app, &name)?;
    let user = app.connector.check_auth(&auth).await;
    let user = user.and_then(|user| description::document("result of check-auth", &user));
    // Signing in may have renewed it.
    let auth = app.connector.renewed_auth(&auth).unwrap_or(auth);
    app.auths.checked(&name, &auth, user.as_ref().ok().cloned());
    user.map(|user| Json(json!({ "user": user }))).map_err(|failure| failure::error(&failure, None))
}

/// The auth of this name.
pub(super) fn find(app: &App, name: &str) -> Result<NamedAuth, ApiError> {
    app.auths.get(name).ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> ApiError {
    ApiError::not_found(format!("there is no auth `{name}`; add it first"))
}

fn check_name(name: &str) -> Result<(), ApiError> {
    let is_usual = |character: char| character.is_alphanumeric() || matches!(character, ' ' | '-' | '_' | '.' | '@');
    if name.trim().is_empty() || name.len() > NAME_BYTES || !name.chars().all(is_usual) {
        let message = format!(
            "the name of an auth has letters, digits, spaces, `-`, `_`, `.` or `@`, and at most {NAME_BYTES} bytes"
        );
        return Err(ApiError::bad_request(message));
    }
    Ok(())
}

/// An auth without its secrets.
pub(super) fn shown(app: &App, auth: &NamedAuth) -> Value {
    let (mut values, mut secrets) = (Map::new(), Vec::new());
    for (field, value) in auth.values() {
        if app.form.is_plain(&field) {
            values.insert(field, value);
        } else {
            secrets.push(field);
        }
    }
    json!({
        "name": auth.name,
        "values": values,
        "secrets": secrets,
        "user": auth.user,
        "origin": auth.origin.name(),
    })
}

/// Ends the session of an auth that is used no more. Nobody waits for it.
fn sign_out(app: &Arc<App>, auth: Auth) {
    let app = Arc::clone(app);
    tokio::spawn(async move {
        let still_used = app.auths.all().iter().any(|other| other.auth.expose_json() == auth.expose_json());
        if still_used {
            return;
        }
        if let Err(failure) = app.connector.sign_out(&auth).await {
            tracing::debug!(%failure, "a session could not be ended");
        }
    });
}
