//! `serve` carries out only its own page's requests, and those of programs that have its cookie.
#![allow(clippy::unwrap_used, reason = "a test should fail loudly where it fails")]

mod support;

use serde_json::json;
use std::io::Write;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};
use support::serving::{Response, Serving, read_response};

fn serve() -> Serving {
    Serving::start(&["--practice"])
}

/// Every path that needs the cookie, with a method that it has.
const PATHS: [(&str, &str); 20] = [
    ("GET", "/api/connector"),
    ("GET", "/api/operations"),
    ("GET", "/api/operations/me"),
    ("GET", "/api/auths"),
    ("PUT", "/api/auths/a"),
    ("DELETE", "/api/auths/practice"),
    ("POST", "/api/auths/practice/check"),
    ("POST", "/api/auths/practice/oauth"),
    ("POST", "/api/invoke"),
    ("GET", "/api/workflow"),
    ("PUT", "/api/workflow"),
    ("POST", "/api/check"),
    ("POST", "/api/resolve"),
    ("GET", "/api/runs"),
    ("POST", "/api/runs"),
    ("GET", "/api/runs/x/events"),
    ("DELETE", "/api/runs/x"),
    ("GET", "/api/outputs"),
    ("GET", "/api/outputs/x/node"),
    ("GET", "/assets/x.js"),
];

#[test]
fn nothing_is_done_without_the_cookie() {
    let server = serve();
    let origin = format!("http://{}", server.host());
    let other = server.cookie.replace(&server.port.to_string(), "1");
    let wrong = format!("{}x", server.cookie);
    for (method, path) in PATHS {
        for cookie in ["", &other, &wrong, &format!("host-harness-{}={}", server.port, server.token)] {
            let headers = [("origin", origin.as_str()), ("content-type", "application/json"), ("cookie", cookie)];
            assert_eq!(server.send(method, path, &headers, b"{}").status, 401, "{method} {path} {cookie}");
        }
    }
    assert_eq!(server.send("GET", "/", &[], b"").status, 401);
    assert_eq!(server.get("/api/auths").json()[0]["name"], "practice", "nothing was deleted");
}

#[test]
fn another_origin_is_refused_even_with_the_cookie() {
    let server = serve();
    let own = format!("http://{}", server.host());
    let localhost = format!("http://localhost:{}", server.port);
    for (method, path) in PATHS {
        for origin in ["http://example.com", "null", "https://127.0.0.1", localhost.as_str()] {
            let headers =
                [("cookie", server.cookie.as_str()), ("content-type", "application/json"), ("origin", origin)];
            assert_eq!(server.send(method, path, &headers, b"{}").status, 403, "{method} {path} {origin}");
        }
        for site in ["cross-site", "same-site"] {
            let headers =
                [("cookie", server.cookie.as_str()), ("content-type", "application/json"), ("sec-fetch-site", site)];
            assert_eq!(server.send(method, path, &headers, b"{}").status, 403, "{method} {path} {site}");
            let with_own = [&headers[..], &[("origin", own.as_str())]].concat();
            assert_eq!(server.send(method, path, &with_own, b"{}").status, 403, "{method} {path} {site}");
        }
    }
}

#[test]
fn another_host_is_refused_so_that_dns_rebinding_gains_nothing() {
    let server = serve();
    for host in ["rebound.example.com", "rebound.example.com:4820", "127.0.0.1", "127.0.0.1:1", "0.0.0.0:4820"] {
        let origin = format!("http://{host}");
        for (method, path) in PATHS {
            let headers = [
                ("cookie", server.cookie.as_str()),
                ("content-type", "application/json"),
                ("host", host),
                ("origin", origin.as_str()),
            ];
            assert_eq!(server.send(method, path, &headers, b"{}").status, 421, "{method} {path} {host}");
        }
        let opened = server.send("GET", &format!("/?token={}", server.token), &[("host", host)], b"");
        assert_eq!(opened.status, 421);
    }
    let localhost = format!("localhost:{}", server.port);
    let headers = [("cookie", server.cookie.as_str()), ("host", localhost.as_str())];
    assert_eq!(server.send("GET", "/api/connector", &headers, b"").status, 200);
}

#[test]
fn a_form_of_another_page_changes_nothing() {
    let server = serve();
    let own = format!("http://{}", server.host());
    let body = br#"{"values":{"domain":"evil.example.com"}}"#;
    for content_type in ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", ""] {
        // As a browser sends it, and as if the origin had slipped through.
        for origin in ["https://evil.example.com", own.as_str()] {
            let headers = [("cookie", server.cookie.as_str()), ("origin", origin), ("content-type", content_type)];
            let status = server.send("PUT", "/api/auths/evil", &headers, body).status;
            assert_eq!(status, if origin == own { 415 } else { 403 }, "{content_type}");
        }
    }
    let headers = [("cookie", server.cookie.as_str()), ("content-type", "application/json")];
    assert_eq!(server.send("PUT", "/api/auths/evil", &headers, body).status, 403, "it says no origin");
    assert_eq!(server.get("/api/auths").json().as_array().unwrap().len(), 1);
}

#[test]
fn the_token_of_the_address_works_once() {
    let server = Serving::start_unopened(Path::new(env!("CARGO_TARGET_TMPDIR")), &["--practice"]);
    assert!(server.token.len() >= 22, "at least 128 bits");
    let open = |token: &str, cookie: &str| server.send("GET", &format!("/?token={token}"), &[("cookie", cookie)], b"");
    for wrong in ["", "x", &server.token[1..], &format!("{}x", server.token)] {
        assert_eq!(open(wrong, "").status, 401);
    }
    let first = open(&server.token, "");
    assert_eq!((first.status, first.header("location")), (303, "/"));
    let cookie = first.header("set-cookie").to_owned();
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(cookie.starts_with(&format!("host-harness-{}=", server.port)) && !cookie.contains(&server.token));
    let replayed = open(&server.token, "");
    assert_eq!((replayed.status, replayed.header("set-cookie")), (401, ""));
    let own = open(&server.token, cookie.split(';').next().unwrap());
    assert_eq!((own.status, own.header("set-cookie")), (303, ""), "the same browser may load its address again");
}

/// What every response says to a browser.
fn check_headers(response: &Response, what: &str) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(response.header(name), value, "{what}");
    }
    let policy = response.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; "), "{what}: {policy}");
    assert!(!policy.contains("unsafe"), "{what}: {policy}");
    assert_eq!(response.header("access-control-allow-origin"), "", "{what}");
}

#[test]
fn every_response_has_the_headers_that_bind_a_browser() {
    let server = serve();
    for (what, response) in [
        ("the page", server.get("/")),
        ("the API", server.get("/api/connector")),
        ("no path", server.get("/nothing")),
        ("no cookie", server.send("GET", "/api/auths", &[], b"")),
        ("no host", server.send("GET", "/api/auths", &[("host", "x")], b"")),
        ("no method", server.post("/api/connector", &json!({}))),
    ] {
        check_headers(&response, what);
        assert_eq!(response.header("cache-control"), "no-store", "{what}");
    }
    let (one, other) = (server.get("/"), server.get("/"));
    assert_eq!(one.status, 200);
    let policy = one.header("content-security-policy").to_owned();
    let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap();
    for directive in
        ["script-src 'self'; ", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"]
    {
        assert!(policy.contains(directive), "{policy}");
    }
    assert!(one.text().contains(nonce) && !one.text().contains("__CSP_NONCE__"));
    assert!(!other.text().contains(nonce), "each response has a nonce of its own");
}

#[test]
fn large_and_slow_requests_are_refused() {
    let server = serve();
    let headers = server.own_headers();
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let large = format!(r#"{{"text":"{}"}}"#, "x".repeat(5 << 20));
    let response = server.send("POST", "/api/check", &headers, large.as_bytes());
    assert_eq!(response.status, 413);
    let nested = format!(r#"{{"text":{}"#, "[".repeat(100_000));
    assert_eq!(server.send("POST", "/api/check", &headers, nested.as_bytes()).status, 400);
    let path = format!("/api/outputs/x/node?path=${}", "[0]".repeat(100_000));
    assert_eq!(server.send("GET", &path, &headers, b"").status, 431);

    let started = Instant::now();
    let mut slow_body = server.connect();
    server.write_head(&mut slow_body, "POST", "/api/check", &headers, Some(100));
    slow_body.write_all(b"{").unwrap();
    let mut slow_head = server.connect();
    slow_head.write_all(b"GET / HTTP/1.1\r\nhost: ").unwrap();
    assert_eq!(read_response(slow_body).status, 408);
    read_response(slow_head);
    assert!(started.elapsed() < Duration::from_secs(40), "{:?}", started.elapsed());
    assert_eq!(server.get("/api/connector").status, 200);
}

#[test]
fn whatever_is_wrong_is_told_as_json() {
    let server = serve();
    for (response, status) in [
        (server.get("/api/operations/%FF"), 400),
        (server.get("/api/outputs/a/node?offset=x"), 400),
        (server.get("/api/nothing"), 404),
        (server.get("/assets/../index.html"), 404),
        (server.delete("/api/connector"), 405),
        (server.post("/api/invoke", &json!([])), 400),
        (server.put("/api/workflow", &json!({ "text": "", "more": 1 })), 400),
    ] {
        assert!(response.expect(status)["error"].as_str().is_some_and(|error| error.len() > 10));
    }
}

#[test]
fn too_many_connections_are_told_so_and_the_others_go_on() {
    let server = serve();
    let mut first = server.connect();
    let headers = [("cookie", server.cookie.as_str())];
    let idle: Vec<_> = (0..80).map(|_| server.connect()).collect();
    thread::sleep(Duration::from_millis(200));
    assert_eq!(read_response(server.connect()).status, 503);
    server.write_head(&mut first, "GET", "/api/connector", &headers, None);
    assert_eq!(read_response(first).status, 200);
    drop(idle);
    let deadline = Instant::now() + Duration::from_secs(10);
    while server.get("/api/connector").status != 200 {
        assert!(Instant::now() < deadline, "there is room again");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_port_in_use_is_told_with_what_to_do() {
    let server = serve();
    let run = support::command::host_harness(&["serve", "--practice", "--port", &server.port.to_string()]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("is in use") && run.stderr.contains("--port"), "{}", run.stderr);
}

#[test]
fn only_loopback_is_bound() {
    let server = serve();
    let inode = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let port = format!(":{:04X}", server.port);
    let listening: Vec<&str> = inode.lines().filter(|line| line.contains(&port) && line.contains(" 0A ")).collect();
    assert_eq!(listening.len(), 1, "{listening:?}");
    assert!(listening[0].contains(&format!("0100007F{port}")), "{listening:?}");
    let inode = std::fs::read_to_string("/proc/net/tcp6").unwrap_or_default();
    assert!(!inode.lines().any(|line| line.contains(&port) && line.contains(" 0A ")));
}
