//! Alerts on tiles of dashboards.

use super::{Handled, Outcome, content, is_administrator, text};
use crate::{call::Call, error_response::ErrorResponse, search, state::State};

pub(super) fn handle(state: &mut State, call: &Call) -> Handled {
    Some(match call.operation.name {
        "search_alerts" => search(state, call),
        _ => return None,
    })
}

/// The caller's alerts, or with `all_owners` everybody's, which only administrators may read.
fn search(state: &State, call: &Call) -> Result<Outcome, ErrorResponse> {
    let caller = call.session.user_id.as_str();
    let all = call.is_set("all_owners");
    if all && !is_administrator(state, caller) {
        return Err(ErrorResponse::Forbidden("Only an administrator reads other people's alerts.".to_owned()));
    }
    let disabled = call.query("disabled").map(|flag| flag == "true");
    content::list(state, "Alert", |alert| {
        let is_disabled = alert.get("is_disabled").and_then(serde_json::Value::as_bool).unwrap_or_default();
        (all || text(alert, "owner_id") == Some(caller))
            && disabled.is_none_or(|wanted| wanted == is_disabled)
            && search::matches(call, alert)
    })
}
