//! `serve` reads and writes workflow files of one folder, and no others.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test should fail loudly where it fails")]

mod support;

use serde_json::{Value, json};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use support::serving::Serving;

const TEXT: &str = "name: Mine # with a comment\nsteps:\n  - id: a\n    operation: me\n";

/// A folder within another one, with a workflow in it and a secret beside it.
fn folders() -> (tempfile::TempDir, std::path::PathBuf) {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().canonicalize().unwrap().join("workflows");
    std::fs::create_dir_all(folder.join("sub")).unwrap();
    std::fs::write(folder.join("flow.yaml"), TEXT).unwrap();
    std::fs::write(outer.path().join("secret.yaml"), "secret: hush\n").unwrap();
    (outer, folder)
}

fn serve(folder: &Path, file: Option<&str>) -> Serving {
    // Started elsewhere: the folder is that of the file.
    let file = file.map(|file| folder.join(file).display().to_string());
    let start = if file.is_some() { std::env::temp_dir() } else { folder.to_owned() };
    Serving::start_in(&start, &["--practice"].into_iter().chain(file.as_deref()).collect::<Vec<_>>())
}

fn save(server: &Serving, path: Option<&str>, text: &str, version: &Value) -> (u16, Value) {
    let response = server.put("/api/workflow", &json!({ "path": path, "text": text, "version": version }));
    (response.status, response.json())
}

#[test]
fn the_open_file_is_read_and_written_as_it_is() {
    let (_outer, folder) = folders();
    let file = folder.join("flow.yaml");
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
    let server = serve(&folder, Some("flow.yaml"));
    let opened = server.get("/api/workflow").expect(200);
    assert_eq!((&opened["path"], &opened["text"]), (&json!("flow.yaml"), &json!(TEXT)));
    let changed = TEXT.replace("Mine", "Yours");
    let (status, saved) = save(&server, None, &changed, &opened["version"]);
    assert_eq!(status, 200, "{saved}");
    assert_ne!(saved["version"], opened["version"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), changed);
    assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o640);
    assert_eq!(server.get("/api/workflow").expect(200)["version"], saved["version"]);
    // Half a workflow can be saved too.
    let (status, saved) = save(&server, None, "name: [", &saved["version"]);
    assert_eq!(status, 200, "{saved}");
    let names: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
    assert_eq!(names.len(), 2, "nothing else is left: {names:?}");
}

#[test]
fn a_file_that_was_changed_by_others_is_not_overwritten() {
    let (_outer, folder) = folders();
    let server = serve(&folder, Some("flow.yaml"));
    let version = server.get("/api/workflow").expect(200)["version"].clone();
    std::fs::write(folder.join("flow.yaml"), "name: Theirs\n").unwrap();
    let (status, refused) = save(&server, None, TEXT, &version);
    assert_eq!(status, 409);
    assert!(refused["error"].as_str().unwrap().contains("changed by another program"), "{refused}");
    assert_eq!(save(&server, None, TEXT, &Value::Null).0, 409, "a new file must not replace one");
    assert_eq!(std::fs::read_to_string(folder.join("flow.yaml")).unwrap(), "name: Theirs\n");
    std::fs::remove_file(folder.join("flow.yaml")).unwrap();
    assert_eq!(save(&server, None, TEXT, &version).0, 409);
    assert_eq!(save(&server, None, TEXT, &Value::Null).0, 200);
}

#[test]
fn new_files_can_be_saved_and_opened_in_the_folder() {
    let (_outer, folder) = folders();
    let server = serve(&folder, None);
    assert_eq!(server.get("/api/workflow").expect(200), json!({ "path": null, "text": "", "version": null }));
    assert_eq!(save(&server, None, TEXT, &Value::Null).0, 400, "no file is open");
    let (status, saved) = save(&server, Some("sub/new.yml"), TEXT, &Value::Null);
    assert_eq!((status, &saved["path"]), (200, &json!("sub/new.yml")));
    assert_eq!(std::fs::read_to_string(folder.join("sub/new.yml")).unwrap(), TEXT);
    assert_eq!(server.get("/api/workflow").expect(200)["path"], "sub/new.yml", "it is open now");
    assert_eq!(server.get("/api/workflow?path=flow.yaml").expect(200)["text"], TEXT);
    server.get("/api/workflow?path=none.yaml").expect(404);
    assert_eq!(save(&server, Some("none/new.yml"), TEXT, &Value::Null).0, 404);
}

#[test]
fn nothing_outside_of_the_folder_is_read_or_written() {
    let (outer, folder) = folders();
    let outside = outer.path().canonicalize().unwrap();
    symlink(outside.join("secret.yaml"), folder.join("link.yaml")).unwrap();
    symlink(&outside, folder.join("folder")).unwrap();
    symlink(outside.join("not-there.yaml"), folder.join("dangling.yaml")).unwrap();
    symlink("/proc/self/environ", folder.join("environ.yaml")).unwrap();
    std::fs::write(folder.join("notes.txt"), "hush").unwrap();
    symlink(folder.join("notes.txt"), folder.join("text.yaml")).unwrap();
    symlink(folder.join("flow.yaml"), folder.join("inner.yaml")).unwrap();
    let server = serve(&folder, Some("flow.yaml"));
    let absolute = outside.join("secret.yaml").display().to_string();
    for path in [
        "../secret.yaml",
        "sub/../../secret.yaml",
        "link.yaml",
        "folder/secret.yaml",
        "folder/new.yaml",
        "dangling.yaml",
        "environ.yaml",
        "text.yaml",
        "notes.txt",
        "flow",
        "",
        ".",
        "..",
        ".yaml",
        "sub",
        "sub/",
        "flow.yaml\u{0}",
        "flow.yaml\u{0}.yaml",
        "./../secret.yaml",
        absolute.as_str(),
    ] {
        let (status, refused) = save(&server, Some(path), "name: x\n", &Value::Null);
        assert!([400, 403, 404].contains(&status), "{path}: {status} {refused}");
        let read = server.get(&format!("/api/workflow?path={}", path.replace('\u{0}', "%00").replace('/', "%2F")));
        assert!([400, 403, 404].contains(&read.status), "{path}: {} {}", read.status, read.text());
        assert!(!read.text().contains("hush"), "{path}");
    }
    assert_eq!(std::fs::read_to_string(outside.join("secret.yaml")).unwrap(), "secret: hush\n");
    assert!(!outside.join("new.yaml").exists() && !outside.join("not-there.yaml").exists());
    assert_eq!(server.get("/api/workflow?path=inner.yaml").expect(200)["text"], TEXT, "a link within the folder");
}

#[test]
fn what_is_no_workflow_file_is_told_at_the_start() {
    let (_outer, folder) = folders();
    for file in ["notes.txt", "none/flow.yaml"] {
        let file = folder.join(file).display().to_string();
        let run = support::command::host_harness(&["serve", "--practice", "--port", "0", &file]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{}", run.stderr);
        assert!(run.stderr.contains(&file), "{}", run.stderr);
    }
    let server = serve(&folder, Some("new.yaml"));
    let opened = server.get("/api/workflow").expect(200);
    assert_eq!((&opened["path"], &opened["text"], &opened["version"]), (&json!("new.yaml"), &json!(""), &Value::Null));
}
