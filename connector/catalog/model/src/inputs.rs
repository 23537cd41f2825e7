//! The names of an operation's inputs: parameters and properties of the body in one flat object.

use std::collections::BTreeSet;

use crate::spec::{Location, Operation, Parameter, Property, Spec};

/// The input that is the whole body, if the body is not an object.
pub const BODY: &str = "body";

/// The input name of a parameter: its own name. A query parameter becomes `query_NAME` if the body has a property of
/// that name that can be sent.
pub fn parameter_input(spec: &Spec, operation: &Operation, parameter: &Parameter) -> String {
    let property = spec.body_model(operation).and_then(|model| model.property(&parameter.name));
    match (parameter.location, property) {
        (Location::Query, Some(property)) if is_sent(property) => format!("query_{}", parameter.name),
        _ => parameter.name.clone(),
    }
}

/// The input name of a property of an operation's body: its own name, or `body_NAME` if that is also the name of a path
/// parameter.
pub fn property_input(operation: &Operation, property: &Property) -> String {
    let is_in_path = |parameter: &Parameter| parameter.location == Location::Path && parameter.name == property.name;
    if operation.parameters.iter().any(is_in_path) { format!("body_{}", property.name) } else { property.name.clone() }
}

/// The properties of an operation's body that can be sent; none if the body is not an object.
pub fn sent_properties<'a>(spec: &'a Spec, operation: &Operation) -> impl Iterator<Item = &'a Property> + use<'a> {
    spec.body_model(operation).into_iter().flat_map(|model| &model.properties).filter(|property| is_sent(property))
}

/// The names of all inputs of an operation. The error names the input that two of its fields claim.
pub fn inputs(spec: &Spec, operation: &Operation) -> Result<BTreeSet<String>, String> {
    let whole_body = match (&operation.body, spec.body_model(operation)) {
        (Some(body), None) if !body.is_form() => Some(BODY.to_owned()),
        _ => None,
    };
    let names = (whole_body.into_iter())
        .chain(sent_properties(spec, operation).map(|property| property_input(operation, property)))
        .chain(operation.parameters.iter().map(|parameter| parameter_input(spec, operation, parameter)));
    let mut inputs = BTreeSet::new();
    for name in names {
        if !inputs.insert(name.clone()) {
            return Err(name);
        }
    }
    Ok(inputs)
}

/// Whether a request can set a property. Only Looker sets a read-only one, so that is not an input.
pub fn is_sent(property: &Property) -> bool {
    !property.read_only
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::fixture::spec;

    fn names(spec: &Spec) -> Vec<String> {
        inputs(spec, spec.operation("create_apple").unwrap().1).unwrap().into_iter().collect()
    }

    #[test]
    fn a_query_parameter_gives_its_name_to_a_property_that_can_be_sent() {
        let spec = spec();
        assert_eq!(names(&spec), ["color", "id", "limit", "query_limit", "tree", "tree_id"]);
    }

    #[test]
    fn a_path_parameter_keeps_its_name() {
        let mut spec = spec();
        spec.models[0].properties[3].name = "tree_id".into();
        assert_eq!(names(&spec), ["body_tree_id", "color", "id", "limit", "tree", "tree_id"]);
        // Only Looker sets it: no input, no clash.
        spec.models[0].properties[3].read_only = true;
        assert_eq!(names(&spec), ["color", "id", "limit", "tree", "tree_id"]);
    }

    #[test]
    fn an_input_that_two_fields_claim_is_named() {
        let mut spec = spec();
        spec.models[0].properties[3].name = "tree_id".into();
        spec.models[0].properties[2].name = "body_tree_id".into();
        assert_eq!(inputs(&spec, spec.operation("create_apple").unwrap().1), Err("body_tree_id".into()));
    }

    #[test]
    fn a_body_that_is_no_object_is_one_input() {
        let spec = spec();
        let set_trees = spec.operation("set_trees").unwrap().1;
        assert_eq!(inputs(&spec, set_trees), Ok(BTreeSet::from([BODY.to_owned()])));
    }
}
