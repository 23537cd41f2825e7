//! `find_unused_content`: Looks and dashboards that nobody has used for a long time.

use super::usage::{Kind, Usage};
use super::{Job, Outcome, id, moment};
use crate::failure::Result;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How many objects a list returns at once.
const PAGE: usize = 500;
/// How many requests a page and the end of its list can need.
const REQUESTS_FOR_A_PAGE: u32 = 2;
/// The properties that are read.
const FIELDS: &str = "id,title,user_id,created_at,last_accessed_at,last_viewed_at,deleted,folder_id,\
                      folder(id,name,is_personal,is_personal_descendant)";

pub(super) fn run(job: &mut Job) -> Result<Outcome> {
    let days = job.input("unused_days").as_i64().unwrap_or_default();
    let now = i64::try_from(job.wall_clock().as_secs()).unwrap_or(i64::MAX);
    let mut search = Search {
        before: now.saturating_sub(days.saturating_mul(86_400)),
        folder: job.text("folder_id"),
        with_personal: job.flag("include_personal"),
        in_use: in_use(job)?,
        items: Vec::new(),
        excluded: Vec::new(),
    };
    let types = job.texts("types");
    let mut kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| types.iter().any(|it| it == kind.name())).collect();
    let (from, mut offset) = cursor(&job.text("cursor").unwrap_or_default());
    kinds.retain(|kind| from.is_none_or(|from| *kind as u8 >= from as u8));
    let mut next = None;
    'kinds: for kind in kinds {
        loop {
            if job.requests_left() < REQUESTS_FOR_A_PAGE {
                next = Some(job.next_input([("cursor", json!(format!("{}:{offset}", kind.name())))]));
                break 'kinds;
            }
            // A short page is not the end: permissions may be applied after the limit.
            let count = search.page(job, kind, offset)?;
            if count == 0 {
                break;
            }
            offset += PAGE;
        }
        offset = 0;
    }
    let output = json!({
        "items": search.items, "excluded": search.excluded, "unused_since": moment::written(search.before),
    });
    Ok(Outcome::Json(output.to_string(), next))
}

/// Reads where an earlier call stopped, such as `look:500`.
fn cursor(text: &str) -> (Option<Kind>, usize) {
    let (kind, offset) = text.split_once(':').unwrap_or_default();
    (Kind::named(kind), offset.parse().unwrap_or_default())
}

/// Why content is in use although nobody opens it, by kind and id.
type InUse = BTreeMap<(&'static str, String), &'static str>;

/// A tile of a dashboard.
#[derive(Deserialize)]
struct Tile {
    id: Value,
    dashboard_id: Option<Value>,
    look_id: Option<Value>,
}

/// What is delivered by schedules, watched by alerts, or shown on dashboards.
fn in_use(job: &mut Job) -> Result<InUse> {
    let mut in_use = InUse::new();
    // Tiles are few bytes each and come in one list.
    let tiles = job.read_text("search_dashboard_elements", &json!({ "fields": "id,dashboard_id,look_id" }))?;
    let tiles: Vec<Tile> = serde_json::from_str(&tiles).unwrap_or_default();
    let of_tile = |id_of: &Option<Value>| id_of.as_ref().and_then(id);
    for look in tiles.iter().filter_map(|tile| of_tile(&tile.look_id)) {
        in_use.insert(("look", look), "on a dashboard");
    }
    let mut offset = 0;
    loop {
        let fields = "id,dashboard_element_id";
        let page = json!({ "all_owners": true, "fields": fields, "limit": PAGE, "offset": offset });
        let alerts = job.read("search_alerts", &page)?;
        let alerts = alerts.as_array().map(Vec::as_slice).unwrap_or_default();
        let watched: Vec<String> = alerts.iter().filter_map(|alert| id(&alert["dashboard_element_id"])).collect();
        let is_watched = |tile: &&Tile| id(&tile.id).is_some_and(|id| watched.contains(&id));
        for dashboard in tiles.iter().filter(is_watched).filter_map(|tile| of_tile(&tile.dashboard_id)) {
            in_use.insert(("dashboard", dashboard), "alerts");
        }
        if alerts.is_empty() {
            break;
        }
        offset += PAGE;
    }
    let plans = job.read("all_scheduled_plans", &json!({ "all_users": true, "fields": "id,dashboard_id,look_id" }))?;
    for plan in plans.as_array().into_iter().flatten() {
        for kind in Kind::ALL {
            if let Some(content) = id(&plan[kind.id_name()]) {
                in_use.insert((kind.name(), content), "scheduled");
            }
        }
    }
    Ok(in_use)
}

struct Search {
    /// Content that was used before this moment is unused, in seconds after the beginning of 1970.
    before: i64,
    folder: Option<String>,
    with_personal: bool,
    in_use: InUse,
    items: Vec<Value>,
    excluded: Vec<Value>,
}

impl Search {
    /// Sorts one page of a list into unused content and exceptions; returns how much content the page has.
    fn page(&mut self, job: &mut Job, kind: Kind, offset: usize) -> Result<usize> {
        let operation = if kind == Kind::Look { "search_looks" } else { "search_dashboards" };
        let public = if kind == Kind::Look { ",public" } else { "" };
        let mut input =
            json!({ "limit": PAGE, "offset": offset, "fields": format!("{FIELDS}{public}"), "sorts": "id" });
        if let Some(folder) = &self.folder {
            input["folder_id"] = json!(folder);
        }
        let page = job.read(operation, &input)?;
        let page = page.as_array().map(Vec::as_slice).unwrap_or_default();
        for content in page {
            self.sort_in(kind, content);
        }
        Ok(page.len())
    }

    fn sort_in(&mut self, kind: Kind, content: &Value) {
        let Some(usage) = Usage::read(content) else { return };
        let folder = &content["folder"];
        let folder_id = id(&content["folder_id"]).or_else(|| id(&folder["id"]));
        let is_personal = folder["is_personal"] == true || folder["is_personal_descendant"] == true;
        // LookML dashboards belong to their project. The search should leave out trash and other folders.
        if usage.id.contains("::")
            || content["deleted"] == true
            || self.folder.as_ref().is_some_and(|folder| folder_id.as_ref() != Some(folder))
            || (is_personal && !self.with_personal)
            || usage.seconds.is_none_or(|seconds| seconds > self.before)
        {
            return;
        }
        let in_use = self.in_use.get(&(kind.name(), usage.id.clone())).copied();
        let exception = in_use.or((content["public"] == true).then_some("public"));
        let reason =
            exception.unwrap_or(if usage.was_used { "not used since" } else { "never used since it was created" });
        let item = json!({
            "type": kind.name(), "id": usage.id, "title": content["title"], "folder_id": folder_id,
            "folder": folder["name"], "owner_id": id(&content["user_id"]), "last_used": usage.last_used, "reason": reason,
        });
        if exception.is_some() { &mut self.excluded } else { &mut self.items }.push(item);
    }
}
