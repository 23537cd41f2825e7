//! The spec's files: how each is named, written and read.
//!
//! They are JSON with one parameter, response or property per line, so that `git diff` after an import reads as a list
//! of what Looker changed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Group, Model, Operation, Source, Spec};
use crate::humanize::file_stem;

/// The name of the file that names the description that the spec was made from.
pub const SOURCE_FILE: &str = "source.json";

/// The name of the file of all models.
pub const MODELS_FILE: &str = "models.json";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupFile {
    tag: String,
    operations: Vec<Operation>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelsFile {
    models: Vec<Model>,
}

impl Spec {
    /// The text of every file, by file name. Equal specs give equal text.
    pub fn files(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::from([
            (SOURCE_FILE.to_owned(), source_text(&self.source)),
            (MODELS_FILE.to_owned(), models_text(&self.models)),
        ]);
        files.extend(self.groups.iter().map(|group| (format!("{}.json", file_stem(&group.tag)), group_text(group))));
        files
    }

    /// Reads the files in a folder, `catalog/spec`, and checks that they agree with each other.
    ///
    /// # Errors
    ///
    /// One message for each file that cannot be read, is not what such a file is, or contradicts another.
    pub fn read(folder: &Path) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let mut source = None;
        let mut models = None;
        let mut groups = Vec::new();
        for (name, text) in read_folder(folder, "json").map_err(|problem| vec![problem])? {
            let place = format!("{}/{name}", folder.display());
            let outcome = match name.as_str() {
                SOURCE_FILE => parse::<Source>(&text).map(|read| source = Some(read)),
                MODELS_FILE => parse::<ModelsFile>(&text).map(|read| models = Some(read.models)),
                _ => parse::<GroupFile>(&text).and_then(|GroupFile { tag, operations }| {
                    let expected = format!("{}.json", file_stem(&tag));
                    if name != expected {
                        return Err(format!("the operations of the tag {tag} belong into {expected}"));
                    }
                    groups.push(Group { tag, operations });
                    Ok(())
                }),
            };
            if let Err(problem) = outcome {
                problems.push(format!("{place}: {problem}"));
            }
        }
        match (source, models) {
            (Some(source), Some(models)) if problems.is_empty() => {
                let spec = Self { source, models, groups };
                spec.inconsistencies().map_or(Ok(spec), Err)
            }
            (source, models) => {
                let missing = |file: &str| format!("{}: {file} is missing: run cargo xtask import", folder.display());
                if problems.is_empty() && source.is_none() {
                    problems.push(missing(SOURCE_FILE));
                }
                if problems.is_empty() && models.is_none() {
                    problems.push(missing(MODELS_FILE));
                }
                Err(problems)
            }
        }
    }
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// The files of a folder that have one extension, sorted by name.
///
/// # Errors
///
/// A message that names the folder or file that cannot be read.
pub(crate) fn read_folder(folder: &Path, extension: &str) -> Result<BTreeMap<String, String>, String> {
    let cannot = |path: &Path, error: std::io::Error| format!("{}: cannot be read: {error}", path.display());
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(|error| cannot(folder, error))? {
        let path = entry.map_err(|error| cannot(folder, error))?.path();
        if path.extension().is_some_and(|found| found == extension)
            && let Some(name) = path.file_name().and_then(|name| name.to_str())
        {
            files.insert(name.to_owned(), fs::read_to_string(&path).map_err(|error| cannot(&path, error))?);
        }
    }
    Ok(files)
}

/// One item of the spec on one line. Items hold strings, numbers, booleans and lists of them: JSON can write all of these.
fn line(item: &impl Serialize) -> String {
    serde_json::to_string(item).unwrap_or_else(|error| unreachable!("the spec is always JSON: {error}"))
}

/// A list with each of its items on a line of its own; `[]` when it is empty.
fn list(items: impl IntoIterator<Item = String>, indent: &str) -> String {
    let lines: Vec<String> = items.into_iter().map(|item| format!("{indent}  {item}")).collect();
    if lines.is_empty() { "[]".to_owned() } else { format!("[\n{}\n{indent}]", lines.join(",\n")) }
}

fn source_text(source: &Source) -> String {
    let mut members = vec![
        format!("\"version\": {}", line(&source.version)),
        format!("\"release\": {}", line(&source.release)),
        format!("\"sha256\": {}", line(&source.sha256)),
    ];
    members.extend(source.sdk.as_ref().map(|sdk| format!("\"sdk\": {}", line(sdk))));
    format!("{{\n  {}\n}}\n", members.join(",\n  "))
}

fn models_text(models: &[Model]) -> String {
    let models = models.iter().map(|model| {
        let properties = list(model.properties.iter().map(line), "      ");
        format!("{{\n      \"name\": {},\n      \"properties\": {properties}\n    }}", line(&model.name))
    });
    format!("{{\n  \"models\": {}\n}}\n", list(models, "  "))
}

fn group_text(group: &Group) -> String {
    let operations = group.operations.iter().map(|operation| {
        let mut members = vec![
            format!("\"name\": {}", line(&operation.name)),
            format!("\"method\": {}", line(&operation.method)),
            format!("\"path\": {}", line(&operation.path)),
            format!("\"stability\": {}", line(&operation.stability)),
            format!("\"cost\": {}", line(&operation.cost)),
        ];
        members.extend(operation.since.as_ref().map(|since| format!("\"since\": {}", line(since))));
        if !operation.parameters.is_empty() {
            members.push(format!("\"parameters\": {}", list(operation.parameters.iter().map(line), "      ")));
        }
        if let Some(body) = &operation.body {
            members.push(format!("\"body\": {}", line(body)));
        }
        members.push(format!("\"responses\": {}", list(operation.responses.iter().map(line), "      ")));
        members.push(format!("\"failures\": {}", line(&operation.failures)));
        format!("{{\n      {}\n    }}", members.join(",\n      "))
    });
    format!("{{\n  \"tag\": {},\n  \"operations\": {}\n}}\n", line(&group.tag), list(operations, "  "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::spec::{Body, Cost, Location, Method, Parameter, Property, Response, SdkSource, Stability};

    fn spec() -> Spec {
        let property = |name: &str, kind: &str| Property {
            name: name.into(),
            kind: kind.parse().unwrap(),
            required: true,
            nullable: false,
            read_only: false,
            write_only: true,
            deprecated: false,
            since: Some("1.3".into()),
            values: vec!["a \"quoted\" one".into()],
        };
        Spec {
            source: Source {
                version: "4.0.1".into(),
                release: "1.2".into(),
                sha256: "00".into(),
                sdk: Some(SdkSource { release: "1.3".into(), sha256: "11".into() }),
            },
            models: vec![
                Model { name: "Apple".into(), properties: vec![property("color", "string"), property("pip", "[Pip]")] },
                Model { name: "Pip".into(), properties: vec![] },
            ],
            groups: vec![Group {
                tag: "AppleTree".into(),
                operations: vec![Operation {
                    name: "pick".into(),
                    method: Method::Post,
                    path: "/trees/{tree}".into(),
                    stability: Stability::Beta,
                    cost: Cost::NonQuery,
                    since: Some("1.3".into()),
                    parameters: vec![Parameter {
                        name: "tree".into(),
                        location: Location::Path,
                        kind: "string".parse().unwrap(),
                        required: true,
                        deprecated: false,
                        since: None,
                    }],
                    body: Some(Body {
                        media_type: "application/json".into(),
                        kind: "Apple".parse().unwrap(),
                        required: true,
                    }),
                    responses: vec![Response { status: 204, media_types: vec![], kind: None }],
                    failures: vec![400, 404],
                }],
            }],
        }
    }

    fn write(spec: &Spec) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in spec.files() {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn what_is_written_is_read_again() {
        let spec = spec();
        let folder = write(&spec);
        assert_eq!(Spec::read(folder.path()).unwrap(), spec);
    }

    #[test]
    fn every_item_has_a_line_of_its_own() {
        let files = spec().files();
        assert_eq!(files.keys().collect::<Vec<_>>(), ["apple_tree.json", "models.json", "source.json"]);
        assert_eq!(
            files["apple_tree.json"],
            r#"{
  "tag": "AppleTree",
  "operations": [
    {
      "name": "pick",
      "method": "post",
      "path": "/trees/{tree}",
      "stability": "beta",
      "cost": "non_query",
      "since": "1.3",
      "parameters": [
        {"name":"tree","in":"path","type":"string","required":true}
      ],
      "body": {"media_type":"application/json","type":"Apple","required":true},
      "responses": [
        {"status":204}
      ],
      "failures": [400,404]
    }
  ]
}
"#
        );
    }

    #[test]
    fn a_file_of_another_form_is_named() {
        let folder = write(&spec());
        fs::write(folder.path().join("extra.json"), r#"{"tag": "Extra", "operations": [], "more": 1}"#).unwrap();
        let problems = Spec::read(folder.path()).unwrap_err();
        assert!(problems[0].contains("extra.json") && problems[0].contains("`more`"), "{problems:?}");
        fs::write(folder.path().join("extra.json"), r#"{"tag": "Other", "operations": []}"#).unwrap();
        let problems = Spec::read(folder.path()).unwrap_err();
        assert!(problems[0].contains("extra.json") && problems[0].contains("belong into other.json"), "{problems:?}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let folder = write(&spec());
        fs::remove_file(folder.path().join(MODELS_FILE)).unwrap();
        assert!(Spec::read(folder.path()).unwrap_err()[0].contains("models.json is missing"));
        fs::remove_file(folder.path().join(SOURCE_FILE)).unwrap();
        assert!(Spec::read(folder.path()).unwrap_err()[0].contains("source.json is missing"));
        assert!(Spec::read(&folder.path().join("nowhere")).unwrap_err()[0].contains("nowhere: cannot be read"));
    }
}
