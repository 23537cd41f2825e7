//! LookML projects and models at the start.

use serde_json::{Value, json};

use super::put;
use crate::{handlers::projects, state::State};

/// The Explores of the model `thelook`, which other parts of the sample data use.
const EXPLORES: [&str; 7] = ["orders", "users", "products", "numbers", "broken", "broken_midway", "expired"];

/// Fills the projects and the models.
pub(super) fn fill(state: &mut State) {
    projects::begin(state);
    let explore = |name: &&str| json!({ "name": name, "label": name, "description": null, "hidden": false, "group_label": "The Look" });
    let explores: Vec<Value> = EXPLORES.iter().map(explore).collect();
    let model = json!({
        "name": "thelook", "label": "The Look", "project_name": "thelook", "has_content": true, "explores": explores,
        "unlimited_db_connections": true,
    });
    put(state, "LookmlModel", "thelook", model);
    if let Ok(row) = state.find_mut("LookmlModel", "thelook") {
        row.remove("id");
    }
}
