//! The HTTP client that connectors' requests go through.
//!
//! It asks the [`Policy`] about every request, keeps connections open for the next one (HTTP/1.1, and HTTP/2 where the
//! server offers it), keeps to the guest's time-outs, counts what comes in, and tells the guest in `wasi:http`'s terms
//! what went wrong. It follows no redirect and keeps no cookie: that is for the connector to decide.

mod body;
mod connect;
mod error;

pub(crate) use error::code_of_body;

use crate::limits::Watch;
use crate::policy::{Denial, DenialCause, Destination, Policy};
use body::ReceivedBody;
use connect::{CONNECT_TIME, Connections};
use http::{Request, Response, Uri};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::capture_connection;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tracing::Instrument;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

/// How long a connection may take to come about, TLS included, where the guest does not say.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// How long an answer may take to begin, where the guest does not say. Calls have a limit of their own.
pub const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(600);

/// How long an answer may pause, where the guest does not say.
pub const BETWEEN_BYTES_TIMEOUT: Duration = Duration::from_secs(600);

/// How long a connection is kept for the next request: less than what servers and the proxies before them grant, so that
/// a request seldom meets a connection that is just being closed.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(50);

/// How many denials are kept to be told.
const DENIALS: usize = 16;

/// An HTTP client under a policy. Clones share their connections.
#[derive(Clone)]
pub struct HttpClient {
    shared: Arc<Shared>,
}

struct Shared {
    policy: Arc<Policy>,
    /// [`None`]: the default one, which is made when it is needed.
    tls: Option<Arc<ClientConfig>>,
    /// Made for the first request that is allowed: many clients never send one.
    client: OnceLock<Client<Connections, WasiBody>>,
    denials: Mutex<Vec<Denial>>,
}

impl HttpClient {
    /// A client that connects where the policy lets it. It trusts the system's certificate authorities and Mozilla's.
    pub fn new(policy: Policy) -> Self {
        Self::make(policy, None)
    }

    /// The same with a TLS configuration of the caller's. Its ALPN protocols must be empty: the client sets them.
    pub fn with_tls(policy: Policy, tls: Arc<ClientConfig>) -> Self {
        Self::make(policy, Some(tls))
    }

    /// A client with the same TLS configuration under another policy. It has connections of its own, since what one
    /// policy let through another may not.
    pub fn under(&self, policy: Policy) -> Self {
        Self::make(policy, self.shared.tls.clone())
    }

    fn make(policy: Policy, tls: Option<Arc<ClientConfig>>) -> Self {
        let shared = Shared { policy: Arc::new(policy), tls, client: OnceLock::new(), denials: Mutex::new(Vec::new()) };
        Self { shared: Arc::new(shared) }
    }

    fn client(&self) -> &Client<Connections, WasiBody> {
        self.shared.client.get_or_init(|| {
            let tls = self.shared.tls.clone().unwrap_or_else(connect::default_tls);
            Client::builder(TokioExecutor::new())
                .timer(TokioTimer::new())
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(IDLE_TIMEOUT)
                .build(Connections::new(Arc::clone(&self.shared.policy), tls))
        })
    }

    /// What the policy has refused so far: each kind once, the first few.
    pub fn denials(&self) -> Vec<Denial> {
        self.shared.denials.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends a request and waits for the head of the answer.
    pub(crate) async fn send(
        self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        watch: Arc<Watch>,
    ) -> Result<Response<WasiBody>, Error> {
        let span = tracing::debug_span!(
            "http",
            method = %request.method(),
            host = request.uri().authority().map(tracing::field::display),
            path = request.uri().path(),
            status = tracing::field::Empty,
        );
        let started = Instant::now();
        let outcome =
            self.exchange(request, options.unwrap_or_default(), watch, started).instrument(span.clone()).await;
        match &outcome {
            Ok(response) => {
                span.record("status", response.status().as_u16());
            }
            Err(error) => tracing::debug!(parent: &span, %error, time = ?started.elapsed(), "failed"),
        }
        outcome
    }

    async fn exchange(
        self,
        mut request: Request<WasiBody>,
        options: RequestOptions,
        watch: Arc<Watch>,
        started: Instant,
    ) -> Result<Response<WasiBody>, Error> {
        let destination = destination(request.uri())?;
        self.shared.policy.check_host(&destination).map_err(|denial| self.denied(denial))?;
        let connect_time = options.connect_timeout.unwrap_or(CONNECT_TIMEOUT);
        let first_byte_time = options.first_byte_timeout.unwrap_or(FIRST_BYTE_TIMEOUT);
        let mut connection = capture_connection(&mut request);
        let connected = async {
            let connected = connection.wait_for_connection_metadata().await.is_some();
            if connected {
                watch.send();
            }
            connected
        };
        let answer_is_late = async {
            if connected.await {
                tokio::time::sleep(first_byte_time).await;
            } else {
                // The connection failed: the request itself tells how.
                std::future::pending::<()>().await;
            }
        };
        let answer = CONNECT_TIME.scope(connect_time, self.client().request(request));
        let response = tokio::select! {
            biased;
            answer = answer => answer.map_err(|failure| match error::denial(&failure) {
                Some(denial) => self.denied(denial),
                None => error::from_client(&failure),
            })?,
            () = answer_is_late => return Err(Error::HttpResponseTimeout),
        };
        let pause = options.between_bytes_timeout.unwrap_or(BETWEEN_BYTES_TIMEOUT);
        Ok(response.map(|incoming| ReceivedBody::new(incoming, pause, watch, started).boxed_unsync()))
    }

    /// Notes a denial, so that the operator can be told, and gives what the guest is told.
    fn denied(&self, denial: Denial) -> Error {
        tracing::warn!("{denial}");
        let error = match denial.cause {
            DenialCause::NotAllowed | DenialCause::Clear => Error::HttpRequestDenied,
            DenialCause::Address(..) => Error::DestinationIpProhibited,
        };
        let mut denials = self.shared.denials.lock().unwrap_or_else(PoisonError::into_inner);
        if denials.len() < DENIALS && !denials.contains(&denial) {
            denials.push(denial);
        }
        error
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
