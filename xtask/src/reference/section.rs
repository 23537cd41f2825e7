//! The page of a group: a section for each of its operations.

use super::connector::Operation;
use super::{example, index, input};
use serde_json::Value;

/// The page of a group.
pub fn page(group: &str, operations: &[&Operation]) -> String {
    let sections: String = operations.iter().map(|operation| section(operation)).collect();
    format!("# {group}\n\n[All operations](../operations.md)\n{sections}")
}

fn section(operation: &Operation) -> String {
    let Operation { name, title, description, input_schema, .. } = operation;
    format!(
        "\n## {name}\n\n**{title}** — {description}\n\n{facts}.\n\n{inputs}\nResult: {result}\n\n```sh\n{example}\n```\n",
        facts = facts(operation).join(" · "),
        inputs = input::table(input_schema),
        result = result(operation),
        example = example::call(name, input_schema),
    )
}

/// Effect, idempotence, quota and what else is special.
fn facts(operation: &Operation) -> Vec<String> {
    let mut facts = vec![operation.effect.clone()];
    facts.extend(idempotence(operation));
    facts.push(format!("quota: {}", index::quota(operation)));
    facts.extend(index::notes(operation).into_iter().map(|note| format!("**{note}**")));
    facts
}

/// Whether, or for which inputs, an operation is idempotent; nothing if it never is.
fn idempotence(operation: &Operation) -> Option<String> {
    if operation.idempotent {
        return Some("idempotent".to_owned());
    }
    let condition = operation.input_schema.get("x-idempotent")?;
    let choices = condition["properties"].as_object().and_then(|fields| {
        let choice = |(name, field): (&String, &Value)| {
            let only = field.get("const").map(std::slice::from_ref);
            let values =
                field["enum"].as_array().map(Vec::as_slice).or(only)?.iter().map(|value| format!("`{}`", plain(value)));
            Some(format!("`{name}` is {}", one_of(&values.collect::<Vec<_>>())))
        };
        fields.iter().map(choice).collect::<Option<Vec<_>>>()
    });
    Some(match choices {
        Some(choices) if !choices.is_empty() => format!("idempotent if {}", choices.join(" and ")),
        _ => format!("idempotent for inputs that fit `{condition}`"),
    })
}

/// A value as people write it: strings without quotes.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn one_of(values: &[String]) -> String {
    match values {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

fn result(operation: &Operation) -> String {
    if operation.media_types.is_empty() {
        return "nothing.".to_owned();
    }
    let types: Vec<String> = operation.media_types.iter().map(|media_type| format!("`{media_type}`")).collect();
    let is_json = operation.media_types.iter().any(|media_type| media_type == "application/json");
    let shape = if is_json { format!("{}, as ", input::type_name(&operation.output_schema)) } else { String::new() };
    format!("{shape}{}.", types.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_section_has_all_about_an_operation() {
        let count = Operation::sample(json!({"x-cost": "query", "properties": {}}));
        assert_eq!(
            page("Apple tree", &[&count]),
            "# Apple tree\n\n[All operations](../operations.md)\n\n## count_apples\n\n\
             **Count apples** — Counts what hangs on a tree.\n\nread · idempotent · quota: query.\n\n\
             It takes no inputs.\n\nResult: list of Apple, as `application/json`.\n\n\
             ```sh\nhost-harness invoke count_apples --practice\n```\n"
        );
    }

    #[test]
    fn what_is_special_is_told() {
        let mut any = Operation::sample(json!({
            "x-since": "26.22",
            "x-idempotent": {"properties": {"method": {"enum": ["GET", "PUT", "DELETE"]}}, "required": ["method"]},
        }));
        any.idempotent = false;
        any.effect = "delete".to_owned();
        any.stability = "alpha".to_owned();
        any.media_types.clear();
        let page = page("Any request", &[&any]);
        let facts = "delete · idempotent if `method` is `GET`, `PUT` or `DELETE` · quota: none · **alpha** · \
                     **since Looker 26.22**.";
        assert!(page.contains(facts) && page.contains("\nResult: nothing.\n"), "{page}");
        any.input_schema = json!({"x-idempotent": {"required": ["id"]}});
        assert_eq!(idempotence(&any), Some("idempotent for inputs that fit `{\"required\":[\"id\"]}`".to_owned()));
        any.input_schema = json!({});
        assert_eq!(idempotence(&any), None);
    }
}
