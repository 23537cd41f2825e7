//! Finds users by their e-mail address, for the jobs that are about users.

use super::search::exact;
use super::{Job, id};
use crate::failure::{Problem, Reason, Result};
use serde_json::{Value, json};

/// What is read of a user. Never the links by which somebody could sign in.
pub const FIELDS: &str = "id,email,first_name,last_name,display_name,is_disabled,is_service_account,role_ids,group_ids,\
                          credentials_email(email,logged_in_at,account_setup_url_expired),credentials_saml(email),\
                          credentials_oidc(email),credentials_ldap(email),credentials_google(email)";

/// The user with an e-mail address: by the credentials, which is exact; else by a search, for users who sign in only
/// through an identity provider.
pub fn by_email(job: &mut Job, email: &str) -> Result<Option<Value>> {
    let input = json!({ "credential_type": "email", "credential_id": email, "fields": FIELDS });
    if let Some(user) = job.find("user_for_credential", &input)? {
        if has_email(&user, email) {
            return Ok(Some(user));
        }
        let message = format!("Looker returned another user than the one with the e-mail address {email}.");
        let mut problem = Problem::new(Reason::UnexpectedResponse, message);
        problem.request_sent = true;
        return Err(problem.permanent());
    }
    let mut users = exact(job, "search_users", ("email", email), FIELDS, true)?;
    if users.len() > 1 {
        let ids: Vec<String> = users.iter().filter_map(|user| id(&user["id"])).collect();
        let message = format!("Several users have the e-mail address {email}: {}. Give the ID of one.", ids.join(", "));
        return Err(job.fail_input("email", "ambiguous", Reason::InvalidInput, message));
    }
    Ok(users.pop())
}

/// Whether a user has an e-mail address. Looker ignores case.
pub fn has_email(user: &Value, email: &str) -> bool {
    let is_same = |value: &Value| value.as_str().is_some_and(|text| text.to_lowercase() == email.to_lowercase());
    is_same(&user["email"]) || is_same(&user["credentials_email"]["email"])
}

/// A user as a job returns it.
pub fn shown(user: &Value) -> Value {
    let names = ["email", "first_name", "last_name", "display_name", "is_disabled"];
    let mut shown = json!({ "id": id(&user["id"]) });
    for name in names {
        shown[name] = user[name].clone();
    }
    for list in ["role_ids", "group_ids"] {
        shown[list] = user[list].as_array().map(|ids| ids.iter().filter_map(id).collect::<Vec<_>>()).into();
    }
    shown
}
