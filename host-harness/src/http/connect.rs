//! Makes connections: resolves the name, checks each address, connects to one that passed, speaks TLS.

use super::{CONNECT_TIMEOUT, destination};
use crate::policy::{Denial, Policy};
use http::Uri;
use hyper_rustls::HttpsConnector;
use hyper_util::rt::TokioIo;
use std::collections::VecDeque;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tower_service::Service;

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type BoxFuture<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

/// How long one address is tried before the next one is tried beside it (RFC 8305).
const NEXT_ADDRESS: Duration = Duration::from_millis(250);

tokio::task_local! {
    /// How long the request that a connection is made for wants to wait for it.
    pub(super) static CONNECT_TIME: Duration;
}

/// A connection that did not come about.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error(transparent)]
    Denied(Denial),
    #[error("the name could not be resolved: {0}")]
    Dns(std::io::Error),
    #[error("the name has no address")]
    NoAddress,
    #[error("the URL is invalid")]
    Url,
    #[error("the connection took too long")]
    TimedOut,
    #[error("{0}")]
    Tcp(std::io::Error),
}

/// Makes connections within the time that the request grants.
#[derive(Clone)]
pub(super) struct Connections {
    https: HttpsConnector<Tcp>,
}

impl Connections {
    pub(super) fn new(policy: Arc<Policy>, tls: Arc<rustls::ClientConfig>) -> Self {
        let https = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(Arc::unwrap_or_clone(tls))
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(Tcp { policy });
        Self { https }
    }
}

impl Service<Uri> for Connections {
    type Response = <HttpsConnector<Tcp> as Service<Uri>>::Response;
    type Error = BoxError;
    type Future = BoxFuture<Self::Response, BoxError>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let time = CONNECT_TIME.try_get().unwrap_or(CONNECT_TIMEOUT);
        let connection = self.https.call(uri);
        Box::pin(async move { tokio::time::timeout(time, connection).await.map_err(|_| ConnectError::TimedOut)? })
    }
}

/// Makes TCP connections to addresses that the policy lets through.
#[derive(Clone)]
pub(super) struct Tcp {
    policy: Arc<Policy>,
}

impl Service<Uri> for Tcp {
    type Response = TokioIo<TcpStream>;
    type Error = ConnectError;
    type Future = BoxFuture<Self::Response, ConnectError>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let policy = Arc::clone(&self.policy);
        Box::pin(async move {
            let addresses = allowed_addresses(&policy, &uri).await?;
            let stream = first_connection(addresses).await?;
            // Requests are small and each waits for its answer.
            stream.set_nodelay(true).map_err(ConnectError::Tcp)?;
            Ok(TokioIo::new(stream))
        })
    }
}

/// Resolves a host and keeps the addresses that the policy lets through.
async fn allowed_addresses(policy: &Policy, uri: &Uri) -> Result<VecDeque<SocketAddr>, ConnectError> {
    let destination = destination(uri).map_err(|_| ConnectError::Url)?;
    let grant = policy.check_host(&destination).map_err(ConnectError::Denied)?;
    let resolved =
        tokio::net::lookup_host((destination.host.as_str(), destination.port)).await.map_err(ConnectError::Dns)?;
    let mut allowed = VecDeque::new();
    let mut denied = None;
    for address in resolved {
        match policy.check_address(&destination, grant, address.ip()) {
            Ok(()) => allowed.push_back(address),
            Err(denial) => denied = denied.or(Some(denial)),
        }
    }
    match (allowed.is_empty(), denied) {
        (false, _) => Ok(allowed),
        (true, Some(denial)) => Err(ConnectError::Denied(denial)),
        (true, None) => Err(ConnectError::NoAddress),
    }
}

/// Connects to the first address that answers. The next one is tried when one fails, or keeps silent for a while.
async fn first_connection(mut addresses: VecDeque<SocketAddr>) -> Result<TcpStream, ConnectError> {
    let mut attempts = JoinSet::new();
    let mut failure = ConnectError::NoAddress;
    loop {
        if let Some(address) = addresses.pop_front() {
            attempts.spawn(TcpStream::connect(address));
        }
        let outcome = if addresses.is_empty() {
            attempts.join_next().await
        } else {
            match tokio::time::timeout(NEXT_ADDRESS, attempts.join_next()).await {
                Ok(outcome) => outcome,
                Err(_) => continue,
            }
        };
        match outcome {
            Some(Ok(Ok(stream))) => return Ok(stream),
            Some(Ok(Err(error))) => failure = ConnectError::Tcp(error),
            Some(Err(error)) => failure = ConnectError::Tcp(std::io::Error::other(error)),
            None => return Err(failure),
        }
    }
}

/// The certificate authorities of the system, for companies that have one of their own, and Mozilla's, for systems that
/// have none. They are read once.
pub(super) fn default_tls() -> Arc<rustls::ClientConfig> {
    static CONFIG: LazyLock<Arc<rustls::ClientConfig>> = LazyLock::new(|| {
        let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let system = rustls_native_certs::load_native_certs();
        for error in &system.errors {
            tracing::debug!(%error, "a certificate of the system could not be read");
        }
        roots.add_parsable_certificates(system.certs);
        Arc::new(client_config(roots))
    });
    Arc::clone(&CONFIG)
}

/// A TLS configuration that trusts these certificate authorities.
fn client_config(roots: rustls::RootCertStore) -> rustls::ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    #[expect(clippy::expect_used, reason = "ring supports the default protocol versions")]
    rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth()
}
