//! Every status with a meaning of its own, with Looker's body for it.

use super::{ATTEMPTS, Row, Server, row};
use crate::raw::Step;
use connector_host::Reason::{
    Conflict, Forbidden, NotFound, RateLimited, Rejected, RemoteError, Timeout, Unauthenticated, UnexpectedResponse,
};
use integration_tests::outcome::{NO_STATUS, Outcome, permanent, retryable};
use practice_looker::Fault;

/// More often than one call sends requests.
const ALWAYS: usize = 100;

fn always(fault: Fault) -> Server {
    Server::Practice(fault, ALWAYS)
}

fn status(status: u16) -> Server {
    always(Fault::status(status))
}

/// A status with the same outcome for both calls.
fn refused(name: &'static str, code: u16, reason: connector_host::Reason) -> Row {
    let outcome = permanent(reason, code);
    row(name, status(code), outcome.clone().once(), outcome.once())
}

/// A status after which only the idempotent call may be repeated. `attempts`: how many times the connector
/// sends it.
fn broken(name: &'static str, code: u16, reason: connector_host::Reason, attempts: usize) -> Row {
    row(name, status(code), retryable(reason, code).asked(attempts), permanent(reason, code).once())
}

fn raw(name: &'static str, answer: &'static [Step], outcome: Outcome) -> Row {
    row(name, Server::Raw(answer), outcome.clone().once(), outcome.once())
}

pub fn rows() -> Vec<Row> {
    let limited = || retryable(RateLimited, 429);
    vec![
        refused("400 Bad Request", 400, Rejected),
        refused("401 Unauthorized, with a new token", 401, Unauthenticated),
        row(
            "401 Unauthorized, once",
            Server::Practice(Fault::status(401), 1),
            permanent(Unauthenticated, 401).once(),
            permanent(Unauthenticated, 401).once(),
        ),
        refused("402 Payment Required", 402, Rejected),
        refused("403 Forbidden", 403, Forbidden),
        refused("404 Not Found", 404, NotFound),
        refused("405 Method Not Allowed", 405, Rejected),
        broken("408 Request Timeout", 408, Timeout, 1),
        refused("409 Conflict", 409, Conflict),
        refused("410 Gone", 410, Rejected),
        refused("413 Content Too Large", 413, Rejected),
        refused("415 Unsupported Media Type", 415, Rejected),
        refused("422 Unprocessable Content", 422, Rejected),
        // Looker refuses before it acts, so both calls may be repeated.
        row("429 Too Many Requests", status(429), limited().asked(ATTEMPTS), limited().asked(ATTEMPTS)),
        row(
            "429, come back in an hour",
            always(Fault::too_many_requests(3600)),
            limited().once(),
            limited().once(),
        ),
        row(
            "429 twice, come back at once",
            Server::Practice(Fault::too_many_requests(0), 2),
            Outcome::Output.asked(3),
            Outcome::Output.asked(3),
        ),
        broken("500 Internal Server Error", 500, RemoteError, 1),
        broken("501 Not Implemented", 501, RemoteError, 1),
        broken("502 Bad Gateway", 502, RemoteError, ATTEMPTS),
        row(
            "502 Bad Gateway, once",
            Server::Practice(Fault::status(502), 1),
            Outcome::Output.asked(2),
            permanent(RemoteError, 502).once(),
        ),
        broken("503 Service Unavailable", 503, RemoteError, ATTEMPTS),
        row(
            "503, come back in an hour",
            always(Fault::unavailable(3600)),
            retryable(RateLimited, 503).once(),
            permanent(RemoteError, 503).once(),
        ),
        broken("504 Gateway Timeout", 504, RemoteError, ATTEMPTS),
        broken("511 Network Authentication Required", 511, RemoteError, 1),
        broken("599, which nobody defined", 599, RemoteError, 1),
        // The host refuses it as invalid HTTP: nobody asked for another protocol.
        row(
            "101 Switching Protocols",
            Server::Raw(&[Step::Write(b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n")]),
            retryable(UnexpectedResponse, NO_STATUS).once(),
            permanent(UnexpectedResponse, NO_STATUS).once(),
        ),
        refused("304 Not Modified", 304, UnexpectedResponse),
        raw(
            "redirect to another host",
            &[Step::Write(b"HTTP/1.1 302 Found\r\nlocation: http://{elsewhere}/\r\ncontent-length: 0\r\n\r\n")],
            permanent(UnexpectedResponse, 302),
        ),
        raw(
            "redirect to the metadata address",
            &[Step::Write(
                b"HTTP/1.1 307 Temporary Redirect\r\nlocation: http://169.254.169.254/latest/\r\ncontent-length: 0\r\n\r\n",
            )],
            permanent(UnexpectedResponse, 307),
        ),
        row(
            "redirect to itself",
            always(Fault::Redirect { status: 308, location: "/api/4.0/user".to_owned() }),
            permanent(UnexpectedResponse, 308).once(),
            permanent(UnexpectedResponse, 308).once(),
        ),
    ]
}
