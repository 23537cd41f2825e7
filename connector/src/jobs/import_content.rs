//! `import_content`: puts exported dashboards and Looks into a folder of this instance.

mod dashboards;
mod folders;
mod lookml;
mod looks;
mod models;

use super::export_content::FORMAT;
use super::refusals::{failure, is_refusal, is_refused, refuse};
use super::usage::Kind;
use super::{Job, Outcome, id};
use crate::failure::{Reason, Result};
use folders::Folders;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The input in which a call that goes on finds what was imported before.
const IMPORTED: &str = "imported";

/// How to import.
struct Settings {
    overwrite: bool,
    dry_run: bool,
    /// The target's names of models.
    models: BTreeMap<String, String>,
}

/// What became of an item.
struct Imported {
    /// Its id in the target.
    id: Option<String>,
    slug: Option<String>,
    state: &'static str,
}

pub(super) fn run(job: &mut Job) -> Result<Outcome> {
    let export = job.input("export").clone();
    if export["format"] != FORMAT {
        let message = format!("export must be an output of export_content, with format {FORMAT}.");
        return Err(job.fail_input("export", "invalid", Reason::InvalidInput, message));
    }
    let map = job.input("model_map").as_object().cloned().unwrap_or_default();
    let models = map.into_iter().filter_map(|(from, to)| Some((from, to.as_str()?.to_owned()))).collect();
    let settings = Settings { overwrite: job.flag("overwrite"), dry_run: job.flag("dry_run"), models };
    models::check(job, &export, &settings.models)?;
    let root = job.text("folder_id").unwrap_or_default();
    if job.find("folder", &json!({ "folder_id": root, "fields": "id" }))?.is_none() {
        let message = format!("There is no folder {root}, or this API key may not see it.");
        return Err(job.fail_input("folder_id", "not_found", Reason::NotFound, message));
    }
    let mut folders = Folders::below(&root);
    for kind in Kind::ALL {
        let part = if kind == Kind::Look { "looks" } else { "dashboards" };
        for item in export[part].as_array().into_iter().flatten() {
            import(job, &settings, &mut folders, kind, item)?;
        }
    }
    if let Some(failure) = failure(job, "the items") {
        return Err(failure);
    }
    let imported = job.input(IMPORTED).as_array().cloned().unwrap_or_default();
    Ok(job.finished(&[("imported", Value::Array(imported)), ("dry_run", json!(settings.dry_run))]))
}

/// Imports one item, unless an earlier call of this run has settled it. What Looker refuses is remembered, and the others
/// go on.
fn import(job: &mut Job, settings: &Settings, folders: &mut Folders, kind: Kind, item: &Value) -> Result<()> {
    let old = id(&item["id"]);
    let title = item["title"].as_str().unwrap_or_default();
    let key = format!("{} {} ({title})", kind.name(), old.as_deref().unwrap_or_default());
    let is_it =
        |done: &Value| done["type"] == kind.name() && done["id"] == json!(old) && done["title"] == item["title"];
    if is_refused(job, &key) || job.input(IMPORTED).as_array().into_iter().flatten().any(is_it) {
        return Ok(());
    }
    let done = folders.at(job, settings, &folders::path(item)).and_then(|folder| match kind {
        Kind::Dashboard => dashboards::import(job, settings, item, folder.as_deref()),
        Kind::Look => looks::import(job, settings, item, folder.as_deref()),
    });
    let done = match done {
        Ok(done) => done,
        Err(failure) if is_refusal(&failure) => {
            let problem = failure.problem();
            refuse(job, &key, problem.reason, &problem.message);
            return Ok(());
        }
        Err(failure) => return Err(failure),
    };
    let mut imported = job.input(IMPORTED).as_array().cloned().unwrap_or_default();
    imported.push(json!({
        "type": kind.name(), "id": old, "new_id": done.id, "slug": done.slug, "title": item["title"], "state": done.state,
    }));
    job.resume_with(IMPORTED, imported.clone());
    job.set_value(IMPORTED, Value::Array(imported));
    Ok(())
}
