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
                    problems.push(format!("{place}: {name} needs no correction: Looker says that it can be sent"));
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::fixture::{facts, words};

    #[test]
    fn what_is_writable_is_no_longer_read_only() {
        let facts = correct(facts(), &words(&[("writable.toml", "Request = [\"sql\"]\n")])).unwrap();
        assert!(!facts.model("Request").unwrap().properties[0].read_only);
        assert!(facts.model("Apple").unwrap().properties[0].read_only);
    }

    #[test]
    fn a_body_that_takes_nothing_must_be_meant() {
        let problems = correct(facts(), &Words::default()).unwrap_err();
        assert_eq!(problems.len(), 1);
        assert!(problems[0].starts_with("operation estimate: nothing of its body can be sent"), "{problems:?}");
        assert_eq!(correct(facts(), &words(&[("writable.toml", "Request = []\n")])), Ok(facts()));
    }

    #[test]
    fn a_correction_that_corrects_nothing_is_refused() {
        for (line, expected) in [
            ("Pear = []", "Pear: there is no such model"),
            ("Apple = [\"size\"]", "Apple: the model has no property size"),
            ("Apple = [\"colour\"]", "Apple: colour needs no correction"),
            ("Apple = [\"id\", \"id\"]", "Apple: id is named more than once"),
        ] {
            let text = format!("Request = [\"sql\"]\n{line}\n");
            let problems = correct(facts(), &words(&[("writable.toml", &text)])).unwrap_err();
            assert!(problems.len() == 1 && problems[0].contains(expected), "{problems:?}");
        }
    }
}
