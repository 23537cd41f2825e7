//! The rows: a fault of Looker or of something before it, and what the failure says.

use connector_host::Reason::{self, Forbidden, NotFound, Rejected, RemoteError, Unauthenticated, UnexpectedResponse};
use practice_looker::Fault;

/// One row of the table.
pub struct Row {
    /// The fault, for people.
    pub name: &'static str,
    /// Whether the login gets the fault. Otherwise the call after it does.
    pub login: bool,
    /// The operation that is called.
    pub operation: &'static str,
    /// Its input.
    pub input: &'static str,
    /// The fault.
    pub fault: Fault,
    /// The expected reason.
    pub reason: Reason,
    /// Whether the failure is expected to be retryable.
    pub retryable: bool,
    /// What the message, the fields or the causes must contain.
    pub says: Vec<String>,
    /// What none of them may contain.
    pub hides: &'static [&'static str],
}

const JSON: &str = "application/json";
const HTML: &str = "text/html";
const TEXT: &str = "text/plain";

fn response(status: u16, media_type: &str, body: impl Into<Vec<u8>>) -> Fault {
    Fault::Response { status, headers: vec![("content-type".to_owned(), media_type.to_owned())], body: body.into() }
}

/// A permanent failure of `create_user`.
fn write(name: &'static str, fault: Fault, reason: Reason, says: &[&str]) -> Row {
    Row {
        name,
        login: false,
        operation: "create_user",
        input: r#"{"first_name": "Ada"}"#,
        fault,
        reason,
        retryable: false,
        says: says.iter().map(|part| (*part).to_owned()).collect(),
        hides: &[],
    }
}

/// A permanent failure of the login before `me`.
fn login(name: &'static str, fault: Fault, reason: Reason, says: &[&str]) -> Row {
    Row { login: true, operation: "me", input: "{}", ..write(name, fault, reason, says) }
}

impl Row {
    fn hides(self, hides: &'static [&'static str]) -> Self {
        Self { hides, ..self }
    }

    fn of(self, operation: &'static str, input: &'static str) -> Self {
        Self { operation, input, ..self }
    }
}

/// All rows.
pub fn rows() -> Vec<Row> {
    [lookers_words(), other_words(), logins(), objects_and_redirects()].into_iter().flatten().collect()
}

/// What Looker says in JSON comes through whole.
fn lookers_words() -> Vec<Row> {
    let long = "orders.total is not a field. ".repeat(200);
    let long_body = serde_json::json!({ "message": long }).to_string();
    vec![
        write(
            "a message of several lines",
            response(422, JSON, r#"{"message": "Validation Failed\nfirst line\n\nlast line"}"#),
            Rejected,
            &["Validation Failed", "first line", "last line"],
        ),
        write(
            "a field's message of several lines",
            response(
                422,
                JSON,
                r#"{"message": "Validation Failed", "errors": [{"field": "email", "code": "invalid", "message": "upper\nlower"}]}"#,
            ),
            Rejected,
            &["email", "upper", "lower"],
        ),
        write(
            "a message with carriage returns",
            response(422, JSON, r#"{"message": "first\r\nsecond\rthird\u0000\u001b[31m"}"#),
            Rejected,
            &["first\nsecond third"],
        )
        .hides(&["\r", "\u{1b}", "\0"]),
        // Shown up to 2,000 characters and marked where it is cut.
        write("a message of 5,800 characters", response(422, JSON, long_body), Rejected, &[&long[..1_900], "…"]),
        write(
            "message_details",
            response(400, JSON, r#"{"message": "The query failed", "message_details": "no such table: orders"}"#),
            Rejected,
            &["The query failed", "no such table: orders"],
        ),
        write(
            "a message that begins with <",
            response(422, JSON, r#"{"message": "<b>total</b> is not a field"}"#),
            Rejected,
            &["<b>total</b> is not a field"],
        ),
    ]
}

/// What something before Looker says is reduced to one readable line.
fn other_words() -> Vec<Row> {
    let page = "<html><head><title>502 Bad Gateway</title></head><body><h1>nginx</h1></body></html>";
    vec![
        write("a proxy's page", response(502, HTML, page), RemoteError, &["502 Bad Gateway"])
            .hides(&["<title>", "nginx"]),
        write(
            "a proxy's text",
            response(500, TEXT, "upstream connect error\nreset reason: overflow\n"),
            RemoteError,
            &["upstream connect error"],
        )
        .hides(&["reset reason"]),
        write("a write that may have acted", response(500, JSON, "{}"), RemoteError, &["carried out"]),
        Row {
            retryable: true,
            ..write("a read that fails", response(500, JSON, "{}"), RemoteError, &[]).of("user", r#"{"user_id": "1"}"#)
        }
        .hides(&["carried out"]),
    ]
}

/// A refused login says who refused it and why.
fn logins() -> Vec<Row> {
    let page = "<html><head><title>Access denied by Acme</title></head><body></body></html>";
    let before = "before Looker";
    let blame: &[&str] = &["client secret"];
    vec![
        login(
            "login: 401 with Looker's words",
            response(401, JSON, r#"{"message": "API login is disabled for this user."}"#),
            Unauthenticated,
            &["API login is disabled for this user.", "client secret"],
        ),
        login(
            "login: 404 with Looker's words",
            response(
                404,
                JSON,
                r#"{"message": "Not found", "documentation_url": "https://cloud.google.com/looker/docs/"}"#,
            ),
            Unauthenticated,
            &["client secret"],
        ),
        login(
            "login: 403 with Looker's words",
            response(403, JSON, r#"{"message": "This address may not use the API."}"#),
            Forbidden,
            &["This address may not use the API."],
        )
        .hides(blame),
        login(
            "login: 403 with a page",
            response(403, HTML, page),
            UnexpectedResponse,
            &[before, "Access denied by Acme"],
        )
        .hides(blame),
        login("login: an empty 403", response(403, TEXT, ""), UnexpectedResponse, &[before, "allow list"]).hides(blame),
        login(
            "login: 404 with a page",
            response(404, HTML, page),
            UnexpectedResponse,
            &[before, "Access denied by Acme"],
        )
        .hides(blame),
        login("login: an empty 404", response(404, TEXT, ""), UnexpectedResponse, &[before]).hides(blame),
        login(
            "login: a page in place of a token",
            response(200, HTML, page),
            UnexpectedResponse,
            &["not Looker's API", "Access denied by Acme"],
        )
        .hides(blame),
    ]
}

/// What is not found is named, and so is the host of a redirect.
fn objects_and_redirects() -> Vec<Row> {
    let not_found = || response(404, JSON, r#"{"message": "Not found"}"#);
    let redirect = |location: &str| Fault::Redirect { status: 302, location: location.to_owned() };
    vec![
        write("404: an id in the path", not_found(), NotFound, &["user_id"]).of("user", r#"{"user_id": "999"}"#),
        write("404: ids in the body", not_found(), NotFound, &["folder_id", "query_id"])
            .of("create_look", r#"{"title": "New", "folder_id": "99", "query_id": "88"}"#),
        write("404: ids in the path and the body", not_found(), NotFound, &["dashboard_id", "folder_id"])
            .of("update_dashboard", r#"{"dashboard_id": "7", "folder_id": "99"}"#),
        write(
            "a redirect to another host",
            redirect("https://sso.example.com/login?state=secret-state"),
            UnexpectedResponse,
            &["sso.example.com"],
        )
        .hides(&["secret-state"])
        .of("user", r#"{"user_id": "1"}"#),
    ]
}
