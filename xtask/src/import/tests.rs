//! The command: what it writes, reports and fails on.

#![allow(clippy::unwrap_used)]

use super::orchard::{orchard, with, without};
use super::{Arguments, Outcome};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// An overlay for every operation of the orchard.
const OVERLAY: [(&str, &str); 2] = [
    (
        "tree.toml",
        "[all_trees]\ntitle = \"List trees\"\nhelp = \"Names all.\"\n[plant]\ntitle = \"Plant\"\nhelp = \"One more.\"\n\
         [set_trees]\ntitle = \"Set trees\"\nhelp = \"All anew.\"\n",
    ),
    (
        "apple_fruit.toml",
        "[login]\ntitle = \"Log in\"\nhelp = \"Opens.\"\n[apple]\ntitle = \"Get apple\"\nhelp = \"One.\"\n\
         [eat]\ntitle = \"Eat apple\"\nhelp = \"Gone.\"\n[polish]\ntitle = \"Polish apple\"\nhelp = \"Shines.\"\n",
    ),
];

/// Runs the command on a description.
fn import(folder: &TempDir, description: &Value, check: bool) -> Result<Outcome, Vec<String>> {
    let file = folder.path().join("description.json");
    fs::write(&file, description.to_string()).unwrap();
    super::run(&Arguments { description: file, sdk: None, catalog: folder.path().to_owned(), check })
}

fn run(folder: &TempDir, description: &Value, check: bool) -> Outcome {
    import(folder, description, check).unwrap()
}

/// A catalog with the orchard's spec and a complete overlay.
fn imported() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("overlay")).unwrap();
    for (name, text) in OVERLAY {
        fs::write(folder.path().join("overlay").join(name), text).unwrap();
    }
    let output = run(&folder, &orchard(), false);
    assert!(output.passed, "{output:?}");
    folder
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.display().to_string(), fs::read(&path).unwrap())).collect()
}

#[test]
fn importing_again_changes_no_byte() {
    let folder = imported();
    let before = files(&folder.path().join("spec"));
    assert_eq!(before.len(), 4);
    let again = run(&folder, &orchard(), false);
    assert_eq!(files(&folder.path().join("spec")), before);
    assert_eq!(again.report, "7 operations under 2 tags, 3 models\nthe spec is up to date\n");
    let check = run(&folder, &orchard(), true);
    assert!(check.passed, "{check:?}");
}

#[test]
fn check_fails_on_what_would_change_and_changes_nothing() {
    let folder = imported();
    let before = files(&folder.path().join("spec"));
    let renamed = with(orchard(), "/paths/~1trees/get/x-looker-status", json!("beta"));
    let check = run(&folder, &renamed, true);
    assert!(!check.passed);
    assert!(check.report.contains("changed  operation all_trees: stability was stable, is beta"), "{check:?}");
    assert!(check.report.contains("would write"), "{check:?}");
    assert_eq!(files(&folder.path().join("spec")), before);
    // A file edited by hand is found, even if it says the same.
    let file = folder.path().join("spec/tree.json");
    fs::write(&file, format!("{}\n", fs::read_to_string(&file).unwrap())).unwrap();
    assert!(!run(&folder, &orchard(), true).passed);
}

#[test]
fn the_report_tells_what_is_new_changed_and_gone() {
    let folder = imported();
    let new = without(orchard(), "/paths/~1trees/put");
    let new = without(new, "/components/schemas/Apple/properties/ripe");
    let new = with(
        new,
        "/components/schemas/Pear",
        json!({"x-looker-status": "stable", "properties": {"id": {"type": "string"}}}),
    );
    let new = with(new, "/components/schemas/Apple/properties/seeds", json!({"type": "boolean"}));
    let new = with(new, "/components/schemas/Apple/properties/color/enum", json!(["red"]));
    let new = with(new, "/components/schemas/Tree/required", json!([]));
    let new = with(
        new,
        "/paths/~1login/post/parameters",
        json!([{"name": "key", "in": "query", "required": true, "schema": {"type": "string"}}]),
    );
    let new = with(new, "/info/version", json!("4.0.2"));
    let output = run(&folder, &new, false);
    let report: Vec<_> = output.report.lines().filter(|line| line.starts_with("  ")).map(str::trim).collect();
    assert!(report[0].starts_with("changed  sources: were 4.0.1 (Looker 1.2, sha256 "), "{report:?}");
    assert_eq!(
        report[1..9],
        [
            "added    operation login, parameter key",
            "dropped  operation login, parameter client_id",
            "dropped  operation set_trees",
            "changed  model Apple, property color: values was [\"red\", \"green\"], is [\"red\"]",
            "added    model Apple, property seeds",
            "dropped  model Apple, property ripe",
            "added    model Pear",
            "changed  model Tree, property label: required was true, is false",
        ]
    );
    // Entries for what is gone are wrong now; an import says so without failing.
    assert!(output.report.contains("overlay/tree.toml, [set_trees]: there is no such operation"), "{output:?}");
    assert!(output.passed);
    assert!(!run(&folder, &new, true).passed);
}

#[test]
fn an_order_that_changed_is_reported() {
    let folder = imported();
    let mut new = orchard();
    new.pointer_mut("/paths/~1trees/get/parameters").unwrap().as_array_mut().unwrap().reverse();
    assert!(run(&folder, &new, true).report.contains("changed  operation all_trees: the order of its parameters"));
}

#[test]
fn the_file_of_a_tag_that_is_gone_is_deleted() {
    let folder = imported();
    let mut new = orchard();
    new["tags"].as_array_mut().unwrap().pop();
    for path in ["/paths/~1login", "/paths/~1apples~1{apple_id}"] {
        new = without(new, path);
    }
    let output = run(&folder, &new, false);
    assert!(output.report.contains("deleted ") && output.report.contains("apple_fruit.json"), "{output:?}");
    assert!(!folder.path().join("spec/apple_fruit.json").exists());
}

#[test]
fn what_is_refused_writes_nothing() {
    let folder = imported();
    let before = files(&folder.path().join("spec"));
    let problems = import(&folder, &with(orchard(), "/paths/~1trees/get/x-new", json!(1)), false).unwrap_err();
    assert!(problems[0].starts_with("/paths/~1trees/get/x-new: unknown field `x-new`"), "{problems:?}");
    assert_eq!(files(&folder.path().join("spec")), before);
}

#[test]
fn check_fails_if_the_overlay_is_wrong_incomplete_or_in_looker_s_words() {
    for (file, text, expected) in [
        ("tree.toml", "[plant]\ntitle = \"Plant\"\n", "overlay/tree.toml: plant has no help"),
        ("fields.toml", "[nothing]\ntitle = \"No\"\n", "[nothing]: no parameter and no property has this name"),
        // Case and punctuation do not hide a sentence.
        (
            "fields.toml",
            "[ids]\nhelp = \"Here: unique-key, of ONE tree; in.\"\n",
            "[ids]: Looker writes \"unique key of one tree in\" too",
        ),
        (
            "models.toml",
            "[Tree.label]\nhelp = \"A sentence about apples on their trees.\"\n",
            "overlay/models.toml, [Tree.label]: Looker writes \"sentence about apples on their trees\" too",
        ),
        (
            "tree.toml",
            "[plant.fields.label]\ntitle = \"Some sentence about apples on their\"\n",
            "overlay/tree.toml, [plant], field label: Looker writes",
        ),
    ] {
        let folder = imported();
        fs::write(folder.path().join("overlay").join(file), text).unwrap();
        let output = run(&folder, &orchard(), true);
        assert!(!output.passed, "{text}");
        assert!(output.report.contains(expected), "{expected}: {output:?}");
    }
}

#[test]
fn five_words_in_a_row_are_not_a_copy() {
    let folder = imported();
    fs::write(folder.path().join("overlay/fields.toml"), "[ids]\nhelp = \"Unique key of one tree.\"\n").unwrap();
    let output = run(&folder, &orchard(), true);
    assert!(output.passed, "{output:?}");
}

#[test]
fn a_spec_that_cannot_be_read_is_written_anew() {
    let folder = imported();
    fs::write(folder.path().join("spec/models.json"), "{").unwrap();
    let output = run(&folder, &orchard(), false);
    assert!(output.report.contains("cannot be compared: ") && output.report.contains("models.json"), "{output:?}");
    assert!(run(&folder, &orchard(), true).passed);
}

#[test]
fn a_first_import_reports_everything_as_added() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(&folder, &orchard(), true);
    let added = output.report.lines().filter(|line| line.starts_with("  added ")).count();
    assert_eq!(added, 1 + 7 + 3, "the sources, the operations and the models: {output:?}");
    assert!(!folder.path().join("spec").exists());
}

#[test]
fn a_body_that_takes_nothing_must_be_meant() {
    let folder = imported();
    let new =
        with(orchard(), "/components/schemas/Tree/properties", json!({"id": {"type": "string", "readOnly": true}}));
    let new = with(new, "/components/schemas/Tree/required", json!([]));
    let output = run(&folder, &new, false);
    assert!(!output.passed && output.report.contains("operation plant: nothing of its body can be sent"), "{output:?}");
    assert!(output.report.contains("wrote "), "the spec is written all the same: {output:?}");
}

#[test]
fn a_missing_description_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let arguments =
        Arguments { description: "/nowhere.json".into(), sdk: None, catalog: folder.path().to_owned(), check: false };
    let problems = super::run(&arguments).unwrap_err();
    assert!(problems[0].starts_with("/nowhere.json: cannot be read: "), "{problems:?}");
}

#[test]
fn an_sdk_adds_what_is_newer() {
    let folder = imported();
    let methods = "class Looker40SDK(api_methods.APIMethods):\n    # region Tree: Trees\n\n    def fell(self, tree_id: str) -> None:\n        \
                   self.delete(path=f\"/trees/{tree_id}\", structure=None)\n";
    let (_wheel_folder, wheel) = super::sdk::tests::wheel(methods, "");
    let arguments = Arguments {
        description: folder.path().join("description.json"),
        sdk: Some(wheel),
        catalog: folder.path().to_owned(),
        check: false,
    };
    let output = super::run(&arguments).unwrap();
    assert!(output.report.contains("(Looker 1.2 and 26.22.0"), "{output:?}");
    assert!(output.report.contains("added    operation fell"), "{output:?}");
    assert!(output.report.contains("overlay/tree.toml: fell has no title"), "{output:?}");
    let tree = fs::read_to_string(folder.path().join("spec/tree.json")).unwrap();
    assert!(tree.contains(r#""since": "26.22""#), "{tree}");
    let source = fs::read_to_string(folder.path().join("spec/source.json")).unwrap();
    assert!(source.contains(r#""sdk": {"release":"26.22.0","sha256":""#), "{source}");
}
