//! Panics: a defect of ours says so, asks to be reported and ends with its own exit code.

use crate::cli::Exit;
use std::io::Write;
use std::panic::{self, AssertUnwindSafe};

/// From here on a panic anywhere in the process is reported as a defect, on standard error.
pub fn report_panics() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(|| String::from("an unknown place"), ToString::to_string);
        let payload = info.payload();
        let owned = payload.downcast_ref::<String>().map(String::as_str);
        let text = text(payload.downcast_ref::<&str>().copied().or(owned).unwrap_or("no message"), &place);
        // Nobody reads a closed standard error, and a hook must not panic.
        let _ = std::io::stderr().write_all(text.as_bytes());
    }));
}

/// Runs `command`; a panic in it becomes [`Exit::Defect`].
pub fn guarded(command: impl FnOnce() -> Exit) -> Exit {
    // The closure's state is dropped with the process: nobody sees it half-changed.
    panic::catch_unwind(AssertUnwindSafe(command)).unwrap_or(Exit::Defect)
}

fn text(message: &str, place: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "\nerror: this is a defect of handover {version}, not of your plan: {message} ({place})\n  \
         please report it, with the command line and, if you may share it, the plan\n  \
         a run that was going on is in its journal: `handover runs` lists it\n"
    )
}

#[cfg(test)]
mod tests {
    use super::{guarded, text};
    use crate::cli::Exit;

    #[test]
    fn a_panic_is_our_defect_and_has_its_own_exit_code() {
        assert_eq!(guarded(|| panic!("the answer is 41")), Exit::Defect);
        assert_eq!(guarded(|| Exit::Stopped), Exit::Stopped);
    }

    #[test]
    fn the_report_says_whose_fault_it_is_and_what_to_do() {
        let report = text("the answer is 41", "src/x.rs:1:2");
        for part in ["defect of handover", "the answer is 41 (src/x.rs:1:2)", "please report it", "handover runs"] {
            assert!(report.contains(part), "{report}");
        }
    }
}
