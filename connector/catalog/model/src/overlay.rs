//! The overlay: titles, help, look-ups and corrections, written by hand.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::spec::read_folder;

/// Everything in `catalog/overlay`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overlay {
    /// `overlay/<tag>.toml`: by file stem, then by operation.
    pub operations: BTreeMap<String, BTreeMap<String, OperationOverlay>>,
    /// `overlay/fields.toml`: by field name, for every parameter and property of that name.
    pub fields: BTreeMap<String, FieldOverlay>,
    /// `overlay/models.toml`: by model, then by property.
    pub models: BTreeMap<String, BTreeMap<String, FieldOverlay>>,
    /// `overlay/effects.toml`.
    pub effects: EffectExceptions,
    /// `overlay/writable.toml`: by model, the properties that Looker accepts although its description marks them
    /// read-only.
    pub writable: BTreeMap<String, Vec<String>>,
    /// `overlay/secrets.toml`: properties by model, and parameters by operation, that hold secrets.
    pub secrets: BTreeMap<String, Vec<String>>,
    /// `overlay/json_maps.toml`: by model, the maps that hold any JSON although the description makes their values text.
    pub json_maps: BTreeMap<String, Vec<String>>,
}

/// What the overlay says about one operation.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperationOverlay {
    /// The title that people read: "Create user".
    pub title: Option<String>,
    /// What it does, in one line.
    pub help: Option<String>,
    /// Its inputs, if they need another title, help or look-up than their namesakes have.
    #[serde(default)]
    pub fields: BTreeMap<String, FieldOverlay>,
}

/// What the overlay says about one field. What it leaves out comes from the next wider place.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldOverlay {
    /// The title that people read: "First name".
    pub title: Option<String>,
    /// One line of help.
    pub help: Option<String>,
    /// The operation that lists its values.
    pub lookup: Option<LookupOverlay>,
}

/// The `lookup` of a field.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged, expecting = "a lookup is { operation = \"…\", value = \"…\", label = \"…\" }, or false for none")]
pub enum LookupOverlay {
    /// `false`: this field has no look-up, although its namesakes have one.
    Switch(bool),
    /// The operation to call.
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

impl Overlay {
    /// Reads the files in a folder, `catalog/overlay`. A missing folder or file counts as empty.
    ///
    /// # Errors
    ///
    /// One message for each file that cannot be read or does not have the expected form.
    pub fn read(folder: &Path) -> Result<Self, Vec<String>> {
        let mut overlay = Self::default();
        if !folder.exists() {
            return Ok(overlay);
        }
        let mut problems = Vec::new();
        for (name, text) in read_folder(folder, "toml").map_err(|problem| vec![problem])? {
            let stem = name.trim_end_matches(".toml");
            let outcome = match stem {
                "fields" => parse(&text).map(|read| overlay.fields = read),
                "models" => parse(&text).map(|read| overlay.models = read),
                "effects" => parse(&text).map(|read| overlay.effects = read),
                "writable" => parse(&text).map(|read| overlay.writable = read),
                "secrets" => parse(&text).map(|read| overlay.secrets = read),
                "json_maps" => parse(&text).map(|read| overlay.json_maps = read),
                _ => parse(&text).map(|read| {
                    overlay.operations.insert(stem.to_owned(), read);
                }),
            };
            if let Err(problem) = outcome {
                problems.push(format!("{}/{name}: {problem}", folder.display()));
            }
        }
        if problems.is_empty() { Ok(overlay) } else { Err(problems) }
    }

    /// The entry for an operation in a tag's file.
    pub fn operation(&self, file_stem: &str, name: &str) -> Option<&OperationOverlay> {
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

    fn read(files: &[(&str, &str)]) -> Result<Overlay, Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Overlay::read(folder.path())
    }

    #[test]
    fn every_kind_of_file_is_read() {
        let overlay = read(&[
            (
                "tree.toml",
                "[pick]\ntitle = \"Pick apple\"\nhelp = \"Takes one.\"\n[pick.fields.color]\nlookup = false\n",
            ),
            ("fields.toml", "[tree_id]\nlookup = { operation = \"all\", value = \"id\", label = \"name\" }\n"),
            ("models.toml", "[Apple.color]\ntitle = \"Shade\"\n"),
            ("effects.toml", "read = [\"pick\"]\n"),
            ("notes.md", "not an overlay file"),
        ])
        .unwrap();
        let pick = overlay.operation("tree", "pick").unwrap();
        assert_eq!(pick.title.as_deref(), Some("Pick apple"));
        assert_eq!(pick.fields["color"].lookup, Some(LookupOverlay::Switch(false)));
        let lookup = Lookup { operation: "all".into(), value: "id".into(), label: "name".into() };
        assert_eq!(overlay.fields["tree_id"].lookup, Some(LookupOverlay::Operation(lookup)));
        assert_eq!(overlay.models["Apple"]["color"].title.as_deref(), Some("Shade"));
        assert_eq!(overlay.effects.read, ["pick"]);
    }

    #[test]
    fn a_missing_folder_is_an_empty_overlay() {
        assert_eq!(Overlay::read(Path::new("/nowhere/at/all")), Ok(Overlay::default()));
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
