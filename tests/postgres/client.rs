//! The client that writes numbered rows through the floating address, and what it saw.

use crate::lab::{Lab, text};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The client of the lab; stopped when dropped.
pub struct Client {
    log: PathBuf,
    child: Option<Child>,
    marks: Vec<f64>,
}

/// What the client saw.
pub struct Seen {
    pub lines: String,
    pub lost: u32,
    pub timelines: String,
    /// Acknowledged writes before, between and after the marks.
    pub acknowledged: Vec<usize>,
}

impl Client {
    /// Starts one, which writes from now on.
    pub fn start(lab: &Lab) -> Client {
        let mut logs = (1..).map(|n| lab.folder().join(format!("client-{n}")));
        let log = logs.find(|log| !log.exists()).expect("a name");
        let child = lab.command("lab/client").arg(&log).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let client = Client { log, child: Some(child.expect("a client")), marks: Vec::new() };
        client.wait_for_acknowledged_writes();
        client
    }

    /// Moment and acknowledging timeline of each write so far.
    fn writes(&self) -> Vec<(f64, Option<String>)> {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let write = |line: &str| {
            let words: Vec<&str> = line.split(' ').collect();
            let timeline = words.get(2).filter(|t| **t != "-").map(|t| (*t).to_owned());
            Some((words.first()?.parse().ok()?, timeline))
        };
        log.lines().filter_map(write).collect()
    }

    /// Waits until writes that begin from now on have been acknowledged.
    pub fn wait_for_acknowledged_writes(&self) {
        let (start, before) = (Instant::now(), self.writes().len());
        while self.writes().iter().skip(before + 1).filter(|w| w.1.is_some()).count() < 20 {
            assert!(start.elapsed() < Duration::from_secs(30), "the client's writes are not acknowledged");
            sleep(Duration::from_millis(20));
        }
    }

    pub fn mark(&mut self) {
        self.marks.push(SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs_f64());
    }

    /// Stops the client, which compares what was acknowledged with what is in the table.
    pub fn stop(mut self) -> Seen {
        let child = self.child.take().expect("a client");
        terminate(&child);
        let output = child.wait_with_output().expect("it ends");
        let lines = text(&output);
        let value = |key: &str| lines.lines().find_map(|l| Some(l.strip_prefix(key)?.trim().to_owned()));
        let lost = value("acknowledged and lost").and_then(|n| n.parse().ok());
        let lost = lost.unwrap_or_else(|| panic!("no summary: {lines}"));
        let timelines = value("timelines").unwrap_or_default();
        let acknowledged: Vec<f64> = self.writes().into_iter().filter(|w| w.1.is_some()).map(|w| w.0).collect();
        let part = |from: f64, to: f64| acknowledged.iter().filter(|t| (from..to).contains(*t)).count();
        let edges: Vec<f64> = [0.0].into_iter().chain(self.marks.iter().copied()).chain([f64::MAX]).collect();
        Seen { lost, timelines, acknowledged: edges.windows(2).map(|w| part(w[0], w[1])).collect(), lines }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            terminate(child);
            let _ = child.wait();
        }
    }
}

fn terminate(child: &Child) {
    let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw).expect("a process id");
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
}
