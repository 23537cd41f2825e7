//! Opens connections: resolves the name, checks each address, connects to one that passed (or has the proxy connect), and
//! starts TLS.
//!
//! hyper-util's `HttpConnector` makes the TCP connection, by Happy Eyeballs. It does not ask its resolver for hosts that are
//! IP addresses already, and it tells the resolver neither port nor scheme, which the policy needs. So the addresses are
//! resolved and checked before, and its resolver only hands them over.

use crate::egress::destination::Destination;
use crate::egress::flood::Guarded;
use crate::egress::policy::Policy;
use crate::egress::policy::denial::{Denial, DenialCause};
use crate::egress::proxy::{ProxyFailure, ProxyFailureCause, Route};
use crate::egress::source::find;
use crate::egress::transport::Transport;
use crate::limits;
use http::Uri;
use hyper_rustls::{DefaultServerNameResolver, HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::rt::TokioIo;
use std::future::{Future, Ready, ready};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tower_service::Service;

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type BoxFuture<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

/// How long addresses of the preferred family are tried before the other family is tried beside them (RFC 8305).
const HAPPY_EYEBALLS_DELAY: Duration = Duration::from_millis(250);

tokio::task_local! {
    /// The time limit for connecting of the request that a connection is opened for. hyper-util's client hands a connector
    /// nothing but the URL.
    pub(super) static CONNECT_TIMEOUT: Duration;
}

/// A connection that could not be opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error(transparent)]
    Denied(Denial),
    #[error("the host name could not be resolved: {0}")]
    Dns(io::Error),
    #[error("the host name has no address")]
    NoAddress,
    #[error("the URL is invalid")]
    Url,
    #[error("connecting took too long")]
    TimedOut,
    #[error("{message}")]
    Tcp { kind: io::ErrorKind, message: String },
    #[error(transparent)]
    Proxy(ProxyFailure),
}

/// Opens connections where one policy allows them.
#[derive(Clone)]
pub(super) struct Connections {
    policy: Arc<Policy>,
    transport: Transport,
}

impl Connections {
    pub(super) fn new(policy: Arc<Policy>, transport: Transport) -> Self {
        Self { policy, transport }
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
        let time = CONNECT_TIMEOUT.try_get().unwrap_or(limits::CONNECT_TIMEOUT);
        let Self { policy, transport } = self.clone();
        let connection = async move {
            let destination = Destination::of(&uri).map_err(|_| ConnectError::Url)?;
            let is_plaintext = destination.plaintext;
            let tls = if is_plaintext { None } else { Some(transport.tls().await) };
            let mut network = Network { policy, transport, time };
            match tls {
                None => Ok(MaybeHttpsStream::Http(network.call(uri).await?)),
                Some(tls) => HttpsConnector::new(network, tls.server, false, server_names()).call(uri).await,
            }
        };
        Box::pin(async move { tokio::time::timeout(time, connection).await.map_err(|_| ConnectError::TimedOut)? })
    }
}

fn server_names() -> Arc<DefaultServerNameResolver> {
    Arc::new(DefaultServerNameResolver::default())
}

/// What TLS with the server runs over: TCP, or TLS with a proxy.
pub(super) type NetworkStream = MaybeHttpsStream<TokioIo<Guarded>>;

/// Opens connections where the policy allows them: by TCP, or through the proxy where there is one.
#[derive(Clone)]
struct Network {
    policy: Arc<Policy>,
    transport: Transport,
    time: Duration,
}

impl Service<Uri> for Network {
    type Response = NetworkStream;
    type Error = ConnectError;
    type Future = BoxFuture<Self::Response, ConnectError>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let destination = Destination::of(&uri).map_err(|_| ConnectError::Url)?;
            match this.transport.proxy().and_then(|proxy| proxy.route(&uri, &destination)) {
                Some(route) => this.through_proxy(route, destination, uri).await,
                None => this.directly(destination, uri).await.map(MaybeHttpsStream::Http),
            }
        })
    }
}

impl Network {
    async fn directly(self, destination: Destination, uri: Uri) -> Result<TokioIo<Guarded>, ConnectError> {
        let addresses = allowed_addresses(&self.policy, &self.transport, &destination).await?;
        connect(uri, addresses, self.time).await
    }

    /// Has the proxy connect. The [proxy module](crate::egress::proxy) says what the policy means then.
    async fn through_proxy(
        self,
        route: Route,
        destination: Destination,
        uri: Uri,
    ) -> Result<NetworkStream, ConnectError> {
        let Self { policy, transport, time } = self;
        check_before_proxy(&policy, &transport, &destination).await?;
        let tls = transport.tls().await.proxy;
        let proxy_tcp = HttpsConnector::new(ProxyTcp { transport, time }, tls, false, server_names());
        let Route { proxy, authorization } = route;
        let mut tunnel = Tunnel::new(proxy.clone(), proxy_tcp);
        if let Some(authorization) = authorization {
            tunnel = tunnel.with_auth(authorization);
        }
        tunnel.call(uri).await.map_err(|error| {
            let cause = match error {
                TunnelError::ProxyAuthRequired => ProxyFailureCause::Authorization,
                TunnelError::ConnectFailed(error) => ProxyFailureCause::Unreachable(error.to_string()),
                TunnelError::Io(error) => ProxyFailureCause::Refused(error.to_string()),
                TunnelError::TunnelUnexpectedEof => ProxyFailureCause::Refused("it closed the connection".to_owned()),
                TunnelError::TunnelUnsuccessful => {
                    ProxyFailureCause::Refused("its response is not a success".to_owned())
                }
                TunnelError::ProxyHeadersTooLong => ProxyFailureCause::Refused("its response is too long".to_owned()),
                TunnelError::MissingHost => return ConnectError::Url,
            };
            let proxy = proxy.authority().map(ToString::to_string).unwrap_or_default();
            ConnectError::Proxy(ProxyFailure::new(proxy, destination, cause))
        })
    }
}

/// The addresses of a host that the policy allows: at least one.
async fn allowed_addresses(
    policy: &Policy,
    transport: &Transport,
    destination: &Destination,
) -> Result<Vec<IpAddr>, ConnectError> {
    let grant = policy.check_host(destination).map_err(ConnectError::Denied)?;
    let mut denied = None;
    let mut addresses = resolve(transport, destination).await?;
    addresses.retain(|address| match policy.check_address(destination, grant, *address) {
        Ok(()) => true,
        Err(denial) => {
            denied.get_or_insert(denial);
            false
        }
    });
    match denied {
        Some(denial) if addresses.is_empty() => Err(ConnectError::Denied(denial)),
        _ => Ok(addresses),
    }
}

/// Checks what can be checked where a proxy connects, and resolves the name itself. A host that a rule of the operator's
/// names exactly may be internal, and need not resolve here. Any other must resolve here, and all its addresses must pass,
/// since the proxy may take any.
async fn check_before_proxy(
    policy: &Policy,
    transport: &Transport,
    destination: &Destination,
) -> Result<(), ConnectError> {
    let grant = policy.check_host(destination).map_err(ConnectError::Denied)?;
    if destination.address().is_none() && grant.allows_internal() {
        return Ok(());
    }
    let addresses = match resolve(transport, destination).await {
        Ok(addresses) => addresses,
        Err(_) => return Err(ConnectError::Denied(Denial::new(destination.clone(), DenialCause::Unresolved))),
    };
    for address in addresses {
        policy.check_address(destination, grant, address).map_err(ConnectError::Denied)?;
    }
    Ok(())
}

/// The error type's own name is not public.
type TunnelError = <Tunnel<HttpsConnector<ProxyTcp>> as Service<Uri>>::Error;

/// Opens TCP connections to the proxy. The operator chose it, so its addresses are not checked.
#[derive(Clone)]
struct ProxyTcp {
    transport: Transport,
    time: Duration,
}

impl Service<Uri> for ProxyTcp {
    type Response = TokioIo<Guarded>;
    type Error = ConnectError;
    type Future = BoxFuture<Self::Response, ConnectError>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let Self { transport, time } = self.clone();
        Box::pin(async move {
            let destination = Destination::of(&uri).map_err(|_| ConnectError::Url)?;
            let addresses = resolve(&transport, &destination).await?;
            connect(uri, addresses, time).await
        })
    }
}

/// The addresses of a host: at least one.
async fn resolve(transport: &Transport, destination: &Destination) -> Result<Vec<IpAddr>, ConnectError> {
    if let Some(address) = destination.address() {
        return Ok(vec![address]);
    }
    let addresses = transport.resolver().resolve(&destination.host).await.map_err(ConnectError::Dns)?;
    if addresses.is_empty() { Err(ConnectError::NoAddress) } else { Ok(addresses) }
}

/// Connects to one of these addresses.
async fn connect(uri: Uri, addresses: Vec<IpAddr>, time: Duration) -> Result<TokioIo<Guarded>, ConnectError> {
    let has_alternatives = addresses.len() > 1;
    let mut connector = HttpConnector::new_with_resolver(Checked(addresses));
    connector.enforce_http(false);
    // Requests are small, and each waits for its response.
    connector.set_nodelay(true);
    connector.set_happy_eyeballs_timeout(Some(HAPPY_EYEBALLS_DELAY));
    if has_alternatives {
        // It is divided among the addresses, so that a silent one leaves time for the next.
        connector.set_connect_timeout(Some(time));
    }
    let stream = connector.call(uri).await.map_err(|error| match find::<io::Error>(&error) {
        Some(io) => ConnectError::Tcp { kind: io.kind(), message: io.to_string() },
        None => ConnectError::Tcp { kind: io::ErrorKind::Other, message: error.to_string() },
    })?;
    Ok(TokioIo::new(Guarded::new(stream.into_inner())))
}

/// The resolver of `HttpConnector`: hands over addresses that were resolved and checked.
#[derive(Clone)]
struct Checked(Vec<IpAddr>);

impl Service<Name> for Checked {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = std::convert::Infallible;
    type Future = Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Name) -> Self::Future {
        // The connector puts in the port.
        let addresses: Vec<_> = self.0.iter().map(|address| SocketAddr::new(*address, 0)).collect();
        ready(Ok(addresses.into_iter()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egress::policy::Origin;
    use crate::egress::resolve::{Resolve, Resolving};

    /// A resolver that has the same addresses for every name.
    struct Fixed(&'static [&'static str]);

    impl Resolve for Fixed {
        fn resolve(&self, _: &str) -> Resolving {
            let addresses = self.0.iter().map(|address| address.parse().unwrap()).collect();
            Box::pin(ready(Ok(addresses)))
        }
    }

    const PUBLIC: &str = "93.184.216.34";

    fn policy(rule: &str, origin: Origin) -> Policy {
        let mut policy = Policy::deny_all();
        policy.allow(rule.parse().unwrap(), origin);
        policy
    }

    #[tokio::test]
    async fn of_several_addresses_only_allowed_ones_are_connected_to() {
        let rows: [(&[&str], Origin, &[&str]); 6] = [
            (&[PUBLIC, "127.0.0.1"], Origin::Connector, &[PUBLIC]),
            (&["10.0.0.5", PUBLIC, "169.254.169.254", "::1"], Origin::Connector, &[PUBLIC]),
            (&["10.0.0.5", PUBLIC, "169.254.169.254", "fd00:ec2::254"], Origin::Operator, &["10.0.0.5", PUBLIC]),
            (&["127.0.0.1"], Origin::Connector, &[]),
            (&["168.63.129.16"], Origin::Operator, &[]),
            (&[], Origin::Operator, &[]),
        ];
        let destination = Destination::https("api.example.com", 443);
        for (resolved, origin, expected) in rows {
            let transport = Transport::new().with_resolver(Arc::new(Fixed(resolved)));
            let allowed = allowed_addresses(&policy("api.example.com", origin), &transport, &destination).await;
            let expected: Vec<IpAddr> = expected.iter().map(|address| address.parse().unwrap()).collect();
            match allowed {
                Ok(addresses) => assert_eq!(addresses, expected, "{resolved:?}"),
                Err(error) => assert!(expected.is_empty(), "{resolved:?}: {error}"),
            }
        }
    }

    #[tokio::test]
    async fn a_proxy_gets_a_host_only_if_it_is_named_or_all_its_addresses_pass() {
        let rows: [(&[&str], &str, Origin, bool); 9] = [
            (&[PUBLIC], "api.example.com", Origin::Connector, true),
            (&[PUBLIC, "10.0.0.5"], "api.example.com", Origin::Connector, false),
            (&["10.0.0.5"], "*.example.com", Origin::Operator, false),
            (&[PUBLIC], "*.example.com", Origin::Operator, true),
            (&["169.254.169.254"], "api.example.com", Origin::Connector, false),
            // It does not resolve here.
            (&[], "api.example.com", Origin::Connector, false),
            (&[], "*.example.com", Origin::Operator, false),
            (&[], "api.example.com", Origin::Operator, true),
            (&["10.0.0.5"], "api.example.com", Origin::Operator, true),
        ];
        let destination = Destination::https("api.example.com", 443);
        for (resolved, rule, origin, expected) in rows {
            let transport = Transport::new().with_resolver(Arc::new(Fixed(resolved)));
            let outcome = check_before_proxy(&policy(rule, origin), &transport, &destination).await;
            assert_eq!(outcome.is_ok(), expected, "{rule} by {origin:?} at {resolved:?}: {outcome:?}");
            if let Err(ConnectError::Denied(denial)) = outcome
                && denial.cause == DenialCause::Unresolved
            {
                assert_eq!(denial.rule().as_deref(), Some("api.example.com:443"));
            }
        }
    }
}
