use super::*;
use std::sync::atomic::AtomicUsize;

fn auth(name: &str) -> Auth {
    Auth::from_json(format!(r#"{{"name":"{name}"}}"#)).unwrap()
}

fn sign_in(sessions: &Sessions, by: &Auth, renewed: Option<&str>) {
    let entry = sessions.entry(by);
    sessions.keep(by, &entry, Session::new(auth("session"), None, renewed.map(auth)));
}

fn renewed(sessions: &Sessions, of: &str) -> Option<String> {
    sessions.renewed_auth(&auth(of)).map(|auth| auth.expose_json().to_owned())
}

fn has_session(sessions: &Sessions, of: &str) -> bool {
    sessions.known(&auth(of)).is_some_and(|entry| entry.session().is_some())
}

#[test]
fn the_session_that_was_used_longest_ago_goes_and_renewed_auths_stay() {
    let sessions = Sessions::with_room(3, 4, None);
    sign_in(&sessions, &auth("old"), Some("new"));
    for name in ["1", "2", "3"] {
        sign_in(&sessions, &auth(name), None);
    }
    assert!(has_session(&sessions, "1"));
    for name in ["4", "5"] {
        sign_in(&sessions, &auth(name), None);
    }
    let there: Vec<_> = ["1", "2", "3", "4", "5"].into_iter().filter(|name| has_session(&sessions, name)).collect();
    assert_eq!(there, ["1", "4", "5"]);
    assert_eq!(renewed(&sessions, "old").as_deref(), Some(r#"{"name":"new"}"#));
}

#[test]
fn renewed_auths_are_bounded_too_and_told_before_they_go() {
    static TOLD: AtomicUsize = AtomicUsize::new(0);
    let tell = |old: &Auth, new: &Auth| {
        assert_eq!(new.expose_json(), old.expose_json().replace("old", "new"));
        TOLD.fetch_add(1, Ordering::Relaxed);
    };
    let sessions = Sessions::with_room(3, 4, Some(Arc::new(tell)));
    for number in 0..100 {
        sign_in(&sessions, &auth(&format!("old{number}")), Some(&format!("new{number}")));
        assert_eq!(TOLD.load(Ordering::Relaxed), number + 1);
    }
    let names = lock(&sessions.names);
    assert_eq!((names.ordinary.len(), names.renewed.len()), (0, 4));
}

#[test]
fn old_and_renewed_auth_share_one_session_and_its_successors() {
    let sessions = Sessions::new(None);
    sign_in(&sessions, &auth("a"), Some("b"));
    assert!(has_session(&sessions, "b"));
    // Whoever has `a` still, and whoever has `b` already, renew the same.
    sign_in(&sessions, &auth("b"), Some("c"));
    let entry = sessions.entry(&auth("a"));
    assert_eq!(entry.newest(&auth("a")).expose_json(), r#"{"name":"c"}"#);
    assert!(Arc::ptr_eq(&entry, &sessions.entry(&auth("c"))));
    assert_eq!(renewed(&sessions, "a").as_deref(), Some(r#"{"name":"c"}"#));
    assert_eq!(renewed(&sessions, "b").as_deref(), Some(r#"{"name":"c"}"#));
    assert_eq!(renewed(&sessions, "c"), None);
    assert_eq!(renewed(&sessions, "nobody"), None);
}

#[test]
fn an_auth_of_somebody_else_is_no_name_for_a_session() {
    let sessions = Sessions::new(None);
    sign_in(&sessions, &auth("victim"), Some("victim2"));
    sign_in(&sessions, &auth("thief"), Some("victim2"));
    assert!(!Arc::ptr_eq(&sessions.entry(&auth("thief")), &sessions.entry(&auth("victim2"))));
}

#[test]
fn a_session_that_could_not_be_ended_is_not_used_and_not_forgotten() {
    let sessions = Sessions::new(None);
    sign_in(&sessions, &auth("a"), None);
    let entry = sessions.known(&auth("a")).unwrap();
    for session in entry.take_all() {
        entry.put_back(session);
    }
    assert!(entry.session().is_none());
    assert_eq!(entry.take_all().len(), 1);
    assert_eq!(entry.take_all().len(), 0);
}
