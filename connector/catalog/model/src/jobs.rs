//! The descriptions of jobs: one JSON file beside the code of each, as the Rust source of a static table.
//!
//! A job is code, but a form, a list and a reference page need to know as much of it as of an operation of Looker's. The
//! file says that; the parts that all jobs share are added here.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The dialect of all schemas here.
const DIALECT: &str = r#""https://json-schema.org/draft/2020-12/schema""#;

/// The input by which a call that goes on tells what earlier calls of the same run did.
const STEPS_INPUT: &str = r#""steps":{"type":"array","title":"Steps done before","description":"What an earlier call did. Comes from the failure's resume; leave it out otherwise.","items":{"type":"object"}}"#;

/// The output of a job that reports its steps.
const STEPS_OUTPUT: &str = r#""changed":{"type":"boolean","title":"Changed","description":"False if everything was so already."},"steps":{"type":"array","title":"Steps","items":{"type":"object","properties":{"step":{"type":"string","title":"Step"},"state":{"type":"string","title":"State","description":"Done now, held already, or skipped.","enum":["done","held","skipped"]},"id":{"type":["string","null"],"title":"ID","description":"What the step was about."},"count":{"type":"integer","title":"Count","description":"How many things the step was about, if it was several."}},"required":["step","state","id"]}}"#;

/// A job's file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File<'a> {
    title: String,
    help: String,
    effect: Effect,
    idempotent: bool,
    cost: Cost,
    /// Whether it has steps that change something, which its output reports.
    #[serde(default)]
    steps: bool,
    media_types: Vec<String>,
    #[serde(borrow)]
    input: Members<'a>,
    #[serde(borrow)]
    output: Members<'a>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Effect {
    Read,
    Write,
    Delete,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Cost {
    Query,
    Administration,
    None,
}

/// The members of an object in the order in which they were written.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Visitor).map(Self)
    }
}

/// The Rust source of `DEFINITIONS`, the table of all jobs in the order of their names, to be included where the types of
/// the connector's `jobs.rs` are in scope. `files` are the names of the jobs and the texts of their files.
///
/// # Errors
///
/// A message for each file that is not the description of a job.
pub fn jobs(files: &BTreeMap<String, String>) -> Result<String, Vec<String>> {
    let (mut source, mut problems) = (String::new(), Vec::new());
    for (name, text) in files {
        match definition(name, text) {
            Ok(definition) => source.push_str(&definition),
            Err(problem) => problems.push(format!("src/jobs/{name}.json: {problem}")),
        }
    }
    let table = format!(
        "/// The jobs, sorted by name.\npub static DEFINITIONS: [Definition; {}] = [\n{source}];\n",
        files.len()
    );
    if problems.is_empty() { Ok(table) } else { Err(problems) }
}

fn definition(name: &str, text: &str) -> Result<String, String> {
    let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if file.media_types.is_empty() {
        return Err("media_types must name at least one media type".to_owned());
    }
    let mut source = String::new();
    let _ = write!(
        source,
        "    Definition {{\n        summary: Summary {{ name: {name:?}, title: {:?}, group: GROUP, help: {:?}, effect: \
         Effect::{:?}, idempotent: {}, stability: Stability::Stable }},\n        input_schema: {:?},\n        \
         output_schema: {:?},\n        media_types: &{:?},\n        run: {name}::run,\n    }},\n",
        file.title,
        file.help,
        file.effect,
        file.idempotent,
        input_schema(&file),
        output_schema(&file),
        file.media_types,
    );
    Ok(source)
}

fn input_schema(file: &File) -> String {
    let cost = match file.cost {
        Cost::Query => "query",
        Cost::Administration => "administration",
        Cost::None => "none",
    };
    let mut schema = format!(
        r#"{{"$schema":{DIALECT},"title":{},"description":{},"x-cost":"{cost}","type":"object","additionalProperties":false"#,
        quote(&file.title),
        quote(&file.help),
    );
    for (key, value) in &file.input.0 {
        let mut value = compact(value.get());
        if file.steps && key == "properties" {
            let comma = if value == "{}" { "" } else { "," };
            value.pop();
            value = format!("{value}{comma}{STEPS_INPUT}}}");
        }
        let _ = write!(schema, ",{}:{value}", quote(key));
    }
    schema + "}"
}

fn output_schema(file: &File) -> String {
    let mut schema = format!(r#"{{"$schema":{DIALECT},"title":{}"#, quote(&file.title));
    for (key, value) in &file.output.0 {
        let value = compact(value.get());
        let value = match value.strip_prefix('{') {
            Some(rest) if file.steps && key == "properties" => {
                let comma = if rest == "}" { "" } else { "," };
                format!("{{{STEPS_OUTPUT}{comma}{rest}")
            }
            _ => value,
        };
        let _ = write!(schema, ",{}:{value}", quote(key));
    }
    schema + "}"
}

fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A JSON document without the white space between its parts.
fn compact(document: &str) -> String {
    let (mut compact, mut in_text, mut escaped) = (String::with_capacity(document.len()), false, false);
    for letter in document.chars() {
        if in_text {
            in_text = escaped || letter != '"';
            escaped = !escaped && letter == '\\';
        } else if letter.is_ascii_whitespace() {
            continue;
        } else {
            in_text = letter == '"';
        }
        compact.push(letter);
    }
    compact
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{
        "title": "Plant \"it\"", "help": "Plants a tree.", "effect": "write", "idempotent": true, "cost": "administration",
        "steps": true, "media_types": ["application/json"],
        "input": {
            "required": ["kind"],
            "properties": { "size": { "type": "integer" }, "kind": { "type": "string", "title": "A \\\" b" } }
        },
        "output": { "type": "object", "properties": { "tree": {} } }
    }"#;

    fn table(file: &str) -> Result<String, Vec<String>> {
        jobs(&BTreeMap::from([("plant".to_owned(), file.to_owned())]))
    }

    #[test]
    fn schemas_keep_the_order_of_properties_and_get_what_all_jobs_share() {
        let file: File = serde_json::from_str(FILE).unwrap();
        let input = input_schema(&file);
        for part in [
            r#""title":"Plant \"it\"","description":"Plants a tree.","x-cost":"administration","type":"object","#,
            r#""properties":{"size":{"type":"integer"},"kind":{"type":"string","title":"A \\\" b"},"steps":{"#,
            r#","required":["kind"],"#,
        ] {
            assert!(input.contains(part), "{part} is not in {input}");
        }
        assert!(serde_json::from_str::<serde_json::Value>(&input).is_ok(), "{input}");
        let output: serde_json::Value = serde_json::from_str(&output_schema(&file)).unwrap();
        let names: Vec<&String> = output["properties"].as_object().unwrap().keys().collect();
        assert_eq!(names.len(), 3, "{names:?}");
        assert!(table(FILE).unwrap().contains("run: plant::run"));
    }

    #[test]
    fn a_file_that_describes_no_job_is_named() {
        for (from, to) in
            [("\"write\"", "\"wrote\""), ("\"steps\": true", "\"stepps\": true"), ("[\"application/json\"]", "[]")]
        {
            let problems = table(&FILE.replacen(from, to, 1)).unwrap_err();
            assert!(problems.len() == 1 && problems[0].starts_with("src/jobs/plant.json: "), "{problems:?}");
        }
    }
}
