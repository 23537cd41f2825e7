//! Valid HTTP responses with an unexpected body.

use super::{ATTEMPTS, Row, Server, row};
use crate::raw::Step::{self, Repeat, Reset, Write};
use connector_host::Reason::{RemoteError, UnexpectedResponse, Unreachable};
use integration_tests::outcome::{Expected, NO_STATUS, Outcome, RECEIVED, permanent, retryable};
use practice_looker::Fault;

const ALWAYS: usize = 100;

/// A piece of a large body.
const KIB: &[u8] = &[b' '; 1024];

/// A chunk of 8,192 bytes.
const CHUNK: &[u8] = &chunk();

const fn chunk() -> [u8; 8200] {
    let mut chunk = [b' '; 8200];
    let (start, end) = (*b"2000\r\n", *b"\r\n");
    let mut index = 0;
    while index < start.len() {
        chunk[index] = start[index];
        index += 1;
    }
    (chunk[8198], chunk[8199]) = (end[0], end[1]);
    chunk
}

/// How many pieces are 100 MB.
const MB_100: usize = 100 * 1024;

fn practice(name: &'static str, fault: Fault, outcome: Outcome) -> Row {
    row(name, Server::Practice(fault, ALWAYS), outcome.clone().once(), outcome.once())
}

/// A response with the same outcome for both calls.
fn raw(name: &'static str, answer: &'static [Step], outcome: Outcome) -> Row {
    row(name, Server::Raw(answer), outcome.clone().once(), outcome.once())
}

/// A response that ends too early.
fn raw_differing(name: &'static str, answer: &'static [Step], read: Expected, write: Expected) -> Row {
    row(name, Server::Raw(answer), read, write)
}

pub fn rows() -> Vec<Row> {
    let unexpected = || permanent(UnexpectedResponse, 200);
    let typed = |media_type: &str| Fault::WrongContentType(media_type.to_owned());
    let page = |status| Fault::Response {
        status,
        headers: vec![("content-type".to_owned(), "text/html".to_owned())],
        body: b"<html><title>Sign in</title></html>".to_vec(),
    };
    vec![
        practice("a sign-in page instead of JSON", page(200), unexpected()),
        row(
            "an error page instead of JSON",
            Server::Practice(page(500), ALWAYS),
            retryable(RemoteError, 500).once(),
            permanent(RemoteError, 500).once(),
        ),
        practice("JSON that says it is a picture", typed("image/png"), Outcome::Output),
        practice("JSON that says it is HTML", typed("text/html"), unexpected()),
        practice("JSON with a content type that is none", typed(";;;"), Outcome::Output),
        practice("a byte that UTF-8 does not allow", Fault::InvalidUtf8, unexpected()),
        raw(
            "JSON that is cut, by the right Content-Length",
            &[Write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 8\r\n\r\n{\"id\": \"")],
            unexpected(),
        ),
        // It is JSON and is passed on unchanged. Platforms choose how deep they parse.
        raw(
            "JSON of 100,000 levels",
            &[
                Write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 200000\r\n\r\n"),
                Repeat(b"[", 100_000),
                Repeat(b"]", 100_000),
            ],
            Outcome::Output,
        ),
        raw(
            "two JSON documents",
            &[Write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 4\r\n\r\n{}{}")],
            unexpected(),
        ),
        raw(
            "compressed, though nobody asked for it",
            &[Write(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n\x1f\x8b\x08\x00",
            )],
            unexpected(),
        ),
        raw("no content", &[Write(b"HTTP/1.1 204 No Content\r\n\r\n")], permanent(UnexpectedResponse, 204)),
        raw("an empty body", &[Write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")], permanent(UnexpectedResponse, 200)),
        raw(
            "more comes than Content-Length promises",
            &[Write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{} and more")],
            Outcome::Output,
        ),
        raw(
            "a second answer that nobody asked for",
            &[Write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]")],
            Outcome::Output,
        ),
        raw(
            "HTTP/1.0, ended by its end",
            &[Write(b"HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n{}")],
            Outcome::Output,
        ),
        raw_differing(
            "a chunk without a size",
            &[Write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n")],
            retryable(UnexpectedResponse, NO_STATUS).once(),
            permanent(UnexpectedResponse, NO_STATUS).once(),
        ),
        raw_differing(
            "a chunk larger than a machine",
            &[Write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}")],
            retryable(UnexpectedResponse, NO_STATUS).once(),
            permanent(UnexpectedResponse, NO_STATUS).once(),
        ),
        raw_differing(
            "chunks that end before the last",
            &[Write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n")],
            retryable(Unreachable, NO_STATUS).asked(ATTEMPTS),
            permanent(Unreachable, NO_STATUS).once(),
        ),
        raw_differing(
            "an error whose body breaks off",
            &[Write(b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 100\r\n\r\n{\"mess"), Reset],
            retryable(RemoteError, 500).once(),
            permanent(RemoteError, 500).once(),
        ),
        raw_differing(
            "an error of 100 MB",
            &[
                Write(b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 104857600\r\n\r\n"),
                Repeat(KIB, MB_100),
            ],
            retryable(RemoteError, 500).once(),
            permanent(RemoteError, 500).once(),
        ),
        raw(
            "an answer of 100 MB",
            &[Write(b"HTTP/1.1 200 OK\r\ncontent-length: 104857600\r\n\r\n"), Repeat(KIB, MB_100)],
            RECEIVED,
        ),
        // The maximum that a call may receive, in small chunks that must be joined.
        raw(
            "an answer of 32 MiB in chunks",
            &[
                Write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n"),
                Repeat(CHUNK, 4095),
                Write(b"0\r\n\r\n"),
            ],
            Outcome::Output,
        ),
        raw(
            "an answer without end",
            &[
                Write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"),
                Repeat(CHUNK, usize::MAX),
            ],
            RECEIVED,
        ),
        raw(
            "headers that mean nothing",
            &[Write(
                b"HTTP/1.1 200 OK\r\nlink: <<>;rel=next\r\ncontent-disposition: attachment; filename*=UTF-8''%zz\r\nretry-after: -1\r\nset-cookie: a=b\r\ncontent-length: 2\r\n\r\n{}",
            )],
            Outcome::Output,
        ),
    ]
}
