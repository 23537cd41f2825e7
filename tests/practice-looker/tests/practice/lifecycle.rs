use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use practice_looker::{Fault, PracticeLooker};
use serde_json::json;

use crate::support::Practice;

#[test]
fn requests_are_recorded() {
    let practice = Practice::new();
    practice.looker.clear_requests();
    practice.get("/users/a%2Fb?fields=id%2Cemail&x=y");
    practice.post("/users", &json!({ "first_name": "Ä" }));
    let requests = practice.looker.requests();
    assert_eq!(requests.len(), 2);
    let (get, post) = (&requests[0], &requests[1]);
    assert_eq!((get.method.as_str(), get.path.as_str()), ("GET", "/api/4.0/users/a%2Fb"));
    assert_eq!(get.query, "fields=id%2Cemail&x=y");
    assert_eq!(get.header("Authorization"), Some(format!("token {}", practice.token).as_str()));
    assert!(get.body.is_empty() && post.query.is_empty());
    assert_eq!((post.method.as_str(), post.json()), ("POST", Some(json!({ "first_name": "Ä" }))));
    assert_eq!(post.text(), "{\"first_name\":\"Ä\"}");
    practice.looker.fail_next(Fault::status(500));
    practice.get("/user");
    assert_eq!(practice.looker.requests().len(), 3, "what fails is recorded too");
}

#[test]
fn recording_can_be_turned_off() {
    let practice = Practice::from(PracticeLooker::builder().record(false));
    practice.get("/user");
    assert!(practice.looker.requests().is_empty());
}

#[test]
fn the_same_seed_gives_the_same_credentials() {
    let credentials = |seed| {
        let looker = PracticeLooker::builder().seed(seed).start().unwrap();
        (looker.client_id().to_owned(), looker.client_secret().to_owned())
    };
    assert_eq!(credentials(7), credentials(7));
    assert_ne!(credentials(7), credentials(8));
}

#[test]
fn drop_stops_the_server_and_frees_its_port() {
    let practice = Practice::new();
    let address = practice.looker.address();
    // Connections that are in the middle of something must not keep it.
    let _idle = TcpStream::connect(address).unwrap();
    practice.looker.fail_next(Fault::NeverRespond);
    let mut stuck = TcpStream::connect(address).unwrap();
    stuck.write_all(b"GET /api/4.0/user HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(50));
    let start = Instant::now();
    drop(practice);
    assert!(start.elapsed() < Duration::from_secs(1));
    assert_eq!(stuck.read(&mut [0]).unwrap_or(0), 0);
    assert!(TcpStream::connect(address).is_err());
    let again = PracticeLooker::builder().port(address.port()).start().unwrap();
    assert_eq!(again.base_url(), format!("http://{address}"));
}

#[test]
fn drop_inside_a_runtime_works() {
    for runtime in
        [tokio::runtime::Builder::new_current_thread().build().unwrap(), tokio::runtime::Runtime::new().unwrap()]
    {
        runtime.block_on(async {
            let looker = PracticeLooker::start().unwrap();
            assert!(looker.base_url().starts_with("http://127.0.0.1:"));
            drop(looker);
        });
    }
}

#[test]
fn taken_port_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let error = PracticeLooker::builder().port(taken.local_addr().unwrap().port()).start().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
}

#[test]
fn connections_are_kept_alive() {
    let practice = Practice::new();
    let mut stream = TcpStream::connect(practice.looker.address()).unwrap();
    let mut buffer = [0; 4096];
    for _ in 0..3 {
        stream.write_all(b"GET /api/4.0/user HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        let read = stream.read(&mut buffer).unwrap();
        assert!(buffer[..read].starts_with(b"HTTP/1.1 401"));
    }
}

#[test]
fn debug_output_has_no_secrets() {
    let practice = Practice::new();
    let shown = format!("{:?}", practice.looker);
    assert!(!shown.contains(practice.looker.client_secret()) && !shown.contains(&practice.token), "{shown}");
}

#[test]
fn program_prints_address_and_credentials() {
    for (arguments, keys) in [
        (vec![], ["LOOKERSDK_BASE_URL=http://127.0.0.1:", "LOOKERSDK_CLIENT_ID=", "LOOKERSDK_CLIENT_SECRET="]),
        (vec!["--json"], ["\"base_url\":\"http://127.0.0.1:", "\"client_id\":\"", "\"client_secret\":\""]),
    ] {
        let lines = if arguments.is_empty() { 3 } else { 1 };
        let mut program =
            Command::new(env!("CARGO_BIN_EXE_practice-looker")).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut told = String::new();
        let mut reader = std::io::BufReader::new(program.stdout.take().unwrap());
        for _ in 0..lines {
            std::io::BufRead::read_line(&mut reader, &mut told).unwrap();
        }
        program.kill().unwrap();
        program.wait().unwrap();
        for key in keys {
            assert!(told.contains(key), "{told}");
        }
    }
}

#[test]
fn program_injects_the_faults_of_its_arguments() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_practice-looker"))
        .args(["--json", "--fail", "GET /user 1 503"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = String::new();
    let mut reader = std::io::BufReader::new(program.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut reader, &mut told).unwrap();
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let url = format!("{}/api/4.0/user", told["base_url"].as_str().unwrap());
    let statuses = [(); 2].map(|()| reqwest::blocking::get(&url).unwrap().status().as_u16());
    program.kill().unwrap();
    program.wait().unwrap();
    assert_eq!(statuses, [503, 401]);
}
