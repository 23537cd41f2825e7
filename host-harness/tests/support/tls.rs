//! TLS servers on loopback. They end with the test's process.

use super::server::{head, listen};
use rcgen::{Certificate, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;

/// Starts a server with this certificate that responds `ok` to every request.
pub fn server(certificate: &Certificate, key: &KeyPair) -> SocketAddr {
    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("the key is the certificate's");
    let config = Arc::new(config);
    listen(move |stream| {
        let connection = ServerConnection::new(Arc::clone(&config)).expect("the configuration is complete");
        let mut stream = StreamOwned::new(connection, stream);
        while !head(&mut stream).is_empty() {
            if stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").is_err() {
                return;
            }
        }
    })
}
