//! The LookML of a dashboard, line by line.

use std::collections::BTreeMap;

/// LookML with other names of models and with a slug, by which an import finds the dashboard again.
pub(super) fn adapted(lookml: &str, models: &BTreeMap<String, String>, slug: Option<&str>) -> String {
    let mut lines: Vec<String> = lookml.lines().map(|line| with_model(line, models)).collect();
    if let (Some(slug), None) = (slug, self::slug(lookml)) {
        let first = lines.iter().position(|line| line.trim_start().starts_with("- dashboard:"));
        let indent = first.map_or(0, |first| lines[first].len() - lines[first].trim_start().len());
        let line = format!("{}preferred_slug: {slug}", " ".repeat(indent + 2));
        lines.insert(first.map_or(lines.len(), |first| first + 1), line);
    }
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

/// The slug that the LookML asks for.
pub(super) fn slug(lookml: &str) -> Option<&str> {
    lookml.lines().find_map(|line| value(line, "preferred_slug")).filter(|slug| !slug.is_empty())
}

/// Whether two texts make the same dashboard. The name after `- dashboard:` belongs to the instance.
pub(super) fn is_same(left: &str, right: &str) -> bool {
    let lines = |text: &str| -> Vec<String> {
        let lines = text.lines().map(str::trim_end).filter(|line| !line.trim().is_empty() && *line != "---");
        let unnamed = |line: &str| match line.trim_start().strip_prefix("- dashboard:") {
            Some(_) => "- dashboard:".to_owned(),
            None => line.to_owned(),
        };
        lines.map(unnamed).collect()
    };
    lines(left) == lines(right)
}

fn with_model(line: &str, models: &BTreeMap<String, String>) -> String {
    match value(line, "model").and_then(|model| Some((model, models.get(model)?))) {
        Some((model, new)) => {
            // The value is at the end of the line, so that nothing before it is touched.
            let start = line.rfind(model).unwrap_or(line.len());
            format!("{}{new}{}", &line[..start], &line[start + model.len()..])
        }
        None => line.to_owned(),
    }
}

/// The value of a property on its own line: `model: shop`, `- model: "shop"`.
fn value<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let line = line.trim();
    let line = line.strip_prefix("- ").map_or(line, str::trim_start);
    let value = line.strip_prefix(name)?.strip_prefix(':')?.trim();
    Some(value.trim_matches(['"', '\'']))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOKML: &str = "---\n- dashboard: sales\n  title: \"The model: shop\"\n  elements:\n  - title: Tile\n    model: shop\n    \
                          explore: orders\n  filters:\n  - name: Date\n    model: 'shop'\n";

    #[test]
    fn models_get_other_names_and_nothing_else_does() {
        let models = BTreeMap::from([("shop".to_owned(), "store".to_owned())]);
        let adapted = adapted(LOOKML, &models, Some("abc"));
        let expected = LOOKML
            .replace("    model: shop", "    model: store")
            .replace("'shop'", "'store'")
            .replace("sales\n", "sales\n  preferred_slug: abc\n");
        assert_eq!(adapted, expected);
        assert_eq!(super::adapted(&adapted, &models, Some("other")), adapted, "a slug that is there stays");
    }

    #[test]
    fn name_and_white_space_are_no_difference() {
        assert!(is_same(LOOKML, &LOOKML.replace("sales", "sales_2").replace("\n", " \r\n")));
        assert!(!is_same(LOOKML, &LOOKML.replace("orders", "users")));
        assert_eq!(slug("  preferred_slug: 'x1'\n"), Some("x1"));
        assert_eq!(slug(LOOKML), None);
    }
}
