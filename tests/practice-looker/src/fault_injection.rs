//! Applies a fault to a response.

use std::{io, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{HeaderName, HeaderValue, StatusCode, header};
use http_body_util::BodyExt;

use crate::{fault::Fault, response::Content, script::Step, service::Reply};

/// How long the bytes written so far have to reach the client before a reset, which may overtake them.
const BEFORE_RESET: Duration = Duration::from_millis(20);

/// The response that a test chose in place of the real one.
pub(crate) fn replacement(status: u16, headers: &[(String, String)], body: Vec<u8>) -> http::Response<Content> {
    let mut response = http::Response::new(Content::Whole(body.into()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str())) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// Bytes that are not HTTP.
pub(crate) fn garbage() -> Vec<Step> {
    vec![Step::Write(Bytes::from_static(b"\x16\x03\x01 what is this?\r\n\r\n")), Step::Close]
}

/// The real response, damaged by `fault`.
pub(crate) async fn inject(fault: Fault, mut response: http::Response<Content>) -> io::Result<Reply> {
    match fault {
        Fault::Delay(time) => {
            tokio::time::sleep(time).await;
            return Ok(Reply::Response(response));
        }
        Fault::WrongContentType(media_type) => {
            if let Ok(value) = HeaderValue::try_from(media_type) {
                response.headers_mut().insert(header::CONTENT_TYPE, value);
            }
            return Ok(Reply::Response(response));
        }
        _ => {}
    }
    let (parts, content) = response.into_parts();
    let Ok(body) = content.collect().await.map(|collected| collected.to_bytes());
    if matches!(fault, Fault::InvalidUtf8) {
        return Ok(Reply::Response(http::Response::from_parts(parts, Content::Whole(with_invalid_byte(&body)))));
    }
    let head = head(&parts, body.len());
    let half = body.slice(..body.len() / 2);
    Ok(Reply::Script(match fault {
        Fault::ResetBeforeHead => vec![Step::Reset],
        Fault::ResetAfterHead => vec![Step::Write(head), Step::Pause(BEFORE_RESET), Step::Reset],
        Fault::ResetInBody => vec![Step::Write(head), Step::Write(half), Step::Pause(BEFORE_RESET), Step::Reset],
        Fault::CloseBeforeHead => vec![Step::Close],
        Fault::TruncatedBody => vec![Step::Write(head), Step::Write(half), Step::Close],
        Fault::SlowDrip { bytes, every } => {
            let mut steps = vec![Step::Write(head)];
            for start in (0..body.len()).step_by(bytes.max(1)) {
                let end = body.len().min(start.saturating_add(bytes.max(1)));
                steps.push(Step::Pause(every));
                steps.push(Step::Write(body.slice(start..end)));
            }
            steps.push(Step::Close);
            steps
        }
        Fault::NeverRespond => vec![Step::Hang],
        // `CloseAfterResponse`. The caller handles the remaining faults before the request is carried out.
        _ => vec![Step::Write(head), Step::Write(body), Step::Close],
    }))
}

/// The status line and the headers as hyper writes them.
fn head(parts: &http::response::Parts, length: usize) -> Bytes {
    let mut head = BytesMut::new();
    head.extend_from_slice(format!("HTTP/1.1 {}\r\n", parts.status).as_bytes());
    for (name, value) in &parts.headers {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(format!("content-length: {length}\r\n\r\n").as_bytes());
    head.freeze()
}

/// The body with a byte inserted that is invalid in UTF-8, inside its first JSON string if it has one.
fn with_invalid_byte(body: &Bytes) -> Bytes {
    let place = body.iter().position(|byte| *byte == b'"').map_or(body.len() / 2, |quote| quote + 1);
    let mut broken = BytesMut::with_capacity(body.len() + 1);
    broken.extend_from_slice(&body[..place]);
    broken.extend_from_slice(&[0xff]);
    broken.extend_from_slice(&body[place..]);
    broken.freeze()
}
