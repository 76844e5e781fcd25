//! Entry point of the `wirefold` command; see [`wirefold::cli`].

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    wirefold::cli::main(std::env::args_os())
}
