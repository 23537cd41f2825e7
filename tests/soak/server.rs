//! The server: it applies the fault of each call and counts requests. It runs on its own thread so that its tasks are not
//! counted as the host's.

use crate::RESPONSE_BYTES;
use crate::fault::{Fault, PlannedCall};
use integration_tests::raw_http::{json_response, request, token_response};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A running server. It stops with the process.
pub struct Server {
    /// Its address.
    pub address: SocketAddr,
    counts: Arc<Counts>,
}

struct Counts {
    seed: u64,
    /// How many requests each call sent.
    asked: Vec<AtomicU8>,
    logins: AtomicUsize,
    open: AtomicUsize,
    connections: AtomicUsize,
}

impl Server {
    /// Starts a server for this many calls.
    pub fn start(seed: u64, calls: usize) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let counts = Arc::new(Counts {
            seed,
            asked: (0..calls).map(|_| AtomicU8::new(0)).collect(),
            logins: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let shared = Arc::clone(&counts);
        std::thread::Builder::new().name("soak server".to_owned()).spawn(move || {
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).expect("it is non-blocking");
                while let Ok((stream, _)) = listener.accept().await {
                    let counts = Arc::clone(&shared);
                    counts.connections.fetch_add(1, Relaxed);
                    counts.open.fetch_add(1, Relaxed);
                    tokio::spawn(async move {
                        // A client that closes the connection is no error.
                        let _ = serve(stream, &counts).await;
                        counts.open.fetch_sub(1, Relaxed);
                    });
                }
            });
        })?;
        Ok(Self { address, counts })
    }

    /// How many requests a call sent.
    pub fn asked(&self, number: usize) -> usize {
        self.counts.asked[number].load(Relaxed).into()
    }

    /// How many logins it received.
    pub fn logins(&self) -> usize {
        self.counts.logins.load(Relaxed)
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        self.counts.open.load(Relaxed)
    }

    /// How many connections it accepted.
    pub fn connections(&self) -> usize {
        self.counts.connections.load(Relaxed)
    }
}

async fn serve(stream: TcpStream, counts: &Counts) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    loop {
        let request = request(&mut stream).await?;
        if request.is_login() {
            counts.logins.fetch_add(1, Relaxed);
            stream.write_all(&token_response("soak-token")).await?;
            continue;
        }
        let number = request.target.strip_prefix("/api/4.0/users/").and_then(|id| id.split('?').next()?.parse().ok());
        let Some(number): Option<usize> = number else {
            stream.write_all(&json_response(200, "", r#"{"id":"1"}"#)).await?;
            continue;
        };
        let first = counts.asked[number].fetch_add(1, Relaxed) == 0;
        let right = || json_response(200, "", &format!(r#"{{"id":"{number}","display_name":"Number {number}"}}"#));
        let answer = match PlannedCall::new(counts.seed, number).fault {
            None => right(),
            Some(Fault::NotFound) => json_response(404, "", r#"{"message":"Not found"}"#),
            Some(Fault::Rejected) => json_response(422, "", r#"{"message":"Validation Failed","errors":[]}"#),
            Some(Fault::LargeError) => json_response(500, "", &" ".repeat(1024 * 1024)),
            Some(Fault::BadGateway) => json_response(502, "", "{}"),
            Some(Fault::Unavailable) => json_response(503, "retry-after: 3600\r\n", "{}"),
            Some(Fault::Limited) => json_response(429, "retry-after: 3600\r\n", "{}"),
            Some(Fault::LimitedOnce) if first => json_response(429, "retry-after: 0\r\n", "{}"),
            Some(Fault::Expired) if first => json_response(401, "", r#"{"message":"Requires authentication."}"#),
            Some(Fault::LimitedOnce | Fault::Expired) => right(),
            Some(Fault::ResetOnce) if !first => right(),
            Some(Fault::Reset | Fault::ResetOnce) => return stream.get_ref().set_zero_linger(),
            Some(Fault::Truncated) => {
                let right = right();
                stream.write_all(&right[..right.len() - 4]).await?;
                return stream.shutdown().await;
            }
            Some(Fault::Garbage) => {
                stream.write_all(b"\x16\x03\x01 what is this?\r\n\r\n").await?;
                return stream.shutdown().await;
            }
            Some(Fault::InvalidUtf8) => {
                let mut answer = right();
                let last = answer.len() - 3;
                answer[last] = 0xff;
                answer
            }
            Some(Fault::Late) => {
                tokio::time::sleep(Duration::from_millis(100)).await;
                right()
            }
            Some(Fault::Flood) => json_response(200, "", &" ".repeat(2 * RESPONSE_BYTES as usize)),
            Some(Fault::Silence) => {
                while stream.read(&mut [0; 64]).await? > 0 {}
                return Ok(());
            }
        };
        stream.write_all(&answer).await?;
    }
}
