//! The command line: runs connectors and workflows.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
