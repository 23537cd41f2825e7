//! Carries out one run, until it ends or is canceled.

use super::super::app::App;
use super::Run;
use super::request::Prepared;
use super::tell::Teller;
use std::sync::Arc;

/// Carries out a run. Nobody needs to listen to it.
pub(super) async fn run(app: Arc<App>, run: Arc<Run>, prepared: Prepared) {
    let Prepared { workflow, runner } = prepared;
    let mut teller = Teller::new(&app, &run);
    let outcome = tokio::select! {
        biased;
        // Dropping the run ends its sandboxes, whatever they are doing.
        () = run.cancel.notified() => None,
        outcome = runner.run(&workflow, |event| teller.tell(&event)) => Some(outcome),
    };
    run.log.end(match outcome {
        None => "canceled",
        Some(Ok(_)) => "succeeded",
        Some(Err(error)) => {
            teller.failed(&error);
            "failed"
        }
    });
}
