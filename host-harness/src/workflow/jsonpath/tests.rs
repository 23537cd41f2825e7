use super::*;
use serde_json::json;
use std::time::{Duration, Instant};

fn find(path: &str, document: &Value) -> Value {
    let path = JsonPath::parse(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    path.find(document, &mut Budget::default()).unwrap().into_iter().cloned().collect()
}

#[test]
fn selectors_find_what_rfc_9535_says() {
    let document = json!({
        "store": {
            "book": [
                {"category": "reference", "author": "Nigel Rees", "price": 8.95},
                {"category": "fiction", "author": "Herman Melville", "isbn": "0-553", "price": 8},
                {"category": "fiction", "author": "J. R. R. Tolkien", "isbn": "0-395", "price": 22.99}
            ],
            "bicycle": {"color": "red", "price": 399}
        }
    });
    for (path, expected) in [
        ("$.store.book[*].author", json!(["Nigel Rees", "Herman Melville", "J. R. R. Tolkien"])),
        ("$.store.book[-1].price", json!([22.99])),
        ("$.store.book[0,0].price", json!([8.95, 8.95])),
        ("$.store.book[:2].price", json!([8.95, 8])),
        ("$.store.book[::-1].price", json!([22.99, 8, 8.95])),
        ("$.store.book[5:0:-2].price", json!([22.99])),
        ("$.store.book[::0]", json!([])),
        ("$..color", json!(["red"])),
        ("$.store..price", json!([8.95, 8, 22.99, 399])),
        ("$..book[?@.isbn].price", json!([8, 22.99])),
        ("$..book[?!@.isbn].price", json!([8.95])),
        ("$..book[?@.price < 10 && @.category == 'fiction'].price", json!([8])),
        ("$..book[?(@.price > 20 || @.price < 8.5)].price", json!([8, 22.99])),
        ("$..book[?@.missing == $.also.missing].price", json!([8.95, 8, 22.99])),
        ("$..book[?length(@.author) > 15].price", json!([22.99])),
        ("$..book[?count(@.*) == 4].price", json!([8, 22.99])),
        ("$..book[?value(@..isbn) == '0-395'].price", json!([22.99])),
        ("$..book[?match(@.author, '[A-Z].* Rees')].price", json!([8.95])),
        ("$..book[?search(@.author, 'R')].price", json!([8.95, 22.99])),
        ("$..book[?!search(@.author, 'R')].price", json!([8])),
        ("$..book[?match(@.author, '(')].price", json!([])),
    ] {
        assert_eq!(find(path, &document), expected, "{path}");
    }
}

#[test]
fn integers_are_compared_exactly() {
    let document: Value = serde_json::from_str(
        r#"[{"id": 9007199254740993, "n": 1}, {"id": 9007199254740992, "n": 2}, {"id": 1e0, "n": 3}]"#,
    )
    .unwrap();
    assert_eq!(find("$[?@.id == $[1].id].n", &document), json!([2]));
    assert_eq!(find("$[?@.id == 1].n", &document), json!([3]));
}

#[test]
fn paths_over_a_limit_are_refused_at_once() {
    let nested = |open: &str, count: usize| format!("$.steps.a{}", open.repeat(count));
    let brackets = format!("$.a{}0{}", "[?@[".repeat(NESTING), "]]".repeat(NESTING));
    for (path, problem) in [
        (nested("[?(", 5_000), "more than 4096 bytes"),
        (format!("$.a[?{}@.b{}]", "(".repeat(1_000), ")".repeat(1_000)), "more than 8 brackets"),
        (format!("$.a[?{}", "(".repeat(1_000)), "more than 8 brackets"),
        (nested("[?@", 1_000), "more than 8 brackets"),
        (nested("[?length(", 20), "more than 8 brackets"),
        (brackets, "more than 8 brackets"),
        (format!("$.a[{}]", ["'d'"; 65].join(",")), "more than 64 selectors"),
        (format!("$.a{}", "[0]".repeat(70)), "more than 64 selectors"),
        (format!("$.a{}", "[?@.b]".repeat(9)), "more than 8 filters"),
        (format!("$.a[?{}]", ["@.b == 1"; 70].join(" || ")), "more than 64 selectors"),
        ("$.a[?in(@.b, 'c')]".to_owned(), "there is no function `in`"),
        ("$.a[".to_owned(), "expected"),
    ] {
        let started = Instant::now();
        let error = JsonPath::parse(&path).unwrap_err().to_string();
        assert!(error.contains(problem), "{path}: {error}");
        assert!(started.elapsed() < Duration::from_millis(500), "{path}: {:?}", started.elapsed());
    }
}

#[test]
fn the_deepest_paths_are_read_in_time() {
    // What the parser reads in several ways, as deep as a path may nest.
    for (open, close) in [("(", ")"), ("length(", ")"), ("@[?", "]"), ("!(", ")"), ("count(@[?", "])")] {
        let depth = (NESTING - 1) / open.matches(['(', '[']).count();
        for inner in ["@.a == 1", "@.a", "@.a =", ""] {
            let path = format!("$[?{}{inner}{}]", open.repeat(depth), close.repeat(depth));
            let started = Instant::now();
            let _ = JsonPath::parse(&path);
            assert!(started.elapsed() < Duration::from_secs(2), "{path}: {:?}", started.elapsed());
        }
    }
}

#[test]
fn evaluations_end_when_the_budget_is_used_up() {
    let leaf = json!({"d": 1});
    let deep = (0..100).fold(leaf, |inner, _| json!({ "d": inner }));
    let wide: Value = (0..3_000).map(|number| json!({"a": number, "b": [number]})).collect();
    let text: Value = (0..2_000).map(|_| "a".repeat(10_000)).collect();
    let union = format!("[{}]", ["'d'"; 3].join(","));
    for (path, document) in [
        (format!("${}", union.repeat(21)), &deep),
        ("$..*..*..*..*".to_owned(), &deep),
        ("$[?@.a == $[-1].a || count($[?@.b]) == 0]".to_owned(), &wide),
        ("$[?$[?$[?@.a == 7]]]".to_owned(), &wide),
        ("$[?search(@, '(a*)*b')]".to_owned(), &text),
        ("$[?search('x', @)]".to_owned(), &wide),
    ] {
        let started = Instant::now();
        let found = JsonPath::parse(&path).unwrap().find(document, &mut Budget::default()).map(|nodes| nodes.len());
        assert!(started.elapsed() < Duration::from_secs(20), "{path}: {:?}", started.elapsed());
        if path.contains("search('x'") {
            // A pattern that is no text matches nothing.
            assert_eq!(found, Ok(0));
        } else {
            assert_eq!(found, Err(Exhausted::Steps), "{path}");
        }
    }
}

#[test]
fn copies_of_large_values_are_counted() {
    let document = json!({"d": "x".repeat(1_000_000)});
    let path = JsonPath::parse(&format!("$[{}]", ["'d'"; 64].join(","))).unwrap();
    let mut budget = Budget::default();
    let found = path.find(&document, &mut budget).unwrap();
    assert_eq!(found.len(), 64);
    let outcome: Result<Vec<()>, Exhausted> =
        [&found[..], &found[..]].concat().iter().map(|value| budget.copy(value)).collect();
    assert_eq!(outcome, Err(Exhausted::Bytes));
    assert_eq!(Budget::new(1, 1000).copy(&json!([1, 2])), Err(Exhausted::Steps));
}

#[test]
fn a_name_with_a_dot_is_found() {
    let document = json!({"steps": {"q": [{"users.id": 1, "a.b.c": {"d": 2}}]}});
    for (path, name) in [
        ("$.steps.q[0].users.id", Some("users.id")),
        ("$.steps.q[0].a.b.c.d", Some("a.b.c")),
        ("$.steps.q[0].users.name", None),
        ("$.steps.q[1].users.id", None),
        ("$.steps.q[*].users.id", None),
    ] {
        assert_eq!(JsonPath::parse(path).unwrap().dotted_name(&document).as_deref(), name, "{path}");
    }
}
