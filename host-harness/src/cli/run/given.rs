//! What the command line gives a run.

use super::super::error::CliError;
use super::super::text_source::TextSource;
use host_harness::Workflow;
use host_harness::workflow::{CallKey, Given, inputs};
use serde_json::{Map, Value};
use std::path::Path;
use std::str::FromStr;

/// `--set NAME=VALUE`.
#[derive(Debug, Clone)]
pub(super) struct Assignment {
    name: String,
    source: TextSource,
}

impl FromStr for Assignment {
    type Err = String;

    fn from_str(argument: &str) -> Result<Self, String> {
        let (name, source) = argument.split_once('=').ok_or("write NAME=VALUE or NAME=@FILE")?;
        let Ok(source) = source.parse();
        Ok(Self { name: name.trim().to_owned(), source })
    }
}

/// `--done STEP[INDEX]=JSON`.
#[derive(Debug, Clone)]
pub(super) struct ElementOutput {
    pub(super) key: CallKey,
    pub(super) output: Value,
}

impl FromStr for ElementOutput {
    type Err = String;

    fn from_str(argument: &str) -> Result<Self, String> {
        let (key, output) =
            argument.split_once('=').ok_or("write STEP=JSON or STEP[INDEX]=JSON; null if the output is unknown")?;
        let output = serde_json::from_str(output).map_err(|error| format!("the output is not JSON: {error}"))?;
        Ok(Self { key: call_key(key)?, output })
    }
}

/// `STEP` or `STEP[INDEX]`.
pub(super) fn call_key(text: &str) -> Result<CallKey, String> {
    match text.strip_suffix(']').and_then(|text| text.rsplit_once('[')) {
        Some((step, index)) => {
            let index = index.parse().map_err(|_| format!("`{index}` is not the number of an element"))?;
            Ok(CallKey { step: step.to_owned(), index: Some(index) })
        }
        None => Ok(CallKey { step: text.to_owned(), index: None }),
    }
}

/// The values of `--inputs` and `--set`. The latter come before the former.
pub(super) async fn values(
    workflow: &Workflow,
    set: &[Assignment],
    all: Option<&TextSource>,
) -> Result<Vec<(String, Given)>, CliError> {
    let mut values: Vec<(String, Given)> = Vec::new();
    if let Some(source) = all {
        let (text, place) = source.read("--inputs").await?;
        let object = if is_file(source, &["yaml", "yml"]) { inputs::yaml(&text) } else { json_object(&text) };
        let object = object.map_err(|problem| CliError::usage(format!("{place}: {problem}")))?;
        values.extend(object.into_iter().map(|(name, value)| (name, value.into())));
    }
    for (index, Assignment { name, source }) in set.iter().enumerate() {
        if set[..index].iter().any(|other| other.name == *name) {
            return Err(CliError::usage(format!("--set {name} is given twice")));
        }
        let (text, place) = source.read(&format!("--set {name}")).await?;
        // An input that is not declared is told with the others.
        let none = Value::Null;
        let schema = workflow.input(name).map_or(&none, |declaration| &declaration.schema);
        let given = if is_file(source, &["csv"]) {
            inputs::csv::read(&text, schema).map_err(|problems| problems.join(&format!("\nerror: {place}: ")))
        } else if is_file(source, &["yaml", "yml"]) {
            inputs::yaml_value(&text).map(Given::from)
        } else {
            // The line break at the end of a file is not part of a text.
            let text =
                if matches!(source, TextSource::Text(_)) { text.as_str() } else { text.trim_end_matches(['\r', '\n']) };
            Given::from_text(text, schema)
        };
        let given = given.map_err(|problem| CliError::usage(format!("{place}: {problem}")))?;
        values.retain(|(other, _)| other != name);
        values.push((name.clone(), given));
    }
    Ok(values)
}

fn json_object(text: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|error| {
        let problem = match error.classify() {
            serde_json::error::Category::Data => "it has to be an object: each input's name with its value",
            _ => "it is not JSON",
        };
        format!("{problem} (line {}, column {})", error.line(), error.column())
    })
}

fn is_file(source: &TextSource, endings: &[&str]) -> bool {
    let TextSource::File(path) = source else { return false };
    let ending = Path::new(path).extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
    endings.contains(&ending.as_str())
}
