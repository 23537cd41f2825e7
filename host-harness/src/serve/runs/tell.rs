//! What a run tells, as events of the API. Outputs are kept on the way.

use super::super::app::App;
use super::super::failure;
use super::super::outputs::{Content, Kept};
use super::Run;
use crate::workflow::{Event, RunError, Why};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the progress of a `for_each` is told at most.
const PROGRESS: Duration = Duration::from_millis(100);

/// Tells the events of one run.
pub(super) struct Teller {
    app: Arc<App>,
    run: Arc<Run>,
    last_progress: Option<Instant>,
    has_failed: bool,
}

impl Teller {
    pub(super) fn new(app: &Arc<App>, run: &Arc<Run>) -> Self {
        Self { app: Arc::clone(app), run: Arc::clone(run), last_progress: None, has_failed: false }
    }

    pub(super) fn tell(&mut self, event: &Event<'_>) {
        let log = &self.run.log;
        match event {
            Event::Started { step, position, total } => {
                let data =
                    json!({ "step": step.id, "operation": step.operation, "position": position, "total": total });
                log.add("started", &data);
            }
            Event::Progress { step, counts } => {
                let is_due = self.last_progress.is_none_or(|last| last.elapsed() >= PROGRESS);
                if is_due || counts.left == 0 {
                    self.last_progress = Some(Instant::now());
                    let done = counts.done + counts.kept + counts.skipped;
                    let data = json!({ "step": step.id, "done": done, "failed": counts.failed, "left": counts.left });
                    log.add_progress("progress", &data);
                }
            }
            Event::Waiting { step, index, attempt, wait, failure } => {
                let data = json!({
                    "step": step.id, "index": index, "attempt": attempt, "seconds": wait.as_secs_f64(),
                    "message": failure.problem().message,
                });
                log.add_progress("waiting", &data);
            }
            Event::Finished { step, output, time } => {
                let content = match output.body {
                    Some(body) => Content::from(body),
                    None => Content::Json(output.json.to_string().into()),
                };
                let kept = Arc::new(Kept::new(&step.id, &step.operation, content, output.next.is_some()));
                let mut info = kept.info();
                if !self.app.outputs.keep(kept) {
                    info["pinned"] = json!(false);
                }
                log.add("finished", &json!({ "step": step.id, "milliseconds": milliseconds(*time), "output": info }));
            }
            Event::Skipped { step, why } => {
                if *why == Why::Condition {
                    self.app.outputs.keep(Arc::new(Kept::new(&step.id, &step.operation, Content::Nothing, false)));
                }
                let why = match why {
                    Why::Condition => "its `if` is not true",
                    _ => "its output was there already",
                };
                log.add("skipped", &json!({ "step": step.id, "why": why }));
            }
            Event::Failed { step, time, failure, changed, .. } => {
                self.has_failed = true;
                let effect = self.app.descriptions.summary(&step.operation).map(|summary| summary.effect);
                log.add("failed", &failed(&step.id, *time, failure::to_json(failure, effect), changed));
            }
        }
    }

    /// Tells of a failure that was no step's.
    pub(super) fn failed(&self, error: &RunError) {
        if !self.has_failed {
            let failure = failure::to_json(&error.failure, error.effect);
            self.run.log.add("failed", &failed(&error.step, Duration::ZERO, failure, &error.changed));
        }
    }
}

fn failed(step: &str, time: Duration, failure: Value, changed: &[String]) -> Value {
    json!({ "step": step, "milliseconds": milliseconds(time), "failure": failure, "changed": changed })
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
