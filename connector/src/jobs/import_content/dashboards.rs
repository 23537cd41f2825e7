//! Imports dashboards, which are found again by their slug.

use super::super::{Job, StepState, id};
use super::{Imported, Settings, lookml};
use crate::failure::{Reason, Result};
use serde_json::{Value, json};

/// The step of each dashboard.
const STEP: &str = "import_dashboard";
/// The properties that are read.
const FIELDS: &str = "id,title,slug,folder_id,folder(id),deleted";

/// A dashboard in the target.
struct Target {
    id: String,
    folder: Option<String>,
}

/// Imports one dashboard into a folder; in a dry run, `folder` is `None` if it would be created.
pub(super) fn import(job: &mut Job, settings: &Settings, item: &Value, folder: Option<&str>) -> Result<Imported> {
    let slug = item["slug"].as_str().filter(|slug| !slug.is_empty());
    let text = lookml::adapted(item["lookml"].as_str().unwrap_or_default(), &settings.models, slug);
    let slug = lookml::slug(&text).map(str::to_owned);
    let Some(slug) = slug else {
        let message = "It has no slug, so a second import would make a second dashboard. Export it again.";
        return Err(job.fail(Reason::Rejected, message));
    };
    let target = find(job, &slug, false)?;
    if target.is_none() && find(job, &slug, true)?.is_some() {
        let message = format!(
            "A dashboard in the target's trash has the slug {slug}. Restore it or delete it for good, then import again."
        );
        return Err(job.fail(Reason::Conflict, message));
    }
    if let Some(target) = &target {
        let lies_there = folder.is_some() && target.folder.as_deref() == folder;
        if lies_there && lookml::is_same(&text, &lookml_of(job, &target.id)?) {
            job.record(STEP, StepState::Held, Some(&target.id));
            return Ok(Imported { id: Some(target.id.clone()), slug: Some(slug), state: "held" });
        }
        if !settings.overwrite {
            let message = format!(
                "Dashboard {} of the target has the slug {slug} and differs. Set overwrite to replace it; its alerts are lost then.",
                target.id
            );
            return Err(job.fail(Reason::Conflict, message));
        }
    }
    let state = if target.is_some() { "overwritten" } else { "created" };
    if settings.dry_run {
        return Ok(Imported { id: target.map(|target| target.id), slug: Some(slug), state });
    }
    let input = json!({ "lookml": text, "folder_id": folder });
    let made = job.write_or_find(STEP, None, "import_dashboard_from_lookml", &input, |job| {
        let Some(made) = find(job, &slug, false)? else { return Ok(None) };
        let is_same = lookml::is_same(&text, &lookml_of(job, &made.id)?);
        Ok(is_same.then(|| json!({ "id": made.id, "slug": slug })))
    })?;
    let new_slug = made["slug"].as_str().map_or(slug, str::to_owned);
    Ok(Imported { id: id(&made["id"]), slug: Some(new_slug), state })
}

/// The dashboard with exactly this slug. Looker's search takes `_` in a slug as a wildcard.
fn find(job: &mut Job, slug: &str, in_trash: bool) -> Result<Option<Target>> {
    let mut input = json!({ "slug": slug, "fields": FIELDS });
    if in_trash {
        input["deleted"] = json!("true");
    }
    let found = job.read("search_dashboards", &input)?;
    let is_it = |dashboard: &&Value| dashboard["slug"] == slug && (dashboard["deleted"] == true) == in_trash;
    let target = found.as_array().into_iter().flatten().find(is_it);
    Ok(target.and_then(|dashboard| {
        let folder = id(&dashboard["folder_id"]).or_else(|| id(&dashboard["folder"]["id"]));
        Some(Target { id: id(&dashboard["id"])?, folder })
    }))
}

fn lookml_of(job: &mut Job, dashboard: &str) -> Result<String> {
    let exported = job.read("dashboard_lookml", &json!({ "dashboard_id": dashboard }))?;
    Ok(exported["lookml"].as_str().unwrap_or_default().to_owned())
}
