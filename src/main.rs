//! The `wirefold` command.

fn main() {}
