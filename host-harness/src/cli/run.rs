//! `run`: a workflow, step by step.

use super::context::Context;
use super::error::CliError;
use super::{Shared, terminal};
use connector_host::Body;
use host_harness::Workflow;
use host_harness::workflow::{self, Event, Step};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::time::Duration;

/// How often the spinner turns.
const SPINNER: Duration = Duration::from_millis(100);

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Workflow file.
    #[arg(value_name = "WORKFLOW.yaml")]
    workflow: PathBuf,
}

pub(super) async fn run(shared: &Shared, arguments: Arguments) -> Result<(), CliError> {
    let path = &arguments.workflow;
    let workflow = Workflow::from_file(path).map_err(|error| match error {
        workflow::WorkflowError::Read { .. } => CliError::from(error),
        error => CliError::usage(format!("{}: {error}", path.display())),
    })?;
    let context = Context::start(shared).await?;
    let mut show = Show::new(&workflow, shared.json);
    let outcome = workflow::run(&context.connector, &context.auth, &workflow, |event| show.event(&event)).await;
    show.finish();
    if shared.json {
        // Also after a failure: the steps before have given something, which may be needed to go on or to undo it.
        let outputs = outcome.as_ref().unwrap_or_else(|error| &error.outputs);
        show.outcome = terminal::print_line(&terminal::pretty(outputs.as_json()));
    }
    outcome.map_err(CliError::run)?;
    Ok(show.outcome?)
}

/// Shows people how the workflow gets on.
struct Show {
    json: bool,
    is_terminal: bool,
    steps: usize,
    started: usize,
    spinner: Option<ProgressBar>,
    /// The workflow goes on when nobody reads its output any more: half of it would be worse.
    outcome: io::Result<()>,
}

impl Show {
    fn new(workflow: &Workflow, json: bool) -> Self {
        if !json {
            terminal::tell(&workflow.name);
        }
        Self {
            json,
            is_terminal: io::stderr().is_terminal(),
            steps: workflow.steps.len(),
            started: 0,
            spinner: None,
            outcome: Ok(()),
        }
    }

    fn event(&mut self, event: &Event<'_>) {
        if let Event::Started { .. } = event {
            self.started += 1;
        }
        if self.json {
            return;
        }
        match event {
            Event::Started { step } if self.is_terminal => self.spin(step),
            Event::Started { .. } => {}
            Event::Finished { step, output, json, time } => {
                self.finish();
                terminal::tell(format!("{} done in {}", self.label(step), milliseconds(*time)));
                if self.outcome.is_ok() {
                    self.outcome = print_output(step, &output.body, json);
                }
                if output.next.is_some() {
                    terminal::tell(format!("note: step {} returned one page only; there are more", step.id));
                }
            }
            Event::Failed { step, time } => {
                self.finish();
                terminal::tell(format!("{} failed after {}", self.label(step), milliseconds(*time)));
            }
        }
    }

    fn spin(&mut self, step: &Step) {
        let spinner = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
            spinner.set_style(style);
        }
        spinner.set_message(self.label(step));
        spinner.enable_steady_tick(SPINNER);
        self.spinner = Some(spinner);
    }

    fn finish(&mut self) {
        if let Some(spinner) = self.spinner.take() {
            spinner.finish_and_clear();
        }
    }

    fn label(&self, step: &Step) -> String {
        terminal::escaped(&format!("[{}/{}] {} {}", self.started, self.steps, step.id, step.operation))
    }
}

fn print_output(step: &Step, body: &Body, json: &Value) -> io::Result<()> {
    let heading = format!("# {}: {}", step.id, step.operation);
    let text = match body {
        Body::Json(_) => terminal::pretty(json),
        Body::Text(text) => text.trim_end_matches('\n').to_owned(),
        Body::Nothing => "(no output)".to_owned(),
        Body::File(file) => {
            let name = file.name.as_deref().map(|name| format!("{name}, ")).unwrap_or_default();
            format!("(file: {name}{}, {} bytes)", file.media_type, file.bytes.len())
        }
    };
    terminal::print_line(&format!("{heading}\n{text}\n"))
}

fn milliseconds(time: Duration) -> String {
    format!("{:.0} ms", time.as_secs_f64() * 1000.0)
}
