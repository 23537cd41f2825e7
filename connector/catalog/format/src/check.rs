//! Whether the words fit the facts.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Effect, input_name};
use crate::facts::{Facts, Operation};
use crate::humanise::file_stem;
use crate::kind::Type;
use crate::words::{FieldWords, Lookup, LookupWords, OperationWords, Words};

/// What is wrong with the words.
#[derive(Debug, Default, PartialEq)]
pub struct Findings {
    /// Words that are wrong: they name nothing, or say something that cannot be. The connector is not built with them.
    pub errors: Vec<String>,
    /// Words that are still to be written, or to be told apart. The connector is built without them.
    pub gaps: Vec<String>,
}

/// Compares the words with the facts.
pub fn check(facts: &Facts, words: &Words) -> Findings {
    let mut check = Check {
        facts,
        words,
        findings: Findings::default(),
    };
    check.operation_files();
    check.fields();
    check.models();
    check.effects();
    check.gaps();
    check.findings
}

struct Check<'a> {
    facts: &'a Facts,
    words: &'a Words,
    findings: Findings,
}

impl Check<'_> {
    fn error(&mut self, place: &str, problem: impl std::fmt::Display) {
        self.findings.errors.push(format!("{place}: {problem}"));
    }

    fn operation_files(&mut self) {
        let files: BTreeMap<String, &str> = self
            .facts
            .groups
            .iter()
            .map(|group| (file_stem(&group.tag), group.tag.as_str()))
            .collect();
        let words = self.words;
        for (stem, operations) in &words.operations {
            let Some(tag) = files.get(stem) else {
                self.error(
                    &format!("words/{stem}.toml"),
                    "Looker has no tag that this file is about",
                );
                continue;
            };
            for (name, own) in operations {
                let place = format!("words/{stem}.toml, [{name}]");
                match self.facts.operation(name) {
                    None => self.error(&place, "there is no such operation"),
                    Some((other, _)) if other != *tag => {
                        self.error(&place, format!("the operation belongs into {}.toml", file_stem(other)));
                    }
                    Some((_, operation)) => self.operation(&place, operation, own),
                }
            }
        }
    }

    fn operation(&mut self, place: &str, operation: &Operation, own: &OperationWords) {
        self.text(place, "title", own.title.as_deref());
        self.text(place, "help", own.help.as_deref());
        let inputs = inputs(self.facts, operation);
        for (field, words) in &own.fields {
            let place = format!("{place}, field {field}");
            if !inputs.contains(field) {
                self.error(&place, "the operation has no such input");
            }
            self.field(&place, words);
        }
    }

    fn fields(&mut self) {
        let mut names: BTreeSet<String> = (self.facts.models.iter())
            .flat_map(|model| model.properties.iter().map(|property| property.name.clone()))
            .collect();
        for (_, operation) in self.facts.operations() {
            names.extend(inputs(self.facts, operation));
            names.extend(operation.parameters.iter().map(|parameter| parameter.name.clone()));
        }
        let words = self.words;
        for (name, field) in &words.fields {
            let place = format!("words/fields.toml, [{name}]");
            if !names.contains(name) {
                self.error(&place, "no parameter and no property has this name");
            }
            self.field(&place, field);
        }
    }

    fn models(&mut self) {
        let words = self.words;
        for (name, properties) in &words.models {
            let Some(model) = self.facts.model(name) else {
                self.error(&format!("words/models.toml, [{name}]"), "there is no such model");
                continue;
            };
            for (property, field) in properties {
                let place = format!("words/models.toml, [{name}.{property}]");
                if model.property(property).is_none() {
                    self.error(&place, "the model has no such property");
                }
                self.field(&place, field);
            }
        }
    }

    fn effects(&mut self) {
        let words = self.words;
        let lists = [
            ("read", Effect::Read, &words.effects.read),
            ("write", Effect::Write, &words.effects.write),
            ("delete", Effect::Delete, &words.effects.delete),
        ];
        let mut seen = BTreeSet::new();
        for (list, effect, names) in lists {
            for name in names {
                let place = format!("words/effects.toml, {list}, {name}");
                if !seen.insert(name) {
                    self.error(&place, "the operation is named more than once");
                }
                match self.facts.operation(name) {
                    None => self.error(&place, "there is no such operation"),
                    Some((_, operation)) if Effect::of_method(operation.method) == effect => {
                        self.error(&place, format!("is no exception: {} says so already", operation.method));
                    }
                    Some(_) => {}
                }
            }
        }
    }

    fn field(&mut self, place: &str, words: &FieldWords) {
        self.text(place, "title", words.title.as_deref());
        self.text(place, "help", words.help.as_deref());
        match &words.lookup {
            Some(LookupWords::Switch(true)) => {
                self.error(
                    place,
                    "lookup = true says nothing: name the operation, or write false for none",
                );
            }
            Some(LookupWords::Operation(lookup)) => {
                if let Err(problem) = lookup_problem(self.facts, self.words, lookup) {
                    self.error(place, format!("lookup: {problem}"));
                }
            }
            Some(LookupWords::Switch(false)) | None => {}
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
        for (tag, operation) in self.facts.operations() {
            let stem = file_stem(tag);
            let own = self.words.operation(&stem, &operation.name);
            let title = own.and_then(|own| own.title.as_deref());
            let help = own.and_then(|own| own.help.as_deref());
            for (what, text) in [("title", title), ("help", help)] {
                if text.is_none() {
                    self.findings
                        .gaps
                        .push(format!("words/{stem}.toml: {} has no {what}", operation.name));
                }
            }
            if let Some(title) = title {
                titles.entry(title).or_default().push(&operation.name);
            }
        }
        for (title, operations) in titles {
            if operations.len() > 1 {
                self.findings
                    .gaps
                    .push(format!("the title \"{title}\" is used for {}", operations.join(", ")));
            }
        }
    }
}

/// The names of the inputs of an operation.
fn inputs(facts: &Facts, operation: &Operation) -> BTreeSet<String> {
    let mut inputs: BTreeSet<String> = operation
        .parameters
        .iter()
        .map(|parameter| input_name(facts, operation, parameter))
        .collect();
    if let Some(model) = facts.body_model(operation) {
        let sent = model.properties.iter().filter(|property| !property.read_only);
        inputs.extend(sent.map(|property| property.name.clone()));
    } else if operation.body.as_ref().is_some_and(|body| !body.is_form()) {
        inputs.insert("body".to_owned());
    }
    inputs
}

/// Why a platform could not fill a drop-down by this look-up.
fn lookup_problem(facts: &Facts, words: &Words, lookup: &Lookup) -> Result<(), String> {
    let Lookup {
        operation: name,
        value,
        label,
    } = lookup;
    let (_, operation) = facts
        .operation(name)
        .ok_or_else(|| format!("there is no operation {name}"))?;
    if Effect::of_operation(operation, words) != Effect::Read {
        return Err(format!("{name} is no read operation"));
    }
    if let Some(parameter) = operation.parameters.iter().find(|parameter| parameter.required) {
        return Err(format!(
            "{name} cannot be called by itself: it needs {}",
            parameter.name
        ));
    }
    if operation.body.as_ref().is_some_and(|body| body.required) {
        return Err(format!("{name} cannot be called by itself: it needs a body"));
    }
    let model = operation.answers.iter().find_map(|answer| match &answer.kind {
        Some(Type::Array(item)) => match item.as_ref() {
            Type::Model(model) => facts.model(model),
            _ => None,
        },
        _ => None,
    });
    let model = model.ok_or_else(|| format!("{name} answers no list of a model"))?;
    match [value, label]
        .into_iter()
        .find(|property| model.property(property).is_none())
    {
        Some(property) => Err(format!(
            "{name} answers a list of {}, which has no {property}",
            model.name
        )),
        None => Ok(()),
    }
}
