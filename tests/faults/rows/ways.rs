//! Reaching the server: names, ports, TLS and the policy. If that fails, nothing was sent.

use super::{Row, Server, row, silent};
use crate::raw::Step::{Hang, Write};
use crate::tls::Certificate;
use connector_host::Reason::{UnexpectedResponse, Unreachable};
use integration_tests::outcome::{NO_STATUS, Outcome, permanent, retryable};

fn unsent(name: &'static str, server: Server, outcome: Outcome) -> Row {
    let outcome = outcome.unsent();
    row(name, server, outcome.clone().asked(0), outcome.asked(0))
}

pub fn rows() -> Vec<Row> {
    let not_now = || retryable(Unreachable, NO_STATUS);
    let never = || permanent(Unreachable, NO_STATUS);
    vec![
        unsent("a name that nobody knows", Server::UnknownName, not_now()),
        unsent("a port at which nobody listens", Server::NoListener, not_now()),
        unsent("a host that is not allowed", Server::NotAllowed, never()),
        unsent("loopback, which nobody named", Server::NotNamed, never()),
        row("a good certificate", Server::Tls(Certificate::Good), Outcome::Output.asked(1), Outcome::Output.asked(1)),
        unsent("an expired certificate", Server::Tls(Certificate::Expired), never()).says(&["expired"]),
        unsent("a certificate that is not valid yet", Server::Tls(Certificate::NotYetValid), never())
            .says(&["valid from", "2090"]),
        unsent("a certificate for another host", Server::Tls(Certificate::WrongHost), never())
            .says(&["localhost", "looker.example.com"]),
        unsent("a certificate by an unknown authority", Server::Tls(Certificate::UnknownAuthority), never())
            .says(&["no trusted authority issued it", "Acme Authority"]),
        unsent("a self-signed certificate", Server::Tls(Certificate::SelfSigned), never()).says(&["self-signed"]),
        row(
            "a trusted self-signed certificate that is its own authority",
            Server::Tls(Certificate::TrustedSelfSigned),
            Outcome::Output.asked(1),
            Outcome::Output.asked(1),
        ),
        unsent("a server that wants a client's certificate", Server::Tls(Certificate::WantsClient), not_now()),
        unsent(
            "a TLS port that speaks plain HTTP",
            Server::NoTls(&[Write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")]),
            not_now(),
        ),
        unsent("TLS that is closed at once", Server::NoTls(&[]), not_now()),
        silent(
            "TLS that says nothing",
            Server::NoTls(&[Hang]),
            not_now().unsent().asked(0),
            not_now().unsent().asked(0),
        ),
        // Some hosts report a reset connection the same way.
        unsent("plain HTTP to a TLS port", Server::ClearToTls, retryable(UnexpectedResponse, NO_STATUS)),
    ]
}
