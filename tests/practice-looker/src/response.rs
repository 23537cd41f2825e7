//! A response before it is written to the connection.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use serde::Serialize;

/// A response.
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(HeaderName, String)>,
    /// The value of `content-type`; `None` for a response without content.
    pub(crate) media_type: Option<&'static str>,
    pub(crate) content: Content,
}

/// The content of a response.
pub(crate) enum Content {
    /// Complete, in memory.
    Whole(Bytes),
    /// Produced piece by piece while it is written, so that it is never all in memory.
    Pieces(Box<dyn Iterator<Item = Bytes> + Send>),
}

impl Response {
    pub(crate) fn json(status: u16, value: &impl Serialize) -> Self {
        // Serialization fails only for maps whose keys are not strings, which `serde_json::Value` cannot hold.
        let bytes = serde_json::to_vec(value).unwrap_or_default();
        Self::content(status, "application/json", Content::Whole(bytes.into()))
    }

    pub(crate) fn content(status: u16, media_type: &'static str, content: Content) -> Self {
        Self { status, headers: Vec::new(), media_type: Some(media_type), content }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), media_type: None, content: Content::Whole(Bytes::new()) }
    }

    pub(crate) fn into_http(self) -> http::Response<Content> {
        let mut response = http::Response::new(self.content);
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if let Some(media_type) = self.media_type {
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        }
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let next = match self.get_mut() {
            Self::Whole(bytes) if bytes.is_empty() => None,
            Self::Whole(bytes) => Some(std::mem::take(bytes)),
            Self::Pieces(pieces) => pieces.next(),
        };
        Poll::Ready(next.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Pieces(_) => SizeHint::default(),
        }
    }
}
