//! The HTTP client of one policy.

use crate::egress::body::ReceivedBody;
use crate::egress::call::CallContext;
use crate::egress::cause::Cause;
use crate::egress::connect::{CONNECT_TIMEOUT, Connections};
use crate::egress::destination::Destination;
use crate::egress::error;
use crate::egress::flood::Progress;
use crate::egress::policy::Policy;
use crate::egress::request_body::RequestBody;
use crate::egress::template::Template;
use crate::egress::timeout::{Stage, Timeout};
use crate::egress::transport::Transport;
use crate::limits;
use crate::limits::call_meter::microseconds;
use http::{Request, Response, StatusCode, Version};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, OnceLock, Weak};
use std::task::Poll;
use std::time::{Duration, Instant};
use tracing::Instrument;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

/// How long an idle connection is kept for the next request. Servers and their load balancers close idle connections after
/// about a minute, so that a request seldom meets a connection that is just being closed.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(50);

/// An HTTP client under one policy, with a connection pool of its own. Clones share it.
#[derive(Clone)]
pub(crate) struct HttpClient {
    shared: Arc<Shared>,
}

/// An HTTP client that lives only as long as others hold it.
#[derive(Debug)]
pub(super) struct WeakHttpClient {
    shared: Weak<Shared>,
}

struct Shared {
    policy: Arc<Policy>,
    transport: Transport,
    /// Made for the first request that is allowed: many clients never send one.
    client: OnceLock<Client<Connections, RequestBody>>,
}

impl HttpClient {
    /// A client that connects where the policy allows it, as the transport says.
    pub(crate) fn new(policy: Policy, transport: Transport) -> Self {
        Self { shared: Arc::new(Shared { policy: Arc::new(policy), transport, client: OnceLock::new() }) }
    }

    /// The client, without keeping it alive.
    pub(super) fn downgrade(&self) -> WeakHttpClient {
        WeakHttpClient { shared: Arc::downgrade(&self.shared) }
    }

    /// Whether both are the same client.
    #[cfg(test)]
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Sends a request and gives the response once its head is there. The request is counted, and it ends, with the call.
    /// Why it fails is recorded in the call's context.
    ///
    /// The first poll starts it. It must be polled on when its waker says so, even while its body is still being written:
    /// hyper gives up a pooled connection that turns out to be closed, and the next poll opens another one.
    pub(crate) fn send(
        &self,
        mut request: Request<WasiBody>,
        options: Option<RequestOptions>,
        context: &Arc<CallContext>,
    ) -> impl Future<Output = Result<Response<WasiBody>, Error>> + Send + use<> {
        let span = tracing::debug_span!(
            "http",
            method = %request.method(),
            host = request.uri().host(),
            port = request.uri().port_u16(),
            path = %Template(request.uri().path()),
            status = tracing::field::Empty,
        );
        let started = Instant::now();
        let connection = capture_connection(&mut request);
        let context = Arc::clone(context);
        let exchange = self
            .clone()
            .exchange(request, connection.clone(), options.unwrap_or_default(), Arc::clone(&context), started)
            .instrument(span.clone());
        async move {
            let mut exchange = pin!(exchange);
            let outcome = poll_fn(|task| {
                let step = context.meter().while_open(|| {
                    let step = exchange.as_mut().poll(task);
                    // Now, not when the exchange notices: the response may be there already.
                    if connection.connection_metadata().is_some() {
                        context.meter().request_is_sent();
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
                Err(error) => {
                    let error = context.secrets().redactor().redact(&error.to_string());
                    tracing::debug!(parent: &span, error, time_us = microseconds(started), "failed");
                }
            }
            outcome
        }
    }

    async fn exchange(
        self,
        request: Request<WasiBody>,
        mut connection: CaptureConnection,
        options: RequestOptions,
        context: Arc<CallContext>,
        started: Instant,
    ) -> Result<Response<WasiBody>, Error> {
        // The guest never sees this error: the limit ends its call.
        context.meter().count_request().map_err(|limit| Error::InternalError(Some(limit.to_string())))?;
        let destination = Destination::of(request.uri()).map_err(|_| Error::HttpRequestUriInvalid)?;
        if let Err(denial) = self.shared.policy.check_host(&destination) {
            return Err(error::failed(&context, Cause::Denied(denial)));
        }
        // The guest may ask for less time than the operator grants, not for more.
        let limits = context.meter().limits();
        let within = |max: Duration, requested: Option<Duration>| requested.map_or(max, |time| time.min(max));
        let connect_time = within(limits.connect_timeout, options.connect_timeout);
        let first_byte_time = within(limits.first_byte_timeout, options.first_byte_timeout);
        let between_bytes_time = within(limits.between_bytes_timeout, options.between_bytes_timeout);
        let response_is_late = async {
            if connection.wait_for_connection_metadata().await.is_some() {
                tokio::time::sleep(first_byte_time).await;
            } else {
                // There is no connection: the request itself fails with the reason.
                std::future::pending::<()>().await;
            }
        };
        let (head, body) = request.into_parts();
        let (body, release) = RequestBody::new(body);
        let request = Request::from_parts(head, body);
        let response = CONNECT_TIMEOUT.scope(connect_time, self.client().request(request));
        let response = tokio::select! {
            biased;
            response = response => match response {
                Ok(response) => response,
                Err(failure) => return Err(match error::cause(&failure, &destination, connect_time) {
                    Some(cause) => error::failed(&context, cause),
                    None => error::from_client(&failure),
                }),
            },
            () = response_is_late => {
                return Err(error::failed(&context, Cause::TimedOut(Timeout::new(destination, Stage::FirstByte, first_byte_time))));
            }
        };
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            // Nobody can have asked for it: guests cannot send `upgrade`.
            return Err(Error::HttpProtocolError);
        }
        // The server may still read the request, but it must not pause for longer than it may pause the response.
        let progress = response.extensions().get::<Progress>().cloned();
        // Other calls use an HTTP/2 connection too.
        let connection = progress.clone().filter(|_| response.version() != Version::HTTP_2);
        let timeout = Timeout::new(destination.clone(), Stage::Request, between_bytes_time);
        release.unless_it_stalls(timeout, connection, &context);
        Ok(response.map(|incoming| {
            let timeout = Timeout::new(destination, Stage::BetweenBytes, between_bytes_time);
            ReceivedBody::new(incoming, timeout, progress, context, started).boxed_unsync()
        }))
    }

    fn client(&self) -> &Client<Connections, RequestBody> {
        self.shared.client.get_or_init(|| {
            Client::builder(TokioExecutor::new())
                .timer(TokioTimer::new())
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(IDLE_TIMEOUT)
                .pool_max_idle_per_host(limits::IDLE_CONNECTIONS)
                .http1_max_buf_size(limits::HTTP1_BUFFER_BYTES)
                .http2_initial_stream_window_size(limits::HTTP2_STREAM_BYTES as u32)
                .http2_initial_connection_window_size(limits::HTTP2_CONNECTION_BYTES as u32)
                .http2_max_send_buf_size(limits::HTTP2_STREAM_BYTES)
                .http2_max_header_list_size(limits::HTTP2_HEAD_BYTES as u32)
                .build(Connections::new(Arc::clone(&self.shared.policy), self.shared.transport.clone()))
        })
    }
}

impl WeakHttpClient {
    /// The client, where somebody still holds it.
    pub(super) fn upgrade(&self) -> Option<HttpClient> {
        Some(HttpClient { shared: self.shared.upgrade()? })
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("HttpClient").field("policy", &self.shared.policy).finish_non_exhaustive()
    }
}
