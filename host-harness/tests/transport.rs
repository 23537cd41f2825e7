//! `--ca-file` and the proxy variables, from the command line to the server.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::io::Write;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use support::command::Run;
use support::server::{head, listen};

/// An HTTPS server for this name, and the file with its certificate.
fn https_server(name: &str) -> (PathBuf, SocketAddr) {
    let certified = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.pem"));
    std::fs::write(&file, certified.cert.pem()).unwrap();
    (file, support::tls::server(&certified.cert, &certified.signing_key))
}

/// A proxy that connects every host to this server, and how often it did.
fn proxy(server: SocketAddr) -> (SocketAddr, Arc<AtomicUsize>) {
    let tunnels = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&tunnels);
    let address = listen(move |mut client| {
        head(&mut client);
        counter.fetch_add(1, Ordering::Relaxed);
        let mut server = TcpStream::connect(server).unwrap();
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
        let (mut from_client, mut to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        thread::spawn(move || {
            let _ = std::io::copy(&mut from_client, &mut to_server);
            let _ = to_server.shutdown(Shutdown::Write);
        });
        let _ = std::io::copy(&mut server, &mut client);
        let _ = client.shutdown(Shutdown::Write);
    });
    (address, tunnels)
}

/// Runs the program with the guest and these variables, and no proxy but theirs.
fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_host-harness"));
    for name in ["HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"].into_iter().chain(support::command::VARIABLES) {
        command.env_remove(name);
    }
    command.env("XDG_CACHE_HOME", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"));
    command.arg("--component").arg(support::guest_file()).args(arguments).envs(variables.iter().copied());
    Run::from(command.output().unwrap())
}

/// The arguments that have the guest get something from this host.
fn get(host: &str) -> Vec<String> {
    let url = format!(r#"{{"url":"https://{host}/"}}"#);
    let auth = format!(r#"{{"host":"{host}"}}"#);
    ["--allow-host", host, "--auth", &auth, "--log", "trace", "invoke", "get", "--input", &url]
        .map(str::to_owned)
        .into()
}

fn with<'a>(options: &[&'a str], arguments: &'a [String]) -> Vec<&'a str> {
    options.iter().copied().chain(arguments.iter().map(String::as_str)).collect()
}

#[test]
fn ca_file_and_https_proxy_lead_to_the_server() {
    let (file, server) = https_server("api.invalid");
    let (proxy, tunnels) = proxy(server);
    let url = format!("http://user:hush@{proxy}");
    let arguments = get("api.invalid:443");
    let trusting = with(&["--ca-file", file.to_str().unwrap()], &arguments);
    let done = run(&trusting, &[("HTTPS_PROXY", &url)]);
    assert!(done.code == 0 && done.stdout.contains("\"bytes\""), "{done:?}");
    assert_eq!(tunnels.load(Ordering::Relaxed), 1);
    for secret in ["hush", "dXNlcjpodXNo"] {
        assert!(!done.stderr.contains(secret), "{done:?}");
    }
    // Without the file the certificate is not accepted, and the note says what helps.
    let untrusted = run(&with(&[], &arguments), &[("https_proxy", &url)]);
    assert!(untrusted.stderr.contains("the certificate of api.invalid:443 was not accepted: it is self-signed"));
    assert!(untrusted.stderr.contains("--ca-file FILE"), "{untrusted:?}");
    // Without the proxy there is no such host.
    let direct = run(&trusting, &[("HTTPS_PROXY", &url), ("NO_PROXY", "api.invalid")]);
    assert!(direct.stderr.contains("DnsError"), "{direct:?}");
}

#[test]
fn proxy_failures_are_shown_as_notes() {
    let proxy = listen(|mut stream| {
        head(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    });
    let arguments = get("api.invalid:443");
    let refused = run(&with(&[], &arguments), &[("https_proxy", &proxy.to_string())]);
    let note = format!("note: the proxy {proxy} requires a user name and a password");
    assert!(refused.stderr.contains(&note), "{refused:?}");
}

#[test]
fn invalid_transport_options_are_usage_errors() {
    for (arguments, variable, expected) in [
        (
            &["--ca-file", "/nowhere.pem", "check"][..],
            ("NO_PROXY", ""),
            "--ca-file: /nowhere.pem: it could not be read",
        ),
        (&["check"], ("HTTPS_PROXY", "socks5://u:hush@proxy:1"), "HTTPS_PROXY: only HTTP proxies are supported"),
    ] {
        let run = run(arguments, &[variable]);
        assert!(run.code == 2 && run.stderr.contains(expected) && !run.stderr.contains("hush"), "{run:?}");
    }
}
