//! A thousand users from a CSV file: how long it takes, how many calls, and that a run which is killed goes on without doing
//! anything twice.
//!
//! `PROVISION_USERS` and `PROVISION_KILLS` set how many; `.ci/run --long` uses 1000 and 10.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test should fail loudly where it fails")]

mod support;

use practice_looker::PracticeLooker;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn number(variable: &str, default: usize) -> usize {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

/// A folder with a workflow, a list of people and an auth.
struct Scene {
    folder: tempfile::TempDir,
    looker: PracticeLooker,
}

impl Scene {
    fn new(workflow: &str, users: usize) -> Self {
        let scene = Self { folder: tempfile::tempdir().unwrap(), looker: PracticeLooker::start().unwrap() };
        let mut csv = "email,first_name,last_name,active\r\n".to_owned();
        for user in 0..users {
            write!(csv, "person{user}@example.com,Person,\"No. {user}, Jr.\",true\r\n").unwrap();
        }
        std::fs::write(scene.path("people.csv"), csv).unwrap();
        std::fs::write(scene.path("workflow.yaml"), workflow).unwrap();
        let looker = &scene.looker;
        let auth = json!({"domain": looker.base_url(), "client_id": looker.client_id(), "client_secret": looker.client_secret()});
        std::fs::write(scene.path("auth.json"), auth.to_string()).unwrap();
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_host-harness"));
        for name in support::command::VARIABLES {
            command.env_remove(name);
        }
        command.env("XDG_CACHE_HOME", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"));
        let at = |name: &str| format!("@{}", self.path(name).display());
        command
            .args(["run", &self.path("workflow.yaml").display().to_string(), "--json"])
            .args(["--auth", &at("auth.json"), "--allow-host", &self.looker.base_url()])
            .args(["--state", &self.path("run.state").display().to_string()])
            .args(["--set", &format!("people={}", at("people.csv"))])
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// How often each user's last name is in Looker.
    fn users(&self) -> BTreeMap<String, usize> {
        let created = self
            .looker
            .requests()
            .iter()
            .filter(|request| request.method == "POST" && request.path.ends_with("/users"))
            .count();
        assert!(created > 0, "users were created");
        let output = Command::new(env!("CARGO_BIN_EXE_host-harness"))
            .args(["invoke", "all_users", "--input", "{\"fields\":\"id,last_name\"}"])
            .args([
                "--auth",
                &format!("@{}", self.path("auth.json").display()),
                "--allow-host",
                &self.looker.base_url(),
            ])
            .output()
            .unwrap();
        let users: Value = serde_json::from_slice(&output.stdout).unwrap();
        let mut counted = BTreeMap::new();
        for user in users.as_array().unwrap() {
            let name = user["last_name"].as_str().unwrap_or_default();
            if name.starts_with("No. ") || name.contains('@') {
                *counted.entry(name.to_owned()).or_insert(0) += 1;
            }
        }
        counted
    }
}

const PROVISION: &str = include_str!("../../examples/provision.yaml");

const CREATE: &str = "name: Create users\ninputs:\n  people: { type: array }\nsteps:\n  - id: each\n    for_each: \"$.inputs.people\"\n    \
                      at_once: 8\n    operation: create_user\n    input: { first_name: \"$.item.first_name\", last_name: \
                      \"$.item.last_name\", fields: \"id,last_name\" }\n";

fn report(stderr: &[u8]) -> Value {
    serde_json::from_slice(stderr).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(stderr)))
}

/// Runs until it is killed, or to its end. `None` if it was killed.
fn killed_after(scene: &Scene, time: Duration, more: &[&str]) -> Option<std::process::Output> {
    let mut child = scene.command(more).spawn().unwrap();
    let began = Instant::now();
    while began.elapsed() < time {
        if child.try_wait().unwrap().is_some() {
            return Some(child.wait_with_output().unwrap());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    // SIGKILL: nothing is put in order.
    child.kill().unwrap();
    child.wait_with_output().unwrap();
    None
}

/// Waits until the server has begun with the elements, so that a kill cuts calls off.
fn wait_for_requests(scene: &Scene, child: &mut std::process::Child) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while scene.looker.requests().len() < 20 {
        assert!(Instant::now() < deadline && child.try_wait().unwrap().is_none(), "the run has begun");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn users_are_provisioned_from_csv_and_a_second_run_changes_nothing() {
    let count = number("PROVISION_USERS", 200);
    let scene = Scene::new(PROVISION, count);
    let began = Instant::now();
    let output = scene.command(&[]).output().unwrap();
    let time = began.elapsed();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let outputs: Value = serde_json::from_slice(&output.stdout).unwrap();
    let each = outputs["steps"]["each"].as_array().unwrap();
    assert_eq!(each.len(), count);
    for (index, output) in each.iter().enumerate() {
        assert_eq!(output["user"]["email"], format!("person{index}@example.com"), "in the order of the list");
        assert_eq!(output["changed"], true);
    }
    let requests = scene.looker.requests().len();
    let logins = scene.looker.requests().iter().filter(|request| request.path.ends_with("/login")).count();
    println!("{count} users, 8 at once: {:.1} s, {requests} requests, {logins} of them logins", time.as_secs_f64());
    assert_eq!(logins, 1);
    let users = scene.users();
    assert_eq!((users.len(), users.values().max()), (count, Some(&1)));

    // The state file has it all: nothing is called.
    scene.looker.clear_requests();
    let again = scene.command(&[]).output().unwrap();
    assert_eq!(again.stdout, output.stdout);
    assert_eq!(scene.looker.requests().len(), 0);

    // Without it, every call finds everything as wanted.
    std::fs::remove_file(scene.path("run.state")).unwrap();
    let anew = scene.command(&[]).output().unwrap();
    let anew: Value = serde_json::from_slice(&anew.stdout).unwrap();
    assert!(anew["steps"]["each"].as_array().unwrap().iter().all(|output| output["changed"] == false));
}

#[test]
fn a_run_that_is_killed_goes_on_and_does_nothing_twice() {
    let (count, kills) = (number("PROVISION_USERS", 200), number("PROVISION_KILLS", 4));
    let scene = Scene::new(PROVISION, count);
    let mut random = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 0);
    let mut killed = 0;
    let mut ended = None;
    while killed < kills && ended.is_none() {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Within the time that the whole takes, and long enough to begin.
        let time = Duration::from_millis(300 + (random >> 33) % (2 * count as u64).max(1));
        ended = killed_after(&scene, time, &[]);
        killed += usize::from(ended.is_none());
    }
    println!("killed {killed} times");
    let output = match ended {
        Some(output) => output,
        None => scene.command(&[]).output().unwrap(),
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let outputs: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(outputs["steps"]["each"].as_array().unwrap().len(), count);
    let users = scene.users();
    assert_eq!((users.len(), users.values().max()), (count, Some(&1)), "every user once: {users:?}");
}

#[test]
fn a_call_that_may_have_acted_is_told_and_left_to_the_person() {
    let count = 100;
    let scene = Scene::new(CREATE, count);
    let mut child = scene.command(&[]).spawn().unwrap();
    wait_for_requests(&scene, &mut child);
    child.kill().unwrap();
    child.wait().unwrap();
    let sent_before = scene.looker.requests().len();
    let output = scene.command(&[]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(scene.looker.requests().len(), sent_before, "nothing is sent before somebody has decided");
    let failure = report(&output.stderr);
    assert!(failure["message"].as_str().unwrap().contains("`create_user` is not idempotent"), "{failure}");
    let hints: Vec<&str> = failure["hints"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let open: Vec<usize> =
        hints.iter().filter_map(|hint| hint.split("whether each[").nth(1)?.split(']').next()?.parse().ok()).collect();
    assert!(!open.is_empty() && open.len() <= 8, "{hints:?}");

    // The person looks, and decides about each.
    let users = scene.users();
    let mut decisions = Vec::new();
    for index in open {
        let decision = match users.contains_key(&format!("No. {index}, Jr.")) {
            true => ["--done".to_owned(), format!("each[{index}]={{\"last_name\": \"No. {index}, Jr.\"}}")],
            false => ["--repeat".to_owned(), format!("each[{index}]")],
        };
        decisions.extend(decision);
    }
    let decisions: Vec<&str> = decisions.iter().map(String::as_str).collect();
    let output = scene.command(&decisions).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let outputs: Value = serde_json::from_slice(&output.stdout).unwrap();
    for (index, output) in outputs["steps"]["each"].as_array().unwrap().iter().enumerate() {
        assert_eq!(output["last_name"], format!("No. {index}, Jr."));
    }
    let users = scene.users();
    assert_eq!((users.len(), users.values().max()), (count, Some(&1)));

    // A decision about a call that does not wait for one is refused.
    let output = scene.command(&["--repeat", "each[0]"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("`each[0]` does not wait for a decision"));
}

#[test]
fn another_run_and_a_second_run_at_the_same_time_are_refused() {
    let scene = Scene::new(PROVISION, 3);
    assert!(scene.command(&[]).output().unwrap().status.success());
    let refused = |more: &[&str]| {
        let output = scene.command(more).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    let other_inputs = refused(&["--set", "role=Admin"]);
    assert!(other_inputs.contains("belongs to another run: the inputs changed since"), "{other_inputs}");
    std::fs::write(scene.path("workflow.yaml"), PROVISION.replace("at_once: 8", "at_once: 4")).unwrap();
    let other_workflow = refused(&[]);
    assert!(other_workflow.contains("the workflow changed since"), "{other_workflow}");
    std::fs::write(scene.path("workflow.yaml"), PROVISION).unwrap();
    let auth = std::fs::read_to_string(scene.path("auth.json")).unwrap();
    let other_user = auth.replace(scene.looker.client_id(), "somebody-else");
    std::fs::write(scene.path("auth.json"), other_user).unwrap();
    let other_auth = refused(&[]);
    assert!(other_auth.contains("the auth changed since"), "{other_auth}");
    // A new secret of the same user is the same run.
    std::fs::write(scene.path("auth.json"), auth.replace(scene.looker.client_secret(), "a-new-secret")).unwrap();
    assert!(scene.command(&[]).output().unwrap().status.success());
    std::fs::write(scene.path("auth.json"), &auth).unwrap();
    let state = std::fs::read_to_string(scene.path("run.state")).unwrap();
    for secret in [scene.looker.client_secret(), scene.looker.client_id()] {
        assert!(!state.contains(secret), "no part of the auth is in the file");
    }
    // While one run uses the file, another waits for the person.
    let file = std::fs::File::open(scene.path("run.state")).unwrap();
    file.lock().unwrap();
    assert!(refused(&[]).contains("is in use by another run"));
}
