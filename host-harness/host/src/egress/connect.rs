//! Makes connections: resolves the name, checks each address, connects to one that passed (or has a proxy do that), speaks
//! TLS.

use super::destination;
use super::proxy::{Proxy, ProxyFailure, ProxyFailureCause, Route};
use crate::egress::policy::{Denial, Destination, Policy};
use crate::limits;
use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::rt::TokioIo;
use std::collections::VecDeque;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
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
    #[error(transparent)]
    Proxy(ProxyFailure),
}

/// Makes connections within the time that the request grants.
#[derive(Clone)]
pub(super) struct Connections {
    https: HttpsConnector<Network>,
}

impl Connections {
    pub(super) fn new(policy: Arc<Policy>, tls: Arc<rustls::ClientConfig>, proxy: Option<Proxy>) -> Self {
        let proxy = proxy.map(|proxy| {
            let connector = HttpsConnectorBuilder::new()
                .with_tls_config((*tls).clone())
                .https_or_http()
                .enable_http1()
                .wrap_connector(ProxyTcp);
            (proxy, connector)
        });
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(Arc::unwrap_or_clone(tls))
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(Network { policy, proxy });
        Self { https }
    }
}

impl Service<Uri> for Connections {
    type Response = MaybeHttpsStream<NetworkStream>;
    type Error = BoxError;
    type Future = BoxFuture<Self::Response, BoxError>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let time = CONNECT_TIME.try_get().unwrap_or(limits::CONNECT_TIMEOUT);
        let connection = self.https.call(uri);
        Box::pin(async move { tokio::time::timeout(time, connection).await.map_err(|_| ConnectError::TimedOut)? })
    }
}

/// What TLS is spoken over: TCP, or TLS with a proxy.
pub(super) type NetworkStream = MaybeHttpsStream<TokioIo<TcpStream>>;

/// Makes connections to where the policy lets them go: by TCP, or through the proxy where there is one.
#[derive(Clone)]
struct Network {
    policy: Arc<Policy>,
    proxy: Option<(Proxy, HttpsConnector<ProxyTcp>)>,
}

impl Service<Uri> for Network {
    type Response = NetworkStream;
    type Error = ConnectError;
    type Future = BoxFuture<Self::Response, ConnectError>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let Self { policy, proxy } = self.clone();
        Box::pin(async move {
            let destination = destination(&uri).map_err(|_| ConnectError::Url)?;
            if let Some((proxy, connector)) = proxy
                && let Some(route) = proxy.route(&uri, &destination)
            {
                return through(route, connector, &policy, destination, uri).await;
            }
            let addresses = allowed_addresses(&policy, &destination).await?;
            first_connection(addresses).await.map(MaybeHttpsStream::Http)
        })
    }
}

/// Has the proxy connect. What the policy can still say then, the proxy's module tells.
async fn through(
    route: Route,
    connector: HttpsConnector<ProxyTcp>,
    policy: &Policy,
    destination: Destination,
    uri: Uri,
) -> Result<NetworkStream, ConnectError> {
    let grant = policy.check_host(&destination).map_err(ConnectError::Denied)?;
    if let Ok(address) = destination.host.parse() {
        policy.check_address(&destination, grant, address).map_err(ConnectError::Denied)?;
    }
    let Route { proxy, authorization } = route;
    let mut tunnel = Tunnel::new(proxy.clone(), connector);
    if let Some(authorization) = authorization {
        tunnel = tunnel.with_auth(authorization);
    }
    tunnel.call(uri).await.map_err(|error| {
        let cause = match error {
            TunnelError::ProxyAuthRequired => ProxyFailureCause::Authorization,
            TunnelError::ConnectFailed(error) => ProxyFailureCause::Unreachable(error.to_string()),
            TunnelError::Io(error) => ProxyFailureCause::Refused(error.to_string()),
            TunnelError::TunnelUnexpectedEof => ProxyFailureCause::Refused("it closed the connection".to_owned()),
            TunnelError::TunnelUnsuccessful => ProxyFailureCause::Refused("it answered with a refusal".to_owned()),
            TunnelError::ProxyHeadersTooLong => ProxyFailureCause::Refused("its answer is too long".to_owned()),
            TunnelError::MissingHost => return ConnectError::Url,
        };
        let proxy = proxy.authority().map(ToString::to_string).unwrap_or_default();
        ConnectError::Proxy(ProxyFailure { proxy, destination, cause })
    })
}

/// Its own name is not public.
type TunnelError = <Tunnel<HttpsConnector<ProxyTcp>> as Service<Uri>>::Error;

/// Makes TCP connections to the proxy, wherever it is: that is the operator's choice.
#[derive(Clone)]
struct ProxyTcp;

impl Service<Uri> for ProxyTcp {
    type Response = TokioIo<TcpStream>;
    type Error = ConnectError;
    type Future = BoxFuture<Self::Response, ConnectError>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(async move {
            let destination = destination(&uri).map_err(|_| ConnectError::Url)?;
            let addresses = resolve(&destination).await?;
            first_connection(addresses.collect()).await
        })
    }
}

async fn resolve(destination: &Destination) -> Result<impl Iterator<Item = SocketAddr>, ConnectError> {
    tokio::net::lookup_host((destination.host.as_str(), destination.port)).await.map_err(ConnectError::Dns)
}

/// Resolves a host and keeps the addresses that the policy lets through.
async fn allowed_addresses(policy: &Policy, destination: &Destination) -> Result<VecDeque<SocketAddr>, ConnectError> {
    let grant = policy.check_host(destination).map_err(ConnectError::Denied)?;
    let mut allowed = VecDeque::new();
    let mut denied = None;
    for address in resolve(destination).await? {
        match policy.check_address(destination, grant, address.ip()) {
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
async fn first_connection(mut addresses: VecDeque<SocketAddr>) -> Result<TokioIo<TcpStream>, ConnectError> {
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
            Some(Ok(Ok(stream))) => {
                // Requests are small and each waits for its answer.
                stream.set_nodelay(true).map_err(ConnectError::Tcp)?;
                return Ok(TokioIo::new(stream));
            }
            Some(Ok(Err(error))) => failure = ConnectError::Tcp(error),
            Some(Err(error)) => failure = ConnectError::Tcp(std::io::Error::other(error)),
            None => return Err(failure),
        }
    }
}
