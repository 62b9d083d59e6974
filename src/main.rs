//! The `handover` command; everything it does is in [`handover::cli`].

fn main() -> std::process::ExitCode {
    handover::cli::main()
}
