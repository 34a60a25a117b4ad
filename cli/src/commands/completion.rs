//! `gx completion`: a completion script for a shell.

use crate::event::{Event, Face};
use crate::exit::Exit;
use crate::flags::{self, Shell};

/// Answers it.
pub(super) fn answer(shell: Shell, face: &dyn Face) -> Exit {
    let shell = match shell {
        Shell::Bash => clap_complete::Shell::Bash,
        Shell::Zsh => clap_complete::Shell::Zsh,
        Shell::Fish => clap_complete::Shell::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut flags::command_shown(), "gx", &mut script);
    face.event(Event::Output(script));
    Exit::Ok
}
