//! Rings among files that import each other.

use crate::source::Imports;
use std::collections::BTreeSet;

/// The files of a ring, the first one again at the end; none where there is no ring.
pub fn ring(imports: &Imports) -> Option<Vec<String>> {
    let mut done = BTreeSet::new();
    imports.keys().find_map(|file| search(imports, file, &mut Vec::new(), &mut done))
}

/// Follows the imports of a file until they come back to a file of `way`, or end.
fn search<'a>(
    imports: &'a Imports,
    file: &'a str,
    way: &mut Vec<&'a str>,
    done: &mut BTreeSet<&'a str>,
) -> Option<Vec<String>> {
    if let Some(start) = way.iter().position(|earlier| *earlier == file) {
        return Some(way[start..].iter().copied().chain([file]).map(str::to_owned).collect());
    }
    if !done.contains(file) {
        way.push(file);
        for target in imports.get(file).into_iter().flatten() {
            if let Some(ring) = search(imports, target, way, done) {
                return Some(ring);
            }
        }
        way.pop();
        done.insert(file);
    }
    None
}
