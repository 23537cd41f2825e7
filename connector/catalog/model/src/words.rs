//! How people read it: titles, help and look-ups, written by hand.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::facts::read_folder;

/// All words.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Words {
    /// `overlay/<tag>.toml`, by the name of the file without its ending, then by the name of the operation.
    pub operations: BTreeMap<String, BTreeMap<String, OperationWords>>,
    /// `overlay/fields.toml`: by the name of the field, wherever it is.
    pub fields: BTreeMap<String, FieldWords>,
    /// `overlay/models.toml`: by model, then by property.
    pub models: BTreeMap<String, BTreeMap<String, FieldWords>>,
    /// `overlay/effects.toml`.
    pub effects: EffectExceptions,
    /// `overlay/writable.toml`: by model, the properties that Looker takes although its description calls them
    /// read-only.
    pub writable: BTreeMap<String, Vec<String>>,
    /// `overlay/secrets.toml`: by model the properties, and by operation the parameters, that are not to be shown.
    pub secrets: BTreeMap<String, Vec<String>>,
}

/// The words of one operation.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperationWords {
    /// "Create user".
    pub title: Option<String>,
    /// One line: what it does.
    pub help: Option<String>,
    /// The words of its inputs, where they differ from what such a field is called elsewhere.
    #[serde(default)]
    pub fields: BTreeMap<String, FieldWords>,
}

/// The words of one field. What is left out is taken from the next wider place.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldWords {
    /// "First name".
    pub title: Option<String>,
    /// One line of help.
    pub help: Option<String>,
    /// Where its values come from.
    pub lookup: Option<LookupWords>,
}

/// The `lookup` of a field.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged, expecting = "a lookup is { operation = \"…\", value = \"…\", label = \"…\" }, or false for none")]
pub enum LookupWords {
    /// `false`: this field has none, although fields of its name have one elsewhere.
    Switch(bool),
    /// The operation to ask.
    Operation(Lookup),
}

/// An operation that lists the values of a field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    /// The name of the operation.
    pub operation: String,
    /// The property of each item that is the value.
    pub value: String,
    /// The property of each item that people read.
    pub label: String,
}

/// The operations whose effect is not what their method says: GET reads, DELETE deletes, everything else writes.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EffectExceptions {
    /// They change nothing that Looker keeps.
    pub read: Vec<String>,
    /// They create or change something.
    pub write: Vec<String>,
    /// They remove something.
    pub delete: Vec<String>,
}

impl Words {
    /// Reads the word files in a folder, `catalog/overlay`. A file that is not there has no words.
    ///
    /// # Errors
    ///
    /// One message for each file that cannot be read or is not what such a file is.
    pub fn read(folder: &Path) -> Result<Self, Vec<String>> {
        let mut words = Self::default();
        if !folder.exists() {
            return Ok(words);
        }
        let mut problems = Vec::new();
        for (name, text) in read_folder(folder, "toml").map_err(|problem| vec![problem])? {
            let stem = name.trim_end_matches(".toml");
            let outcome = match stem {
                "fields" => parse(&text).map(|read| words.fields = read),
                "models" => parse(&text).map(|read| words.models = read),
                "effects" => parse(&text).map(|read| words.effects = read),
                "writable" => parse(&text).map(|read| words.writable = read),
                "secrets" => parse(&text).map(|read| words.secrets = read),
                _ => parse(&text).map(|read| {
                    words.operations.insert(stem.to_owned(), read);
                }),
            };
            if let Err(problem) = outcome {
                problems.push(format!("{}/{name}: {problem}", folder.display()));
            }
        }
        if problems.is_empty() { Ok(words) } else { Err(problems) }
    }

    /// The words of an operation that a file about a tag has.
    pub fn operation(&self, file_stem: &str, name: &str) -> Option<&OperationWords> {
        self.operations.get(file_stem)?.get(name)
    }
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs;

    use super::*;

    fn read(files: &[(&str, &str)]) -> Result<Words, Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Words::read(folder.path())
    }

    #[test]
    fn every_kind_of_file_is_read() {
        let words = read(&[
            (
                "tree.toml",
                "[pick]\ntitle = \"Pick apple\"\nhelp = \"Takes one.\"\n[pick.fields.colour]\nlookup = false\n",
            ),
            ("fields.toml", "[tree_id]\nlookup = { operation = \"all\", value = \"id\", label = \"name\" }\n"),
            ("models.toml", "[Apple.colour]\ntitle = \"Shade\"\n"),
            ("effects.toml", "read = [\"pick\"]\n"),
            ("notes.md", "not a word file"),
        ])
        .unwrap();
        let pick = words.operation("tree", "pick").unwrap();
        assert_eq!(pick.title.as_deref(), Some("Pick apple"));
        assert_eq!(pick.fields["colour"].lookup, Some(LookupWords::Switch(false)));
        let lookup = Lookup { operation: "all".into(), value: "id".into(), label: "name".into() };
        assert_eq!(words.fields["tree_id"].lookup, Some(LookupWords::Operation(lookup)));
        assert_eq!(words.models["Apple"]["colour"].title.as_deref(), Some("Shade"));
        assert_eq!(words.effects.read, ["pick"]);
    }

    #[test]
    fn no_folder_has_no_words() {
        assert_eq!(Words::read(Path::new("/nowhere/at/all")), Ok(Words::default()));
    }

    #[test]
    fn every_bad_file_is_named() {
        let problems = read(&[
            ("tree.toml", "[pick]\ntitel = \"Pick\"\n"),
            ("fields.toml", "[tree_id]\nlookup = \"all\"\n"),
            ("effects.toml", "reads = []\n"),
        ])
        .unwrap_err();
        let all = problems.join("\n");
        assert_eq!(problems.len(), 3);
        assert!(all.contains("tree.toml") && all.contains("titel"), "{all}");
        assert!(all.contains("fields.toml") && all.contains("or false for none"), "{all}");
        assert!(all.contains("effects.toml") && all.contains("reads"), "{all}");
    }
}
