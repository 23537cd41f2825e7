//! Runs of workflows, one at a time, with what they tell.

mod log;
mod request;
pub(super) mod routes;
mod run;
mod tell;

use log::Log;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// How many runs are remembered.
const RUNS: usize = 16;

/// The runs of a server.
#[derive(Default)]
pub(super) struct Runs {
    list: Mutex<Vec<Arc<Run>>>,
}

/// A run, under way or over.
pub(super) struct Run {
    id: String,
    log: Log,
    cancel: Notify,
}

/// Another run is under way.
struct Busy;

impl Run {
    /// Ends the run. The calls that are under way end with their sandboxes.
    fn cancel(&self) {
        // It is kept for a run that has not begun to wait for it.
        self.cancel.notify_one();
    }
}

impl Runs {
    /// Adds a run, unless another one is under way.
    fn begin(&self, id: String) -> Result<Arc<Run>, Busy> {
        let mut list = self.list();
        if list.iter().any(|run| !run.log.has_ended()) {
            return Err(Busy);
        }
        if list.len() >= RUNS {
            list.remove(0);
        }
        let run = Arc::new(Run { id, log: Log::default(), cancel: Notify::new() });
        list.push(Arc::clone(&run));
        Ok(run)
    }

    fn all(&self) -> Vec<Arc<Run>> {
        self.list().clone()
    }

    fn get(&self, id: &str) -> Option<Arc<Run>> {
        self.list().iter().find(|run| run.id == id).cloned()
    }

    /// Ends the run that is under way, and waits until it has ended.
    pub(super) async fn stop(&self) {
        for run in self.all().iter().filter(|run| !run.log.has_ended()) {
            run.cancel();
            run.log.ended().await;
        }
    }

    fn list(&self) -> MutexGuard<'_, Vec<Arc<Run>>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
