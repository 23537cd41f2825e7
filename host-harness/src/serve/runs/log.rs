//! What a run has told so far, for readers that come early or late.

use bytes::Bytes;
use serde_json::Value;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// The most events of a run. Beyond it, those that tell only of progress are left out.
const EVENTS: usize = 10_000;

/// The events of a run, as server-sent events.
pub(super) struct Log {
    state: Mutex<State>,
    /// Changes with each event.
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    events: Vec<Bytes>,
    outcome: Option<&'static str>,
}

impl Default for Log {
    fn default() -> Self {
        Self { state: Mutex::default(), changed: watch::Sender::new(()) }
    }
}

impl Log {
    /// Adds an event.
    pub(super) fn add(&self, event: &str, data: &Value) {
        self.push(event, data, None);
    }

    /// Adds an event that may be left out where there are many.
    pub(super) fn add_progress(&self, event: &str, data: &Value) {
        if self.state().events.len() < EVENTS {
            self.add(event, data);
        }
    }

    /// Adds the last event.
    pub(super) fn end(&self, outcome: &'static str) {
        self.push("ended", &serde_json::json!({ "outcome": outcome }), Some(outcome));
    }

    fn push(&self, event: &str, data: &Value, outcome: Option<&'static str>) {
        let mut state = self.state();
        let id = state.events.len();
        // JSON has no line breaks outside of its strings, and escapes them there.
        state.events.push(format!("id: {id}\nevent: {event}\ndata: {data}\n\n").into());
        state.outcome = outcome;
        drop(state);
        self.changed.send_replace(());
    }

    /// How the run ended. [`None`] while it is under way.
    pub(super) fn outcome(&self) -> Option<&'static str> {
        self.state().outcome
    }

    pub(super) fn has_ended(&self) -> bool {
        self.outcome().is_some()
    }

    /// How many events there are.
    pub(super) fn len(&self) -> usize {
        self.state().events.len()
    }

    /// Waits until the run has ended.
    pub(super) async fn ended(&self) {
        let mut changed = self.changed.subscribe();
        while !self.has_ended() {
            if changed.changed().await.is_err() {
                return;
            }
        }
    }

    /// Waits for the event of this number. [`None`] if the run ended before it.
    pub(super) async fn event(&self, number: usize) -> Option<Bytes> {
        let mut changed = self.changed.subscribe();
        loop {
            {
                let state = self.state();
                if let Some(event) = state.events.get(number) {
                    return Some(event.clone());
                }
                if state.outcome.is_some() {
                    return None;
                }
            }
            changed.changed().await.ok()?;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::sync::Arc;

    #[tokio::test]
    async fn late_readers_get_every_event_and_the_end() {
        let log = Arc::new(Log::default());
        let reader = tokio::spawn({
            let log = Arc::clone(&log);
            async move {
                let mut events = Vec::new();
                while let Some(event) = log.event(events.len()).await {
                    events.push(String::from_utf8(event.to_vec()).unwrap());
                }
                events
            }
        });
        log.add("started", &json!({"step": "a\nb"}));
        tokio::task::yield_now().await;
        log.end("succeeded");
        let events = reader.await.unwrap();
        assert_eq!(events[0], "id: 0\nevent: started\ndata: {\"step\":\"a\\nb\"}\n\n");
        assert_eq!(events[1], "id: 1\nevent: ended\ndata: {\"outcome\":\"succeeded\"}\n\n");
        assert_eq!(log.event(1).await.unwrap(), events[1]);
        assert_eq!(log.event(2).await, None);
        log.ended().await;
    }

    #[test]
    fn progress_does_not_fill_the_memory() {
        let log = Log::default();
        for done in 0..2 * EVENTS {
            log.add_progress("progress", &json!({"done": done}));
        }
        log.add("finished", &json!({}));
        assert_eq!(log.len(), EVENTS + 1);
    }
}
