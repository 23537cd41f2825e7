//! The whole of Looker's API description, as OpenAPI 3.0 writes it.

use catalog_model::{Group, Source, Spec, file_stem};
use sha2::{Digest, Sha256};

use crate::json::{At, Node, collect};
use crate::models::model;
use crate::operations::operation;

/// What is read of a description.
#[derive(Debug)]
pub struct Description {
    /// The spec, which has none of the sentences.
    pub spec: Spec,
    /// Every sentence, for telling whether the overlay repeats one. They go nowhere else.
    pub sentences: Vec<String>,
}

/// Reads a description.
///
/// # Errors
///
/// Everything in it that is not understood, one message for each operation, model or other part, with its place.
pub fn read_description(text: &str) -> Result<Description, Vec<String>> {
    let node: Node = serde_json::from_str(text).map_err(|error| vec![format!("the description: {error}")])?;
    let mut problems = Vec::new();
    let spec = spec(&node, text, &mut problems).map_err(|problem| vec![problem])?;
    if problems.is_empty() {
        problems = spec.inconsistencies().unwrap_or_default();
    }
    if problems.is_empty() { Ok(Description { spec, sentences: sentences(&node) }) } else { Err(problems) }
}

fn spec(node: &Node, text: &str, problems: &mut Vec<String>) -> Result<Spec, String> {
    let mut root = At::root(node).members()?;
    let openapi = root.need("openapi")?;
    if !openapi.text()?.starts_with("3.0.") {
        return Err(openapi.problem("only OpenAPI 3.0 is understood"));
    }
    let mut info = root.need("info")?.members()?;
    let version = info.need("version")?;
    if !version.text()?.starts_with("4.0.") {
        return Err(version.problem("only version 4.0 of Looker's API is understood"));
    }
    let source = Source {
        version: version.text()?.to_owned(),
        release: info.need("x-looker-release-version")?.text()?.to_owned(),
        sha256: Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect(),
    };
    // Who publishes the description, and under what name, says nothing about the API.
    for key in ["title", "description", "contact", "license"] {
        info.take(key);
    }
    info.finish()?;
    let servers = root.need("servers")?;
    match servers.items()?.as_slice() {
        [server] => {
            let mut server = server.members()?;
            let url = server.need("url")?;
            if !url.text()?.ends_with("/api/4.0") {
                return Err(url.problem("must end in /api/4.0, since that is where the connector sends requests"));
            }
            server.finish()?;
        }
        _ => return Err(servers.problem("there must be one server")),
    }
    let mut groups = groups(&root.need("tags")?)?;
    let mut components = root.need("components")?.members()?;
    if let Some(bodies) = components.take("requestBodies") {
        bodies.members()?.finish()?;
    }
    let models = components.need("schemas")?.members()?.take_all();
    let mut models = collect(models.into_iter().map(|(name, at)| model(name, &at)), problems);
    models.sort_by(|one, other| one.name.cmp(&other.name));
    components.finish()?;
    for (path, at) in root.need("paths")?.members()?.take_all() {
        if !path.starts_with('/') {
            problems.push(at.problem("a path must begin with /"));
        }
        let operations = at.members()?.take_all();
        for (tag, operation) in
            collect(operations.into_iter().map(|(method, at)| operation(path, method, &at)), problems)
        {
            match groups.iter_mut().find(|group| group.tag == tag) {
                Some(group) => group.operations.push(operation),
                None => problems.push(format!("operation {}: the tag `{tag}` is not declared", operation.name)),
            }
        }
    }
    root.finish()?;
    Ok(Spec { source, models, groups })
}

fn groups(at: &At<'_>) -> Result<Vec<Group>, String> {
    let mut groups = Vec::new();
    for at in at.items()? {
        let mut tag = at.members()?;
        let name = tag.need("name")?;
        tag.take_sentence("description")?;
        tag.finish()?;
        let tag = name.text()?;
        if tag.is_empty() || !tag.chars().all(|letter| letter.is_ascii_alphanumeric()) {
            return Err(name.problem(format_args!("`{tag}` cannot name a file: letters and digits only")));
        }
        groups.push(Group { tag: tag.to_owned(), operations: Vec::new() });
    }
    groups.sort_by_key(|group| format!("{}.json", file_stem(&group.tag)));
    Ok(groups)
}

/// Every text in the description that is written for people: all `description` and `summary` strings, wherever.
fn sentences(node: &Node) -> Vec<String> {
    match node {
        Node::Object(members) => (members.iter())
            .flat_map(|(key, value)| match value {
                Node::String(text) if key == "description" || key == "summary" => vec![text.clone()],
                value => sentences(value),
            })
            .collect(),
        Node::Array(items) => items.iter().flat_map(sentences).collect(),
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) => Vec::new(),
    }
}
