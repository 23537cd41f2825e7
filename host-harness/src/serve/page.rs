//! The page, which is embedded in the program.

use super::app::App;
use super::error::ApiError;
use super::request::{UrlPath, UrlQuery};
use super::{guard, headers, random};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use rust_embed::RustEmbed;
use serde::Deserialize;
use std::sync::Arc;

/// The built page: `index.html` and what it loads from `assets/`.
#[derive(RustEmbed)]
#[folder = "editor/dist"]
struct Files;

/// Stands in `index.html` where the nonce of the response has to be.
const NONCE: &str = "__CSP_NONCE__";

/// How long a browser may keep a file of `assets/`. Its name changes with its content.
const KEEP: &str = "private, max-age=31536000, immutable";

#[derive(Deserialize)]
pub(super) struct Parameters {
    token: Option<String>,
}

/// The page, or the exchange of the address's token for a cookie.
pub(super) async fn index(
    State(app): State<Arc<App>>,
    UrlQuery(parameters): UrlQuery<Parameters>,
    request: HeaderMap,
) -> Result<Response, ApiError> {
    let has_session = app.gate.is_open_to(&request);
    let Some(token) = parameters.token else {
        return if has_session { document() } else { Ok(no_session()) };
    };
    let cookie = app.gate.exchange(&token);
    if cookie.is_none() && !has_session {
        return Ok(no_session());
    }
    // Away from the address with the token: it stays in no tab and no history entry.
    let mut response = StatusCode::SEE_OTHER.into_response();
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(guard::PAGE));
    if let Some(cookie) = cookie {
        let cookie = HeaderValue::from_str(&cookie).map_err(|_| ApiError::internal("the cookie could not be made"))?;
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// A file that the page loads.
pub(super) async fn asset(UrlPath(path): UrlPath) -> Result<Response, ApiError> {
    let file = Files::get(&format!("assets/{path}")).ok_or_else(|| ApiError::not_found("the page has no such file"))?;
    let mut response = Response::new(Body::from(file.data));
    let media_type = HeaderValue::from_static(media_type(&path));
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(KEEP));
    Ok(response)
}

fn document() -> Result<Response, ApiError> {
    let file = Files::get("index.html").ok_or_else(|| ApiError::internal("this program was built without the page"))?;
    let nonce = random::secret().map_err(|error| ApiError::internal(format!("no random numbers: {error}")))?;
    let html = String::from_utf8_lossy(&file.data).replace(NONCE, &nonce);
    let mut response = html_page(StatusCode::OK, html);
    let policy = HeaderValue::from_str(&headers::page_policy(&nonce))
        .map_err(|_| ApiError::internal("the page's policy could not be made"))?;
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

fn no_session() -> Response {
    message(StatusCode::UNAUTHORIZED, "No session", guard::NO_SESSION)
}

/// A small page that says one thing.
pub(super) fn message(status: StatusCode, title: &str, text: &str) -> Response {
    let (title, text) = (escaped(title), escaped(text));
    html_page(
        status,
        format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title><h1>{title}</h1><p>{text}</p></html>"
        ),
    )
}

pub(super) fn html_page(status: StatusCode, html: String) -> Response {
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

/// Text as HTML shows it.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// The media type of a file of the page, by its extension.
fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}
