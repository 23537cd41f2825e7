//! Two tenants on one host, whose calls are mixed: what is one's never comes to the other.

use crate::common::{self, get, policy, request, server};
use crate::{Row, print_and_check};
use connector_host::bindings::{Body, Output};
use connector_host::egress::policy::Origin;
use connector_host::{Cache, Component, Connector, Host, Limits, Policy, Sandbox};
use host_harness::DEFAULT_COMPONENT;
use practice_looker::PracticeLooker;
use serde_json::json;
use std::future::Future;
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
    let host = Host::with_cache(Cache::none()).unwrap();
    let looker = Component::from_bytes(&host, DEFAULT_COMPONENT).unwrap();
    let looker = Connector::new(&host, &looker).unwrap();
    let guest = Component::from_file(&host, common::guest_file()).unwrap();
    let guest = Connector::new(&host, &guest).unwrap();
    let rows = [
        tried("tokens, in one sandbox", tokens_in_one_sandbox(&looker)).await,
        tried("tokens and data, in many sandboxes at once", tokens_in_many_sandboxes(&looker)).await,
        tried("a token, by the same client ID and a wrong secret", wrong_secret(&looker)).await,
        tried("a token, by the wish to run as another user", run_as(&looker)).await,
        tried("the secret in the environment", secrets_of_the_environment(&looker)).await,
        tried("environment variables", environment(&guest)).await,
        tried("memory, of sandboxes that are there", memory(&guest)).await,
        tried("memory, of sandboxes that are gone", memory_of_the_dead(&guest)).await,
        tried("connections", connections(&guest)).await,
        tried("the right to connect", grants(&guest)).await,
        tried("what was denied", denials(&guest)).await,
        tried("computing time", computing_time(&guest)).await,
        tried("a crash", crash(&guest)).await,
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

/// One tenant of the Looker connector: a Looker, and who signs in there.
struct Tenant {
    looker: PracticeLooker,
    auth: String,
}

impl Tenant {
    fn new() -> Self {
        let looker = PracticeLooker::start().unwrap();
        let (id, secret) = (looker.client_id(), looker.client_secret());
        let auth = json!({"domain": looker.base_url(), "client_id": id, "client_secret": secret}).to_string();
        Self { looker, auth }
    }

    /// The connector under a policy for this tenant's Looker and others'.
    fn connector(&self, connector: &Connector, others: &[&Self]) -> Connector {
        let mut policy = Policy::deny_all();
        for tenant in [self].iter().chain(others) {
            policy.allow(tenant.looker.base_url().parse().unwrap(), Origin::Operator);
        }
        connector.clone().with_policy(policy)
    }

    /// That this tenant's Looker was sent nothing of another's: no token, no secret, no word that only the other says.
    fn was_sent_nothing_of(&self, other: &Self, word: &str) -> Result<(), String> {
        let mut secrets = other.looker.tokens();
        secrets.extend([other.looker.client_secret().to_owned(), word.to_owned()]);
        for request in self.looker.requests() {
            let sent = format!("{request:?} {}", request.text());
            if let Some(secret) = secrets.iter().find(|secret| sent.contains(secret.as_str())) {
                return Err(format!("{secret} went to the wrong Looker"));
            }
        }
        Ok(())
    }

    fn logins(&self) -> usize {
        self.looker.requests().iter().filter(|request| request.path.ends_with("/login")).count()
    }
}

async fn tokens_in_one_sandbox(connector: &Connector) -> Result<(), String> {
    let (one, other) = (Tenant::new(), Tenant::new());
    let mut sandbox = one.connector(connector, &[&other]).sandbox().await.unwrap();
    for _ in 0..TURNS {
        for tenant in [&one, &other] {
            sandbox.invoke(&tenant.auth, "me", "{}").await.map_err(|failure| failure.to_string())?;
        }
    }
    one.was_sent_nothing_of(&other, "\0")?;
    other.was_sent_nothing_of(&one, "\0")?;
    hold(one.logins() == 1 && other.logins() == 1, "a token was lost, and nothing shows that it was kept apart")
}

async fn tokens_in_many_sandboxes(connector: &Connector) -> Result<(), String> {
    let tenants = [(Arc::new(Tenant::new()), "Ada-of-one"), (Arc::new(Tenant::new()), "Grace-of-other")];
    let mut runs = tokio::task::JoinSet::new();
    for _ in 0..SANDBOXES {
        for (tenant, name) in &tenants {
            let (tenant, name) = (Arc::clone(tenant), *name);
            let connector = tenant.connector(connector, &[]);
            runs.spawn(async move {
                let mut sandbox = connector.sandbox().await.unwrap();
                for _ in 0..TURNS {
                    let input = json!({"first_name": name}).to_string();
                    sandbox.invoke(&tenant.auth, "create_user", &input).await.map_err(|failure| failure.to_string())?;
                    let seen = text(sandbox.invoke(&tenant.auth, "all_users", "{}").await.unwrap());
                    hold(seen.contains(name), "what was written is not there")?;
                    let strange = ["Ada-of-one", "Grace-of-other"].into_iter().find(|other| *other != name).unwrap();
                    hold(!seen.contains(strange), "what one wrote the other read")?;
                }
                Ok::<_, String>(())
            });
        }
    }
    while let Some(run) = runs.join_next().await {
        run.unwrap()?;
    }
    tenants[0].0.was_sent_nothing_of(&tenants[1].0, tenants[1].1)?;
    tenants[1].0.was_sent_nothing_of(&tenants[0].0, tenants[0].1)
}

async fn wrong_secret(connector: &Connector) -> Result<(), String> {
    let tenant = Tenant::new();
    let mut sandbox = tenant.connector(connector, &[]).sandbox().await.unwrap();
    sandbox.invoke(&tenant.auth, "me", "{}").await.unwrap();
    let wrong = tenant.auth.replace(tenant.looker.client_secret(), "another-secret");
    hold(sandbox.invoke(&wrong, "me", "{}").await.is_err(), "a wrong secret got an output")
}

async fn run_as(connector: &Connector) -> Result<(), String> {
    let tenant = Tenant::new();
    let mut sandbox = tenant.connector(connector, &[]).sandbox().await.unwrap();
    let as_user = |id: &str| tenant.auth.replacen('{', &format!(r#"{{"run_as_user_id":"{id}","#), 1);
    let (two, three) = (as_user("2"), as_user("3"));
    for _ in 0..TURNS {
        for (auth, id) in [(&tenant.auth, "13"), (&two, "2"), (&three, "3")] {
            let me = text(sandbox.invoke(auth, "me", r#"{"fields":"id"}"#).await.unwrap());
            hold(me.replace(' ', "") == format!(r#"{{"id":"{id}"}}"#), format!("user {id} was {me}"))?;
        }
    }
    Ok(())
}

async fn secrets_of_the_environment(connector: &Connector) -> Result<(), String> {
    let (one, other) = (Tenant::new(), Tenant::new());
    let variables = |tenant: &Tenant| {
        let (id, secret) = (tenant.looker.client_id().to_owned(), tenant.looker.client_secret().to_owned());
        [
            ("LOOKERSDK_BASE_URL".to_owned(), tenant.looker.base_url()),
            ("LOOKERSDK_CLIENT_ID".to_owned(), id),
            ("LOOKERSDK_CLIENT_SECRET".to_owned(), secret),
        ]
    };
    let (for_one, for_other) = (one.connector(connector, &[&other]), other.connector(connector, &[&one]));
    let for_one = for_one.with_environment(variables(&one));
    let for_other = for_other.with_environment(variables(&other));
    for _ in 0..TURNS {
        for_one.invoke("{}", "me", "{}").await.map_err(|failure| failure.to_string())?;
        for_other.invoke("{}", "me", "{}").await.map_err(|failure| failure.to_string())?;
        // The one names the other's address, in the hope that its secret is added.
        let theirs = json!({"domain": other.looker.base_url()}).to_string();
        hold(for_one.invoke(&theirs, "me", "{}").await.is_err(), "another address got an output")?;
    }
    one.was_sent_nothing_of(&other, "\0")?;
    other.was_sent_nothing_of(&one, "\0")
}

async fn environment(connector: &Connector) -> Result<(), String> {
    let variable = |value: &str| [("NAME".to_owned(), value.to_owned())];
    let one = connector.clone().with_environment(variable("one"));
    let other = connector.clone().with_environment(variable("other"));
    for _ in 0..TURNS {
        for (connector, expected) in [(&one, "NAME=one"), (&other, "NAME=other"), (connector, "")] {
            let seen = text(connector.invoke("{}", "environment", "{}").await.unwrap());
            hold(seen == expected, format!("it saw {seen}"))?;
        }
    }
    Ok(())
}

async fn count(sandbox: &mut Sandbox) -> String {
    text(sandbox.invoke("{}", "count", "{}").await.unwrap())
}

async fn memory(connector: &Connector) -> Result<(), String> {
    let (mut one, mut other) = (connector.sandbox().await.unwrap(), connector.sandbox().await.unwrap());
    for turn in 1..=TURNS {
        let seen = (count(&mut one).await, count(&mut other).await);
        hold(seen == (turn.to_string(), turn.to_string()), format!("they counted {seen:?} in turn {turn}"))?;
    }
    Ok(())
}

async fn memory_of_the_dead(connector: &Connector) -> Result<(), String> {
    // What is looked for is given backwards, so that looking for it does not put it there.
    let (marker, backwards) = ("a secret of the first tenant", "tnanet tsrif eht fo terces a");
    let mut kept = Vec::new();
    for _ in 0..SANDBOXES {
        let mut sandbox = connector.sandbox().await.unwrap();
        sandbox.invoke("{}", "remember", marker).await.unwrap();
        let own = text(sandbox.invoke("{}", "search", backwards).await.unwrap());
        hold(
            own.parse::<usize>().is_ok_and(|times| times > 1000),
            "it does not find its own, so that this shows nothing",
        )?;
        kept.push(sandbox);
    }
    drop(kept);
    for _ in 0..4 * SANDBOXES {
        let mut sandbox = connector.sandbox().await.unwrap();
        let found = text(sandbox.invoke("{}", "search", backwards).await.unwrap());
        hold(found == "0", format!("the next one found it {found} times"))?;
    }
    Ok(())
}

async fn connections(connector: &Connector) -> Result<(), String> {
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
    let input = format!(r#"{{"url":"http://{address}/"}}"#);
    let tenant = || connector.clone().with_policy(policy(&[&address.to_string()]));
    let (one, other) = (tenant(), tenant());
    for _ in 0..TURNS {
        for tenant in [&one, &other] {
            get(tenant, &input).await?;
        }
    }
    let opened = opened.load(Ordering::Relaxed);
    hold(opened == 2, format!("{opened} connections for two tenants"))
}

async fn grants(connector: &Connector) -> Result<(), String> {
    let address = common::answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let input = format!(r#"{{"url":"http://{address}/"}}"#);
    let one = connector.clone().with_policy(policy(&[&address.to_string()]));
    let other = connector.clone().with_policy(policy(&[]));
    for _ in 0..TURNS {
        get(&one, &input).await?;
        hold(get(&other, &input).await.is_err(), "it used the other's open connection")?;
    }
    Ok(())
}

async fn denials(connector: &Connector) -> Result<(), String> {
    let (one, other) = (connector.clone().with_policy(policy(&[])), connector.clone().with_policy(policy(&[])));
    hold(get(&one, r#"{"url":"https://one.example.com/"}"#).await.is_err(), "it was not denied")?;
    hold(one.denials().len() == 1 && other.denials().is_empty(), "one reads what the other was denied")
}

async fn computing_time(connector: &Connector) -> Result<(), String> {
    let limits = Limits { cpu_time: Duration::from_secs(2), ..Limits::default() };
    let greedy = connector.clone().with_limits(limits);
    // As many as there are threads, and more.
    let spinning: Vec<_> = (0..4)
        .map(|_| {
            let greedy = greedy.clone();
            tokio::spawn(async move { greedy.invoke("{}", "spin", "{}").await })
        })
        .collect();
    let mut calls = 0;
    while !spinning.iter().any(|call| call.is_finished()) {
        connector.invoke("{}", "echo", "{}").await.map_err(|failure| failure.to_string())?;
        calls += 1;
    }
    for call in spinning {
        hold(call.await.unwrap().is_err(), "an endless loop gave an output")?;
    }
    hold(calls > 10, format!("only {calls} calls beside endless loops"))
}

async fn crash(connector: &Connector) -> Result<(), String> {
    let mut other = connector.sandbox().await.unwrap();
    for turn in 1..=TURNS {
        for operation in ["trap", "exit", "recurse"] {
            hold(connector.invoke("{}", operation, "{}").await.is_err(), "a crash gave an output")?;
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
