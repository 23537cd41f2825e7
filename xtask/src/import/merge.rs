//! Merges the description and the SDK of a newer release.
//!
//! The description has more about what both know: formats, errors, what is read-only. So it stays, and the SDK adds what is
//! newer: operations, parameters, models and properties, each with the release as `since`. What the SDK no longer has is
//! deprecated. The SDK says nothing about the stability of an operation or how Looker counts it: a new one is beta and
//! counts as an administration call.

use super::sdk::{Returns, Sdk, SdkModel, SdkOperation};
use catalog_model::{
    Body, Cost, Format, Group, Location, Method, Model, Operation, Parameter, Property, Response, Spec, Stability,
    Type, file_stem,
};
use std::collections::BTreeSet;

/// The prefix of the SDK's models for bodies, which lack what only Looker sets: `WriteUser`.
const WRITE: &str = "Write";

/// The media type of JSON.
const JSON: &str = "application/json";

/// The media type of a file of any kind.
const ANY_FILE: &str = "application/octet-stream";

/// Merges what the SDK has into the spec.
///
/// # Errors
///
/// Every contradiction between the two, one message each.
pub fn merge(spec: Spec, sdk: &Sdk) -> Result<Spec, Vec<String>> {
    let mut merge = Merge {
        described: spec.models.iter().map(|model| model.name.clone()).collect(),
        sendable: BTreeSet::new(),
        spec,
        sdk,
        problems: Vec::new(),
    };
    merge.sendable = merge.sendable_models();
    for model in &sdk.models {
        if merge.written(&model.name).is_none() {
            merge.model(model);
        }
    }
    merge.spec.models.sort_by(|one, other| one.name.cmp(&other.name));
    for operation in &sdk.operations {
        merge.operation(operation);
    }
    merge.deprecate_the_gone();
    merge.spec.groups.sort_by_key(|group| format!("{}.json", file_stem(&group.tag)));
    let Merge { spec, mut problems, .. } = merge;
    if problems.is_empty() {
        problems = spec.inconsistencies().unwrap_or_default();
    }
    if problems.is_empty() { Ok(spec) } else { Err(problems) }
}

struct Merge<'a> {
    spec: Spec,
    sdk: &'a Sdk,
    /// The models that the description has.
    described: BTreeSet<String>,
    /// The models that are a body or part of one.
    sendable: BTreeSet<String>,
    problems: Vec<String>,
}

impl<'a> Merge<'a> {
    /// The model of which this is the SDK's form for bodies. A model that the description has is itself.
    fn written<'n>(&self, name: &'n str) -> Option<&'n str> {
        let model = name.strip_prefix(WRITE)?;
        (!self.described.contains(name) && self.sdk_model(model).is_some()).then_some(model)
    }

    fn sdk_model(&self, name: &str) -> Option<&'a SdkModel> {
        self.sdk.models.iter().find(|model| model.name == name)
    }

    /// A type as the spec has it, and the values that an enumeration allows.
    fn resolved(&self, kind: &Type) -> (Type, Vec<String>) {
        match kind {
            Type::Model(name) => match self.sdk.enumerations.iter().find(|one| one.name == *name) {
                Some(enumeration) => (Type::String(Format::Text), enumeration.values.clone()),
                None => (Type::Model(self.written(name).unwrap_or(name).to_owned()), Vec::new()),
            },
            Type::Array(item) => {
                let (item, values) = self.resolved(item);
                (Type::Array(Box::new(item)), values)
            }
            Type::Map(value) => (Type::Map(Box::new(self.resolved(value).0)), Vec::new()),
            other => (other.clone(), Vec::new()),
        }
    }

    /// The models that requests are made of.
    fn sendable_models(&self) -> BTreeSet<String> {
        let bodies = self.sdk.operations.iter().filter_map(|operation| operation.body.as_ref());
        let mut open: Vec<String> =
            bodies.filter_map(|body| self.resolved(&body.kind).0.model().map(str::to_owned)).collect();
        let mut found = BTreeSet::new();
        while let Some(name) = open.pop() {
            // The form for bodies lacks the models that only Looker sets.
            let form = self.sdk_model(&format!("{WRITE}{name}")).or_else(|| self.sdk_model(&name));
            if let Some(model) = form
                && found.insert(name)
            {
                let parts = model.properties.iter().map(|property| self.resolved(&property.kind).0);
                open.extend(parts.filter_map(|kind| kind.model().map(str::to_owned)));
            }
        }
        found
    }

    fn model(&mut self, theirs: &SdkModel) {
        let is_new = !self.described.contains(&theirs.name);
        let since = (!is_new).then(|| self.sdk.release().to_owned());
        let properties = self.properties(theirs, since);
        if is_new {
            self.spec.models.push(Model { name: theirs.name.clone(), properties });
            return;
        }
        let form = self.sdk_model(&format!("{WRITE}{}", theirs.name));
        let left_out: BTreeSet<_> = form.map_or_else(BTreeSet::new, |form| {
            let is_sent = |name: &str| form.properties.iter().any(|property| property.name == name);
            properties.iter().map(|property| property.name.clone()).filter(|name| !is_sent(name)).collect()
        });
        let Some(ours) = self.spec.models.iter_mut().find(|model| model.name == theirs.name) else { return };
        for property in &mut ours.properties {
            // The SDK is newer, so what it no longer sends can no longer be sent.
            property.read_only |= left_out.contains(&property.name);
            match properties.iter().find(|theirs| theirs.name == property.name) {
                Some(theirs) if !agree(&property.kind, &theirs.kind) => self.problems.push(format!(
                    "model {}, property {}: is {} in the description and {} in the SDK",
                    ours.name, property.name, property.kind, theirs.kind
                )),
                Some(theirs) => property.values.clone_from(&theirs.values),
                None => property.deprecated = true,
            }
        }
        let known: BTreeSet<_> = ours.properties.iter().map(|property| property.name.clone()).collect();
        ours.properties.extend(properties.into_iter().filter(|property| !known.contains(&property.name)));
    }

    /// The properties of one of the SDK's models.
    fn properties(&self, model: &SdkModel, since: Option<String>) -> Vec<Property> {
        let written = self.sdk_model(&format!("{WRITE}{}", model.name));
        let property = |theirs: &super::sdk::SdkProperty| {
            let in_body = written.map(|written| written.properties.iter().find(|one| one.name == theirs.name));
            let (kind, values) = self.resolved(&theirs.kind);
            Property {
                name: theirs.name.clone(),
                kind,
                required: theirs.required || in_body.flatten().is_some_and(|one| one.required),
                nullable: !theirs.required,
                read_only: match in_body {
                    Some(in_body) => in_body.is_none(),
                    // The SDK makes no second form of a model that is sent as it is, nor of one that never is.
                    None => !self.sendable.contains(&model.name),
                },
                write_only: false,
                deprecated: false,
                since: since.clone(),
                values,
            }
        };
        model.properties.iter().map(property).collect()
    }

    fn operation(&mut self, theirs: &SdkOperation) {
        let release = self.sdk.release().to_owned();
        let body = theirs.body.as_ref().map(|body| (self.resolved(&body.kind).0, body.required));
        let place = format!("operation {}", theirs.name);
        let known = self.spec.groups.iter_mut().find_map(|group| {
            let operation = group.operations.iter_mut().find(|operation| operation.name == theirs.name)?;
            Some((group.tag.as_str(), operation))
        });
        let Some((tag, ours)) = known else {
            return self.new_operation(theirs, body, release);
        };
        let problems = &mut self.problems;
        let mut contradiction = |what: &str, ours: &str, theirs: &str| {
            if ours != theirs {
                problems.push(format!("{place}: {what} is {ours} in the description and {theirs} in the SDK"));
            }
        };
        contradiction("the tag", tag, &theirs.tag);
        contradiction("the method", &ours.method.to_string(), &theirs.method.to_string());
        contradiction("the path", &ours.path, &theirs.path);
        let kind_of = |body: Option<&Type>| body.map_or("none".to_owned(), ToString::to_string);
        let described = ours.body.as_ref().filter(|body| !body.is_form()).map(|body| &body.kind);
        let sent = theirs.body.as_ref().map(|body| &body.kind);
        let is_same = match (described, sent) {
            // The description can have a model of its own with the name of the SDK's form.
            (Some(Type::Model(described)), Some(Type::Model(sent))) => {
                sent == described || sent.strip_prefix(WRITE) == Some(described)
            }
            (Some(described), Some(sent)) => agree(described, sent),
            _ => false,
        };
        if !is_same {
            contradiction("the body", &kind_of(described), &kind_of(sent));
        }
        for parameter in &mut ours.parameters {
            let same = |one: &&Parameter| (&one.name, one.location) == (&parameter.name, parameter.location);
            match theirs.parameters.iter().find(same) {
                Some(theirs) if !agree_in_url(&parameter.kind, &theirs.kind) => {
                    let what = format!("parameter {}", parameter.name);
                    contradiction(&what, &parameter.kind.to_string(), &theirs.kind.to_string());
                }
                Some(_) => {}
                None => parameter.deprecated = true,
            }
        }
        let known: BTreeSet<_> =
            ours.parameters.iter().map(|one| (one.name.clone(), one.location == Location::Path)).collect();
        let new =
            theirs.parameters.iter().filter(|one| !known.contains(&(one.name.clone(), one.location == Location::Path)));
        ours.parameters.extend(new.map(|one| Parameter { since: Some(release.clone()), ..one.clone() }));
        // The SDK says more than "whatever Looker sends" only where Looker describes JSON: then the newer one is right.
        if let Some(Returns::Value(returned)) = &theirs.returns
            && *returned != Type::String(Format::Text)
            && !ours.responses.iter().any(|response| response.kind.as_ref().is_some_and(|kind| agree(kind, returned)))
        {
            for response in ours.responses.iter_mut().filter(|response| response.kind.is_some()) {
                response.kind = Some(returned.clone());
            }
        }
    }

    fn new_operation(&mut self, theirs: &SdkOperation, body: Option<(Type, bool)>, release: String) {
        let operation = Operation {
            name: theirs.name.clone(),
            method: theirs.method,
            path: theirs.path.clone(),
            stability: Stability::Beta,
            cost: Cost::NonQuery,
            since: Some(release),
            parameters: theirs.parameters.clone(),
            body: body.map(|(kind, required)| Body { media_type: JSON.to_owned(), kind, required }),
            responses: responses(theirs.method, theirs.returns.as_ref()),
            failures: Vec::new(),
        };
        match self.spec.groups.iter_mut().find(|group| group.tag == theirs.tag) {
            Some(group) => group.operations.push(operation),
            None => self.spec.groups.push(Group { tag: theirs.tag.clone(), operations: vec![operation] }),
        }
    }

    /// Marks the operations that the SDK no longer has.
    fn deprecate_the_gone(&mut self) {
        let there: BTreeSet<&str> = self.sdk.operations.iter().map(|one| one.name.as_str()).collect();
        let ours = self.spec.groups.iter_mut().flat_map(|group| &mut group.operations);
        for operation in ours.filter(|operation| !there.contains(operation.name.as_str())) {
            operation.stability = Stability::Deprecated;
        }
    }
}

/// Whether the SDK's type of a value can be that of the description, which says more.
fn agree(ours: &Type, theirs: &Type) -> bool {
    match (ours, theirs) {
        (Type::String(_), Type::String(Format::Text)) => true,
        // The SDK has one type for dates and for dates with a time.
        (Type::String(Format::Date), Type::String(Format::DateTime)) => true,
        (Type::Array(ours), Type::Array(theirs)) => agree(ours, theirs),
        (Type::Map(_), Type::Map(theirs)) if **theirs == Type::Any => true,
        (ours, theirs) => ours == theirs,
    }
}

/// The same for a parameter: the SDK takes a map in the query as text.
fn agree_in_url(ours: &Type, theirs: &Type) -> bool {
    matches!((ours, theirs), (Type::Map(_), Type::String(Format::Text))) || agree(ours, theirs)
}

/// The responses of an operation that only the SDK has.
fn responses(method: Method, returns: Option<&Returns>) -> Vec<Response> {
    let nothing = || Response { status: 204, media_types: Vec::new(), kind: None };
    let content = |media_type: &str, kind| Response { status: 200, media_types: vec![media_type.to_owned()], kind };
    match returns {
        None => vec![nothing()],
        Some(Returns::File) => vec![content(ANY_FILE, None)],
        // Looker describes "nothing" as a string, and everything that it does not describe too.
        Some(Returns::Value(Type::String(Format::Text))) => match method {
            Method::Delete => vec![nothing()],
            Method::Get => vec![content(JSON, Some(Type::Any))],
            Method::Post | Method::Put | Method::Patch => vec![content(JSON, Some(Type::Any)), nothing()],
        },
        Some(Returns::Value(kind)) => vec![content(JSON, Some(kind.clone()))],
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::import::openapi;
    use crate::import::orchard::{orchard, with};
    use serde_json::{Value, json};

    fn described() -> Spec {
        openapi::read(&orchard().to_string()).unwrap().spec
    }

    /// An SDK that declares what the orchard's description has.
    fn same() -> Value {
        let operation = |name: &str, tag: &str, method: &str, path: &str| json!({"name": name, "tag": tag, "method": method, "path": path, "parameters": [], "body": null, "returns": "Apple"});
        let query = |name: &str, kind: &str| json!({"name": name, "in": "query", "type": kind, "required": false});
        let id = json!({"name": "apple_id", "in": "path", "type": "string", "required": true});
        let mut list = operation("all_trees", "Tree", "get", "/trees");
        list["parameters"] = json!([query("ids", "[string]"), query("page", "integer"), query("filters", "string")]);
        list["returns"] = json!("[Tree]");
        let mut plant = operation("plant", "Tree", "post", "/trees");
        plant["body"] = json!({"type": "WriteTree", "required": true});
        plant["returns"] = json!("string");
        let mut set_trees = operation("set_trees", "Tree", "put", "/trees");
        set_trees["body"] = json!({"type": "[string]", "required": true});
        set_trees["returns"] = json!(null);
        let mut login = operation("login", "AppleFruit", "post", "/login");
        login["parameters"] = json!([query("client_id", "string")]);
        let mut apple = operation("apple", "AppleFruit", "get", "/apples/{apple_id}");
        apple["parameters"] = json!([id]);
        apple["returns"] = json!("bytes");
        let mut eat = operation("eat", "AppleFruit", "delete", "/apples/{apple_id}");
        eat["parameters"] = json!([{"name": "apple_id", "in": "path", "type": "integer", "required": true}]);
        eat["returns"] = json!("string");
        let mut polish = operation("polish", "AppleFruit", "patch", "/apples/{apple_id}");
        polish["parameters"] = json!([id]);
        polish["body"] = json!({"type": "string", "required": true});
        let property = |name: &str, kind: &str| json!({"name": name, "type": kind, "required": false});
        json!({
            "version": "1.3.0",
            "operations": [list, plant, set_trees, login, apple, eat, polish],
            "models": [
                {"name": "Tree", "properties": [
                    property("id", "string"), {"name": "label", "type": "string", "required": true},
                    property("apples", "[Apple]"),
                ]},
                {"name": "WriteTree", "properties": [
                    {"name": "label", "type": "string", "required": true}, property("apples", "[Apple]"),
                ]},
                {"name": "Apple", "properties": [
                    property("tree", "Tree"), property("color", "Color"), property("tastes", "[Taste]"),
                    property("secret", "string"), property("weight", "number"), property("width", "number"),
                    property("pips", "integer"), property("ripe", "boolean"), property("picked", "string:date-time"),
                    property("day", "string:date-time"), property("photo", "string"), property("can", "{any}"),
                    property("note", "any"),
                ]},
            ],
            "enumerations": [{"name": "Color", "values": ["red", "green"]}, {"name": "Taste", "values": ["sweet"]}],
            "sentences": [],
        })
    }

    fn merged(sdk: &Value) -> Result<Spec, Vec<String>> {
        merge(described(), &serde_json::from_value(sdk.clone()).unwrap())
    }

    #[test]
    fn an_sdk_that_says_the_same_changes_nothing() {
        assert_eq!(merged(&same()).unwrap(), described());
    }

    #[test]
    fn what_is_newer_is_added() {
        let mut sdk = same();
        sdk["operations"].as_array_mut().unwrap().extend([
            json!({"name": "count", "tag": "Tree", "method": "get", "path": "/trees/count", "parameters": [],
                   "body": null, "returns": "Count"}),
            json!({"name": "graft", "tag": "Graft", "method": "post", "path": "/grafts", "parameters": [],
                   "body": {"type": "WriteGraft", "required": true}, "returns": "string"}),
            json!({"name": "ungraft", "tag": "Graft", "method": "delete", "path": "/grafts/{id}",
                   "parameters": [{"name": "id", "in": "path", "type": "string", "required": true}],
                   "body": null, "returns": "string"}),
            json!({"name": "picture", "tag": "Graft", "method": "get", "path": "/picture", "parameters": [],
                   "body": null, "returns": "bytes"}),
            json!({"name": "rest", "tag": "Graft", "method": "post", "path": "/rest", "parameters": [],
                   "body": null, "returns": null}),
        ]);
        let page = json!({"name": "offset", "in": "query", "type": "integer", "required": false});
        sdk["operations"][0]["parameters"].as_array_mut().unwrap().push(page);
        sdk["models"].as_array_mut().unwrap().extend([
            json!({"name": "Count", "properties": [{"name": "trees", "type": "integer", "required": false}]}),
            json!({"name": "Graft", "properties": [
                {"name": "id", "type": "string", "required": false}, {"name": "branch", "type": "Color", "required": false}]}),
            json!({"name": "WriteGraft", "properties": [{"name": "branch", "type": "Color", "required": true}]}),
        ]);
        let height = json!({"name": "height", "type": "number", "required": false});
        sdk["models"][0]["properties"].as_array_mut().unwrap().push(height.clone());
        sdk["models"][2]["properties"].as_array_mut().unwrap().push(height);
        let spec = merged(&sdk).unwrap();

        assert_eq!(
            spec.groups.iter().map(|group| group.tag.as_str()).collect::<Vec<_>>(),
            ["AppleFruit", "Graft", "Tree"]
        );
        let operation = |name: &str| spec.operation(name).unwrap().1;
        let count = operation("count");
        assert_eq!(
            (count.since.as_deref(), count.stability, count.cost),
            (Some("1.3"), Stability::Beta, Cost::NonQuery)
        );
        let body = operation("graft").body.as_ref().unwrap();
        assert_eq!((body.media_type.as_str(), body.kind.to_string(), body.required), (JSON, "Graft".to_owned(), true));
        let responses = |name: &str| -> Vec<String> {
            let one = |it: &Response| {
                format!(
                    "{} {:?} {}",
                    it.status,
                    it.media_types,
                    it.kind.as_ref().map_or("-".to_owned(), ToString::to_string)
                )
            };
            operation(name).responses.iter().map(one).collect()
        };
        assert_eq!(responses("count"), [r#"200 ["application/json"] Count"#]);
        assert_eq!(responses("graft"), [r#"200 ["application/json"] any"#, "204 [] -"]);
        assert_eq!(responses("ungraft"), ["204 [] -"]);
        assert_eq!(responses("picture"), [r#"200 ["application/octet-stream"] -"#]);
        assert_eq!(responses("rest"), ["204 [] -"]);

        let list = operation("all_trees");
        let since: Vec<_> = list.parameters.iter().map(|it| (it.name.as_str(), it.since.as_deref())).collect();
        assert_eq!(since, [("ids", None), ("page", None), ("filters", None), ("offset", Some("1.3"))]);
        let graft = spec.model("Graft").unwrap();
        assert!(graft.properties[0].read_only && !graft.properties[1].read_only && graft.properties[1].required);
        assert_eq!(graft.properties[1].values, ["red", "green"]);
        assert!(spec.model("WriteGraft").is_none(), "the SDK's forms for bodies are no models");
        let height = |model: &str| spec.model(model).unwrap().property("height").unwrap().clone();
        assert_eq!((height("Tree").since.as_deref(), height("Tree").read_only), (Some("1.3"), true));
        assert!(!height("Apple").read_only, "part of a body, and the SDK has no second form of it");
        assert!(spec.model("Count").unwrap().properties[0].read_only, "nobody sends it");
    }

    #[test]
    fn what_the_sdk_no_longer_sends_is_read_only() {
        let mut sdk = same();
        sdk["models"][1]["properties"].as_array_mut().unwrap().pop();
        let spec = merged(&sdk).unwrap();
        let is_read_only = |property: &str| spec.model("Tree").unwrap().property(property).unwrap().read_only;
        assert!(is_read_only("apples") && !is_read_only("label"));
    }

    #[test]
    fn a_model_that_only_looker_sets_stays_read_only() {
        let mut sdk = same();
        // Nothing of a tree but its label can be sent, so no apple is.
        sdk["models"][1]["properties"].as_array_mut().unwrap().pop();
        sdk["models"][2]["properties"]
            .as_array_mut()
            .unwrap()
            .push(json!({"name": "height", "type": "number", "required": false}));
        assert!(merged(&sdk).unwrap().model("Apple").unwrap().property("height").unwrap().read_only);
    }

    #[test]
    fn a_model_of_the_description_can_have_the_name_of_the_sdk_s_form() {
        let orchard = with(
            orchard(),
            "/components/schemas/WriteTree",
            json!({"x-looker-status": "beta", "properties": {"label": {"type": "string"}}}),
        );
        let described = openapi::read(&orchard.to_string()).unwrap().spec;
        let spec = merge(described, &serde_json::from_value(same()).unwrap()).unwrap();
        assert_eq!(spec.operation("plant").unwrap().1.body.as_ref().unwrap().kind.to_string(), "Tree");
        assert!(spec.model("WriteTree").unwrap().property("apples").unwrap().since.is_some());
    }

    #[test]
    fn what_is_gone_is_deprecated() {
        let mut sdk = same();
        sdk["operations"].as_array_mut().unwrap().remove(2);
        sdk["operations"][0]["parameters"].as_array_mut().unwrap().remove(0);
        sdk["models"][2]["properties"].as_array_mut().unwrap().remove(0);
        let spec = merged(&sdk).unwrap();
        assert_eq!(spec.operation("set_trees").unwrap().1.stability, Stability::Deprecated);
        assert!(spec.operation("all_trees").unwrap().1.parameters[0].deprecated);
        assert!(spec.model("Apple").unwrap().property("tree").unwrap().deprecated);
    }

    #[test]
    fn newer_values_and_results_count() {
        let mut sdk = same();
        sdk["enumerations"][0]["values"] = json!(["red", "green", "blue"]);
        sdk["operations"][0]["returns"] = json!("[Apple]");
        let spec = merged(&sdk).unwrap();
        assert_eq!(spec.model("Apple").unwrap().property("color").unwrap().values, ["red", "green", "blue"]);
        let returned = spec.operation("all_trees").unwrap().1.responses[0].kind.as_ref().unwrap().to_string();
        assert_eq!(returned, "[Apple]");
    }

    #[test]
    fn contradictions_are_all_named() {
        let mut sdk = same();
        sdk["operations"][0]["parameters"][1]["type"] = json!("string");
        sdk["operations"][0]["path"] = json!("/plants");
        sdk["operations"][1]["body"] = json!(null);
        sdk["operations"][2]["tag"] = json!("AppleFruit");
        sdk["operations"][3]["method"] = json!("put");
        sdk["models"][0]["properties"][1]["type"] = json!("integer");
        assert_eq!(
            merged(&sdk).unwrap_err(),
            [
                "model Tree, property label: is string in the description and integer in the SDK",
                "operation all_trees: the path is /trees in the description and /plants in the SDK",
                "operation all_trees: parameter page is integer in the description and string in the SDK",
                "operation plant: the body is Tree in the description and none in the SDK",
                "operation set_trees: the tag is Tree in the description and AppleFruit in the SDK",
                "operation login: the method is POST in the description and PUT in the SDK",
            ]
        );
    }
}
