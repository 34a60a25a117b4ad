//! By which means each limit of an action is held on this machine, for people.
//!
//! This file changes nothing on the machine, and holds no limit itself.

use super::limits;
use gx_store::Resource;

/// One limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Means {
    /// Of what.
    pub of: &'static str,
    /// Is it held?
    pub held: bool,
    /// How much there is where nothing else is said, and who sees to it.
    pub words: String,
}

/// Every limit.
pub fn means() -> Vec<Means> {
    means_with(super::usage::can_count(), limits::usual_memory())
}

fn means_with(can_count: bool, memory: Option<u64>) -> Vec<Means> {
    let counted = |words: String| {
        let (first, pause) = (limits::FIRST_COUNT.as_millis(), limits::RECOUNT.as_millis());
        let how = format!("; counted every {pause} ms in an action that runs longer than {first} ms");
        match can_count {
            true => words + &how,
            false => {
                "not held: this kernel does not tell which processes a process has (CONFIG_PROC_CHILDREN)".to_owned()
            }
        }
    };
    let usual = memory.map_or_else(
        || "not held: this machine does not tell its memory".to_owned(),
        |most| counted(Resource::Memory.words(most)),
    );
    let (files, more) = limits::files();
    let share =
        format!("half of what is free; an action's folder is weighed every {} ms", limits::DISK_EVERY.as_millis());
    let files = format!("{files} at once, {more} after a program has asked (RLIMIT_NOFILE); no setting changes it");
    let time = "none but what a target or --timeout states; a clock of gx";
    [
        ("memory", can_count && memory.is_some(), usual),
        ("processes", can_count, counted(Resource::Processes.words(limits::PROCESSES))),
        ("disk", true, share),
        ("open files", true, files),
        ("time", true, time.to_owned()),
    ]
    .map(|(of, held, words)| Means { of, held, words })
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_says_who_holds_it() {
        let text = |can_count, memory| {
            let lines = means_with(can_count, memory).into_iter();
            lines
                .map(|it| format!("{} {}: {}\n", if it.held { "held" } else { "NOT " }, it.of, it.words))
                .collect::<String>()
        };
        insta::assert_snapshot!(text(true, Some(16 << 30)));
        insta::assert_snapshot!(text(false, None));
    }
}
