//! Checks that a spec agrees with itself: names are unique, references resolve, paths name their parameters.

use std::collections::BTreeSet;

use super::{Location, Operation, Spec};
use crate::humanize::file_stem;
use crate::inputs::inputs;
use crate::kind::Type;

/// File stems in `spec/` and `overlay/` that do not belong to a tag.
const RESERVED_STEMS: [&str; 6] = ["source", "models", "fields", "effects", "writable", "secrets"];

impl Spec {
    /// Every contradiction in the spec, one message each; `None` if there is none.
    pub fn inconsistencies(&self) -> Option<Vec<String>> {
        let mut problems = Vec::new();
        let mut names = BTreeSet::new();
        for pair in self.models.windows(2) {
            if pair[0].name >= pair[1].name {
                problems.push(format!("model {}: must stand before {}, once each", pair[1].name, pair[0].name));
            }
        }
        let models: BTreeSet<&str> = self.models.iter().map(|model| model.name.as_str()).collect();
        let unknown = |kind: &Type| kind.model().filter(|name| !models.contains(name)).map(str::to_owned);
        for model in &self.models {
            let mut seen = BTreeSet::new();
            for property in &model.properties {
                let place = format!("model {}, property {}", model.name, property.name);
                if !seen.insert(&property.name) {
                    problems.push(format!("{place}: is there twice"));
                }
                if let Some(name) = unknown(&property.kind) {
                    problems.push(format!("{place}: there is no model {name}"));
                }
                if property.read_only && property.write_only {
                    problems.push(format!("{place}: cannot be both read-only and write-only"));
                }
            }
        }
        let mut stems = BTreeSet::new();
        for group in &self.groups {
            let stem = file_stem(&group.tag);
            if RESERVED_STEMS.contains(&stem.as_str()) {
                problems.push(format!("tag {}: {stem} is the name of another file of the catalog", group.tag));
            }
            if !stems.insert(stem) {
                problems.push(format!("tag {}: another tag has the same file", group.tag));
            }
        }
        for (_, operation) in self.operations() {
            let place = format!("operation {}", operation.name);
            if !names.insert(&operation.name) {
                problems.push(format!("{place}: is there twice"));
            }
            let kinds = (operation.parameters.iter().map(|parameter| &parameter.kind))
                .chain(operation.body.iter().map(|body| &body.kind))
                .chain(operation.responses.iter().filter_map(|response| response.kind.as_ref()));
            problems.extend(kinds.filter_map(unknown).map(|name| format!("{place}: there is no model {name}")));
            problems.extend(self.input_problems(operation).into_iter().map(|problem| format!("{place}, {problem}")));
        }
        (!problems.is_empty()).then_some(problems)
    }

    /// What is wrong with the parameters of an operation, and with the names of its inputs.
    fn input_problems(&self, operation: &Operation) -> Vec<String> {
        let mut problems = Vec::new();
        if let Err(input) = inputs(self, operation) {
            problems.push(format!("the name {input} of the input belongs to two of its fields"));
        }
        for parameter in &operation.parameters {
            let in_path = operation.path.contains(&format!("{{{}}}", parameter.name));
            if (parameter.location == Location::Path) != in_path {
                problems.push(format!("parameter {}: does not agree with the path {}", parameter.name, operation.path));
            }
            if parameter.location == Location::Path && !parameter.required {
                problems.push(format!("parameter {}: is in the path and so must be required", parameter.name));
            }
        }
        let placeholders = operation.path.matches('{').count();
        let in_path = operation.parameters.iter().filter(|parameter| parameter.location == Location::Path).count();
        if placeholders != in_path {
            problems.push(format!("path {}: has {placeholders} places for {in_path} parameters", operation.path));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::fixture::spec;

    #[test]
    fn a_consistent_spec_has_no_inconsistency() {
        assert_eq!(spec().inconsistencies(), None);
    }

    #[test]
    fn every_contradiction_is_named() {
        type Spoil = fn(&mut Spec);
        let cases: [(Spoil, &str); 14] = [
            (|spec| spec.models.swap(0, 1), "model Apple: must stand before Request"),
            (|spec| spec.models[2].properties[1].name = "id".into(), "model Tree, property id: is there twice"),
            (
                |spec| spec.models[0].properties[1].kind = Type::Model("Pip".into()),
                "property color: there is no model Pip",
            ),
            (|spec| spec.models[0].properties[0].write_only = true, "property id: cannot be both"),
            (|spec| spec.groups[1].tag = "Models".into(), "tag Models: models is the name of another file"),
            (|spec| spec.groups[1].tag = "AppleFruit".into(), "tag AppleFruit: another tag has the same file"),
            (|spec| spec.groups[1].operations[1].name = "all_trees".into(), "operation all_trees: is there twice"),
            (
                |spec| spec.groups[1].operations[0].responses[0].kind = Some("[Pip]".parse().unwrap()),
                "operation all_trees: there is no model Pip",
            ),
            (
                |spec| spec.groups[0].operations[0].parameters[2].name = "query_limit".into(),
                "create_apple, the name query_limit of the input belongs to two of its fields",
            ),
            (
                |spec| spec.groups[0].operations[0].parameters[2].name = "tree_id".into(),
                "create_apple, the name tree_id of the input belongs to two of its fields",
            ),
            (
                |spec| spec.groups[1].operations[0].parameters[0].location = Location::Path,
                "all_trees, parameter ids: does not agree with the path /trees",
            ),
            (
                |spec| spec.groups[0].operations[0].parameters[0].required = false,
                "parameter tree_id: is in the path and so must be required",
            ),
            (|spec| spec.groups[1].operations[0].path = "/trees/{x}".into(), "has 1 places for 0 parameters"),
            (
                |spec| {
                    spec.groups[1].operations[1].parameters = vec![crate::spec::Parameter {
                        name: "body".into(),
                        location: Location::Query,
                        kind: Type::Any,
                        required: false,
                        deprecated: false,
                        since: None,
                    }]
                },
                "set_trees, the name body of the input belongs to two of its fields",
            ),
        ];
        for (spoil, expected) in cases {
            let mut spec = spec();
            spoil(&mut spec);
            let problems = spec.inconsistencies().unwrap_or_default();
            assert!(problems.iter().any(|problem| problem.contains(expected)), "{expected}: {problems:?}");
        }
    }
}
