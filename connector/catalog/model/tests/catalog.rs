//! The catalog of this repository: complete, consistent, and with the inputs that workflows were written for.

#![allow(clippy::unwrap_used, missing_docs)]

use catalog_model::{Overlay, Spec, check, correct, parameter_input, property_input};
use std::collections::BTreeMap;
use std::path::Path;

const CATALOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn spec() -> (Spec, Overlay) {
    let overlay = Overlay::read(&Path::new(CATALOG).join("overlay")).unwrap();
    (correct(Spec::read(&Path::new(CATALOG).join("spec")).unwrap(), &overlay).unwrap(), overlay)
}

#[test]
fn nothing_of_the_api_is_missing() {
    let (spec, _) = spec();
    let mut methods = BTreeMap::new();
    for (_, operation) in spec.operations() {
        *methods.entry(operation.method.to_string()).or_insert(0) += 1;
    }
    let count = |method: &str| methods[method];
    if spec.source.sdk.as_ref().is_some_and(|sdk| sdk.release == "26.22.0") {
        assert_eq!(
            [count("GET"), count("POST"), count("DELETE"), count("PATCH"), count("PUT")],
            [240, 110, 68, 65, 23]
        );
        assert_eq!((spec.groups.len(), spec.models.len()), (36, 379));
        assert_eq!(spec.models.iter().map(|model| model.properties.len()).sum::<usize>(), 3186);
    }
}

#[test]
fn the_overlay_is_complete_and_right() {
    let (spec, overlay) = spec();
    let findings = check(&spec, &overlay);
    assert_eq!(findings.errors, [] as [&str; 0]);
    assert_eq!(findings.gaps, [] as [&str; 0]);
}

#[test]
fn the_inputs_that_have_another_name_are_known() {
    let (spec, _) = spec();
    let mut renamed = Vec::new();
    for (_, operation) in spec.operations() {
        let parameters = operation.parameters.iter();
        let properties = spec.body_model(operation).into_iter().flat_map(|model| &model.properties);
        let names = (parameters.map(|parameter| (&parameter.name, parameter_input(&spec, operation, parameter))))
            .chain(
                (properties.filter(|property| !property.read_only))
                    .map(|property| (&property.name, property_input(operation, property))),
            );
        let others = names.filter(|(name, input)| *name != input);
        renamed.extend(others.map(|(_, input)| format!("{}.{input}", operation.name)));
    }
    renamed.sort();
    assert_eq!(
        renamed,
        [
            "add_group_group.body_group_id",
            "create_query.query_fields",
            "run_inline_query.query_limit",
            "update_external_oauth_application.body_client_id",
            "update_user_attribute_group_value.body_group_id",
        ]
    );
}
