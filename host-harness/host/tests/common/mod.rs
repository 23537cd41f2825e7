//! What the host's tests share: the guest that misbehaves on demand, and servers to connect to.
#![allow(dead_code, reason = "each test file uses a part")]

pub mod tls;
pub mod world;

use connector_host::egress::policy::Origin;
use connector_host::{
    Auth, Body, Cache, Call, Component, Connector, ConnectorBuilder, Failure, Host, Limits, Output, Policy,
};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The file of the guest, built when it is first asked for.
pub fn guest_file() -> &'static Path {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guest");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("guest");
        component_build::build(&workspace, "test-guest", &folder).unwrap()
    })
}

/// The host and the guest, compiled once for all tests of a file.
fn loaded() -> &'static (Host, Component) {
    static LOADED: OnceLock<(Host, Component)> = OnceLock::new();
    LOADED.get_or_init(|| {
        let host = Host::builder().cache(Cache::none()).build().unwrap();
        let component = Component::from_file_blocking(&host, guest_file()).unwrap();
        (host, component)
    })
}

/// A builder for the guest, which is allowed to connect nowhere, and whose sign-ins are not shared.
pub fn builder() -> ConnectorBuilder {
    let (host, component) = loaded();
    Connector::builder(host, component).sessions(false)
}

/// The guest, allowed to connect nowhere.
pub async fn connector() -> Connector {
    builder().build().await.unwrap()
}

/// The guest under a policy.
pub async fn under(policy: Policy) -> Connector {
    builder().policy(policy).build().await.unwrap()
}

/// The guest, allowed to connect to this address.
pub async fn allowed(address: SocketAddr) -> Connector {
    under(policy(&[&address.to_string()])).await
}

/// The guest with these limits, allowed to connect nowhere.
pub async fn limited(limits: Limits) -> Connector {
    builder().limits(limits).build().await.unwrap()
}

/// An auth of which the guest makes nothing.
pub fn no_auth() -> Auth {
    Auth::from_json("{}").unwrap()
}

/// Carries out one operation of the guest's in a fresh sandbox.
pub async fn invoke(connector: &Connector, operation: &str, input: &str) -> Result<Output, Failure> {
    connector.invoke(&no_auth(), Call::new(operation).input(input)).await
}

/// A policy of rules that the operator named.
pub fn policy(rules: &[&str]) -> Policy {
    let mut policy = Policy::deny_all();
    for rule in rules {
        policy.allow(rule.parse().unwrap(), Origin::Operator);
    }
    policy
}

/// A server on loopback that does with each connection what `serve` says. It ends with the test's runtime.
pub async fn server<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// Reads the head of one request: nothing at the end of the connection.
pub async fn request(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).await.is_ok_and(|read| read == 1) {
        head.extend(byte);
    }
    String::from_utf8(head).unwrap()
}

/// A server that gives every request the same answer, in as many bytes as it says, and keeps connections open.
pub async fn answering(answer: &'static str) -> SocketAddr {
    server(move |mut stream| async move {
        while !request(&mut stream).await.is_empty() {
            if stream.write_all(answer.as_bytes()).await.is_err() {
                break;
            }
        }
    })
    .await
}

/// Has the guest get something: the response's status and length, or what the guest was told.
pub async fn get(connector: &Connector, input: &str) -> Result<String, String> {
    get_as(connector, &no_auth(), input).await
}

/// The same with an auth: the guest requests the hosts in its field `host`.
pub async fn get_as(connector: &Connector, auth: &Auth, input: &str) -> Result<String, String> {
    match connector.invoke(auth, Call::new("get").input(input)).await {
        Ok(output) => match output.body {
            Body::Json(json) => Ok(json),
            other => panic!("{other:?}"),
        },
        Err(failure) => Err(failure.problem().message),
    }
}

/// Whether the guest was told this error code.
pub fn is_error(outcome: Result<String, String>, code: &str) {
    match outcome {
        Err(message) if message.contains(code) => {}
        other => panic!("expected {code}, got {other:?}"),
    }
}
