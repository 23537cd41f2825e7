//! The bill of materials (CycloneDX 1.5): the crates whose code is in the component, and Rust's standard library. It
//! leaves out macros and build scripts: the component has no code of theirs.

use super::sums::sha256;
use cargo_metadata::{DependencyKind, Metadata, Node, Package, PackageId, TargetKind};
use cyclonedx_bom::external_models::{normalized_string::NormalizedString, spdx::SpdxExpression, uri::Purl};
use cyclonedx_bom::models::bom::{Bom, SpecVersion};
use cyclonedx_bom::models::component::{Classification, Component, Components};
use cyclonedx_bom::models::dependency::{Dependencies, Dependency};
use cyclonedx_bom::models::hash::{Hash, HashAlgorithm, HashValue, Hashes};
use cyclonedx_bom::models::license::{LicenseChoice, Licenses};
use cyclonedx_bom::models::metadata::Metadata as BomMetadata;
use cyclonedx_bom::validation::Validate;
use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use wasm_metadata::{Payload, Producers};

/// The part of Cargo.lock that the bill needs.
#[derive(serde::Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

/// A package in Cargo.lock. This workspace's own packages have no checksum.
#[derive(serde::Deserialize)]
struct Locked {
    name: String,
    version: String,
    checksum: Option<String>,
}

/// The bill of `component`, which was built from `root`, as JSON. It has no serial number and no time, so that the same
/// component always has the same bill.
pub fn bom(workspace: &Metadata, root: &Package, lock: &str, component: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let lock: Lock = toml::from_str(lock)?;
    let checksums: HashMap<_, _> = lock
        .package
        .into_iter()
        .filter_map(|package| Some(((package.name, package.version), package.checksum?)))
        .collect();
    let linked = linked(workspace, &root.id)?;

    let mut subject = described(root)?;
    subject.component_type = Classification::Application;
    subject.hashes = Some(sha256_hash(sha256(component)));
    let root_ref = subject.bom_ref.clone().unwrap_or_default();

    let rust = standard_library(component)?;
    let rust_ref = rust.bom_ref.clone().unwrap_or_default();
    let mut components = vec![rust];
    let mut dependencies = Vec::new();
    for (id, needs) in &linked {
        let package = &workspace[id];
        let mut component = described(package)?;
        let reference = component.bom_ref.clone().unwrap_or_default();
        let mut needs = needs.iter().map(|id| reference_of(&workspace[id])).collect::<Result<Vec<_>, _>>()?;
        needs.push(rust_ref.clone());
        dependencies.push(Dependency { dependency_ref: reference.clone(), dependencies: needs });
        if reference == root_ref {
            continue;
        }
        let checksum = checksums.get(&(package.name.to_string(), package.version.to_string()));
        component.hashes = checksum.map(|sum| sha256_hash(sum.clone()));
        components.push(component);
    }
    dependencies.push(Dependency { dependency_ref: rust_ref, dependencies: Vec::new() });
    components.sort_by(|one, other| one.bom_ref.cmp(&other.bom_ref));
    dependencies.sort_by(|one, other| one.dependency_ref.cmp(&other.dependency_ref));

    let bom = Bom {
        serial_number: None,
        spec_version: SpecVersion::V1_5,
        metadata: Some(BomMetadata { component: Some(subject), ..BomMetadata::default() }),
        components: Some(Components(components)),
        dependencies: Some(Dependencies(dependencies)),
        ..Bom::default()
    };
    let verdict = bom.validate();
    if verdict.has_errors() {
        return Err(format!("the bill of materials is not valid: {verdict:?}").into());
    }
    let mut json = Vec::new();
    bom.output_as_json_v1_5(&mut json)?;
    Ok(json)
}

/// The packages that are linked into the component, each with its direct dependencies.
fn linked<'a>(
    workspace: &'a Metadata,
    root: &'a PackageId,
) -> Result<BTreeMap<&'a PackageId, Vec<&'a PackageId>>, Box<dyn Error>> {
    let resolve = workspace.resolve.as_ref().ok_or("cargo metadata resolved nothing")?;
    let nodes: HashMap<&PackageId, &Node> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let is_macro = |id: &PackageId| workspace[id].targets.iter().any(|target| target.is_kind(TargetKind::ProcMacro));
    let mut found = BTreeMap::new();
    let mut open = vec![root];
    while let Some(id) = open.pop() {
        if found.contains_key(id) {
            continue;
        }
        let uses: Vec<&PackageId> = nodes[id]
            .deps
            .iter()
            .filter(|dependency| dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal))
            .map(|dependency| &dependency.pkg)
            .filter(|id| !is_macro(id))
            .collect();
        open.extend(&uses);
        found.insert(id, uses);
    }
    Ok(found)
}

/// A Cargo package as a component of the bill.
fn described(package: &Package) -> Result<Component, Box<dyn Error>> {
    let version = package.version.to_string();
    let reference = reference_of(package)?;
    let mut component = Component::new(Classification::Library, &package.name, &version, Some(reference));
    component.purl = Some(Purl::new("cargo", &package.name, &version)?);
    component.description = package.description.as_deref().map(NormalizedString::new);
    if let Some(license) = &package.license {
        // Older crates write the slash for what SPDX calls OR.
        let expression = SpdxExpression::new(&license.replace('/', " OR "));
        component.licenses = Some(Licenses(vec![LicenseChoice::Expression(expression)]));
    }
    Ok(component)
}

/// The name of a package within the bill.
fn reference_of(package: &Package) -> Result<String, Box<dyn Error>> {
    Ok(Purl::new("cargo", &package.name, &package.version.to_string())?.to_string())
}

/// Rust's standard library, of the compiler that the component names.
fn standard_library(component: &[u8]) -> Result<Component, Box<dyn Error>> {
    let payload = Payload::from_binary(component)?;
    let rustc = rustc(&payload).ok_or("the component does not say which rustc built it")?;
    // "1.95.0 (59807616e 2026-04-14)": the number is the version.
    let version = rustc.split(' ').next().unwrap_or_default();
    let purl = Purl::new("generic", "rust-std", version)?;
    let mut component = Component::new(Classification::Library, "rust-std", version, Some(purl.to_string()));
    component.purl = Some(purl);
    component.description = Some(NormalizedString::new("Rust's standard library"));
    let expression = SpdxExpression::new("Apache-2.0 OR MIT");
    component.licenses = Some(Licenses(vec![LicenseChoice::Expression(expression)]));
    Ok(component)
}

/// The version of rustc that a component, or a module within it, names.
fn rustc(payload: &Payload) -> Option<String> {
    let version = |producers: &Producers| producers.get("processed-by")?.get("rustc").cloned();
    let own = payload.metadata().producers.as_ref().and_then(version);
    own.or_else(|| match payload {
        Payload::Component { children, .. } => children.iter().find_map(rustc),
        Payload::Module(_) => None,
    })
}

fn sha256_hash(sum: String) -> Hashes {
    Hashes(vec![Hash { alg: HashAlgorithm::SHA_256, content: HashValue(sum) }])
}
