//! Turns a request into a response.

use http::{Method, header};

use crate::{
    API,
    call::{Call, id_text},
    error_response::ErrorResponse,
    fields,
    handlers::{self, Outcome},
    oauth, page,
    record::ReceivedRequest,
    response::Response,
    router,
    sessions::Session,
    state::State,
    table::Row,
};

/// Carries a request out and returns its response.
pub(crate) fn respond(state: &mut State, request: &ReceivedRequest) -> Response {
    try_respond(state, request).unwrap_or_else(ErrorResponse::into_response)
}

fn try_respond(state: &mut State, request: &ReceivedRequest) -> Result<Response, ErrorResponse> {
    let path = match request.uri.path() {
        oauth::AUTHORIZE if request.method == Method::GET => return Ok(oauth::authorize(state, request)),
        oauth::TOKEN if request.method == Method::POST => return Ok(oauth::token(state, request)),
        // Looker's Python SDK signs out here, whatever API version it uses.
        "/api/logout" => "/logout",
        path => path.strip_prefix(API).ok_or(ErrorResponse::NotFound)?,
    };
    let route = router::route(request.method.as_str(), path).ok_or(ErrorResponse::NotFound)?;
    // The only operation that needs no token, and the only one that takes a form.
    if route.operation.name == "login" {
        return handlers::auth::login(state, request);
    }
    let (token, session) = authenticate(state, request).ok_or(ErrorResponse::Unauthenticated)?;
    let call = Call::new(route, &request.uri, &request.body, token, session, origin(request))?;
    let outcome = handlers::handle(state, &call)?;
    Ok(match outcome {
        Outcome::Nothing => Response::empty(204),
        Outcome::Response(response) => response,
        Outcome::Json(value) => Response::json(200, &value),
        Outcome::Item(row) => Response::json(200, &fields::select(&call, row)),
        Outcome::List(rows) => {
            let page = page::page(&call, rows, state.totals)?;
            let hidden = state.hidden.get(call.operation.name);
            let is_hidden = |row: &Row| {
                hidden.zip(row.get("id").and_then(id_text)).is_some_and(|(hidden, id)| hidden.contains(&id))
            };
            let shown = page.rows.into_iter().filter(|row| !is_hidden(row));
            let rows: Vec<_> = shown.map(|row| fields::select(&call, row)).collect();
            let mut response = Response::json(200, &rows);
            response.headers = page.headers;
            response
        }
    })
}

/// The token of a request and its session, if the token is valid. Like Looker, accepts the schemes `token` and `Bearer`.
fn authenticate(state: &State, request: &ReceivedRequest) -> Option<(String, Session)> {
    let value = request.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("token") && !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let token = token.trim();
    let session = state.sessions.get(token)?;
    Some((token.to_owned(), session.clone()))
}

fn origin(request: &ReceivedRequest) -> String {
    let host = request.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
    format!("http://{host}")
}
