//! Accepts connections, within limits that keep a careless or hostile local program from occupying the server.

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How many connections are open at the same time. A browser opens six.
pub(super) const CONNECTIONS: usize = 64;

/// How long the head of a request may take, and how long a connection is kept without one.
pub(super) const HEAD_TIMEOUT: Duration = Duration::from_secs(15);

/// The longest head of a request. Paths of outputs are its longest part.
const HEAD_BYTES: usize = 64 * 1024;

/// How long the listener rests after an error, such as too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// What a connection gets that is one too many.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nretry-after: 1\r\nconnection: close\r\n\r\n";

/// Serves connections until `stop` is done, then drops those that are left.
pub(super) async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let stream = tokio::select! {
            biased;
            () = &mut stop => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            },
        };
        let Ok(permit) = Arc::clone(&permits).try_acquire_owned() else {
            tracing::warn!("{CONNECTIONS} connections are open; one more was refused");
            refuse(stream).await;
            continue;
        };
        let router = router.clone();
        connections.spawn(async move {
            connection(stream, router).await;
            drop(permit);
        });
    }
}

async fn connection(stream: TcpStream, router: Router) {
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    if let Err(error) = served.await {
        tracing::debug!(%error, "a connection ended");
    }
}

/// Tells a client that there is no room. The few bytes fit into the socket's buffer, so nobody can make it wait.
async fn refuse(mut stream: TcpStream) {
    let _ = stream.write_all(FULL).await;
    let _ = stream.shutdown().await;
}
