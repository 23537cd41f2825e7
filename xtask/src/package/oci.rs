//! The component as an OCI image layout, in the form of the CNCF's "Wasm OCI artifact": a folder that `skopeo`, `oras` and
//! other tools push to a registry, and that `wkg` pulls from there.

use super::{sums::sha256, wit};
use serde_json::{Value, json};
use std::error::Error;
use std::fs;
use std::path::Path;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.wasm.config.v0+json";
const LAYER: &str = "application/wasm";

/// The format requires a time. A real one would make every package differ.
const CREATED: &str = "1970-01-01T00:00:00Z";

/// Writes the layout of one image with the tag `version` into `folder`.
pub fn write(folder: &Path, component: &[u8], version: &str) -> Result<(), Box<dyn Error>> {
    let (imports, exports) = wit::interfaces(component)?;
    let digest = format!("sha256:{}", sha256(component));
    let config = json!({
        "created": CREATED,
        "architecture": "wasm",
        "os": "wasip2",
        "layerDigests": [digest],
        "component": { "exports": exports, "imports": imports },
    });
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs)?;
    let layer = blob(&blobs, LAYER, component)?;
    let config = blob(&blobs, CONFIG, config.to_string().as_bytes())?;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config,
        "layers": [layer],
        "annotations": annotations(component)?,
    });
    let mut manifest = blob(&blobs, MANIFEST, manifest.to_string().as_bytes())?;
    manifest["annotations"] = json!({ "org.opencontainers.image.ref.name": version });
    let index = json!({ "schemaVersion": 2, "manifests": [manifest] });
    fs::write(folder.join("index.json"), index.to_string())?;
    fs::write(folder.join("oci-layout"), json!({ "imageLayoutVersion": "1.0.0" }).to_string())?;
    Ok(())
}

/// Writes a blob under its digest and returns its descriptor.
fn blob(blobs: &Path, media_type: &str, content: &[u8]) -> std::io::Result<Value> {
    let sum = sha256(content);
    fs::write(blobs.join(&sum), content)?;
    Ok(json!({ "mediaType": media_type, "digest": format!("sha256:{sum}"), "size": content.len() }))
}

/// The component's own metadata, under the names that registries show.
fn annotations(component: &[u8]) -> Result<Value, Box<dyn Error>> {
    let metadata = wasm_metadata::Payload::from_binary(component)?;
    let metadata = metadata.metadata();
    let mut annotations = serde_json::Map::new();
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            annotations.insert(format!("org.opencontainers.image.{name}"), value.into());
        }
    };
    add("title", metadata.name.clone());
    add("description", metadata.description.as_ref().map(ToString::to_string));
    add("version", metadata.version.as_ref().map(ToString::to_string));
    add("licenses", metadata.licenses.as_ref().map(ToString::to_string));
    add("source", metadata.source.as_ref().map(ToString::to_string));
    add("url", metadata.homepage.as_ref().map(ToString::to_string));
    Ok(annotations.into())
}
