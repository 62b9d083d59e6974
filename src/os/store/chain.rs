//! The chain of a run's events: each link is a digest of the one before it and of its event.
//!
//! Everything that is hashed is text, so that the chain can be checked without this program, see `docs/journal.md`.

use blake3::Hash;

/// The link before a run's first event: it stands for the program.
pub(super) fn origin(digest: &str) -> Hash {
    blake3::hash(format!("handover journal 2\n{digest}\n").as_bytes())
}

/// The link of an event.
pub(super) fn link(before: &Hash, run: &str, seq: i64, json: &str) -> Hash {
    let mut hasher = blake3::Hasher::new();
    for part in [before.to_hex().as_str(), " ", run, " ", &seq.to_string(), "\n", json] {
        hasher.update(part.as_bytes());
    }
    hasher.finalize()
}

/// The seal on a run's row: it stands for the row, and for all runs of the store before it. That of the first run is
/// made with the store's id.
pub(super) fn seal(before: &str, number: i64, run: &str, digest: &str) -> Hash {
    blake3::hash(format!("{before} {number} {run} {digest}\n").as_bytes())
}

/// The seal on a released duty: it stands for what was said of it, and for all that were released before. That of the
/// first is made with the store's id.
pub(super) fn release_seal(before: &str, number: i64, said: [&str; 4]) -> Hash {
    // What somebody said may have line feeds in it: how long each part is makes the text say one thing only.
    let said = said.map(|part| format!("{} {part}\n", part.len())).concat();
    blake3::hash(format!("{before} release {number}\n{said}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::{link, origin, release_seal};

    #[test]
    fn a_seal_of_a_release_says_where_one_part_ends() {
        let seal = |said| release_seal("b", 1, said);
        assert_eq!(seal(["h", "t", "mila", "no"]), seal(["h", "t", "mila", "no"]));
        assert_ne!(seal(["h", "t", "mila", "1 a\n1 b"]), seal(["h", "t", "mila\n1 a", "1 b"]));
        assert_ne!(seal(["h", "t", "mila", "no"]), release_seal("b", 2, ["h", "t", "mila", "no"]));
        assert_ne!(seal(["h", "t", "mila", "no"]), release_seal("c", 1, ["h", "t", "mila", "no"]));
    }

    #[test]
    fn a_link_depends_on_everything_before_it() {
        let first = link(&origin("d1"), "r", 1, "{}");
        assert_eq!(first, link(&origin("d1"), "r", 1, "{}"));
        for other in [
            link(&origin("d2"), "r", 1, "{}"),
            link(&first, "r", 1, "{}"),
            link(&origin("d1"), "s", 1, "{}"),
            link(&origin("d1"), "r", 2, "{}"),
            link(&origin("d1"), "r", 1, "{ }"),
        ] {
            assert_ne!(first, other);
        }
    }
}
