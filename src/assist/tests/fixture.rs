//! Texts without a disk.

use crate::assist::{Desk, Outlook, View};
use crate::session::{FileError, Files, draft};
use std::collections::BTreeMap;

/// Texts by path.
#[derive(Clone, Default)]
pub struct Texts(pub BTreeMap<String, String>);

impl Files for Texts {
    fn read(&self, path: &str) -> Result<String, FileError> {
        self.0.get(path).cloned().ok_or(FileError::Missing)
    }
}

/// What the other texts of the tests import.
pub const ESTATE: &str = "use std/net
use std/host
use std/service
site tokyo { manager = a  node a { host = \"a.example\"  power = \"a-ipmi\"  power_password = ipmi } }
node b { host = \"b.example\" }
secret ipmi { env = \"IPMI\" }
# Clients know it by this.
address portal { ip = \"192.0.2.10/24\"  interface = \"eth0\" }
service web { unit = \"nginx.service\" }
kind cluster \"servers that watch each other\" { nodes: set of node  states normal, prepared  rests in normal }
cluster pool { nodes = [a, b] }
# Makes it stop watching.
action prepare(c: cluster) on host: node \"Stop the watchdogs\" {
  needs    c is normal
  ensures  c is prepared
  run      \"cluster prepare\"
  verify   \"cluster status\"
  undo     restore(c)
}
action restore(c: cluster) on host: node { ensures c is normal  run \"cluster restore\" }
";

/// The estate and one text, at its mark `|`.
pub struct Marked {
    pub texts: Texts,
    pub desk: Desk,
    pub view: View,
    pub text: String,
    pub offset: usize,
}

/// A text that imports the estate, with a mark.
pub fn marked(text: &str) -> Marked {
    let offset = text.find('|').unwrap_or(0);
    let text = text.replacen('|', "", 1);
    let paths = [("estate.ha", ESTATE), ("plan.ha", &text)];
    let texts = Texts(paths.iter().map(|(p, t)| ((*p).to_owned(), (*t).to_owned())).collect());
    let mut desk = Desk::default();
    let view = desk.view(&texts, "plan.ha").unwrap();
    Marked { texts, desk, view, text, offset }
}

impl Marked {
    /// The paths of all texts.
    pub fn paths(&self) -> Vec<String> {
        self.texts.0.keys().cloned().collect()
    }

    /// How the plans go.
    pub fn outlook(&self) -> Outlook {
        Outlook::of_draft(&draft(&self.texts, "plan.ha"))
    }
}
