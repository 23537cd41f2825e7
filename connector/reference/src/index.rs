//! The page that lists all operations.

use connector_host::bindings::{ConnectorInfo, Effect, Operation, Stability};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The file of a group's page.
pub fn file_name(group: &str) -> String {
    let mut name = String::new();
    for letter in group.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.extend(letter.to_lowercase());
    }
    name + ".md"
}

/// The list of all operations, grouped as Looker groups them.
pub fn page(
    info: &ConnectorInfo,
    groups: &BTreeMap<String, Vec<Operation>>,
) -> Result<String, Box<dyn std::error::Error>> {
    let count: usize = groups.values().map(Vec::len).sum();
    let mut page = format!(
        "# Full list of operations\n\nAll {count} operations of the {} connector {}, grouped as Looker groups them. The \
         name is what a workflow, `host-harness invoke` and `describe-operation` take.\n\n\
         *Effect*: what it does to data. *Calls*: how Looker bills it, as a query call or as an administration call.\n\n\
         Made from the component by `cargo run -p operations-page`; not written by hand.\n",
        info.title, info.version
    );
    let links: Vec<String> = groups
        .iter()
        .map(|(group, operations)| format!("[{group}](#{}) ({})", group.to_lowercase(), operations.len()))
        .collect();
    writeln!(page, "\n{}", links.join(" · "))?;
    for (group, operations) in groups {
        writeln!(page, "\n## {group}\n\n| operation | title | effect | calls | |\n| --- | --- | --- | --- | --- |")?;
        for operation in operations {
            let summary = &operation.summary;
            let schema: Value = serde_json::from_str(&operation.input_schema)?;
            writeln!(
                page,
                "| [`{name}`](operations/{file}#{name}) | {title} | {effect} | {cost} | {stability} |",
                name = summary.name,
                file = file_name(group),
                title = summary.title,
                effect = effect(summary.effect),
                cost = cost(&schema),
                stability = stability(summary.stability),
            )?;
        }
    }
    Ok(page)
}

/// An effect as the page names it.
pub fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "read",
        Effect::Write => "write",
        Effect::Delete => "delete",
    }
}

/// How Looker bills an operation, from its input schema.
pub fn cost(schema: &Value) -> &str {
    schema["x-cost"].as_str().unwrap_or("none")
}

/// A stability that is worth a word.
pub fn stability(stability: Stability) -> &'static str {
    match stability {
        Stability::Stable => "",
        Stability::Beta => "beta",
        Stability::Alpha => "alpha",
        Stability::Deprecated => "deprecated",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_s_file_is_in_lower_case() {
        assert_eq!(file_name("UserAttribute"), "user-attribute.md");
        assert_eq!(file_name("Look"), "look.md");
    }
}
