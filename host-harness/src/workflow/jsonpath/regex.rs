//! The regular expressions of `match` and `search`.

use super::budget::{Budget, Exhausted};
use regex::{Regex, RegexBuilder};
use std::collections::HashMap;

/// The longest pattern, in bytes.
const PATTERN_BYTES: usize = 1000;

/// The memory that a compiled pattern may take, in bytes. Repetitions of repetitions multiply.
const COMPILED_BYTES: usize = 32 * 1024;

/// What matching costs for each byte of the text, in steps of the budget: a large pattern looks at a byte in many states.
const STEPS_PER_BYTE: usize = 8;

/// What compiling a pattern costs, in steps of the budget.
const COMPILE_STEPS: usize = 20_000;

/// How many patterns are kept. A pattern can come from the document, so that each node has another one.
const KEPT: usize = 16;

/// The patterns that an evaluation has compiled. One that cannot be compiled matches nothing, as RFC 9535 says.
#[derive(Default)]
pub(super) struct Patterns {
    compiled: HashMap<(String, bool), Option<Regex>>,
}

impl Patterns {
    /// Whether a text matches a pattern, wholly or in a part.
    pub(super) fn matches(
        &mut self,
        budget: &mut Budget,
        text: &str,
        pattern: &str,
        whole: bool,
    ) -> Result<bool, Exhausted> {
        budget.step(1 + STEPS_PER_BYTE.saturating_mul(text.len()))?;
        budget.text(pattern)?;
        let key = (pattern.to_owned(), whole);
        if !self.compiled.contains_key(&key) {
            budget.step(COMPILE_STEPS)?;
            if self.compiled.len() >= KEPT {
                self.compiled.clear();
            }
            self.compiled.insert(key.clone(), compile(pattern, whole));
        }
        Ok(self.compiled.get(&key).and_then(Option::as_ref).is_some_and(|pattern| pattern.is_match(text)))
    }
}

fn compile(pattern: &str, whole: bool) -> Option<Regex> {
    if pattern.len() > PATTERN_BYTES {
        return None;
    }
    let pattern = if whole { format!(r"\A(?:{pattern})\z") } else { pattern.to_owned() };
    // A dot is any character but line feed and carriage return (RFC 9485).
    RegexBuilder::new(&pattern).crlf(true).size_limit(COMPILED_BYTES).dfa_size_limit(COMPILED_BYTES).build().ok()
}
