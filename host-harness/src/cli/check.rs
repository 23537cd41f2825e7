//! `check`: the test-connection call.

use super::context::Context;
use super::error::CliError;
use super::{Shared, operations, terminal};

pub(super) async fn run(shared: &Shared) -> Result<(), CliError> {
    let context = Context::start(shared).await?;
    let user = context.connector.check_auth(context.auth()?).await.map_err(CliError::failed)?;
    let user = operations::document("result of check-auth", &user)?;
    if shared.json {
        return Ok(terminal::print_line(&user.to_string())?);
    }
    terminal::tell("the connection works; signed in as:");
    Ok(terminal::print_line(&terminal::pretty(&user))?)
}
