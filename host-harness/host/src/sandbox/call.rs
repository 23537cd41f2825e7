//! One call into a sandbox: started, watched, and sorted out when it ends.

use super::exports::WrongInterface;
use super::{Connector, Live, Sandbox, State};
use crate::bindings::workflow::connector::types::Failure as WitFailure;
use crate::egress::call::CallContext;
use crate::failure::{ExecutionFailure, Failure};
use crate::limits::{CallMeter, microseconds};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;
use tracing::Instrument;
use wasmtime::{Store, UpdateDeadline};

/// What a call into a connector comes to: a trap, or the connector's answer.
type Call<'a, T> = Pin<Box<dyn Future<Output = wasmtime::Result<Result<T, WitFailure>>> + Send + 'a>>;

impl Sandbox {
    /// Makes an instance. Its start functions are watched as calls are.
    pub(super) async fn start(connector: &Connector) -> Result<Self, Failure> {
        let started = Instant::now();
        let watch = Arc::new(CallContext::new(Arc::new(CallMeter::new(&connector.limits, false))));
        let state = State::new(connector.client.clone(), &connector.environment, Arc::clone(&watch));
        let mut store = Store::new(connector.host.engine(), state);
        store.limiter(|state| state);
        store.epoch_deadline_callback(|context| {
            context.data().watch().check_cpu_time().map_err(|_| wasmtime::Error::msg("the time is up"))?;
            Ok(UpdateDeadline::Yield(1))
        });
        store.set_epoch_deadline(1);
        let span = tracing::debug_span!("instantiate");
        let instance = watch.meter().run(connector.pre.instantiate_async(&mut store)).instrument(span.clone()).await;
        let instance = match instance {
            Ok(Ok(instance)) => instance,
            Ok(Err(error))
                if watch.meter().exceeded().is_none() && error.downcast_ref::<wasmtime::Trap>().is_none() =>
            {
                return Err(ExecutionFailure::NoSandbox(error.root_cause().to_string()).into());
            }
            Ok(Err(error)) => return Err(crash(&error, &watch).into()),
            Err(limit) => {
                return Err(ExecutionFailure::Limit { limit, request_sent: watch.meter().close() }.into());
            }
        };
        tracing::debug!(parent: &span, time_us = microseconds(started), "instantiated");
        Ok(Self {
            live: Some(Live::new(store, instance, Arc::clone(&connector.exports))),
            limits: connector.limits.clone(),
            calls: connector.host.calls().clone(),
            sessions: connector.sessions.clone(),
        })
    }

    /// Watches over one call. `streaming` is for calls whose answers are handed on piece by piece.
    pub(super) fn watch(&self, streaming: bool) -> Arc<CallContext> {
        Arc::new(CallContext::new(Arc::new(CallMeter::new(&self.limits, streaming))))
    }

    /// Makes one call that needs no auth.
    pub(super) async fn call<T>(
        &mut self,
        function: &'static str,
        call: impl for<'a> FnOnce(&'a mut Live) -> Call<'a, T>,
    ) -> Result<T, Failure> {
        let _call = self.calls.begin()?;
        let watch = self.watch(false);
        self.watched(function, &watch, call).await
    }

    /// Calls one function. A call of the host's can be several of them: what they use together counts.
    pub(super) async fn watched<T>(
        &mut self,
        function: &'static str,
        watch: &Arc<CallContext>,
        call: impl for<'a> FnOnce(&'a mut Live) -> Call<'a, T>,
    ) -> Result<T, Failure> {
        // Taken out, so that a call which is dropped before it is done leaves no sandbox in the middle of something.
        let mut live = self.live.take().ok_or(ExecutionFailure::Ended)?;
        let started = Instant::now();
        live.store.data_mut().begin(Arc::clone(watch));
        live.store.set_epoch_deadline(1);
        let span = tracing::debug_span!("call", function);
        let outcome = watch.meter().run(call(&mut live)).instrument(span.clone()).await;
        tracing::debug!(parent: &span, time_us = microseconds(started), "done");
        match outcome {
            Ok(Ok(answer)) => {
                self.live = Some(live);
                answer.map_err(Failure::from)
            }
            Ok(Err(error)) => Err(crash(&error, watch).into()),
            Err(limit) => Err(ExecutionFailure::Limit { limit, request_sent: watch.meter().close() }.into()),
        }
    }
}

/// What a trap was. Its whole story, with the connector's own last words, goes to the log only: it may hold anything.
fn crash(error: &wasmtime::Error, watch: &CallContext) -> ExecutionFailure {
    if let Some(wrong) = error.downcast_ref::<WrongInterface>() {
        return ExecutionFailure::Interface(wrong.to_string());
    }
    tracing::debug!("trap: {error:?}");
    let message = match error.downcast_ref::<wasmtime_wasi::I32Exit>() {
        Some(exit) => format!("it exited with code {}", exit.0),
        None => error.root_cause().to_string(),
    };
    ExecutionFailure::Crash { message, request_sent: watch.meter().close() }
}
