//! Outputs that come piece by piece.

use super::Sandbox;
use super::sessions::SignIn;
use crate::bindings::Call;
use crate::egress::call::CallContext;
use crate::failure::{ExecutionFailure, Failure};
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;
use wasmtime::component::ResourceAny;

/// The output of an operation, on its way. It holds the sandbox that it comes from.
pub struct Download {
    sandbox: Sandbox,
    /// The download is one call, however often it is read.
    _call: OwnedSemaphorePermit,
    resource: ResourceAny,
    media_type: String,
    size: Option<u64>,
}

impl Sandbox {
    /// As [`Connector::open`](super::Connector::open). [`Download::into_sandbox`] gives the sandbox back.
    ///
    /// # Errors
    ///
    /// As [`Connector::describe`](super::Connector::describe).
    pub async fn open(mut self, auth: &str, operation: &str, input: &str) -> Result<Download, Failure> {
        let call = self.calls.begin()?;
        let watch = self.watch(true);
        let mut sign_in = SignIn::of(self.sessions.as_deref(), auth);
        let outcome = loop {
            let auth = self.auth(&mut sign_in, &watch).await?;
            let call = Call { operation: operation.to_owned(), input: input.to_owned(), max_wait_ms: None };
            let outcome = self.watched("open", &watch, |live| {
                Box::pin(async move {
                    let (store, streaming) = live.streaming()?;
                    let resource = match streaming.call_open(&mut *store, &auth, &call).await? {
                        Ok(resource) => resource,
                        Err(failure) => return Ok(Err(failure)),
                    };
                    let media_type = streaming.download().call_media_type(&mut *store, resource).await?;
                    let size = streaming.download().call_size(store, resource).await?;
                    Ok(Ok((resource, media_type, size)))
                })
            });
            let outcome = outcome.await;
            if !sign_in.again(&outcome) {
                break outcome;
            }
        };
        let (resource, media_type, size) = outcome?;
        Ok(Download { sandbox: self, _call: call, resource, media_type, size })
    }
}

impl Download {
    /// What kind of content it is: `text/csv`.
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// How many bytes it has in all, where the remote service said so.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// The next bytes, at most `most` of them; none at the end.
    ///
    /// # Errors
    ///
    /// As [`Connector::describe`](super::Connector::describe). After a failure the download is over.
    pub async fn read(&mut self, most: u32) -> Result<Vec<u8>, Failure> {
        let (resource, watch) = (self.resource, self.watch());
        let bytes = self
            .sandbox
            .watched("read", &watch, |live| {
                Box::pin(async move {
                    let (store, streaming) = live.streaming()?;
                    streaming.download().call_read(store, resource, most).await
                })
            })
            .await?;
        if bytes.len() > most as usize {
            return Err(ExecutionFailure::Interface(format!("`read` gave {} bytes of {most}", bytes.len())).into());
        }
        Ok(bytes)
    }

    /// Watches over one step. The request went out when the download was opened.
    fn watch(&self) -> Arc<CallContext> {
        let watch = self.sandbox.watch(true);
        watch.meter().send();
        watch
    }

    /// Ends the download, wherever it is, and gives back its sandbox.
    ///
    /// # Errors
    ///
    /// As [`Connector::describe`](super::Connector::describe).
    pub async fn into_sandbox(mut self) -> Result<Sandbox, Failure> {
        let (resource, watch) = (self.resource, self.watch());
        self.sandbox
            .watched("drop", &watch, |live| {
                Box::pin(async move { resource.resource_drop_async(&mut live.store).await.map(Ok) })
            })
            .await?;
        Ok(self.sandbox)
    }
}
