//! Checks the overlay against the spec.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::Effect;
use crate::humanize::file_stem;
use crate::inputs::inputs;
use crate::kind::Type;
use crate::overlay::{FieldOverlay, Lookup, LookupOverlay, OperationOverlay, Overlay};
use crate::spec::{Operation, Spec};

/// What is wrong with an overlay.
#[derive(Debug, Default, PartialEq)]
pub struct Findings {
    /// Entries that name nothing or cannot be true. The connector does not build with them.
    pub errors: Vec<String>,
    /// Titles and help that are missing or not unique. The connector builds without them.
    pub gaps: Vec<String>,
}

/// Checks an overlay against a spec.
pub fn check(spec: &Spec, overlay: &Overlay) -> Findings {
    let mut check = Check { spec, overlay, findings: Findings::default() };
    check.operation_files();
    check.fields();
    check.models();
    check.effects();
    check.gaps();
    check.findings
}

struct Check<'a> {
    spec: &'a Spec,
    overlay: &'a Overlay,
    findings: Findings,
}

impl Check<'_> {
    fn error(&mut self, place: &str, problem: impl std::fmt::Display) {
        self.findings.errors.push(format!("{place}: {problem}"));
    }

    fn operation_files(&mut self) {
        let files: BTreeMap<String, &str> =
            self.spec.groups.iter().map(|group| (file_stem(&group.tag), group.tag.as_str())).collect();
        let overlay = self.overlay;
        for (stem, operations) in &overlay.operations {
            let Some(tag) = files.get(stem) else {
                self.error(&format!("overlay/{stem}.toml"), "Looker has no tag that this file is about");
                continue;
            };
            for (name, own) in operations {
                let place = format!("overlay/{stem}.toml, [{name}]");
                match self.spec.operation(name) {
                    None => self.error(&place, "there is no such operation"),
                    Some((other, _)) if other != *tag => {
                        self.error(&place, format!("the operation belongs into {}.toml", file_stem(other)));
                    }
                    Some((_, operation)) => self.operation(&place, operation, own),
                }
            }
        }
    }

    fn operation(&mut self, place: &str, operation: &Operation, own: &OperationOverlay) {
        self.text(place, "title", own.title.as_deref());
        self.text(place, "help", own.help.as_deref());
        let inputs = inputs(self.spec, operation).unwrap_or_default();
        for (field, overlay) in &own.fields {
            let place = format!("{place}, field {field}");
            if !inputs.contains(field) {
                self.error(&place, "the operation has no such input");
            }
            self.field(&place, overlay);
        }
    }

    fn fields(&mut self) {
        let mut names: BTreeSet<String> = (self.spec.models.iter())
            .flat_map(|model| model.properties.iter().map(|property| property.name.clone()))
            .collect();
        for (_, operation) in self.spec.operations() {
            names.extend(inputs(self.spec, operation).unwrap_or_default());
            names.extend(operation.parameters.iter().map(|parameter| parameter.name.clone()));
        }
        let overlay = self.overlay;
        for (name, field) in &overlay.fields {
            let place = format!("overlay/fields.toml, [{name}]");
            if !names.contains(name) {
                self.error(&place, "no parameter and no property has this name");
            }
            self.field(&place, field);
        }
    }

    fn models(&mut self) {
        let overlay = self.overlay;
        for (name, properties) in &overlay.models {
            let Some(model) = self.spec.model(name) else {
                self.error(&format!("overlay/models.toml, [{name}]"), "there is no such model");
                continue;
            };
            for (property, field) in properties {
                let place = format!("overlay/models.toml, [{name}.{property}]");
                if model.property(property).is_none() {
                    self.error(&place, "the model has no such property");
                }
                self.field(&place, field);
            }
        }
    }

    fn effects(&mut self) {
        let overlay = self.overlay;
        let lists = [
            ("read", Effect::Read, &overlay.effects.read),
            ("write", Effect::Write, &overlay.effects.write),
            ("delete", Effect::Delete, &overlay.effects.delete),
        ];
        let mut seen = BTreeSet::new();
        for (list, effect, names) in lists {
            for name in names {
                let place = format!("overlay/effects.toml, {list}, {name}");
                if !seen.insert(name) {
                    self.error(&place, "the operation is named more than once");
                }
                match self.spec.operation(name) {
                    None => self.error(&place, "there is no such operation"),
                    Some((_, operation)) if Effect::of_method(operation.method) == effect => {
                        self.error(&place, format!("is no exception: {} says so already", operation.method));
                    }
                    Some(_) => {}
                }
            }
        }
    }

    fn field(&mut self, place: &str, overlay: &FieldOverlay) {
        self.text(place, "title", overlay.title.as_deref());
        self.text(place, "help", overlay.help.as_deref());
        match &overlay.lookup {
            Some(LookupOverlay::Switch(true)) => {
                self.error(place, "lookup = true says nothing: name the operation, or write false for none");
            }
            Some(LookupOverlay::Operation(lookup)) => {
                if let Err(problem) = lookup_problem(self.spec, self.overlay, lookup) {
                    self.error(place, format!("lookup: {problem}"));
                }
            }
            Some(LookupOverlay::Switch(false)) | None => {}
        }
    }

    fn text(&mut self, place: &str, what: &str, text: Option<&str>) {
        let Some(text) = text else { return };
        if text.trim().is_empty() {
            self.error(place, format!("the {what} is empty"));
        } else if text != text.trim() || text.contains(['\n', '\t']) {
            self.error(place, format!("the {what} must be one line without spaces around it"));
        }
    }

    fn gaps(&mut self) {
        let mut titles: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (tag, operation) in self.spec.operations() {
            let stem = file_stem(tag);
            let own = self.overlay.operation(&stem, &operation.name);
            let title = own.and_then(|own| own.title.as_deref());
            let help = own.and_then(|own| own.help.as_deref());
            for (what, text) in [("title", title), ("help", help)] {
                if text.is_none() {
                    self.findings.gaps.push(format!("overlay/{stem}.toml: {} has no {what}", operation.name));
                }
            }
            if let Some(title) = title {
                titles.entry(title).or_default().push(&operation.name);
            }
        }
        for (title, operations) in titles {
            if operations.len() > 1 {
                self.findings.gaps.push(format!("the title \"{title}\" is used for {}", operations.join(", ")));
            }
        }
    }
}

/// Why a platform could not fill a drop-down by this look-up.
fn lookup_problem(spec: &Spec, overlay: &Overlay, lookup: &Lookup) -> Result<(), String> {
    let Lookup { operation: name, value, label } = lookup;
    let (_, operation) = spec.operation(name).ok_or_else(|| format!("there is no operation {name}"))?;
    if Effect::of_operation(operation, overlay) != Effect::Read {
        return Err(format!("{name} is not a read operation"));
    }
    if let Some(parameter) = operation.parameters.iter().find(|parameter| parameter.required) {
        return Err(format!("{name} cannot be called by itself: it needs {}", parameter.name));
    }
    if operation.body.as_ref().is_some_and(|body| body.required) {
        return Err(format!("{name} cannot be called by itself: it needs a body"));
    }
    let model = operation.responses.iter().find_map(|response| match &response.kind {
        Some(Type::Array(item)) => match item.as_ref() {
            Type::Model(model) => spec.model(model),
            _ => None,
        },
        _ => None,
    });
    let model = model.ok_or_else(|| format!("{name} does not return a list of a model"))?;
    match [value, label].into_iter().find(|property| model.property(property).is_none()) {
        Some(property) => Err(format!("{name} returns a list of {}, which has no {property}", model.name)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::correct;
    use crate::fixture::{COMPLETE, overlay, spec};

    /// The findings on the complete overlay plus more files.
    fn findings(more: &[(&str, &str)]) -> Findings {
        let overlay = overlay(&[COMPLETE.as_slice(), more].concat());
        check(&correct(spec(), &overlay).unwrap(), &overlay)
    }

    fn error(more: &[(&str, &str)]) -> String {
        let mut errors = findings(more).errors;
        assert_eq!(errors.len(), 1, "{errors:?}");
        errors.remove(0)
    }

    #[test]
    fn a_complete_overlay_has_no_findings() {
        let lookup = "lookup = { operation = \"all_trees\", value = \"id\", label = \"label\" }";
        let fields =
            format!("[tree_id]\n{lookup}\n[query_limit]\ntitle = \"Most\"\n[body]\ntitle = \"All\"\n[label]\n");
        let models = "[Tree.label]\nlookup = false\n";
        let effects = "read = [\"estimate\"]\n";
        let more = [("fields.toml", fields.as_str()), ("models.toml", models), ("effects.toml", effects)];
        assert_eq!(findings(&more), Findings::default());
    }

    #[test]
    fn what_names_nothing_is_an_error() {
        for (file, text, expected) in [
            ("pear.toml", "", "overlay/pear.toml: Looker has no tag"),
            ("fields.toml", "[size]\n", "[size]: no parameter and no property"),
            ("models.toml", "[Pear.id]\n", "[Pear]: there is no such model"),
            ("models.toml", "[Apple.size]\n", "[Apple.size]: the model has no such property"),
            ("effects.toml", "read = [\"shake\"]\n", "read, shake: there is no such operation"),
            ("effects.toml", "read = [\"all_trees\"]\n", "read, all_trees: is no exception: GET says so already"),
            ("effects.toml", "write = [\"set_trees\"]\n", "is no exception: PUT says so already"),
            (
                "effects.toml",
                "read = [\"estimate\"]\ndelete = [\"estimate\"]\n",
                "delete, estimate: the operation is named more than once",
            ),
        ] {
            let error = error(&[(file, text)]);
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn an_operation_belongs_into_the_file_of_its_tag() {
        let more = format!("{}[create_apple]\n[grow]\n[set_trees.fields.size]\n", COMPLETE[1].1);
        let errors =
            findings(&[("tree.toml", &more.replace("[set_trees.fields.size]", "[all_trees.fields.size]"))]).errors;
        assert_eq!(
            errors,
            [
                "overlay/tree.toml, [all_trees], field size: the operation has no such input",
                "overlay/tree.toml, [create_apple]: the operation belongs into apple_fruit.toml",
                "overlay/tree.toml, [grow]: there is no such operation",
            ]
        );
    }

    #[test]
    fn fields_are_those_of_the_input() {
        let own = |field: &str| {
            let text = format!("{}[create_apple.fields.{field}]\n", COMPLETE[0].1);
            findings(&[("apple_fruit.toml", &text)]).errors
        };
        for input in ["tree_id", "query_limit", "limit", "color", "id"] {
            assert_eq!(own(input), [] as [&str; 0], "{input}");
        }
        assert_eq!(own("body").len(), 1);
        assert_eq!(own("query_id").len(), 1);
    }

    #[test]
    fn a_lookup_must_be_a_list_that_can_be_asked_for() {
        for (lookup, effects, expected) in [
            ("{ operation = \"trees\", value = \"id\", label = \"label\" }", "", "there is no operation trees"),
            (
                "{ operation = \"set_trees\", value = \"id\", label = \"label\" }",
                "",
                "set_trees is not a read operation",
            ),
            (
                "{ operation = \"set_trees\", value = \"id\", label = \"label\" }",
                "read = [\"set_trees\"]",
                "set_trees cannot be called by itself: it needs a body",
            ),
            (
                "{ operation = \"create_apple\", value = \"id\", label = \"label\" }",
                "read = [\"create_apple\"]",
                "create_apple cannot be called by itself: it needs tree_id",
            ),
            (
                "{ operation = \"all_trees\", value = \"key\", label = \"label\" }",
                "",
                "a list of Tree, which has no key",
            ),
            (
                "{ operation = \"all_trees\", value = \"id\", label = \"name\" }",
                "",
                "a list of Tree, which has no name",
            ),
            ("true", "", "lookup = true says nothing"),
        ] {
            let fields = format!("[tree_id]\nlookup = {lookup}\n");
            let error = error(&[("fields.toml", &fields), ("effects.toml", effects)]);
            assert!(error.starts_with("overlay/fields.toml, [tree_id]: ") && error.contains(expected), "{error}");
        }
        let mut spec = spec();
        spec.groups[1].operations[0].responses[0].kind = Some(Type::Model("Tree".into()));
        let overlay = overlay(&[(
            "fields.toml",
            "[tree_id]\nlookup = { operation = \"all_trees\", value = \"id\", label = \"label\" }\n",
        )]);
        assert!(check(&spec, &overlay).errors[0].contains("all_trees does not return a list of a model"));
    }

    #[test]
    fn texts_are_one_line() {
        for text in ["", " ", " a", "a ", "a\\nb"] {
            let fields = format!("[tree_id]\nhelp = \"{text}\"\n");
            assert!(error(&[("fields.toml", &fields)]).contains("[tree_id]: the help "), "{text:?}");
        }
    }

    #[test]
    fn what_is_missing_or_the_same_is_a_gap() {
        let tree = "[all_trees]\ntitle = \"Create apple\"\nhelp = \"Names all.\"\n[set_trees]\ntitle = \"Set trees\"\n";
        let found = findings(&[("tree.toml", tree)]);
        assert_eq!(found.errors, [] as [&str; 0]);
        assert_eq!(
            found.gaps,
            [
                "overlay/tree.toml: set_trees has no help",
                "the title \"Create apple\" is used for create_apple, all_trees"
            ]
        );
        assert_eq!(check(&spec(), &Overlay::default()).gaps.len(), 8);
    }
}
