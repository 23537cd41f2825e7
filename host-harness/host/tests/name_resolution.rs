//! Names that resolve to several addresses, or to another one the next time, through the system's resolver.
//!
//! The test needs a DNS server and public addresses of its own. So it runs itself again in a new network namespace
//! (`unshare`), where nothing else can be reached: there, `/etc/resolv.conf` names its DNS server, and all addresses below are
//! this machine's. Where the system permits no namespaces, it says so and tests nothing:
//!
//! `cargo test -p connector-host --test name_resolution -- --nocapture`
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{builder, get, policy, request};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, UdpSocket};

/// Set in the namespace.
const INSIDE: &str = "CONNECTOR_HOST_TEST_IN_NAMESPACE";
const TEST: &str = "names_of_several_and_of_changing_addresses";
const PORT: u16 = 8080;

const PUBLIC: &str = "93.184.216.34";
const PUBLIC_TOO: &str = "93.184.216.35";
const PUBLIC_V6: &str = "2606:2800:220:1::1";
const PRIVATE: &str = "10.0.0.5";
const PRIVATE_V6: &str = "fd12::5";
const METADATA: &str = "169.254.169.254";
const METADATA_V6: &str = "fd00:ec2::254";

/// What a name resolves to, one list after the other, and what each call comes to: the address that it reaches, or nothing.
struct Row {
    name: &'static str,
    answers: &'static [&'static [&'static str]],
    rule: &'static str,
    expected: &'static [Option<&'static str>],
}

const ROWS: [Row; 9] = [
    Row {
        name: "public-and-private.example.test",
        answers: &[&[PRIVATE, PUBLIC, METADATA]],
        rule: "http://*.example.test",
        expected: &[Some(PUBLIC), Some(PUBLIC)],
    },
    Row {
        name: "public-in-one-family.example.test",
        answers: &[&["127.0.0.1", PUBLIC_V6, "::1"]],
        rule: "http://*.example.test",
        expected: &[Some(PUBLIC_V6)],
    },
    Row {
        name: "private-in-one-family.example.test",
        answers: &[&[PRIVATE_V6, METADATA_V6, PUBLIC]],
        rule: "http://*.example.test",
        expected: &[Some(PUBLIC)],
    },
    Row {
        name: "mapped.example.test",
        answers: &[&["::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1"]],
        rule: "http://*.example.test",
        expected: &[None],
    },
    Row {
        name: "only-private.example.test",
        answers: &[&[PRIVATE, "127.0.0.1", METADATA, "0.0.0.0"]],
        rule: "http://*.example.test",
        expected: &[None],
    },
    // Another address after each look-up: what was checked is what is connected to.
    Row {
        name: "rebound.example.test",
        answers: &[&[PUBLIC], &["127.0.0.1"], &[PUBLIC_TOO], &[METADATA]],
        rule: "http://*.example.test",
        expected: &[Some(PUBLIC), None, Some(PUBLIC_TOO), None],
    },
    // An exact rule of the operator's opens private addresses, and never a metadata service.
    Row {
        name: "named.example.test",
        answers: &[&[METADATA, PRIVATE], &[METADATA], &["127.0.0.1"]],
        rule: "http://named.example.test",
        expected: &[Some(PRIVATE), None, Some("127.0.0.1")],
    },
    // Without `http://` in its rule, plain HTTP goes to this machine only.
    Row {
        name: "plain.example.test",
        answers: &[&[PUBLIC], &[PUBLIC, "127.0.0.1"], &[PUBLIC]],
        rule: "plain.example.test",
        expected: &[None, Some("127.0.0.1"), None],
    },
    Row { name: "nowhere.example.test", answers: &[&[]], rule: "http://*.example.test", expected: &[None] },
];

#[test]
fn names_of_several_and_of_changing_addresses() {
    if std::env::var_os(INSIDE).is_some() {
        tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(inside());
        return;
    }
    let mut unshare = vec!["--net", "--mount", "--propagation", "private"];
    if !rustix::process::geteuid().is_root() {
        unshare.push("--map-root-user");
    }
    let probe = Command::new("unshare").args(&unshare).args(["ip", "link", "set", "lo", "up"]).output();
    let problem = match probe {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => Some(format!("unshare: {error}")),
    };
    if let Some(problem) = problem {
        println!("SKIPPED: names that resolve to several addresses are not tested: no network namespace: {problem}");
        return;
    }
    // The guest is built here, where cargo can reach what it needs.
    common::guest_file();
    let outcome = Command::new("unshare")
        .args(&unshare)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", TEST, "--nocapture"])
        .env(INSIDE, "1")
        .stdin(Stdio::null())
        .status()
        .unwrap();
    assert!(outcome.success(), "see above");
}

/// Runs a command, which must succeed.
fn run(command: &str, arguments: &[&str]) {
    let output = Command::new(command).args(arguments).output().unwrap();
    assert!(output.status.success(), "{command} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

async fn inside() {
    run("ip", &["link", "set", "lo", "up"]);
    for address in [PUBLIC, PUBLIC_TOO, PRIVATE, METADATA, PUBLIC_V6, PRIVATE_V6, METADATA_V6] {
        let prefix = if address.contains(':') { "128" } else { "32" };
        run("ip", &["address", "add", &format!("{address}/{prefix}"), "dev", "lo", "nodad"]);
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("resolv.conf");
    std::fs::write(&file, "nameserver 127.0.0.1\noptions timeout:2 attempts:2\n").unwrap();
    run("mount", &["--bind", file.to_str().unwrap(), "/etc/resolv.conf"]);
    let questions = dns_server().await;
    let reached = web_server().await;

    println!("{:36} {:44} seen", "name", "expected");
    let mut wrong = Vec::new();
    for Row { name, rule, expected, .. } in &ROWS {
        let connector = builder().policy(policy(&[rule])).build().await.unwrap();
        let mut seen = Vec::new();
        for _ in *expected {
            let outcome = get(&connector, &format!(r#"{{"url":"http://{name}:{PORT}/"}}"#)).await;
            let address = reached.lock().unwrap().drain(..).collect::<Vec<IpAddr>>();
            // A call reaches one address, or none.
            assert!(address.len() == usize::from(outcome.is_ok()), "{name}: {outcome:?}, {address:?}");
            seen.push(address.first().map(ToString::to_string));
        }
        println!("{name:36} {:44} {seen:?}", format!("{expected:?}"));
        if seen.iter().map(Option::as_deref).ne(expected.iter().copied()) {
            wrong.push(*name);
        }
        // Checking and connecting share one look-up, so there is no other answer between them.
        let asked = questions.lock().unwrap().get(*name).copied();
        assert_eq!(asked, Some(expected.len()), "{name}");
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// Tells which of this machine's addresses was connected to. Each connection serves one request.
async fn web_server() -> Arc<Mutex<Vec<IpAddr>>> {
    let reached = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&reached);
    let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, PORT)).await.unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            seen.lock().unwrap().push(stream.local_addr().unwrap().ip().to_canonical());
            tokio::spawn(async move {
                request(&mut stream).await;
                let response = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok";
                stream.write_all(response).await.unwrap();
            });
        }
    });
    reached
}

/// A record's type.
const A: u16 = 1;
const AAAA: u16 = 28;

/// Resolves the names of the table, and counts how often each was asked for an IPv4 address.
async fn dns_server() -> Arc<Mutex<HashMap<String, usize>>> {
    let questions = Arc::new(Mutex::new(HashMap::new()));
    let asked = Arc::clone(&questions);
    let socket = UdpSocket::bind("127.0.0.1:53").await.unwrap();
    tokio::spawn(async move {
        let mut turns = HashMap::<(String, u16), usize>::new();
        let mut packet = [0; 1500];
        while let Ok((length, sender)) = socket.recv_from(&mut packet).await {
            let (name, kind, end) = question(&packet[..length]);
            let turn = turns.entry((name.clone(), kind)).or_default();
            let answers = ROWS.iter().find(|row| row.name == name).map_or(&[][..], |row| row.answers);
            let answer = answers.get(*turn).or(answers.last()).copied().unwrap_or_default();
            *turn += 1;
            if kind == A {
                *asked.lock().unwrap().entry(name).or_default() += 1;
            }
            socket.send_to(&response(&packet[..end], kind, answer), sender).await.unwrap();
        }
    });
    questions
}

/// The name and the type that a packet asks for, and where the question ends.
fn question(packet: &[u8]) -> (String, u16, usize) {
    /// The length of a packet's head.
    const HEAD: usize = 12;
    let (mut labels, mut at) = (Vec::new(), HEAD);
    while packet[at] != 0 {
        let end = at + 1 + usize::from(packet[at]);
        labels.push(String::from_utf8(packet[at + 1..end].to_vec()).unwrap().to_ascii_lowercase());
        at = end;
    }
    (labels.join("."), u16::from_be_bytes([packet[at + 1], packet[at + 2]]), at + 5)
}

/// The response to a question: those of the addresses that are of its type, none of which may be kept.
fn response(question: &[u8], kind: u16, addresses: &[&str]) -> Vec<u8> {
    let records: Vec<Vec<u8>> = addresses
        .iter()
        .filter_map(|address| match (address.parse().unwrap(), kind) {
            (IpAddr::V4(address), A) => Some(address.octets().to_vec()),
            (IpAddr::V6(address), AAAA) => Some(address.octets().to_vec()),
            _ => None,
        })
        .collect();
    let mut packet = question.to_vec();
    // A response without an error, with one question and these answers.
    packet[2..4].copy_from_slice(&[0x81, 0x80]);
    packet[4..12].copy_from_slice(&[0, 1, 0, u8::try_from(records.len()).unwrap(), 0, 0, 0, 0]);
    for address in records {
        // The name of the question, the type, the class, a lifetime of 0.
        packet.extend([
            0xc0,
            12,
            0,
            u8::try_from(kind).unwrap(),
            0,
            1,
            0,
            0,
            0,
            0,
            0,
            u8::try_from(address.len()).unwrap(),
        ]);
        packet.extend(address);
    }
    packet
}
