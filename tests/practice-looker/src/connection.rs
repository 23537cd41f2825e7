//! One connection: hyper serves HTTP/1.1 on it until it ends or a fault takes it over.

use std::{
    future::{Future, poll_fn},
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::Service};
use hyper_util::rt::TokioIo;
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::{
    response::Content,
    script::{self, Step},
    service::{Reply, Shared},
};

/// Serves one connection to its end.
pub(crate) async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    // Without this the kernel delays a small response to wait for more data.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let takeover = Arc::new(Takeover::default());
    let service = ConnectionService { shared, takeover: Arc::clone(&takeover) };
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    // The result is ignored: either a fault took the connection over, or the client closed it.
    let _ = poll_fn(|context| connection.poll_without_shutdown(context)).await;
    let mut stream = connection.into_parts().io.into_inner();
    let steps = takeover.steps().take();
    match steps {
        Some(steps) => script::play(stream, steps).await,
        None => {
            let _ = stream.shutdown().await;
        }
    }
}

/// The steps with which a fault takes the connection over from hyper.
#[derive(Debug, Default)]
struct Takeover(Mutex<Option<Vec<Step>>>);

impl Takeover {
    fn steps(&self) -> MutexGuard<'_, Option<Vec<Step>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// hyper's service for one connection.
struct ConnectionService {
    shared: Arc<Shared>,
    takeover: Arc<Takeover>,
}

impl Service<Request<Incoming>> for ConnectionService {
    type Response = http::Response<Content>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<http::Response<Content>>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let shared = Arc::clone(&self.shared);
        let takeover = Arc::clone(&self.takeover);
        Box::pin(async move {
            match shared.reply(request).await? {
                Reply::Response(response) => Ok(response),
                Reply::Script(steps) => {
                    *takeover.steps() = Some(steps);
                    // An error makes hyper drop the connection without writing anything.
                    Err(io::Error::other("a fault takes the connection over"))
                }
            }
        })
    }
}
