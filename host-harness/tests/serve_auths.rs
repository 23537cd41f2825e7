//! `serve` with the practice Looker: the catalog, auths, OAuth, single calls, and that no secret ever comes back.
#![allow(clippy::unwrap_used, reason = "a test should fail loudly where it fails")]

mod support;

use practice_looker::{Fault, PracticeLooker};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use support::serving::Serving;
use tempfile::TempDir;

/// A practice Looker and a server with an auth for it.
fn serve(arguments: &[&str]) -> (PracticeLooker, TempDir, Serving) {
    let (looker, folder) = (PracticeLooker::start().unwrap(), tempfile::tempdir().unwrap());
    let server = Serving::with_looker(&looker, folder.path(), arguments);
    (looker, folder, server)
}

#[test]
fn the_connector_and_its_operations_are_described() {
    let (_looker, _folder, server) = serve(&[]);
    let connector = server.get("/api/connector").expect(200);
    assert_eq!((&connector["name"], &connector["practice"]), (&json!("looker"), &json!(false)));
    assert_eq!(connector["redirect_url"], format!("http://127.0.0.1:{}/oauth/callback", server.port));
    assert_eq!(connector["auth_schema"]["properties"]["client_secret"]["format"], "password");
    let operations = server.get("/api/operations").expect(200);
    assert!(operations.as_array().unwrap().len() > 500);
    let listed = operations.as_array().unwrap().iter().find(|one| one["name"] == "create_user").unwrap();
    assert_eq!((&listed["effect"], &listed["idempotent"]), (&json!("write"), &json!(false)));
    let operation = server.get("/api/operations/create_user").expect(200);
    assert_eq!(operation["title"], listed["title"]);
    assert!(
        operation["input_schema"]["properties"]["first_name"].is_object() && operation["output_schema"].is_object()
    );
    let failure = &server.get("/api/operations/no_such").expect(422)["failure"];
    assert_eq!((&failure["reason"], &failure["kind"]), (&json!("unknown-operation"), &json!("permanent")));
    assert!(failure["advice"].as_str().unwrap().contains("another operation"));
}

#[test]
fn auths_are_listed_changed_checked_and_deleted_without_their_secrets() {
    let (looker, _folder, server) = serve(&[]);
    let listed = server.get("/api/auths").expect(200);
    assert_eq!(
        listed,
        json!([{
            "name": "looker", "origin": "file", "user": null, "secrets": ["client_secret"],
            "values": { "domain": looker.base_url(), "client_id": looker.client_id() },
        }])
    );
    let user = server.post("/api/auths/looker/check", &json!({})).expect(200)["user"].clone();
    assert!(user["display_name"].is_string(), "{user}");
    assert_eq!(server.get("/api/auths").expect(200)[0]["user"], user);

    let values = json!({ "domain": looker.base_url(), "client_id": looker.client_id(), "workspace": "dev" });
    let changed = server.put("/api/auths/looker", &json!({ "values": values })).expect(200);
    assert_eq!((&changed["secrets"], &changed["origin"]), (&json!(["client_secret"]), &json!("page")));
    assert_eq!((&changed["values"]["workspace"], &changed["user"]), (&json!("dev"), &Value::Null));
    server.post("/api/auths/looker/check", &json!({})).expect(200);

    let wrong =
        json!({ "domain": looker.base_url(), "client_id": looker.client_id(), "client_secret": "wrong-secret" });
    let added = server.put("/api/auths/another%20one", &json!({ "values": wrong })).expect(200);
    assert_eq!(added["name"], "another one");
    let failure = &server.post("/api/auths/another%20one/check", &json!({})).expect(422)["failure"];
    assert_eq!((&failure["reason"], &failure["status"]), (&json!("unauthenticated"), &json!(404)));
    server.delete("/api/auths/another%20one").expect(204);
    server.delete("/api/auths/another%20one").expect(404);
    server.post("/api/auths/another%20one/check", &json!({})).expect(404);
    assert_eq!(server.get("/api/auths").expect(200).as_array().unwrap().len(), 1);
}

#[test]
fn a_form_that_the_schema_refuses_is_told_field_by_field() {
    let (_looker, _folder, server) = serve(&[]);
    let fields = |values: Value| {
        let refused = server.put("/api/auths/a", &json!({ "values": values })).expect(422);
        assert!(refused["error"].is_string());
        let mut fields: Vec<String> = Vec::new();
        for problem in refused["fields"].as_array().unwrap() {
            assert!(problem["message"].as_str().unwrap().len() > 5);
            fields.push(problem["field"].as_str().unwrap().to_owned());
        }
        fields
    };
    assert_eq!(fields(json!({ "domain": 5 })), ["domain"]);
    assert_eq!(fields(json!({ "domain": "a", "port": 1, "region": "eu" })), ["port", "region"]);
    assert_eq!(fields(json!({ "domain": "a", "workspace": "x" })), ["workspace"]);
    assert_eq!(fields(json!({ "client_secrte": "hush" })), ["client_secrte"]);
    for name in ["%20", "a%2Fb", "a%0Ab", &"a".repeat(101)] {
        server.put(&format!("/api/auths/{name}"), &json!({ "values": {} })).expect(400);
    }
    assert_eq!(server.get("/api/auths").expect(200).as_array().unwrap().len(), 1);
}

#[test]
fn a_call_gives_its_output_by_kind() {
    let (looker, _folder, server) = serve(&[]);
    let invoke = |operation: &str, input: Value| {
        server.post("/api/invoke", &json!({ "auth": "looker", "operation": operation, "input": input }))
    };
    let users = invoke("all_users", json!({ "limit": 2 })).expect(200);
    assert_eq!((&users["kind"], users["json"].as_array().unwrap().len()), (&json!("json"), 2));
    assert!(users["next"].is_object() && users["bytes"].as_u64().unwrap() > 100);
    let next = invoke("all_users", users["next"].clone()).expect(200);
    assert_ne!(next["json"], users["json"]);
    let csv = invoke("run_query", json!({ "query_id": "1", "result_format": "csv" })).expect(200);
    assert_eq!((&csv["kind"], csv["text"].as_str().unwrap().contains(',')), (&json!("text"), true));
    let png = invoke("run_query", json!({ "query_id": "1", "result_format": "png" })).expect(200);
    assert_eq!((&png["kind"], &png["media_type"]), (&json!("file"), &json!("image/png")));
    let failure = &invoke("user", json!({})).expect(422)["failure"];
    assert_eq!((&failure["reason"], &failure["fields"][0]["field"]), (&json!("invalid-input"), &json!("user_id")));
    looker.fail_on("POST", "/users", 1, Fault::status(503));
    let failure = &invoke("create_user", json!({ "first_name": "Ada" })).expect(422)["failure"];
    assert_eq!((&failure["kind"], &failure["request_sent"]), (&json!("permanent"), &json!(true)));
    assert!(failure["advice"].as_str().unwrap().contains("may have been carried out"), "{failure}");
    let created = invoke("create_user", json!({ "first_name": "Ada" })).expect(200);
    assert_eq!(created["json"]["first_name"], "Ada");
    server.post("/api/invoke", &json!({ "auth": "none", "operation": "me" })).expect(404);
    server.post("/api/invoke", &json!({ "auth": "looker" })).expect(400);
}

/// Registers this server as an OAuth application of the practice Looker.
fn register(server: &Serving, application: &str) {
    let redirect = server.get("/api/connector").expect(200)["redirect_url"].clone();
    let input = json!({
        "client_guid": application, "redirect_uri": redirect, "display_name": "Editor", "description": "Editor", "enabled": true,
    });
    let call = json!({ "auth": "looker", "operation": "register_oauth_client_app", "input": input });
    server.post("/api/invoke", &call).expect(200);
}

/// Where the practice Looker sends the user back to: the path with its query.
fn granted(looker: &PracticeLooker, server: &Serving, authorize_url: &str) -> String {
    let path = authorize_url.strip_prefix(&looker.base_url()).unwrap();
    let mut stream = std::net::TcpStream::connect(looker.address()).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", looker.address());
    std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
    let response = support::serving::read_response(stream);
    assert_eq!(response.status, 302, "{}", response.text());
    let location = response.header("location").to_owned();
    location.strip_prefix(&format!("http://{}", server.host())).unwrap().to_owned()
}

#[test]
fn a_user_grants_access_by_oauth() {
    let (looker, _folder, server) = serve(&[]);
    register(&server, "the-editor");
    let values = json!({ "domain": looker.base_url(), "client_id": "the-editor" });
    server.put("/api/auths/mine", &json!({ "values": values })).expect(200);
    let begin =
        || server.post("/api/auths/mine/oauth", &json!({})).expect(200)["authorize_url"].as_str().unwrap().to_owned();
    let url = begin();
    for part in [
        "response_type=code",
        "client_id=the-editor",
        "code_challenge_method=S256",
        "scope=cors_api",
        "state=",
        "code_challenge=",
    ] {
        assert!(url.contains(part), "{url}");
    }
    let back = granted(&looker, &server, &url);
    // From another site, a browser leaves the cookie out. The page then loads itself again, and nothing is used up.
    let cross_site = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    let bounced = server.send("GET", &back, &cross_site, b"");
    assert_eq!(bounced.status, 200);
    assert!(
        bounced.text().contains("http-equiv=\"refresh\"") && bounced.text().contains("again=1"),
        "{}",
        bounced.text()
    );
    assert_eq!(
        server.send("GET", &format!("{back}&again=1"), &cross_site, b"").status,
        401,
        "a browser without a session"
    );
    let done = server.get(&format!("{back}&again=1"));
    assert_eq!(done.status, 200, "{}", done.text());
    assert!(done.text().contains("Signed in"));
    let auths = server.get("/api/auths").expect(200);
    let mine = auths.as_array().unwrap().iter().find(|auth| auth["name"] == "mine").unwrap();
    assert_eq!(mine["secrets"], json!(["refresh_token"]));
    server.post("/api/auths/mine/check", &json!({})).expect(200);
    // Looker replaced the refresh token; the new one is in its place.
    server.post("/api/auths/mine/check", &json!({})).expect(200);
    assert_eq!(server.get(&back).status, 400, "a state works once");

    let refused = server.get("/oauth/callback?state=x&code=%3Cscript%3E");
    assert_eq!(refused.status, 400);
    assert!(!refused.text().contains("<script>"));
    let state = begin().split("state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let denied = server.get(&format!("/oauth/callback?state={state}&error=access_denied&error_description=%3Cb%3ENo"));
    assert_eq!(denied.status, 400);
    assert!(denied.text().contains("&lt;b&gt;No"), "{}", denied.text());
    let state = begin().split("state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let wrong_code = server.get(&format!("/oauth/callback?state={state}&code=wrong"));
    assert_eq!(wrong_code.status, 400);
    assert!(wrong_code.text().contains("refused the code"), "{}", wrong_code.text());
    let no_application = server.put("/api/auths/none", &json!({ "values": { "domain": looker.base_url() } }));
    no_application.expect(200);
    assert_eq!(server.post("/api/auths/none/oauth", &json!({})).expect(422)["fields"][0]["field"], "client_id");
}

#[test]
fn no_response_and_no_log_shows_a_secret() {
    let (looker, folder, server) = serve(&["--log", "trace"]);
    register(&server, "the-editor");
    let hush = "hush-hush-hush";
    let values = json!({ "domain": looker.base_url(), "client_id": "x", "client_secret": hush });
    let mut seen = Vec::new();
    let mut keep = |response: support::serving::Response| {
        seen.push(format!("{:?}\n{}", response.headers, response.text()));
    };
    keep(server.put("/api/auths/a", &json!({ "values": values })));
    keep(server.put("/api/auths/a", &json!({ "values": [hush] })));
    keep(server.put("/api/auths/a", &json!({ "values": { "client_secret": [hush], "domain": { "x": hush } } })));
    keep(server.put("/api/auths/a", &json!({ "values": { "client_secrte": hush } })));
    keep(server.post("/api/auths/a/check", &json!({})));
    keep(server.post("/api/auths/looker/check", &json!({})));
    let values = json!({ "domain": looker.base_url(), "client_id": "the-editor" });
    keep(server.put("/api/auths/mine", &json!({ "values": values })));
    let url =
        server.post("/api/auths/mine/oauth", &json!({})).expect(200)["authorize_url"].as_str().unwrap().to_owned();
    let back = granted(&looker, &server, &url);
    keep(server.get(&back));
    keep(server.post("/api/auths/mine/check", &json!({})));
    for operation in ["me", "all_users", "no_such"] {
        keep(server.post("/api/invoke", &json!({ "auth": "looker", "operation": operation })));
    }
    for path in ["/", "/api/connector", "/api/auths", "/api/workflow", "/api/outputs", "/api/runs", "/nothing"] {
        keep(server.get(path));
    }
    let log = server.log();
    assert!(log.contains("connector_host") || log.contains("DEBUG"), "the log is on: {log}");
    seen.push(log);
    let mut secrets = vec![hush.to_owned(), looker.client_secret().to_owned(), server.token.clone()];
    secrets.push(server.cookie.split('=').nth(1).unwrap().to_owned());
    secrets.extend(looker.tokens());
    let code = back.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    secrets.push(code);
    for secret in secrets {
        for text in &seen {
            assert!(!text.contains(&secret), "{secret} is shown: {text}");
        }
    }
    let written: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(written, ["auth.json"], "nothing is stored");
}

#[test]
fn a_renewed_refresh_token_goes_into_the_file_that_the_auth_came_from() {
    let (looker, folder) = (PracticeLooker::start().unwrap(), tempfile::tempdir().unwrap());
    let token = looker.refresh_token("an-application");
    let file = folder.path().join("oauth.json");
    let auth = json!({ "domain": looker.base_url(), "client_id": "an-application", "refresh_token": token });
    std::fs::write(&file, auth.to_string()).unwrap();
    let named = format!("mine=@{}", file.display());
    let server = Serving::start_in(folder.path(), &["--auth", &named, "--allow-host", &looker.base_url()]);
    server.post("/api/auths/mine/check", &json!({})).expect(200);
    server.post("/api/auths/mine/check", &json!({})).expect(200);
    let written: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_ne!(written["refresh_token"], token);
    assert_eq!(written["client_id"], "an-application");
    let auths = server.get("/api/auths").expect(200);
    assert_eq!((&auths[0]["origin"], &auths[0]["secrets"]), (&json!("file"), &json!(["refresh_token"])));
}

#[test]
fn ctrl_c_ends_the_sessions_in_looker() {
    let (looker, _folder, mut server) = serve(&[]);
    server.post("/api/auths/looker/check", &json!({})).expect(200);
    looker.clear_requests();
    kill_process(Pid::from_raw(server.id() as i32).unwrap(), Signal::INT).unwrap();
    let started = Instant::now();
    assert_eq!(server.wait(), 130);
    assert!(started.elapsed() < Duration::from_secs(6));
    let requests: Vec<String> = looker.requests().iter().map(|request| format!("{request:?}")).collect();
    assert!(requests.iter().any(|request| request.contains("DELETE") && request.contains("logout")), "{requests:?}");
}

#[test]
fn the_practice_looker_is_an_auth_of_its_own() {
    let server = Serving::start(&["--practice"]);
    assert_eq!(server.get("/api/connector").expect(200)["practice"], true);
    let auths = server.get("/api/auths").expect(200);
    assert_eq!((&auths[0]["name"], &auths[0]["origin"]), (&json!("practice"), &json!("practice")));
    server.post("/api/auths/practice/check", &json!({})).expect(200);
}
