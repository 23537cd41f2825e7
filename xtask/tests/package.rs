//! The package that `cargo xtask package` makes, read back with the tools that its users have.
#![allow(clippy::unwrap_used, missing_docs)]

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::{fs, io};
use wasm_metadata::Payload;
use wit_component::DecodedWasm;

fn dist() -> &'static Path {
    static DIST: OnceLock<PathBuf> = OnceLock::new();
    DIST.get_or_init(|| {
        let dist = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dist");
        let output = run(&dist);
        assert!(output.0, "{}", output.1);
        dist
    })
}

/// Whether the program succeeded, and what it says of a failure.
fn run(output: &Path) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask")).args(["package", "--output"]).arg(output).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn json(file: &str) -> Value {
    serde_json::from_slice(&fs::read(dist().join(file)).unwrap()).unwrap()
}

#[test]
fn the_component_says_who_it_is() {
    let component = fs::read(dist().join("looker_connector.wasm")).unwrap();
    let payload = Payload::from_binary(&component).unwrap();
    let metadata = payload.metadata();
    assert_eq!(metadata.name.as_deref(), Some("looker-connector"));
    assert_eq!(metadata.version.as_ref().unwrap().to_string(), env!("CARGO_PKG_VERSION"));
    assert_eq!(metadata.licenses.as_ref().unwrap().to_string(), "Apache-2.0 OR MIT");
    assert!(metadata.description.as_ref().unwrap().to_string().contains("Looker"));
    let producers = metadata.producers.as_ref().unwrap();
    for tool in ["rustc", "wit-component"] {
        assert!(producers.get("processed-by").unwrap().get(tool).is_some(), "{tool}");
    }
}

#[test]
fn the_wit_package_has_its_docs() {
    let bytes = fs::read(dist().join("workflow-connector-wit.wasm")).unwrap();
    let DecodedWasm::WitPackage(resolve, package) = wit_component::decode(&bytes).unwrap() else {
        panic!("not a WIT package");
    };
    assert!(resolve.packages[package].name.to_string().starts_with("workflow:connector@"));
    let connector = resolve.packages[package].interfaces["connector"];
    let invoke = &resolve.interfaces[connector].functions["invoke"];
    assert!(invoke.docs.contents.as_ref().unwrap().contains("Carries out one operation"));
    assert!(dist().join("wit/connector.wit").is_file() && dist().join("wit/deps/http/types.wit").is_file());
}

#[test]
fn the_bill_of_materials_has_what_is_in_the_component_and_nothing_else() {
    let bill = json("looker_connector.cdx.json");
    let names: Vec<_> =
        bill["components"].as_array().unwrap().iter().map(|part| part["name"].as_str().unwrap()).collect();
    for part in ["serde_json", "waki", "wit-bindgen", "rust-std"] {
        assert!(names.contains(&part), "{part} is missing in {names:?}");
    }
    for tool in ["serde_derive", "syn", "catalog-model", "wasmtime", "looker-connector"] {
        assert!(!names.contains(&tool), "{tool} is not in the component");
    }
    assert_eq!(bill["metadata"]["component"]["hashes"][0]["content"], sum_of("looker_connector.wasm"));
    assert!(bill["serialNumber"].is_null() && bill["metadata"]["timestamp"].is_null(), "each package would be another");
}

#[test]
fn the_image_layout_is_whole() {
    let blob = |digest: &Value| format!("oci/blobs/sha256/{}", digest.as_str().unwrap().trim_start_matches("sha256:"));
    let manifest = json(&blob(&json("oci/index.json")["manifests"][0]["digest"]));
    assert_eq!(manifest["layers"][0]["digest"], format!("sha256:{}", sum_of("looker_connector.wasm")));
    assert_eq!(manifest["annotations"]["org.opencontainers.image.licenses"], "Apache-2.0 OR MIT");
    let config = json(&blob(&manifest["config"]["digest"]));
    assert_eq!(config["layerDigests"][0], manifest["layers"][0]["digest"]);
    let exports = config["component"]["exports"].as_array().unwrap();
    assert!(exports.iter().any(|export| export.as_str().unwrap().starts_with("workflow:connector/connector@")));
}

#[test]
fn a_folder_with_something_else_is_not_emptied() -> io::Result<()> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("something-else");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("letter.txt"), "keep me")?;
    let (succeeded, message) = run(&folder);
    assert!(!succeeded && message.contains("holds something else"), "{message}");
    assert_eq!(fs::read_to_string(folder.join("letter.txt"))?, "keep me");
    Ok(())
}

/// What SHA256SUMS says of a file.
fn sum_of(file: &str) -> String {
    let sums = fs::read_to_string(dist().join("SHA256SUMS")).unwrap();
    let line = sums.lines().find_map(|line| line.strip_suffix(&format!("  {file}")));
    line.unwrap_or_else(|| panic!("{file} is not in {sums}")).to_owned()
}
