//! When Looks and dashboards were used last, for the jobs that find and trash unused ones.

use super::{id, moment};
use serde_json::Value;

/// A Look or a dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A dashboard that people made.
    Dashboard,
    /// A Look.
    Look,
}

impl Kind {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::Dashboard, Self::Look];

    /// The kind of that name in an input.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Its name in inputs and outputs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dashboard => "dashboard",
            Self::Look => "look",
        }
    }

    /// The input that names one in operations, and the property that does in other objects.
    pub fn id_name(self) -> &'static str {
        match self {
            Self::Dashboard => "dashboard_id",
            Self::Look => "look_id",
        }
    }
}

/// When content was used last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// The id of the content.
    pub id: String,
    /// When it was used last as Looker writes it, otherwise when it was created.
    pub last_used: Option<String>,
    /// The same in seconds after the beginning of 1970; `None` if Looker does not say.
    pub seconds: Option<i64>,
    /// Whether it was ever used.
    pub was_used: bool,
}

impl Usage {
    /// Reads a Look or a dashboard; `None` if it has no id.
    pub fn read(content: &Value) -> Option<Self> {
        let text = |name: &str| content[name].as_str().filter(|text| !text.is_empty());
        let accessed = [text("last_accessed_at"), text("last_viewed_at")];
        let latest = accessed.into_iter().flatten().max_by_key(|text| moment::seconds(text));
        let last_used = latest.or_else(|| text("created_at"));
        Some(Self {
            id: id(&content["id"])?,
            seconds: last_used.and_then(moment::seconds),
            last_used: last_used.map(str::to_owned),
            was_used: latest.is_some(),
        })
    }
}
