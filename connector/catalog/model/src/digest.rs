//! The digest of everything that shapes the connector's lists and schemas.

use sha2::{Digest, Sha256};

/// The SHA-256 of named contents, in lower-case hexadecimal digits.
///
/// It changes with every name and every content, and does not depend on their order.
pub fn digest(files: &[(String, Vec<u8>)]) -> String {
    let mut files: Vec<_> = files.iter().collect();
    files.sort();
    let mut hash = Sha256::new();
    for (name, content) in files {
        // Each part begins with its length, so that no two lists of files give the same bytes.
        for part in [name.as_bytes(), content] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(files: &[(&str, &str)]) -> String {
        digest(&files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect::<Vec<_>>())
    }

    #[test]
    fn is_a_sha_256_in_hexadecimal() {
        assert_eq!(of(&[]), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    #[test]
    fn changes_with_every_name_and_content_and_not_with_the_order() {
        let digests = [
            of(&[("a", "1"), ("b", "2")]),
            of(&[("a", "1"), ("b", "3")]),
            of(&[("a", "1"), ("c", "2")]),
            of(&[("a", "1")]),
            of(&[("a", "1b"), ("", "2")]),
            of(&[("a1", "b2")]),
        ];
        let different: std::collections::BTreeSet<_> = digests.iter().collect();
        assert_eq!(different.len(), digests.len());
        assert_eq!(of(&[("b", "2"), ("a", "1")]), digests[0]);
    }
}
