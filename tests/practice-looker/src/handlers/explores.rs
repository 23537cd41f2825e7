//! Explores with the fields that queries can use. Any model and any Explore exist, except the Explore `missing`.

use serde_json::{Value, json};

use super::{Handled, Outcome, known_model};
use crate::{call::Call, error_response::ErrorResponse, sample};

/// The dimensions of a view: name, type and whether it is hidden.
const DIMENSIONS: [(&str, &str, bool); 9] = [
    ("id", "number", false),
    ("name", "string", false),
    ("status", "string", false),
    ("city", "string", false),
    ("state", "string", false),
    ("created_date", "date_date", false),
    ("created_month", "date_month", false),
    ("n", "number", false),
    ("internal_code", "string", true),
];
const MEASURES: [&str; 2] = ["count", "total_amount"];

pub(super) fn handle(_state: &mut crate::state::State, call: &Call) -> Handled {
    (call.operation.name == "lookml_model_explore").then(|| explore(call))
}

fn explore(call: &Call) -> Result<Outcome, ErrorResponse> {
    let (model, name) = (call.path("lookml_model_name"), call.path("explore_name"));
    if name == "missing" {
        return Err(ErrorResponse::NotFound);
    }
    let mut explore = sample::row(known_model("LookmlModelExplore")?);
    // Every Explore joins the users, as a shop's Explores do.
    let views: Vec<&str> = if name == "users" { vec![name] } else { vec![name, "users"] };
    let each = |of_view: &dyn Fn(&str) -> Result<Vec<Value>, ErrorResponse>| -> Result<Vec<Value>, ErrorResponse> {
        let lists: Result<Vec<_>, _> = views.iter().map(|view| of_view(view)).collect();
        Ok(lists?.concat())
    };
    let dimensions = each(&|view| {
        DIMENSIONS.iter().map(|(name, kind, hidden)| field(view, name, kind, "dimension", *hidden)).collect()
    })?;
    let measures = each(&|view| MEASURES.iter().map(|name| field(view, name, "count", "measure", false)).collect())?;
    let filters = vec![field(name, "date_filter", "date", "filter", false)?];
    let parameters = vec![field(name, "granularity", "string", "parameter", false)?];
    for (property, value) in [
        ("id", json!(format!("{model}::{name}"))),
        ("name", json!(name)),
        ("model_name", json!(model)),
        ("view_name", json!(name)),
        ("errors", json!([])),
        (
            "fields",
            json!({ "dimensions": dimensions, "measures": measures, "filters": filters, "parameters": parameters }),
        ),
    ] {
        explore.insert(property.to_owned(), value);
    }
    Ok(Outcome::Item(explore))
}

fn field(view: &str, name: &str, kind: &str, category: &str, hidden: bool) -> Result<Value, ErrorResponse> {
    let mut field = sample::blank(known_model("LookmlModelExploreField")?);
    for (property, value) in [
        ("name", json!(format!("{view}.{name}"))),
        ("label", json!(format!("{view} {name}"))),
        ("label_short", json!(name)),
        ("view", json!(view)),
        ("type", json!(kind)),
        ("category", json!(category)),
        ("hidden", json!(hidden)),
    ] {
        field.insert(property.to_owned(), value);
    }
    Ok(Value::Object(field))
}
