//! A connector that tries what it was not granted: other hosts, other ports, addresses that only the operator can open.

use super::hostile::serves;
use crate::Row;
use crate::common::{get, request, server, under};
use connector_host::Policy;
use connector_host::egress::policy::Origin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use tokio::io::AsyncWriteExt;

/// What the guest is told where the policy refuses the host, or plain HTTP to it.
const HOST: &str = "HttpRequestDenied";
/// What it is told where the policy refuses the address.
const ADDRESS: &str = "DestinationIpProhibited";
/// What it is told where the URL itself is none.
const URL: &str = "HttpRequestUriInvalid";

/// What it is told where the scheme is neither `http` nor `https`.
const SCHEME: &str = "HttpProtocolError";
/// What it is told where TLS cannot be spoken with a host of that name.
const NAME: &str = "TlsProtocolError";

/// Attempts against a grant for `127.0.0.1:{granted}`. At `{victim}` there is a server, too.
const BESIDE_THE_GRANT: [(&str, &str, &str); 17] = [
    ("another port of a host that is granted", "http://127.0.0.1:{victim}/", HOST),
    ("another name of an address that is granted", "http://localhost:{granted}/", HOST),
    ("another address of this machine", "http://127.0.0.2:{victim}/", HOST),
    ("a name that begins like a granted one", "http://127.0.0.1.example.com:{granted}/", HOST),
    ("a host that somebody else may reach", "https://example.com/", HOST),
    ("the granted host as a user name", "http://127.0.0.1:{granted}@127.0.0.1:{victim}/", URL),
    ("the granted host as a password", "http://x:127.0.0.1@127.0.0.1:{victim}/", URL),
    ("a user name before the granted host", "http://127.0.0.1:{victim}@127.0.0.1:{granted}/", URL),
    ("a backslash before the victim", "http://127.0.0.1:{granted}\\@127.0.0.1:{victim}/", URL),
    ("a fragment before the victim", "http://127.0.0.1:{granted}#@127.0.0.1:{victim}/", URL),
    ("a question mark before the victim", "http://127.0.0.1:{granted}?@127.0.0.1:{victim}/", URL),
    ("a line break in the path", "http://127.0.0.1:{granted}/ HTTP/1.1\r\nhost: victim\r\n\r\n", URL),
    ("another scheme: ftp", "ftp://127.0.0.1:{granted}/", SCHEME),
    ("another scheme: file", "file://127.0.0.1:{granted}/etc/passwd", SCHEME),
    ("a redirect of the granted host to the victim", "http://127.0.0.1:{granted}/to-victim", r#"{"status":302"#),
    ("a redirect to the metadata address", "http://127.0.0.1:{granted}/to-metadata", r#"{"status":302"#),
    ("plain HTTP to a host that is granted", "http://192.88.98.1/", HOST),
];

/// Hosts that the connector asks for itself, so that its own wish allows them by name. Their addresses must not be.
const WISHES: [(&str, &str); 23] = [
    ("loopback", "127.0.0.1"),
    ("loopback, IPv6", "[::1]"),
    ("loopback, by a name", "localhost"),
    ("loopback, mapped to IPv6", "[::ffff:127.0.0.1]"),
    ("loopback, by NAT64", "[64:ff9b::7f00:1]"),
    ("loopback, by 6to4", "[2002:7f00:1::]"),
    ("no address at all", "0.0.0.0"),
    ("no address at all, IPv6", "[::]"),
    ("the metadata address", "169.254.169.254"),
    ("the metadata address, mapped to IPv6", "[::ffff:169.254.169.254]"),
    ("the metadata address of AWS, IPv6", "[fd00:ec2::254]"),
    ("the metadata address of Alibaba", "100.100.100.200"),
    ("the wire server of Azure, at a public address", "168.63.129.16"),
    ("the wire server of Azure, by 6to4", "[2002:a83f:8110::]"),
    ("the metadata address of Google, IPv6", "[fd20:ce::254]"),
    ("a private address: 10/8", "10.0.0.1"),
    ("a private address: 172.16/12", "172.31.255.254"),
    ("a private address: 192.168/16", "192.168.0.1"),
    ("a private address, IPv6", "[fc00::1]"),
    ("a link-local address, IPv6", "[fe80::1]"),
    ("a multicast address", "224.0.0.1"),
    ("the broadcast address", "255.255.255.255"),
    ("an address of nobody's", "240.0.0.1"),
];

/// The same as numbers, which the system's resolver takes for addresses.
const NUMBERS: [(&str, &str); 5] = [
    ("loopback, as one number", "2130706433"),
    ("loopback, as a hexadecimal number", "0x7f000001"),
    ("loopback, in octal", "0177.0.0.1"),
    ("loopback, shortened", "127.1"),
    ("the metadata address, as one number", "2852039166"),
];

/// What guests may not say in a request's head, since it would decide where it goes or how long it is.
const HEADERS: [&str; 14] = [
    "host",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "proxy-authorization\r\nhost",
    "te",
    "TE",
    "trailer",
    "expect",
    "Expect",
    "upgrade",
    "http2-settings",
];

/// Methods that are not requests to a server.
const METHODS: [&str; 2] = ["CONNECT", "connect\r\nhost: victim"];

pub async fn rows() -> Vec<Row> {
    let visits = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&visits);
    let victim = server(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
        async {}
    })
    .await;
    let granted = server(move |mut stream| async move {
        let head = request(&mut stream).await;
        let to = if head.contains("/to-victim") { victim.to_string() } else { "169.254.169.254".to_owned() };
        let answer =
            format!("HTTP/1.1 302 Found\r\nlocation: http://{to}/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        let _ = stream.write_all(answer.as_bytes()).await;
    })
    .await;
    let mut trials = Vec::new();
    let grants = || {
        let mut policy = Policy::deny_all();
        policy.allow(granted.to_string().parse().unwrap(), Origin::Operator);
        policy.allow("192.88.98.1".parse().unwrap(), Origin::Operator);
        policy
    };
    for (what, url, expected) in BESIDE_THE_GRANT {
        let url = url.replace("{granted}", &granted.port().to_string()).replace("{victim}", &victim.port().to_string());
        trials.push((what.to_owned(), format!(r#"{{"url":"{url}"}}"#), grants(), expected));
    }
    for header in HEADERS {
        let input = format!(r#"{{"url":"http://{granted}/","header":"{header}"}}"#);
        trials.push((
            format!("a header of its own: {}", header.escape_default()),
            input,
            grants(),
            "header: HeaderError",
        ));
    }
    for method in METHODS {
        let input = format!(r#"{{"url":"http://{granted}/","method":"{method}"}}"#);
        trials.push((format!("the method {}", method.escape_default()), input, grants(), "HttpRequestMethodInvalid"));
    }
    let wishes = WISHES.map(|(what, host)| (what, host, ADDRESS));
    let numbers = NUMBERS.map(|(what, host)| (what, host, NAME));
    for (what, host, by_tls) in wishes.into_iter().chain(numbers) {
        for (scheme, expected) in [("http", ADDRESS), ("https", by_tls)] {
            let mut wish = Policy::deny_all();
            wish.allow(host.parse().unwrap(), Origin::Connector);
            let input = format!(r#"{{"url":"{scheme}://{host}:{}/"}}"#, victim.port());
            trials.push((format!("{what}: {scheme}://{host}"), input, wish, expected));
        }
    }
    let mut rows = Vec::new();
    for (attempt, input, policy, expected) in trials {
        let connector = under(policy).await;
        let started = Instant::now();
        let seen = get(&connector, &input).await.unwrap_or_else(|message| message);
        let time = started.elapsed();
        let reached = (visits.load(Ordering::Relaxed) > 0).then(|| "it reached the victim".to_owned());
        rows.push(Row { attempt, expected, seen, time, problem: reached.or(serves(&connector).await) });
    }
    rows
}
