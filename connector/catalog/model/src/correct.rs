//! Corrections of Looker's description: what can be sent, what is secret, and which maps hold more than text.

use std::collections::{BTreeMap, BTreeSet};

use crate::kind::{Format, Type};
use crate::overlay::Overlay;
use crate::spec::{Property, Spec};

/// Applies `overlay/writable.toml` (properties that can be sent), `overlay/secrets.toml` (secrets) and
/// `overlay/json_maps.toml` (maps that hold any JSON) to the spec.
///
/// # Errors
///
/// One message for each entry that corrects nothing, for each body in which nothing can be sent and that has no entry,
/// and for each contradiction in the corrected spec.
pub fn correct(mut spec: Spec, overlay: &Overlay) -> Result<Spec, Vec<String>> {
    let mut problems = writable(&mut spec, overlay);
    problems.extend(secrets(&mut spec, overlay));
    problems.extend(json_maps(&mut spec, overlay));
    for (_, operation) in spec.operations() {
        if let Some(model) = spec.body_model(operation)
            && model.properties.iter().all(|property| property.read_only)
            && !overlay.writable.contains_key(&model.name)
        {
            problems.push(format!(
                "operation {}: nothing of its body can be sent, since all of {} is read-only: say in \
                 overlay/writable.toml what Looker takes",
                operation.name, model.name
            ));
        }
    }
    if problems.is_empty() {
        problems = spec.inconsistencies().unwrap_or_default();
    }
    if problems.is_empty() { Ok(spec) } else { Err(problems) }
}

fn writable(spec: &mut Spec, overlay: &Overlay) -> Vec<String> {
    correct_properties(spec, &overlay.writable, "overlay/writable.toml", |property| {
        if property.read_only {
            property.read_only = false;
            return Ok(());
        }
        Err("needs no correction: Looker says that it can be sent".into())
    })
}

fn json_maps(spec: &mut Spec, overlay: &Overlay) -> Vec<String> {
    correct_properties(spec, &overlay.json_maps, "overlay/json_maps.toml", |property| match &mut property.kind {
        Type::Map(value) if **value == Type::String(Format::Text) => {
            **value = Type::Any;
            Ok(())
        }
        kind => Err(format!("needs no correction: it is no map of text, but {kind}")),
    })
}

/// Corrects the properties that a file names by their models. Each entry must correct something.
fn correct_properties(
    spec: &mut Spec,
    entries: &BTreeMap<String, Vec<String>>,
    file: &str,
    correct: impl Fn(&mut Property) -> Result<(), String>,
) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, properties) in entries {
        let place = format!("{file}, {name}");
        let Some(model) = spec.models.iter_mut().find(|model| model.name == *name) else {
            problems.push(format!("{place}: there is no such model"));
            continue;
        };
        let mut seen = BTreeSet::new();
        for name in properties {
            match model.properties.iter_mut().find(|property| property.name == *name) {
                None => problems.push(format!("{place}: the model has no property {name}")),
                Some(_) if !seen.insert(name) => problems.push(format!("{place}: {name} is named more than once")),
                Some(property) => {
                    if let Err(problem) = correct(property) {
                        problems.push(format!("{place}: {name} {problem}"));
                    }
                }
            }
        }
    }
    problems
}

fn secrets(spec: &mut Spec, overlay: &Overlay) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, secrets) in &overlay.secrets {
        let place = format!("overlay/secrets.toml, {name}");
        let mut kinds: Vec<(&str, &mut Type)> = if Type::is_model_name(name) {
            let models = spec.models.iter_mut().filter(|model| model.name == *name);
            models.flat_map(|model| &mut model.properties).map(|one| (one.name.as_str(), &mut one.kind)).collect()
        } else {
            let operations = spec.groups.iter_mut().flat_map(|group| &mut group.operations);
            let named = operations.filter(|operation| operation.name == *name);
            named.flat_map(|one| &mut one.parameters).map(|one| (one.name.as_str(), &mut one.kind)).collect()
        };
        for secret in secrets {
            match kinds.iter_mut().find(|(name, _)| name == secret) {
                None => problems.push(format!("{place}: there is no {secret}")),
                Some((_, kind)) if **kind == Type::String(Format::Text) => **kind = Type::String(Format::Password),
                Some((_, kind)) => problems.push(format!("{place}: {secret} is no text, or named already: {kind}")),
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::fixture::{overlay, spec};

    #[test]
    fn what_is_writable_is_no_longer_read_only() {
        let spec = correct(spec(), &overlay(&[("writable.toml", "Request = [\"sql\"]\n")])).unwrap();
        assert!(!spec.model("Request").unwrap().properties[0].read_only);
        assert!(spec.model("Apple").unwrap().properties[0].read_only);
    }

    #[test]
    fn a_body_that_takes_nothing_must_be_meant() {
        let problems = correct(spec(), &Overlay::default()).unwrap_err();
        assert_eq!(problems.len(), 1);
        assert!(problems[0].starts_with("operation estimate: nothing of its body can be sent"), "{problems:?}");
        assert_eq!(correct(spec(), &overlay(&[("writable.toml", "Request = []\n")])), Ok(spec()));
    }

    #[test]
    fn a_correction_that_corrects_nothing_is_refused() {
        for (line, expected) in [
            ("Pear = []", "Pear: there is no such model"),
            ("Apple = [\"size\"]", "Apple: the model has no property size"),
            ("Apple = [\"color\"]", "Apple: color needs no correction"),
            ("Apple = [\"id\", \"id\"]", "Apple: id is named more than once"),
        ] {
            let text = format!("Request = [\"sql\"]\n{line}\n");
            let problems = correct(spec(), &overlay(&[("writable.toml", &text)])).unwrap_err();
            assert!(problems.len() == 1 && problems[0].contains(expected), "{problems:?}");
        }
    }

    #[test]
    fn a_map_that_holds_any_json_is_no_map_of_text() {
        let with_map = || {
            let mut spec = spec();
            spec.models[0].properties[3].kind = Type::Map(Box::new(Type::String(Format::Text)));
            spec
        };
        let correct = |line: &str| {
            correct(with_map(), &overlay(&[("writable.toml", "Request = []\n"), ("json_maps.toml", line)]))
        };
        let corrected = correct("Apple = [\"limit\"]").unwrap();
        assert_eq!(corrected.model("Apple").unwrap().properties[3].kind.to_string(), "{any}");
        for (line, expected) in [
            ("Pear = []", "Pear: there is no such model"),
            ("Apple = [\"size\"]", "Apple: the model has no property size"),
            ("Apple = [\"color\"]", "Apple: color needs no correction: it is no map of text, but string"),
        ] {
            let problems = correct(line).unwrap_err();
            assert!(problems.len() == 1 && problems[0].contains(expected), "{problems:?}");
        }
    }

    #[test]
    fn what_is_secret_is_marked() {
        let secrets = "Apple = [\"limit\"]\ncreate_apple = [\"tree_id\"]\n";
        let spec =
            correct(spec(), &overlay(&[("writable.toml", "Request = []\n"), ("secrets.toml", secrets)])).unwrap();
        let secret = Type::String(Format::Password);
        assert_eq!(spec.model("Apple").unwrap().properties[3].kind, secret);
        assert_eq!(spec.operation("create_apple").unwrap().1.parameters[0].kind, secret);
        // The parameter of the same name is another value.
        assert_eq!(spec.operation("create_apple").unwrap().1.parameters[1].kind, Type::Integer);
    }

    #[test]
    fn a_secret_that_is_none_is_refused() {
        for (line, expected) in [
            ("Pear = [\"id\"]", "Pear: there is no id"),
            ("eat_apple = [\"id\"]", "eat_apple: there is no id"),
            ("Apple = [\"size\"]", "Apple: there is no size"),
            ("Apple = [\"tree\"]", "Apple: tree is no text, or named already: Tree"),
            ("Apple = [\"limit\", \"limit\"]", "Apple: limit is no text, or named already: string:password"),
        ] {
            let files = [("writable.toml", "Request = []\n"), ("secrets.toml", line)];
            let problems = correct(spec(), &overlay(&files)).unwrap_err();
            assert!(problems.len() == 1 && problems[0].contains(expected), "{problems:?}");
        }
    }
}
