//! The developers' own commands: `cargo xtask import | reference | package`.

mod component;
mod import;
mod outcome;
mod package;
mod reference;
mod workspace;

use clap::Parser;
use std::io::{self, Write};
use std::process::ExitCode;

/// The developers' own commands
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Command {
    Import(import::Arguments),
    Reference(reference::Arguments),
    Package(package::Arguments),
}

fn main() -> ExitCode {
    let ended = match Command::parse() {
        Command::Import(arguments) => import::run(&arguments),
        Command::Reference(arguments) => reference::run(&arguments),
        Command::Package(arguments) => package::run(&arguments).map_err(|problem| vec![problem]),
    };
    match ended {
        Ok(outcome) => {
            let printed = io::stdout().write_all(outcome.report.as_bytes());
            if outcome.passed && printed.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(problems) => {
            for problem in problems {
                eprintln!("error: {problem}");
            }
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Command::command().debug_assert();
    }

    #[test]
    fn an_import_needs_a_description() {
        let error = Command::try_parse_from(["cargo xtask", "import"]).map(|_| ()).map_err(|error| error.kind());
        assert_eq!(error, Err(clap::error::ErrorKind::MissingRequiredArgument));
    }
}
