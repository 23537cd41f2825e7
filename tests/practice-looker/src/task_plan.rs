//! How background work goes: query tasks, renders and builds of derived tables.

use std::collections::VecDeque;

/// How one query task, render task or build of a derived table goes, for
/// [`PracticeLooker::plan_task`](crate::PracticeLooker::plan_task).
#[derive(Debug, Clone)]
pub struct TaskPlan {
    statuses: VecDeque<String>,
    detail: Option<String>,
    has_results: bool,
}

impl TaskPlan {
    /// A task that is created with the first status, shows the next one at each request for its status or its results,
    /// and keeps the last. A query task whose results can be read ends with `complete`, a render with `success`.
    pub fn new<'a>(statuses: impl IntoIterator<Item = &'a str>) -> Self {
        Self { statuses: statuses.into_iter().map(str::to_owned).collect(), detail: None, has_results: true }
    }

    /// Sets the reason that a failed render (`status_detail`) or build (`message`) gives.
    pub fn detail(mut self, detail: &str) -> Self {
        self.detail = Some(detail.to_owned());
        self
    }

    /// Lets the results be gone (404) although the task succeeded.
    pub fn without_results(mut self) -> Self {
        self.has_results = false;
        self
    }

    /// A task that shows `first` when it is created, `during` at the next `polls` requests, and then `last`. Without
    /// polls, it is done when it is created.
    pub(crate) fn of_polls(polls: u32, [first, during, last]: [&str; 3]) -> Self {
        if polls == 0 {
            return Self::new([last]);
        }
        let during = (0..polls).map(|_| during);
        Self::new(std::iter::once(first).chain(during).chain([last]))
    }
}

/// How far a task is.
#[derive(Debug)]
pub(crate) struct Progress(TaskPlan);

impl Progress {
    pub(crate) fn new(plan: TaskPlan) -> Self {
        Self(plan)
    }

    /// The status now; empty if the plan has none.
    pub(crate) fn status(&self) -> &str {
        self.0.statuses.front().map_or("", String::as_str)
    }

    /// Goes on to the next status. The last one stays.
    pub(crate) fn advance(&mut self) {
        if self.0.statuses.len() > 1 {
            self.0.statuses.pop_front();
        }
    }

    /// Ends the task with this status.
    pub(crate) fn end(&mut self, status: &str) {
        self.0.statuses = VecDeque::from([status.to_owned()]);
    }

    /// Whether the status is the last one.
    pub(crate) fn has_ended(&self) -> bool {
        self.0.statuses.len() <= 1
    }

    /// The reason of a failure, if the plan has one.
    pub(crate) fn detail(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    pub(crate) fn has_results(&self) -> bool {
        self.0.has_results
    }
}
