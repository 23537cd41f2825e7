//! The page that lists all operations.

use super::connector::{Info, Operation};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The file of a group's page.
pub fn file_name(group: &str) -> String {
    let mut name = String::new();
    for letter in group.chars() {
        if (letter.is_uppercase() || letter == ' ') && !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
        if letter != ' ' {
            name.extend(letter.to_lowercase());
        }
    }
    name + ".md"
}

/// The list of all operations by group.
pub fn page(info: &Info, groups: &BTreeMap<&str, Vec<&Operation>>) -> String {
    let count: usize = groups.values().map(Vec::len).sum();
    let mut page = format!(
        "# Operations\n\nThe {} connector {} has {count} operations: jobs, which do in one step what takes several, and \
         Looker's own in Looker's groups. Use an operation's name in a workflow, with `host-harness invoke`, or with \
         `describe-operation`.\n\n\
         - *Effect*: what the operation does to data in Looker.\n\
         - *Idempotent*: calling it twice does no more than calling it once, so a platform may repeat it.\n\
         - *Quota*: how Looker counts the call: as a query call, as an administration call, or not at all. A job counts as \
         each of its requests does.\n\n\
         Generated from the component by `cargo xtask reference`. Do not edit.\n",
        info.title, info.version
    );
    let groups = jobs_first(groups);
    let links: Vec<String> = (groups.iter())
        .map(|(group, operations)| format!("[{group}](#{}) ({})", anchor(group), operations.len()))
        .collect();
    let _ = writeln!(page, "\n{}", links.join(" · "));
    for (group, operations) in &groups {
        let _ = writeln!(
            page,
            "\n## {group}\n\n| operation | title | effect | idempotent | quota | |\n| --- | --- | --- | --- | --- | --- |"
        );
        for operation in *operations {
            let Operation { name, title, effect, .. } = operation;
            let _ = writeln!(
                page,
                "| [`{name}`](operations/{file}#{name}) | {title} | {effect} | {idempotent} | {quota} | {notes} |",
                file = file_name(group),
                idempotent = idempotent(operation),
                quota = quota(operation),
                notes = notes(operation).join(", "),
            );
        }
    }
    page
}

/// The groups in the order of their names, jobs before all others.
fn jobs_first<'a>(groups: &'a BTreeMap<&str, Vec<&Operation>>) -> Vec<(&'a str, &'a Vec<&'a Operation>)> {
    let mut groups: Vec<_> = groups.iter().map(|(group, operations)| (*group, operations)).collect();
    groups.sort_by_key(|(group, _)| (*group != "Jobs", *group));
    groups
}

/// Whether an operation is idempotent, in one word.
fn idempotent(operation: &Operation) -> &'static str {
    if operation.idempotent {
        "yes"
    } else if operation.input_schema["x-idempotent"].is_null() {
        "no"
    } else {
        "depends"
    }
}

/// How Looker counts a call, from the input schema.
pub fn quota(operation: &Operation) -> &str {
    operation.input_schema["x-cost"].as_str().unwrap_or("none")
}

/// What else a reader should know before using an operation: its stability, and since when Looker has it.
pub fn notes(operation: &Operation) -> Vec<String> {
    let stability = (operation.stability != "stable").then(|| operation.stability.clone());
    let since = operation.input_schema["x-since"].as_str().map(|release| format!("since Looker {release}"));
    stability.into_iter().chain(since).collect()
}

/// The anchor that a heading gets.
fn anchor(heading: &str) -> String {
    heading.to_lowercase().replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_file_of_a_group_is_in_lower_case() {
        assert_eq!(file_name("UserAttribute"), "user-attribute.md");
        assert_eq!(file_name("Look"), "look.md");
        assert_eq!(file_name("Any request"), "any-request.md");
        assert_eq!(file_name("Any Request"), "any-request.md");
    }

    #[test]
    fn every_operation_has_a_row() {
        let info = Info { title: "Orchard".to_owned(), version: "1.2.3".to_owned() };
        let count = Operation::sample(json!({"x-cost": "query", "x-since": "26.22"}));
        let mut plant = Operation { name: "plant".to_owned(), effect: "write".to_owned(), ..count.clone() };
        plant.idempotent = false;
        plant.stability = "beta".to_owned();
        plant.input_schema = json!({"x-idempotent": {}});
        let job = Operation { name: "harvest".to_owned(), ..count.clone() };
        let page = page(&info, &BTreeMap::from([("Apple tree", vec![&count, &plant]), ("Jobs", vec![&job])]));
        assert!(page.contains("The Orchard connector 1.2.3 has 3 operations:"), "{page}");
        assert!(page.contains("\n[Jobs](#jobs) (1) · [Apple tree](#apple-tree) (2)\n\n## Jobs\n"), "{page}");
        let file = "operations/apple-tree.md";
        for row in [
            format!(
                "| [`count_apples`]({file}#count_apples) | Count apples | read | yes | query | since Looker 26.22 |"
            ),
            format!("| [`plant`]({file}#plant) | Count apples | write | depends | none | beta |"),
        ] {
            assert!(page.contains(&row), "{row}\nis not in\n{page}");
        }
    }
}
