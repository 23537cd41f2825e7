//! The way to a server: whose certificates are trusted, and through which proxy requests go.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{connector, get, is_error, policy, request, server};
use connector_host::Connector;
use connector_host::egress::policy::{Origin, Policy};
use connector_host::egress::proxy::{Proxy, ProxyFailureCause};
use connector_host::egress::{HttpClient, Transport, tls};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::{Arc, Mutex};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{self, ServerConfig};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";

/// A certificate authority of a company's own: its certificate as a PEM file, and what a server of it needs.
struct Authority {
    pem: PathBuf,
    acceptor: TlsAcceptor,
}

/// An authority, and a certificate by it for these names.
fn authority(file: &str, names: &[&str]) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let pem = folder().join(file);
    std::fs::write(&pem, params.self_signed(&key).unwrap().pem()).unwrap();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    Authority { pem, acceptor: TlsAcceptor::from(Arc::new(config)) }
}

fn folder() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

impl Authority {
    /// A server with the certificate.
    async fn server(&self) -> SocketAddr {
        let acceptor = self.acceptor.clone();
        server(move |stream| {
            let acceptor = acceptor.clone();
            async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut piece = [0; 4096];
                let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut piece).await;
                let _ = stream.write_all(ANSWER).await;
                let _ = stream.shutdown().await;
            }
        })
        .await
    }
}

/// A proxy that connects every name to one server, or answers with something else, and keeps what it was asked.
async fn proxy(target: Result<SocketAddr, &'static str>) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&asked);
    let address = server(move |mut stream| {
        let keep = Arc::clone(&keep);
        async move {
            let head = request(&mut stream).await;
            keep.lock().unwrap().push(head);
            match target {
                Ok(target) => {
                    let mut server = TcpStream::connect(target).await.unwrap();
                    stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
                }
                Err(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
            }
        }
    })
    .await;
    (address, asked)
}

/// A connector that asks for hosts itself, as connectors do, and goes through a proxy.
fn proxied(wishes: &[&str], authority: &Authority, proxy: &str, no_proxy: &str) -> Connector {
    let mut policy = Policy::deny_all();
    for wish in wishes {
        policy.allow(wish.parse().unwrap(), Origin::Connector);
    }
    let transport = Transport {
        tls: Some(tls::trusting(&[&authority.pem]).unwrap()),
        proxy: Some(Proxy::new(proxy, no_proxy).unwrap()),
    };
    connector().with_http_client(HttpClient::with_transport(policy, transport))
}

#[tokio::test]
async fn a_private_authority_is_trusted_when_its_file_is_given_and_for_its_names_only() {
    let authority = authority("private.pem", &["localhost"]);
    let address = authority.server().await;
    let url = format!(r#"{{"url":"https://localhost:{}/"}}"#, address.port());
    let rules = ["localhost", "127.0.0.1"];
    is_error(get(&connector().with_policy(policy(&rules)), &url).await, "TlsCertificateError");
    let tls = tls::trusting(&[&authority.pem]).unwrap();
    let trusting = connector().with_http_client(HttpClient::with_tls(policy(&rules), tls));
    assert!(get(&trusting, &url).await.is_ok());
    is_error(get(&trusting, &format!(r#"{{"url":"https://{address}/"}}"#)).await, "TlsCertificateError");
}

#[test]
fn a_file_without_a_usable_certificate_is_named() {
    let good = std::fs::read_to_string(authority("good.pem", &["localhost"]).pem).unwrap();
    for (name, content, words) in [
        ("none.pem", String::new(), "holds no certificate"),
        ("key.pem", KeyPair::generate().unwrap().serialize_pem(), "holds no certificate"),
        ("der.pem", "\u{1}\u{2}".to_owned(), "holds no certificate"),
        ("cut.pem", good.split("-----END").next().unwrap().to_owned(), "has no end"),
        ("letters.pem", good.replacen("MII", "M!I", 1), "is no PEM"),
        (
            "garbage.pem",
            format!("{good}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            "certificate 2 in it is broken",
        ),
    ] {
        let file = folder().join(name);
        std::fs::write(&file, content).unwrap();
        let message = tls::trusting(&[&file]).unwrap_err().to_string();
        assert!(message.contains(name) && message.contains(words), "{message}");
    }
    let message = tls::trusting(&[folder().join("missing.pem")]).unwrap_err().to_string();
    assert!(message.contains("missing.pem: it could not be read"), "{message}");
}

#[tokio::test]
async fn https_goes_through_the_proxy_which_resolves_the_name() {
    let authority = authority("tunnel.pem", &["looker.invalid"]);
    let (address, asked) = proxy(Ok(authority.server().await)).await;
    let url = format!("http://user:hu%20sh@{address}");
    let connector = proxied(&["looker.invalid:19999"], &authority, &url, "");
    assert!(get(&connector, r#"{"url":"https://looker.invalid:19999/secret?a=b"}"#).await.is_ok());
    let asked = asked.lock().unwrap();
    let [head] = &asked[..] else { panic!("{asked:?}") };
    assert!(head.starts_with("CONNECT looker.invalid:19999 HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("\r\nProxy-Authorization: Basic dXNlcjpodSBzaA==\r\n"), "{head}");
    assert!(!head.contains("secret"), "{head}");
}

#[tokio::test]
async fn a_proxy_can_be_spoken_to_by_tls() {
    let authority = authority("outer.pem", &["looker.invalid", "localhost"]);
    let target = authority.server().await;
    let acceptor = authority.acceptor.clone();
    let address = server(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let mut stream = acceptor.accept(stream).await.unwrap();
            let mut piece = [0; 4096];
            let read = tokio::io::AsyncReadExt::read(&mut stream, &mut piece).await.unwrap();
            assert!(piece[..read].starts_with(b"CONNECT looker.invalid:443 "));
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            let mut server = TcpStream::connect(target).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
        }
    })
    .await;
    let connector = proxied(&["looker.invalid"], &authority, &format!("https://localhost:{}", address.port()), "");
    assert_eq!(get(&connector, r#"{"url":"https://looker.invalid/"}"#).await.unwrap(), r#"{"status":200,"bytes":2}"#);
}

#[tokio::test]
async fn the_policy_holds_through_a_proxy_as_far_as_it_can() {
    let authority = authority("policy.pem", &["looker.invalid"]);
    let (address, asked) = proxy(Ok(authority.server().await)).await;
    let wishes = ["looker.invalid", "10.0.0.7", "169.254.169.254", "[fd00::7]", "2130706433", "127.1", "0x7f000001"];
    let connector = proxied(&wishes, &authority, &address.to_string(), "");
    for (url, code) in [
        ("https://elsewhere.invalid/", "HttpRequestDenied"),
        ("https://10.0.0.7/", "DestinationIpProhibited"),
        ("https://169.254.169.254/latest/meta-data", "DestinationIpProhibited"),
        ("https://[fd00::7]/", "DestinationIpProhibited"),
        // Names to some resolvers, but none to TLS.
        ("https://2130706433/", "TlsProtocolError"),
        ("https://127.1/", "TlsProtocolError"),
        ("https://0x7f000001/", "TlsProtocolError"),
    ] {
        is_error(get(&connector, &format!(r#"{{"url":"{url}"}}"#)).await, code);
    }
    // Plain HTTP and this machine are no business of the proxy's.
    is_error(get(&connector, r#"{"url":"http://looker.invalid/"}"#).await, "DnsError");
    let local = proxied(&["localhost"], &authority, &address.to_string(), "");
    is_error(get(&local, r#"{"url":"https://localhost/"}"#).await, "DestinationIpProhibited");
    // Neither is what NO_PROXY names.
    let direct = proxied(&["looker.invalid"], &authority, &address.to_string(), "invalid");
    is_error(get(&direct, r#"{"url":"https://looker.invalid/"}"#).await, "DnsError");
    assert!(asked.lock().unwrap().is_empty(), "{asked:?}");
    // The proxy is no man in the middle: another host's certificate does not pass.
    let other = proxied(&["other.invalid"], &authority, &address.to_string(), "");
    is_error(get(&other, r#"{"url":"https://other.invalid/"}"#).await, "TlsCertificateError");
}

#[tokio::test]
async fn what_the_proxy_fails_at_is_told_to_the_operator() {
    let authority = authority("failures.pem", &["looker.invalid"]);
    let answers = [
        ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "wants a user name and a password"),
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", "did not connect to looker.invalid:443"),
        ("no HTTP at all\r\n\r\n", "did not connect to looker.invalid:443"),
        ("", "it closed the connection"),
    ];
    for (answer, words) in answers {
        let (address, _) = proxy(Err(answer)).await;
        let connector = proxied(&["looker.invalid"], &authority, &format!("http://user:hush@{address}"), "");
        is_error(get(&connector, r#"{"url":"https://looker.invalid/"}"#).await, "DestinationUnavailable");
        let failures = connector.proxy_failures();
        let [failure] = &failures[..] else { panic!("{failures:?}") };
        let told = format!("{failure} {failure:?}");
        assert!(told.contains(words) && told.contains(&address.to_string()), "{told}");
        assert!(!told.contains("hush"), "{told}");
    }
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let connector = proxied(&["looker.invalid"], &authority, &free.to_string(), "");
    is_error(get(&connector, r#"{"url":"https://looker.invalid/"}"#).await, "DestinationUnavailable");
    assert!(matches!(connector.proxy_failures()[0].cause, ProxyFailureCause::Unreachable(_)));
    // A proxy that never answers is within the time to connect.
    let silent = server(|mut stream| async move {
        request(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let connector = proxied(&["looker.invalid"], &authority, &silent.to_string(), "");
    is_error(get(&connector, r#"{"url":"https://looker.invalid/","connect":200}"#).await, "ConnectionTimeout");
}

/// The command with these environment variables, beside which a server runs.
async fn command(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = assert_cmd::Command::cargo_bin("host-harness").unwrap();
    for name in ["HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "LOOKERSDK_BASE_URL"] {
        command.env_remove(name);
    }
    command.env("XDG_CACHE_HOME", folder().join("cache")).args(["--component"]).arg(common::guest_file());
    command.args(arguments).envs(variables.iter().copied());
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

#[tokio::test]
async fn the_command_line_trusts_a_file_and_goes_through_the_proxy_of_the_environment() {
    let authority = authority("command.pem", &["looker.invalid"]);
    let (address, asked) = proxy(Ok(authority.server().await)).await;
    let url = format!("http://user:hush@{address}");
    let ca_file = authority.pem.to_str().unwrap();
    let input = r#"{"url":"https://looker.invalid/"}"#;
    let arguments = [
        ["--ca-file", ca_file],
        ["--allow-host", "looker.invalid"],
        ["--auth", r#"{"host":"looker.invalid:443"}"#],
        ["--log", "trace"],
        ["invoke", "get"],
        ["--input", input],
    ]
    .concat();
    let output = command(&arguments, &[("HTTPS_PROXY", &url)]).await;
    let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success() && stdout.contains("\"bytes\""), "{stdout} {stderr}");
    assert_eq!(asked.lock().unwrap().len(), 1);
    for secret in ["hush", "dXNlcjpodXNo"] {
        assert!(!stderr.contains(secret), "{stderr}");
    }
    // Without the authority the certificate is refused; without the proxy there is no such host.
    let output = command(&arguments[2..], &[("HTTPS_PROXY", &url)]).await;
    assert!(String::from_utf8_lossy(&output.stderr).contains("TlsCertificateError"), "{output:?}");
    let output = command(&arguments, &[("HTTPS_PROXY", &url), ("NO_PROXY", "looker.invalid")]).await;
    assert!(String::from_utf8_lossy(&output.stderr).contains("DnsError"), "{output:?}");
    // A proxy that refuses is told in a note.
    let (address, _) = proxy(Err("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")).await;
    let output = command(&arguments, &[("https_proxy", &address.to_string())]).await;
    let expected = format!("note: the proxy {address} wants a user name and a password");
    assert!(String::from_utf8_lossy(&output.stderr).contains(&expected), "{output:?}");
    // What cannot be used is wrong usage, named.
    for (arguments, variable, expected) in [
        (
            &["--ca-file", "/nowhere.pem", "check"][..],
            ("NO_PROXY", ""),
            "--ca-file: /nowhere.pem: it could not be read",
        ),
        (
            &["check"],
            ("HTTPS_PROXY", "socks5://u:hush@proxy:1"),
            "HTTPS_PROXY: only proxies that are spoken to by HTTP",
        ),
    ] {
        let output = command(arguments, &[variable]).await;
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && stderr.contains(expected) && !stderr.contains("hush"), "{stderr}");
    }
}
