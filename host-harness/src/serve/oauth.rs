//! `/api/auths/NAME/oauth` and `/oauth/callback`: a user grants access in the browser, by the flow that the connector's
//! `auth-schema` describes in `x-oauth` (OAuth 2.0, authorization code with PKCE).
//!
//! The state of a flow is unguessable, works once, and belongs to the session: the code that comes back is used only in the
//! browser that has its cookie.

use super::app::App;
use super::auth_routes;
use super::auths::AuthOrigin;
use super::error::{ApiError, Json};
use super::oauth_flows::Flow;
use super::request::{UrlPath, UrlQuery};
use super::{failure, guard, page, random};
use axum::extract::State;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use connector_host::Auth;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use std::sync::Arc;

/// Stands for the refresh token where the connector is asked for the hosts of an auth that has none yet.
const PLACEHOLDER: &str = "pending";

/// The policy of the page that loads itself again. A sandbox would not let it.
const RELOAD_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// What a connector's `x-oauth` says.
struct Description<'a> {
    authorize_url: &'a str,
    token_url: &'a str,
    scope: &'a str,
    client_id: &'a str,
    refresh_token: &'a str,
}

impl<'a> Description<'a> {
    fn of(schema: &'a Value) -> Option<Self> {
        let oauth = schema.get("x-oauth")?;
        let text = |value: &'a Value| value.as_str().filter(|text| !text.is_empty());
        let is_known = oauth["grant"] == "authorization_code" && oauth["code_challenge_method"] == "S256";
        is_known.then_some(())?;
        Some(Self {
            authorize_url: text(&oauth["authorize_url"])?,
            token_url: text(&oauth["token_url"])?,
            scope: text(&oauth["scope"]).unwrap_or_default(),
            client_id: text(&oauth["fields"]["client_id"])?,
            refresh_token: text(&oauth["fields"]["refresh_token"])?,
        })
    }
}

/// Begins a flow, and gives the address to open.
pub(super) async fn begin(State(app): State<Arc<App>>, UrlPath(name): UrlPath) -> Result<Json, ApiError> {
    let auth = auth_routes::find(&app, &name)?;
    let oauth = Description::of(app.form.schema()).ok_or_else(|| {
        ApiError::bad_request("this connector has no sign-in by OAuth with an authorization code and PKCE (S256)")
    })?;
    let mut values = auth.values();
    values.retain(|field, _| app.form.is_plain(field));
    let Some(client_id) = values.get(oauth.client_id).and_then(Value::as_str).filter(|id| !id.is_empty()) else {
        let message = "fill in the ID of the OAuth application, and save";
        let fields = json!([{ "field": oauth.client_id, "message": message }]);
        return Err(ApiError::unprocessable("the auth does not name an OAuth application", "fields", fields));
    };
    let client_id = client_id.to_owned();
    let hosts = app.connector.hosts(&complete(&values, oauth.refresh_token, PLACEHOLDER)?).await;
    let hosts = hosts.map_err(|failure| failure::error(&failure, None))?;
    let host = hosts.first().ok_or_else(|| ApiError::internal("the connector names no host for this auth"))?;
    let (state, verifier) = (unguessable()?, unguessable()?);
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", &client_id)
        .append_pair("redirect_uri", &redirect_url(app.port))
        .append_pair("scope", oauth.scope)
        .append_pair("state", &state)
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256")
        .finish();
    let authorize_url = address(oauth.authorize_url, host, &values);
    let separator = if authorize_url.contains('?') { '&' } else { '?' };
    app.flows.add(Flow {
        state,
        verifier,
        name,
        token_url: address(oauth.token_url, host, &values),
        values,
        client_id,
        refresh_token_field: oauth.refresh_token.to_owned(),
    });
    Ok(Json(json!({ "authorize_url": format!("{authorize_url}{separator}{query}") })))
}

#[derive(Deserialize)]
pub(super) struct Parameters {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
    /// This page has loaded itself again.
    again: Option<String>,
}

/// The user comes back, with a code or with the reason why there is none.
pub(super) async fn callback(
    State(app): State<Arc<App>>,
    UrlQuery(parameters): UrlQuery<Parameters>,
    headers: HeaderMap,
) -> Response {
    let state = parameters.state.clone().unwrap_or_default();
    if !app.gate.is_open_to(&headers) {
        // A browser that comes from another site leaves the cookie out. From this page it sends it.
        return match parameters.again {
            None if app.flows.has(&state) => reload(&parameters),
            _ => page::message(StatusCode::UNAUTHORIZED, "No session", guard::NO_SESSION),
        };
    }
    let Some(flow) = app.flows.take(&state) else {
        let text =
            "This sign-in is unknown, was used before, or took more than ten minutes. Begin it again on the page.";
        return page::message(StatusCode::BAD_REQUEST, "Not signed in", text);
    };
    match finish(&app, flow, &parameters).await {
        Ok(()) => {
            page::message(StatusCode::OK, "Signed in", "You can close this window and go back to the step editor.")
        }
        Err(problem) => {
            let text = format!("{problem}. Close this window, and begin again on the page.");
            page::message(StatusCode::BAD_REQUEST, "Not signed in", &text)
        }
    }
}

/// Exchanges the code for a refresh token, and keeps it.
async fn finish(app: &App, flow: Flow, parameters: &Parameters) -> Result<(), String> {
    if let Some(error) = &parameters.error {
        let error = parameters.error_description.as_ref().unwrap_or(error);
        return Err(format!("The authorization server says: {error}"));
    }
    let code = parameters.code.as_deref().ok_or("The authorization server sent no code")?;
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "authorization_code")
        .append_pair("client_id", &flow.client_id)
        .append_pair("redirect_uri", &redirect_url(app.port))
        .append_pair("code", code)
        .append_pair("code_verifier", &flow.verifier)
        .finish();
    let internal = |_| "The auth could not be made".to_owned();
    let asking = complete(&flow.values, &flow.refresh_token_field, PLACEHOLDER).map_err(internal)?;
    let response = app.connector.request_token(&asking, &flow.token_url, form).await;
    let response = response.map_err(|failure| failure.to_string())?;
    let response: Value = serde_json::from_str(&response).unwrap_or_default();
    let token = response["refresh_token"].as_str().ok_or("The authorization server sent no refresh token")?;
    let auth = complete(&flow.values, &flow.refresh_token_field, token).map_err(internal)?;
    app.auths.put(&flow.name, auth, AuthOrigin::Page);
    Ok(())
}

/// The auth with a refresh token, and without other secrets.
fn complete(values: &Map<String, Value>, field: &str, token: &str) -> Result<Auth, ApiError> {
    let mut values = values.clone();
    values.insert(field.to_owned(), json!(token));
    Auth::from_json(Value::Object(values).to_string()).map_err(|error| ApiError::internal(error.to_string()))
}

/// The same address once more, from this origin.
fn reload(parameters: &Parameters) -> Response {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let Parameters { state, code, error, error_description, again: _ } = parameters;
    for (name, value) in [("state", state), ("code", code), ("error", error), ("error_description", error_description)]
    {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    let address = page::escaped(&format!("{}?{}", guard::CALLBACK, query.append_pair("again", "1").finish()));
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0; url={address}\">\
         <title>Signing in</title><p>Signing in…</p></html>"
    );
    let mut response = page::html_page(StatusCode::OK, html);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(RELOAD_POLICY));
    response
}

/// The redirect URL. An application registers exactly this one.
pub(super) fn redirect_url(port: u16) -> String {
    format!("http://127.0.0.1:{port}{}", guard::CALLBACK)
}

/// A URL of `x-oauth` for the host that the connector names for the auth.
///
/// An auth may name this machine by `http://`. Then the flow uses plain HTTP too, and the pages are at the API's port.
fn address(template: &str, host_and_port: &str, values: &Map<String, Value>) -> String {
    let (host, port) = host_and_port.rsplit_once(':').unwrap_or((host_and_port, "443"));
    let is_plaintext = is_loopback(host)
        && values.values().filter_map(Value::as_str).any(|value| {
            let rest = value.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("http://")).map(|_| &value[7..]);
            rest.is_some_and(|rest| rest.to_ascii_lowercase().starts_with(host))
        });
    let url = template.replace("{port}", port);
    if !is_plaintext {
        return url.replace("{host}", host);
    }
    let url = url.replace(&format!("{{host}}:{port}"), "{host}").replace("{host}", &format!("{host}:{port}"));
    url.strip_prefix("https://").map_or(url.clone(), |rest| format!("http://{rest}"))
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn unguessable() -> Result<String, ApiError> {
    random::secret().map_err(|error| ApiError::internal(format!("no random numbers: {error}")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn address_for(template: &str, host: &str, domain: &str) -> String {
        address(template, host, &Map::from_iter([("domain".to_owned(), json!(domain))]))
    }

    #[test]
    fn addresses_are_encrypted_except_on_this_machine() {
        let (authorize, token) = ("https://{host}/auth", "https://{host}:{port}/api/token");
        for (host, domain, expected_authorize, expected_token) in [
            ("a.looker.com:443", "a", "https://a.looker.com/auth", "https://a.looker.com:443/api/token"),
            (
                "a.example.com:19999",
                "http://a.example.com",
                "https://a.example.com/auth",
                "https://a.example.com:19999/api/token",
            ),
            (
                "127.0.0.1:5000",
                "http://127.0.0.1:5000",
                "http://127.0.0.1:5000/auth",
                "http://127.0.0.1:5000/api/token",
            ),
            (
                "localhost:5000",
                "HTTP://localhost:5000/x",
                "http://localhost:5000/auth",
                "http://localhost:5000/api/token",
            ),
            ("127.0.0.1:5000", "https://127.0.0.1:5000", "https://127.0.0.1/auth", "https://127.0.0.1:5000/api/token"),
            ("[::1]:5000", "http://[::1]:5000", "http://[::1]:5000/auth", "http://[::1]:5000/api/token"),
        ] {
            assert_eq!(address_for(authorize, host, domain), expected_authorize, "{domain}");
            assert_eq!(address_for(token, host, domain), expected_token, "{domain}");
        }
    }
}
