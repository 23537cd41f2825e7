//! What the operator can do about a failure.

use connector_host::egress::timeout::Stage;
use connector_host::{Cause, ExecutionFailure, Failure, FailureKind, Limit};

/// What the operator can do about a failure: what the host found about its requests, and the flags that change it.
pub fn hints(failure: &Failure) -> Vec<String> {
    let mut hints: Vec<String> = failure.causes().iter().map(cause).collect();
    let FailureKind::Execution(failure) = failure.kind() else { return hints };
    let hint = match failure {
        ExecutionFailure::Limit { limit, .. } => match limit {
            Limit::Memory(_) => "--max-memory raises the limit",
            Limit::TotalMemory(_) => "--max-total-memory raises the limit",
            Limit::CallTimeout(_) => "--timeout raises the limit",
            Limit::ResponseBytes(_) => "--max-response raises the limit; `invoke --output FILE` has none",
            Limit::Requests(_) => "--max-requests raises the limit",
            Limit::CpuTime(_) => "--max-cpu-time raises the limit",
            _ => return hints,
        },
        ExecutionFailure::Busy(_) => "--max-calls raises the limit",
        ExecutionFailure::Crash { .. } => "--log guest=debug shows what the connector wrote",
        _ => return hints,
    };
    hints.push(hint.to_owned());
    hints
}

/// What the host found about a request, and the flag that changes it.
fn cause(cause: &Cause) -> String {
    let flag = match cause {
        Cause::Denied(denial) => denial.rule().map(|rule| format!("--allow-host {rule} allows it")),
        Cause::TimedOut(timeout) => match timeout.stage {
            Stage::Connect => Some("--connect-timeout raises the limit".to_owned()),
            Stage::FirstByte => Some("--first-byte-timeout raises the limit".to_owned()),
            Stage::Request | Stage::BetweenBytes => Some("--between-bytes-timeout raises the limit".to_owned()),
            _ => None,
        },
        Cause::Certificate(failure) if failure.can_be_trusted() => {
            Some("if you trust it, give it or its issuer's by --ca-file FILE".to_owned())
        }
        _ => None,
    };
    match flag {
        Some(flag) => format!("{cause}; {flag}"),
        None => cause.to_string(),
    }
}
