//! From a request to an answer.

use http::{Method, header};

use crate::{
    API,
    answer::Answer,
    call::Call,
    fields,
    handlers::{self, Outcome},
    oauth, page,
    record::Kept,
    refusal::Refusal,
    router,
    sessions::Session,
    state::State,
};

/// Carries a request out and answers it.
pub(crate) fn respond(state: &mut State, request: &Kept) -> Answer {
    try_respond(state, request).unwrap_or_else(Refusal::into_answer)
}

fn try_respond(state: &mut State, request: &Kept) -> Result<Answer, Refusal> {
    let path = match request.uri.path() {
        oauth::AUTHORIZE if request.method == Method::GET => return Ok(oauth::authorize(state, request)),
        oauth::TOKEN if request.method == Method::POST => return Ok(oauth::token(state, request)),
        // Where Looker's Python SDK signs out, whatever the version of the API.
        "/api/logout" => "/logout",
        path => path.strip_prefix(API).ok_or(Refusal::NotFound)?,
    };
    let route = router::route(request.method.as_str(), path).ok_or(Refusal::NotFound)?;
    // The only one that needs no token, and takes a form.
    if route.operation.name == "login" {
        return handlers::auth::login(state, request);
    }
    let (token, session) = authenticate(state, request).ok_or(Refusal::Unauthenticated)?;
    let call = Call::new(route, &request.uri, &request.body, token, session, origin(request))?;
    let outcome = handlers::handle(state, &call)?;
    Ok(match outcome {
        Outcome::Nothing => Answer::empty(204),
        Outcome::Answer(answer) => answer,
        Outcome::Json(value) => Answer::json(200, &value),
        Outcome::Item(row) => Answer::json(200, &fields::select(&call, row)),
        Outcome::List(rows) => {
            let page = page::page(&call, rows, state.totals)?;
            let rows: Vec<_> = page.rows.into_iter().map(|row| fields::select(&call, row)).collect();
            let mut answer = Answer::json(200, &rows);
            answer.headers = page.headers;
            answer
        }
    })
}

/// The token of a request and what belongs to it, where it is good. Both words that Looker knows are accepted.
fn authenticate(state: &State, request: &Kept) -> Option<(String, Session)> {
    let value = request.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("token") && !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let token = token.trim();
    let session = state.sessions.get(token)?;
    Some((token.to_owned(), session.clone()))
}

fn origin(request: &Kept) -> String {
    let host = request.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
    format!("http://{host}")
}
