//! A server that keeps to none of HTTP's rules: it logs in as Looker does, and plays a script to everything else.

use integration_tests::raw::{request, token_answer};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// The token that a login gives.
pub const TOKEN: &str = "raw-server-token";

/// One thing that the server does on a connection.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// Writes this. `{elsewhere}` in it stands for the address of a server that nobody may connect to.
    Write(&'static [u8]),
    /// Writes this so many times.
    Repeat(&'static [u8], usize),
    /// Writes this again and again, with so many milliseconds after each, for as long as anybody listens.
    Drip(&'static [u8], u64),
    /// Resets the connection (RST), after a moment in which what was written arrives.
    Reset,
    /// Says nothing more until the client goes away.
    Hang,
}

/// How the server greets a connection.
#[derive(Clone)]
pub enum Greeting {
    /// It reads requests.
    Http,
    /// It speaks TLS first.
    Tls(TlsAcceptor),
    /// It plays this before it has read anything.
    Script(&'static [Step]),
}

/// What the server does.
#[derive(Clone)]
pub struct Plan {
    /// When somebody connects.
    pub greeting: Greeting,
    /// When somebody logs in: nothing is a token, as Looker gives it.
    pub login: &'static [Step],
    /// When somebody asks for anything else. Afterwards the connection is closed (FIN).
    pub answer: &'static [Step],
    /// What stands for `{elsewhere}`.
    pub elsewhere: String,
}

/// A running server. It ends with the runtime.
pub struct RawServer {
    /// Where it listens.
    pub address: SocketAddr,
    asked: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
}

impl RawServer {
    /// Starts one on loopback.
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
                    // A client that goes away is the end, not a failure.
                    let _ = serve(stream, &plan, &counter).await;
                });
            }
        });
        Self { address, asked, connections }
    }

    /// A server that answers nothing: it is there to see that nobody connects.
    pub async fn unvisited() -> Self {
        let plan = Plan { greeting: Greeting::Http, login: &[], answer: &[], elsewhere: String::new() };
        Self::start(plan).await
    }

    /// How many requests came that were no logins.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// How many connections came.
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
    // Closing with unread bytes would reset the connection.
    let reading = async {
        while stream.read(&mut [0; 1024]).await? > 0 {}
        std::io::Result::Ok(())
    };
    let _ = tokio::time::timeout(Duration::from_millis(200), reading).await;
    Ok(())
}

/// A connection that may be reset, where it is TCP itself.
pub trait Connection: AsyncRead + AsyncWrite + Unpin + Send {
    /// Has the kernel send RST when the connection is dropped.
    fn reset(&self) {}
}

impl Connection for TcpStream {
    fn reset(&self) {
        self.set_zero_linger().unwrap();
    }
}

impl Connection for tokio_rustls::server::TlsStream<TcpStream> {}

/// Answers logins for as long as they come, and plays the script to the first other request.
async fn converse(stream: &mut impl Connection, plan: &Plan, asked: &AtomicUsize) -> std::io::Result<()> {
    loop {
        if !request(stream).await?.is_login() {
            asked.fetch_add(1, Ordering::Relaxed);
            return play(stream, plan.answer, plan).await;
        }
        if !plan.login.is_empty() {
            return play(stream, plan.login, plan).await;
        }
        stream.write_all(&token_answer(TOKEN)).await?;
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
                // Nothing more may be written: an orderly end would come before the reset.
                return Err(std::io::ErrorKind::ConnectionReset.into());
            }
            Step::Hang => while stream.read(&mut [0; 1024]).await? > 0 {},
        }
    }
    stream.flush().await
}
