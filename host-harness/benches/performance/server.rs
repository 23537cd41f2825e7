//! The server that everything is measured against. It has Looker's paths and shapes and does as little work as possible, so
//! that its cost does not hide the client's. It runs on its own thread in this process.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// The token that logins return.
pub const TOKEN: &str = "6hGtsVfJ7BzPq2XkWc9mNRyd4TLQ8vFsKj3HpZbx";

/// The value of the input `fields` that makes a call wait until [`Server::release`].
pub const WAIT: &str = "wait";

/// The user that `me` returns, with every field of Looker's, as its SDKs request it.
const USER: &str = include_str!("user.json");

/// One row of each kind of result. All rows of a result are the same.
const CSV_ROW: &str = "10248,2026-11-25,complete,Ada Lovelace,ada@example.com,Outerwear & Coats,118.90,2\n";
const JSON_ROW: &str = concat!(
    r#"{"orders.id":10248,"orders.created_date":"2026-11-25","orders.status":"complete","users.name":"Ada Lovelace","#,
    r#""products.category":"Outerwear & Coats","order_items.total_sale_price":118.9,"order_items.count":2}"#,
);

/// Bytes of a result that are written to a connection at once.
const PIECE_BYTES: usize = 64 * 1024;

/// A running server. It stops with the process.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    waiting: AtomicUsize,
    /// One permit for each call that may stop waiting.
    released: Semaphore,
    user: Bytes,
    csv: Bytes,
    json: Bytes,
}

impl Server {
    /// Starts a server on a free port of loopback.
    ///
    /// # Errors
    ///
    /// If no port can be opened or no thread can be started.
    pub fn start() -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            waiting: AtomicUsize::new(0),
            released: Semaphore::new(0),
            // Looker sends no spaces.
            user: serde_json::from_str::<serde_json::Value>(USER)?.to_string().into(),
            csv: repeated(CSV_ROW),
            json: repeated(&format!("{JSON_ROW},")),
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let of_the_thread = Arc::clone(&shared);
        std::thread::Builder::new().name("server".to_owned()).spawn(move || {
            runtime.block_on(async move {
                let Ok(listener) = TcpListener::from_std(listener) else { return };
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, Arc::clone(&of_the_thread)));
                }
            });
        })?;
        Ok(Self { address, shared })
    }

    /// Its URL: `http://127.0.0.1:PORT`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many calls wait.
    pub fn waiting(&self) -> usize {
        self.shared.waiting.load(Ordering::Relaxed)
    }

    /// Sends the responses of this many waiting calls.
    pub fn release(&self, calls: usize) {
        self.shared.released.add_permits(calls);
    }
}

/// As many copies as fit into a piece.
fn repeated(row: &str) -> Bytes {
    Bytes::from(row.repeat(PIECE_BYTES / row.len()))
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let service = service_fn(move |request| answer(request, Arc::clone(&shared)));
    // A client that closes the connection is no error.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(request: Request<Incoming>, shared: Arc<Shared>) -> Result<Response<Content>, Infallible> {
    let path = request.uri().path();
    let fields = request.uri().query().and_then(|query| query.strip_prefix("fields="));
    let (media_type, content) = if path == "/api/4.0/login" {
        let grant = format!(r#"{{"access_token":"{TOKEN}","token_type":"Bearer","expires_in":3600}}"#);
        ("application/json", Content::whole(grant.into()))
    } else if path == "/api/4.0/user" {
        match fields {
            Some(WAIT) => {
                shared.waiting.fetch_add(1, Ordering::Relaxed);
                if let Ok(permit) = shared.released.acquire().await {
                    permit.forget();
                }
                shared.waiting.fetch_sub(1, Ordering::Relaxed);
                ("application/json", Content::whole(shared.user.clone()))
            }
            Some(bytes) if bytes.parse::<u64>().is_ok() => {
                ("application/json", Content::rows(&shared, "json", bytes.parse().unwrap_or(0)))
            }
            _ => ("application/json", Content::whole(shared.user.clone())),
        }
    } else if let Some((bytes, format)) = result(path) {
        (if format == "csv" { "text/csv" } else { "application/json" }, Content::rows(&shared, format, bytes))
    } else {
        let mut response = Response::new(Content::whole(Bytes::from_static(br#"{"message":"Not found"}"#)));
        *response.status_mut() = StatusCode::NOT_FOUND;
        return Ok(response);
    };
    let mut response = Response::new(content);
    response.headers_mut().insert("content-type", http::HeaderValue::from_static(media_type));
    Ok(response)
}

/// The operation `run_query`. The id of the query is the approximate size of its result in bytes.
fn result(path: &str) -> Option<(u64, &str)> {
    let (bytes, format) = path.strip_prefix("/api/4.0/queries/")?.split_once("/run/")?;
    Some((bytes.parse().ok()?, format))
}

/// A body: identical pieces between a beginning and an end.
struct Content {
    begin: Option<Bytes>,
    piece: Bytes,
    pieces: u64,
    end: Option<Bytes>,
}

impl Content {
    fn whole(bytes: Bytes) -> Self {
        Self { begin: Some(bytes), piece: Bytes::new(), pieces: 0, end: None }
    }

    fn rows(shared: &Shared, format: &str, bytes: u64) -> Self {
        if format == "csv" {
            let piece = shared.csv.clone();
            let pieces = bytes.div_ceil(piece.len() as u64);
            return Self { begin: None, piece, pieces, end: None };
        }
        let (begin, piece) = (Bytes::from_static(b"["), shared.json.clone());
        // As many rows as needed; the last one without a comma.
        let last = bytes % piece.len() as u64;
        let rows = (last as usize).div_ceil(JSON_ROW.len() + 1).max(1);
        let end = format!("{}{JSON_ROW}]", format!("{JSON_ROW},").repeat(rows - 1));
        Self { begin: Some(begin), pieces: bytes / piece.len() as u64, piece, end: Some(end.into()) }
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = &mut *self;
        let next = this.begin.take().or_else(|| match this.pieces {
            0 => this.end.take(),
            _ => {
                this.pieces -= 1;
                Some(this.piece.clone())
            }
        });
        Poll::Ready(next.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.begin.is_none() && self.pieces == 0 && self.end.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let length = |bytes: &Option<Bytes>| bytes.as_ref().map_or(0, |bytes| bytes.len() as u64);
        SizeHint::with_exact(length(&self.begin) + self.pieces * self.piece.len() as u64 + length(&self.end))
    }
}
