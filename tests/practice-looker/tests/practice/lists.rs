use practice_looker::PracticeLooker;
use serde_json::json;

use crate::support::{Practice, Reply, each};

fn links(reply: &Reply) -> Vec<(String, String)> {
    let Some(header) = reply.header("link") else { return Vec::new() };
    let link = |part: &str| {
        let (url, relation) = part.split_once("; rel=").unwrap();
        (relation.trim_matches('"').to_owned(), url.trim_start_matches('<').trim_end_matches('>').to_owned())
    };
    header.split(", ").map(link).collect()
}

fn relations(reply: &Reply) -> Vec<String> {
    links(reply).into_iter().map(|(relation, _)| relation).collect()
}

#[test]
fn no_limit_returns_all_without_paging_headers() {
    let practice = Practice::new();
    let all = practice.get("/users");
    assert_eq!((all.header("link"), all.header("x-total-count")), (None, None));
    assert_eq!(all.json().as_array().unwrap().len(), 13);
    assert_eq!(
        practice.get("/users?email=nobody").json().as_array().unwrap().len(),
        13,
        "unknown parameters are ignored"
    );
}

#[test]
fn limit_pages_and_links_lead_through_the_list() {
    let practice = Practice::new();
    let mut reply = practice.get("/users?limit=5&fields=id");
    let mut seen: Vec<String> = Vec::new();
    let mut pages = 0;
    loop {
        pages += 1;
        assert_eq!(reply.header("x-total-count"), Some("13"));
        seen.extend(each(&reply.json(), "id").into_iter().map(str::to_owned));
        let Some((_, next)) = links(&reply).into_iter().find(|(relation, _)| relation == "next") else { break };
        let path = next.strip_prefix(&practice.url("")).expect("links are absolute").to_owned();
        reply = practice.get(&path);
    }
    assert_eq!(pages, 3);
    assert_eq!(seen, (1..=13).map(|id| id.to_string()).collect::<Vec<_>>());
    assert_eq!(relations(&reply), ["first", "prev", "last"]);
}

#[test]
fn full_last_page_has_a_next_link() {
    let practice = Practice::from(PracticeLooker::builder().users(3));
    let full = practice.get("/users?limit=2&offset=2");
    assert_eq!(relations(&full), ["first", "prev", "next", "last"]);
    let beyond = practice.get("/users?limit=2&offset=4");
    assert_eq!(beyond.json(), json!([]));
    assert_eq!(relations(&beyond), ["first", "prev", "last"]);
}

#[test]
fn totals_can_be_turned_off() {
    let practice = Practice::from(PracticeLooker::builder().totals(false));
    let page = practice.get("/users?limit=2");
    assert_eq!(page.header("x-total-count"), None);
    assert_eq!(relations(&page), ["first", "next"]);
}

#[test]
fn page_and_per_page_select_a_page() {
    let practice = Practice::new();
    let page = practice.get("/users?page=2&per_page=3&fields=id");
    assert_eq!(each(&page.json(), "id"), ["4", "5", "6"]);
    assert_eq!(page.header("link"), None);
}

#[test]
fn sorts_orders_lists() {
    let practice = Practice::new();
    let sorted = |sorts: &str| {
        let list = practice.get(&format!("/users?limit=3&fields=first_name&sorts={sorts}")).expect(200);
        each(&list, "first_name").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(sorted("first_name"), ["Ada", "Alan", "Barbara"]);
    assert_eq!(sorted("first_name+desc"), ["Practice", "Katherine", "John"]);
    assert_eq!(sorted("id+desc"), ["Practice", "Katherine", "John"], "ids are sorted as numbers");
    assert_eq!(practice.get("/users?sorts=shoe_size").status, 400);
}

#[test]
fn numbers_and_booleans_are_validated() {
    let practice = Practice::new();
    for query in ["limit=many", "limit=-1", "offset=1.5"] {
        assert_eq!(practice.get(&format!("/users?{query}")).status, 400, "{query}");
    }
    assert_eq!(practice.get("/users/search?is_disabled=yes").status, 400);
}

#[test]
fn fields_selects_properties_of_lists_and_objects() {
    let practice = Practice::new();
    let user = practice.get("/users/1?fields=id,credentials_email(email),nothing").expect(200);
    assert_eq!(user, json!({ "id": "1", "credentials_email": { "email": "ada.lovelace@example.com" } }));
    let users = practice.get("/users?limit=1&fields=last_name").expect(200);
    assert_eq!(users, json!([{ "last_name": "Lovelace" }]));
    let made = practice.post("/users?fields=id", &json!({ "first_name": "X" })).expect(200);
    assert_eq!(made, json!({ "id": "14" }));
    assert!(practice.get("/roles/2?fields=id").expect(200).get("name").is_some(), "that operation has no fields");
}

#[test]
fn ids_selects_from_a_list() {
    let practice = Practice::new();
    assert_eq!(each(&practice.get("/users?ids=2,4").expect(200), "id"), ["2", "4"]);
    assert_eq!(each(&practice.get("/groups?ids=1,3").expect(200), "id"), ["1", "3"]);
}

#[test]
fn number_of_users_can_be_set() {
    let practice = Practice::from(PracticeLooker::builder().users(500));
    let users = practice.get("/users?fields=email").expect(200);
    let mut emails = each(&users, "email");
    emails.sort_unstable();
    emails.dedup();
    assert_eq!(emails.len(), 501, "every address is its owner's alone; one account has none");
}

#[test]
fn hidden_rows_make_pages_short() {
    let practice = Practice::new();
    practice.looker.hide("all_users", &["2", "3", "4"]);
    let page = |offset: usize| practice.get(&format!("/users?limit=2&offset={offset}&sorts=id&fields=id")).expect(200);
    assert_eq!(each(&page(0), "id"), ["1"]);
    assert!(each(&page(2), "id").is_empty());
    assert_eq!(each(&page(4), "id"), ["5", "6"]);
    assert_eq!(practice.get("/users/3").status, 200, "only the list leaves it out");
}

#[test]
fn reports_are_paged_by_token() {
    let practice = Practice::new();
    let first = practice.get("/reports/search?limit=1");
    let next = links(&first).into_iter().find(|(relation, _)| relation == "next").unwrap().1;
    assert!(next.contains("next_page_token=") && !next.contains("offset"), "{next}");
    let second = practice.get(next.strip_prefix(&practice.url("")).unwrap());
    assert_eq!((each(&first.json(), "id"), each(&second.json(), "id")), (vec!["1"], vec!["2"]));
    assert_eq!(practice.get("/reports/search?limit=1&next_page_token=nonsense").status, 400);
}

#[test]
fn explores_name_their_fields() {
    let practice = Practice::new();
    let path = "/lookml_models/thelook/explores/orders?fields=name,fields(dimensions(name,hidden),filters(name))";
    let explore = practice.get(path).expect(200);
    let dimensions = &explore["fields"]["dimensions"];
    assert!(each(dimensions, "name").contains(&"orders.status") && each(dimensions, "name").contains(&"users.city"));
    let hidden = dimensions.as_array().unwrap().iter().find(|field| field["hidden"] == true).unwrap();
    assert_eq!(hidden["name"], "orders.internal_code");
    assert_eq!(explore["fields"]["filters"], json!([{ "name": "orders.date_filter" }]));
    assert_eq!(explore["fields"].as_object().unwrap().len(), 2);
    assert_eq!(practice.get("/lookml_models/thelook/explores/missing").status, 404);
}
