//! The client that writes numbered rows through the floating address, and what it saw.

use crate::lab::{Lab, Witness};
use crate::servers::network;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The client of the lab; stopped when dropped.
pub struct Client {
    log: PathBuf,
    witness: Witness,
    marks: Vec<f64>,
}

/// What the client saw.
pub struct Seen {
    pub lines: String,
    pub lost: u64,
    pub timelines: String,
    /// Acknowledged writes before, between and after the marks.
    pub acknowledged: Vec<usize>,
}

impl Client {
    /// Starts one, which writes from now on.
    pub fn start(lab: &Lab) -> Client {
        let mut logs = (1..).map(|n| lab.files().join(format!("client-{n}")));
        let log = logs.find(|log| !log.exists()).expect("a name");
        let mut command = lab.command("lab/client");
        command.arg(&log);
        let client = Client { log, witness: Witness::start(command), marks: Vec::new() };
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
    pub fn stop(self) -> Seen {
        let writes = self.writes();
        let seen = self.witness.stop();
        let lost = seen.number("acknowledged and lost");
        let lines = seen.0;
        let timelines = lines.lines().find_map(|l| l.strip_prefix("timelines")).unwrap_or_default().trim().to_owned();
        let acknowledged: Vec<f64> = writes.into_iter().filter(|w| w.1.is_some()).map(|w| w.0).collect();
        let part = |from: f64, to: f64| acknowledged.iter().filter(|t| (from..to).contains(*t)).count();
        let edges: Vec<f64> = [0.0].into_iter().chain(self.marks.iter().copied()).chain([f64::MAX]).collect();
        Seen { lost, timelines, acknowledged: edges.windows(2).map(|w| part(w[0], w[1])).collect(), lines }
    }
}

impl Seen {
    /// Whether no write was acknowledged by an older timeline after one by a newer: there was one primary at a time.
    pub fn goes_forward(&self) -> bool {
        let timelines: Vec<u32> = self.timelines.split(" then ").filter_map(|t| t.parse().ok()).collect();
        timelines.is_sorted()
    }
}

/// A client that was connected before anything went wrong, and writes a row through that connection.
pub struct Late {
    child: Child,
    name: PathBuf,
}

impl Late {
    /// Connects through the floating address.
    pub fn connect(lab: &Lab) -> Late {
        let name = lab.files().join("late");
        let answers = std::fs::File::create(&name).expect("a file");
        let psql = "psql -h 10.77.0.100 -U shop -d postgres -qAtX";
        let network = network(lab, "client");
        let mut command = lab.command("ip");
        command.args(["netns", "exec", &network]).args(psql.split(' '));
        let child = command.stdin(Stdio::piped()).stdout(answers).stderr(Stdio::null()).spawn().expect("psql");
        let late = Late { child, name };
        late.says("select 'connected';");
        let start = Instant::now();
        while late.answers() != "connected\n" {
            assert!(start.elapsed() < Duration::from_secs(10), "it does not connect");
            sleep(Duration::from_millis(10));
        }
        late
    }

    fn says(&self, statement: &str) {
        let mut input = self.child.stdin.as_ref().expect("its input");
        writeln!(input, "{statement}").expect("it listens");
    }

    fn answers(&self) -> String {
        std::fs::read_to_string(&self.name).expect("its answers")
    }

    /// Sends a row; the answer comes whenever it comes.
    pub fn write(&self) {
        self.says("insert into writes values (-9, 'late') returning n;");
    }

    /// What the client was told about its row until now.
    pub fn answer(mut self) -> String {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.answers().replacen("connected\n", "", 1)
    }
}

impl Drop for Late {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
