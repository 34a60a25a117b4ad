//! Signals: the first Ctrl-C cancels, the second leaves at once.
//!
//! This file does not know what is cancelled.

use crate::error::Report;
use crate::exit::Exit;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

/// Watches SIGINT, SIGTERM and SIGHUP until dropped.
pub struct Watch {
    handle: Handle,
}

impl Watch {
    /// `first` runs at the first signal; with `insist`, the second one ends the process.
    pub fn start(insist: bool, first: impl FnOnce() + Send + 'static) -> Result<Watch, Report> {
        let failed = |error: std::io::Error| Report::new(313, "signals cannot be watched").cause(&error);
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).map_err(failed)?;
        let handle = signals.handle();
        let mut first = Some(first);
        let watch = move || {
            for _ in &mut signals {
                match first.take() {
                    Some(first) => first(),
                    None if insist => std::process::exit(i32::from(Exit::Interrupted.code())),
                    None => {}
                }
            }
        };
        std::thread::Builder::new().name("signals".to_owned()).spawn(watch).map_err(failed)?;
        Ok(Watch { handle })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.handle.close();
    }
}
