//! The files that the program writes: who can read them, and that nothing is left behind.
#![cfg(unix)]
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::server::server;

fn guest(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_host-harness"));
    command.arg("--component").arg(support::guest_file()).args(arguments);
    command
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o777
}

#[test]
fn a_download_keeps_the_mode_of_the_file_that_it_replaces() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out.bin");
    let download = || {
        let path = file.display().to_string();
        let output = guest(&["invoke", "any", "--input", r#"{"bytes":1000}"#, "--output", &path]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    download();
    // A new file has the mode of any file that this user makes.
    let other = folder.path().join("other");
    fs::write(&other, "").unwrap();
    assert_eq!(mode(&file), mode(&other));
    for kept in [0o600, 0o640, 0o444] {
        fs::set_permissions(&file, Permissions::from_mode(kept)).unwrap();
        download();
        assert_eq!(mode(&file), kept);
    }
}

#[test]
fn an_unfinished_download_is_private_and_a_signal_removes_it() {
    let half = server(|_| "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nthe beginning");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out.bin");
    fs::write(&file, "old").unwrap();
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let input = format!(r#"{{"url":"http://{half}/"}}"#);
        let (auth, half) = (format!(r#"{{"host":"{half}"}}"#), half.to_string());
        let path = file.display().to_string();
        let arguments = ["invoke", "get", "--input", &input, "--auth", &auth, "--allow-host", &half, "--output", &path];
        let mut child = guest(&arguments).stderr(Stdio::null()).spawn().unwrap();
        let part = part_of(folder.path());
        assert_eq!(mode(&part), 0o600);
        kill_process(Pid::from_child(&child), signal).unwrap();
        assert!(!child.wait().unwrap().success());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "{signal:?} left something behind");
        assert_eq!(fs::read_to_string(&file).unwrap(), "old");
    }
}

#[test]
fn a_download_has_a_limit_and_a_total_time() {
    let slow = server(|_| "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nthe beginning").to_string();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.bin").display().to_string();
    let from_slow = format!(r#"{{"url":"http://{slow}/"}}"#);
    let auth = format!(r#"{{"host":"{slow}"}}"#);
    let waiting = ["get", "--input", &from_slow, "--auth", &auth, "--allow-host", &slow, "--output-timeout", "500ms"];
    for (arguments, message) in [
        (&["any", "--input", r#"{"bytes":900000}"#, "--max-output", "512KiB"][..], "--max-output raises it"),
        (&waiting, "--output-timeout raises it"),
    ] {
        let output = guest(&[&["invoke", "--output", &path], arguments].concat()).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), stderr.contains(message)), (Some(1), true), "{stderr}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "something is left behind");
    }
}

/// The file that a download is written to before it is complete.
fn part_of(folder: &Path) -> PathBuf {
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        let part = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".download-")));
        if let Some(part) = part {
            return part;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the download did not begin");
}
