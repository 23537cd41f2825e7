//! `export_content`: dashboards and Looks in a form that `import_content` takes.

use super::content_query::{explore, portable};
use super::refusals::is_refusal;
use super::usage::Kind;
use super::{Job, Outcome, Rows, id};
use crate::failure::Result;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The version of the form.
pub(super) const FORMAT: u64 = 1;
/// How many requests one more thing can need.
const REQUESTS_FOR_AN_ITEM: u32 = 3;
/// The media type of the stream.
const JSON_LINES: &str = "application/x-ndjson";

pub(super) fn run(job: &mut Job) -> Result<Outcome> {
    let schedules = schedules(job)?;
    let mut export = Export { queue: queue(job), schedules };
    if job.streams() {
        return Ok(Outcome::Rows(JSON_LINES, Box::new(export)));
    }
    let mut parts: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    let mut next = None;
    while !export.queue.is_empty() {
        if job.requests_left() < REQUESTS_FOR_AN_ITEM {
            next = Some(job.next_input(rest(&export.queue)));
            break;
        }
        for (part, item) in export.step(job)? {
            parts.entry(part).or_default().push(item);
        }
    }
    let mut output = json!({ "format": FORMAT });
    for part in ["dashboards", "looks", "not_exported"] {
        output[part] = Value::Array(parts.remove(part).unwrap_or_default());
    }
    Ok(Outcome::Json(output.to_string(), next))
}

/// What is still to be exported.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Pending {
    /// Everything in a folder, which is at this path below the one that was named.
    Folder(String, Vec<String>),
    /// One dashboard or Look, in such a folder.
    Content(Kind, String, Vec<String>),
}

/// An export that is under way.
struct Export {
    queue: VecDeque<Pending>,
    /// How many schedules deliver a dashboard or Look, by kind and id; `None` if the API key may not see them.
    schedules: Option<BTreeMap<(&'static str, String), u64>>,
}

/// What the input names.
fn queue(job: &Job) -> VecDeque<Pending> {
    let mut queue = VecDeque::new();
    for pending in job.input("pending").as_array().into_iter().flatten() {
        let Some(id) = id(&pending["id"]) else { continue };
        let path = pending["folder_path"].as_array().into_iter().flatten();
        let path = path.filter_map(Value::as_str).map(str::to_owned).collect();
        match pending["type"].as_str().and_then(Kind::named) {
            Some(kind) => queue.push_back(Pending::Content(kind, id, path)),
            None => queue.push_back(Pending::Folder(id, path)),
        }
    }
    if !queue.is_empty() {
        return queue;
    }
    for kind in Kind::ALL {
        let ids = job.texts(&format!("{}s", kind.id_name()));
        queue.extend(ids.into_iter().map(|id| Pending::Content(kind, id, Vec::new())));
    }
    queue.extend(job.text("folder_id").map(|id| Pending::Folder(id, Vec::new())));
    queue
}

/// The input that exports what is left.
fn rest(queue: &VecDeque<Pending>) -> [(&'static str, Value); 1] {
    let pending = queue.iter().map(|pending| match pending {
        Pending::Folder(id, path) => json!({ "type": "folder", "id": id, "folder_path": path }),
        Pending::Content(kind, id, path) => json!({ "type": kind.name(), "id": id, "folder_path": path }),
    });
    [("pending", pending.collect())]
}

/// One list of all schedules is cheaper than one for each dashboard.
fn schedules(job: &mut Job) -> Result<Option<BTreeMap<(&'static str, String), u64>>> {
    let plans = job.read("all_scheduled_plans", &json!({ "all_users": true, "fields": "id,dashboard_id,look_id" }));
    let plans = match plans {
        Ok(plans) => plans,
        Err(failure) if is_refusal(&failure) => return Ok(None),
        Err(failure) => return Err(failure),
    };
    let mut counts = BTreeMap::new();
    for plan in plans.as_array().into_iter().flatten() {
        for kind in Kind::ALL {
            if let Some(content) = id(&plan[kind.id_name()]) {
                *counts.entry((kind.name(), content)).or_default() += 1;
            }
        }
    }
    Ok(Some(counts))
}

impl Export {
    /// Does the first of what is pending, and returns what it adds to the export.
    fn step(&mut self, job: &mut Job) -> Result<Vec<(&'static str, Value)>> {
        match self.queue.front().cloned() {
            None => Ok(Vec::new()),
            Some(Pending::Folder(folder, path)) => {
                let (found, refused) = list(job, &folder, &path)?;
                self.queue.pop_front();
                self.queue.extend(found);
                Ok(refused.into_iter().map(|item| ("not_exported", item)).collect())
            }
            Some(Pending::Content(kind, id, path)) => {
                let exported = match kind {
                    Kind::Dashboard => dashboard(job, &id, &path),
                    Kind::Look => look(job, &id, &path),
                };
                let (part, mut item) = match exported {
                    Ok(item) => (if kind == Kind::Look { "looks" } else { "dashboards" }, item),
                    Err(failure) if is_refusal(&failure) => {
                        let reason = &failure.problem().message;
                        ("not_exported", json!({ "type": kind.name(), "id": id, "reason": reason }))
                    }
                    Err(failure) => return Err(failure),
                };
                self.queue.pop_front();
                if part != "not_exported" {
                    let count = self.schedules.as_ref().map(|all| all.get(&(kind.name(), id)).copied().unwrap_or(0));
                    item["schedules"] = json!(count);
                }
                Ok(vec![(part, item)])
            }
        }
    }
}

impl Rows for Export {
    fn next(&mut self, job: &mut Job) -> Result<Option<String>> {
        while !self.queue.is_empty() {
            for (name, value) in rest(&self.queue) {
                job.resume_with(name, value);
            }
            let items = self.step(job)?;
            if !items.is_empty() {
                let line = |(part, item): (&str, Value)| {
                    let mut line =
                        Map::from_iter([("format".to_owned(), json!(FORMAT)), ("part".to_owned(), json!(part))]);
                    line.extend(item.as_object().cloned().unwrap_or_default());
                    format!("{}\n", Value::Object(line))
                };
                return Ok(Some(items.into_iter().map(line).collect()));
            }
        }
        Ok(None)
    }
}

/// The content of a folder, and what of it cannot be exported.
fn list(job: &mut Job, folder: &str, path: &[String]) -> Result<(Vec<Pending>, Vec<Value>)> {
    let (mut found, mut refused) = (Vec::new(), Vec::new());
    let input = |fields: &str| json!({ "folder_id": folder, "fields": fields });
    let dashboards = job.read("folder_dashboards", &input("id,title,deleted"))?;
    for dashboard in dashboards.as_array().into_iter().flatten().filter(|it| it["deleted"] != true) {
        let Some(id) = id(&dashboard["id"]) else { continue };
        if id.contains("::") {
            let reason = "A LookML dashboard comes with its project.";
            refused.push(json!({ "type": "dashboard", "id": id, "reason": reason }));
        } else {
            found.push(Pending::Content(Kind::Dashboard, id, path.to_vec()));
        }
    }
    let looks = job.read("folder_looks", &input("id,deleted"))?;
    let looks = looks.as_array().into_iter().flatten().filter(|look| look["deleted"] != true);
    found.extend(looks.filter_map(|look| Some(Pending::Content(Kind::Look, id(&look["id"])?, path.to_vec()))));
    if job.flag("recursive") {
        let folders = job.read("folder_children", &input("id,name"))?;
        for below in folders.as_array().into_iter().flatten() {
            let (Some(id), Some(name)) = (id(&below["id"]), below["name"].as_str()) else { continue };
            let path = path.iter().cloned().chain([name.to_owned()]).collect();
            found.push(Pending::Folder(id, path));
        }
    }
    Ok((found, refused))
}

fn dashboard(job: &mut Job, dashboard_id: &str, path: &[String]) -> Result<Value> {
    let lookml = job.read("dashboard_lookml", &json!({ "dashboard_id": dashboard_id }))?;
    let fields = "id,title,slug,dashboard_elements(id,look_id,query(model,view),look(query(model,view)),\
                  result_maker(query(model,view))),dashboard_filters(model,explore)";
    let about = job.read("dashboard", &json!({ "dashboard_id": dashboard_id, "fields": fields }))?;
    let tiles = about["dashboard_elements"].as_array().map(Vec::as_slice).unwrap_or_default();
    let queries =
        tiles.iter().flat_map(|tile| [&tile["query"], &tile["look"]["query"], &tile["result_maker"]["query"]]);
    let filters = about["dashboard_filters"].as_array().into_iter().flatten();
    let explores: BTreeSet<(String, String)> = queries.chain(filters).filter_map(explore).collect();
    let explores: Vec<Value> =
        explores.into_iter().map(|(model, explore)| json!({ "model": model, "explore": explore })).collect();
    let linked: Vec<String> = tiles.iter().filter_map(|tile| id(&tile["look_id"])).collect();
    Ok(json!({
        "id": dashboard_id, "title": about["title"], "slug": about["slug"], "folder_path": path,
        "lookml": lookml["lookml"], "explores": explores, "linked_looks": linked,
    }))
}

fn look(job: &mut Job, look_id: &str, path: &[String]) -> Result<Value> {
    let look = job.read("look", &json!({ "look_id": look_id, "fields": "id,title,description,query" }))?;
    Ok(json!({
        "id": look_id, "title": look["title"], "description": look["description"], "folder_path": path,
        "query": portable(&look["query"]),
    }))
}
