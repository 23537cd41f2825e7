//! Components that are hostile before anybody calls them: by what they import, and by what they do when they start.

use super::hostile::serves;
use crate::Row;
use crate::common::connector;
use crate::common::world::starting;
use connector_host::limits::TABLE_ENTRIES;
use connector_host::{Cache, Component, Connector, Host, Limits};
use std::time::Instant;

/// Interfaces that the world does not have.
const IMPORTS: [&str; 7] = [
    "wasi:filesystem/types@0.2.2",
    "wasi:filesystem/preopens@0.2.2",
    "wasi:sockets/tcp@0.2.2",
    "wasi:sockets/ip-name-lookup@0.2.2",
    "wasi:http/incoming-handler@0.2.2",
    "wasi:cli/run@0.2.2",
    "host:secrets/store@1.0.0",
];

/// What a component's code does when it starts: its memory or table, and the body of its start function.
const STARTS: [(&str, &str, &str, &str); 6] = [
    ("traps at its start", "", "unreachable", "wasm `unreachable` instruction executed"),
    ("computes without end at its start", "", "(loop $l (br $l))", "more than 500ms of computing time"),
    (
        "takes memory without end at its start",
        "(memory 1)",
        "(loop $l (drop (memory.grow (i32.const 16))) (br $l))",
        "more than 16 MiB of memory",
    ),
    // It traps where its table stops growing in time, and computes without end where it does not.
    (
        "grows its table without end",
        "(table $t 1 funcref)",
        "(loop $l (br_if $l (i32.ne (table.grow $t (ref.null func) (i32.const 1000)) (i32.const -1))))
         (if (i32.le_u (table.size $t) (i32.const LIMIT)) (then (unreachable)))
         (loop $l (br $l))",
        "wasm `unreachable` instruction executed",
    ),
    ("takes two memories", "(memory 1) (memory 1)", "", "memor"),
    ("has functions of other types than the interface", "", "", "violates its interface"),
];

pub async fn rows(limits: &Limits) -> Vec<Row> {
    let host = Host::builder().cache(Cache::none()).build().unwrap();
    let mut rows = Vec::new();
    let guest = connector().await;
    for import in IMPORTS {
        let bytes = wat::parse_str(format!(r#"(component (import "{import}" (instance)))"#)).unwrap();
        rows.push(start(&host, limits, &guest, format!("imports {import}"), &bytes, "does not allow").await);
    }
    let code = wat::parse_str("(module)").unwrap();
    rows.push(start(&host, limits, &guest, "is no component".to_owned(), &code, "not a WebAssembly component").await);
    for (what, state, body, expected) in STARTS {
        rows.push(
            start(
                &host,
                limits,
                &guest,
                what.to_owned(),
                &starting(state, &body.replace("LIMIT", &TABLE_ENTRIES.to_string())),
                expected,
            )
            .await,
        );
    }
    rows
}

/// Loads a component and calls it.
async fn start(
    host: &Host,
    limits: &Limits,
    guest: &Connector,
    attempt: String,
    bytes: &[u8],
    expected: &'static str,
) -> Row {
    let started = Instant::now();
    let seen = match Component::load(host, bytes.to_vec()).await {
        Err(error) => error.to_string(),
        Ok(component) => {
            let connector = Connector::builder(host, &component).limits(limits.clone()).build().await.unwrap();
            match connector.describe().await {
                Err(failure) => failure.to_string(),
                Ok(_) => "an answer".to_owned(),
            }
        }
    };
    Row { attempt, expected, seen, time: started.elapsed(), problem: serves(guest).await }
}
