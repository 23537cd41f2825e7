//! Credentials of users: email, API 3, two-factor, and password reset.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::{Handled, Outcome, known_model, text, users};
use crate::{
    call::Call,
    error_response::{ErrorResponse, invalid},
    sample,
    state::State,
    table::Row,
    write,
};

pub(super) fn handle(state: &mut State, call: &Call) -> Handled {
    Some(match call.operation.name {
        "user_credentials_email" => show(state, call, "credentials_email"),
        "create_user_credentials_email" => create_email(state, call),
        "update_user_credentials_email" => update_email(state, call),
        "delete_user_credentials_email" => delete(state, call, "credentials_email"),
        "create_user_credentials_email_password_reset" => reset_password(state, call, true),
        "send_user_credentials_email_password_reset" => reset_password(state, call, false),
        "search_credentials_email" => Ok(search(state, call)),
        "user_credentials_totp" => show(state, call, "credentials_totp"),
        "create_user_credentials_totp" => create_totp(state, call),
        "delete_user_credentials_totp" => delete(state, call, "credentials_totp"),
        "all_user_credentials_api3s" => all_api3(state, call),
        "user_credentials_api3" => show_api3(state, call),
        "create_user_credentials_api3" => create_api3(state, call),
        "update_user_credentials_api3" => update_api3(state, call),
        "delete_user_credentials_api3" => delete_api3(state, call),
        _ => return None,
    })
}

/// The current time, formatted as Looker does.
pub(crate) fn now() -> String {
    humantime::format_rfc3339_millis(SystemTime::now()).to_string().replace('Z', "+00:00")
}

/// Checks an email address before a user gets it. `owner` may have it already.
///
/// # Errors
/// 422 if it is not an address, or if another user has it.
pub(crate) fn check_email(state: &State, field: &str, email: &str, owner: Option<&str>) -> Result<(), ErrorResponse> {
    if email.is_empty() {
        return Err(invalid(field, "missing_field", "Email is required"));
    }
    let is_address = email.split_once('@').is_some_and(|(name, domain)| {
        !name.is_empty()
            && !domain.contains('@')
            && domain.contains('.')
            && !domain.starts_with('.')
            && !domain.ends_with('.')
    });
    if !is_address || email.contains(char::is_whitespace) {
        return Err(invalid(field, "invalid", "Email is not a valid email address"));
    }
    let has_it = |user: &&Row| text(user, "email").is_some_and(|taken| taken.eq_ignore_ascii_case(email));
    match state.rows("User").find(has_it) {
        Some(user) if text(user, "id") != owner => Err(invalid(field, "already_exists", "Email is already in use")),
        _ => Ok(()),
    }
}

/// Makes credentials for a checked address.
pub(crate) fn new_email(user_id: &str, email: &str) -> Result<Row, ErrorResponse> {
    let mut credentials = sample::blank(known_model("CredentialsEmail")?);
    for (name, value) in [
        ("email", json!(email)),
        ("user_id", json!(user_id)),
        ("created_at", json!(now())),
        ("type", json!("email")),
        ("url", json!(format!("/users/{user_id}/credentials_email"))),
        ("user_url", json!(format!("/users/{user_id}"))),
        // Looker says "expired or not there".
        ("account_setup_url_expired", json!(true)),
        ("password_reset_url_expired", json!(true)),
    ] {
        credentials.insert(name.to_owned(), value);
    }
    Ok(credentials)
}

/// Sets a user's address, which must be checked already.
///
/// # Errors
/// 404 if there is no such user.
pub(crate) fn set_email(state: &mut State, user_id: &str, email: &str) -> Result<(), ErrorResponse> {
    let user = state.find_mut("User", user_id)?;
    match user.get_mut("credentials_email") {
        Some(Value::Object(credentials)) => {
            credentials.insert("email".to_owned(), json!(email));
        }
        _ => {
            user.insert("credentials_email".to_owned(), Value::Object(new_email(user_id, email)?));
        }
    }
    users::set_names(user);
    Ok(())
}

/// The credentials of one kind of a user.
fn of_user<'a>(state: &'a State, user_id: &str, kind: &str) -> Result<&'a Row, ErrorResponse> {
    state.find("User", user_id)?.get(kind).and_then(Value::as_object).ok_or(ErrorResponse::NotFound)
}

fn of_user_mut<'a>(state: &'a mut State, user_id: &str, kind: &str) -> Result<&'a mut Row, ErrorResponse> {
    state.find_mut("User", user_id)?.get_mut(kind).and_then(Value::as_object_mut).ok_or(ErrorResponse::NotFound)
}

fn show(state: &State, call: &Call, kind: &str) -> Result<Outcome, ErrorResponse> {
    Ok(Outcome::Item(of_user(state, call.path("user_id"), kind)?.clone()))
}

fn delete(state: &mut State, call: &Call, kind: &str) -> Result<Outcome, ErrorResponse> {
    let id = call.path("user_id");
    of_user(state, id, kind)?;
    let user = state.find_mut("User", id)?;
    user.insert(kind.to_owned(), Value::Null);
    users::set_names(user);
    Ok(Outcome::Nothing)
}

fn create_email(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let id = call.path("user_id");
    let body = call.object();
    state.find("User", id)?;
    if of_user(state, id, "credentials_email").is_ok() {
        return Err(ErrorResponse::Conflict("The user has email credentials already.".to_owned()));
    }
    let email = text(&body, "email").unwrap_or_default();
    check_email(state, "email", email, Some(id))?;
    set_email(state, id, email)?;
    write::apply(known_model("CredentialsEmail")?, of_user_mut(state, id, "credentials_email")?, &body);
    show(state, call, "credentials_email")
}

fn update_email(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let id = call.path("user_id");
    let body = call.object();
    of_user(state, id, "credentials_email")?;
    if let Some(email) = body.get("email") {
        check_email(state, "email", email.as_str().unwrap_or_default(), Some(id))?;
    }
    write::apply(known_model("CredentialsEmail")?, of_user_mut(state, id, "credentials_email")?, &body);
    users::set_names(state.find_mut("User", id)?);
    show(state, call, "credentials_email")
}

/// Issues a reset token, which replaces the previous one: only the token in `password_reset_url` is valid.
fn reset_password(state: &mut State, call: &Call, tell: bool) -> Result<Outcome, ErrorResponse> {
    let id = call.path("user_id");
    let url = format!("{}/password/reset/{}", call.origin, state.random.text(40));
    let credentials = of_user_mut(state, id, "credentials_email")?;
    credentials.insert("password_reset_url".to_owned(), json!(url));
    credentials.insert("password_reset_url_expired".to_owned(), json!(false));
    let is_new = credentials.get("logged_in_at").is_none_or(|time| time.as_str().is_none_or(str::is_empty));
    if is_new {
        // Somebody who never signed in sets up the account by the same link.
        credentials.insert("account_setup_url".to_owned(), json!(url));
        credentials.insert("account_setup_url_expired".to_owned(), json!(false));
    }
    let mut shown = credentials.clone();
    if !tell {
        let (what, email) = (if is_new { "invitation" } else { "reset" }, text(&shown, "email").unwrap_or_default());
        state.mails.push(format!("{what} to {email}"));
        // Looker sends it by email instead.
        shown.insert("password_reset_url".to_owned(), Value::Null);
    }
    Ok(Outcome::Item(shown))
}

fn search(state: &State, call: &Call) -> Outcome {
    let emails = call.list("emails");
    let wanted = |credentials: &&Row| match (&emails, text(credentials, "email")) {
        (Some(emails), Some(email)) => emails.iter().any(|wanted| wanted.eq_ignore_ascii_case(email)),
        (Some(_), None) => false,
        (None, _) => true,
    };
    let all = state.rows("User").filter_map(|user| user.get("credentials_email")?.as_object());
    Outcome::List(all.filter(wanted).filter(|it| crate::search::matches(call, it)).cloned().collect())
}

fn create_totp(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let id = call.path("user_id");
    state.find("User", id)?;
    if of_user(state, id, "credentials_totp").is_ok() {
        return Err(ErrorResponse::Conflict("The user has two-factor credentials already.".to_owned()));
    }
    let mut credentials = sample::blank(known_model("CredentialsTotp")?);
    credentials.insert("created_at".to_owned(), json!(now()));
    credentials.insert("type".to_owned(), json!("totp"));
    credentials.insert("url".to_owned(), json!(format!("/users/{id}/credentials_totp")));
    state.find_mut("User", id)?.insert("credentials_totp".to_owned(), Value::Object(credentials));
    show(state, call, "credentials_totp")
}

fn api3_of<'a>(state: &'a State, user_id: &str) -> Result<&'a [Value], ErrorResponse> {
    let keys = state.find("User", user_id)?.get("credentials_api3").and_then(Value::as_array);
    Ok(keys.map(Vec::as_slice).unwrap_or_default())
}

fn all_api3(state: &State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let keys = api3_of(state, call.path("user_id"))?;
    Ok(Outcome::List(keys.iter().filter_map(Value::as_object).cloned().collect()))
}

fn show_api3(state: &State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let wanted = call.path("credentials_api3_id");
    let keys = api3_of(state, call.path("user_id"))?.iter().filter_map(Value::as_object);
    let key = keys.into_iter().find(|key| text(key, "id") == Some(wanted)).ok_or(ErrorResponse::NotFound)?;
    Ok(Outcome::Item(key.clone()))
}

/// Creates credentials. Only this response contains the secret.
fn create_api3(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let id = call.path("user_id");
    state.find("User", id)?;
    let mut key = new_api3(&call.object())?;
    let credentials = state.add_api_key(id, &mut key)?;
    let key_id = text(&key, "id").unwrap_or_default();
    let url = format!("/users/{id}/credentials_api3/{key_id}");
    key.insert("client_secret".to_owned(), json!(credentials.client_secret));
    key.insert("url".to_owned(), json!(url));
    Ok(Outcome::Item(key))
}

/// The visible part of API credentials, before they have an id.
pub(crate) fn new_api3(body: &Row) -> Result<Row, ErrorResponse> {
    let model = known_model("CredentialsApi3")?;
    let mut key = sample::blank(model);
    write::apply(model, &mut key, body);
    key.insert("created_at".to_owned(), json!(now()));
    key.insert("type".to_owned(), json!("api3"));
    Ok(key)
}

fn update_api3(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let wanted = call.path("credentials_api3_id");
    let user = state.find_mut("User", call.path("user_id"))?;
    let keys = user.get_mut("credentials_api3").and_then(Value::as_array_mut);
    let mut keys = keys.into_iter().flatten().filter_map(Value::as_object_mut);
    let key = keys.find(|key| text(key, "id") == Some(wanted)).ok_or(ErrorResponse::NotFound)?;
    write::apply(known_model("CredentialsApi3")?, key, &call.object());
    Ok(Outcome::Item(key.clone()))
}

fn delete_api3(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let wanted = call.path("credentials_api3_id");
    let user = state.find_mut("User", call.path("user_id"))?;
    let Some(Value::Array(keys)) = user.get_mut("credentials_api3") else {
        return Err(ErrorResponse::NotFound);
    };
    let place =
        keys.iter().position(|key| key.get("id").is_some_and(|id| id == wanted)).ok_or(ErrorResponse::NotFound)?;
    let key = keys.remove(place);
    if let Some(client_id) = key.get("client_id").and_then(Value::as_str) {
        state.api_keys.remove(client_id);
    }
    Ok(Outcome::Nothing)
}
