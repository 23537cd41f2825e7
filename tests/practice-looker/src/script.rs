//! What a fault does on a connection, byte by byte.

use std::{io, time::Duration};

use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// One step on a connection that a fault has taken over from hyper.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Write these bytes.
    Write(Bytes),
    /// Wait.
    Pause(Duration),
    /// Reset the connection (RST).
    Reset,
    /// Close the connection (FIN).
    Close,
    /// Send nothing more and wait until the client closes the connection.
    Hang,
}

/// Runs the steps in order. Stops when the client closes the connection.
pub(crate) async fn play(mut stream: TcpStream, steps: Vec<Step>) {
    for step in steps {
        if take(&mut stream, step).await.is_err() {
            return;
        }
    }
}

async fn take(stream: &mut TcpStream, step: Step) -> io::Result<()> {
    match step {
        Step::Write(bytes) => stream.write_all(&bytes).await,
        Step::Pause(time) => {
            tokio::time::sleep(time).await;
            Ok(())
        }
        // With a linger time of zero the kernel sends RST when the stream is dropped, which is next.
        Step::Reset => stream.set_zero_linger(),
        Step::Close => {
            stream.shutdown().await?;
            // Closing a socket with unread bytes sends RST instead of FIN.
            wait_for_end(stream, Duration::from_millis(200)).await;
            Ok(())
        }
        Step::Hang => {
            while read_some(stream).await > 0 {}
            Ok(())
        }
    }
}

async fn wait_for_end(stream: &mut TcpStream, longest: Duration) {
    // A client that never closes must not hold up the server, so a timeout is no error.
    let _ = tokio::time::timeout(longest, async { while read_some(stream).await > 0 {} }).await;
}

async fn read_some(stream: &mut TcpStream) -> usize {
    let mut scrap = [0; 1024];
    stream.read(&mut scrap).await.unwrap_or(0)
}
