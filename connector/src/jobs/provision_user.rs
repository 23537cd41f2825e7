//! `provision_user`: makes sure that somebody is a user, with roles, groups and attributes.

mod access;
mod wanted;

use super::people::{FIELDS, by_email, has_email, shown};
use super::search::exact;
use super::{Job, Outcome, StepState, id};
use crate::failure::{Failure, Problem, Reason, Result};
use serde_json::{Value, json};
use wanted::Wanted;

pub(super) fn run(job: &mut Job) -> Result<Outcome> {
    // The schema requires it.
    let email = job.text("email").unwrap_or_default();
    // An unknown name must change nothing.
    let wanted = Wanted::resolve(job)?;
    let found = find(job, &email)?;
    if let Some(user) = &found {
        check_enabled(job, user)?;
    }
    let is_new = found.is_none();
    let mut user = match found {
        Some(user) => {
            job.record("create_user", StepState::Held, id(&user["id"]).as_deref());
            user
        }
        None => create(job, &email)?,
    };
    let mut user_id = remember(job, &user)?;
    let made_email = if has_email(&user, &email) {
        // Somebody who signs in through an identity provider needs no e-mail credentials.
        let is_email = !user["credentials_email"].is_null();
        job.record("add_email", if is_email { StepState::Held } else { StepState::Skipped }, Some(&user_id));
        false
    } else {
        let owner = add_email(job, &user_id, &email, is_new)?;
        if let Some(other) = owner {
            check_enabled(job, &other)?;
            user_id = remember(job, &other)?;
            user = other;
            false
        } else {
            true
        }
    };
    set_names(job, &user, &user_id, &email)?;
    enable(job, &user, &user_id)?;
    access::set_roles(job, &user_id, &wanted.roles)?;
    access::add_groups(job, &user_id, &wanted.groups)?;
    access::set_attributes(job, &user_id, &wanted.attributes)?;
    invite(job, &user, &user_id, made_email)?;
    let user = job.read("user", &json!({ "user_id": user_id, "fields": FIELDS }))?;
    Ok(job.finished(&[("user", shown(&user))]))
}

/// Keeps the id for a call that goes on.
fn remember(job: &mut Job, user: &Value) -> Result<String> {
    let user_id = id(&user["id"]).ok_or_else(|| {
        let mut problem = Problem::new(Reason::UnexpectedResponse, "Looker returned a user without an ID.");
        problem.request_sent = true;
        problem.permanent()
    })?;
    job.resume_with("user_id", user_id.clone());
    Ok(user_id)
}

/// The user of the input, or one that an earlier run did not finish.
fn find(job: &mut Job, email: &str) -> Result<Option<Value>> {
    let Some(user_id) = job.text("user_id") else {
        let known = by_email(job, email)?;
        return if known.is_some() { Ok(known) } else { half_made(job, email) };
    };
    let user = job.find("user", &json!({ "user_id": user_id, "fields": FIELDS }))?;
    match user {
        Some(user) if has_email(&user, email) || is_half_made(&user, email) => Ok(Some(user)),
        Some(_) => {
            let message = format!("User {user_id} has another e-mail address than {email}: leave out user_id.");
            Err(job.fail_input("user_id", "conflict", Reason::Conflict, message))
        }
        None => {
            let message = format!("There is no user {user_id}, or this API key may not see the user.");
            Err(job.fail_input("user_id", "not_found", Reason::NotFound, message))
        }
    }
}

/// A user without credentials that a run of this job left behind, by the interim name that it gives. No search by e-mail
/// finds such a user.
fn half_made(job: &mut Job, email: &str) -> Result<Option<Value>> {
    let users = exact(job, "search_users", ("last_name", email), FIELDS, false)?;
    Ok(users.into_iter().find(|user| is_half_made(user, email)))
}

fn is_half_made(user: &Value, email: &str) -> bool {
    let is_blank = |name: &str| user[name].is_null() || user[name] == "";
    let credentials =
        ["credentials_email", "credentials_saml", "credentials_oidc", "credentials_ldap", "credentials_google"];
    user["last_name"] == email && is_blank("email") && credentials.into_iter().all(|kind| user[kind].is_null())
}

fn create(job: &mut Job, email: &str) -> Result<Value> {
    // The e-mail address as an interim name lets the next run find a user that this one could not finish.
    let input = json!({ "last_name": email });
    let user = job.write_or_find("create_user", None, "create_user", &input, |job| half_made(job, email))?;
    Ok(json!({ "id": user["id"], "last_name": email }))
}

/// Adds e-mail credentials. Returns the user that has the address already, where a parallel run was faster; the blank user
/// that this call made is deleted then.
fn add_email(job: &mut Job, user_id: &str, email: &str, is_new: bool) -> Result<Option<Value>> {
    let input = json!({ "user_id": user_id, "email": email });
    let added = job.write_or_find("add_email", Some(user_id), "create_user_credentials_email", &input, |job| {
        let credentials =
            job.find("user_credentials_email", &json!({ "user_id": user_id, "fields": "email,user_id" }))?;
        Ok(credentials.filter(|credentials| has_email(&json!({ "credentials_email": credentials }), email)))
    });
    let failure = match added {
        Ok(_) => return Ok(None),
        Err(failure) if is_taken(&failure) => failure,
        Err(failure) => return Err(failure),
    };
    let Some(owner) = by_email(job, email)? else { return Err(failure) };
    if id(&owner["id"]).as_deref() == Some(user_id) {
        job.record("add_email", StepState::Held, Some(user_id));
        return Ok(None);
    }
    if !is_new {
        return Err(failure);
    }
    job.remove("remove_blank_user", user_id, "delete_user", &json!({ "user_id": user_id }))?;
    Ok(Some(owner))
}

/// Whether a failure says that somebody has the address already.
fn is_taken(failure: &Failure) -> bool {
    let problem = failure.problem();
    let is_taken = |code: &str| matches!(code, "already_exists" | "taken");
    problem.reason == Reason::Conflict
        || (problem.reason == Reason::Rejected && problem.fields.iter().any(|field| is_taken(&field.code)))
}

/// Sets the names of a user who has only the interim one. Other names stay.
fn set_names(job: &mut Job, user: &Value, user_id: &str, email: &str) -> Result<()> {
    let (first, last) = (job.text("first_name"), job.text("last_name"));
    let is_interim = user["last_name"] == email;
    if !is_interim || (first.is_none() && last.is_none()) {
        job.record("set_names", if is_interim { StepState::Skipped } else { StepState::Held }, Some(user_id));
        return Ok(());
    }
    let input = json!({ "user_id": user_id, "first_name": first, "last_name": last, "fields": "id" });
    job.write("set_names", Some(user_id), "update_user", &input).map(|_| ())
}

/// Fails if a user is disabled and may not be enabled.
fn check_enabled(job: &Job, user: &Value) -> Result<()> {
    if user["is_disabled"] != true || job.flag("reenable") {
        return Ok(());
    }
    let message =
        format!("User {} is disabled. Set reenable to enable the user again.", id(&user["id"]).unwrap_or_default());
    Err(job.fail_input("reenable", "disabled", Reason::Conflict, message))
}

fn enable(job: &mut Job, user: &Value, user_id: &str) -> Result<()> {
    if user["is_disabled"] == true {
        let input = json!({ "user_id": user_id, "is_disabled": false, "fields": "id" });
        job.write("enable", Some(user_id), "update_user", &input)?;
    }
    Ok(())
}

/// Sends the invitation, unless the user has signed in before or holds one that has not expired.
fn invite(job: &mut Job, user: &Value, user_id: &str, made_email: bool) -> Result<()> {
    if job.text("invite").as_deref() != Some("email") {
        return Ok(());
    }
    let step = "invite";
    let made_before = job.ids_of("add_email", StepState::Done).iter().any(|made| made == user_id);
    let credentials = &user["credentials_email"];
    let has_signed_in = credentials["logged_in_at"].as_str().is_some_and(|time| !time.is_empty());
    // Nobody can have been invited by credentials that this run made, whatever Looker says of their link.
    let is_invited = !made_email && !made_before && credentials["account_setup_url_expired"] == false;
    let is_invited = is_invited || job.ids_of(step, StepState::Done).iter().any(|invited| invited == user_id);
    let has_email = made_email || !credentials.is_null();
    if !has_email || has_signed_in || is_invited {
        job.record(step, if has_email { StepState::Held } else { StepState::Skipped }, Some(user_id));
        return Ok(());
    }
    let input = json!({ "user_id": user_id, "fields": "user_id" });
    job.write_once(step, Some(user_id), "send_user_credentials_email_password_reset", &input).map(|_| ())
}
