//! What this machine allows, and what to change where it does not.
//!
//! Two sources: a real attempt (a slot is made and an order run whose program does not exist), and the settings of
//! the kernel and of containers that explain a failed attempt. This file changes nothing on the machine.

use super::launch::SUPERVISION;
use super::protocol::{Fault, Order, RunResult, Told};
use super::slot::Slot;
use super::strict::TRACING;
use super::{SandboxOptions, noise};
use crate::level::reachable;
use gx_store::{Cancel, ExecuteError, Level, Store};
use std::fs;

/// What was found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// Can actions be sandboxed here?
    pub ok: bool,
    /// The strongest level that can be held here.
    pub level: Level,
    /// What was looked at, or what stands in the way.
    pub findings: Vec<Finding>,
}

/// One obstacle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What does not work.
    pub what: String,
    /// Why.
    pub why: String,
    /// What to change.
    pub hint: String,
}

/// Tries to make a sandbox at each level, with scratch folders of this store.
pub fn probe(store: &Store, options: &SandboxOptions) -> Probe {
    match attempt(store, options, Level::Sandboxed) {
        Ok(()) => {
            let (mut level, mut findings) = (Level::Sandboxed, Vec::new());
            for wanted in [Level::Normalised, Level::Strict].into_iter().filter(|level| *level <= reachable()) {
                match attempt(store, options, wanted) {
                    Ok(()) => level = wanted,
                    Err(error) => {
                        findings.push(unheld(wanted, error));
                        break;
                    }
                }
            }
            Probe { ok: true, level, findings }
        }
        Err(ExecuteError::Sandbox { why, hint }) => {
            let what = "an action cannot be sandboxed".to_owned();
            let mut findings = vec![Finding { what, why, hint }];
            findings.extend(obstacles(&Machine::look()));
            Probe { ok: false, level: Level::None, findings }
        }
        Err(error) => {
            let (what, hint) = ("a sandbox could not be tried".to_owned(), "look at the store's folder".to_owned());
            Probe { ok: false, level: Level::None, findings: vec![Finding { what, why: error.to_string(), hint }] }
        }
    }
}

fn unheld(level: Level, error: ExecuteError) -> Finding {
    let (why, hint) = match error {
        ExecuteError::Sandbox { why, hint } => (why, hint),
        error => (error.to_string(), String::new()),
    };
    Finding { what: format!("level '{}' cannot be held", level.name()), why, hint }
}

fn attempt(store: &Store, options: &SandboxOptions, level: Level) -> Result<(), ExecuteError> {
    let normalised = level >= Level::Normalised;
    if normalised {
        noise::ready(store)?;
    }
    let mut slot = Slot::new(store, options)?;
    slot.ready(store, options)?;
    let number = slot.next();
    let (own, _cleanup) = slot.own(false)?;
    let order = Order {
        number,
        own: own.seen_as.clone(),
        work: super::mounts::WORK.to_owned(),
        programs: vec!["/nothing".to_owned()],
        arguments: vec!["nothing".to_owned()],
        normalised,
        strict: level >= Level::Strict,
        loopback: true,
        ..Order::default()
    };
    match slot.run(store, options, order, None, &Cancel::new())?.done.result {
        RunResult::Told(Told::Fault(fault)) => Err(refusal(&fault)),
        _ => Ok(()),
    }
}

/// A failed step as the error that people see.
pub(crate) fn refusal(fault: &Fault) -> ExecuteError {
    let machine = Machine::look();
    if fault.step == SUPERVISION {
        let gvisor = if machine.gvisor { GVISOR_HINT } else { "" };
        return ExecuteError::Sandbox {
            why: format!("level 'normalised' cannot be held here: {fault}"),
            hint: format!("{gvisor}{SUPERVISION_HINT}"),
        };
    }
    if fault.step == TRACING {
        return ExecuteError::Sandbox {
            why: format!("level 'strict' cannot be held here: {fault}"),
            hint: TRACING_HINT.to_owned(),
        };
    }
    let mut hints: Vec<String> = obstacles(&machine).into_iter().map(|f| format!("{}: {}", f.why, f.hint)).collect();
    if fault.step.contains("/proc") && fault.errno == libc::EPERM && hints.is_empty() {
        hints.push(PROC_HINT.to_owned());
    }
    if hints.is_empty() {
        hints.push("run 'gx doctor' for what this machine allows".to_owned());
    }
    hints.push("or ask for no sandbox with --sandbox=none (recorded, and never shared)".to_owned());
    ExecuteError::Sandbox { why: fault.to_string(), hint: hints.join("; ") }
}

/// What a supervisor needs.
const SUPERVISION_HINT: &str = "it needs notifications of seccomp (Linux 5.11 or later), which whatever confines gx here \
                                refuses or uses itself; '--determinism=sandboxed' asks for less, and is recorded";
const GVISOR_HINT: &str = "this kernel is gVisor, which has none: use another container runtime; ";
/// What the keeper of level `strict` needs.
const TRACING_HINT: &str = "it needs ptrace and prctl(PR_SET_TSC), which whatever confines gx here refuses; \
                            '--determinism=normalised' asks for less, and is recorded";
const PROC_HINT: &str = "in Docker add --security-opt systempaths=unconfined";

/// What the machine says of itself.
#[derive(Debug, Default)]
struct Machine {
    root: bool,
    max_user_namespaces: Option<u64>,
    unprivileged_clone: Option<u64>,
    apparmor_restricts: Option<u64>,
    seccomp: bool,
    masked_proc: bool,
    gvisor: bool,
}

impl Machine {
    fn look() -> Machine {
        let number = |path: &str| fs::read_to_string(path).ok().and_then(|text| text.trim().parse().ok());
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        Machine {
            root: rustix::process::geteuid().is_root(),
            max_user_namespaces: number("/proc/sys/user/max_user_namespaces"),
            unprivileged_clone: number("/proc/sys/kernel/unprivileged_userns_clone"),
            apparmor_restricts: number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
            seccomp: status.lines().any(|line| line.split_whitespace().eq(["Seccomp:", "2"])),
            masked_proc: mounts
                .lines()
                .filter_map(|line| line.split(' ').nth(4))
                .any(|at| at.starts_with("/proc/") && !at.starts_with("/proc/sys/fs/binfmt_misc")),
            gvisor: is_gvisor(&fs::read_to_string("/proc/version").unwrap_or_default(), kernel_log),
        }
    }
}

/// What gVisor says it is, whatever it runs on: Linux as it was built on one day, and it tells of itself in its log
/// only.
const GVISOR_BUILD: &str = "#1 SMP Sun Jan 10 15:06:54 PST 2016";

fn is_gvisor(version: &str, log: impl FnOnce() -> String) -> bool {
    version.contains("gVisor") || version.contains(GVISOR_BUILD) && log().contains("gVisor")
}

/// The log of the kernel, where it may be read.
fn kernel_log() -> String {
    /// `SYSLOG_ACTION_READ_ALL`.
    const READ_ALL: libc::c_int = 3;
    let mut bytes = vec![0u8; 64 << 10];
    // SAFETY: the place is live and as long as is said.
    let read = unsafe { libc::klogctl(READ_ALL, bytes.as_mut_ptr().cast(), bytes.len() as libc::c_int) };
    bytes.truncate(usize::try_from(read).unwrap_or_default());
    String::from_utf8_lossy(&bytes).into_owned()
}

fn obstacles(machine: &Machine) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |what: &str, why: &str, hint: &str| {
        findings.push(Finding { what: what.to_owned(), why: why.to_owned(), hint: hint.to_owned() });
    };
    let namespaces = "user namespaces cannot be made";
    if machine.max_user_namespaces == Some(0) {
        add(namespaces, "user.max_user_namespaces is 0", "sysctl -w user.max_user_namespaces=10000");
    }
    if machine.unprivileged_clone == Some(0) && !machine.root {
        add(namespaces, "kernel.unprivileged_userns_clone is 0", "sysctl -w kernel.unprivileged_userns_clone=1");
    }
    if machine.apparmor_restricts == Some(1) && !machine.root {
        add(
            namespaces,
            "AppArmor restricts unprivileged user namespaces (Ubuntu 24.04 and later)",
            "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile with 'userns,' for gx",
        );
    }
    if machine.seccomp {
        add(
            namespaces,
            "a seccomp filter confines this process (a container's default)",
            "in Docker add --security-opt seccomp=unconfined",
        );
    }
    if machine.masked_proc {
        add("/proc cannot be mounted", "parts of /proc are masked (a container's default)", PROC_HINT);
    }
    if machine.gvisor {
        add(namespaces, "this kernel is gVisor", "use another container runtime (runc, or a virtual machine)");
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gvisor_is_known_by_its_version_and_its_log() {
        let (version, log) = (
            "Linux version 4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016\n",
            "[   0.000000] Starting gVisor...\n[   0.354495] Daemonizing children...\n",
        );
        assert!(is_gvisor(version, || log.to_owned()));
        assert!(!is_gvisor(version, || "[   0.000000] Linux version 4.4.0\n".to_owned()));
        assert!(!is_gvisor("Linux version 6.1.0-18-amd64 (debian-kernel@lists.debian.org)\n", || log.to_owned()));
        let here = Machine::look();
        assert!(!here.gvisor || fs::read_to_string("/proc/version").unwrap().contains("4.4.0"), "{here:?}");
    }

    #[test]
    fn every_obstacle_has_a_hint() {
        let machine = Machine {
            root: false,
            max_user_namespaces: Some(0),
            unprivileged_clone: Some(0),
            apparmor_restricts: Some(1),
            seccomp: true,
            masked_proc: true,
            gvisor: true,
        };
        let text: Vec<String> =
            obstacles(&machine).into_iter().map(|f| format!("{}: {}\n  -> {}", f.what, f.why, f.hint)).collect();
        insta::assert_snapshot!(text.join("\n"));
        assert_eq!(obstacles(&Machine { root: true, apparmor_restricts: Some(1), ..Machine::default() }), []);
    }
}
