//! The same commands without gx: plain processes, `bwrap --unshare-all`, Bazel's linux-sandbox.
//!
//! Commands of a project are those that gx says it ran, in the same folders: compilers side by side, then the rest in
//! turn. A trivial action is one `cat` of a small file into another. As many run at once as gx would start.
//! This file does not know what gx does with them.

use super::levels::Space;
use super::{Load, Runner, Tried};
use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// What a project runs.
struct Project {
    /// Shell commands that may run side by side, and those that need them.
    compiles: Vec<String>,
    rest: Vec<String>,
    /// Folders that must be there.
    folders: Vec<PathBuf>,
}

/// Every command, and where it runs.
pub(super) struct Commands {
    folder: PathBuf,
    projects: BTreeMap<&'static str, Project>,
}

impl Commands {
    /// Asks gx for the commands of the projects, and unpacks their sources.
    pub(super) fn new(
        folder: &Path,
        space: &Space,
        names: &[(&'static str, &'static str)],
        actions: usize,
    ) -> Result<Self> {
        let work = folder.join("work");
        std::fs::create_dir_all(work.join("in"))?;
        for number in 0..actions {
            std::fs::write(work.join(format!("in/{number}")), format!("leaf {number}\n"))?;
        }
        let mut projects = BTreeMap::new();
        for (name, target) in names {
            let project = learn(space, target).with_context(|| format!("asking gx how it builds {target}"))?;
            projects.insert(*name, project);
        }
        unpack(space, &work)?;
        Ok(Commands { folder: work, projects })
    }

    fn clean(&self) -> Result<()> {
        let out = self.folder.join("out");
        if out.exists() {
            std::fs::remove_dir_all(&out)?;
        }
        std::fs::create_dir_all(&out)?;
        for folder in self.projects.values().flat_map(|project| &project.folders) {
            std::fs::create_dir_all(self.folder.join(folder))?;
        }
        Ok(())
    }
}

/// The commands that a build of this target runs.
fn learn(space: &Space, target: &str) -> Result<Project> {
    let mirror = space.mirror();
    let mut command =
        space.command(&space.projects(), "learn", &["build", "--no-daemon", "--json", "--offline", target]);
    let output = command.arg("--mirror").arg(mirror).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut project = Project { compiles: Vec::new(), rest: Vec::new(), folders: Vec::new() };
    for line in String::from_utf8_lossy(&output.stdout).lines().filter(|line| line.contains("\"action_finished\"")) {
        let Some(mnemonic) = text_of(line, "mnemonic").filter(|mnemonic| mnemonic.starts_with("Cc")) else { continue };
        let action = text_of(line, "action").context("an event without an action")?;
        let shown = space.command(&space.projects(), "learn", &["show", "--no-daemon", action]).output()?;
        let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
        let of = |word: &'static str| shown.lines().filter_map(move |line| line.strip_prefix(word)).map(str::trim);
        let line = of("  command  ").next().context("an action without a command")?.to_owned();
        if line.ends_with(" ...") {
            bail!("a command is too long to be shown: {line}");
        }
        for output in of("  output  ") {
            project.folders.extend(Path::new(output).parent().map(Path::to_owned));
        }
        if mnemonic == "CcCompile" { project.compiles.push(line) } else { project.rest.push(line) }
    }
    ensure!(!project.compiles.is_empty(), "it compiles nothing");
    Ok(project)
}

/// A text of a JSON object on one line; gx's own events have no escapes in these.
fn text_of<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.split_once(&format!("\"{name}\":\""))?.1.split('"').next()
}

/// Unpacks the archives where gx shows them to actions.
fn unpack(space: &Space, work: &Path) -> Result<()> {
    let settings = std::fs::read_to_string(space.projects().join("gx.toml"))?;
    let mut name = "";
    for line in settings.lines() {
        if let Some(found) = line.strip_prefix("[repositories.").and_then(|rest| rest.strip_suffix(']')) {
            name = found;
        }
        let Some(digest) = line.strip_prefix("sha256 = ").map(|digest| digest.trim_matches('"')) else { continue };
        let archive = find(&space.mirror(), digest)?;
        let to = work.join("external").join(name);
        std::fs::create_dir_all(&to)?;
        let unpacked =
            Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(&to).arg("--strip-components=1").status()?;
        ensure!(unpacked.success(), "the archive of {name} cannot be unpacked");
    }
    Ok(())
}

/// The file below a mirror that has this digest in its name.
fn find(mirror: &Path, digest: &str) -> Result<PathBuf> {
    let mut left = vec![mirror.to_owned()];
    while let Some(folder) = left.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                left.push(path);
            } else if path.file_name().is_some_and(|name| name.to_string_lossy().contains(digest)) {
                return Ok(path);
            }
        }
    }
    bail!("{} lacks {digest}", mirror.display())
}

/// The command that starts a program in a sandbox of somebody else, or in none.
type Start = Box<dyn Fn(&str) -> Command + Sync>;

struct Plainly<'a> {
    name: &'static str,
    commands: &'a Commands,
    start: Start,
}

/// All of them; or why one cannot be had.
pub(super) fn all<'a>(commands: &'a Commands, folder: &Path) -> Vec<Tried<'a>> {
    let work = commands.folder.clone();
    let plain: Start = Box::new(|program| Command::new(program));
    let bwrap: Start = Box::new(move |program| {
        let mut command = Command::new("bwrap");
        command.args(["--unshare-all", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]);
        command.arg("--bind").arg(&work).arg(&work).arg("--chdir").arg(&work).arg(program);
        command
    });
    let (work, program, beside) = (commands.folder.clone(), linux_sandbox(folder), folder.join("bazel"));
    let found = program.clone();
    let bazel: Start = Box::new(move |wanted| {
        let mut command = Command::new(program.as_deref().unwrap_or(Path::new("linux-sandbox")));
        // Out of a package that is not installed, its libraries lie beside it.
        command.env("LD_LIBRARY_PATH", &beside);
        command.arg("-W").arg(&work).args(["-w", "/tmp", "-N", "-H", "--", wanted]);
        command
    });
    let missing = |why: String| move |()| why.clone();
    let tried =
        [("no sandbox", plain, Ok(())), ("bwrap", bwrap, Ok(())), ("linux-sandbox", bazel, found.map(drop).ok_or(()))];
    tried
        .into_iter()
        .map(|(name, start, there)| {
            let runner = Plainly { name, commands, start };
            let works = there.map_err(missing(format!("{name} is not there"))).and_then(|()| runner.works());
            (name.to_owned(), works.map(|()| Box::new(runner) as Box<dyn Runner>))
        })
        .collect()
}

/// Where it is, or where it is put when a Debian has it: its package is taken apart, not installed.
fn linux_sandbox(folder: &Path) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain([PathBuf::from("/usr/share/bazel")]);
    let found = places.map(|place| place.join("linux-sandbox")).find(|file| file.is_file());
    found.or_else(|| {
        let there = folder.join("bazel");
        std::fs::create_dir_all(&there).ok()?;
        let script = "apt-get download bazel-bootstrap libprotoc32 libprotobuf32 && \
                      for package in *.deb; do dpkg-deb -x \"$package\" . || exit; done && \
                      cp usr/libexec/*/bazel/linux-sandbox usr/lib/*/libproto*.so.32 .";
        let made = Command::new("sh").args(["-c", script]).current_dir(&there).output().ok()?;
        let file = there.join("linux-sandbox");
        (made.status.success() && file.is_file()).then_some(file)
    })
}

impl Plainly<'_> {
    /// Does it run anything here?
    fn works(&self) -> Result<(), String> {
        let tried = (self.start)("true").current_dir(&self.commands.folder).output();
        match tried {
            Ok(output) if output.status.success() => Ok(()),
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                Err(format!("it does not work here: {}", said.lines().next().unwrap_or("it says nothing")))
            }
            Err(error) => Err(format!("it cannot be started: {error}")),
        }
    }

    fn shell(&self, line: &str) -> Result<()> {
        let mut command = (self.start)("sh");
        command.args(["-c", &format!("exec {line}")]).current_dir(&self.commands.folder);
        command.env("PWD", "/proc/self/cwd").env("SOURCE_DATE_EPOCH", "0");
        let output = command.stdin(Stdio::null()).output()?;
        ensure!(output.status.success(), "{line}:\n{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    fn trivial(&self, number: usize) -> Result<()> {
        let out = File::create(self.commands.folder.join(format!("out/{number}")))?;
        let mut command = (self.start)("cat");
        command.arg(format!("in/{number}")).current_dir(&self.commands.folder);
        let status = command.stdin(Stdio::null()).stdout(out).stderr(Stdio::inherit()).status()?;
        ensure!(status.success(), "action {number} failed");
        Ok(())
    }
}

impl Runner for Plainly<'_> {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn run(&self, load: &Load) -> Result<f64> {
        self.commands.clean()?;
        let start = Instant::now();
        match load {
            Load::Trivial(actions) => side_by_side(*actions, &|number| self.trivial(number))?,
            Load::Project(name, _) => {
                let project = self.commands.projects.get(name).context("no such project")?;
                let compile = |at: usize| self.shell(project.compiles.get(at).context("no such command")?);
                side_by_side(project.compiles.len(), &compile)?;
                project.rest.iter().try_for_each(|line| self.shell(line))?;
            }
        }
        Ok(start.elapsed().as_secs_f64())
    }
}

/// Runs so many things, as many at once as gx would.
fn side_by_side(count: usize, run: &(dyn Fn(usize) -> Result<()> + Sync)) -> Result<()> {
    let (next, jobs) = (AtomicUsize::new(0), std::thread::available_parallelism()?.get() + 2);
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= count {
                return Ok(());
            }
            run(at)?;
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().unwrap_or_else(|_| bail!("a thread died")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_run_once_and_a_failure_is_told() {
        let seen: Vec<AtomicUsize> = (0..100).map(|_| AtomicUsize::new(0)).collect();
        let run = |at: usize| {
            seen.get(at).context("out of range")?.fetch_add(1, Ordering::Relaxed);
            Ok(())
        };
        side_by_side(100, &run).unwrap();
        assert!(seen.iter().all(|count| count.load(Ordering::Relaxed) == 1));
        assert!(side_by_side(9, &|at| if at == 5 { bail!("five") } else { Ok(()) }).is_err());
    }

    #[test]
    fn events_are_read() {
        let line = r#"{"action":"ab12","event":"action_finished","mnemonic":"CcLink"}"#;
        assert_eq!((text_of(line, "action"), text_of(line, "mnemonic")), (Some("ab12"), Some("CcLink")));
        assert_eq!(text_of(line, "owner"), None);
    }
}
