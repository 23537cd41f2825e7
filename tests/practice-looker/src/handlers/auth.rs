//! Login and logout.

use http::header;
use serde_json::{Value, json};

use super::{Handled, Outcome, is_administrator};
use crate::{call::Call, error_response::ErrorResponse, record::ReceivedRequest, response::Response, state::State};

/// `login`: the credentials come as a form in the body. Wrong credentials get 404, as in Looker.
pub(crate) fn login(state: &mut State, request: &ReceivedRequest) -> Result<Response, ErrorResponse> {
    let media_type =
        request.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_form = media_type.split(';').next().is_some_and(|it| it.trim() == "application/x-www-form-urlencoded");
    if !is_form {
        return Err(ErrorResponse::NotFound);
    }
    let field = |name: &str| {
        form_urlencoded::parse(&request.body)
            .find(|(candidate, _)| candidate == name)
            .map(|(_, value)| value.into_owned())
    };
    let client_id = field("client_id").ok_or(ErrorResponse::NotFound)?;
    let client_secret = field("client_secret").ok_or(ErrorResponse::NotFound)?;
    let key = state.api_keys.get(&client_id).filter(|key| key.client_secret == client_secret);
    let user_id = key.map(|key| key.user_id.clone()).ok_or(ErrorResponse::NotFound)?;
    if state.find("User", &user_id)?.get("is_disabled") == Some(&Value::Bool(true)) {
        return Err(ErrorResponse::NotFound);
    }
    Ok(Response::json(200, &open(state, &user_id, None)))
}

pub(super) fn handle(state: &mut State, call: &Call) -> Handled {
    Some(match call.operation.name {
        "login_user" => login_user(state, call),
        "logout" => {
            state.sessions.close(&call.token);
            state.oauth.revoke(&call.token);
            Ok(Outcome::Nothing)
        }
        _ => return None,
    })
}

fn login_user(state: &mut State, call: &Call) -> Result<Outcome, ErrorResponse> {
    if !is_administrator(state, &call.session.user_id) {
        return Err(ErrorResponse::Forbidden("Only an administrator can sign in as another user.".to_owned()));
    }
    let user_id = call.path("user_id");
    state.find("User", user_id)?;
    Ok(Outcome::Json(open(state, user_id, Some(call.session.user_id.clone()))))
}

fn open(state: &mut State, user_id: &str, sudo_user_id: Option<String>) -> Value {
    let token = state.random.text(40);
    state.sessions.open(token.clone(), user_id, sudo_user_id);
    json!({
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": state.sessions.expires_in(),
        "refresh_token": null,
    })
}
