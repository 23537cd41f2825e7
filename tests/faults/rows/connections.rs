//! Connections that break, stall or carry something other than HTTP.

use super::{ATTEMPTS, Row, Server, endless, row, silent};
use crate::raw::Step::{self, Drip, Hang, Repeat, Reset, Write};
use connector_host::Reason::{self, RemoteError, Timeout, UnexpectedResponse, Unreachable};
use integration_tests::outcome::{NO_STATUS, Outcome, TIME, permanent, retryable};
use practice_looker::Fault;
use std::time::Duration;

const ALWAYS: usize = 100;

/// The connection breaks each time. Only the idempotent call is repeated.
fn breaks(name: &'static str, server: Server) -> Row {
    row(name, server, retryable(Unreachable, NO_STATUS).asked(ATTEMPTS), permanent(Unreachable, NO_STATUS).once())
}

/// The connection breaks once.
fn breaks_once(name: &'static str, fault: Fault) -> Row {
    row(name, Server::Practice(fault, 1), Outcome::Output.asked(2), permanent(Unreachable, NO_STATUS).once())
}

/// The response is not HTTP. A retry would get the same, so there is none.
fn garbled(name: &'static str, server: Server) -> Row {
    row(name, server, retryable(UnexpectedResponse, NO_STATUS).once(), permanent(UnexpectedResponse, NO_STATUS).once())
}

/// Only the host's time limit ends the call. Whether Looker acted is unknown.
fn stalls(name: &'static str, server: Server) -> Row {
    endless(name, server, TIME.once(), TIME.once())
}

/// The server is silent for too long. A retry would get the same, so there is none.
fn keeps_silent(name: &'static str, server: Server) -> Row {
    silent(name, server, retryable(Timeout, NO_STATUS).once(), permanent(Timeout, NO_STATUS).once())
}

fn login(name: &'static str, steps: &'static [Step], reason: Reason, status: u16, may_pass: bool) -> Row {
    let outcome = if may_pass { retryable(reason, status) } else { permanent(reason, status) }.unsent();
    row(name, Server::RawLogin(steps), outcome.clone().asked(0), outcome.asked(0))
}

pub fn rows() -> Vec<Row> {
    let practice = |fault| Server::Practice(fault, ALWAYS);
    vec![
        breaks("reset before the headers", practice(Fault::ResetBeforeHead)),
        breaks_once("reset before the headers, once", Fault::ResetBeforeHead),
        breaks("reset within the headers", Server::Raw(&[Write(b"HTTP/1.1 200 OK\r\ncontent-ty"), Reset])),
        breaks("reset after the headers", practice(Fault::ResetAfterHead)),
        breaks("reset within the body", practice(Fault::ResetInBody)),
        breaks_once("reset within the body, once", Fault::ResetInBody),
        breaks("closed before the headers", practice(Fault::CloseBeforeHead)),
        breaks("closed within the headers", Server::Raw(&[Write(b"HTTP/1.1 200 OK\r\ncontent-ty")])),
        breaks("Content-Length promises more than comes", practice(Fault::TruncatedBody)),
        row(
            "closed after the answer, unannounced",
            practice(Fault::CloseAfterResponse),
            Outcome::Output.once(),
            Outcome::Output.once(),
        ),
        keeps_silent("never answers", practice(Fault::NeverRespond)),
        stalls("never answers, and nothing but the call has an end", practice(Fault::NeverRespond)),
        keeps_silent("stops within the headers", Server::Raw(&[Write(b"HTTP/1.1 200 OK\r\ncontent-ty"), Hang])),
        keeps_silent(
            "stops within the body",
            Server::Raw(&[Write(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"), Hang]),
        ),
        stalls(
            "drips its body",
            Server::Raw(&[Write(b"HTTP/1.1 200 OK\r\ncontent-length: 999999\r\n\r\n"), Drip(b" ", 50)]),
        ),
        stalls("drips its headers", Server::Raw(&[Write(b"HTTP/1.1 200 OK\r\n"), Drip(b"x: y\r\n", 50)])),
        row(
            "answers late",
            Server::Practice(Fault::Delay(Duration::from_millis(700)), 1),
            Outcome::Output.once(),
            Outcome::Output.once(),
        ),
        garbled("no HTTP at all", practice(Fault::Garbage)),
        garbled("a status line without a status", Server::Raw(&[Write(b"HTTP/1.1 OK\r\n\r\n")])),
        garbled("status 1000", Server::Raw(&[Write(b"HTTP/1.1 1000 Much\r\ncontent-length: 0\r\n\r\n")])),
        garbled("HTTP/0.9", Server::Raw(&[Write(b"<html>hello</html>\r\n\r\n")])),
        garbled("a header with a NUL", Server::Raw(&[Write(b"HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n")])),
        garbled("100,000 headers", Server::Raw(&[Write(b"HTTP/1.1 200 OK\r\n"), Repeat(b"x: y\r\n", 100_000), Hang])),
        garbled(
            "a header of 16 MB",
            Server::Raw(&[Write(b"HTTP/1.1 200 OK\r\nx: "), Repeat(&[b'y'; 1024], 16 * 1024), Hang]),
        ),
        garbled(
            "two Content-Lengths that differ",
            Server::Raw(&[Write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 4\r\n\r\n{}  ")]),
        ),
        garbled(
            "a Content-Length below zero",
            Server::Raw(&[Write(b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n{}")]),
        ),
        stalls("100 Continue without end", Server::Raw(&[Drip(b"HTTP/1.1 100 Continue\r\n\r\n", 1)])),
        login("the login breaks", &[Reset], Unreachable, NO_STATUS, true),
        login(
            "the login fails with 500",
            &[Write(b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n")],
            RemoteError,
            500,
            true,
        ),
        login(
            "the login gives no token",
            &[Write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")],
            UnexpectedResponse,
            200,
            false,
        ),
        login(
            "the login gives a token with a line break",
            &[Write(b"HTTP/1.1 200 OK\r\ncontent-length: 35\r\n\r\n{\"access_token\":\"a\\r\\nx-injected: b\"}")],
            UnexpectedResponse,
            200,
            false,
        ),
        login(
            "wrong credentials",
            &[Write(
                b"HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: 23\r\n\r\n{\"message\":\"Not found\"}",
            )],
            Reason::Unauthenticated,
            404,
            false,
        ),
        silent(
            "the login is never answered",
            Server::RawLogin(&[Hang]),
            retryable(Timeout, NO_STATUS).unsent().asked(0),
            retryable(Timeout, NO_STATUS).unsent().asked(0),
        ),
    ]
}
