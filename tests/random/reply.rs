//! What a server that may be anything writes: an answer as it should be, one that is damaged, or bytes.

use integration_tests::raw::token_answer;
use proptest::collection::vec;
use proptest::prelude::*;
use random_calls::{Answer, TOKEN, answer};

/// What the server does with one request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Writes this, and goes on with the connection.
    Whole(Vec<u8>),
    /// Writes this, and closes the connection.
    Last(Vec<u8>),
    /// Resets the connection after so many bytes of this.
    Reset(Vec<u8>),
    /// Says nothing, for longer than a call may take.
    Silence,
}

impl Reply {
    /// What it writes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Whole(bytes) | Self::Last(bytes) | Self::Reset(bytes) => bytes,
            Self::Silence => &[],
        }
    }

    /// Whether it tells the client that the request was refused before it acted.
    pub fn refuses(&self) -> bool {
        [b"HTTP/1.1 401".as_slice(), b"HTTP/1.1 429"].iter().any(|status| self.bytes().starts_with(status))
    }

    /// Whether it is the answer to a login, with a token in it.
    pub fn is_token(&self) -> bool {
        let whole = matches!(self, Self::Whole(_)) && self.bytes().starts_with(b"HTTP/1.1 2");
        whole && self.bytes().windows(TOKEN.len()).any(|window| window == TOKEN.as_bytes())
    }

    /// Whether a call may wait for longer than it may take.
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
        40 => Just(Reply::Whole(token_answer(TOKEN))),
        60 => (answer(), any::<bool>()).prop_map(|(answer, chunked)| whole(&answer, chunked)),
        30 => damaged,
        5 => vec(any::<u8>(), 0..200).prop_map(Reply::Last),
        1 => Just(Reply::Silence),
    ]
}

/// An answer as it should be; where its headers or its status leave open where it ends, the connection ends with it.
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

/// What is done to the bytes of an answer, at some place in them.
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
