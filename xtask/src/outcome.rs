//! What a command ends with.

/// The end of a command that could do its work.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    /// What to print.
    pub report: String,
    /// False if a check found something: the program fails then.
    pub passed: bool,
}
