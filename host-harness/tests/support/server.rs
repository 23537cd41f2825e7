//! Servers on loopback. They end with the test's process.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// Starts a server whose connections run `serve`, each on a thread of its own.
pub fn listen(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("an address");
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = Arc::clone(&serve);
            thread::spawn(move || serve(stream));
        }
    });
    address
}

/// Starts a server that writes a response to each request of a connection and keeps the connection open. `response` gets the
/// head of the request.
pub fn server(response: impl Fn(&str) -> &'static str + Send + Sync + 'static) -> SocketAddr {
    listen(move |mut stream| {
        loop {
            let head = head(&mut stream);
            if head.is_empty() || stream.write_all(response(&head).as_bytes()).is_err() {
                return;
            }
        }
    })
}

/// Reads the head of one request or response: nothing at the end of the connection.
pub fn head(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if !stream.read(&mut byte).is_ok_and(|read| read == 1) {
            return String::new();
        }
        head.extend(byte);
    }
    String::from_utf8(head).expect("the tests send text")
}
