use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use practice_looker::Fault;
use serde_json::json;

use crate::support::Practice;

/// One request on a connection of its own: every byte that came, and how it ended.
fn raw(practice: &Practice, path: &str) -> (Vec<u8>, std::io::Result<()>) {
    let mut stream = TcpStream::connect(practice.looker.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(700))).unwrap();
    let token = &practice.token;
    write!(stream, "GET /api/4.0{path} HTTP/1.1\r\nhost: x\r\nauthorization: token {token}\r\n\r\n").unwrap();
    let mut bytes = Vec::new();
    let end = stream.read_to_end(&mut bytes).map(|_| ());
    (bytes, end)
}

/// The head, and what came of the body.
fn split(bytes: &[u8]) -> (String, &[u8]) {
    let place = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    (String::from_utf8_lossy(&bytes[..place]).to_lowercase(), &bytes[place + 4..])
}

fn content_length(head: &str) -> usize {
    head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap()
}

#[track_caller]
fn was_reset(end: std::io::Result<()>) {
    assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[test]
fn status_fault_replaces_the_response() {
    let practice = Practice::new();
    practice.looker.fail_next(Fault::too_many_requests(7));
    let refused = practice.post("/users", &json!({ "first_name": "X" }));
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("7")));
    assert_eq!(refused.json()["message"], "Too Many Requests");
    assert_eq!(practice.get("/users/14").status, 404, "it was not done");
    practice.looker.fail_next(Fault::Response {
        status: 502,
        headers: vec![("content-type".into(), "text/html".into())],
        body: b"<html>".to_vec(),
    });
    let page = practice.get("/user");
    assert_eq!((page.status, page.header("content-type"), page.text()), (502, Some("text/html"), "<html>".into()));
    practice.looker.fail_next(Fault::unavailable(1));
    assert_eq!(practice.get("/user").status, 503);
    practice.looker.fail_next(Fault::status(418));
    assert_eq!(practice.get("/user").status, 418);
    assert_eq!(practice.get("/user").status, 200);
}

#[test]
fn redirect_fault_sends_its_location() {
    let practice = Practice::new();
    practice.looker.fail_next(Fault::Redirect { status: 307, location: "/elsewhere".into() });
    let reply = practice.get("/user");
    assert_eq!((reply.status, reply.header("location")), (307, Some("/elsewhere")));
}

#[test]
fn faults_match_method_path_and_count() {
    let practice = Practice::new();
    practice.looker.fail_on("GET", "/users", 2, Fault::status(500));
    practice.looker.fail_on("*", "/api/4.0/roles", 1, Fault::status(502));
    assert_eq!(practice.get("/user").status, 200);
    assert_eq!(practice.post("/users", &json!({})).status, 200);
    assert_eq!(practice.get("/users").status, 500);
    assert_eq!(practice.get("/users/1").status, 500);
    assert_eq!(practice.get("/users").status, 200, "twice is enough");
    assert_eq!(practice.get("/roles").status, 502);
    practice.looker.fail_next(Fault::status(500));
    practice.looker.fail_next(Fault::status(503));
    assert_eq!(
        [practice.get("/user").status, practice.get("/user").status, practice.get("/user").status],
        [500, 503, 200]
    );
    practice.looker.fail_next(Fault::status(500));
    practice.looker.clear_faults();
    assert_eq!(practice.get("/user").status, 200);
}

#[test]
fn delay_fault_delays_the_response() {
    let practice = Practice::new();
    practice.looker.fail_next(Fault::Delay(Duration::from_millis(300)));
    let start = Instant::now();
    assert_eq!(practice.get("/user").status, 200);
    assert!(start.elapsed() >= Duration::from_millis(300));
}

#[test]
fn delayed_response_does_not_block_others() {
    let practice = Practice::new();
    practice.looker.fail_on("GET", "/roles", 1, Fault::Delay(Duration::from_millis(600)));
    std::thread::scope(|scope| {
        let late = scope.spawn(|| practice.get("/roles").status);
        std::thread::sleep(Duration::from_millis(50));
        let start = Instant::now();
        assert_eq!(practice.get("/user").status, 200);
        assert!(start.elapsed() < Duration::from_millis(400));
        assert_eq!(late.join().unwrap(), 200);
    });
}

#[test]
fn reset_faults_reset_at_the_right_byte() {
    let practice = Practice::new();
    practice.looker.fail_next(Fault::ResetBeforeHead);
    let (bytes, end) = raw(&practice, "/user");
    assert_eq!(bytes, b"");
    was_reset(end);

    practice.looker.fail_next(Fault::ResetAfterHead);
    let (bytes, end) = raw(&practice, "/user");
    let (head, body) = split(&bytes);
    assert!(head.starts_with("http/1.1 200 ok") && head.contains("application/json") && body.is_empty());
    was_reset(end);

    practice.looker.fail_next(Fault::ResetInBody);
    let (bytes, end) = raw(&practice, "/user");
    let (head, body) = split(&bytes);
    assert_eq!(body.len(), content_length(&head) / 2);
    was_reset(end);
}

#[test]
fn request_is_carried_out_although_its_response_is_lost() {
    let practice = Practice::new();
    practice.looker.fail_next(Fault::ResetBeforeHead);
    let lost = crate::support::reply(practice.request("POST", "/users").json(&json!({ "first_name": "Lost" })));
    assert!(lost.is_err());
    assert_eq!(practice.get("/users/14").expect(200)["first_name"], "Lost");
}

#[test]
fn close_faults_close_at_the_right_byte() {
    let practice = Practice::new();
    practice.looker.fail_next(Fault::CloseBeforeHead);
    let (bytes, end) = raw(&practice, "/user");
    assert_eq!((bytes, end.is_ok()), (Vec::new(), true));

    practice.looker.fail_next(Fault::TruncatedBody);
    let (bytes, end) = raw(&practice, "/user");
    let (head, body) = split(&bytes);
    assert_eq!((body.len(), end.is_ok()), (content_length(&head) / 2, true));

    practice.looker.fail_next(Fault::CloseAfterResponse);
    let (bytes, end) = raw(&practice, "/user");
    let (head, body) = split(&bytes);
    assert_eq!((body.len(), end.is_ok()), (content_length(&head), true));
    assert!(!head.contains("connection: close"), "nothing announces it");
}

#[test]
fn malformed_responses_are_sent() {
    let practice = Practice::new();
    practice.looker.fail_next(Fault::Garbage);
    let (bytes, end) = raw(&practice, "/user");
    assert!(!bytes.is_empty() && !bytes.starts_with(b"HTTP/") && end.is_ok());

    practice.looker.fail_next(Fault::WrongContentType("text/html".into()));
    let reply = practice.get("/user");
    assert_eq!((reply.header("content-type"), reply.json()["id"].as_str()), (Some("text/html"), Some("13")));

    practice.looker.fail_next(Fault::InvalidUtf8);
    let reply = practice.get("/user");
    assert_eq!(reply.status, 200);
    assert!(std::str::from_utf8(&reply.bytes).is_err());
    assert!(reply.text().starts_with("{\"\u{fffd}"));
}

#[test]
fn slow_drip_sends_the_body_in_pieces() {
    let practice = Practice::new();
    practice.looker.fail_next(Fault::SlowDrip { bytes: 100, every: Duration::from_millis(10) });
    let start = Instant::now();
    let reply = practice.get("/user");
    assert_eq!(reply.json()["id"], "13");
    let pieces = reply.bytes.len().div_ceil(100);
    assert!(start.elapsed() >= Duration::from_millis(10) * u32::try_from(pieces).unwrap());
}

#[test]
fn never_respond_keeps_the_connection_open() {
    let practice = Practice::new();
    practice.looker.fail_next(Fault::NeverRespond);
    let (bytes, end) = raw(&practice, "/user");
    assert_eq!(bytes, b"");
    assert!(matches!(end.unwrap_err().kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut));
}

#[test]
fn faults_apply_to_logins() {
    let practice = Practice::new();
    practice.looker.fail_on("POST", "/login", 1, Fault::status(500));
    assert_eq!(practice.sign_in(practice.looker.client_id(), practice.looker.client_secret()), None);
    assert!(practice.sign_in(practice.looker.client_id(), practice.looker.client_secret()).is_some());
}

#[test]
fn one_of_the_next_requests_fails() {
    let practice = Practice::new();
    practice.looker.fail_request(2, Fault::status(503));
    let statuses: Vec<u16> = (0..4).map(|_| practice.get("/users/1").status).collect();
    assert_eq!(statuses, [200, 200, 503, 200]);
}
