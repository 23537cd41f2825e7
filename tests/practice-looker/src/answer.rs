//! What is answered, before it is written.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use serde::Serialize;

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(HeaderName, String)>,
    /// Absent where there is no content.
    pub(crate) media_type: Option<&'static str>,
    pub(crate) content: Content,
}

/// The content of an answer.
pub(crate) enum Content {
    /// All of it at once.
    Whole(Bytes),
    /// Piece by piece, made when they are needed: never all in memory.
    Pieces(Box<dyn Iterator<Item = Bytes> + Send>),
}

impl Answer {
    pub(crate) fn json(status: u16, value: &impl Serialize) -> Self {
        // Maps with keys that are no strings cannot occur: everything here is a `serde_json::Value` or made of them.
        let bytes = serde_json::to_vec(value).unwrap_or_default();
        Self::content(status, "application/json", Content::Whole(bytes.into()))
    }

    pub(crate) fn content(status: u16, media_type: &'static str, content: Content) -> Self {
        Self { status, headers: Vec::new(), media_type: Some(media_type), content }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), media_type: None, content: Content::Whole(Bytes::new()) }
    }

    pub(crate) fn into_response(self) -> Response<Content> {
        let mut response = Response::new(self.content);
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
