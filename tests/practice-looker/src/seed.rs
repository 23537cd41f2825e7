//! The state at the start. All data is invented.

mod accounts;
mod lookml;
mod schedules;

use looker_connector::catalog::model;
use serde_json::{Value, json};

use crate::{
    handlers,
    sample::{self, MOMENT},
    state::{ApiCredentials, State},
    table::Row,
};

/// The id of the role Admin, which guarded operations require.
pub(crate) const ADMIN_ROLE: &str = "2";

const FIRST_NAMES: [&str; 12] =
    ["Ada", "Alan", "Barbara", "Claude", "Donald", "Edsger", "Frances", "Grace", "Hedy", "Ida", "John", "Katherine"];
const LAST_NAMES: [&str; 12] = [
    "Lovelace", "Turing", "Liskov", "Shannon", "Knuth", "Dijkstra", "Allen", "Hopper", "Lamarr", "Rhodes", "McCarthy",
    "Johnson",
];

/// Fills an empty state; returns the credentials of its API-only account.
pub(crate) fn fill(state: &mut State, users: usize) -> ApiCredentials {
    fill_access(state);
    fill_users(state, users);
    fill_content(state);
    schedules::fill(state);
    accounts::fill(state);
    lookml::fill(state);
    add_service_account(state)
}

/// Stores an object that has only these properties.
fn put(state: &mut State, name: &'static str, id: &str, properties: Value) {
    let mut row = model(name).map(sample::blank).unwrap_or_default();
    row.insert("id".to_owned(), json!(id));
    if let Value::Object(properties) = properties {
        row.extend(properties);
    }
    state.table_mut(name).put(id, row);
}

fn fill_access(state: &mut State) {
    let sets = [("1", "Admin", true), ("2", "Developer", false), ("3", "Viewer", false)];
    for (id, name, all_access) in sets {
        let permissions =
            if all_access { json!([]) } else { json!(["access_data", "see_looks", "see_user_dashboards"]) };
        put(
            state,
            "PermissionSet",
            id,
            json!({ "name": name, "all_access": all_access, "built_in": all_access, "permissions": permissions }),
        );
    }
    put(state, "ModelSet", "1", json!({ "name": "All", "all_access": true, "built_in": true }));
    put(state, "ModelSet", "2", json!({ "name": "Shop", "models": ["thelook"] }));
    let roles = [("1", "Viewer", "3", "2"), (ADMIN_ROLE, "Admin", "1", "1"), ("3", "Developer", "2", "1")];
    for (id, name, permission_set, model_set) in roles {
        put(
            state,
            "Role",
            id,
            json!({
                "name": name, "permission_set_id": permission_set, "model_set_id": model_set, "internal": id == ADMIN_ROLE,
                "group_ids": [], "url": format!("/roles/{id}"), "users_url": format!("/roles/{id}/users"),
            }),
        );
    }
    for (id, name) in [("1", "All Users"), ("2", "Analysts"), ("3", "Managers")] {
        let everybody = id == "1";
        put(
            state,
            "Group",
            id,
            json!({ "name": name, "include_by_default": everybody, "can_add_to_content_metadata": true, "group_ids": [] }),
        );
    }
}

fn fill_users(state: &mut State, users: usize) {
    for index in 0..users {
        let first = FIRST_NAMES[index % 12];
        // Every pair of names is used once before any repeats.
        let last = LAST_NAMES[(index + index / 12) % 12];
        let more = if index < 144 { String::new() } else { format!(".{}", index / 144) };
        let email = format!("{}.{}{more}@example.com", first.to_lowercase(), last.to_lowercase());
        let names = json!({ "first_name": first, "last_name": last });
        add_user(state, names, Some(&email), if index == 0 { "3" } else { "1" });
    }
}

fn add_user(state: &mut State, properties: Value, email: Option<&str>, role: &str) -> String {
    let Value::Object(properties) = properties else {
        return String::new();
    };
    let Ok(mut user) = handlers::users::new_user(state, &properties) else {
        return String::new();
    };
    let id = user.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(Ok(credentials)) = email.map(|email| handlers::credentials::new_email(&id, email)) {
        user.insert("credentials_email".to_owned(), Value::Object(credentials));
    }
    user.insert("role_ids".to_owned(), json!([role]));
    user.insert("group_ids".to_owned(), json!(["1"]));
    handlers::users::set_names(&mut user);
    state.table_mut("User").put(&id, user);
    id
}

/// Adds the API-only account. It comes last, so that all smaller ids are people.
fn add_service_account(state: &mut State) -> ApiCredentials {
    let names = json!({ "first_name": "Practice", "last_name": "Automation" });
    let id = add_user(state, names, None, ADMIN_ROLE);
    let account = state.find_mut("User", &id);
    if let Ok(account) = account {
        account.insert("is_service_account".to_owned(), json!(true));
        account.insert("service_account_name".to_owned(), json!("Practice Automation"));
        account.insert("can_manage_api3_creds".to_owned(), json!(true));
    }
    let mut key: Row = handlers::credentials::new_api3(&Row::new()).unwrap_or_default();
    // The account was created just above, so it is found.
    state.add_api_key(&id, &mut key).unwrap_or_else(|_| unreachable_account())
}

fn unreachable_account() -> ApiCredentials {
    ApiCredentials { client_id: String::new(), client_secret: String::new() }
}

fn fill_content(state: &mut State) {
    for (id, title) in [("1", "Sales by region"), ("2", "Margins")] {
        put(
            state,
            "Report",
            id,
            json!({ "title": title, "folder_id": "2", "user_id": "1", "created_at": MOMENT, "updated_at": MOMENT }),
        );
    }
    for (id, name, parent) in [("1", "Shared", None), ("2", "Sales", Some("1")), ("3", "Finance", Some("1"))] {
        put(
            state,
            "Folder",
            id,
            json!({ "name": name, "parent_id": parent, "is_shared_root": parent.is_none(), "created_at": MOMENT,
                    "creator_id": "1", "content_metadata_id": id }),
        );
    }
    for (id, name, parent) in [("4", "Users", None), ("5", "Ada Lovelace", Some("4"))] {
        put(
            state,
            "Folder",
            id,
            json!({ "name": name, "parent_id": parent, "is_users_root": parent.is_none(),
                    "is_personal": parent.is_some(), "created_at": MOMENT, "creator_id": "1", "content_metadata_id": id }),
        );
    }
    for (id, view, fields) in [
        ("1", "orders", json!(["orders.created_month", "orders.count"])),
        ("2", "users", json!(["users.city", "users.count"])),
    ] {
        put(
            state,
            "Query",
            id,
            json!({ "model": "thelook", "view": view, "fields": fields, "limit": "500", "slug": format!("practice{view}"),
                    "client_id": format!("practice{view}"), "url": format!("/queries/{id}") }),
        );
    }
    for (id, title) in [("1", "Orders by month"), ("2", "Customers by city")] {
        put(
            state,
            "Look",
            id,
            json!({ "title": title, "query_id": id, "folder_id": "2", "user_id": "1", "created_at": MOMENT,
                    "updated_at": MOMENT, "url": format!("/looks/{id}"), "short_url": format!("/looks/{id}") }),
        );
    }
    for (id, title, readonly) in
        [("1", "Sales", false), ("2", "Finance", false), ("thelook::overview", "Overview", true)]
    {
        put(
            state,
            "Dashboard",
            id,
            json!({ "title": title, "folder_id": "2", "user_id": "1", "slug": format!("practice{}", title.to_lowercase()),
                    "readonly": readonly, "created_at": MOMENT, "updated_at": MOMENT, "url": format!("/dashboards/{id}"),
                    "lookml_link_id": readonly.then_some(id), "preferred_viewer": "dashboards-next" }),
        );
    }
    for (id, query) in [("1", "1"), ("2", "2")] {
        put(
            state,
            "DashboardElement",
            id,
            json!({ "dashboard_id": "1", "query_id": query, "type": "vis", "title": format!("Tile {id}") }),
        );
        put(
            state,
            "DashboardFilter",
            id,
            json!({ "dashboard_id": id, "name": "Date", "title": "Date", "type": "date_filter", "default_value": "7 days" }),
        );
        put(state, "DashboardLayout", id, json!({ "dashboard_id": id, "type": "newspaper", "active": true }));
        put(
            state,
            "QueryTask",
            id,
            json!({ "query_id": query, "status": "complete", "result_format": "json", "result_source": "query" }),
        );
        put(
            state,
            "RenderTask",
            id,
            json!({ "dashboard_id": id, "status": "success", "result_format": "pdf", "width": 800, "height": 600,
                    "created_at": MOMENT, "finalized_at": MOMENT, "user_id": "1" }),
        );
    }
}
