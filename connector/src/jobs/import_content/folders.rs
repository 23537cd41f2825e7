//! The folders below the one that is imported into.

use super::super::{Job, id};
use super::Settings;
use crate::failure::Result;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The folders that are known, by their path.
pub(super) struct Folders(BTreeMap<Vec<String>, Option<String>>);

impl Folders {
    pub(super) fn below(root: &str) -> Self {
        Self(BTreeMap::from([(Vec::new(), Some(root.to_owned()))]))
    }

    /// The folder at a path. Creates what is missing; in a dry run there is none then.
    pub(super) fn at(&mut self, job: &mut Job, settings: &Settings, path: &[String]) -> Result<Option<String>> {
        if let Some(folder) = self.0.get(path) {
            return Ok(folder.clone());
        }
        let Some((name, above)) = path.split_last() else { return Ok(None) };
        let parent = self.at(job, settings, above)?;
        let folder = match parent {
            None => None,
            Some(parent) => match find(job, &parent, name)? {
                Some(folder) => Some(folder),
                None if settings.dry_run => None,
                None => create(job, &parent, name)?,
            },
        };
        self.0.insert(path.to_vec(), folder.clone());
        Ok(folder)
    }
}

/// The folder of exactly this name in another. Looker's search takes `%` and `_` as wildcards and ignores case.
fn find(job: &mut Job, parent: &str, name: &str) -> Result<Option<String>> {
    let input = json!({ "folder_id": parent, "name": name, "fields": "id,name" });
    let found = job.read("folder_children_search", &input)?;
    let same = found.as_array().into_iter().flatten().find(|folder| folder["name"] == name);
    Ok(same.and_then(|folder| id(&folder["id"])))
}

fn create(job: &mut Job, parent: &str, name: &str) -> Result<Option<String>> {
    let input = json!({ "name": name, "parent_id": parent });
    let folder = job.write_or_find("create_folder", None, "create_folder", &input, |job| {
        Ok(find(job, parent, name)?.map(|folder| json!({ "id": folder })))
    })?;
    Ok(id(&folder["id"]))
}

/// The path that an item of an export names.
pub(super) fn path(item: &Value) -> Vec<String> {
    item["folder_path"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
