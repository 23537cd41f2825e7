//! Which requests are carried out: those of the page itself, and those of programs that have its cookie.
//!
//! Any page that the user has open can make the browser send requests to this server, and a name that resolves to
//! `127.0.0.1` (DNS rebinding) makes them look like the page's own. So each request is checked for
//!
//! 1. the `Host` that it is for: this server's address;
//! 2. where it comes from: `Origin` and `Sec-Fetch-Site`, which no page can forge. Requests other than `GET` and `HEAD` must
//!    say it;
//! 3. the session's cookie.

use super::app::App;
use super::error::ApiError;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header};
use std::sync::Arc;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// The path of the page, which the printed address opens.
pub(super) const PAGE: &str = "/";

/// The path to which the remote service sends the user back.
pub(super) const CALLBACK: &str = "/oauth/callback";

/// Refuses what is not the page's, nor from a program with its cookie.
pub(super) async fn check(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let outcome = check_origin(app.port, &request);
    // These two decide for themselves what somebody without the cookie gets.
    let is_public = matches!(path.as_str(), PAGE | CALLBACK);
    let outcome = match outcome {
        Ok(()) if is_public || app.gate.is_open_to(request.headers()) => Ok(()),
        Ok(()) => Err(ApiError::new(StatusCode::UNAUTHORIZED, NO_SESSION)),
        Err(error) => Err(error),
    };
    match outcome {
        Ok(()) => next.run(request).await,
        Err(error) => {
            tracing::debug!(%method, path, "refused a request");
            error.into_response()
        }
    }
}

/// What somebody without the cookie is told.
pub(super) const NO_SESSION: &str = "this browser has no session with this server: open the address that the program printed. The address works \
                                     once; to get a new one, end the program and start it again";

fn check_origin(port: u16, request: &Request) -> Result<(), ApiError> {
    let host = host(request.headers(), request.uri(), port)?;
    let text = |name: &HeaderName| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    let refuse = |message: &str| Err(ApiError::new(StatusCode::FORBIDDEN, message));
    let origins: Vec<_> = request.headers().get_all(header::ORIGIN).iter().collect();
    let has_own_origin = match origins[..] {
        [] => false,
        [origin] if origin.as_bytes() == format!("http://{host}").as_bytes() => true,
        _ => return refuse("the request comes from another origin; only this server's own page may send requests"),
    };
    let site = text(&SEC_FETCH_SITE);
    let is_navigation = text(&SEC_FETCH_MODE) == Some("navigate")
        && text(&SEC_FETCH_DEST) == Some("document")
        && is_read(request.method());
    match site {
        // Of a browser that does not say, or of a program.
        None => {}
        Some("same-origin" | "none") => {}
        // A link to the page shows nothing without the cookie, and the remote service sends the user back by one.
        Some(_) if is_navigation && matches!(request.uri().path(), PAGE | CALLBACK) => {}
        Some(_) => return refuse("the request comes from another site; only this server's own page may send requests"),
    }
    if is_read(request.method()) || has_own_origin || site == Some("same-origin") {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::FORBIDDEN,
        format!("the request does not say where it comes from: send the header `origin: http://{host}`"),
    ))
}

fn is_read(method: &Method) -> bool {
    method == Method::GET || method == Method::HEAD
}

/// The host that the request is for. It has to be this server, by the names that it is opened under.
fn host(headers: &HeaderMap, uri: &Uri, port: u16) -> Result<String, ApiError> {
    let refused = || {
        let message = format!("this server is http://127.0.0.1:{port}; the request is for another host");
        ApiError::new(StatusCode::MISDIRECTED_REQUEST, message)
    };
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return Err(refused()) };
    let host = host.to_str().map_err(|_| refused())?.to_ascii_lowercase();
    let is_own = |host: &str| {
        ["127.0.0.1", "localhost"].iter().any(|name| match host.strip_prefix(name) {
            Some("") => port == 80,
            Some(rest) => rest.strip_prefix(':') == Some(&port.to_string()),
            None => false,
        })
    };
    let target_is_own = uri.authority().is_none_or(|authority| authority.as_str().eq_ignore_ascii_case(&host));
    if is_own(&host) && target_is_own { Ok(host) } else { Err(refused()) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use axum::body::Body;

    const OWN: &str = "127.0.0.1:4820";

    /// The status that a request is refused with, or 200.
    fn status(method: &str, path: &str, headers: &[(&str, &str)]) -> u16 {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        match check_origin(4820, &request.body(Body::empty()).unwrap()) {
            Ok(()) => 200,
            Err(error) => error.into_response().status().as_u16(),
        }
    }

    #[test]
    fn the_host_is_this_server() {
        for host in [OWN, "localhost:4820", "LOCALHOST:4820"] {
            assert_eq!(status("GET", "/api/auths", &[("host", host)]), 200, "{host}");
        }
        for host in [
            "127.0.0.1",
            "127.0.0.1:4821",
            "127.0.0.1:48200",
            "localhost",
            "rebound.example.com:4820",
            "127.0.0.1.example.com:4820",
            "0.0.0.0:4820",
            "[::1]:4820",
            "127.0.0.1:4820.",
            "127.1:4820",
            "user@127.0.0.1:4820",
            "localhost.:4820",
            "",
        ] {
            assert_eq!(status("GET", "/api/auths", &[("host", host)]), 421, "{host}");
        }
        assert_eq!(status("GET", "/api/auths", &[]), 421);
        assert_eq!(status("GET", "/api/auths", &[("host", OWN), ("host", "other")]), 421);
        assert_eq!(status("GET", "http://rebound.example.com:4820/api/auths", &[("host", OWN)]), 421);
    }

    #[test]
    fn other_origins_are_refused_whatever_the_method() {
        for method in ["GET", "POST", "PUT", "DELETE"] {
            for origin in [
                "http://example.com",
                "null",
                "http://localhost:4820",
                "https://127.0.0.1:4820",
                "http://127.0.0.1",
                "http://127.0.0.1:3000",
                "",
            ] {
                assert_eq!(
                    status(method, "/api/auths", &[("host", OWN), ("origin", origin)]),
                    403,
                    "{method} {origin}"
                );
            }
            assert_eq!(status(method, "/api/auths", &[("host", OWN), ("origin", "http://127.0.0.1:4820")]), 200);
        }
    }

    #[test]
    fn other_sites_are_refused_but_for_links_to_the_page() {
        let from = |method, path, site, mode, dest| {
            let headers = [("host", OWN), ("sec-fetch-site", site), ("sec-fetch-mode", mode), ("sec-fetch-dest", dest)];
            status(method, path, &headers)
        };
        for site in ["cross-site", "same-site"] {
            assert_eq!(from("GET", "/api/auths", site, "no-cors", "image"), 403);
            assert_eq!(from("GET", "/api/auths", site, "navigate", "document"), 403);
            assert_eq!(from("GET", PAGE, site, "navigate", "iframe"), 403);
            assert_eq!(from("POST", PAGE, site, "navigate", "document"), 403);
            assert_eq!(from("GET", PAGE, site, "navigate", "document"), 200);
            assert_eq!(from("GET", CALLBACK, site, "navigate", "document"), 200);
        }
        assert_eq!(from("GET", "/api/auths", "same-origin", "cors", "empty"), 200);
        assert_eq!(from("POST", "/api/runs", "same-origin", "cors", "empty"), 200);
        assert_eq!(from("POST", "/api/runs", "none", "navigate", "document"), 403, "nobody types a POST");
    }

    #[test]
    fn a_change_must_say_where_it_comes_from() {
        assert_eq!(status("POST", "/api/runs", &[("host", OWN)]), 403);
        assert_eq!(status("DELETE", "/api/auths/a", &[("host", OWN)]), 403);
        assert_eq!(status("GET", "/api/auths", &[("host", OWN)]), 200);
    }
}
