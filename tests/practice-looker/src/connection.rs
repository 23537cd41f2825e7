//! One connection: hyper speaks HTTP/1.1 on it until it ends, or until a fault takes it over.

use std::{
    future::{Future, poll_fn},
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use http::{Request, Response};
use hyper::{body::Incoming, server::conn::http1, service::Service};
use hyper_util::rt::TokioIo;
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::{
    answer::Content,
    exchange::{Exchange, Shared},
    script::{self, Step},
};

/// Serves one connection to its end.
pub(crate) async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    // An answer is written at once; without this the kernel would wait for more of it.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let takeover = Arc::new(Takeover::default());
    let service = Conversation { shared, takeover: Arc::clone(&takeover) };
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    // How it ended does not matter: the script, if there is one, is why, and else the client went away.
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

/// What a fault wants written on the connection instead of what hyper would write.
#[derive(Debug, Default)]
struct Takeover(Mutex<Option<Vec<Step>>>);

impl Takeover {
    fn steps(&self) -> MutexGuard<'_, Option<Vec<Step>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The requests of one connection.
struct Conversation {
    shared: Arc<Shared>,
    takeover: Arc<Takeover>,
}

impl Service<Request<Incoming>> for Conversation {
    type Response = Response<Content>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Response<Content>>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let shared = Arc::clone(&self.shared);
        let takeover = Arc::clone(&self.takeover);
        Box::pin(async move {
            match shared.exchange(request).await? {
                Exchange::Answer(response) => Ok(response),
                Exchange::Script(steps) => {
                    *takeover.steps() = Some(steps);
                    // An error makes hyper give up the connection without writing anything.
                    Err(io::Error::other("a fault takes the connection over"))
                }
            }
        })
    }
}
