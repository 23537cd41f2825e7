//! What a job needs from the engine.

use crate::auth::Workspace;
use crate::failure::Result;
use crate::response::Output;
use std::time::Duration;

/// How many requests a job sends in one call, logins and repetitions included. Hosts bound them, usually at 64.
pub const MAX_REQUESTS: u32 = 40;

/// The operations of the catalog, as a job calls them: with the auth and the wait budget of the call.
pub trait Api {
    /// Carries out one operation.
    fn invoke(&mut self, operation: &str, input: &str) -> Result<Output>;

    /// Carries out one operation whose output becomes the job's own, unchanged. `resume` is the input that goes on if the
    /// output breaks off while it is streamed.
    fn pass_on(&mut self, operation: &str, input: &str, resume: Option<String>) -> Result<()>;

    /// Waits, unless the call may not wait that long. Returns whether it waited.
    fn wait(&mut self, time: Duration) -> bool;

    /// How long the call may still wait.
    fn wait_left(&self) -> Duration;

    /// How many requests the call has sent.
    fn requests(&self) -> u32;

    /// The time since the beginning of 1970.
    fn wall_clock(&self) -> Duration;

    /// Whether the output is streamed.
    fn streams(&self) -> bool;

    /// Signs in anew with the client credentials of the auth. All later calls use that session, in that workspace, until
    /// [`Api::leave_session`]. Tokens that other calls share are not touched.
    ///
    /// # Errors
    ///
    /// [`Reason::InvalidAuth`](crate::failure::Reason::InvalidAuth), before anything is sent, if the auth has no client
    /// secret; the failure of the login otherwise.
    fn enter_session(&mut self, workspace: Workspace) -> Result<()>;

    /// Logs out of the session of [`Api::enter_session`]. A session that cannot be ended expires by itself.
    fn leave_session(&mut self);
}
