//! A server that ignores HTTP's rules: it handles logins as Looker does and plays a script to every other request.

use integration_tests::raw_http::{request, token_response};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// The token that a login returns.
pub const TOKEN: &str = "raw-server-token";

/// One step of the server on a connection.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// Writes these bytes. `{elsewhere}` stands for the address of a server that no policy allows.
    Write(&'static [u8]),
    /// Writes these bytes this many times.
    Repeat(&'static [u8], usize),
    /// Writes these bytes again and again, with a pause of this many milliseconds, until the client closes the connection.
    Drip(&'static [u8], u64),
    /// Resets the connection (RST), after a pause in which the bytes so far arrive.
    Reset,
    /// Sends nothing more and waits until the client closes the connection.
    Hang,
}

/// How the server greets a connection.
#[derive(Clone)]
pub enum Greeting {
    /// Reads requests.
    Http,
    /// Does a TLS handshake, then reads requests.
    Tls(TlsAcceptor),
    /// Plays this script without reading anything.
    Script(&'static [Step]),
}

/// The behavior of the server.
#[derive(Clone)]
pub struct Plan {
    /// On a new connection.
    pub greeting: Greeting,
    /// On a login. An empty script returns a token, as Looker does.
    pub login: &'static [Step],
    /// On any other request. Afterwards the connection is closed (FIN).
    pub answer: &'static [Step],
    /// The address that replaces `{elsewhere}`.
    pub elsewhere: String,
}

/// A running server. It stops with the runtime.
pub struct RawServer {
    /// Its address.
    pub address: SocketAddr,
    asked: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
}

impl RawServer {
    /// Starts a server on loopback.
    pub async fn start(plan: Plan) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, connections) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (counter, connected) = (Arc::clone(&asked), Arc::clone(&connections));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connected.fetch_add(1, Ordering::Relaxed);
                let (plan, counter) = (plan.clone(), Arc::clone(&counter));
                tokio::spawn(async move {
                    // A client that closes the connection is no error.
                    let _ = serve(stream, &plan, &counter).await;
                });
            }
        });
        Self { address, asked, connections }
    }

    /// Starts a server that only counts connections, to show that there are none.
    pub async fn unvisited() -> Self {
        let plan = Plan { greeting: Greeting::Http, login: &[], answer: &[], elsewhere: String::new() };
        Self::start(plan).await
    }

    /// How many requests it received, without logins.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// How many connections it accepted.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

async fn serve(mut stream: TcpStream, plan: &Plan, asked: &AtomicUsize) -> std::io::Result<()> {
    match &plan.greeting {
        Greeting::Http => converse(&mut stream, plan, asked).await?,
        Greeting::Tls(acceptor) => {
            let mut stream = acceptor.accept(stream).await?;
            converse(&mut stream, plan, asked).await?;
            return stream.shutdown().await;
        }
        Greeting::Script(steps) => play(&mut stream, steps, plan).await?,
    }
    stream.shutdown().await?;
    // Closing a socket with unread bytes resets the connection.
    let reading = async {
        while stream.read(&mut [0; 1024]).await? > 0 {}
        std::io::Result::Ok(())
    };
    let _ = tokio::time::timeout(Duration::from_millis(200), reading).await;
    Ok(())
}

/// A connection. It can be reset if it is plain TCP.
pub trait Connection: AsyncRead + AsyncWrite + Unpin + Send {
    /// Makes the kernel send RST when the connection is dropped.
    fn reset(&self) {}
}

impl Connection for TcpStream {
    fn reset(&self) {
        self.set_zero_linger().unwrap();
    }
}

impl Connection for tokio_rustls::server::TlsStream<TcpStream> {}

/// Responds to logins and plays the script to the first other request.
async fn converse(stream: &mut impl Connection, plan: &Plan, asked: &AtomicUsize) -> std::io::Result<()> {
    loop {
        if !request(stream).await?.is_login() {
            asked.fetch_add(1, Ordering::Relaxed);
            return play(stream, plan.answer, plan).await;
        }
        if !plan.login.is_empty() {
            return play(stream, plan.login, plan).await;
        }
        stream.write_all(&token_response(TOKEN)).await?;
    }
}

async fn play(stream: &mut impl Connection, steps: &[Step], plan: &Plan) -> std::io::Result<()> {
    for step in steps {
        match *step {
            Step::Write(bytes) => {
                let text = String::from_utf8_lossy(bytes);
                if text.contains("{elsewhere}") {
                    stream.write_all(text.replace("{elsewhere}", &plan.elsewhere).as_bytes()).await?;
                } else {
                    stream.write_all(bytes).await?;
                }
            }
            Step::Repeat(bytes, times) => {
                for _ in 0..times {
                    stream.write_all(bytes).await?;
                }
            }
            Step::Drip(bytes, pause) => loop {
                stream.write_all(bytes).await?;
                stream.flush().await?;
                tokio::time::sleep(Duration::from_millis(pause)).await;
            },
            Step::Reset => {
                stream.flush().await?;
                tokio::time::sleep(Duration::from_millis(20)).await;
                stream.reset();
                // An error skips the orderly shutdown, which would come before the reset.
                return Err(std::io::ErrorKind::ConnectionReset.into());
            }
            Step::Hang => while stream.read(&mut [0; 1024]).await? > 0 {},
        }
    }
    stream.flush().await
}
