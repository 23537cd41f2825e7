//! Signals end the program wherever it is, with a shell's exit code for them.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Starts a command of the guest's connector that logs when it has begun.
fn start(arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_host-harness"));
    command.arg("--component").arg(support::guest_file()).args(["--log", "debug"]).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Sends a signal, and gives the exit code. Panics where the program does not end within some seconds.
fn exit_code_after(child: &mut Child, signal: Signal) -> i32 {
    kill_process(Pid::from_child(child), signal).unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code().unwrap_or_else(|| panic!("{status}"));
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("{signal:?} did not end the program");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until the program catches a signal. Before it reads standard input, it logs nothing that one could wait for.
fn wait_until_caught(child: &Child, signal: Signal) {
    let status = format!("/proc/{}/status", child.id());
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        let status = std::fs::read_to_string(&status).unwrap_or_default();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
        if caught & (1 << (signal.as_raw() - 1)) != 0 {
            // It is about to read.
            std::thread::sleep(Duration::from_millis(100));
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("{signal:?} is not caught");
}

#[test]
fn signals_end_a_program_that_reads_standard_input() {
    // Often, since what a program waits for first may depend on chance.
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)].repeat(4) {
        let mut child = start(&["invoke", "echo", "--input", "-"]);
        wait_until_caught(&child, signal);
        assert_eq!(exit_code_after(&mut child, signal), code);
    }
}

#[test]
fn signals_end_a_call_that_waits() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let mut child = start(&["invoke", "wait"]);
        let log = BufReader::new(child.stderr.take().unwrap());
        // "instantiated" is the last line before the connector waits.
        assert!(log.lines().any(|line| line.unwrap().contains("instantiated")));
        assert_eq!(exit_code_after(&mut child, signal), code);
    }
}
