//! Random replies of a server: valid responses, damaged responses, or random bytes.

use integration_tests::raw_http::token_response;
use proptest::collection::vec;
use proptest::prelude::*;
use random_calls::{Answer, TOKEN, answer};

/// The server's reaction to one request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Writes these bytes and keeps the connection open.
    Whole(Vec<u8>),
    /// Writes these bytes and closes the connection.
    Last(Vec<u8>),
    /// Writes these bytes and resets the connection.
    Reset(Vec<u8>),
    /// Sends nothing.
    Silence,
}

impl Reply {
    /// The bytes that it writes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Whole(bytes) | Self::Last(bytes) | Self::Reset(bytes) => bytes,
            Self::Silence => &[],
        }
    }

    /// Whether it tells the client that Looker refused the request before it acted.
    pub fn refuses(&self) -> bool {
        [b"HTTP/1.1 401".as_slice(), b"HTTP/1.1 429"].iter().any(|status| self.bytes().starts_with(status))
    }

    /// Whether it is a complete response with a token.
    pub fn is_token(&self) -> bool {
        let whole = matches!(self, Self::Whole(_)) && self.bytes().starts_with(b"HTTP/1.1 2");
        whole && self.bytes().windows(TOKEN.len()).any(|window| window == TOKEN.as_bytes())
    }

    /// Whether it can make a call reach its time limit.
    pub fn delays(&self) -> bool {
        let names = |bytes: &[u8]| bytes.windows(12).any(|window| window.eq_ignore_ascii_case(b"retry-after:"));
        matches!(self, Self::Silence) || names(self.bytes())
    }
}

/// Any reply.
pub fn reply() -> impl Strategy<Value = Reply> {
    let damaged = (answer(), any::<bool>(), any::<prop::sample::Index>(), damage())
        .prop_map(|(answer, chunked, place, damage)| damage.apply(encode(&answer, chunked), place));
    prop_oneof![
        40 => Just(Reply::Whole(token_response(TOKEN))),
        60 => (answer(), any::<bool>()).prop_map(|(answer, chunked)| whole(&answer, chunked)),
        30 => damaged,
        5 => vec(any::<u8>(), 0..200).prop_map(Reply::Last),
        1 => Just(Reply::Silence),
    ]
}

/// A valid response. Closes the connection if its end is not clear from the headers or the status.
fn whole(answer: &Answer, chunked: bool) -> Reply {
    let names_length = answer.headers.iter().any(|(name, _)| name == "content-length");
    let bytes = encode(answer, chunked);
    if names_length || answer.status < 200 { Reply::Last(bytes) } else { Reply::Whole(bytes) }
}

fn encode(answer: &Answer, chunked: bool) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {} X\r\n", answer.status).into_bytes();
    for (name, value) in &answer.headers {
        bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    let length = answer.body.len();
    if chunked {
        bytes.extend_from_slice(b"transfer-encoding: chunked\r\n\r\n");
        if length > 0 {
            bytes.extend_from_slice(format!("{length:x}\r\n").as_bytes());
            bytes.extend_from_slice(&answer.body);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"0\r\n\r\n");
    } else {
        bytes.extend_from_slice(format!("content-length: {length}\r\n\r\n").as_bytes());
        bytes.extend_from_slice(&answer.body);
    }
    bytes
}

/// Damage to the bytes of a response, at some position.
#[derive(Debug, Clone)]
enum Damage {
    Cut,
    Reset,
    Change(u8),
    Insert(Vec<u8>),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        Just(Damage::Cut),
        Just(Damage::Reset),
        any::<u8>().prop_map(Damage::Change),
        vec(any::<u8>(), 1..20).prop_map(Damage::Insert),
    ]
}

impl Damage {
    fn apply(self, mut bytes: Vec<u8>, place: prop::sample::Index) -> Reply {
        let place = place.index(bytes.len());
        match self {
            Self::Cut => bytes.truncate(place),
            Self::Reset => {
                bytes.truncate(place);
                return Reply::Reset(bytes);
            }
            Self::Change(byte) => bytes[place] = byte,
            Self::Insert(more) => {
                bytes.splice(place..place, more);
            }
        }
        Reply::Last(bytes)
    }
}
