//! What a state file belongs to.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::hash::{BuildHasher, RandomState};

/// What a run consists of, so that no other run uses its state file: the workflow, its inputs, the component and the
/// auths. The file has a salted digest of each, from which nothing can be read.
///
/// Leave secrets out of it: they may change between two runs, and a digest could be used to guess a short one.
#[derive(Debug, Clone, Default)]
pub struct Binding {
    parts: Vec<(String, Vec<u8>)>,
}

impl Binding {
    /// Creates a binding to nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a part. `name` is how a message calls it: "the workflow".
    #[must_use]
    pub fn part(mut self, name: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        self.parts.push((name.into(), content.into()));
        self
    }

    /// The first line of a new file.
    pub(super) fn header(&self) -> Value {
        let salt = salt();
        let parts = self.digests(&salt);
        serde_json::json!({ "state": 1, "salt": salt, "parts": parts })
    }

    /// The names of the parts in which a file's first line differs. `None` if it is no first line.
    pub(super) fn differences(&self, header: &Value) -> Option<Vec<String>> {
        if header.get("state")? != 1 {
            return None;
        }
        let theirs = header.get("parts")?.as_object()?;
        let ours = self.digests(header.get("salt")?.as_str()?);
        let mut names: Vec<String> = ours
            .iter()
            .filter(|(name, digest)| theirs.get(*name) != Some(digest))
            .map(|(name, _)| name.clone())
            .collect();
        names.extend(theirs.keys().filter(|name| !ours.contains_key(*name)).cloned());
        Some(names)
    }

    fn digests(&self, salt: &str) -> Map<String, Value> {
        let digest = |name: &str, content: &[u8]| {
            let mut digest = Sha256::new();
            // Each with its length, so that none runs into the next.
            for part in [salt.as_bytes(), name.as_bytes(), content] {
                digest.update((part.len() as u64).to_le_bytes());
                digest.update(part);
            }
            hex(&digest.finalize())
        };
        self.parts.iter().map(|(name, content)| (name.clone(), digest(name, content).into())).collect()
    }
}

/// A number that no other file has.
fn salt() -> String {
    let mut salt = Vec::new();
    for index in 0..4_u8 {
        salt.extend(RandomState::new().hash_one(index).to_le_bytes());
    }
    hex(&salt)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
