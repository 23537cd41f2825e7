//! The query of a Look, as it goes from one instance to another.

use super::query_definition::RESULT_PROPERTIES;
use serde_json::{Map, Value};

/// The properties of a query beside [`RESULT_PROPERTIES`]. The others belong to the instance: its id, slug and links.
const SHOWN_PROPERTIES: [&str; 3] = ["filters", "filter_config", "visible_ui_sections"];

/// A query without what belongs to its instance, and without what is empty.
pub fn portable(query: &Value) -> Map<String, Value> {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    };
    let properties = RESULT_PROPERTIES.iter().chain(&SHOWN_PROPERTIES);
    let kept = properties.filter_map(|name| Some(((*name).to_owned(), query.get(*name)?.clone())));
    kept.filter(|(_, value)| !is_empty(value)).collect()
}

/// The model and the Explore of a query; `None` if it has none.
pub fn explore(query: &Value) -> Option<(String, String)> {
    let text = |name: &str| query[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    Some((text("model")?, text("view").or_else(|| text("explore"))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_belongs_to_the_instance_is_left_out() {
        let query = json!({
            "id": "5", "slug": "abc", "client_id": "abc", "share_url": "https://x", "model": "shop", "view": "orders",
            "fields": ["orders.id"], "pivots": [], "filters": {}, "limit": "500", "total": false, "sorts": null,
        });
        let portable = Value::Object(portable(&query));
        let expected =
            json!({ "model": "shop", "view": "orders", "fields": ["orders.id"], "limit": "500", "total": false });
        assert_eq!(portable, expected);
        assert_eq!(explore(&portable), Some(("shop".into(), "orders".into())));
        assert_eq!(explore(&json!({ "model": "shop", "explore": "orders" })), Some(("shop".into(), "orders".into())));
        assert_eq!(explore(&json!({ "model": "shop" })), None);
    }
}
