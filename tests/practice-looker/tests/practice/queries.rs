use std::io::Read;

use practice_looker::PracticeLooker;
use serde_json::{Value, json};

use crate::support::{Practice, details};

fn orders() -> Value {
    json!({ "model": "thelook", "view": "orders", "fields": ["orders.id", "orders.status", "orders.count"], "limit": "2" })
}

fn run(practice: &Practice, format: &str, query: &Value) -> crate::support::Reply {
    practice.post(&format!("/queries/run/{format}"), query)
}

fn count(practice: &Practice, query: Value) -> usize {
    run(practice, "json", &query).expect(200).as_array().unwrap().len()
}

#[test]
fn query_is_stored_under_a_slug() {
    let practice = Practice::new();
    let query = practice.post("/queries", &orders()).expect(200);
    let (id, slug) = (query["id"].as_str().unwrap(), query["slug"].as_str().unwrap());
    assert!(id.len() == 22 && id.parse::<u64>().is_err(), "{id}");
    assert_eq!(practice.get(&format!("/queries/{id}")).expect(200), query);
    assert_eq!(practice.get(&format!("/queries/slug/{slug}")).expect(200), query);
    let kept = practice.get(&format!("/queries/{id}/run/json")).expect(200);
    assert_eq!(kept, run(&practice, "json", &orders()).expect(200));
    assert_eq!(practice.get("/queries/nothing").status, 404);
    assert_eq!(practice.get("/queries/1").expect(200)["view"], "orders", "older ones have numbers");
    let missing = practice.post("/queries", &json!({ "view": "x" })).expect(422);
    assert_eq!(details(&missing), [("model", "missing_field")]);
    assert_eq!(practice.bare("POST", "/queries").status, 400);
}

#[test]
fn results_come_in_every_format() {
    let practice = Practice::new();
    let media_type = |reply: &crate::support::Reply| reply.header("content-type").unwrap().to_owned();
    let of = |format: &str| {
        let reply = run(&practice, format, &orders());
        assert_eq!(reply.status, 200, "{format}");
        reply
    };
    let json = of("json");
    assert_eq!(media_type(&json), "application/json");
    let rows = json.json();
    assert_eq!(rows.as_array().unwrap().len(), 2);
    assert_eq!(rows[0]["orders.id"], 1);
    assert!(rows[0]["orders.status"].is_string() && rows[0]["orders.count"].is_u64());

    let detail = of("json_detail").json();
    assert_eq!(detail["data"][1]["orders.id"], json!({ "value": 2, "rendered": "2" }));
    assert_eq!(detail["fields"]["measures"][0]["name"], "orders.count");
    assert_eq!(detail["fields"]["dimensions"].as_array().unwrap().len(), 2);
    let bi = of("json_bi").json();
    assert_eq!(bi["rows"][0]["orders.id"]["value"], 1);
    assert_eq!(bi["metadata"]["columns_truncated"], "no");

    let csv = of("csv");
    assert_eq!(media_type(&csv), "text/csv;charset=utf-8");
    let csv = csv.text();
    assert_eq!(csv.lines().next().unwrap(), "Orders Id,Orders Status,Orders Count");
    assert_eq!(csv.lines().count(), 3);
    assert!(of("txt").text().starts_with("Orders Id\tOrders Status\tOrders Count\n1\t"));
    assert!(of("md").text().starts_with("| Orders Id | Orders Status | Orders Count |\n| --- | --- | --- |\n| 1 "));
    let html = of("html");
    assert_eq!(media_type(&html), "text/html;charset=utf-8");
    assert!(html.text().contains("<th>Orders Id</th>") && html.text().trim_end().ends_with("</html>"));
    let sql = of("sql");
    assert!(media_type(&sql).starts_with("text/plain"));
    assert!(sql.text().starts_with("SELECT") && sql.text().ends_with("LIMIT 2"));

    let xlsx = of("xlsx");
    assert!(media_type(&xlsx).ends_with("spreadsheetml.sheet"));
    let mut workbook = zip::ZipArchive::new(std::io::Cursor::new(xlsx.bytes)).unwrap();
    let mut sheet = String::new();
    workbook.by_name("xl/worksheets/sheet1.xml").unwrap().read_to_string(&mut sheet).unwrap();
    assert_eq!(sheet.matches("<row>").count(), 3);
    assert!(sheet.contains("<c t=\"inlineStr\"><is><t>Orders Id</t></is></c>"));

    let (png, jpg) = (of("png"), of("jpg"));
    assert_eq!((media_type(&png).as_str(), &png.bytes[..8]), ("image/png", b"\x89PNG\r\n\x1a\n".as_slice()));
    assert_eq!((media_type(&jpg).as_str(), &jpg.bytes[..3]), ("image/jpeg", b"\xff\xd8\xff".as_slice()));
    assert_eq!(run(&practice, "pdf", &orders()).status, 400);
}

#[test]
fn values_are_quoted_as_the_format_requires() {
    let practice = Practice::new();
    let query = json!({ "model": "m", "view": "v", "fields": ["v.name"], "limit": "8" });
    let rows = run(&practice, "json", &query).expect(200);
    assert!(rows.as_array().unwrap().iter().any(|row| row["v.name"] == "Heath, \"upper\""));
    assert!(run(&practice, "csv", &query).text().contains("\n\"Heath, \"\"upper\"\"\"\n"));
    assert!(run(&practice, "html", &query).text().contains("<td>Heath, &quot;upper&quot;</td>"));
}

#[test]
fn limit_is_text_in_the_body_and_a_number_in_the_query() {
    let practice = Practice::from(PracticeLooker::builder().unlimited_rows(700));
    let query = |limit: Value| json!({ "model": "m", "view": "numbers", "fields": ["numbers.n"], "limit": limit });
    assert_eq!(count(&practice, query(json!("3"))), 3);
    assert_eq!(count(&practice, query(Value::Null)), 500, "Looker's own limit");
    assert_eq!(count(&practice, query(json!("-1"))), 700);
    assert_eq!(run(&practice, "json?limit=4", &query(json!("3"))).expect(200).as_array().unwrap().len(), 4);
    assert_eq!(run(&practice, "json?limit=-1", &query(json!("3"))).expect(200).as_array().unwrap().len(), 700);
    assert_eq!(run(&practice, "json", &query(json!("few"))).status, 422);
    assert_eq!(run(&practice, "json?limit=few", &query(json!("3"))).status, 400);
}

#[test]
fn filters_and_sorts_apply() {
    let practice = Practice::from(PracticeLooker::builder().unlimited_rows(100));
    let numbers = |filter: &str, sorts: Value| {
        let query = json!({ "model": "m", "view": "numbers", "fields": ["numbers.n"], "filters": { "numbers.n": filter }, "sorts": sorts });
        let rows = run(&practice, "json", &query).expect(200);
        rows.as_array().unwrap().iter().map(|row| row["numbers.n"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(numbers("7", json!([])), [7]);
    assert_eq!(numbers("7,9", json!(["numbers.n desc"])), [9, 7]);
    assert_eq!(numbers(">98", json!([])), [99, 100]);
    assert_eq!(numbers("<=2", json!(["numbers.n desc"])), [2, 1]);
    let query = json!({ "model": "m", "view": "v", "fields": ["v.name"], "filters": { "v.name": "-Amber,-B%" }, "limit": "-1" });
    let rows = run(&practice, "json", &query).expect(200);
    assert_eq!(rows.as_array().unwrap().len(), 750);
    assert!(rows.as_array().unwrap().iter().all(|row| row["v.name"] != "Amber" && row["v.name"] != "Birch"));
}

#[test]
fn numbers_are_formatted_on_request() {
    let practice = Practice::from(PracticeLooker::builder().unlimited_rows(1500));
    let query = json!({ "model": "m", "view": "numbers", "fields": ["numbers.n"], "filters": { "numbers.n": "1234" } });
    assert_eq!(run(&practice, "json", &query).text(), r#"[{"numbers.n":1234}]"#);
    assert_eq!(run(&practice, "json?apply_formatting=true", &query).text(), r#"[{"numbers.n":"1,234"}]"#);
}

#[test]
fn query_in_the_url_runs() {
    let practice = Practice::from(PracticeLooker::builder().unlimited_rows(50));
    let path = "/queries/models/m/views/numbers/run/csv?fields=numbers.n&f[numbers.n]=%3E47&limit=2";
    assert_eq!(practice.get(path).text(), "Numbers N\n48\n49\n");
}

#[test]
fn a_query_that_fails_may_say_so_with_status_200() {
    let practice = Practice::new();
    let query = json!({ "model": "m", "view": "broken", "fields": ["broken.id"] });
    let rows = run(&practice, "json", &query).expect(200);
    assert_eq!(rows.as_array().unwrap().len(), 1);
    assert!(rows[0]["looker_error"].as_str().unwrap().contains("broken"));
    let detail = run(&practice, "json_detail", &query).expect(200);
    assert_eq!(detail["data"], json!([]));
    assert!(detail["errors"][0]["message_details"].is_string());
    let csv = run(&practice, "csv", &query);
    assert_eq!(csv.status, 200);
    assert!(csv.text().lines().last().unwrap().starts_with("Error: "));
    assert_eq!(run(&practice, "xlsx", &query).status, 400);
    assert_eq!(run(&practice, "sql", &query).status, 200, "nothing is run");
}

#[test]
fn query_can_fail_after_some_rows() {
    let practice = Practice::new();
    let query = json!({ "model": "m", "view": "broken_midway", "limit": "10" });
    let json = run(&practice, "json", &query);
    assert_eq!(json.status, 200);
    assert!(serde_json::from_slice::<Value>(&json.bytes).is_err(), "it stops early: {}", json.text());
    assert_eq!(json.text().matches("broken_midway.id").count(), 5);
    let csv = run(&practice, "csv", &query).text();
    assert_eq!(csv.lines().count(), 7);
    assert!(csv.lines().last().unwrap().starts_with("Error: "));
}

#[test]
fn large_results_are_chunked() {
    let practice = Practice::from(PracticeLooker::builder().unlimited_rows(300_000));
    let query = json!({ "model": "m", "view": "numbers", "fields": ["numbers.n"], "limit": "-1" });
    let csv = run(&practice, "csv", &query);
    assert_eq!(csv.header("content-length"), None);
    assert_eq!(csv.text().lines().count(), 300_001);
    assert!(csv.text().ends_with("\n300000\n"));
    let small = run(&practice, "csv?limit=1", &query);
    assert_eq!(small.header("content-length"), Some("12"), "a small one at once");
}

#[test]
fn sql_queries_are_stored_and_run() {
    let practice = Practice::new();
    let body = json!({ "model_name": "thelook", "sql": "SELECT 1" });
    let query = practice.post("/sql_queries", &body).expect(200);
    assert_eq!(query["sql"], "SELECT 1");
    let path = format!("/sql_queries/{}", query["slug"].as_str().unwrap());
    assert_eq!(practice.get(&path).expect(200), query);
    assert_eq!(practice.bare("POST", &format!("{path}/run/json")).expect(200).as_array().unwrap().len(), 500);
    assert_eq!(practice.bare("POST", "/sql_queries/nothing/run/json").status, 404);
}
