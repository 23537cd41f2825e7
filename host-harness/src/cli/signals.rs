//! The signals that end the program: Ctrl-C, and on Unix SIGTERM and SIGHUP.

use std::io;

/// The signals that end the program, caught from when this is made.
pub(super) struct Signals {
    #[cfg(unix)]
    streams: [(u8, tokio::signal::unix::Signal); 3],
}

#[cfg(unix)]
impl Signals {
    /// Catches them. From now on none ends the program by itself.
    ///
    /// # Errors
    ///
    /// Fails where the system does not let the program catch signals.
    pub(super) fn catch() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let caught = |number: u8| Ok::<_, io::Error>((number, signal(SignalKind::from_raw(number.into()))?));
        let [hangup, interrupt, terminate] = [SignalKind::hangup(), SignalKind::interrupt(), SignalKind::terminate()]
            .map(|kind| kind.as_raw_value() as u8);
        Ok(Self { streams: [caught(hangup)?, caught(interrupt)?, caught(terminate)?] })
    }

    /// Waits for the first of them, and gives its number.
    pub(super) async fn next(&mut self) -> u8 {
        std::future::poll_fn(|context| {
            for (number, stream) in &mut self.streams {
                if stream.poll_recv(context).is_ready() {
                    return std::task::Poll::Ready(*number);
                }
            }
            std::task::Poll::Pending
        })
        .await
    }
}

#[cfg(not(unix))]
impl Signals {
    /// Catches them.
    ///
    /// # Errors
    ///
    /// Never fails here: the signal is caught when it is waited for.
    pub(super) fn catch() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Waits for Ctrl-C, and gives the number that SIGINT has elsewhere.
    pub(super) async fn next(&mut self) -> u8 {
        const SIGINT: u8 = 2;
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        SIGINT
    }
}
