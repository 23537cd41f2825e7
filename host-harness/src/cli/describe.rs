//! `describe`: what the connector is, and what to fill in to sign in.

use super::error::CliError;
use super::{Shared, context, operations, terminal};
use host_harness::description;
use std::fmt::Write as _;

pub(super) async fn run(shared: &Shared) -> Result<(), CliError> {
    let connector = context::offline(shared).await?;
    let mut sandbox = connector.sandbox().await.map_err(CliError::failed)?;
    let info = sandbox.describe().await.map_err(CliError::failed)?;
    let schema = sandbox.auth_schema().await.map_err(CliError::failed)?;
    let schema = operations::document("auth-schema", &schema)?;
    if shared.json {
        let description = description::connector(&info, &schema);
        return Ok(terminal::print_line(&terminal::pretty(&description))?);
    }
    let mut text = String::new();
    let _ = writeln!(text, "{} ({} {})", info.title, info.name, info.version);
    let _ = writeln!(text, "{}", info.description);
    let _ = writeln!(text, "{}", info.documentation_url);
    let _ = writeln!(text, "\nTo sign in (--auth)");
    text.push_str(&operations::fields(&schema));
    Ok(terminal::print(&text)?)
}
