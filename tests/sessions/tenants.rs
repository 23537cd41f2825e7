//! Tokens of one tenant are never used for another, even in one sandbox.

use connector_host::{Auth, Call, Sandbox};
use integration_tests::{asked, auth, builder, policy, wrong_auth};
use practice_looker::PracticeLooker;

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
