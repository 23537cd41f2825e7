//! Transport: whose certificates are trusted, through which proxy requests go, and how names are resolved.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::tls::acceptor;
use common::{builder, get, is_error, no_auth, policy, request, server, under};
use connector_host::egress::certificate::{CertificateFailure, CertificateProblem};
use connector_host::egress::policy::{AddressClass, DenialCause, Origin};
use connector_host::egress::proxy::{Proxy, ProxyFailureCause};
use connector_host::egress::resolve::{Resolve, Resolving};
use connector_host::egress::tls;
use connector_host::egress::transport::Transport;
use connector_host::{Call, Cause, Connector, Failure, Policy};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

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
    let certificate = params_for(names).signed_by(&key, &issuer).unwrap();
    Authority { pem, acceptor: acceptor(&certificate, &key, &[]) }
}

/// What a certificate for these names begins with.
fn params_for(names: &[&str]) -> CertificateParams {
    CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap()
}

/// A certificate that issued itself, as a PEM file, and a server that has it.
async fn self_signed(file: &str, params: CertificateParams) -> (PathBuf, SocketAddr) {
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let pem = folder().join(file);
    std::fs::write(&pem, certificate.pem()).unwrap();
    let authority = Authority { pem, acceptor: acceptor(&certificate, &key, &[]) };
    let address = authority.server().await;
    (authority.pem, address)
}

/// The same with `CA:TRUE`, as appliances make one for themselves.
fn authority_params(names: &[&str]) -> CertificateParams {
    let mut params = params_for(names);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
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

/// A connector under these rules of one origin, whose requests go through a proxy.
async fn proxied(rules: &[&str], origin: Origin, authority: &Authority, proxy: &str, no_proxy: &str) -> Connector {
    let transport = Transport::new().with_proxy(Proxy::new(proxy, no_proxy).unwrap());
    with_rules(rules, origin, authority, transport).await
}

async fn with_rules(rules: &[&str], origin: Origin, authority: &Authority, transport: Transport) -> Connector {
    let mut policy = Policy::deny_all();
    for rule in rules {
        policy.allow(rule.parse().unwrap(), origin);
    }
    let transport = transport.with_tls(&tls::trusting(&[&authority.pem]).unwrap());
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
    let connector = proxied(&["api.invalid:19999"], Origin::Operator, &authority, &url, "").await;
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
    let connector =
        proxied(&["api.invalid"], Origin::Operator, &authority, &format!("https://localhost:{}", address.port()), "")
            .await;
    assert_eq!(get(&connector, r#"{"url":"https://api.invalid/"}"#).await.unwrap(), r#"{"status":200,"bytes":2}"#);
}

#[tokio::test]
async fn policy_applies_with_a_proxy() {
    let authority = authority("policy.pem", &["api.invalid"]);
    let (address, asked) = proxy(Ok(authority.server().await)).await;
    let wishes = ["api.invalid", "10.0.0.7", "169.254.169.254", "[fd00::7]", "2130706433", "127.1", "0x7f000001"];
    let connector = proxied(&wishes, Origin::Connector, &authority, &address.to_string(), "").await;
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
    let local = proxied(&["localhost"], Origin::Connector, &authority, &address.to_string(), "").await;
    is_error(get(&local, r#"{"url":"https://localhost/"}"#).await, "DestinationIpProhibited");
    // Neither is what NO_PROXY names.
    let direct = proxied(&["api.invalid"], Origin::Operator, &authority, &address.to_string(), "invalid").await;
    is_error(get(&direct, r#"{"url":"https://api.invalid/"}"#).await, "DnsError");
    assert!(asked.lock().unwrap().is_empty(), "{asked:?}");
    // The proxy is no man in the middle: another host's certificate does not pass.
    let other = proxied(&["other.invalid"], Origin::Operator, &authority, &address.to_string(), "").await;
    is_error(get(&other, r#"{"url":"https://other.invalid/"}"#).await, "TlsCertificateError");
}

#[tokio::test]
async fn proxy_gets_only_hosts_that_are_named_or_resolve_to_allowed_addresses() {
    let authority = authority("resolved.pem", &["api.invalid"]);
    let (address, asked) = proxy(Ok(authority.server().await)).await;
    let url = r#"{"url":"https://api.invalid/"}"#;
    let proxy = Proxy::new(&address.to_string(), "").unwrap();
    // The address is never connected to: the proxy connects.
    let public = "93.184.216.34";
    for (resolved, is_allowed) in
        [(&[public][..], true), (&[public, "10.0.0.5"], false), (&["127.0.0.1"], false), (&["fd00:ec2::254"], false)]
    {
        let transport = Transport::new().with_proxy(proxy.clone()).with_resolver(resolver(&[resolved]));
        let requested = with_rules(&["api.invalid"], Origin::Connector, &authority, transport).await;
        let outcome = get(&requested, url).await;
        assert_eq!(asked.lock().unwrap().drain(..).count(), usize::from(is_allowed), "{resolved:?}");
        if is_allowed {
            assert!(outcome.is_ok(), "{outcome:?}");
        } else {
            is_error(outcome, "DestinationIpProhibited");
        }
    }
    for (rule, origin) in [("api.invalid", Origin::Connector), ("*.invalid", Origin::Operator)] {
        let unresolved = proxied(&[rule], origin, &authority, &address.to_string(), "").await;
        let failure = failure(&unresolved, url).await;
        let [Cause::Denied(denial)] = failure.causes() else { panic!("{failure:?}") };
        assert_eq!((denial.cause, denial.rule().as_deref()), (DenialCause::Unresolved, Some("api.invalid:443")));
    }
    assert!(asked.lock().unwrap().is_empty());
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
        let connector =
            proxied(&["api.invalid"], Origin::Operator, &authority, &format!("http://user:hush@{address}"), "").await;
        let failure = failure(&connector, r#"{"url":"https://api.invalid/"}"#).await;
        assert!(failure.problem().message.contains("DestinationUnavailable"), "{failure}");
        let [cause @ Cause::Proxy(_)] = failure.causes() else { panic!("{failure:?}") };
        let told = format!("{cause} {cause:?}");
        assert!(told.contains(words) && told.contains(&address.to_string()), "{told}");
        assert!(!told.contains("hush"), "{told}");
    }
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let connector = proxied(&["api.invalid"], Origin::Operator, &authority, &free.to_string(), "").await;
    let unreachable = failure(&connector, r#"{"url":"https://api.invalid/"}"#).await;
    let [Cause::Proxy(proxy)] = unreachable.causes() else { panic!("{unreachable:?}") };
    assert!(matches!(&proxy.cause, ProxyFailureCause::Unreachable(why) if why.contains("refused")), "{proxy:?}");
    // A proxy that never answers is within the time to connect.
    let silent = server(|mut stream| async move {
        request(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let connector = proxied(&["api.invalid"], Origin::Operator, &authority, &silent.to_string(), "").await;
    is_error(get(&connector, r#"{"url":"https://api.invalid/","connect":200}"#).await, "ConnectionTimeout");
}

/// A connector that may reach this machine and trusts these files.
async fn trusting(files: &[&PathBuf]) -> Connector {
    let transport = Transport::new().with_tls(&tls::trusting(files).unwrap());
    builder().transport(transport).policy(policy(&["localhost", "127.0.0.1"])).build().await.unwrap()
}

/// The check that the certificate of a server fails.
async fn certificate_failure(connector: &Connector, host: &str, port: u16) -> CertificateFailure {
    let failure = failure(connector, &format!(r#"{{"url":"https://{host}:{port}/"}}"#)).await;
    assert!(failure.problem().message.contains("TlsCertificateError"), "{failure}");
    let [Cause::Certificate(cause)] = failure.causes() else { panic!("{failure:?}") };
    assert_eq!((cause.destination.host.as_str(), cause.destination.port), (host, port));
    cause.clone()
}

#[tokio::test]
async fn certificate_failure_says_which_check_failed() {
    let known = authority("known.pem", &["api.invalid", "*.example.com"]);
    let port = known.server().await.port();
    let wrong_name = certificate_failure(&trusting(&[&known.pem]).await, "localhost", port).await;
    let names = ["api.invalid".to_owned(), "*.example.com".to_owned()];
    assert!(matches!(&wrong_name.problem, CertificateProblem::OtherNames(seen) if *seen == names), "{wrong_name:?}");
    assert!(wrong_name.to_string().ends_with("it is for another host: api.invalid, *.example.com"), "{wrong_name}");
    assert!(!wrong_name.can_be_trusted());

    let mut params = params_for(&["localhost"]);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2021, 2, 3);
    let (pem, address) = self_signed("expired.pem", params.clone()).await;
    let expired = certificate_failure(&trusting(&[&pem]).await, "localhost", address.port()).await;
    assert!(expired.to_string().ends_with("it expired on Wed, 03 Feb 2021 00:00:00 GMT"), "{expired}");
    assert!(!expired.can_be_trusted());
    params.not_after = date_time_ymd(4000, 1, 1);
    params.not_before = date_time_ymd(3999, 1, 1);
    let (pem, address) = self_signed("early.pem", params).await;
    let early = certificate_failure(&trusting(&[&pem]).await, "localhost", address.port()).await;
    assert!(early.to_string().contains("it is valid from Fri, 01 Jan 3999 00:00:00 GMT on"), "{early}");

    let nobody: &[&PathBuf] = &[];
    let mut issuer = authority_params(&[]);
    issuer.distinguished_name.push(DnType::CommonName, "Example \u{7}Corp Root");
    let issuer = Issuer::new(issuer, KeyPair::generate().unwrap());
    let key = KeyPair::generate().unwrap();
    let certificate = params_for(&["localhost"]).signed_by(&key, &issuer).unwrap();
    let unknown = Authority { pem: PathBuf::new(), acceptor: acceptor(&certificate, &key, &[]) };
    let port = unknown.server().await.port();
    let unknown = certificate_failure(&trusting(nobody).await, "localhost", port).await;
    assert!(
        unknown.to_string().contains("no trusted authority issued it (its issuer is `Example Corp Root`)"),
        "{unknown}"
    );
    assert!(unknown.can_be_trusted());

    for params in [params_for(&["localhost"]), authority_params(&["localhost"])] {
        let (_, address) = self_signed("own.pem", params).await;
        let own = certificate_failure(&trusting(nobody).await, "localhost", address.port()).await;
        assert_eq!(own.problem, CertificateProblem::SelfSigned);
        assert!(own.can_be_trusted());
    }
}

#[tokio::test]
async fn self_signed_authority_is_accepted_for_its_names_where_it_is_trusted() {
    let (pem, address) = self_signed("appliance.pem", authority_params(&["localhost"])).await;
    let (other, _) = self_signed("other-appliance.pem", authority_params(&["localhost"])).await;
    let url = format!(r#"{{"url":"https://localhost:{}/"}}"#, address.port());
    assert_eq!(get(&trusting(&[&pem]).await, &url).await.unwrap(), r#"{"status":200,"bytes":2}"#);
    // Neither for another name, nor because another one of the same name is trusted, nor after it has expired.
    let wrong_name = certificate_failure(&trusting(&[&pem]).await, "127.0.0.1", address.port()).await;
    assert!(matches!(wrong_name.problem, CertificateProblem::OtherNames(_)), "{wrong_name:?}");
    let untrusted = certificate_failure(&trusting(&[&other]).await, "localhost", address.port()).await;
    assert_eq!(untrusted.problem, CertificateProblem::SelfSigned);
    let mut params = authority_params(&["localhost"]);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2021, 2, 3);
    let (pem, address) = self_signed("old-appliance.pem", params).await;
    let expired = certificate_failure(&trusting(&[&pem]).await, "localhost", address.port()).await;
    assert!(matches!(expired.problem, CertificateProblem::Expired(_)), "{expired:?}");
}

/// A resolver that gives one answer after the other, and then the last one again.
struct Changing(Mutex<Vec<Vec<IpAddr>>>);

impl Resolve for Changing {
    fn resolve(&self, _: &str) -> Resolving {
        let mut answers = self.0.lock().unwrap();
        let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
        Box::pin(std::future::ready(Ok(answer)))
    }
}

fn resolver(answers: &[&[&str]]) -> Arc<Changing> {
    let answers = answers.iter().map(|list| list.iter().map(|address| address.parse().unwrap()).collect()).collect();
    Arc::new(Changing(Mutex::new(answers)))
}

/// A connector whose names have these addresses, one list after the other.
async fn resolving(answers: &[&[&str]], rule: &str) -> Connector {
    let transport = Transport::new().with_resolver(resolver(answers));
    builder().transport(transport).policy(policy(&[rule])).build().await.unwrap()
}

#[tokio::test]
async fn each_connection_checks_the_addresses_again() {
    let address = server(|mut stream| async move {
        request(&mut stream).await;
        let _ = stream.write_all(ANSWER).await;
    })
    .await;
    let url = format!(r#"{{"url":"http://api.invalid:{}/"}}"#, address.port());
    // Of several addresses, those that are denied are never tried: 0.0.0.0 and the link-local one would reach this machine.
    let both = resolving(&[&["169.254.169.254", "127.0.0.1", "fe80::1"]], "api.invalid").await;
    assert!(get(&both, &url).await.is_ok());
    // The second time the name is somebody else's.
    let rebound = resolving(&[&["127.0.0.1"], &["169.254.169.254"]], "api.invalid").await;
    assert!(get(&rebound, &url).await.is_ok());
    let second = failure(&rebound, &url).await;
    let [Cause::Denied(denial)] = second.causes() else { panic!("{second:?}") };
    assert!(matches!(denial.cause, DenialCause::Address(_, AddressClass::Metadata)), "{denial:?}");
    // A wildcard does not open this machine, however the name resolves.
    let wildcard = resolving(&[&["127.0.0.1"]], "http://*.invalid").await;
    is_error(get(&wildcard, &url).await, "DestinationIpProhibited");
}
