//! The WIT package encoded as WebAssembly, as registries store it and tools read it.

use std::error::Error;
use std::path::Path;
use wit_component::DecodedWasm;
use wit_parser::Resolve;

/// Encodes the package in `folder`, its docs included.
pub fn encode(folder: &Path) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut resolve = Resolve::new();
    let (package, _) = resolve.push_dir(folder)?;
    Ok(wit_component::encode(&resolve, package)?)
}

/// The names of the interfaces that a component imports and exports.
pub fn interfaces(component: &[u8]) -> Result<(Vec<String>, Vec<String>), Box<dyn Error>> {
    let DecodedWasm::Component(resolve, world) = wit_component::decode(component)? else {
        return Err("this is a WIT package, not a component".into());
    };
    let world = &resolve.worlds[world];
    let names = |items: &wit_parser::IndexMap<_, _>| items.keys().map(|key| resolve.name_world_key(key)).collect();
    Ok((names(&world.imports), names(&world.exports)))
}
