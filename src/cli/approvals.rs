//! Approvals that lie beside a plan, and whether they are about the plan as it is now. Whose signature it is, is checked when
//! the plan is run.

use crate::approval::{Approval, Statement, difference};
use crate::base::limits;
use crate::cli::version::{Place, Version};
use crate::os;
use crate::session::{self, Request};
use jiff::Timestamp;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// An approval beside a plan.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Standing {
    /// Its file.
    pub file: String,
    /// The plan that it is about.
    pub plan: String,
    /// Who says to have signed it.
    pub by: String,
    /// Whether it stands for the new version.
    pub stands: bool,
    /// Whether it did for the old one.
    pub stood: bool,
    /// Why it does not stand.
    pub why: Option<String>,
}

impl Standing {
    /// In words.
    pub fn said(&self) -> String {
        let Standing { file, by, plan, .. } = self;
        match (&self.why, self.stood) {
            (None, _) => format!("the approval `{file}` of `{plan}`, signed by {by}, still stands"),
            (Some(why), true) => {
                format!("the approval `{file}` of `{plan}`, signed by {by}, does not stand any more: {why}")
            }
            (Some(why), false) => {
                format!("the approval `{file}` of `{plan}`, signed by {by}, does not stand, nor did it before: {why}")
            }
        }
    }
}

/// The approvals in the folder of a plan's new version.
pub fn beside(old: &Version, new: &Version) -> Vec<Standing> {
    let folder = match Path::new(&new.path).parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let files = match &new.place {
        Place::Disk => os::find(&folder, "approval").unwrap_or_default(),
        Place::At(revision) => revision
            .find(&folder, "approval")
            .map(|files| files.into_iter().map(PathBuf::from).collect())
            .unwrap_or_default(),
    };
    let direct = files.into_iter().filter(|file| {
        let parent = file.parent().unwrap_or(Path::new(""));
        parent == folder || parent.as_os_str().is_empty() && folder.as_os_str() == "."
    });
    direct.filter_map(|file| standing(&file, old, new)).collect()
}

/// What has become of one approval; nothing if it is about another plan, or is none.
fn standing(file: &Path, old: &Version, new: &Version) -> Option<Standing> {
    let bytes = new.place.read(file, limits::APPROVAL_BYTES).ok()?;
    let approved = Approval::parse(std::str::from_utf8(&bytes).ok()?).ok()?.statement;
    if !new.plans().iter().chain(&old.plans()).any(|entry| entry.program.plan == approved.plan) {
        return None;
    }
    let (before, after) = (differs(&approved, old), differs(&approved, new));
    Some(Standing {
        file: file.strip_prefix(".").unwrap_or(file).display().to_string(),
        plan: approved.plan.clone(),
        by: approved.by.clone(),
        stands: after.is_none(),
        stood: before.is_none(),
        why: after,
    })
}

/// Why an approval does not stand for a version; `None` if it does.
fn differs(approved: &Statement, version: &Version) -> Option<String> {
    let request = Request { plan: Some(approved.plan.clone()), givens: approved.arguments.clone(), everything: false };
    let compilation = session::compile(&version.place, &version.path, &request);
    let Some(compiled) = compilation.plans.first() else {
        return Some(format!("the plan `{}` does not compile with its arguments", approved.plan));
    };
    let text = |path: &str| {
        let known = compilation.sources.iter().find(|(_, source)| source.path == path);
        known.map(|(_, source)| source.text.clone())
    };
    let now = Statement::of(&compiled.program, String::new(), Timestamp::UNIX_EPOCH, text);
    difference(approved, &now).map(|difference| difference.what)
}
