//! The sandbox, tested from outside: what an action sees, what it cannot do, what is kept of it.
//!
//! Every test runs as whoever runs the tests; `nobody` runs them all once more as an unprivileged user when that is
//! root. Tests need a static busybox and a kernel that allows user namespaces; they say so and skip.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test ends when something is wrong")]

mod bare;
mod big;
mod confined;
mod ends;
mod light;
mod nobody;
mod normalised;
mod outputs;
mod support;
mod visible;
mod worlds;
