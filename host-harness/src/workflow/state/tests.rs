use super::*;
use serde_json::json;
use std::fs::OpenOptions;
use std::io::Write;

fn binding() -> Binding {
    Binding::new().part("the workflow", "steps").part("the auth", "who")
}

fn key(index: usize) -> CallKey {
    CallKey { step: "each".to_owned(), index: Some(index) }
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("run.state")
    }

    fn open(&self) -> State {
        State::open(&self.path(), &binding()).unwrap()
    }
}

fn entries(state: &mut State) -> Vec<(usize, Option<Entry>)> {
    (0..6).map(|index| (index, state.take_entry("each", Some(index)))).collect()
}

#[test]
fn what_happened_is_there_again() {
    let folder = Folder::new();
    let output: Value = serde_json::from_str(r#"{"id":12345678901234567890123,"n":1.10}"#).unwrap();
    {
        let mut state = folder.open();
        assert!(state.is_empty());
        state.start((0..5).map(key).collect()).unwrap();
        state.done(key(0), output.clone()).unwrap();
        state.failed(key(1), false, Some("{\"rest\":1}".to_owned())).unwrap();
        state.failed(key(2), true, None).unwrap();
        state.resume(key(3), "{\"task\":7}".to_owned()).unwrap();
        state.skipped(key(5)).unwrap();
    }
    let mut state = folder.open();
    let open: Vec<String> = state.open_calls().map(ToString::to_string).collect();
    assert_eq!(open, ["each[2]", "each[3]", "each[4]"]);
    let found = entries(&mut state);
    assert_eq!(found[0].1.as_ref().map(|entry| format!("{entry:?}")), Some(format!("{:?}", Entry::Done(output))));
    assert_eq!(found[1].1, Some(Entry::Failed { resume: Some("{\"rest\":1}".to_owned()) }));
    assert_eq!(found[2].1, Some(Entry::Unknown));
    assert_eq!(found[3].1, Some(Entry::Started { resume: Some("{\"task\":7}".to_owned()) }));
    assert_eq!(found[4].1, Some(Entry::Started { resume: None }));
    assert_eq!(found[5].1, Some(Entry::Skipped));
}

#[test]
fn decisions_are_for_open_calls_only() {
    let folder = Folder::new();
    {
        let mut state = folder.open();
        state.start(vec![key(0), key(1), key(2)]).unwrap();
        state.done(key(2), json!(null)).unwrap();
    }
    {
        let mut state = folder.open();
        state.decide_done(key(0), json!({"id": "5"})).unwrap();
        state.decide_repeat(key(1)).unwrap();
        for other in [key(2), key(7)] {
            let error = state.decide_repeat(other.clone()).unwrap_err().to_string();
            assert_eq!(error, format!("`{other}` does not wait for a decision: only a call that was cut off does"));
        }
    }
    let mut state = folder.open();
    assert_eq!(state.take_entry("each", Some(0)), Some(Entry::Done(json!({"id": "5"}))));
    assert_eq!(state.take_entry("each", Some(1)), Some(Entry::Failed { resume: None }));
    assert_eq!(state.open_calls().count(), 0);
}

#[test]
fn a_torn_last_line_is_dropped_wherever_it_was_torn() {
    let folder = Folder::new();
    {
        let mut state = folder.open();
        state.start(vec![key(0)]).unwrap();
        state.done(key(0), json!({"text": "größe"})).unwrap();
    }
    let whole = std::fs::read(folder.path()).unwrap();
    let lines: Vec<usize> =
        whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(index, _)| index + 1).collect();
    for length in 0..whole.len() {
        std::fs::write(folder.path(), &whole[..length]).unwrap();
        let mut state = folder.open();
        let expected = match length {
            _ if length < lines[1] => None,
            _ if length < lines[2] => Some(Entry::Started { resume: None }),
            _ => unreachable!(),
        };
        assert_eq!(state.take_entry("each", Some(0)), expected, "{length}");
        // The file goes on after the last whole line.
        state.start(vec![key(1)]).unwrap();
        drop(state);
        assert_eq!(folder.open().take_entry("each", Some(1)), Some(Entry::Started { resume: None }), "{length}");
    }
}

#[test]
fn damage_elsewhere_is_told() {
    let folder = Folder::new();
    folder.open().start(vec![key(0), key(1)]).unwrap();
    let whole = std::fs::read_to_string(folder.path()).unwrap();
    for (text, line) in [
        (whole.replacen("\"each\"", "\"aech\"", 1), 2),
        (whole.replacen("state", "stale", 1), 1),
        ("name: a workflow\n".to_owned(), 1),
        ("no state at all".to_owned(), 1),
    ] {
        std::fs::write(folder.path(), &text).unwrap();
        let error = State::open(&folder.path(), &binding()).unwrap_err();
        assert!(matches!(error, StateError::Damaged { line: found, .. } if found == line), "{text}: {error}");
        assert_eq!(std::fs::read_to_string(folder.path()).unwrap(), text, "nothing is written to it");
    }
}

#[test]
fn another_run_is_refused_with_what_differs_and_no_content_is_in_the_file() {
    let folder = Folder::new();
    drop(folder.open());
    for (binding, expected) in [
        (Binding::new().part("the workflow", "other").part("the auth", "who"), vec!["the workflow"]),
        (Binding::new().part("the workflow", "other").part("the auth", "me"), vec!["the workflow", "the auth"]),
        (Binding::new().part("the workflow", "steps"), vec!["the auth"]),
    ] {
        let error = State::open(&folder.path(), &binding).unwrap_err();
        let StateError::OtherRun { differences, .. } = error else { panic!("{error}") };
        assert_eq!(differences, expected);
    }
    let text = std::fs::read_to_string(folder.path()).unwrap();
    assert!(!text.contains("steps") && !text.contains("who"), "{text}");
    // The salt makes the digests of two files different.
    let other = Folder::new();
    drop(other.open());
    assert_ne!(text, std::fs::read_to_string(other.path()).unwrap());
}

#[test]
fn one_run_at_a_time_uses_a_file() {
    let folder = Folder::new();
    let state = folder.open();
    assert!(matches!(State::open(&folder.path(), &binding()), Err(StateError::Locked(_))));
    drop(state);
    drop(folder.open());
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    drop(folder.open());
    let mode = || std::fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o644)).unwrap();
    drop(folder.open());
    assert_eq!(mode(), 0o600);
}

#[test]
fn an_empty_file_is_a_new_state() {
    let folder = Folder::new();
    OpenOptions::new().create(true).truncate(true).write(true).open(folder.path()).unwrap().flush().unwrap();
    assert!(folder.open().is_empty());
}
