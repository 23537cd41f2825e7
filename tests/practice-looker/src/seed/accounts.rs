//! What users have at the start besides roles and groups: attributes and sessions in browsers.

use serde_json::json;

use super::put;
use crate::state::State;

/// Adds user attributes, one of them hidden, and sessions of the users 1 and 2.
pub(super) fn fill(state: &mut State) {
    for (id, name, label, default, is_hidden) in [
        ("1", "department", "Department", Some("Sales"), false),
        ("2", "country", "Country", None, false),
        ("3", "warehouse_password", "Warehouse password", None, true),
    ] {
        put(
            state,
            "UserAttribute",
            id,
            json!({ "name": name, "label": label, "type": "string", "default_value": default,
                    "value_is_hidden": is_hidden, "user_can_view": !is_hidden, "user_can_edit": false }),
        );
    }
    for (id, user) in [("1", "1"), ("2", "2"), ("3", "2")] {
        put(
            state,
            "Session",
            id,
            json!({ "user_id": user, "browser": "Firefox", "operating_system": "Linux", "credentials_type": "email" }),
        );
    }
}
