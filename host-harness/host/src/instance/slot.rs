//! Makes an instance and calls its functions, each call metered; an instance that crashed or went over a limit is dropped.

use super::state::{CallSetup, State};
use super::{Answer, Instance, WrongInterface};
use crate::component::Component;
use crate::egress::call::CallContext;
use crate::failure::{ExecutionFailure, Failure};
use crate::host::Host;
use crate::limits::call_meter::microseconds;
use std::time::Instant;
use tracing::Instrument;
use wasmtime::{Store, UpdateDeadline};

/// The place of an instance: empty after a crash, a limit, or a call that was dropped before it was done.
pub(crate) struct Slot {
    instance: Option<Instance>,
}

impl Slot {
    /// Makes an instance. Its start functions are metered as calls are.
    pub(crate) async fn start(
        host: &Host,
        component: &Component,
        environment: &[(String, String)],
        call: CallSetup,
    ) -> Result<Self, Failure> {
        let started = Instant::now();
        let permit = host.sandboxes().take().map_err(|full| {
            ExecutionFailure::NoSandbox(format!("the host already has {} sandboxes, which is its limit", full.max))
        })?;
        let context = call.context.clone();
        let meter = context.meter();
        let mut store = Store::new(host.engine(), State::new(environment, host.memory().charge(), call));
        store.limiter(|state| state);
        store.epoch_deadline_callback(|mut store| {
            store.data_mut().charge_held()?;
            let meter = store.data().context().meter();
            meter.check_cpu_time().map_err(|_| wasmtime::Error::msg("the time is up"))?;
            Ok(UpdateDeadline::Yield(1))
        });
        store.set_epoch_deadline(1);
        let span = tracing::debug_span!("instantiate");
        let instance = meter.run(component.linked().instantiate_async(&mut store)).instrument(span.clone()).await;
        let instance = match instance {
            Ok(Ok(instance)) => instance,
            Ok(Err(error)) if meter.exceeded().is_none() && error.downcast_ref::<wasmtime::Trap>().is_none() => {
                return Err(ExecutionFailure::NoSandbox(error.root_cause().to_string()).into());
            }
            Ok(Err(error)) => return Err(crash(&error, &context).into()),
            Err(limit) => {
                return Err(ExecutionFailure::Limit { limit, request_sent: meter.close() }.into());
            }
        };
        tracing::debug!(parent: &span, time_us = microseconds(started), "instantiated");
        Ok(Self { instance: Some(Instance::new(store, instance, component.exports().clone(), permit)) })
    }

    /// Whether there is an instance to call.
    pub(crate) fn is_live(&self) -> bool {
        self.instance.is_some()
    }

    /// Calls one function. A call of the host's can be several of them: what they use together counts. A failure comes with
    /// what was found about the requests of the call, and without the call's secrets.
    pub(crate) async fn call<T>(
        &mut self,
        function: &'static str,
        call: &CallSetup,
        run: impl for<'a> FnOnce(&'a mut Instance) -> Answer<'a, T>,
    ) -> Result<T, Failure> {
        // Taken out, so that a call which is dropped before it is done leaves no instance in the middle of something.
        let mut instance = self.instance.take().ok_or(ExecutionFailure::Ended)?;
        let started = Instant::now();
        let meter = call.context.meter();
        instance.begin(call.clone());
        let span = tracing::debug_span!("call", function);
        let outcome = meter.run(run(&mut instance)).instrument(span.clone()).await;
        tracing::debug!(parent: &span, time_us = microseconds(started), "done");
        let failure = match outcome {
            Ok(Ok(answer)) => {
                instance.end();
                self.instance = Some(instance);
                match answer {
                    Ok(answer) => return Ok(answer),
                    Err(failure) => failure.into(),
                }
            }
            Ok(Err(error)) => crash(&error, &call.context).into(),
            Err(limit) => ExecutionFailure::Limit { limit, request_sent: meter.close() }.into(),
        };
        let failure = Failure::without(failure, &call.context.secrets().redactor());
        Err(failure.with_causes(call.context.causes()))
    }
}

/// What a trap was. Its whole story, with the connector's own last words, goes to the log only: it may hold anything.
fn crash(error: &wasmtime::Error, context: &CallContext) -> ExecutionFailure {
    if let Some(wrong) = error.downcast_ref::<WrongInterface>() {
        return ExecutionFailure::Interface(wrong.to_string());
    }
    tracing::debug!("trap: {}", context.secrets().redactor().redact(&format!("{error:?}")));
    let message = match error.downcast_ref::<wasmtime_wasi::I32Exit>() {
        Some(exit) => format!("it exited with code {}", exit.0),
        None => error.root_cause().to_string(),
    };
    ExecutionFailure::Crash { message, request_sent: context.meter().close() }
}
