//! Shows people how a workflow gets on: one line for each step.

use super::super::terminal;
use super::summary::{Outcome, Summary};
use connector_host::Body;
use host_harness::Workflow;
use host_harness::workflow::{Counts, Event, Step, StepOutput, Why};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

/// How often the spinner turns.
const SPINNER: Duration = Duration::from_millis(100);

/// How often a line is written where no terminal shows a bar.
const LINES: Duration = Duration::from_secs(5);

/// How many outputs of a `for_each` a terminal shows.
const SHOWN: usize = 3;

/// Shows people how the workflow gets on.
pub(super) struct Show {
    json: bool,
    is_terminal: bool,
    label: String,
    bar: Option<ProgressBar>,
    /// When the step began, and when a line was last written about it.
    began: Instant,
    last_line: Instant,
    /// What the elements of this step were at when they were first counted.
    before: Option<Counts>,
    summary: Summary,
    /// The workflow goes on when nobody reads its output any more: half of it would be worse.
    outcome: io::Result<()>,
}

impl Show {
    pub(super) fn new(workflow: &Workflow, json: bool) -> Self {
        if !json {
            terminal::tell(&workflow.name);
        }
        let now = Instant::now();
        Self {
            json,
            is_terminal: io::stderr().is_terminal(),
            label: String::new(),
            bar: None,
            began: now,
            last_line: now,
            before: None,
            summary: Summary::new(workflow),
            outcome: Ok(()),
        }
    }

    /// Shows what happened.
    pub(super) fn event(&mut self, event: &Event<'_>) {
        if self.json {
            return;
        }
        match event {
            Event::Started { step, position, total } => self.start(step, *position, *total),
            Event::Progress { counts, .. } => self.progress(*counts),
            Event::Waiting { index, attempt, wait, failure, step } => {
                let element = index.map(|index| format!("[{index}]")).unwrap_or_default();
                let wait = seconds(*wait);
                let of = step.attempts;
                self.line(&format!("{}{element}: attempt {attempt} of {of} in {wait}: {failure}", step.id));
            }
            Event::Finished { step, output, time } => {
                self.clear();
                let counted = output.counts.map(|counts| format!(": {}", counted(counts))).unwrap_or_default();
                terminal::tell(format!("{} done in {}{counted}", self.label, duration(*time)));
                if self.outcome.is_ok() {
                    self.outcome = print_output(step, output);
                }
                if output.next.is_some() {
                    terminal::tell(format!("note: step {} returned one page only; there are more", step.id));
                }
                self.summary.add(step, Outcome::finished(output));
            }
            Event::Skipped { step, why } => {
                self.clear();
                let (why, outcome) = match why {
                    Why::Condition => ("left out: its `if` does not hold", Outcome::Skipped),
                    Why::Kept => ("already done by an earlier run", Outcome::Kept),
                    _ => ("not run: its output was given", Outcome::Skipped),
                };
                terminal::tell(format!("{} {why}", self.label));
                self.summary.add(step, outcome);
            }
            Event::Failed { step, time, failure, elements, .. } => {
                self.clear();
                let counted = elements.map(|elements| format!(": {}", counted(elements.counts))).unwrap_or_default();
                terminal::tell(format!("{} failed after {}{counted}", self.label, duration(*time)));
                self.summary.add(step, Outcome::failed(failure, *elements));
            }
            _ => {}
        }
    }

    /// Ends the display, with the summary.
    pub(super) fn finish(&mut self, is_success: bool) {
        self.clear();
        if !self.json {
            for line in self.summary.lines(is_success) {
                terminal::tell(line);
            }
        }
    }

    /// Whether everything could be printed.
    pub(super) fn into_outcome(self) -> io::Result<()> {
        self.outcome
    }

    fn start(&mut self, step: &Step, position: usize, total: usize) {
        self.label = terminal::escaped(&format!("[{position}/{total}] {} {}", step.id, step.operation));
        (self.began, self.last_line, self.before) = (Instant::now(), Instant::now(), None);
        if self.is_terminal {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
                bar.set_style(style);
            }
            bar.set_message(self.label.clone());
            bar.enable_steady_tick(SPINNER);
            self.bar = Some(bar);
        }
    }

    fn progress(&mut self, counts: Counts) {
        let before = *self.before.get_or_insert(counts);
        let total = counts.done + counts.kept + counts.skipped + counts.failed + counts.left;
        let ended = total - counts.left;
        let left = self.time_left(before, counts);
        if let Some(bar) = &self.bar {
            if bar.length() != Some(total as u64) {
                let style = ProgressStyle::with_template("{msg} {bar:24} {pos}/{len} {prefix}");
                if let Ok(style) = style {
                    bar.set_style(style.progress_chars("━╸─"));
                }
                bar.disable_steady_tick();
                bar.set_length(total as u64);
            }
            let failed = if counts.failed > 0 { format!("{} failed ", counts.failed) } else { String::new() };
            let left = left.map(|left| format!("{left} to go")).unwrap_or_default();
            bar.set_prefix(format!("{failed}{left}"));
            bar.set_position(ended as u64);
        } else if self.last_line.elapsed() >= LINES && counts.left > 0 {
            let left = left.map(|left| format!(", about {left} to go")).unwrap_or_default();
            self.line(&format!("{} {ended} of {total}: {}{left}", self.label, counted(counts)));
            self.last_line = Instant::now();
        }
    }

    /// The time that the rest will take, at the pace of this run.
    fn time_left(&self, before: Counts, counts: Counts) -> Option<String> {
        let carried_out = counts.done.saturating_sub(before.done);
        if carried_out == 0 || counts.left == 0 {
            return None;
        }
        let each = self.began.elapsed().as_secs_f64() / carried_out as f64;
        Some(seconds(Duration::from_secs_f64((each * counts.left as f64).min(1e9))))
    }

    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| terminal::tell(text)),
            None => terminal::tell(text),
        }
    }

    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// "412 done, 3 failed, 585 left".
fn counted(counts: Counts) -> String {
    let parts = [
        (counts.done, "done"),
        (counts.kept, "done by an earlier run"),
        (counts.skipped, "left out by `if`"),
        (counts.failed, "failed"),
        (counts.left, "not started"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if parts.is_empty() { "no elements".to_owned() } else { parts.join(", ") }
}

fn print_output(step: &Step, output: &StepOutput<'_>) -> io::Result<()> {
    let heading = format!("# {}: {}", step.id, step.operation);
    let text = match (output.body, output.json) {
        (Some(Body::Text(text)), _) => text.trim_end_matches('\n').to_owned(),
        (Some(Body::Nothing), _) => "(no output)".to_owned(),
        (Some(Body::File(file)), _) => {
            let name = file.name.as_deref().map(|name| format!("{name}, ")).unwrap_or_default();
            format!("(file: {name}{}, {} bytes)", file.media_type, file.bytes.len())
        }
        (None, Value::Array(items)) if items.len() > SHOWN && io::stdout().is_terminal() => {
            let shown = Value::Array(items[..SHOWN].to_vec());
            let text = terminal::pretty(&shown);
            let more = items.len() - SHOWN;
            format!("{}\n  … {more} more (--json prints all)\n]", text.trim_end_matches(['\n', ']']))
        }
        (_, json) => terminal::pretty(json),
    };
    terminal::print_line(&format!("{heading}\n{text}\n"))
}

/// A time to compare: "340 ms", "12.3 s", "2 min 5 s".
fn duration(time: Duration) -> String {
    if time < Duration::from_secs(10) {
        format!("{:.0} ms", time.as_secs_f64() * 1000.0)
    } else if time < Duration::from_secs(60) {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        seconds(time)
    }
}

/// A time to wait: "5 s", "2 min 5 s", "1 h 10 min".
fn seconds(time: Duration) -> String {
    let seconds = time.as_secs_f64().ceil() as u64;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}
