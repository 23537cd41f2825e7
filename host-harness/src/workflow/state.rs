//! The state file of a run: what its steps gave so far, so that the same run can go on after a failure or a kill.
//!
//! The file is an append-only journal, one record a line. Each line begins with a checksum, so that a line that was
//! written half is recognized and dropped. Before a call is sent, its start is on the disk. A call that was started and
//! has no end was cut off: its outcome is unknown.
//!
//! The first line binds the file to its run by salted digests. Outputs stand in the file as they are and may be secret.

mod binding;
mod journal;

pub use binding::Binding;

use journal::{Journal, Record};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// One call of a run: a step, or one element of a step with `for_each`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallKey {
    /// The ID of the step.
    pub step: String,
    /// The number of the element, from 0. `None` for a step without `for_each`.
    pub index: Option<usize>,
}

/// As the command line writes it: `each[3]`.
impl std::fmt::Display for CallKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.index {
            Some(index) => write!(formatter, "{}[{index}]", self.step),
            None => formatter.write_str(&self.step),
        }
    }
}

/// Why a state file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// It could not be opened, read or written.
    #[error("the state file {} could not be {action}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried: "read".
        action: &'static str,
        /// Why.
        error: io::Error,
    },
    /// Another process uses it.
    #[error("the state file {} is in use by another run; wait until it ends", .0.display())]
    Locked(PathBuf),
    /// It is not a state file, or one line is damaged that is not the last.
    #[error("the state file {} is damaged in line {line}; nothing was run", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, starting at 1.
        line: usize,
    },
    /// It belongs to another run.
    #[error(
        "the state file {} belongs to another run: {} changed since; run with what it was begun with, or use another file",
        path.display(),
        differences.join(", ")
    )]
    OtherRun {
        /// The file.
        path: PathBuf,
        /// What differs: "the workflow", "the auth `production`".
        differences: Vec<String>,
    },
    /// A decision was made about a call that does not need one.
    #[error("`{0}` does not wait for a decision: only a call that was cut off does")]
    NotOpen(CallKey),
}

/// What the file knows of one call.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Entry {
    /// It was started and not ended: it was cut off. The input is what it goes on with, where it has got somewhere.
    Started { resume: Option<String> },
    /// It gave this.
    Done(Value),
    /// `if` left it out.
    Skipped,
    /// It failed, and it is certain that it can be carried out.
    Failed { resume: Option<String> },
    /// It failed so that nobody knows whether it was carried out.
    Unknown,
}

/// The state file of a run, open and locked.
#[derive(Debug)]
pub struct State {
    path: PathBuf,
    journal: Journal,
    entries: BTreeMap<CallKey, Entry>,
}

impl State {
    /// Opens a state file, or creates one that only its owner can read. It stays locked until the state is dropped.
    ///
    /// # Errors
    ///
    /// Returns an error if the file belongs to another run, if another process uses it, if it is damaged, or if it cannot
    /// be read and written.
    pub fn open(path: &Path, binding: &Binding) -> Result<Self, StateError> {
        let (journal, records) = Journal::open(path, binding)?;
        let mut state = Self { path: path.to_owned(), journal, entries: BTreeMap::new() };
        for record in records {
            state.apply(record);
        }
        Ok(state)
    }

    /// Whether an earlier run has left something.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The calls whose outcome is unknown: they were cut off, or failed so that they may have been carried out.
    pub fn open_calls(&self) -> impl Iterator<Item = &CallKey> {
        let is_open = |entry: &Entry| matches!(entry, Entry::Started { .. } | Entry::Unknown);
        self.entries.iter().filter(move |(_, entry)| is_open(entry)).map(|(key, _)| key)
    }

    /// Decides that a call whose outcome is unknown was carried out, and gave this output.
    ///
    /// # Errors
    ///
    /// Returns an error if the call does not wait for a decision, or if the file cannot be written.
    pub fn decide_done(&mut self, key: CallKey, output: Value) -> Result<(), StateError> {
        self.decide(key, |key| Record::Done(key, output))
    }

    /// Decides that a call whose outcome is unknown may be sent again.
    ///
    /// # Errors
    ///
    /// As [`State::decide_done`].
    pub fn decide_repeat(&mut self, key: CallKey) -> Result<(), StateError> {
        self.decide(key, |key| Record::Failed { key, unknown: false, resume: None })
    }

    fn decide(&mut self, key: CallKey, record: impl FnOnce(CallKey) -> Record) -> Result<(), StateError> {
        if !self.open_calls().any(|open| *open == key) {
            return Err(StateError::NotOpen(key));
        }
        let record = record(key);
        self.journal.append(std::slice::from_ref(&record), true).map_err(|error| self.io(error))?;
        self.apply(record);
        Ok(())
    }

    /// What is known of a call. An output is handed over: it is kept once in memory.
    pub(super) fn take_entry(&mut self, step: &str, index: Option<usize>) -> Option<Entry> {
        match self.entries.get_mut(&CallKey { step: step.to_owned(), index })? {
            Entry::Done(output) => Some(Entry::Done(output.take())),
            other => Some(other.clone()),
        }
    }

    /// Records that calls are about to be sent. When this returns, it is on the disk.
    pub(super) fn start(&mut self, keys: Vec<CallKey>) -> Result<(), StateError> {
        self.write(keys.into_iter().map(Record::Start).collect(), true)
    }

    /// Records how a call goes on where it has got somewhere.
    pub(super) fn resume(&mut self, key: CallKey, input: String) -> Result<(), StateError> {
        self.write(vec![Record::Resume(key, input)], true)
    }

    /// Records an output. It reaches the disk with the next start at the latest: a call that has ended is not lost by
    /// the end of the process, only by that of the machine, and then it counts as cut off.
    pub(super) fn done(&mut self, key: CallKey, output: Value) -> Result<(), StateError> {
        self.write(vec![Record::Done(key, output)], false)
    }

    /// Records that `if` left a call out.
    pub(super) fn skipped(&mut self, key: CallKey) -> Result<(), StateError> {
        self.write(vec![Record::Skipped(key)], false)
    }

    /// Records a failure.
    pub(super) fn failed(&mut self, key: CallKey, unknown: bool, resume: Option<String>) -> Result<(), StateError> {
        self.write(vec![Record::Failed { key, unknown, resume }], false)
    }

    /// Waits until everything is on the disk.
    pub(super) fn sync(&mut self) -> Result<(), StateError> {
        self.journal.sync().map_err(|error| self.io(error))
    }

    fn write(&mut self, records: Vec<Record>, sync: bool) -> Result<(), StateError> {
        if records.is_empty() {
            return Ok(());
        }
        self.journal.append(&records, sync).map_err(|error| self.io(error))?;
        for mut record in records {
            if let Record::Done(_, output) = &mut record {
                // The run has it already.
                output.take();
            }
            self.apply(record);
        }
        Ok(())
    }

    fn io(&self, error: io::Error) -> StateError {
        StateError::Io { path: self.path.clone(), action: "written", error }
    }

    fn apply(&mut self, record: Record) {
        match record {
            Record::Start(key) => {
                // A call that is sent again goes on where it was.
                let resume = match self.entries.remove(&key) {
                    Some(Entry::Started { resume } | Entry::Failed { resume }) => resume,
                    _ => None,
                };
                self.entries.insert(key, Entry::Started { resume });
            }
            Record::Resume(key, input) => {
                self.entries.insert(key, Entry::Started { resume: Some(input) });
            }
            Record::Done(key, output) => {
                self.entries.insert(key, Entry::Done(output));
            }
            Record::Skipped(key) => {
                self.entries.insert(key, Entry::Skipped);
            }
            Record::Failed { key, unknown: true, .. } => {
                self.entries.insert(key, Entry::Unknown);
            }
            Record::Failed { key, unknown: false, resume } => {
                self.entries.insert(key, Entry::Failed { resume });
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
