//! Outputs that come piece by piece.

use crate::auth::Auth;
use crate::call::Call;
use crate::failure::{ExecutionFailure, Failure};
use crate::instance::Opened;
use crate::instance::state::CallSetup;
use crate::limits::call_meter::Used;
use crate::limits::permits::Permit;
use crate::sandbox::Sandbox;
use crate::sign_in::SignIn;
use std::sync::Arc;

/// After so many bytes, a download has the time limits of a call anew: they bound how slowly the bytes may come, however
/// often it is read, and not how many there may be. The limit on requests is the whole download's.
const RENEWING_BYTES: usize = 1024 * 1024;

/// The output of an operation, read piece by piece. It holds the sandbox that it comes from, and counts as one of the
/// host's concurrent calls until it is dropped.
///
/// ```no_run
/// # async fn example(connector: connector_host::Connector, auth: connector_host::Auth) -> Result<(), connector_host::Failure> {
/// use connector_host::Call;
///
/// let mut download = connector.open(&auth, Call::new("run_look")).await?;
/// println!("{}", download.media_type());
/// loop {
///     let bytes = download.read(64 * 1024).await?;
///     if bytes.is_empty() {
///         break;
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct Download {
    sandbox: Sandbox,
    /// The call that opened it.
    call: CallSetup,
    /// What it has used since the last [`RENEWING_BYTES`] came.
    used: Used,
    /// Bytes since then.
    bytes: usize,
    /// The download is one call, however often it is read.
    _permit: Permit,
    opened: Opened,
}

impl Sandbox {
    /// As [`Connector::open`](crate::Connector::open). [`Download::into_sandbox`] gives the sandbox back.
    ///
    /// # Errors
    ///
    /// As [`Connector::invoke`](crate::Connector::invoke).
    pub async fn open(mut self, auth: &Auth, call: Call) -> Result<Download, Failure> {
        let permit = self.take_permit()?;
        let setup = self.call_with(auth, true).await?;
        let call = call.into_wit();
        let opened = self
            .signed_in(&setup, (auth, SignIn::Shared), "open", |instance, auth| instance.open(auth, Arc::clone(&call)))
            .await?;
        let used = setup.context.meter().used();
        Ok(Download { sandbox: self, call: setup, used, bytes: 0, _permit: permit, opened })
    }
}

impl Download {
    /// Returns the media type: `text/csv`.
    pub fn media_type(&self) -> &str {
        &self.opened.media_type
    }

    /// Returns the total number of bytes. `None` if the remote service did not give it.
    pub fn size(&self) -> Option<u64> {
        self.opened.size
    }

    /// Returns the next bytes, at least one and at most `max_bytes`. An empty list marks the end.
    ///
    /// # Errors
    ///
    /// As [`Connector::invoke`](crate::Connector::invoke). After a failure, the rest of the output cannot be read.
    pub async fn read(&mut self, max_bytes: u32) -> Result<Vec<u8>, Failure> {
        let call = self.step();
        let resource = self.opened.resource;
        let bytes = self.sandbox.step(&call, "read", |instance| instance.read(resource, max_bytes)).await?;
        self.used = call.context.meter().used();
        self.bytes = self.bytes.saturating_add(bytes.len());
        if self.bytes >= RENEWING_BYTES {
            self.bytes = 0;
            self.used = Used { requests: self.used.requests, ..Used::default() };
        }
        if bytes.len() > max_bytes as usize {
            let message = format!("`read` gave {} bytes of {max_bytes}", bytes.len());
            return Err(ExecutionFailure::Interface(message).into());
        }
        Ok(bytes)
    }

    /// Ends the download at any point and returns its sandbox.
    ///
    /// # Errors
    ///
    /// As [`Connector::invoke`](crate::Connector::invoke).
    pub async fn into_sandbox(mut self) -> Result<Sandbox, Failure> {
        let call = self.step();
        let resource = self.opened.resource;
        self.sandbox.step(&call, "drop", |instance| instance.close(resource)).await?;
        Ok(self.sandbox)
    }

    /// What a step works with. The request went out when the download was opened.
    fn step(&self) -> CallSetup {
        let call = self.sandbox.step_of(&self.call, self.used);
        call.context.meter().request_is_sent();
        call
    }
}
