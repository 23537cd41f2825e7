//! Tokens of one tenant never serve another, however their calls are mixed.
#![allow(clippy::unwrap_used, reason = "a test should fail loudly where it fails")]

use connector_host::egress::policy::Origin;
use connector_host::{Policy, Rule, Sandbox};
use integration_tests::{asked, auth, connector};
use practice_looker::PracticeLooker;

/// A sandbox that may connect to these.
async fn sandbox(lookers: &[&PracticeLooker]) -> Sandbox {
    let mut policy = Policy::deny_all();
    for looker in lookers {
        policy.allow(looker.base_url().parse::<Rule>().unwrap(), Origin::Operator);
    }
    connector().with_policy(policy).sandbox().await.unwrap()
}

/// How often a practice Looker was asked to log somebody in.
fn logins(looker: &PracticeLooker) -> usize {
    asked(looker, "POST", "/login")
}

#[tokio::test]
async fn two_tenants_in_one_sandbox_each_get_their_own_answers() {
    let (one, other) = (PracticeLooker::start().unwrap(), PracticeLooker::start().unwrap());
    let mut sandbox = sandbox(&[&one, &other]).await;
    for _ in 0..10 {
        sandbox.invoke(&auth(&one), "me", "{}").await.unwrap();
        sandbox.invoke(&auth(&other), "me", "{}").await.unwrap();
    }
    for (looker, stranger) in [(&one, &other), (&other, &one)] {
        assert_eq!(logins(looker), 1);
        let strange = stranger.tokens();
        for request in looker.requests() {
            let sent = format!("{request:?}");
            assert!(!strange.iter().any(|token| sent.contains(token)), "a token went to the wrong Looker");
        }
    }
}

#[tokio::test]
async fn a_wrong_secret_gets_nothing_of_a_token_that_is_there() {
    let looker = PracticeLooker::start().unwrap();
    let mut sandbox = sandbox(&[&looker]).await;
    sandbox.invoke(&auth(&looker), "me", "{}").await.unwrap();
    let wrong = auth(&looker).replace(looker.client_secret(), "another-secret");
    let failure = sandbox.invoke(&wrong, "me", "{}").await.unwrap_err();
    assert!(failure.to_string().contains("client ID and client secret"), "{failure}");
    // The right one goes on with its token.
    sandbox.invoke(&auth(&looker), "me", "{}").await.unwrap();
    assert_eq!(logins(&looker), 2);
}

#[tokio::test]
async fn an_expired_token_is_renewed_within_the_call() {
    let looker = PracticeLooker::start().unwrap();
    let mut sandbox = sandbox(&[&looker]).await;
    sandbox.invoke(&auth(&looker), "me", "{}").await.unwrap();
    looker.expire_tokens();
    sandbox.invoke(&auth(&looker), "me", "{}").await.unwrap();
    assert_eq!(logins(&looker), 2);
}

#[tokio::test]
async fn a_workspace_holds_across_renewals() {
    let looker = PracticeLooker::start().unwrap();
    let auth = auth(&looker).replacen('{', r#"{"workspace": "dev","#, 1);
    let mut sandbox = sandbox(&[&looker]).await;
    for _ in 0..2 {
        let output = sandbox.invoke(&auth, "session", "{}").await.unwrap();
        assert!(format!("{output:?}").contains("dev"), "{output:?}");
        looker.expire_tokens();
    }
}
