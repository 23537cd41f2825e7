//! The resource `future-incoming-response`: a request, and the response that is on its way.
//!
//! Nobody polls it while the guest does something else, such as writing the request's body. That is fine as long as hyper's
//! connection carries the request on, and costs no task. But some steps are the exchange's own: it opens the connection, and
//! opens another one when the pooled one turns out to be closed. So each exchange is its own waker: it wakes the guest where
//! the guest waits for it, and otherwise has a task make the step.

use super::error_code;
use crate::lock::lock;
use http::Response;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use tokio::runtime::Handle;
use wasmtime::StoreContextMut;
use wasmtime::component::{LinkerInstance, Resource, ResourceType};
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::p2::body::HostIncomingBody;
use wasmtime_wasi_http::p2::types::HostIncomingResponse;
use wasmtime_wasi_http::{Error, FieldMap, WasiBody, WasiHttpView};

/// What sends the request: the future of [`send_request`](wasmtime_wasi_http::WasiHttpHooks::send_request).
pub(super) type Sending = Pin<Box<dyn Future<Output = Sent> + Send>>;

/// The response, with something that this host has no use for; or why there is none.
type Sent = Result<(Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>), Error>;

/// A request, and the response that is on its way. Dropping it ends the request.
pub(crate) struct Exchange {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    attention: Mutex<Attention>,
    runtime: Handle,
}

enum State {
    /// The response is on its way.
    Sending(Sending),
    /// The response is there, or cannot come.
    Done(Result<Response<WasiBody>, Error>),
    /// The guest has taken it, or dropped the resource.
    Taken,
}

/// Who looks after the exchange.
#[derive(Default)]
struct Attention {
    /// The guest, while it waits.
    guest: Option<Waker>,
    /// Whether there is a step to be made that the guest was woken for and has not made.
    is_due: bool,
}

impl Exchange {
    /// Starts to send, within the guest's own call: what can be done at once is done.
    pub(super) fn start(sending: Sending) -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::new(State::Sending(sending)),
            attention: Mutex::default(),
            runtime: Handle::current(),
        });
        let _ = shared.step();
        Self { shared }
    }

    /// The response, where it is there and was not taken before.
    fn take(&self) -> Poll<Option<Result<Response<WasiBody>, Error>>> {
        let mut state = lock(&self.shared.state);
        match std::mem::replace(&mut *state, State::Taken) {
            State::Done(outcome) => Poll::Ready(Some(outcome)),
            State::Taken => Poll::Ready(None),
            sending @ State::Sending(_) => {
                *state = sending;
                Poll::Pending
            }
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        // The future holds the exchange as its waker, so that neither would ever be dropped otherwise.
        let state = std::mem::replace(&mut *lock(&self.shared.state), State::Taken);
        drop(state);
    }
}

impl Shared {
    /// Carries the exchange on as far as it goes, and tells whether it is done.
    fn step(self: &Arc<Self>) -> Poll<()> {
        lock(&self.attention).is_due = false;
        let mut state = lock(&self.state);
        let State::Sending(sending) = &mut *state else { return Poll::Ready(()) };
        let waker = Waker::from(Arc::clone(self));
        let outcome = std::task::ready!(sending.as_mut().poll(&mut Context::from_waker(&waker)));
        *state = State::Done(outcome.map(|(response, _)| response));
        Poll::Ready(())
    }

    /// Has a task make the next step.
    fn spawn_step(self: Arc<Self>) {
        let runtime = self.runtime.clone();
        runtime.spawn(async move {
            if self.step().is_ready() {
                // The guest may have begun to wait since.
                let guest = lock(&self.attention).guest.take();
                guest.iter().for_each(Waker::wake_by_ref);
            }
        });
    }
}

impl Wake for Shared {
    fn wake(self: Arc<Self>) {
        let guest = {
            let mut attention = lock(&self.attention);
            attention.is_due = true;
            attention.guest.clone()
        };
        match guest {
            Some(guest) => guest.wake(),
            None => self.spawn_step(),
        }
    }
}

/// Marks the guest as waiting, until it is dropped.
struct Waiting<'a>(&'a Arc<Shared>);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let is_due = {
            let mut attention = lock(&self.0.attention);
            attention.guest = None;
            attention.is_due
        };
        if is_due {
            Arc::clone(self.0).spawn_step();
        }
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Exchange {
    async fn ready(&mut self) {
        let waiting = Waiting(&self.shared);
        poll_fn(|context| {
            lock(&waiting.0.attention).guest = Some(context.waker().clone());
            waiting.0.step()
        })
        .await;
    }
}

/// Links the resource and its methods.
pub(super) fn add_to_linker<T: WasiHttpView + 'static>(types: &mut LinkerInstance<'_, T>) -> wasmtime::Result<()> {
    types.resource("future-incoming-response", ResourceType::host::<Exchange>(), |mut store, index| {
        store.data_mut().http().table.delete(Resource::<Exchange>::new_own(index))?;
        Ok(())
    })?;
    types.func_wrap("[method]future-incoming-response.subscribe", |mut store, (exchange,)| {
        Ok((subscribe_to(&mut store, exchange)?,))
    })?;
    types.func_wrap("[method]future-incoming-response.get", |mut store, (exchange,)| Ok((get(&mut store, exchange)?,)))
}

fn subscribe_to<T: WasiHttpView>(
    store: &mut StoreContextMut<'_, T>,
    exchange: Resource<Exchange>,
) -> wasmtime::Result<Resource<DynPollable>> {
    subscribe(store.data_mut().http().table, exchange)
}

/// What `get` returns: nothing while the response is on its way, and an error where the guest has taken it before.
type Got = Option<Result<Result<Resource<HostIncomingResponse>, ErrorCode>, ()>>;

fn get<T: WasiHttpView>(store: &mut StoreContextMut<'_, T>, exchange: Resource<Exchange>) -> wasmtime::Result<Got> {
    let view = store.data_mut().http();
    let outcome = match view.table.get(&exchange)?.take() {
        Poll::Pending => return Ok(None),
        Poll::Ready(None) => return Ok(Some(Err(()))),
        Poll::Ready(Some(outcome)) => outcome,
    };
    let response = match outcome {
        Ok(response) => response,
        Err(error) => return Ok(Some(Ok(Err(error_code::of_request(&error))))),
    };
    let (head, body) = response.into_parts();
    let response = HostIncomingResponse {
        status: head.status.as_u16(),
        headers: FieldMap::new_immutable(view.hooks, head.headers),
        body: Some(HostIncomingBody::new(body)),
    };
    Ok(Some(Ok(Ok(view.table.push(response)?))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::time::Duration;

    /// What sends the request in these tests: ready when the test says so.
    #[derive(Default)]
    struct Script {
        polls: usize,
        is_done: bool,
        waker: Option<Waker>,
    }

    type Sender = Arc<Mutex<Script>>;

    fn sending(script: &Sender) -> Sending {
        let script = Arc::clone(script);
        Box::pin(poll_fn(move |context| {
            let mut script = lock(&script);
            script.polls += 1;
            script.waker = Some(context.waker().clone());
            if script.is_done { Poll::Ready(Err(Error::ConnectionRefused)) } else { Poll::Pending }
        }))
    }

    /// Does what hyper does when there is a step to be made.
    fn wake(script: &Sender, is_done: bool) {
        let waker = {
            let mut script = lock(script);
            script.is_done |= is_done;
            script.waker.clone()
        };
        waker.unwrap().wake();
    }

    fn polls(script: &Sender) -> usize {
        lock(script).polls
    }

    /// A waker that counts.
    #[derive(Default)]
    struct Guest(std::sync::atomic::AtomicUsize);

    impl Wake for Guest {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }

    #[tokio::test]
    async fn a_task_makes_the_steps_while_the_guest_does_not_wait() {
        let script = Sender::default();
        let exchange = Exchange::start(sending(&script));
        assert_eq!(polls(&script), 1);
        wake(&script, false);
        tokio::task::yield_now().await;
        assert_eq!(polls(&script), 2);
        assert!(exchange.take().is_pending());
        wake(&script, true);
        tokio::task::yield_now().await;
        assert!(matches!(exchange.take(), Poll::Ready(Some(Err(Error::ConnectionRefused)))));
        assert!(matches!(exchange.take(), Poll::Ready(None)));
    }

    #[tokio::test]
    async fn the_guest_makes_the_steps_while_it_waits() {
        let script = Sender::default();
        let mut exchange = Exchange::start(sending(&script));
        let guest = Arc::new(Guest::default());
        let waker = Waker::from(Arc::clone(&guest));
        let mut context = Context::from_waker(&waker);
        let mut ready = pin!(exchange.ready());
        assert!(ready.as_mut().poll(&mut context).is_pending());
        wake(&script, true);
        // No task did it.
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!((polls(&script), guest.0.load(std::sync::atomic::Ordering::Relaxed)), (2, 1));
        assert!(ready.as_mut().poll(&mut context).is_ready());
    }

    /// It waited for several things, and another one was there first.
    #[tokio::test]
    async fn a_task_makes_the_step_that_the_guest_was_woken_for_but_left() {
        let script = Sender::default();
        let mut exchange = Exchange::start(sending(&script));
        {
            let mut ready = pin!(exchange.ready());
            assert!(ready.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            wake(&script, true);
        }
        tokio::task::yield_now().await;
        assert!(exchange.take().is_ready());
    }

    #[tokio::test]
    async fn dropping_it_ends_the_request() {
        let script = Sender::default();
        let exchange = Exchange::start(sending(&script));
        wake(&script, false);
        drop(exchange);
        tokio::task::yield_now().await;
        lock(&script).waker = None;
        assert_eq!((polls(&script), Arc::strong_count(&script)), (1, 1));
    }
}
