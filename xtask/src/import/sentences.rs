//! Whether the catalog's own words repeat a sentence of Looker's.

use std::collections::HashSet;

use catalog_model::Overlay;

/// So many words in a row are a sentence taken over, and not two people who name the same thing.
const RUN: usize = 6;

/// Every title and help that shares six or more words in a row with one of Looker's sentences. Case and punctuation do
/// not count.
pub fn shared_sentences(overlay: &Overlay, sentences: &[String]) -> Vec<String> {
    let sentences: Vec<Vec<String>> = sentences.iter().map(|sentence| split(sentence)).collect();
    let runs: HashSet<&[String]> = sentences.iter().flat_map(|sentence| sentence.windows(RUN)).collect();
    let mut shared = Vec::new();
    for (place, text) in texts(overlay) {
        if let Some(run) = split(text).windows(RUN).find(|run| runs.contains(run)) {
            shared.push(format!("{place}: Looker writes \"{}\" too: say it in words of your own", run.join(" ")));
        }
    }
    shared
}

/// The words of a text in lower case, without punctuation. A name like `first_name` is one word.
fn split(text: &str) -> Vec<String> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '\'' && letter != '’')
        .map(|word| word.replace(['\'', '’'], "").to_lowercase())
        .filter(|word| !word.is_empty())
        .collect()
}

/// Every title and help with its place.
fn texts<'a>(overlay: &'a Overlay) -> Vec<(String, &'a str)> {
    let mut texts = Vec::new();
    let mut add = |place: String, title: &'a Option<String>, help: &'a Option<String>| {
        texts.extend(title.iter().chain(help).map(|text| (place.clone(), text.as_str())));
    };
    for (stem, operations) in &overlay.operations {
        for (name, own) in operations {
            add(format!("overlay/{stem}.toml, [{name}]"), &own.title, &own.help);
            for (field, own) in &own.fields {
                add(format!("overlay/{stem}.toml, [{name}], field {field}"), &own.title, &own.help);
            }
        }
    }
    for (name, own) in &overlay.fields {
        add(format!("overlay/fields.toml, [{name}]"), &own.title, &own.help);
    }
    for (model, properties) in &overlay.models {
        for (name, own) in properties {
            add(format!("overlay/models.toml, [{model}.{name}]"), &own.title, &own.help);
        }
    }
    texts
}
