//! What the two sides of a copied journal say to each other: one JSON document a line, and one reply to each request.

use serde::{Deserialize, Serialize};

/// Version of this conversation; the chain is part of it.
pub(super) const FORMAT: u32 = 2;

/// What the side that writes the journal says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub(super) enum Request {
    /// Who speaks about which run. Said again from time to time, to hear whether the run was taken over.
    Hello {
        format: u32,
        run: String,
        digest: String,
        /// The name of the speaker's store.
        journal: String,
    },
    /// The program of the run, in hexadecimal.
    Program { bytes: String },
    /// Events, as they stand in the journal.
    Append {
        /// How many come before them.
        after: i64,
        events: Vec<String>,
        /// The link of the last of them, in hexadecimal.
        head: String,
    },
}

/// What the side that keeps the copy says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub(super) enum Reply {
    /// What is durable there.
    Have {
        events: i64,
        head: String,
        /// Whether the program is there.
        program: bool,
    },
    /// Another executor goes on with the run: who, in words.
    Taken { by: String },
    /// It cannot be done.
    Refused { why: String },
}
