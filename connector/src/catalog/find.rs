//! Finds operations and models by name.

use super::{MODELS, Model, OPERATIONS, Operation};

/// The operation of that name.
pub fn operation(name: &str) -> Option<&'static Operation> {
    OPERATIONS.binary_search_by(|candidate| candidate.name.cmp(name)).ok().map(|index| &OPERATIONS[index])
}

/// The model of that name.
pub fn model(name: &str) -> Option<&'static Model> {
    MODELS.binary_search_by(|candidate| candidate.name.cmp(name)).ok().map(|index| MODELS[index])
}

/// Up to three of `names` that are most similar to what was written, the most similar first: for "did you mean …?".
pub fn nearest<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let written = written.to_lowercase();
    let mut candidates: Vec<(usize, &str)> = names
        .filter_map(|name| {
            let distance = strsim::levenshtein(&written, &name.to_lowercase());
            let shares_a_word = written.len() > 3 && (name.contains(&written) || written.contains(name));
            // With up to a third of the letters wrong it is a typing error; with more it is another word.
            (shares_a_word || distance <= written.len().max(name.len()) / 3).then_some((distance, name))
        })
        .collect();
    candidates.sort_unstable();
    candidates.truncate(3);
    candidates.into_iter().map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_operation_and_model_by_name() {
        for candidate in &OPERATIONS {
            assert_eq!(operation(candidate.name), Some(candidate));
        }
        for candidate in MODELS {
            assert_eq!(model(candidate.name), Some(candidate));
        }
        assert_eq!(operation("no_such_operation"), None);
        assert_eq!(model("NoSuchModel"), None);
    }

    #[test]
    fn suggests_similar_names() {
        let names = ["all_users", "create_user", "user", "search_users"];
        assert_eq!(nearest("creat_user", names.into_iter()), ["create_user", "user"]);
        assert_eq!(nearest("all_user", names.into_iter()), ["all_users", "user"]);
        assert!(nearest("zzzzzzzz", names.into_iter()).is_empty());
        assert!(nearest("", names.into_iter()).is_empty());
    }
}
