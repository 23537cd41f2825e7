//! The report of an import: what the new spec adds, changes and drops.

use std::collections::BTreeMap;

use catalog_model::{Model, Operation, Parameter, Property, Source, Spec};

/// One thing as a report sees it: what is said of it, and the things that it is made of.
struct Thing {
    aspects: Vec<(&'static str, String)>,
    part: &'static str,
    parts: Vec<(String, Vec<(&'static str, String)>)>,
}

/// Compares a new spec with the old one, one line for each operation, parameter, model and property that was added,
/// changed or dropped. The parts of what is added or dropped as a whole are not listed. No line: nothing differs.
pub fn report(old: Option<&Spec>, new: &Spec) -> Vec<String> {
    let mut lines = Vec::new();
    let source = named(&new.source);
    match old.map(|old| &old.source) {
        Some(old) if *old == new.source => {}
        Some(old) => lines.push(format!("changed  sources: were {}, are {source}", named(old))),
        None => lines.push(format!("added    sources: {source}")),
    }
    let things = |spec: Option<&Spec>, of: fn(&Spec) -> BTreeMap<String, Thing>| spec.map_or_else(BTreeMap::new, of);
    compare_things(&things(old, operations), &operations(new), "operation", &mut lines);
    compare_things(&things(old, models), &models(new), "model", &mut lines);
    lines
}

/// The sources of a spec in one line.
fn named(Source { version, release, sha256, sdk }: &Source) -> String {
    match sdk {
        None => format!("{version} (Looker {release}, sha256 {sha256})"),
        Some(sdk) => format!("{version} (Looker {release} and {}, sha256 {sha256} and {})", sdk.release, sdk.sha256),
    }
}

fn operations(spec: &Spec) -> BTreeMap<String, Thing> {
    spec.operations().map(|(tag, operation)| (operation.name.clone(), operation_thing(tag, operation))).collect()
}

fn models(spec: &Spec) -> BTreeMap<String, Thing> {
    spec.models.iter().map(|model| (model.name.clone(), model_thing(model))).collect()
}

fn operation_thing(tag: &str, operation: &Operation) -> Thing {
    let Operation { name: _, method, path, stability, cost, since, parameters, body, responses, failures } = operation;
    let responses = responses.iter().map(|response| {
        let kind = response.kind.as_ref().map(|kind| format!(" of {kind}")).unwrap_or_default();
        format!("{} [{}]{kind}", response.status, response.media_types.join(", "))
    });
    let body = body.as_ref().map_or("none".to_owned(), |body| {
        format!("{} of {}{}", body.media_type, body.kind, if body.required { ", required" } else { "" })
    });
    Thing {
        aspects: vec![
            ("tag", tag.to_owned()),
            ("method", method.to_string()),
            ("path", path.clone()),
            ("stability", format!("{stability:?}").to_lowercase()),
            ("cost", format!("{cost:?}")),
            ("since", format!("{since:?}")),
            ("body", body),
            ("responses", responses.collect::<Vec<_>>().join("; ")),
            ("failures", format!("{failures:?}")),
        ],
        part: "parameter",
        parts: parameters.iter().map(|parameter| (parameter.name.clone(), parameter_aspects(parameter))).collect(),
    }
}

fn parameter_aspects(parameter: &Parameter) -> Vec<(&'static str, String)> {
    let Parameter { name: _, location, kind, required, deprecated, since } = parameter;
    vec![
        ("location", format!("{location:?}").to_lowercase()),
        ("type", kind.to_string()),
        ("required", required.to_string()),
        ("deprecated", deprecated.to_string()),
        ("since", format!("{since:?}")),
    ]
}

fn model_thing(model: &Model) -> Thing {
    let parts = model.properties.iter().map(|property| (property.name.clone(), property_aspects(property)));
    Thing { aspects: Vec::new(), part: "property", parts: parts.collect() }
}

fn property_aspects(property: &Property) -> Vec<(&'static str, String)> {
    let Property { name: _, kind, required, nullable, read_only, write_only, deprecated, since, values } = property;
    vec![
        ("type", kind.to_string()),
        ("required", required.to_string()),
        ("nullable", nullable.to_string()),
        ("read-only", read_only.to_string()),
        ("write-only", write_only.to_string()),
        ("deprecated", deprecated.to_string()),
        ("since", format!("{since:?}")),
        ("values", format!("{values:?}")),
    ]
}

fn compare_things(old: &BTreeMap<String, Thing>, new: &BTreeMap<String, Thing>, what: &str, lines: &mut Vec<String>) {
    for (name, new) in new {
        let place = format!("{what} {name}");
        let Some(old) = old.get(name) else {
            lines.push(format!("added    {place}"));
            continue;
        };
        compare_aspects(&place, &old.aspects, &new.aspects, lines);
        for (name, aspects) in &new.parts {
            let place = format!("{place}, {} {name}", new.part);
            match part(old, name) {
                Some(old) => compare_aspects(&place, old, aspects, lines),
                None => lines.push(format!("added    {place}")),
            }
        }
        for (name, _) in &old.parts {
            if part(new, name).is_none() {
                lines.push(format!("dropped  {place}, {} {name}", old.part));
            }
        }
        let order = |of: &Thing, also_in: &Thing| -> Vec<String> {
            let both = of.parts.iter().filter(|(name, _)| part(also_in, name).is_some());
            both.map(|(name, _)| name.clone()).collect()
        };
        if order(old, new) != order(new, old) {
            lines.push(format!("changed  {place}: the order of its {}", plural(new.part)));
        }
    }
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        lines.push(format!("dropped  {what} {name}"));
    }
}

fn part<'a>(thing: &'a Thing, name: &str) -> Option<&'a Vec<(&'static str, String)>> {
    thing.parts.iter().find(|(present, _)| present == name).map(|(_, aspects)| aspects)
}

fn plural(part: &str) -> &'static str {
    if part == "property" { "properties" } else { "parameters" }
}

fn compare_aspects(
    place: &str,
    old: &[(&'static str, String)],
    new: &[(&'static str, String)],
    lines: &mut Vec<String>,
) {
    for ((aspect, old), (_, new)) in old.iter().zip(new) {
        if old != new {
            lines.push(format!("changed  {place}: {aspect} was {old}, is {new}"));
        }
    }
}
