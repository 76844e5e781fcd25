//! The `wirefold` command: parses arguments and hands over.

use std::process::ExitCode;

fn main() -> ExitCode {
    wirefold::cli::main(std::env::args_os())
}
