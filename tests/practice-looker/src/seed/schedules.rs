//! Scheduled plans and alerts at the start.

use serde_json::json;

use super::put;
use crate::{sample::MOMENT, state::State};

/// Fills the scheduled plans and the alerts. Each enabled plan has run once: the second one failed.
pub(super) fn fill(state: &mut State) {
    for (id, name, owner, look, dashboard, enabled) in [
        ("1", "Sales every Monday", "1", None, Some("1"), true),
        ("2", "Orders, broken mailbox", "2", Some("1"), None, true),
        ("3", "Finance, paused", "1", None, Some("2"), false),
    ] {
        put(
            state,
            "ScheduledPlan",
            id,
            json!({
                "name": name, "title": name, "user_id": owner, "look_id": look, "dashboard_id": dashboard,
                "enabled": enabled, "crontab": "0 7 * * 1", "timezone": "UTC", "created_at": MOMENT, "updated_at": MOMENT,
                "scheduled_plan_destination": [{
                    "id": format!("{id}0"), "scheduled_plan_id": id, "type": "email", "format": "csv_zip",
                    "address": format!("team{id}@example.com"), "looker_recipient": false,
                }],
            }),
        );
    }
    for (id, owner) in [("1", "1"), ("2", "2")] {
        put(
            state,
            "Alert",
            id,
            json!({
                "owner_id": owner, "dashboard_element_id": id, "comparison_type": "GREATER_THAN", "threshold": 100.0,
                "cron": "0 * * * *", "field": { "name": "orders.count", "title": "Orders Count", "filter": [] },
                "destinations": [{ "destination_type": "EMAIL", "email_address": format!("team{id}@example.com") }],
                "custom_title": format!("Alert {id}"), "is_disabled": false, "is_public": true,
            }),
        );
    }
    state.run_plans();
}
