//! Reads what each file of a crate imports from the others.

use proc_macro2::{TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use syn::visit::{self, Visit};
use syn::{Attribute, File, Item, ItemMod, ItemUse, Macro, Path, UseTree, Visibility};

/// A module's path from the crate's root: `["egress", "client"]`.
type Module = Vec<String>;

/// The files that each file imports, by name.
pub type Imports = BTreeMap<String, BTreeSet<String>>;

/// The files of one crate.
#[derive(Default)]
pub struct Sources {
    files: BTreeMap<Module, (String, File)>,
}

impl Sources {
    /// Adds a file, by its name below `src`. Files of tests are left out.
    pub fn add(&mut self, name: &str, text: &str) {
        let mut module: Module = name.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        match module.last().map(String::as_str) {
            Some("tests") => return,
            Some("lib" | "mod") => drop(module.pop()),
            _ => {}
        }
        let file = syn::parse_file(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        self.files.insert(module, (name.to_owned(), file));
    }

    /// What the `pub use` items of a module re-export: the path behind each name.
    fn re_exports(&self, module: &[String]) -> HashMap<String, Module> {
        let mut re_exports = HashMap::new();
        for item in self.files.get(module).map_or(&[][..], |(_, file)| &file.items) {
            if let Item::Use(item) = item
                && !matches!(item.vis, Visibility::Inherited)
            {
                for (name, path) in leaves(&item.tree) {
                    re_exports.insert(name, self.absolute(module, &HashMap::new(), &path));
                }
            }
        }
        re_exports
    }

    /// A path from the crate's root; empty where it leads out of the crate.
    fn absolute(&self, module: &[String], names: &HashMap<String, Module>, path: &[String]) -> Module {
        let mut base = module.to_vec();
        let mut rest = path;
        while let Some((first, others)) = rest.split_first() {
            match first.as_str() {
                "crate" => base.clear(),
                "self" => {}
                "super" => drop(base.pop()),
                name if rest.len() == path.len() => {
                    if let Some(known) = names.get(name) {
                        base = known.clone();
                    } else if self.files.contains_key(&[module, &[name.to_owned()]].concat()) {
                        base.push(name.to_owned());
                    } else {
                        return Vec::new();
                    }
                }
                _ => break,
            }
            rest = others;
        }
        base.extend(rest.iter().cloned());
        base
    }

    /// The file that defines what a path from the root names. Re-exports are followed.
    fn file(&self, path: &[String]) -> Option<&str> {
        let mut path = path.to_vec();
        // A re-export of a re-export ends soon; a ring of them would not compile.
        for _ in 0..8 {
            let length = (0..=path.len()).rev().find(|length| self.files.contains_key(&path[..*length]))?;
            let (module, rest) = path.split_at(length);
            let behind = rest.first().and_then(|name| self.re_exports(module).remove(name));
            match behind {
                Some(behind) if !behind.is_empty() => path = [&behind, &rest[1..]].concat(),
                _ => return self.files.get(module).map(|(name, _)| name.as_str()),
            }
        }
        None
    }
}

/// What each file imports.
pub fn imports(sources: &Sources) -> Imports {
    let mut imports = Imports::new();
    for (module, (name, file)) in &sources.files {
        let mut found = Found { sources, module: module.clone(), names: HashMap::new(), paths: Vec::new() };
        found.visit_file(file);
        let targets = found.paths.iter().filter_map(|path| sources.file(path)).filter(|target| target != name);
        imports.insert(name.clone(), targets.map(str::to_owned).collect());
    }
    imports
}

/// Collects the paths that a file uses.
struct Found<'a> {
    sources: &'a Sources,
    module: Module,
    /// What the file's own `use` items have given a name.
    names: HashMap<String, Module>,
    paths: Vec<Module>,
}

impl Found<'_> {
    fn note(&mut self, path: &[String]) {
        let path = self.sources.absolute(&self.module, &self.names, path);
        if !path.is_empty() {
            self.paths.push(path);
        }
    }

    /// Paths in a macro's tokens, which are no syntax tree: those that begin with `crate`, `self` or `super`.
    fn note_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        for token in tokens {
            match token {
                TokenTree::Ident(word) => {
                    let word = word.to_string();
                    if path.is_empty() && matches!(word.as_str(), "crate" | "self" | "super")
                        || path.last().is_some_and(String::is_empty)
                    {
                        path.pop_if(|last| last.is_empty());
                        path.push(word);
                        continue;
                    }
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' && !path.is_empty() => {
                    if path.last().is_some_and(|last| !last.is_empty()) {
                        path.push(String::new());
                    }
                    continue;
                }
                TokenTree::Group(group) => self.note_tokens(group.stream()),
                _ => {}
            }
            self.note_end(&mut path);
        }
        self.note_end(&mut path);
    }

    fn note_end(&mut self, path: &mut Vec<String>) {
        path.pop_if(|last| last.is_empty());
        if path.len() > 1 {
            self.note(path);
        }
        path.clear();
    }
}

impl<'ast> Visit<'ast> for Found<'_> {
    fn visit_file(&mut self, file: &'ast File) {
        // First what has a name, since items may stand in any order.
        for item in &file.items {
            if let Item::Use(item) = item {
                for (name, path) in leaves(&item.tree) {
                    let path = self.sources.absolute(&self.module, &HashMap::new(), &path);
                    if !path.is_empty() {
                        self.names.insert(name, path);
                    }
                }
            }
        }
        visit::visit_file(self, file);
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if item.content.is_none() || is_for_tests(&item.attrs) {
            return;
        }
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if matches!(item.vis, Visibility::Inherited) {
            for (_, path) in leaves(&item.tree) {
                self.note(&path);
            }
        }
    }

    fn visit_path(&mut self, path: &'ast Path) {
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if names.len() > 1 && path.leading_colon.is_none() {
            self.note(&names);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.note_tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }
}

/// Every name that a `use` item brings in, with its path.
fn leaves(tree: &UseTree) -> Vec<(String, Module)> {
    match tree {
        UseTree::Path(path) => {
            let first = path.ident.to_string();
            let below = leaves(&path.tree).into_iter();
            below
                .map(|(name, rest)| {
                    // `use a::{self}` brings in `a`.
                    let name = if name == "self" { first.clone() } else { name };
                    let rest = rest.into_iter().filter(|part| part != "self");
                    (name, std::iter::once(first.clone()).chain(rest).collect())
                })
                .collect()
        }
        UseTree::Name(name) => vec![(name.ident.to_string(), vec![name.ident.to_string()])],
        UseTree::Rename(rename) => vec![(rename.rename.to_string(), vec![rename.ident.to_string()])],
        UseTree::Glob(_) => vec![("*".to_owned(), Vec::new())],
        UseTree::Group(group) => group.items.iter().flat_map(leaves).collect(),
    }
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<Path>().is_ok_and(|condition| condition.is_ident("test"))
    })
}
