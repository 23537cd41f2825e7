//! What a sandbox leaves, no later one finds: in its memory, its stack and its tables, however the pool cleans them.
//!
//! Each host has room for one sandbox, so that the next one gets what the last one had. Native stacks are tested in
//! `src/engine.rs`, since no component can read them.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{guest_file, no_auth};
use connector_host::{Body, Cache, Call, Component, Connector, Host, Sandbox};

/// Hosts that clean by each of both ways.
fn hosts() -> [(&'static str, Host); 2] {
    let host =
        |pagemap_scan| Host::builder().cache(Cache::none()).sandboxes(1).pagemap_scan(pagemap_scan).build().unwrap();
    [("pagemap_scan off", host(false)), ("pagemap_scan on", host(true))]
}

async fn connector(host: &Host, component: &Component) -> Connector {
    Connector::builder(host, component).build().await.unwrap()
}

/// How often the sandbox finds a text in its memory, which is given backwards so that looking for it does not put it there.
async fn found(sandbox: &mut Sandbox, backwards: &str) -> usize {
    let output = sandbox.invoke(&no_auth(), Call::new("search").input(backwards)).await.unwrap();
    let Body::Json(json) = output.body else { panic!("{:?}", output.body) };
    json.parse().unwrap()
}

#[tokio::test]
async fn the_memory_and_the_stack_of_a_sandbox_are_not_the_next_ones() {
    let (marker, backwards) = ("a secret of the first tenant", "tnanet tsrif eht fo terces a");
    for (cleaned, host) in hosts() {
        let component = Component::from_file(&host, guest_file()).await.unwrap();
        let connector = connector(&host, &component).await;
        for operation in ["remember", "remember-on-stack"] {
            for turn in 0..3 {
                let mut first = connector.sandbox().await.unwrap();
                first.invoke(&no_auth(), Call::new(operation).input(marker)).await.unwrap();
                let own = found(&mut first, backwards).await;
                assert!(own > 1000, "{operation} leaves only {own}, so that this shows nothing");
                drop(first);
                let mut next = connector.sandbox().await.unwrap();
                assert_eq!(found(&mut next, backwards).await, 0, "{operation}, {cleaned}, turn {turn}");
            }
        }
    }
}

/// Fills all of a memory and of a table.
const FILL: &str = r#"
    (drop (memory.grow (i32.const 63)))
    (memory.fill (i32.const 0) (i32.const 0xaa) (i32.const 0x400000))
    (drop (table.grow $t (ref.func $start) (i32.const 60000)))
    (table.fill $t (i32.const 0) (ref.func $start) (i32.const 60000))"#;

/// Traps where anything is in a memory or a table.
const LOOK: &str = r#"
    (drop (memory.grow (i32.const 63)))
    (loop $byte
        (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then (unreachable)))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br_if $byte (i32.lt_u (local.get $at) (i32.const 0x400000))))
    (drop (table.grow $t (ref.null func) (i32.const 60000)))
    (local.set $at (i32.const 0))
    (loop $entry
        (if (i32.eqz (ref.is_null (table.get $t (local.get $at)))) (then (unreachable)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br_if $entry (i32.lt_u (local.get $at) (i32.const 60000))))"#;

/// Components that fill, that look, and that look at what they filled themselves.
#[tokio::test]
async fn the_tables_of_a_sandbox_are_not_the_next_ones() {
    for (cleaned, host) in hosts() {
        let mut connectors = Vec::new();
        for code in [FILL.to_owned(), LOOK.to_owned(), format!("{FILL} {LOOK}")] {
            let component = Component::load(
                &host,
                common::world::starting(
                    "(memory 1) (table $t 1 funcref) (elem declare func $start)",
                    &format!("(local $at i32) {code}"),
                ),
            );
            connectors.push(connector(&host, &component.await.unwrap()).await);
        }
        for turn in 0..3 {
            drop(connectors[0].sandbox().await.unwrap());
            if let Err(failure) = connectors[1].sandbox().await {
                panic!("{cleaned}, turn {turn}: {failure}");
            }
        }
        assert!(connectors[2].sandbox().await.is_err(), "it does not find its own, so that this shows nothing");
    }
}
