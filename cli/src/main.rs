//! gx: the binary. Everything is in the library beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    gx_engine::sandbox::spawner_main_if_asked();
    gx_cli::run(std::env::args_os().collect())
}
