//! HTTP as the guest sees it: error codes, reuse of connections, request bodies.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{
    allowed, answering, builder, connector, get, get_as, invoke, is_error, policy, request, server, tls, under,
};
use connector_host::egress::policy::{DenialCause, Origin};
use connector_host::egress::timeout::Stage;
use connector_host::egress::transport::Transport;
use connector_host::{Auth, Body, Call, Cause, Connector, Limits, Policy, Rule};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::rustls::ClientConfig;

/// What the guest is told of a server that does with a connection what `serve` says.
async fn told<F>(options: &str, serve: impl Fn(tokio::net::TcpStream) -> F + Send + 'static) -> Result<String, String>
where
    F: Future<Output = ()> + Send + 'static,
{
    let address = server(serve).await;
    get(&allowed(address).await, &format!(r#"{{"url":"http://{address}/path"{options}}}"#)).await
}

#[tokio::test]
async fn denied_hosts_are_never_connected_to() {
    let address = server(|_| async { panic!("it must not connect") }).await;
    let connector = connector().await;
    is_error(get(&connector, &format!(r#"{{"url":"http://{address}/"}}"#)).await, "HttpRequestDenied");
    // The connector's own wish opens no loopback address.
    let mut wish = Policy::deny_all();
    wish.allow(address.to_string().parse().unwrap(), Origin::Connector);
    let connector = under(wish).await;
    is_error(get(&connector, &format!(r#"{{"url":"http://{address}/"}}"#)).await, "DestinationIpProhibited");
}

/// What the host found about the requests of one call.
async fn causes(connector: &Connector, auth: &Auth, input: &str) -> Vec<Cause> {
    connector.invoke(auth, Call::new("get").input(input)).await.unwrap_err().causes().to_vec()
}

#[tokio::test]
async fn each_failure_has_the_causes_of_its_own_call() {
    let address = server(|mut stream| async move {
        request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await;
        tokio::time::sleep(Duration::from_secs(60)).await;
    })
    .await;
    let auth = |hosts: &str| Auth::from_json(format!(r#"{{"host":"{hosts}"}}"#)).unwrap();
    let rule = address.to_string().parse::<Rule>().unwrap();
    let connector = builder().allow_requested_hosts([rule]).build().await.unwrap();
    let requested = auth(&format!("{address},api.example.com:443"));
    let other = auth("a.example.com:443");
    let denied = r#"{"url":"https://api.example.com/"}"#;
    let undeclared = format!(r#"{{"url":"http://{address}/"}}"#);
    let late_input = format!(r#"{{"url":"http://{address}/","between":50}}"#);
    // Side by side, so that one call's causes could come to another.
    let (denied, undeclared, late) = tokio::join!(
        causes(&connector, &requested, denied),
        causes(&connector, &other, &undeclared),
        causes(&connector, &requested, &late_input),
    );
    let [Cause::Denied(denied)] = &denied[..] else { panic!("{denied:?}") };
    assert_eq!((denied.cause, denied.rule().as_deref()), (DenialCause::NotAllowed, Some("api.example.com:443")));
    let [Cause::Denied(undeclared)] = &undeclared[..] else { panic!("{undeclared:?}") };
    assert_eq!((undeclared.cause, undeclared.rule()), (DenialCause::NotRequested, None));
    assert!(undeclared.to_string().contains("the connector did not declare this host; no policy can allow it"));
    let [Cause::TimedOut(late)] = &late[..] else { panic!("{late:?}") };
    assert_eq!((late.stage, late.limit), (Stage::BetweenBytes, Duration::from_millis(50)));
    let failure = connector.invoke(&requested, Call::new("get").input(r#"{"url":"https://api.example.com/"}"#)).await;
    let source = std::error::Error::source(&failure.unwrap_err()).map(ToString::to_string);
    assert_eq!(
        source.as_deref(),
        Some("the host denied a connection to api.example.com:443: no rule allows this host")
    );
    // A download's causes come with the step that fails, although another one began the request.
    let mut download = connector.open(&requested, Call::new("get").input(&*late_input)).await.unwrap();
    assert_eq!(download.read(1024).await.unwrap(), b"half");
    let late = download.read(1024).await.unwrap_err();
    let [Cause::TimedOut(late)] = late.causes() else { panic!("{late:?}") };
    assert_eq!(late.stage, Stage::BetweenBytes);
    // A failure without a request has none.
    let failure = connector.invoke(&requested, Call::new("refuse")).await.unwrap_err();
    assert!(failure.causes().is_empty());
}

#[tokio::test]
async fn name_that_resolves_to_loopback_needs_an_exact_rule() {
    let address = answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let input = format!(r#"{{"url":"http://localhost:{}/"}}"#, address.port());
    let mut wish = Policy::deny_all();
    wish.allow("localhost".parse().unwrap(), Origin::Connector);
    is_error(get(&under(wish).await, &input).await, "DestinationIpProhibited");
    let named = under(policy(&["localhost"])).await;
    assert_eq!(get(&named, &input).await.unwrap(), r#"{"status":200,"bytes":2}"#);
}

#[tokio::test]
async fn only_hosts_that_are_requested_and_allowed_are_reached() {
    let address = answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let input = format!(r#"{{"url":"http://{address}/"}}"#);
    let auth = |hosts: &str| Auth::from_json(format!(r#"{{"host":"{hosts}"}}"#)).unwrap();
    let one = auth(&address.to_string());
    let asked = builder().allow_requested_hosts([]).build().await.unwrap();
    is_error(get_as(&asked, &one, &input).await, "DestinationIpProhibited");
    let rule = address.to_string().parse::<Rule>().unwrap();
    let named = builder().allow_requested_hosts([rule]).build().await.unwrap();
    let both = auth(&format!("{address},api.example.com:443"));
    assert!(get_as(&named, &both, &input).await.is_ok());
    is_error(get_as(&named, &both, r#"{"url":"https://api.example.com/"}"#).await, "HttpRequestDenied");
    // What it did not ask for is refused, be it named.
    is_error(get_as(&named, &auth("api.example.com:443"), &input).await, "HttpRequestDenied");
    assert!(get_as(&named, &auth("user@host"), &input).await.is_err());
}

#[tokio::test]
async fn error_codes_before_send() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    is_error(get(&allowed(free).await, &format!(r#"{{"url":"http://{free}/"}}"#)).await, "ConnectionRefused");
    let nowhere = under(policy(&["nowhere.invalid"])).await;
    is_error(get(&nowhere, r#"{"url":"https://nowhere.invalid/"}"#).await, "DnsError");
    let nobody = under(policy(&["user.example.com"])).await;
    is_error(get(&nobody, r#"{"url":"https://user@user.example.com/"}"#).await, "UriInvalid");
    // It listens, but speaks no TLS: silently, and aloud.
    let silent = server(|stream| async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(stream);
    })
    .await;
    let input = format!(r#"{{"url":"https://{silent}/","connect":100}}"#);
    is_error(get(&allowed(silent).await, &input).await, "ConnectionTimeout");
    let clear = server(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    })
    .await;
    is_error(get(&allowed(clear).await, &format!(r#"{{"url":"https://{clear}/"}}"#)).await, "TlsProtocolError");
}

#[tokio::test]
async fn error_codes_after_send() {
    let late = told(r#","first":100"#, |mut stream| async move {
        request(&mut stream).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
    });
    is_error(late.await, "HttpResponseTimeout");
    let closed = told("", |mut stream| async move {
        request(&mut stream).await;
    });
    is_error(closed.await, "ConnectionTerminated");
    let reset = told("", |mut stream| async move {
        request(&mut stream).await;
        stream.set_zero_linger().unwrap();
    });
    is_error(reset.await, "ConnectionTerminated");
    let garbage = told("", |mut stream| async move {
        request(&mut stream).await;
        stream.write_all(b"\x00\x01 this is no HTTP\r\n\r\n").await.unwrap();
    });
    is_error(garbage.await, "HttpProtocolError");
    let half = told("", |mut stream| async move {
        request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await.unwrap();
    });
    is_error(half.await, "HttpResponseIncomplete");
    let chunks = told("", |mut stream| async move {
        request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nno size\r\n").await.unwrap();
    });
    is_error(chunks.await, "HttpProtocolError");
    let pause = told(r#","between":100"#, |mut stream| async move {
        request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await.unwrap();
        tokio::time::sleep(Duration::from_secs(60)).await;
    });
    is_error(pause.await, "ConnectionReadTimeout");
}

/// A request that goes to an open connection has no task that carries it on: the guest's own wait has to notice.
#[tokio::test]
async fn error_codes_on_a_pooled_connection() {
    for (options, is_late, code) in
        [(r#","first":100"#, true, "HttpResponseTimeout"), ("", false, "ConnectionTerminated")]
    {
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        let address = server(move |mut stream| {
            counter.fetch_add(1, Ordering::Relaxed);
            async move {
                request(&mut stream).await;
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
                request(&mut stream).await;
                if is_late {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                }
            }
        })
        .await;
        let connector = allowed(address).await;
        let input = format!(r#"{{"url":"http://{address}/path"{options}}}"#);
        get(&connector, &input).await.unwrap();
        is_error(get(&connector, &input).await, code);
        assert_eq!(connections.load(Ordering::Relaxed), 1);
    }
}

#[tokio::test]
async fn first_byte_timeout_covers_neither_connect_nor_body() {
    let slow = told(r#","first":400,"connect":5000"#, |mut stream| async move {
        request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n").await.unwrap();
        tokio::time::sleep(Duration::from_millis(600)).await;
        stream.write_all(b"ok").await.unwrap();
    });
    assert_eq!(slow.await.unwrap(), r#"{"status":200,"bytes":2}"#);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let address =
        answering("HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n").await;
    let output = get(&allowed(address).await, &format!(r#"{{"url":"http://{address}/"}}"#)).await;
    assert_eq!(output.unwrap(), r#"{"status":302,"bytes":0}"#);
}

#[tokio::test]
async fn connections_are_reused_and_host_header_is_set() {
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    let address = server(move |mut stream| {
        counter.fetch_add(1, Ordering::Relaxed);
        async move {
            let expected = format!("host: {}", stream.local_addr().unwrap());
            loop {
                let head = request(&mut stream).await;
                if head.is_empty() {
                    break;
                }
                assert!(head.starts_with("GET /path?q=1 HTTP/1.1\r\n") && head.contains(&expected), "{head}");
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
            }
        }
    })
    .await;
    let connector = allowed(address).await;
    for _ in 0..5 {
        get(&connector, &format!(r#"{{"url":"http://{address}/path?q=1"}}"#)).await.unwrap();
    }
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

/// A TLS server that answers every request, and a client configuration that trusts it.
async fn tls_server(alpn: &[&[u8]]) -> (SocketAddr, Arc<ClientConfig>) {
    let (acceptor, client) = tls::localhost(alpn);
    let address = server(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let answer = hyper::service::service_fn(|request: hyper::Request<hyper::body::Incoming>| async move {
                let version = format!("{:?}", request.version());
                Ok::<_, std::convert::Infallible>(hyper::Response::new(
                    http_body_util::Full::<hyper::body::Bytes>::from(version),
                ))
            });
            let _ = hyper_util::server::conn::auto::Builder::new(hyper_util::rt::TokioExecutor::new())
                .serve_connection(hyper_util::rt::TokioIo::new(stream), answer)
                .await;
        }
    })
    .await;
    (address, client)
}

#[tokio::test]
async fn tls_error_after_send_is_connection_terminated() {
    let (acceptor, trusting) = tls::localhost(&[b"http/1.1"]);
    let address = server(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let _ = stream.read(&mut [0; 4096]).await;
            // A record that does not decrypt, past the TLS that would have encrypted it.
            let (connection, _) = stream.get_mut();
            let _ = connection.write_all(b"\x17\x03\x03\x00\x20thirty-two bytes that say nothing").await;
            let _ = connection.read(&mut [0; 4096]).await;
        }
    })
    .await;
    let connector =
        builder().transport(Transport::new().with_tls(&trusting)).policy(policy(&["localhost"])).build().await.unwrap();
    let url = format!(r#"{{"url":"https://localhost:{}/"}}"#, address.port());
    is_error(get(&connector, &url).await, "ConnectionTerminated");
}

#[tokio::test]
async fn certificates_are_checked() {
    let (address, trusting) = tls_server(&[b"http/1.1"]).await;
    let url = format!(r#"{{"url":"https://localhost:{}/"}}"#, address.port());
    let rules = ["localhost", "127.0.0.1"];
    let untrusted = under(policy(&rules)).await;
    is_error(get(&untrusted, &url).await, "TlsCertificateError");
    let trusted =
        builder().transport(Transport::new().with_tls(&trusting)).policy(policy(&rules)).build().await.unwrap();
    assert_eq!(get(&trusted, &url).await.unwrap(), r#"{"status":200,"bytes":8}"#);
    let other_name = format!(r#"{{"url":"https://{address}/"}}"#);
    is_error(get(&trusted, &other_name).await, "TlsCertificateError");
}

#[tokio::test]
async fn http2_is_used_where_the_server_offers_it() {
    // The server answers with the version that it was asked in, which is as long as the number of bytes tells.
    for (alpn, bytes) in
        [(&[b"h2".as_slice(), b"http/1.1"][..], "HTTP/2.0".len()), (&[b"http/1.1".as_slice()][..], "HTTP/1.1".len())]
    {
        let (address, trusting) = tls_server(alpn).await;
        let connector = builder()
            .transport(Transport::new().with_tls(&trusting))
            .policy(policy(&["localhost"]))
            .build()
            .await
            .unwrap();
        let url = format!(r#"{{"url":"https://localhost:{}/"}}"#, address.port());
        assert_eq!(get(&connector, &url).await.unwrap(), format!(r#"{{"status":200,"bytes":{bytes}}}"#));
    }
}

#[tokio::test]
async fn large_request_body_arrives_complete() {
    let received = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&received);
    let address = server(move |mut stream| {
        let counter = Arc::clone(&counter);
        async move {
            // The second request goes to a connection that is open already.
            for _ in 0..2 {
                let head = request(&mut stream).await;
                assert!(head.contains("transfer-encoding: chunked"), "{head}");
                let mut bytes = Vec::new();
                while !bytes.ends_with(b"0\r\n\r\n") {
                    let mut piece = [0; 65536];
                    let read = stream.read(&mut piece).await.unwrap();
                    bytes.extend_from_slice(&piece[..read]);
                }
                counter.fetch_add(bytes.iter().filter(|byte| **byte == b'x').count(), Ordering::Relaxed);
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            }
        }
    })
    .await;
    let input = format!(r#"{{"url":"http://{address}/","send":1048576}}"#);
    let connector = allowed(address).await;
    for _ in 0..2 {
        assert!(invoke(&connector, "post", &input).await.is_ok());
    }
    assert_eq!(received.load(Ordering::Relaxed), 2 * 1_048_576);
}

#[tokio::test]
async fn early_response_is_received_while_the_body_is_sent() {
    let address = server(|mut stream| async move {
        request(&mut stream).await;
        stream
            .write_all(b"HTTP/1.1 413 Content Too Large\r\nconnection: close\r\ncontent-length: 2\r\n\r\nno")
            .await
            .unwrap();
        // As servers do: what still comes is read for a while, and dropped.
        let mut rest = Vec::new();
        let reading = stream.read_to_end(&mut rest);
        let _ = tokio::time::timeout(Duration::from_millis(500), reading).await;
    })
    .await;
    let input = format!(r#"{{"url":"http://{address}/","send":4194304}}"#);
    let output = invoke(&allowed(address).await, "post", &input).await.unwrap();
    assert!(matches!(output.body, Body::Json(json) if json == r#"{"status":413,"bytes":2}"#));
}

/// The guest writes the body while nobody looks after the request: hyper gives the request back, and it must be sent again on
/// another connection.
#[tokio::test]
async fn body_is_sent_when_the_pooled_connection_has_just_closed() {
    for _ in 0..3 {
        let (close, closing) = std::sync::mpsc::channel::<()>();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        // A thread of its own, so that it closes the connection while the test's thread does something else.
        let server = std::thread::spawn(move || {
            use std::io::{Read, Write};
            let (mut first, _) = listener.accept().unwrap();
            let read = first.read(&mut [0; 4096]).unwrap();
            assert!(read > 0);
            first.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").unwrap();
            closing.recv().unwrap();
            drop(first);
            let (mut second, _) = listener.accept().unwrap();
            let mut received = Vec::new();
            while !received.ends_with(b"0\r\n\r\n") {
                let mut piece = [0; 65536];
                let read = second.read(&mut piece).unwrap();
                received.extend_from_slice(&piece[..read]);
            }
            second.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone").unwrap();
            received.iter().filter(|byte| **byte == b'x').count()
        });
        let limits = Limits::default().with_call_timeout(Duration::from_secs(5));
        let connector = builder().limits(limits).policy(policy(&[&address.to_string()])).build().await.unwrap();
        get(&connector, &format!(r#"{{"url":"http://{address}/"}}"#)).await.unwrap();
        close.send(()).unwrap();
        // Blocks the runtime's only thread until the connection is closed. Then the runtime sees it and wakes hyper's task,
        // but goes on here first: the pool hands out a connection that is about to be dropped.
        std::thread::sleep(Duration::from_millis(50));
        tokio::task::yield_now().await;
        let input = format!(r#"{{"url":"http://{address}/","send":1048576}}"#);
        let output = invoke(&connector, "post", &input).await.unwrap();
        assert!(matches!(output.body, Body::Json(json) if json == r#"{"status":200,"bytes":4}"#));
        assert_eq!(server.join().unwrap(), 1_048_576);
    }
}
