//! The HTTP client that connectors' requests go through.
//!
//! It asks the [`Policy`] about every request, keeps connections open for the next one (HTTP/1.1, and HTTP/2 where the
//! server offers it), keeps to the guest's time-outs, counts what comes in, and tells the guest in `wasi:http`'s terms
//! what went wrong. It follows no redirect and keeps no cookie: that is for the connector to decide.

mod body;
pub mod cause;
mod connect;
pub(crate) mod context;
mod error;
pub mod policy;
pub mod proxy;
mod template;
pub mod time_out;
pub mod tls;

pub(crate) use error::code_of_body;

use crate::egress::context::CallContext;
use crate::egress::policy::{Denial, DenialCause, Destination, Policy};
use crate::limits::call_meter::microseconds;
use body::ReceivedBody;
use connect::{CONNECT_TIME, ConnectError, Connections};
use http::{Request, Response, Uri};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use proxy::{Proxy, ProxyFailure};
use rustls::ClientConfig;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::{Duration, Instant};
use template::Template;
use time_out::{Stage, TimeOut};
use tracing::Instrument;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

/// How long a connection is kept for the next request: less than what servers and the proxies before them grant, so that
/// a request seldom meets a connection that is just being closed.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(50);

/// How a client gets to where its policy lets it go.
#[derive(Debug, Clone, Default)]
pub struct Transport {
    /// Whose certificates are trusted. [`None`]: the system's certificate authorities' and Mozilla's; [`tls::trusting`]
    /// adds others. The configuration's ALPN protocols must be empty: the client sets them.
    pub tls: Option<Arc<ClientConfig>>,
    /// The proxy that HTTPS requests go through. [`None`]: all go directly. The environment is not asked.
    pub proxy: Option<Proxy>,
}

/// An HTTP client under a policy. Clones share their connections.
#[derive(Clone)]
pub struct HttpClient {
    shared: Arc<Shared>,
}

struct Shared {
    policy: Arc<Policy>,
    transport: Transport,
    /// Made for the first request that is allowed: many clients never send one.
    client: OnceLock<Client<Connections, WasiBody>>,
}

impl HttpClient {
    /// A client that connects where the policy lets it, directly. It trusts the system's certificate authorities and
    /// Mozilla's.
    pub fn new(policy: Policy) -> Self {
        Self::with_transport(policy, Transport::default())
    }

    /// The same with a TLS configuration of the caller's. Its ALPN protocols must be empty: the client sets them.
    pub fn with_tls(policy: Policy, tls: Arc<ClientConfig>) -> Self {
        Self::with_transport(policy, Transport { tls: Some(tls), ..Transport::default() })
    }

    /// The same with a way there of the caller's.
    pub fn with_transport(policy: Policy, transport: Transport) -> Self {
        let shared = Shared { policy: Arc::new(policy), transport, client: OnceLock::new() };
        Self { shared: Arc::new(shared) }
    }

    /// A client with the same transport under another policy. It has connections of its own, since what one policy let
    /// through another may not.
    pub fn under(&self, policy: Policy) -> Self {
        Self::with_transport(policy, self.shared.transport.clone())
    }

    fn client(&self) -> &Client<Connections, WasiBody> {
        self.shared.client.get_or_init(|| {
            let Transport { tls, proxy } = self.shared.transport.clone();
            let tls = tls.unwrap_or_else(tls::default_config);
            Client::builder(TokioExecutor::new())
                .timer(TokioTimer::new())
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(IDLE_TIMEOUT)
                .build(Connections::new(Arc::clone(&self.shared.policy), tls, proxy))
        })
    }

    /// Sends a request, and gives what waits for the head of the answer. The first poll gets it going; the connection tells
    /// whether it has gone out.
    pub(crate) fn send(
        self,
        mut request: Request<WasiBody>,
        options: Option<RequestOptions>,
        context: Arc<CallContext>,
    ) -> (CaptureConnection, impl Future<Output = Result<Response<WasiBody>, Error>> + Send) {
        let span = tracing::debug_span!(
            "http",
            method = %request.method(),
            host = request.uri().host(),
            port = request.uri().port_u16(),
            path = %Template(request.uri().path()),
            status = tracing::field::Empty,
        );
        let watch = Arc::clone(context.meter());
        let started = Instant::now();
        let connection = capture_connection(&mut request);
        let exchange = self
            .exchange(request, connection.clone(), options.unwrap_or_default(), context, started)
            .instrument(span.clone());
        let sent_by = connection.clone();
        let exchange = async move {
            let mut exchange = pin!(exchange);
            let outcome = poll_fn(|context| {
                let step = watch.while_open(|| {
                    let step = exchange.as_mut().poll(context);
                    // Now, not when the exchange comes to see it: the answer may be there already.
                    if sent_by.connection_metadata().is_some() {
                        watch.request_is_sent();
                    }
                    step
                });
                step.unwrap_or_else(|| Poll::Ready(Err(Error::InternalError(Some("the call has ended".to_owned())))))
            });
            let outcome = outcome.await;
            match &outcome {
                Ok(response) => {
                    span.record("status", response.status().as_u16());
                }
                Err(error) => tracing::debug!(parent: &span, %error, time_us = microseconds(started), "failed"),
            }
            outcome
        };
        (connection, exchange)
    }

    async fn exchange(
        self,
        request: Request<WasiBody>,
        mut connection: CaptureConnection,
        options: RequestOptions,
        context: Arc<CallContext>,
        started: Instant,
    ) -> Result<Response<WasiBody>, Error> {
        let watch = Arc::clone(context.meter());
        // What the guest is told then matters no more: its call is ended.
        watch.count_request().map_err(|limit| Error::InternalError(Some(limit.to_string())))?;
        let destination = destination(request.uri())?;
        self.shared.policy.check_host(&destination).map_err(|denial| denied(&context, denial))?;
        // The guest may be less patient than the operator, not more.
        let limits = watch.limits();
        let within = |most: Duration, wish: Option<Duration>| wish.map_or(most, |wish| wish.min(most));
        let connect_time = within(limits.connect_timeout, options.connect_timeout);
        let first_byte_time = within(limits.first_byte_timeout, options.first_byte_timeout);
        let between_bytes_time = within(limits.between_bytes_timeout, options.between_bytes_timeout);
        let answer_is_late = async {
            if connection.wait_for_connection_metadata().await.is_some() {
                tokio::time::sleep(first_byte_time).await;
            } else {
                // The connection failed: the request itself tells how.
                std::future::pending::<()>().await;
            }
        };
        let answer = CONNECT_TIME.scope(connect_time, self.client().request(request));
        let response = tokio::select! {
            biased;
            answer = answer => answer.map_err(|failure| match error::connect(&failure) {
                Some(ConnectError::Denied(denial)) => denied(&context, denial.clone()),
                Some(ConnectError::Proxy(failure)) => proxy_failed(&context, failure),
                Some(ConnectError::TimedOut) => timed_out(&context, &destination, Stage::Connect, connect_time),
                _ => error::from_client(&failure),
            })?,
            () = answer_is_late => return Err(timed_out(&context, &destination, Stage::FirstByte, first_byte_time)),
        };
        Ok(response.map(|incoming| {
            let late_context = Arc::clone(&context);
            let late = move || timed_out(&late_context, &destination, Stage::BetweenBytes, between_bytes_time);
            ReceivedBody::new(incoming, between_bytes_time, Box::new(late), watch, started).boxed_unsync()
        }))
    }
}

/// Notes a denial, so that the operator can be told, and gives what the guest is told.
fn denied(context: &CallContext, denial: Denial) -> Error {
    tracing::warn!("{denial}");
    let error = match denial.cause {
        DenialCause::NotAllowed | DenialCause::NotAsked | DenialCause::Clear => Error::HttpRequestDenied,
        DenialCause::Address(..) => Error::DestinationIpProhibited,
    };
    context.note(cause::Cause::Denied(denial));
    error
}

/// Notes what the proxy failed at, so that the operator can be told, and gives what the guest is told.
fn proxy_failed(context: &CallContext, failure: &ProxyFailure) -> Error {
    tracing::warn!("{failure}");
    context.note(cause::Cause::Proxy(failure.clone()));
    Error::DestinationUnavailable
}

/// Notes what took too long, so that the operator can be told, and gives what the guest is told.
fn timed_out(context: &CallContext, destination: &Destination, stage: Stage, time: Duration) -> Error {
    let time_out = TimeOut { destination: destination.clone(), stage, time };
    tracing::warn!("{time_out}");
    context.note(cause::Cause::TimedOut(time_out));
    match stage {
        Stage::Connect => Error::ConnectionTimeout,
        Stage::FirstByte => Error::HttpResponseTimeout,
        Stage::BetweenBytes => Error::ConnectionReadTimeout,
    }
}

/// Where a request goes.
fn destination(uri: &Uri) -> Result<Destination, Error> {
    let authority = uri.authority().ok_or(Error::HttpRequestUriInvalid)?;
    if authority.as_str().contains('@') || authority.host().is_empty() {
        return Err(Error::HttpRequestUriInvalid);
    }
    let clear = match uri.scheme_str() {
        Some("https") => false,
        Some("http") => true,
        _ => return Err(Error::HttpRequestUriInvalid),
    };
    let host = authority.host();
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    Ok(Destination { clear, host: bare.to_owned(), port: uri.port_u16().unwrap_or(if clear { 80 } else { 443 }) })
}
