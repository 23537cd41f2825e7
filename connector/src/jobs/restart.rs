//! Starting work in Looker once more, for the jobs whose result Looker can lose.

use super::Job;
use crate::failure::{Reason, Result};

/// The input by which a call that goes on tells that the work was started a second time.
const RESTARTED: &str = "restarted";

/// What an earlier call started, by the input `task`. A later failure goes on with it.
pub fn taken_up(job: &mut Job, task: &str) -> Option<String> {
    let started = job.text(task);
    if let Some(started) = &started {
        job.resume_with(task, started.clone());
    }
    if job.flag(RESTARTED) {
        job.resume_with(RESTARTED, true);
    }
    started
}

/// Forgets what was started, so that it is started again.
///
/// # Errors
///
/// `lost_twice`, if that has happened before.
pub fn restart(job: &mut Job, task: &str, lost_twice: &str) -> Result<()> {
    if job.flag(RESTARTED) {
        return Err(job.fail(Reason::RemoteError, lost_twice));
    }
    job.set_value(RESTARTED, true.into());
    job.forget_resume(task);
    job.resume_with(RESTARTED, true);
    Ok(())
}
