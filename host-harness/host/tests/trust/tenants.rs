//! Two tenants on one host, whose calls are mixed: what is one's never comes to the other.

use crate::common::{self, allowed, builder, connector, get, get_as, invoke, limited, no_auth, request, server};
use crate::{Row, print_and_check};
use connector_host::{Auth, Body, Call, Cause, Connector, Limits, Output, Sandbox};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;

/// What a row says where nothing crossed.
const APART: &str = "nothing crossed";

/// How often the tenants take turns.
const TURNS: usize = 20;

/// How many sandboxes each tenant has where there are many.
const SANDBOXES: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_one_tenant_comes_to_another() {
    let rows = [
        tried("environment variables", environment()).await,
        tried("memory, of sandboxes that are there", memory()).await,
        tried("memory, of sandboxes that are gone", memory_of_the_dead()).await,
        tried("connections, of two connectors", connections_of_connectors()).await,
        tried("connections, of two auths with different policies", connections_of_auths(false)).await,
        tried("connections, of two auths in one kept sandbox", connections_of_auths(true)).await,
        tried("the right to connect, of two connectors", grants_of_connectors()).await,
        tried("the right to connect, of two auths", grants_of_auths(false)).await,
        tried("the right to connect, of two auths in one kept sandbox", grants_of_auths(true)).await,
        tried("what was denied", denials()).await,
        tried("computing time", computing_time()).await,
        tried("a crash", crash()).await,
    ];
    print_and_check("two tenants", &rows);
}

/// Tries one row. What crosses is its error.
async fn tried(attempt: &str, trial: impl Future<Output = Result<(), String>>) -> Row {
    let started = Instant::now();
    let seen = match trial.await {
        Ok(()) => APART.to_owned(),
        Err(crossed) => crossed,
    };
    Row { attempt: attempt.to_owned(), expected: APART, seen, time: started.elapsed(), problem: None }
}

/// Fails where a condition does not hold.
fn hold(condition: bool, otherwise: impl Into<String>) -> Result<(), String> {
    if condition { Ok(()) } else { Err(otherwise.into()) }
}

async fn environment() -> Result<(), String> {
    let with = |value: &str| builder().environment([("NAME".to_owned(), value.to_owned())]).build();
    let (one, other, none) = (with("one").await.unwrap(), with("other").await.unwrap(), connector().await);
    for _ in 0..TURNS {
        for (connector, expected) in [(&one, "NAME=one"), (&other, "NAME=other"), (&none, "")] {
            let seen = text(invoke(connector, "environment", "{}").await.unwrap());
            hold(seen == expected, format!("it saw {seen}"))?;
        }
    }
    Ok(())
}

async fn count(sandbox: &mut Sandbox) -> String {
    text(sandbox.invoke(&no_auth(), Call::new("count")).await.unwrap())
}

async fn memory() -> Result<(), String> {
    let connector = connector().await;
    let (mut one, mut other) = (connector.sandbox().await.unwrap(), connector.sandbox().await.unwrap());
    for turn in 1..=TURNS {
        let seen = (count(&mut one).await, count(&mut other).await);
        hold(seen == (turn.to_string(), turn.to_string()), format!("they counted {seen:?} in turn {turn}"))?;
    }
    Ok(())
}

async fn memory_of_the_dead() -> Result<(), String> {
    let connector = connector().await;
    // What is looked for is given backwards, so that looking for it does not put it there.
    let (marker, backwards) = ("a secret of the first tenant", "tnanet tsrif eht fo terces a");
    let search = || Call::new("search").input(backwards);
    let mut kept = Vec::new();
    for _ in 0..SANDBOXES {
        let mut sandbox = connector.sandbox().await.unwrap();
        sandbox.invoke(&no_auth(), Call::new("remember").input(marker)).await.unwrap();
        let own = text(sandbox.invoke(&no_auth(), search()).await.unwrap());
        hold(
            own.parse::<usize>().is_ok_and(|times| times > 1000),
            "it does not find its own, so that this shows nothing",
        )?;
        kept.push(sandbox);
    }
    drop(kept);
    for _ in 0..4 * SANDBOXES {
        let mut sandbox = connector.sandbox().await.unwrap();
        let found = text(sandbox.invoke(&no_auth(), search()).await.unwrap());
        hold(found == "0", format!("the next one found it {found} times"))?;
    }
    Ok(())
}

/// A server that keeps its connections open, and how many it has accepted.
async fn counting_server() -> (SocketAddr, Arc<AtomicUsize>) {
    let opened = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&opened);
    let address = server(move |mut stream| {
        counter.fetch_add(1, Ordering::Relaxed);
        async move {
            while !request(&mut stream).await.is_empty() {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
            }
        }
    })
    .await;
    (address, opened)
}

async fn connections_of_connectors() -> Result<(), String> {
    let (address, opened) = counting_server().await;
    let input = format!(r#"{{"url":"http://{address}/"}}"#);
    let (one, other) = (allowed(address).await, allowed(address).await);
    for _ in 0..TURNS {
        for tenant in [&one, &other] {
            get(tenant, &input).await?;
        }
    }
    let opened = opened.load(Ordering::Relaxed);
    hold(opened == 2, format!("{opened} connections for two tenants"))
}

/// The auth of a user for whom the guest requests these hosts.
fn auth(user: &str, hosts: &str) -> Auth {
    Auth::from_json(format!(r#"{{"user":"{user}","host":"{hosts}"}}"#)).unwrap()
}

/// One connector for all auths, which may reach this address where the guest requests it for them.
async fn shared(address: SocketAddr) -> Connector {
    builder().allow_requested_hosts([address.to_string().parse().unwrap()]).build().await.unwrap()
}

/// Has the guest get something with an auth, in a fresh sandbox or in the one that is kept.
async fn get_by(connector: &Connector, kept: &mut Option<Sandbox>, auth: &Auth, input: &str) -> Result<String, String> {
    match kept {
        None => get_as(connector, auth, input).await,
        Some(sandbox) => match sandbox.invoke(auth, Call::new("get").input(input)).await {
            Ok(output) => Ok(text(output)),
            Err(failure) => Err(failure.to_string()),
        },
    }
}

async fn connections_of_auths(in_one_sandbox: bool) -> Result<(), String> {
    let (address, opened) = counting_server().await;
    let input = format!(r#"{{"url":"http://{address}/"}}"#);
    let connector = shared(address).await;
    let mut kept = if in_one_sandbox { Some(connector.sandbox().await.unwrap()) } else { None };
    // Ada and Grace have equal policies, Joan another one for the same address.
    let ada = auth("ada", &address.to_string());
    let grace = auth("grace", &address.to_string());
    let joan = auth("joan", &format!("{address},api.example.com"));
    for _ in 0..TURNS {
        for auth in [&ada, &grace] {
            get_by(&connector, &mut kept, auth, &input).await?;
        }
    }
    let shared = opened.load(Ordering::Relaxed);
    hold(shared == 1, format!("{shared} connections for two auths with the same policy"))?;
    for _ in 0..TURNS {
        for auth in [&joan, &ada] {
            get_by(&connector, &mut kept, auth, &input).await?;
        }
    }
    let opened = opened.load(Ordering::Relaxed);
    hold(opened == 2, format!("{opened} connections for two policies"))
}

async fn grants_of_connectors() -> Result<(), String> {
    let address = common::answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let input = format!(r#"{{"url":"http://{address}/"}}"#);
    let (one, other) = (allowed(address).await, connector().await);
    for _ in 0..TURNS {
        get(&one, &input).await?;
        hold(get(&other, &input).await.is_err(), "it used the other's open connection")?;
    }
    Ok(())
}

async fn grants_of_auths(in_one_sandbox: bool) -> Result<(), String> {
    let address = common::answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let input = format!(r#"{{"url":"http://{address}/"}}"#);
    let connector = shared(address).await;
    let mut kept = if in_one_sandbox { Some(connector.sandbox().await.unwrap()) } else { None };
    let (one, other) = (auth("ada", &address.to_string()), auth("joan", "api.example.com"));
    for _ in 0..TURNS {
        get_by(&connector, &mut kept, &one, &input).await?;
        let denied = get_by(&connector, &mut kept, &other, &input).await;
        hold(denied.is_err_and(|message| message.contains("HttpRequestDenied")), "it used the other's right")?;
    }
    Ok(())
}

/// Two calls at once by one connector: what one is denied comes with its own failure, and with no other.
async fn denials() -> Result<(), String> {
    let silent = server(|stream| async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(stream);
    })
    .await;
    let connector = allowed(silent).await;
    let get = |input: String| {
        let connector = connector.clone();
        async move { invoke(&connector, "get", &input).await.unwrap_err() }
    };
    let (denied, late, other) = tokio::join!(
        get(r#"{"url":"https://one.example.com/"}"#.to_owned()),
        get(format!(r#"{{"url":"http://{silent}/","first":100}}"#)),
        get(r#"{"url":"https://other.example.com/"}"#.to_owned()),
    );
    for (failure, host) in [(&denied, "one.example.com"), (&other, "other.example.com")] {
        let is_own = matches!(failure.causes(), [Cause::Denied(denial)] if denial.destination.host == host);
        hold(is_own, format!("{host}: {:?}", failure.causes()))?;
        let source = std::error::Error::source(failure).map(ToString::to_string);
        hold(source.is_some_and(|source| source.contains(host)), "the cause is not the source")?;
    }
    hold(matches!(late.causes(), [Cause::TimedOut(_)]), format!("the late one: {:?}", late.causes()))?;
    // The next call has no cause of an earlier one.
    hold(invoke(&connector, "refuse", "{}").await.unwrap_err().causes().is_empty(), "a cause of another call")
}

async fn computing_time() -> Result<(), String> {
    let greedy = limited(Limits::default().with_cpu_time(Duration::from_secs(2))).await;
    let connector = connector().await;
    // As many as there are threads, and more.
    let spinning: Vec<_> = (0..4)
        .map(|_| {
            let greedy = greedy.clone();
            tokio::spawn(async move { invoke(&greedy, "spin", "{}").await })
        })
        .collect();
    let mut calls = 0;
    while !spinning.iter().any(|call| call.is_finished()) {
        invoke(&connector, "echo", "{}").await.map_err(|failure| failure.to_string())?;
        calls += 1;
    }
    for call in spinning {
        hold(call.await.unwrap().is_err(), "an endless loop gave an output")?;
    }
    hold(calls > 10, format!("only {calls} calls beside endless loops"))
}

async fn crash() -> Result<(), String> {
    let connector = connector().await;
    let mut other = connector.sandbox().await.unwrap();
    for turn in 1..=TURNS {
        for operation in ["trap", "exit", "recurse"] {
            hold(invoke(&connector, operation, "{}").await.is_err(), "a crash gave an output")?;
        }
        hold(count(&mut other).await == turn.to_string(), "the other lost what it had")?;
    }
    Ok(())
}

fn text(output: Output) -> String {
    match output.body {
        Body::Json(text) | Body::Text(text) => text,
        other => panic!("{other:?}"),
    }
}
