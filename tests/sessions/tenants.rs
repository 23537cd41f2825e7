//! Tokens, secrets and data of one tenant never come to another, in one sandbox or in many.

use connector_host::{Auth, Body, Call, Sandbox};
use integration_tests::{asked, auth, builder, policy, wrong_auth};
use practice_looker::PracticeLooker;
use serde_json::json;
use std::sync::Arc;

/// How many times tenants take turns.
const TURNS: usize = 10;
/// How many sandboxes each tenant has at once.
const SANDBOXES: usize = 8;

/// A sandbox that may connect to these servers.
async fn sandbox(lookers: &[&PracticeLooker]) -> Sandbox {
    let addresses: Vec<String> = lookers.iter().map(|looker| looker.base_url()).collect();
    let policy = policy(addresses.iter().map(String::as_str));
    builder().await.policy(policy).build().await.unwrap().sandbox().await.unwrap()
}

/// How many logins a practice Looker received.
fn logins(looker: &PracticeLooker) -> usize {
    asked(looker, "POST", "/login")
}

#[tokio::test]
async fn two_tenants_in_one_sandbox_use_their_own_tokens() {
    let (one, other) = (PracticeLooker::start().unwrap(), PracticeLooker::start().unwrap());
    let mut sandbox = sandbox(&[&one, &other]).await;
    for _ in 0..10 {
        sandbox.invoke(&auth(&one), Call::new("me")).await.unwrap();
        sandbox.invoke(&auth(&other), Call::new("me")).await.unwrap();
    }
    for (looker, stranger) in [(&one, &other), (&other, &one)] {
        assert_eq!(logins(looker), 1);
        let mut strange = stranger.tokens();
        strange.push(stranger.client_secret().to_owned());
        let everything_sent = |looker: &PracticeLooker| -> String {
            let requests = looker.requests().into_iter();
            requests.map(|request| format!("{:?} {:?} {}", request.path, request.headers, request.text())).collect()
        };
        let (sent, own) = (everything_sent(looker), everything_sent(stranger));
        for secret in strange {
            assert!(own.contains(&secret), "the check would not find it");
            assert!(!sent.contains(&secret), "a secret went to the wrong Looker");
        }
    }
}

#[tokio::test]
async fn wrong_secret_cannot_use_a_cached_token() {
    let looker = PracticeLooker::start().unwrap();
    let mut sandbox = sandbox(&[&looker]).await;
    sandbox.invoke(&auth(&looker), Call::new("me")).await.unwrap();
    let failure = sandbox.invoke(&wrong_auth(&looker), Call::new("me")).await.unwrap_err();
    assert!(failure.to_string().contains("client ID and client secret"), "{failure}");
    // The right secret still uses its token.
    sandbox.invoke(&auth(&looker), Call::new("me")).await.unwrap();
    assert_eq!(logins(&looker), 2);
}

#[tokio::test]
async fn expired_token_is_renewed_within_the_call() {
    let looker = PracticeLooker::start().unwrap();
    let mut sandbox = sandbox(&[&looker]).await;
    sandbox.invoke(&auth(&looker), Call::new("me")).await.unwrap();
    looker.expire_tokens();
    sandbox.invoke(&auth(&looker), Call::new("me")).await.unwrap();
    assert_eq!(logins(&looker), 2);
}

#[tokio::test]
async fn workspace_applies_after_renewal() {
    let looker = PracticeLooker::start().unwrap();
    let auth = auth(&looker).expose_json().replacen('{', r#"{"workspace": "dev","#, 1);
    let auth = Auth::from_json(auth).unwrap();
    let mut sandbox = sandbox(&[&looker]).await;
    for _ in 0..2 {
        let output = sandbox.invoke(&auth, Call::new("session")).await.unwrap();
        assert!(format!("{output:?}").contains("dev"), "{output:?}");
        looker.expire_tokens();
    }
}

/// Nothing of one Looker's tenant, and no word that only that tenant says, may have come to the other Looker.
fn was_sent_nothing_of(looker: &PracticeLooker, other: &PracticeLooker, word: Option<&str>) {
    let mut secrets = other.tokens();
    secrets.push(other.client_secret().to_owned());
    secrets.extend(word.map(str::to_owned));
    for request in looker.requests() {
        let sent = format!("{request:?} {}", request.text());
        for secret in &secrets {
            assert!(!sent.contains(secret.as_str()), "{secret} went to the wrong Looker");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tenants_of_one_connector_get_their_own_data_in_many_sandboxes_at_once() {
    let lookers = [Arc::new(PracticeLooker::start().unwrap()), Arc::new(PracticeLooker::start().unwrap())];
    let names = ["Ada-of-one", "Grace-of-other"];
    let rules = lookers.iter().map(|looker| looker.base_url().parse().unwrap());
    let connector = builder().await.allow_requested_hosts(rules).build().await.unwrap();
    let mut runs = tokio::task::JoinSet::new();
    for _ in 0..SANDBOXES {
        for (index, looker) in lookers.iter().enumerate() {
            let (connector, auth) = (connector.clone(), auth(looker));
            runs.spawn(async move {
                let (own, foreign) = (names[index], names[1 - index]);
                for _ in 0..TURNS {
                    let user = json!({ "first_name": own }).to_string();
                    connector.invoke(&auth, Call::new("create_user").input(user)).await.unwrap();
                    let seen = format!("{:?}", connector.invoke(&auth, Call::new("all_users")).await.unwrap());
                    assert!(seen.contains(own) && !seen.contains(foreign), "{own} sees {seen}");
                }
            });
        }
    }
    while let Some(run) = runs.join_next().await {
        run.unwrap();
    }
    let [one, other] = &lookers;
    assert_eq!((logins(one), logins(other)), (1, 1));
    was_sent_nothing_of(one, other, Some(names[1]));
    was_sent_nothing_of(other, one, Some(names[0]));
}

#[tokio::test]
async fn user_to_run_as_is_part_of_whose_token_it_is() {
    let looker = PracticeLooker::start().unwrap();
    let mut sandbox = sandbox(&[&looker]).await;
    let as_user = |id: &str| {
        let text = auth(&looker).expose_json().replacen('{', &format!(r#"{{"run_as_user_id":"{id}","#), 1);
        Auth::from_json(text).unwrap()
    };
    let users = [(auth(&looker), "13"), (as_user("2"), "2"), (as_user("3"), "3")];
    for _ in 0..TURNS {
        for (auth, id) in &users {
            let output = sandbox.invoke(auth, Call::new("me").input(r#"{"fields":"id"}"#)).await.unwrap();
            let Body::Json(me) = output.body else { panic!("{output:?}") };
            assert_eq!(me.replace(' ', ""), format!(r#"{{"id":"{id}"}}"#));
        }
    }
}

#[tokio::test]
async fn secret_in_one_environment_is_no_other_tenants() {
    let (one, other) = (PracticeLooker::start().unwrap(), PracticeLooker::start().unwrap());
    let connector = async |looker: &PracticeLooker| {
        let (id, secret) = (looker.client_id().to_owned(), looker.client_secret().to_owned());
        let variables = [
            ("LOOKERSDK_BASE_URL".to_owned(), looker.base_url()),
            ("LOOKERSDK_CLIENT_ID".to_owned(), id),
            ("LOOKERSDK_CLIENT_SECRET".to_owned(), secret),
        ];
        let addresses = [one.base_url(), other.base_url()];
        let policy = policy(addresses.iter().map(String::as_str));
        builder().await.environment(variables).policy(policy).build().await.unwrap()
    };
    let (for_one, for_other) = (connector(&one).await, connector(&other).await);
    let from_environment = Auth::from_json("{}").unwrap();
    // A tenant names another tenant's address, in the hope that the secret is added.
    let foreign = Auth::from_json(json!({ "domain": other.base_url() }).to_string()).unwrap();
    for _ in 0..TURNS {
        for_one.invoke(&from_environment, Call::new("me")).await.unwrap();
        for_other.invoke(&from_environment, Call::new("me")).await.unwrap();
        for_one.invoke(&foreign, Call::new("me")).await.unwrap_err();
    }
    was_sent_nothing_of(&one, &other, None);
    was_sent_nothing_of(&other, &one, None);
}
