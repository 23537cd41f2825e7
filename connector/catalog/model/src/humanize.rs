//! Names as people read them, and as files are called.

/// Words that people do not write as the API does: acronyms and product names.
const SPELLINGS: &[(&str, &str)] = &[
    ("2fa", "2FA"),
    ("api", "API"),
    ("api3", "API 3"),
    ("aws", "AWS"),
    ("bigquery", "BigQuery"),
    ("bq", "BQ"),
    ("ci", "CI"),
    ("css", "CSS"),
    ("csv", "CSV"),
    ("db", "database"),
    ("dn", "DN"),
    ("gcp", "GCP"),
    ("git", "Git"),
    ("github", "GitHub"),
    ("google", "Google"),
    ("guid", "GUID"),
    ("html", "HTML"),
    ("http", "HTTP"),
    ("https", "HTTPS"),
    ("iam", "IAM"),
    ("id", "ID"),
    ("idp", "IdP"),
    ("ids", "IDs"),
    ("ip", "IP"),
    ("jdbc", "JDBC"),
    ("json", "JSON"),
    ("jwt", "JWT"),
    ("kda", "KDA"),
    ("ldap", "LDAP"),
    ("looker", "Looker"),
    ("lookml", "LookML"),
    ("mime", "MIME"),
    ("oauth", "OAuth"),
    ("oidc", "OIDC"),
    ("openid", "OpenID"),
    ("pdf", "PDF"),
    ("pdt", "PDT"),
    ("pdts", "PDTs"),
    ("pkce", "PKCE"),
    ("png", "PNG"),
    ("saml", "SAML"),
    ("smtp", "SMTP"),
    ("sql", "SQL"),
    ("ssh", "SSH"),
    ("ssl", "SSL"),
    ("sso", "SSO"),
    ("tfa", "TFA"),
    ("tls", "TLS"),
    ("totp", "TOTP"),
    ("ttl", "TTL"),
    ("ui", "UI"),
    ("uid", "UID"),
    ("uids", "UIDs"),
    ("uri", "URI"),
    ("url", "URL"),
    ("urls", "URLs"),
    ("uuid", "UUID"),
    ("xlsx", "XLSX"),
    ("xml", "XML"),
    ("yesno", "yes/no"),
];

/// A name of the API as people read it: `first_name` is "First name", `sessionTTL` "Session TTL". A leading `is` goes,
/// since it says only that the field is a check box: `is_disabled` is "Disabled". `can_edit` stays "Can edit".
pub fn humanize(name: &str) -> String {
    let words = snake_case(name);
    let mut words: Vec<&str> = words.split('_').filter(|word| !word.is_empty()).collect();
    if words.len() > 1 && words[0] == "is" {
        words.remove(0);
    }
    let spelt = words.iter().map(|word| {
        let spelling = SPELLINGS.iter().find(|(written, _)| written == word);
        spelling.map_or((*word).to_owned(), |(_, spelling)| (*spelling).to_owned())
    });
    let title = spelt.collect::<Vec<_>>().join(" ");
    let mut letters = title.chars();
    match letters.next() {
        // A product's or acronym's own capitals stay: "OAuth client".
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => name.to_owned(),
    }
}

/// The name of a tag's file without its ending: `UserAttribute` is kept in `user_attribute`.
pub fn file_stem(tag: &str) -> String {
    snake_case(tag)
}

/// `CamelCase`, `camelCase` and `SQLQuery` in snake case; snake case stays as it is.
fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (index, letter) in letters.iter().enumerate() {
        if letter.is_uppercase() && index > 0 {
            let follows_a_word = !letters[index - 1].is_uppercase() && letters[index - 1] != '_';
            let begins_a_word = letters[index - 1].is_uppercase()
                && letters.get(index + 1).is_some_and(|next| next.is_lowercase() && !next.is_numeric());
            if follows_a_word || begins_a_word {
                snake.push('_');
            }
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_readable() {
        for (name, title) in [
            ("first_name", "First name"),
            ("user_id", "User ID"),
            ("role_ids", "Role IDs"),
            ("id", "ID"),
            ("ldap_group_dn", "LDAP group DN"),
            ("image_embed_url", "Image embed URL"),
            ("oauth_client_id", "OAuth client ID"),
            ("create_user_credentials_api3", "Create user credentials API 3"),
            ("is_disabled", "Disabled"),
            ("is_iam_admin", "IAM admin"),
            ("is", "Is"),
            ("can_add_to_content_metadata", "Can add to content metadata"),
            ("displayName", "Display name"),
            ("lookerInstanceUri", "Looker instance URI"),
            ("resultCsvData", "Result CSV data"),
            ("me", "Me"),
            ("_", "_"),
        ] {
            assert_eq!(humanize(name), title);
        }
    }

    #[test]
    fn spellings_are_sorted_and_in_lower_case() {
        assert!(SPELLINGS.is_sorted_by(|(one, _), (other, _)| one < other));
        assert!(SPELLINGS.iter().all(|(written, _)| *written == written.to_lowercase()));
    }

    #[test]
    fn tags_become_file_names() {
        for (tag, stem) in [
            ("User", "user"),
            ("UserAttribute", "user_attribute"),
            ("ApiAuth", "api_auth"),
            ("SqlInterfaceQuery", "sql_interface_query"),
            ("SQLQuery", "sql_query"),
        ] {
            assert_eq!(file_stem(tag), stem);
        }
    }
}
