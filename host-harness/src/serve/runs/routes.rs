//! `/api/runs`: begins, follows and cancels runs.

use super::super::app::App;
use super::super::error::{ApiError, Json, json_response};
use super::super::random;
use super::super::request::{JsonBody, UrlPath};
use super::request::Request;
use super::{Run, run};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body::Frame;
use serde_json::json;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc;

/// How often a comment is sent while nothing happens, so that a reader that went away is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A comment of a stream of server-sent events.
const COMMENT: Bytes = Bytes::from_static(b": \n\n");

/// Events that wait for a slow reader. The others wait in the log.
const BUFFERED: usize = 16;

const LAST_EVENT_ID: &str = "last-event-id";

/// The runs that are remembered, from the oldest on.
pub(in crate::serve) async fn list(State(app): State<Arc<App>>) -> Json {
    Json(app.runs.all().iter().map(|run| json!({ "id": run.id, "outcome": run.log.outcome() })).collect())
}

/// Begins a run.
pub(in crate::serve) async fn begin(
    State(app): State<Arc<App>>,
    JsonBody(request): JsonBody<Request>,
) -> Result<Response, ApiError> {
    let prepared = request.prepare(&app).await?;
    let id = random::secret().map_err(|error| ApiError::internal(format!("no random numbers: {error}")))?;
    let begun = app.runs.begin(id.clone());
    let begun =
        begun.map_err(|super::Busy| ApiError::conflict("another run is under way: wait for it, or cancel it"))?;
    // A task of its own: the run goes on when the page is closed.
    tokio::spawn(run::run(Arc::clone(&app), begun, prepared));
    Ok(json_response(StatusCode::CREATED, &json!({ "id": id })))
}

/// Cancels a run, and answers when it has ended.
pub(in crate::serve) async fn cancel(
    State(app): State<Arc<App>>,
    UrlPath(id): UrlPath,
) -> Result<StatusCode, ApiError> {
    let run = find(&app, &id)?;
    run.cancel();
    run.log.ended().await;
    Ok(StatusCode::NO_CONTENT)
}

/// What the run tells, from its first event on, as server-sent events.
pub(in crate::serve) async fn events(
    State(app): State<Arc<App>>,
    UrlPath(id): UrlPath,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let run = find(&app, &id)?;
    let last = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok()?.parse::<usize>().ok());
    let first = last.map_or(0, |last| last.saturating_add(1));
    if run.log.has_ended() && first >= run.log.len() {
        // Otherwise a browser would ask for more without end.
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let (sender, receiver) = mpsc::channel(BUFFERED);
    tokio::spawn(send(run, first, sender));
    let mut response = Response::new(Body::new(Events(receiver)));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    Ok(response)
}

fn find(app: &App, id: &str) -> Result<Arc<Run>, ApiError> {
    app.runs.get(id).ok_or_else(|| ApiError::not_found("there is no such run; only the latest are remembered"))
}

/// Sends events until the run or the reader ends.
async fn send(run: Arc<Run>, first: usize, sender: mpsc::Sender<Bytes>) {
    let mut number = first;
    loop {
        let bytes = match tokio::time::timeout(KEEP_ALIVE, run.log.event(number)).await {
            Ok(Some(event)) => {
                number += 1;
                event
            }
            Ok(None) => return,
            Err(_) => COMMENT,
        };
        if sender.send(bytes).await.is_err() {
            return;
        }
    }
}

/// A body that is sent as it comes.
struct Events(mpsc::Receiver<Bytes>);

impl http_body::Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|event| event.map(|event| Ok(Frame::data(event))))
    }
}
