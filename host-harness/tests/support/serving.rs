//! A running `host-harness serve`, and a client that can send any request.

use practice_looker::PracticeLooker;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A running server. It ends when it is dropped.
pub struct Serving {
    child: Child,
    pub port: u16,
    pub token: String,
    /// `NAME=VALUE`, once the address was opened.
    pub cookie: String,
    log: Arc<Mutex<String>>,
    _stdout: BufReader<ChildStdout>,
}

/// A response.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The JSON of a response with this status.
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        if self.body.is_empty() { Value::Null } else { self.json() }
    }
}

impl Serving {
    /// Starts a server on a free port, and opens its address.
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_in(Path::new(env!("CARGO_TARGET_TMPDIR")), arguments)
    }

    /// The same in a folder.
    pub fn start_in(folder: &Path, arguments: &[&str]) -> Self {
        let mut serving = Self::start_unopened(folder, arguments);
        let opened = serving.send("GET", &format!("/?token={}", serving.token), &[], b"");
        assert_eq!(opened.status, 303, "{}", opened.text());
        serving.cookie = opened.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
        serving
    }

    /// Starts a server whose address nobody has opened yet.
    pub fn start_unopened(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_host-harness"));
        for name in super::command::VARIABLES {
            command.env_remove(name);
        }
        command.env("XDG_CACHE_HOME", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"));
        command.args(["serve", "--port", "0"]).args(arguments).current_dir(folder);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("host-harness starts");
        let log = Arc::new(Mutex::new(String::new()));
        let (stderr, kept) = (child.stderr.take().expect("a pipe"), Arc::clone(&log));
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                kept.lock().expect("no panic").push_str(&format!("{line}\n"));
            }
        });
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut address = String::new();
        stdout.read_line(&mut address).expect("an address");
        let rest = address.trim().strip_prefix("http://127.0.0.1:");
        let (port, token) = rest.and_then(|rest| rest.split_once("/?token=")).unwrap_or_else(|| {
            thread::sleep(Duration::from_millis(200));
            panic!("no address: {address}{}", log.lock().expect("no panic"));
        });
        let (port, token) = (port.parse().expect("a port"), token.to_owned());
        Self { child, port, token, cookie: String::new(), log, _stdout: stdout }
    }

    /// A server whose auth `looker` signs in to this practice Looker.
    pub fn with_looker(looker: &PracticeLooker, folder: &Path, arguments: &[&str]) -> Self {
        let auth = json!({
            "domain": looker.base_url(), "client_id": looker.client_id(), "client_secret": looker.client_secret(),
        });
        let file = folder.join("auth.json");
        std::fs::write(&file, auth.to_string()).expect("a file");
        let auth = format!("looker=@{}", file.display());
        let address = looker.base_url();
        Self::start_in(folder, &[&["--auth", &auth, "--allow-host", &address], arguments].concat())
    }

    /// What the server wrote to standard error so far.
    pub fn log(&self) -> String {
        self.log.lock().expect("no panic").clone()
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end of the program, and gives its exit code.
    pub fn wait(&mut self) -> i32 {
        self.child.wait().expect("an end").code().unwrap_or(-1)
    }

    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
        stream
    }

    /// Sends a request with exactly these headers and a `host`, unless they have one.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
        let mut stream = self.connect();
        self.write_head(&mut stream, method, path, headers, Some(body.len()));
        // The server may answer before it has read everything.
        let _ = stream.write_all(body);
        read_response(stream)
    }

    /// Writes the head of a request.
    pub fn write_head(
        &self,
        stream: &mut TcpStream,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        length: Option<usize>,
    ) {
        let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
        if !headers.iter().any(|(name, _)| *name == "host") {
            head.push_str(&format!("host: {}\r\n", self.host()));
        }
        if let Some(length) = length.filter(|length| *length > 0) {
            head.push_str(&format!("content-length: {length}\r\n"));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        stream.write_all(format!("{head}\r\n").as_bytes()).expect("a request");
    }

    /// The headers of the page's own requests.
    pub fn own_headers(&self) -> Vec<(String, String)> {
        vec![
            ("cookie".to_owned(), self.cookie.clone()),
            ("origin".to_owned(), format!("http://{}", self.host())),
            ("content-type".to_owned(), "application/json".to_owned()),
        ]
    }

    fn own(&self, method: &str, path: &str, body: &str) -> Response {
        let headers = self.own_headers();
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.send(method, path, &headers, body.as_bytes())
    }

    pub fn get(&self, path: &str) -> Response {
        self.own("GET", path, "")
    }

    pub fn post(&self, path: &str, body: &Value) -> Response {
        self.own("POST", path, &body.to_string())
    }

    pub fn put(&self, path: &str, body: &Value) -> Response {
        self.own("PUT", path, &body.to_string())
    }

    pub fn delete(&self, path: &str) -> Response {
        self.own("DELETE", path, "")
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads a response to the end of its connection.
pub fn read_response(mut stream: TcpStream) -> Response {
    let mut bytes = Vec::new();
    // A reset after the response is no matter here.
    let _ = stream.read_to_end(&mut bytes);
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(bytes.len());
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or(0);
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let mut body = bytes.get(end + 4..).unwrap_or_default().to_vec();
    if headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked") {
        body = unchunked(&body);
    }
    Response { status, headers, body }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(&String::from_utf8_lossy(&rest[..end]), 16).unwrap_or(0);
        if size == 0 || rest.len() < end + 2 + size {
            break;
        }
        body.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = rest.get(end + 4 + size..).unwrap_or_default();
    }
    body
}
