//! `check`: the test-connection call.

use super::error::CliError;
use super::session::Session;
use super::{Shared, operations, terminal};

pub(super) async fn run(shared: &Shared) -> Result<(), CliError> {
    let session = Session::start(shared).await?;
    let user = session.connector.check_auth(&session.auth).await;
    let user = user.map_err(|failure| CliError::failed(&session.connector, failure))?;
    if shared.json {
        return Ok(terminal::print_line(&user)?);
    }
    eprintln!("the connection works; signed in as:");
    let user = operations::schema(&session.connector, "answer to check-auth", &user)?;
    Ok(terminal::print_line(&terminal::pretty(&user))?)
}
