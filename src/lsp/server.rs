//! What the server knows, and in which order it does things.

use super::checker::{Checker, Job, Outcome, Report};
use super::diagnostics::Watch;
use super::documents::Documents;
use super::files::Texts;
use super::library::Library;
use super::start::{self, Editor};
use super::{Ended, Out, Outgoing, answers, uri};
use crate::assist::{Change, Desk, Outlook};
use crate::base::limits;
use crate::os;
use gen_lsp_types::{Diagnostic, Uri};
use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::Arc;

/// Messages that are looked at before the first of them is acted on, to see what is cancelled.
const LOOKED_AT: usize = 1_000;

/// Why a request is not answered.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The protocol's number for it.
    pub code: ErrorCode,
    /// For people.
    pub message: String,
}

impl Refusal {
    /// A refusal of what cannot be, in words for the author.
    pub fn failed(message: impl Into<String>) -> Refusal {
        Refusal { code: ErrorCode::RequestFailed, message: message.into() }
    }

    /// A refusal of what makes no sense.
    pub fn senseless(message: impl Into<String>) -> Refusal {
        Refusal { code: ErrorCode::InvalidParams, message: message.into() }
    }
}

/// How far the conversation is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// The editor has not introduced itself.
    New,
    /// They work.
    Running,
    /// The editor has asked to come to an end.
    Closing,
}

/// The server.
pub struct Server {
    out: Out,
    checker: Checker,
    phase: Phase,
    queue: VecDeque<Message>,
    asked: u64,
    rounds: u64,
    /// The editor.
    pub editor: Editor,
    /// Its texts.
    pub documents: Documents,
    /// What has been understood of texts.
    pub desk: Desk,
    /// The standard library as files.
    pub library: Library,
    /// What is known of each open text as a plan.
    pub watches: BTreeMap<String, Watch>,
    /// What the editor shows, by path.
    pub(super) shown: BTreeMap<String, Vec<Diagnostic>>,
}

impl Server {
    /// A server that nobody has spoken to.
    pub fn new(out: Out, checker: Checker, library: Library) -> Server {
        Server {
            out,
            checker,
            phase: Phase::New,
            queue: VecDeque::new(),
            asked: 0,
            rounds: 0,
            editor: Editor::default(),
            documents: Documents::default(),
            desk: Desk::default(),
            library,
            watches: BTreeMap::new(),
            shown: BTreeMap::new(),
        }
    }

    /// Whether there is something to do.
    pub fn is_busy(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Hears a message; it is acted on later.
    pub fn hear(&mut self, message: Message) {
        if let Message::Notification(said) = &message
            && said.method == "$/cancelRequest"
        {
            return self.cancel(&said.params);
        }
        self.queue.push_back(message);
    }

    /// Whether so much was heard that something has to be done before more is heard.
    pub fn is_full(&self) -> bool {
        self.queue.len() > LOOKED_AT
    }

    /// Acts on the first message.
    pub fn act(&mut self) -> Option<Ended> {
        match self.queue.pop_front()? {
            Message::Notification(said) if said.method == "exit" => {
                return Some(if self.phase == Phase::Closing { Ended::Orderly } else { Ended::Abruptly });
            }
            Message::Notification(said) => self.notified(said),
            Message::Request(request) => self.answer(request),
            // Nothing depends on what the editor answers.
            Message::Response(_) => {}
        }
        None
    }

    /// Acts on everything that was heard before the editor went, which may have said goodbye.
    pub fn finish(&mut self) -> Ended {
        while self.is_busy() {
            if let Some(ended) = self.act() {
                return ended;
            }
        }
        Ended::Abruptly
    }

    /// Says that something was no message.
    pub fn refuse(&mut self, why: String) {
        self.put(Outgoing::Refusal(why));
    }

    /// A writer that has gone has told nobody; the reader will.
    fn put(&self, outgoing: Outgoing) {
        let _ = self.out.send(outgoing);
    }

    fn respond(&self, id: RequestId, result: Result<String, Refusal>) {
        self.put(match result {
            Ok(result) => {
                let id = serde_json::to_string(&id).unwrap_or_default();
                Outgoing::Answer(format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{result}}}"))
            }
            Err(refusal) => {
                Outgoing::Message(Message::Response(Response::new_err(id, refusal.code as i32, refusal.message)))
            }
        });
    }

    /// Tells the editor something.
    pub fn tell(&self, method: &str, params: Value) {
        self.put(Outgoing::Message(Message::Notification(Notification::new(method.into(), params))));
    }

    /// Tells the person in front of the editor something.
    fn warn(&self, message: &str) {
        self.tell("window/showMessage", json!({ "type": 2, "message": format!("handover: {message}") }));
    }

    /// Asks the editor for something; what it answers does not matter.
    fn ask(&mut self, method: &str, params: Value) {
        self.asked += 1;
        let id = RequestId::from(format!("handover-{}", self.asked));
        self.put(Outgoing::Message(Message::Request(Request::new(id, method.into(), params))));
    }

    /// Leaves out a request that nobody waits for; one that has been answered stays so.
    fn cancel(&mut self, params: &Value) {
        let id = params.get("id").cloned().and_then(|id| serde_json::from_value::<RequestId>(id).ok());
        let is_it = |m: &Message| matches!((m, &id), (Message::Request(r), Some(id)) if r.id == *id);
        let at = self.queue.iter().position(is_it);
        if let Some(Message::Request(request)) = at.and_then(|at| self.queue.remove(at)) {
            let refusal = Refusal { code: ErrorCode::RequestCanceled, message: "nobody waits for it any more".into() };
            self.respond(request.id, Err(refusal));
        }
    }

    fn answer(&mut self, request: Request) {
        let Request { id, method, params } = request;
        let result = match (self.phase, method.as_str()) {
            (Phase::New, "initialize") => Ok(self.introduce(&params).to_string()),
            (Phase::New, _) => Err(Refusal {
                code: ErrorCode::ServerNotInitialized,
                message: format!("`{method}` came before `initialize`"),
            }),
            (Phase::Running, "shutdown") => {
                self.phase = Phase::Closing;
                Ok(Value::Null.to_string())
            }
            (Phase::Running, "initialize") | (Phase::Closing, _) => {
                Err(Refusal { code: ErrorCode::InvalidRequest, message: format!("`{method}` comes too late") })
            }
            (Phase::Running, _) => guarded(|| answers::answer(self, &method, params)),
        };
        self.respond(id, result);
    }

    fn introduce(&mut self, params: &Value) -> Value {
        self.phase = Phase::Running;
        self.editor = Editor::of(params);
        start::introduction(self.editor.encoding)
    }

    fn notified(&mut self, said: Notification) {
        let Notification { method, params } = said;
        if self.phase != Phase::Running {
            return;
        }
        if method == "initialized" && self.editor.watches {
            return self.ask("client/registerCapability", start::watching());
        }
        if let Err(refusal) = guarded(|| answers::notified(self, &method, params)) {
            self.warn(&refusal.message);
        }
    }

    /// The path of a URI: what its text is called here.
    pub fn path(&self, uri: &Uri) -> String {
        let path = uri::path(&uri.0).unwrap_or_else(|| uri.0.clone());
        self.library.library(&path).map_or(path, String::from)
    }

    /// The URI of a path, as the editor spells it if it has the text.
    pub fn uri(&self, path: &str) -> Option<Uri> {
        if let Some(document) = self.documents.get(path) {
            return Some(Uri(document.uri.clone()));
        }
        match path.starts_with("std/") {
            true => self.library.copy(path).map(|copy| uri::of_path(&copy)),
            false if path.starts_with('/') => Some(uri::of_path(path)),
            false => None,
        }
    }

    /// The paths of all plans of the workspace and of all open texts.
    pub fn plans(&self) -> Vec<String> {
        let mut paths: BTreeSet<String> = self.documents.paths().cloned().collect();
        for folder in &self.editor.folders {
            let found = os::find_near(Path::new(folder), "ha", limits::WORKSPACE_ENTRIES);
            paths.extend(found.iter().filter_map(|path| path.to_str()).map(String::from));
        }
        paths.into_iter().take(limits::FILES).collect()
    }

    /// All texts as they are now.
    pub fn texts(&self) -> Texts {
        Texts(Arc::new(self.documents.texts()))
    }

    /// Everything that was found or foreseen moves with the edits of a text.
    pub fn move_places(&mut self, path: &str, changes: &[Change]) {
        for watch in self.watches.values_mut() {
            changes.iter().for_each(|change| watch.moved(path, change));
        }
    }

    /// Has everything checked that a text is part of, itself first.
    pub fn check(&mut self, path: &str) {
        let mut roots: Vec<String> =
            self.watches.iter().filter(|(_, w)| w.sees(path)).map(|(r, _)| r.clone()).collect();
        roots.sort_by_key(|root| root != path);
        let texts = self.texts();
        for root in roots {
            self.rounds += 1;
            let round = self.rounds;
            self.watches.entry(root.clone()).or_default().round = round;
            self.checker.check(Job { root, round, texts: texts.clone() });
        }
    }

    /// Has all open texts checked.
    pub fn check_all(&mut self) {
        let open: Vec<String> = self.watches.keys().cloned().collect();
        open.iter().for_each(|path| self.check(path));
    }

    /// Hears what a check has come to. Of texts that have changed since, something newer is on its way.
    pub fn learn(&mut self, report: Report) {
        let Some(watch) = self.watches.get_mut(&report.root).filter(|w| w.round == report.round) else { return };
        let foreseen = match report.outcome {
            Outcome::Drafted { findings, sees } => {
                watch.drafted(findings, sees);
                None
            }
            Outcome::Proved { findings, outlook } => {
                watch.proved(findings);
                Some(outlook)
            }
            Outcome::Foreseen { outlook } => {
                let new = watch.foreseen(outlook);
                return self.refresh(new);
            }
            Outcome::Defect => {
                return self.warn(&format!(
                    "checking `{}` went wrong; this is a defect of handover, please report it",
                    report.root
                ));
            }
        };
        let new = foreseen.is_some_and(|outlook| watch.foreseen(outlook));
        self.show(&report.root);
        self.refresh(new);
    }

    /// Has the editor ask for its hints again, if there are new ones.
    fn refresh(&mut self, new: bool) {
        if new && self.editor.refreshes_hints {
            self.ask("workspace/inlayHint/refresh", Value::Null);
        }
    }

    /// How the plans of a text go: as it was opened itself, or as part of another one.
    pub fn outlook(&self, path: &str) -> Option<&Outlook> {
        let knows = |watch: &&Watch| !watch.outlook.of_text(path).is_empty();
        let own = self.watches.get(path).filter(knows);
        own.or_else(|| self.watches.values().find(knows)).map(|watch| &watch.outlook)
    }
}

/// Does something; a panic in it is our defect, and the refusal of this one thing.
fn guarded<T>(act: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
    // What the server knows is replaced as a whole, never changed half-way.
    panic::catch_unwind(AssertUnwindSafe(act)).unwrap_or_else(|_| {
        let message = "this is a defect of handover, not of your plan; please report it".into();
        Err(Refusal { code: ErrorCode::InternalError, message })
    })
}

#[cfg(test)]
mod tests {
    use super::{ErrorCode, Refusal, guarded};

    #[test]
    fn a_panic_is_the_answer_to_one_request() {
        let refusal = guarded::<()>(|| panic!("the answer is 41")).unwrap_err();
        assert!(refusal.code as i32 == ErrorCode::InternalError as i32 && refusal.message.contains("defect"));
        assert_eq!(guarded(|| Ok(42)).unwrap(), 42);
        assert_eq!(guarded::<()>(|| Err(Refusal::failed("no"))).unwrap_err().message, "no");
    }
}
