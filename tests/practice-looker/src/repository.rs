//! The Git repositories of LookML projects: what the remote has, what production shows, and each developer's clone.

use std::collections::{BTreeMap, HashMap};

/// The branch that production follows.
pub(crate) const PRODUCTION: &str = "main";

/// The commits of a branch, oldest first.
type Commits = Vec<String>;

/// The repository of one project.
#[derive(Debug)]
pub(crate) struct Repository {
    remote: BTreeMap<String, Commits>,
    production: Commits,
    /// By the id of the developer.
    clones: HashMap<String, Clone>,
    made: u64,
}

/// The clone in which one developer works.
#[derive(Debug)]
pub(crate) struct Clone {
    /// The branch that is checked out.
    pub(crate) branch: String,
    branches: BTreeMap<String, Commits>,
    /// The commit and the branch that were validated last, and how often the result is still not ready.
    pub(crate) validated: Option<(String, u32)>,
}

/// How a local branch compares with the remote one.
#[derive(Debug, Default)]
pub(crate) struct Position {
    pub(crate) head: String,
    pub(crate) remote_head: Option<String>,
    pub(crate) ahead: usize,
    pub(crate) behind: usize,
}

impl Repository {
    /// A repository with a branch for production and the branches that every project starts with.
    pub(crate) fn new(branches: &[&str]) -> Self {
        let mut repository = Self { remote: BTreeMap::new(), production: Vec::new(), clones: HashMap::new(), made: 0 };
        let base = vec![repository.commit(), repository.commit()];
        repository.production.clone_from(&base);
        for branch in branches {
            let mut commits = base.clone();
            commits.push(repository.commit());
            repository.remote.insert((*branch).to_owned(), commits);
        }
        repository.remote.insert(PRODUCTION.to_owned(), base);
        repository
    }

    fn commit(&mut self) -> String {
        self.made += 1;
        format!("{:040x}", 0xc0de_0000_u64 + self.made)
    }

    /// Adds a commit to a branch of the remote, as another developer would; returns the commit. Creates the branch.
    pub(crate) fn push_from_elsewhere(&mut self, branch: &str) -> String {
        let commit = self.commit();
        let base = self.production.clone();
        self.remote.entry(branch.to_owned()).or_insert(base).push(commit.clone());
        commit
    }

    /// The newest commit in production.
    pub(crate) fn production_head(&self) -> &str {
        self.production.last().map_or("", String::as_str)
    }

    /// A developer's clone. The first look at it makes it, with every branch that the remote has.
    pub(crate) fn clone_of(&mut self, user: &str) -> &mut Clone {
        let remote = &self.remote;
        self.clones.entry(user.to_owned()).or_insert_with(|| Clone {
            branch: PRODUCTION.to_owned(),
            branches: remote.clone(),
            validated: None,
        })
    }

    /// Checks a branch out. A branch that only the remote has comes with it.
    pub(crate) fn check_out(&mut self, user: &str, branch: &str) -> bool {
        let remote = self.remote.get(branch).cloned();
        let clone = self.clone_of(user);
        if let (false, Some(commits)) = (clone.branches.contains_key(branch), remote) {
            clone.branches.insert(branch.to_owned(), commits);
        }
        let exists = clone.branches.contains_key(branch);
        if exists {
            branch.clone_into(&mut clone.branch);
        }
        exists
    }

    /// Makes a branch from the one that is checked out, and checks it out.
    pub(crate) fn create_branch(&mut self, user: &str, branch: &str) -> bool {
        let clone = self.clone_of(user);
        if clone.branches.contains_key(branch) {
            return false;
        }
        let commits = clone.branches.get(&clone.branch).cloned().unwrap_or_default();
        clone.branches.insert(branch.to_owned(), commits);
        branch.clone_into(&mut clone.branch);
        true
    }

    /// Resets the branch that is checked out to the remote's; edits are lost.
    pub(crate) fn reset_to_remote(&mut self, user: &str) -> bool {
        let branch = self.clone_of(user).branch.clone();
        let Some(commits) = self.remote.get(&branch).cloned() else { return false };
        self.clone_of(user).branches.insert(branch, commits);
        true
    }

    /// Resets the branch that is checked out to a commit, and forces the remote to it.
    pub(crate) fn hard_reset(&mut self, user: &str, commit: &str) -> bool {
        let Some(commits) = self.up_to(commit) else { return false };
        let clone = self.clone_of(user);
        let branch = clone.branch.clone();
        clone.branches.insert(branch.clone(), commits.clone());
        self.remote.insert(branch, commits);
        true
    }

    /// Pushes the branch that is checked out to production, which must be an ancestor of it.
    pub(crate) fn deploy_branch(&mut self, user: &str) -> bool {
        let clone = self.clone_of(user);
        let branch = clone.branch.clone();
        let commits = clone.branches.get(&branch).cloned().unwrap_or_default();
        if !commits.starts_with(&self.production) {
            return false;
        }
        self.remote.insert(branch, commits.clone());
        self.remote.insert(PRODUCTION.to_owned(), commits.clone());
        self.production = commits;
        true
    }

    /// Deploys a commit, or the newest of a branch, of the remote.
    pub(crate) fn deploy(&mut self, commit: Option<&str>, branch: Option<&str>) -> bool {
        let commits = match (commit, branch) {
            (Some(commit), None) => self.up_to(commit),
            (None, Some(branch)) => self.remote.get(branch).cloned(),
            _ => None,
        };
        let found = commits.is_some();
        if let Some(commits) = commits {
            self.production = commits;
        }
        found
    }

    fn up_to(&self, commit: &str) -> Option<Commits> {
        self.remote.values().find_map(|commits| {
            let index = commits.iter().position(|candidate| candidate == commit)?;
            Some(commits[..=index].to_vec())
        })
    }

    /// The branches that a developer or the remote has.
    pub(crate) fn branches(&mut self, user: &str) -> Vec<String> {
        let mut names: Vec<String> = self.clone_of(user).branches.keys().cloned().collect();
        names.extend(self.remote.keys().filter(|name| !names.contains(name)).cloned().collect::<Vec<_>>());
        names
    }

    /// Where a developer's branch stands; nothing if there is no branch of that name.
    pub(crate) fn position(&mut self, user: &str, branch: &str) -> Option<Position> {
        let remote = self.remote.get(branch).cloned();
        let local = self.clone_of(user).branches.get(branch).cloned().or_else(|| remote.clone())?;
        let missing = |from: &Commits, of: &Commits| from.iter().filter(|commit| !of.contains(commit)).count();
        let base = remote.clone().unwrap_or_else(|| self.production.clone());
        Some(Position {
            head: local.last().cloned().unwrap_or_default(),
            remote_head: remote.as_ref().and_then(|commits| commits.last().cloned()),
            ahead: missing(&local, &base),
            behind: missing(&base, &local),
        })
    }
}
