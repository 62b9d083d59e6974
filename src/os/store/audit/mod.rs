//! Whether the journal of a run is what was written: its chain, its order, its end, its program, and the store around it.
//!
//! Whatever there is is read, of whatever type: what cannot be read is a finding, and the rest is looked at all the same.
//! Nobody who can write the database is kept from writing a new chain: that shows by a head that was kept elsewhere.

mod events;
mod rows;

use super::Store;
use crate::bytecode::Program;
use crate::run::{Event, Machine, Record, RunError};
use events::Entry;
use rows::Row;
pub(super) use rows::{text, whole};
use serde::Serialize;
use std::sync::Arc;

/// What an examination of a run's journal has come to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Audit {
    /// The run.
    pub run: String,
    /// How many events can be read.
    pub events: usize,
    /// The digest of the last of them, in hexadecimal.
    pub head: String,
    /// What is not as it was written; empty if all is.
    pub findings: Vec<Finding>,
}

/// Something that is not as it was written.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Finding {
    /// The first event that it is about, if it is about any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<i64>,
    /// What, as a sentence for people.
    pub text: String,
}

impl Finding {
    fn new(text: impl Into<String>) -> Finding {
        Finding { event: None, text: text.into() }
    }

    fn of(event: i64, text: impl Into<String>) -> Finding {
        Finding { event: Some(event), text: text.into() }
    }
}

impl Store {
    /// Examines the journal of a run. `known` is a head that somebody has kept, a report for example: the chain must
    /// have come through it.
    pub fn audit(&self, run: &str, known: Option<&str>) -> Result<Audit, RunError> {
        let mut findings = rows::examine(self);
        let row = rows::of(self, run)?;
        let entries = events::read(self, run, row.as_ref(), &mut findings)?;
        match &row {
            Some(row) => {
                events::examine(run, row, &entries, &mut findings);
                self.examine_content(run, row, &entries, &mut findings)?;
            }
            None => findings.push(Finding::new(format!("the row of run {run} is missing"))),
        }
        if let Some(known) = known
            && !entries.iter().any(|e| e.hash == known)
        {
            let text = format!("`{known}` is not in its chain: that is of another journal, or this one was made anew");
            findings.push(Finding::new(text));
        }
        let head = entries.last().map_or_else(String::new, |e| e.hash.clone());
        Ok(Audit { run: run.to_owned(), events: entries.len(), head, findings })
    }

    /// Refuses to go on with a run whose events, row or program are not those that were written.
    pub(in crate::os) fn unaltered(&self, run: &str) -> Result<(), RunError> {
        let mut findings = Vec::new();
        if let Some(row) = rows::of(self, run)? {
            let entries = events::read(self, run, Some(&row), &mut findings)?;
            events::examine(run, &row, &entries, &mut findings);
            rows::examine_seal(self, run, &mut findings)?;
            let program = self.program(&row.digest)?;
            self.examine_steps(&row, &program, &mut findings)?;
        }
        match findings.first() {
            None => Ok(()),
            Some(finding) => {
                Err(RunError::open(format!("the journal of run {run} is not what was written: {}", finding.text))
                    .help(format!("it cannot be taken up again; `handover show {run} --verify` tells all of it")))
            }
        }
    }

    /// The run of which there is anything by this id, or the only one whose id begins so: also one whose row is missing.
    pub fn trace(&self, id: &str) -> Result<String, RunError> {
        let runs: Vec<String> = self.query(|| {
            let sql = "SELECT run FROM chains UNION SELECT run FROM events";
            self.db.prepare(sql)?.query_map([], |row| rows::text(row, 0))?.collect()
        })?;
        let mut fits = runs.iter().filter(|r| r.starts_with(id) && !id.is_empty());
        match (fits.next(), fits.next()) {
            (Some(run), None) => Ok(run.clone()),
            _ => self.run(id).map(|info| info.id),
        }
    }

    /// Whether the program and the events mean what the row says, and fit each other.
    fn examine_content(
        &self,
        run: &str,
        row: &Row,
        entries: &[Entry],
        findings: &mut Vec<Finding>,
    ) -> Result<(), RunError> {
        let program = match self.program(&row.digest) {
            Ok(program) => program,
            Err(error) => {
                let missing = error.message.ends_with("is not in the journal");
                findings.push(Finding::new(if missing { "its program is missing" } else { "its program was changed" }));
                return Ok(());
            }
        };
        self.examine_steps(row, &program, findings)?;
        let records: Result<Vec<Record>, _> = entries.iter().map(|e| serde_json::from_str(&e.json)).collect();
        let Ok(records) = records else {
            if findings.is_empty() {
                findings.push(Finding::new("it has events that this handover does not know"));
            }
            return Ok(());
        };
        if let Some(Event::RunStarted(started)) = records.first().map(|r| &r.event)
            && (started.run != run || started.digest != row.digest)
        {
            findings.push(Finding::of(1, format!("its first event is of run {} and of another program", started.run)));
        }
        if findings.is_empty()
            && let Err(error) = Machine::replay(Arc::new(program), &records)
        {
            findings.push(Finding::new(format!("it contradicts itself: {}", error.message)));
        }
        Ok(())
    }

    /// Whether the names of the steps are those of the program.
    fn examine_steps(&self, row: &Row, program: &Program, findings: &mut Vec<Finding>) -> Result<(), RunError> {
        let named: Vec<(Option<i64>, String, String, Option<String>)> = self.query(|| {
            let sql = "SELECT step, name, title, node FROM program_steps WHERE digest = ? ORDER BY step";
            let read = |row: &rusqlite::Row| {
                Ok((rows::whole(row, 0)?, rows::text(row, 1)?, rows::text(row, 2)?, rows::some_text(row, 3)?))
            };
            self.db.prepare(sql)?.query_map([&row.digest], read)?.collect()
        })?;
        let right = program.code.iter().zip(0..).map(|(instr, step)| {
            let node = instr.host.and_then(|host| program.machines.get(host.index())).map(|m| m.name.clone());
            (Some(step), instr.name.clone(), instr.title.clone(), node)
        });
        if !named.into_iter().eq(right) {
            findings.push(Finding::new("the names of its program's steps were changed"));
        }
        Ok(())
    }
}
