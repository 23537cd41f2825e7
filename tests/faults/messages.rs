//! The table of messages: what a failure says about its cause, and what it must not say.

mod rows;

use connector_host::{Call, Failure};
use integration_tests::{auth, connector_to};
use practice_looker::PracticeLooker;
use rows::{Row, rows};

/// The longest message that a person is shown, in characters: 2,000 of Looker's, and the connector's own words.
const MAX_MESSAGE: usize = 2_600;

/// What is wrong with the failure of a row.
fn problem(row: &Row, failure: &Failure) -> Option<String> {
    let (seen, words) = (failure.problem(), super::words(failure));
    if seen.reason != row.reason || failure.is_retryable() != row.retryable {
        return Some(format!("another failure: {failure:?}"));
    }
    if seen.message.chars().count() > MAX_MESSAGE {
        return Some(format!("{} characters", seen.message.chars().count()));
    }
    if let Some(part) = row.says.iter().find(|part| !words.contains(&***part)) {
        return Some(format!("no {part:?} in: {words}"));
    }
    row.hides.iter().find(|part| words.contains(**part)).map(|part| format!("{part:?} in: {words}"))
}

#[tokio::test]
async fn every_failure_says_its_cause() {
    let mut wrong = Vec::new();
    println!("{:60} {:28} reason", "fault", "operation");
    for row in rows() {
        let looker = PracticeLooker::start().unwrap();
        let connector = connector_to(&looker).await;
        if !row.login {
            connector.invoke(&auth(&looker), Call::new("me")).await.unwrap();
        }
        looker.fail_on("*", "", 100, row.fault.clone());
        println!("{:60} {:28} {:?}", row.name, row.operation, row.reason);
        let call = Call::new(row.operation).input(row.input).max_wait(std::time::Duration::ZERO);
        match connector.invoke(&auth(&looker), call).await {
            Ok(output) => wrong.push(format!("{}: an output: {output:?}", row.name)),
            Err(failure) => wrong.extend(problem(&row, &failure).map(|problem| format!("{}: {problem}", row.name))),
        }
    }
    println!("{} messages, {} wrong", rows().len(), wrong.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows().len(), wrong.join("\n"));
}
