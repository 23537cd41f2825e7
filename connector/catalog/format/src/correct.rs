//! Where Looker's description is wrong about what can be sent.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::words::Words;

/// The facts with the properties of `words/writable.toml` no longer read-only.
///
/// # Errors
///
/// One message for each entry there that corrects nothing, for each body that nothing can be sent in and that has no
/// entry, and for each contradiction in the corrected facts.
pub fn correct(mut facts: Facts, words: &Words) -> Result<Facts, Vec<String>> {
    let mut problems = Vec::new();
    for (name, properties) in &words.writable {
        let place = format!("words/writable.toml, {name}");
        let Some(model) = facts.models.iter_mut().find(|model| model.name == *name) else {
            problems.push(format!("{place}: there is no such model"));
            continue;
        };
        let mut seen = BTreeSet::new();
        for name in properties {
            match model.properties.iter_mut().find(|property| property.name == *name) {
                None => problems.push(format!("{place}: the model has no property {name}")),
                Some(_) if !seen.insert(name) => problems.push(format!("{place}: {name} is named more than once")),
                Some(property) if !property.read_only => {
                    problems.push(format!(
                        "{place}: {name} needs no correction: Looker says that it can be sent"
                    ));
                }
                Some(property) => property.read_only = false,
            }
        }
    }
    for (_, operation) in facts.operations() {
        if let Some(model) = facts.body_model(operation)
            && model.properties.iter().all(|property| property.read_only)
            && !words.writable.contains_key(&model.name)
        {
            problems.push(format!(
                "operation {}: nothing of its body can be sent, since all of {} is read-only: say in \
                 words/writable.toml what Looker takes",
                operation.name, model.name
            ));
        }
    }
    if problems.is_empty() {
        problems = facts.inconsistencies().unwrap_or_default();
    }
    if problems.is_empty() { Ok(facts) } else { Err(problems) }
}
