//! Servers on loopback. They end with the test's process.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;

/// Starts a server that writes a response to each request of a connection and keeps the connection open. `response` gets the
/// head of the request.
pub fn server(response: impl Fn(&str) -> &'static str + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let response = response.clone();
            thread::spawn(move || serve(stream, &response));
        }
    });
    address
}

fn serve(mut stream: TcpStream, response: &impl Fn(&str) -> &'static str) {
    while let Some(head) = request_head(&mut stream) {
        if stream.write_all(response(&head).as_bytes()).is_err() {
            return;
        }
    }
}

/// Reads the head of one request; `None` at the end of the connection.
fn request_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.extend(byte);
    }
    String::from_utf8(head).ok()
}
