//! Web pages in place of API responses: recognized, and reduced to one line for a message.

/// What an HTML document begins with. Careless ones begin with a part of it.
const FIRST_TAGS: [&str; 7] = ["!doctype html", "html", "head", "body", "title", "meta", "script"];

/// Whether a text is an HTML document, whatever its content type says.
pub fn is_page(text: &str) -> bool {
    match first_tag(text) {
        Start::Tag(tag) => FIRST_TAGS.into_iter().any(|name| {
            let (beginning, rest) = (tag.get(..name.len()), tag.get(name.len()..));
            beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(name))
                && rest
                    .is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric() || "-_:.".contains(next)))
        }),
        Start::Text | Start::Unknown => false,
    }
}

/// How a text begins, after what may come before a document: a byte order mark, XML's prolog, comments.
enum Start<'a> {
    /// With a tag; this is what follows `<`.
    Tag(&'a str),
    /// With something else.
    Text,
    /// The text ends before that.
    Unknown,
}

fn first_tag(text: &str) -> Start<'_> {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches('\u{feff}').trim_start();
        let end = match rest.strip_prefix('<') {
            None => return if rest.is_empty() { Start::Unknown } else { Start::Text },
            Some(tag) if tag.starts_with('?') => "?>",
            Some(tag) if tag.starts_with("!--") => "-->",
            Some(tag) => return Start::Tag(tag),
        };
        let Some((_, after)) = rest.split_once(end) else { return Start::Unknown };
        rest = after;
    }
}

/// Whether content may be an HTML document, by its first byte: most content is JSON, which needs no further look.
pub fn may_be_markup(content: &[u8]) -> bool {
    content.trim_ascii_start().first().is_some_and(|first| *first == b'<' || !first.is_ascii_graphic())
}

/// Whether a text begins as an HTML document, as far as it goes.
pub fn may_be_page(beginning: &str) -> bool {
    /// Long enough to tell.
    const ENOUGH: usize = 16;
    match first_tag(beginning) {
        Start::Tag(tag) => tag.len() < ENOUGH || is_page(beginning),
        Start::Text => false,
        Start::Unknown => true,
    }
}

/// Whether an HTML document is the result of a query: a table, and no form to sign in with.
pub fn is_table(page: &str) -> bool {
    let page = page.to_ascii_lowercase();
    page.contains("<table") && !is_form(&page)
}

/// Whether an HTML document is a form to sign in with.
pub fn is_sign_in(page: &str) -> bool {
    is_form(&page.to_ascii_lowercase())
}

fn is_form(page: &str) -> bool {
    page.contains("<form") || page.contains("<input")
}

/// The first line of a web page or a plain text that a person can read; of a web page the title, if it has one.
pub fn readable_line(document: &str) -> Option<String> {
    let document = document.trim_start_matches('\u{feff}').trim_start();
    let without_markup;
    let text = if document.starts_with('<') {
        without_markup = title(document).unwrap_or_else(|| strip_markup(document));
        &without_markup
    } else {
        document
    };
    text.lines().map(clean).find(|line| !line.is_empty())
}

/// A line with single spaces and without control characters, which could drive a terminal.
fn clean(line: &str) -> String {
    let printable: String = line.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    printable.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The title of a web page.
fn title(page: &str) -> Option<String> {
    let lower = page.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    let title = clean(&page[start..end]);
    (!title.is_empty()).then_some(title)
}

/// The text of a web page, without tags, scripts and styles.
fn strip_markup(page: &str) -> String {
    let lower = page.to_ascii_lowercase();
    let mut text = String::with_capacity(page.len());
    let mut at = 0;
    while let Some(start) = lower[at..].find('<').map(|start| at + start) {
        text.push_str(&page[at..start]);
        text.push('\n');
        let end_tag = ["script", "style"].into_iter().find(|name| lower[start + 1..].starts_with(name));
        let end = match end_tag {
            Some(name) => lower[start..].find(&format!("</{name}")).map(|end| start + end + 1),
            None => Some(start),
        };
        let Some(end) = end.and_then(|end| lower[end..].find('>').map(|close| end + close + 1)) else {
            return text;
        };
        at = end;
    }
    text.push_str(&page[at..]);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_byte_tells_what_cannot_be_a_page() {
        for page in ["<html>", " \n<!DOCTYPE html>", "\u{feff}<html>", "\u{a0}<html>", "\u{b}<html>"] {
            assert!(is_page(page) && may_be_markup(page.as_bytes()), "{page:?}");
        }
        for other in ["{}", " [1]", "\"<html>\"", "12", "id,name", ""] {
            assert!(!is_page(other) && !may_be_markup(other.as_bytes()), "{other:?}");
        }
    }

    #[test]
    fn pages_are_recognized_by_their_beginning() {
        for page in [
            "<!DOCTYPE html>",
            "\u{feff}\n <!doctype HTML public>",
            "<html lang=\"en\">",
            " <HTML>",
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\">\n<html>",
            "<!-- served by proxy 7 -->\n<!-- <x> -->\u{feff}<html>",
            "<head><title>Sign in</title>",
            "<title>Sign in</title>",
            "<META charset=utf-8>",
            "<script>location = '/login'</script>",
        ] {
            assert!(is_page(page), "{page}");
            assert!((0..page.len()).all(|end| page.get(..end).is_none_or(may_be_page)), "{page}");
        }
        for text in [
            "",
            "<",
            "<table>",
            "id,name\n<html>,1",
            "{\"a\":\"<html>\"}",
            "<?xml version=\"1.0\"?>",
            "<!doctyp\u{fc}",
            "<?xml version=\"1.0\"?><metadata>",
            "<!-- a comment -->\nid,name",
            "<header>",
            "<html-like>",
            "<svg>",
        ] {
            assert!(!is_page(text), "{text}");
        }
    }

    #[test]
    fn a_table_is_a_result_and_a_form_is_not() {
        assert!(is_table("<html><title>Orders</title><TABLE><tr><td>1</td></tr></TABLE></html>"));
        assert!(!is_table("<html><title>Sign in</title><form><table><input type=\"password\"></table></form></html>"));
        assert!(!is_table("<html><title>Maintenance</title><p>Back soon</p></html>"));
        assert!(is_sign_in("<FORM action=\"/login\">") && !is_sign_in("<table></table>"));
    }

    #[test]
    fn a_page_is_reduced_to_its_title_or_its_first_line() {
        for (page, expected) in [
            ("<html><head><TITLE>502 Bad\n Gateway</TITLE></head><body>x</body></html>", Some("502 Bad Gateway")),
            ("<p>Sorry,</p><p>we are closed</p>", Some("Sorry,")),
            ("<html><script>var x = 1 < 2;</script><style>p { }</style><h1>Stop</h1>", Some("Stop")),
            ("<html", None),
            ("<script>never ends", None),
            ("upstream connect error\nreset", Some("upstream connect error")),
            ("red \u{1b}[31malert\u{7}", Some("red [31malert")),
            ("  \n", None),
        ] {
            assert_eq!(readable_line(page).as_deref(), expected, "{page}");
        }
    }
}
