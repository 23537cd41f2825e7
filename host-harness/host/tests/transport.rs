//! Transport: whose certificates are trusted, through which proxy requests go, and how names are resolved.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{builder, get, is_error, no_auth, policy, request, server, under};
use connector_host::egress::policy::Origin;
use connector_host::egress::proxy::{Proxy, ProxyFailureCause};
use connector_host::egress::tls;
use connector_host::egress::transport::Transport;
use connector_host::{Call, Cause, Connector, Failure, Policy};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
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

/// How a request of the guest's fails.
async fn failure(connector: &Connector, input: &str) -> Failure {
    connector.invoke(&no_auth(), Call::new("get").input(input)).await.unwrap_err()
}

/// A connector that asks for hosts itself, as connectors do, and goes through a proxy.
async fn proxied(wishes: &[&str], authority: &Authority, proxy: &str, no_proxy: &str) -> Connector {
    let mut policy = Policy::deny_all();
    for wish in wishes {
        policy.allow(wish.parse().unwrap(), Origin::Connector);
    }
    let tls = tls::trusting(&[&authority.pem]).unwrap();
    let transport = Transport::new().with_tls(&tls).with_proxy(Proxy::new(proxy, no_proxy).unwrap());
    builder().transport(transport).policy(policy).build().await.unwrap()
}

#[tokio::test]
async fn private_authority_is_trusted_from_a_file_for_its_names_only() {
    let authority = authority("private.pem", &["localhost"]);
    let address = authority.server().await;
    let url = format!(r#"{{"url":"https://localhost:{}/"}}"#, address.port());
    let rules = ["localhost", "127.0.0.1"];
    is_error(get(&under(policy(&rules)).await, &url).await, "TlsCertificateError");
    let tls = tls::trusting(&[&authority.pem]).unwrap();
    let trusting = builder().transport(Transport::new().with_tls(&tls)).policy(policy(&rules)).build().await.unwrap();
    assert!(get(&trusting, &url).await.is_ok());
    is_error(get(&trusting, &format!(r#"{{"url":"https://{address}/"}}"#)).await, "TlsCertificateError");
}

#[test]
fn error_names_the_file_without_a_usable_certificate() {
    let good = std::fs::read_to_string(authority("good.pem", &["localhost"]).pem).unwrap();
    for (name, content, words) in [
        ("none.pem", String::new(), "contains no certificate"),
        ("key.pem", KeyPair::generate().unwrap().serialize_pem(), "contains no certificate"),
        ("der.pem", "\u{1}\u{2}".to_owned(), "contains no certificate"),
        ("cut.pem", good.split("-----END").next().unwrap().to_owned(), "has no end"),
        ("letters.pem", good.replacen("MII", "M!I", 1), "is not valid PEM"),
        (
            "garbage.pem",
            format!("{good}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            "certificate 2 in it is damaged",
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
async fn https_goes_through_the_proxy() {
    let authority = authority("tunnel.pem", &["api.invalid"]);
    let (address, asked) = proxy(Ok(authority.server().await)).await;
    let url = format!("http://user:hu%20sh@{address}");
    let connector = proxied(&["api.invalid:19999"], &authority, &url, "").await;
    assert!(get(&connector, r#"{"url":"https://api.invalid:19999/secret?a=b"}"#).await.is_ok());
    let asked = asked.lock().unwrap();
    let [head] = &asked[..] else { panic!("{asked:?}") };
    assert!(head.starts_with("CONNECT api.invalid:19999 HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("\r\nProxy-Authorization: Basic dXNlcjpodSBzaA==\r\n"), "{head}");
    assert!(!head.contains("secret"), "{head}");
}

#[tokio::test]
async fn proxy_connection_can_use_tls() {
    let authority = authority("outer.pem", &["api.invalid", "localhost"]);
    let target = authority.server().await;
    let acceptor = authority.acceptor.clone();
    let address = server(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let mut stream = acceptor.accept(stream).await.unwrap();
            let mut piece = [0; 4096];
            let read = tokio::io::AsyncReadExt::read(&mut stream, &mut piece).await.unwrap();
            assert!(piece[..read].starts_with(b"CONNECT api.invalid:443 "));
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            let mut server = TcpStream::connect(target).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
        }
    })
    .await;
    let connector = proxied(&["api.invalid"], &authority, &format!("https://localhost:{}", address.port()), "").await;
    assert_eq!(get(&connector, r#"{"url":"https://api.invalid/"}"#).await.unwrap(), r#"{"status":200,"bytes":2}"#);
}

#[tokio::test]
async fn policy_applies_with_a_proxy() {
    let authority = authority("policy.pem", &["api.invalid"]);
    let (address, asked) = proxy(Ok(authority.server().await)).await;
    let wishes = ["api.invalid", "10.0.0.7", "169.254.169.254", "[fd00::7]", "2130706433", "127.1", "0x7f000001"];
    let connector = proxied(&wishes, &authority, &address.to_string(), "").await;
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
    is_error(get(&connector, r#"{"url":"http://api.invalid/"}"#).await, "DnsError");
    let local = proxied(&["localhost"], &authority, &address.to_string(), "").await;
    is_error(get(&local, r#"{"url":"https://localhost/"}"#).await, "DestinationIpProhibited");
    // Neither is what NO_PROXY names.
    let direct = proxied(&["api.invalid"], &authority, &address.to_string(), "invalid").await;
    is_error(get(&direct, r#"{"url":"https://api.invalid/"}"#).await, "DnsError");
    assert!(asked.lock().unwrap().is_empty(), "{asked:?}");
    // The proxy is no man in the middle: another host's certificate does not pass.
    let other = proxied(&["other.invalid"], &authority, &address.to_string(), "").await;
    is_error(get(&other, r#"{"url":"https://other.invalid/"}"#).await, "TlsCertificateError");
}

#[tokio::test]
async fn proxy_failures_are_reported_to_the_operator() {
    let authority = authority("failures.pem", &["api.invalid"]);
    let answers = [
        ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "requires a user name and a password"),
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", "did not connect to api.invalid:443"),
        ("no HTTP at all\r\n\r\n", "did not connect to api.invalid:443"),
        ("", "it closed the connection"),
    ];
    for (answer, words) in answers {
        let (address, _) = proxy(Err(answer)).await;
        let connector = proxied(&["api.invalid"], &authority, &format!("http://user:hush@{address}"), "").await;
        let failure = failure(&connector, r#"{"url":"https://api.invalid/"}"#).await;
        assert!(failure.problem().message.contains("DestinationUnavailable"), "{failure}");
        let [cause @ Cause::Proxy(_)] = failure.causes() else { panic!("{failure:?}") };
        let told = format!("{cause} {cause:?}");
        assert!(told.contains(words) && told.contains(&address.to_string()), "{told}");
        assert!(!told.contains("hush"), "{told}");
    }
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let connector = proxied(&["api.invalid"], &authority, &free.to_string(), "").await;
    let unreachable = failure(&connector, r#"{"url":"https://api.invalid/"}"#).await;
    let [Cause::Proxy(proxy)] = unreachable.causes() else { panic!("{unreachable:?}") };
    assert!(matches!(&proxy.cause, ProxyFailureCause::Unreachable(why) if why.contains("refused")), "{proxy:?}");
    // A proxy that never answers is within the time to connect.
    let silent = server(|mut stream| async move {
        request(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let connector = proxied(&["api.invalid"], &authority, &silent.to_string(), "").await;
    is_error(get(&connector, r#"{"url":"https://api.invalid/","connect":200}"#).await, "ConnectionTimeout");
}
