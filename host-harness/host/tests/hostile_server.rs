//! Servers that misuse HTTP: floods, resets, settings that leave nothing to do. Each attempt must end by itself with an error
//! code that tells what happened, long before the timeouts, and the host must serve on.
//!
//! `cargo test -p connector-host --test hostile_server -- --nocapture` prints the table.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{answering, builder, get, no_auth, policy, request, server, tls};
use connector_host::egress::transport::Transport;
use connector_host::{Body, Call, Connector};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_rustls::rustls::ClientConfig;

/// More than the host takes from a connection that brings no response, and than buffers on the way hold.
const TOO_MUCH: usize = 48 * 1024 * 1024;

/// What a server does once it has a request.
///
/// Where `expected` is only `ErrorCode::`, it depends on which end of the connection is first.
#[derive(Clone)]
struct Attempt {
    what: &'static str,
    /// HTTP/2's settings, before anything else.
    settings: &'static [(u16, u32)],
    once: Vec<u8>,
    /// Sent again and again.
    flood: Vec<u8>,
    /// The guest's operation and its further input.
    call: (&'static str, &'static str),
    expected: &'static str,
}

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A frame's kind (RFC 9113).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const END_HEADERS: u8 = 4;
const END_STREAM: u8 = 1;

/// A setting's number.
const HEADER_TABLE_SIZE: u16 = 1;
const MAX_CONCURRENT_STREAMS: u16 = 3;
const INITIAL_WINDOW_SIZE: u16 = 4;
const MAX_FRAME_SIZE: u16 = 5;

/// The head of a response: 200, and 100.
const OK: &[u8] = &[0x88];
const CONTINUE: &[u8] = &[0x08, 3, b'1', b'0', b'0'];

/// A whole response of HTTP/1.1.
const OK_RESPONSE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

fn settings(settings: &[(u16, u32)]) -> Vec<u8> {
    settings.iter().flat_map(|(number, value)| [&number.to_be_bytes()[..], &value.to_be_bytes()].concat()).collect()
}

fn http1_attempts() -> Vec<Attempt> {
    let attempt = |what, once: &str, flood: &str, expected| Attempt {
        what,
        settings: &[],
        once: once.into(),
        flood: flood.into(),
        call: ("get", ""),
        expected,
    };
    let head = "HTTP/1.1 200 OK\r\n";
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    vec![
        attempt("100 Continue without end", "", "HTTP/1.1 100 Continue\r\n\r\n", "HttpProtocolError"),
        attempt(
            "103 Early Hints without end",
            "",
            "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n",
            "HttpProtocolError",
        ),
        attempt("headers without end", head, "x-more: more\r\n", "HttpResponseHeaderSectionSize"),
        attempt("a header that does not end", "HTTP/1.1 200 OK\r\nx-long: ", "a", "HttpResponseHeaderSectionSize"),
        attempt("a chunk's extension that does not end", &format!("{chunked}1;"), "a", "HttpProtocolError"),
        attempt("trailers without end", &format!("{chunked}0\r\n"), "x-more: more\r\n", "HttpProtocolError"),
        attempt(
            "a switch of protocols",
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n",
            "",
            "HttpProtocolError",
        ),
        Attempt {
            call: ("post", r#","send":8388608,"first":500"#),
            ..attempt("does not read the request's body", "", "", "HttpResponseTimeout")
        },
        Attempt {
            call: ("post", r#","send":8388608,"between":500"#),
            ..attempt("responds and reads no further", OK_RESPONSE, "", r#"{"status":200,"bytes":2}"#)
        },
        Attempt {
            call: ("post", r#","send":8388608,"between":500"#),
            ..attempt(
                "begins to respond and reads no further",
                "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok",
                "",
                "ErrorCode::",
            )
        },
    ]
}

fn http2_attempts() -> Vec<Attempt> {
    let attempt = |what, once: Vec<Vec<u8>>, flood: Vec<u8>, expected| Attempt {
        what,
        settings: &[],
        once: once.concat(),
        flood,
        call: ("get", ""),
        expected,
    };
    let ok = || frame(HEADERS, END_HEADERS, 1, OK);
    let response = || vec![frame(HEADERS, END_HEADERS, 1, OK), frame(DATA, END_STREAM, 1, b"ok")];
    let flood = |what, flood| attempt(what, Vec::new(), flood, "HttpProtocolError");
    vec![
        flood("100 Continue without end", frame(HEADERS, END_HEADERS, 1, CONTINUE)),
        flood("PING without end", frame(PING, 0, 0, b"12345678")),
        flood("SETTINGS without end", frame(SETTINGS, 0, 0, &settings(&[(MAX_CONCURRENT_STREAMS, 7)]))),
        flood("WINDOW_UPDATE without end", frame(WINDOW_UPDATE, 0, 0, &1_u32.to_be_bytes())),
        flood("PRIORITY without end", frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 1])),
        flood("frames of an unknown type without end", frame(0x42, 0, 1, &[0; 100])),
        flood("resets of streams that are over without end", frame(RST_STREAM, 0, 3, &7_u32.to_be_bytes())),
        flood("promises, which were not asked for", frame(PUSH_PROMISE, END_HEADERS, 1, &[0, 0, 0, 2])),
        attempt(
            "a head in pieces without end",
            vec![frame(HEADERS, 0, 1, OK)],
            frame(CONTINUATION, 0, 1, &[]),
            "HttpProtocolError",
        ),
        attempt("empty DATA without end", vec![ok()], frame(DATA, 0, 1, &[]), "HttpProtocolError"),
        attempt("a reset", vec![frame(RST_STREAM, 0, 1, &2_u32.to_be_bytes())], Vec::new(), "HttpProtocolError"),
        attempt(
            "a reset within the response",
            vec![ok(), frame(DATA, 0, 1, b"half"), frame(RST_STREAM, 0, 1, &2_u32.to_be_bytes())],
            Vec::new(),
            "HttpProtocolError",
        ),
        attempt("goes away at once", vec![frame(GOAWAY, 0, 0, &[0; 8])], Vec::new(), "ErrorCode::"),
        attempt("a frame of impossible length", vec![vec![0xff; 9]], Vec::new(), "HttpProtocolError"),
        Attempt {
            settings: &[(MAX_CONCURRENT_STREAMS, 0)],
            call: ("get", r#","first":500"#),
            ..attempt("allows no request", Vec::new(), Vec::new(), "HttpResponseTimeout")
        },
        Attempt {
            settings: &[(INITIAL_WINDOW_SIZE, 0)],
            call: ("post", r#","send":1048576,"first":500"#),
            ..attempt("allows no body", Vec::new(), Vec::new(), "HttpResponseTimeout")
        },
        Attempt {
            settings: &[(INITIAL_WINDOW_SIZE, 0)],
            call: ("post", r#","send":1048576,"between":500"#),
            ..attempt("responds and allows no body", response(), Vec::new(), r#"{"status":200,"bytes":2}"#)
        },
        Attempt {
            settings: &[(MAX_FRAME_SIZE, 1)],
            ..attempt("settings that are not valid", Vec::new(), Vec::new(), "ErrorCode::")
        },
        Attempt {
            settings: &[(HEADER_TABLE_SIZE, u32::MAX)],
            ..attempt("a table of 4 GiB", response(), Vec::new(), r#"{"status":200,"bytes":2}"#)
        },
        attempt(
            "changes its settings within the response",
            [
                vec![frame(SETTINGS, 0, 0, &settings(&[(INITIAL_WINDOW_SIZE, 1), (MAX_CONCURRENT_STREAMS, 1)]))],
                response(),
            ]
            .concat(),
            Vec::new(),
            r#"{"status":200,"bytes":2}"#,
        ),
    ]
}

/// Sends what an attempt says, and reads what comes meanwhile. Counts what was sent.
async fn attack(stream: impl AsyncRead + AsyncWrite + Send + 'static, attempt: Attempt, sent: Arc<AtomicUsize>) {
    let (mut reader, mut writer) = tokio::io::split(stream);
    if attempt.call.0 == "get" {
        tokio::spawn(async move { while reader.read(&mut [0; 16384]).await.is_ok_and(|read| read > 0) {} });
    } else {
        // What is not read fills the buffers on the way.
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(60)).await;
            drop(reader);
        });
    }
    if writer.write_all(&attempt.once).await.is_err() || writer.flush().await.is_err() {
        return;
    }
    let flood = attempt.flood.repeat(65536 / attempt.flood.len().max(1));
    while !flood.is_empty() && sent.load(Ordering::Relaxed) < TOO_MUCH {
        if writer.write_all(&flood).await.is_err() {
            return;
        }
        sent.fetch_add(flood.len(), Ordering::Relaxed);
    }
    std::future::pending::<()>().await;
}

/// A server that makes an attempt by HTTP/1.1.
async fn http1(attempt: Attempt, sent: Arc<AtomicUsize>) -> SocketAddr {
    server(move |mut stream| {
        let (attempt, sent) = (attempt.clone(), Arc::clone(&sent));
        async move {
            request(&mut stream).await;
            attack(stream, attempt, sent).await;
        }
    })
    .await
}

/// The same by HTTP/2.
async fn http2(attempt: Attempt, sent: Arc<AtomicUsize>) -> (SocketAddr, Arc<ClientConfig>) {
    let (acceptor, client) = tls::localhost(&[b"h2"]);
    let address = server(move |stream| {
        let (attempt, sent, acceptor) = (attempt.clone(), Arc::clone(&sent), acceptor.clone());
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let mut preface = [0; 24];
            stream.read_exact(&mut preface).await.unwrap();
            stream.write_all(&frame(SETTINGS, 0, 0, &settings(attempt.settings))).await.unwrap();
            stream.write_all(&frame(SETTINGS, 1, 0, &[])).await.unwrap();
            stream.flush().await.unwrap();
            // Up to the request, where there will be one.
            let mut head = [0; 9];
            while stream.read_exact(&mut head).await.is_ok() {
                let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
                let mut payload = vec![0; usize::try_from(length).unwrap()];
                if stream.read_exact(&mut payload).await.is_err() || head[3] == HEADERS {
                    break;
                }
            }
            attack(stream, attempt, sent).await;
        }
    })
    .await;
    (address, client)
}

/// What comes of a call: the guest's output, or what it was told.
async fn outcome(connector: &Connector, url: &str, (operation, options): (&str, &str)) -> String {
    let call = Call::new(operation).input(format!(r#"{{"url":"{url}"{options}}}"#));
    match connector.invoke(&no_auth(), call).await {
        Ok(output) => match output.body {
            Body::Json(json) => json,
            other => panic!("{other:?}"),
        },
        Err(failure) => failure.problem().message,
    }
}

async fn run(protocol: &str, attempts: Vec<Attempt>, wrong: &mut Vec<String>) {
    for attempt in attempts {
        let sent = Arc::new(AtomicUsize::new(0));
        let (url, transport) = if protocol == "HTTP/1.1" {
            let address = http1(attempt.clone(), Arc::clone(&sent)).await;
            (format!("http://{address}/"), Transport::new())
        } else {
            let (address, client) = http2(attempt.clone(), Arc::clone(&sent)).await;
            (format!("https://localhost:{}/", address.port()), Transport::new().with_tls(&client))
        };
        let good = answering(OK_RESPONSE).await;
        let rules = policy(&["localhost", "127.0.0.1"]);
        let connector = builder().transport(transport).policy(rules).build().await.unwrap();
        let started = Instant::now();
        let seen = tokio::time::timeout(Duration::from_secs(60), outcome(&connector, &url, attempt.call)).await;
        let (time, sent) = (started.elapsed(), sent.load(Ordering::Relaxed));
        let seen = seen.unwrap_or_else(|_| "nothing within a minute".to_owned());
        let what = format!("{protocol}: {}", attempt.what);
        println!("{what:60} {:30} {seen:50} {:>6} ms {:>6} KiB", attempt.expected, time.as_millis(), sent / 1024);
        if !seen.contains(attempt.expected) {
            wrong.push(format!("{what}: expected {}, got {seen}", attempt.expected));
        }
        if sent >= TOO_MUCH {
            wrong.push(format!("{what}: {sent} bytes were taken"));
        }
        if let Err(problem) = get(&connector, &format!(r#"{{"url":"http://{good}/"}}"#)).await {
            wrong.push(format!("{what}: the host serves no more: {problem}"));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_attempt_ends_by_itself() {
    let mut wrong = Vec::new();
    run("HTTP/1.1", http1_attempts(), &mut wrong).await;
    run("HTTP/2", http2_attempts(), &mut wrong).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
