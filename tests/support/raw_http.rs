//! The parts of an HTTP server for tests that send malformed responses.

use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method: `GET`.
    pub method: String,
    /// Path and query as they were sent.
    pub target: String,
}

impl Request {
    /// Whether this is a login with client ID and client secret.
    pub fn is_login(&self) -> bool {
        self.method == "POST" && self.target == "/api/4.0/login"
    }
}

/// Reads one request, body included.
///
/// # Errors
///
/// Fails if the connection ends or breaks before the end of the request.
pub async fn request(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Request> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head);
    let headers = head.to_ascii_lowercase();
    let length = headers.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
    if let Some(length) = length.and_then(|digits| digits.parse::<usize>().ok()) {
        stream.read_exact(&mut vec![0; length]).await?;
    } else if headers.contains("transfer-encoding: chunked") {
        let mut body = Vec::new();
        while !body.ends_with(b"0\r\n\r\n") {
            body.push(stream.read_u8().await?);
        }
    }
    let mut words = head.split(' ');
    let mut word = || words.next().unwrap_or_default().to_owned();
    Ok(Request { method: word(), target: word() })
}

/// A complete response with a JSON body.
pub fn json_response(status: u16, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// Looker's response to a login.
pub fn token_response(token: &str) -> Vec<u8> {
    json_response(200, "", &format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":3600}}"#))
}
