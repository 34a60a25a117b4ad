//! A workspace in a temporary folder, with a store of its own, and gx run in it.

use crate::binary::gx_binary;
use crate::report::Run;
use crate::tools::repository_root;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use tempfile::TempDir;

/// A workspace and a store. Both vanish with it; the store when the last workspace that shares it does.
pub struct TestSpace {
    folder: TempDir,
    store: Arc<TempDir>,
}

impl TestSpace {
    /// A workspace with an empty `gx.toml` and an empty store.
    pub fn new() -> TestSpace {
        let space = TestSpace { folder: temporary("gx-ws-"), store: Arc::new(temporary("gx-store-")) };
        space.write("gx.toml", "");
        space
    }

    /// The same, both in folders below this one.
    pub fn below(base: &Path) -> TestSpace {
        let space =
            TestSpace { folder: temporary_in(base, "gx-ws-"), store: Arc::new(temporary_in(base, "gx-store-")) };
        space.write("gx.toml", "");
        space
    }

    /// A copy of an example, with an empty store.
    pub fn of_example(name: &str) -> TestSpace {
        let space = TestSpace { folder: temporary("gx-ws-"), store: Arc::new(temporary("gx-store-")) };
        copy(&repository_root().join("examples").join(name), &space.root());
        space
    }

    /// A copy of this workspace in another folder (outputs left behind), with the same store.
    pub fn copy_sharing_store(&self) -> TestSpace {
        let space = TestSpace { folder: temporary("gx-other-"), store: self.store.clone() };
        copy(&self.root(), &space.root());
        space
    }

    /// A copy of this workspace in another folder of a deeper path, with an empty store.
    pub fn copy_with_new_store(&self) -> TestSpace {
        let space =
            TestSpace { folder: temporary("gx-elsewhere-in-the-world-"), store: Arc::new(temporary("gx-store-")) };
        copy(&self.root(), &space.root());
        space
    }

    /// The workspace's folder.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("ws")
    }

    /// The store's folder.
    pub fn store(&self) -> PathBuf {
        self.store.path().join("store")
    }

    /// A path in the workspace.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root().join(path)
    }

    /// Writes a file, and the folders above it.
    pub fn write(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folders can be made");
        std::fs::write(&path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// Writes an executable file.
    pub fn write_script(&self, path: impl AsRef<Path>, content: &str) {
        self.write(path.as_ref(), content);
        self.set_mode(path, 0o755);
    }

    /// Sets a file's permissions.
    pub fn set_mode(&self, path: impl AsRef<Path>, mode: u32) {
        std::fs::set_permissions(self.path(path), std::fs::Permissions::from_mode(mode)).expect("a mode can be set");
    }

    /// Reads a file.
    pub fn read(&self, path: impl AsRef<Path>) -> String {
        let path = self.path(path);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Is there such a file?
    pub fn exists(&self, path: impl AsRef<Path>) -> bool {
        self.path(path).exists()
    }

    /// Replaces a text that must stand in the file.
    pub fn edit(&self, path: impl AsRef<Path>, from: &str, to: &str) {
        let text = self.read(path.as_ref());
        assert!(text.contains(from), "'{from}' does not stand in {}", path.as_ref().display());
        self.write(path, text.replacen(from, to, 1));
    }

    /// Removes a file.
    pub fn remove(&self, path: impl AsRef<Path>) {
        std::fs::remove_file(self.path(path)).expect("a file can be removed");
    }

    /// Prepares a run of gx in the workspace.
    pub fn gx<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Invocation {
        self.gx_at(gx_binary(), arguments)
    }

    /// The same with another copy of gx.
    pub fn gx_at<A: AsRef<OsStr>>(&self, gx: &Path, arguments: impl IntoIterator<Item = A>) -> Invocation {
        let mut command = Command::new(gx);
        command.args(arguments).current_dir(self.root()).stdin(Stdio::null()).env_clear();
        for name in [
            "PATH",
            "HOME",
            "CARGO_HOME",
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "http_proxy",
            "https_proxy",
            "NO_PROXY",
            "no_proxy",
            "SSL_CERT_FILE",
            "SSL_CERT_DIR",
            "TMPDIR",
            "RUST_BACKTRACE",
        ] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.env("GX_STORE", self.store()).env("GX_NO_DAEMON", "1").env("GX_COLOR", "never");
        command.env("XDG_RUNTIME_DIR", self.folder.path());
        Invocation { command, redactions: self.redactions() }
    }

    /// Runs a command that has been put together elsewhere to its end.
    pub fn finish(&self, command: Command) -> Run {
        Invocation { command, redactions: self.redactions() }.run()
    }

    /// Runs gx to its end.
    pub fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Run {
        self.gx(arguments).run()
    }

    /// `gx build --json`; whether it succeeds is for the caller to say.
    pub fn build(&self, patterns: &[&str]) -> Run {
        self.run(["build", "--json"].iter().chain(patterns))
    }

    /// `gx test --json`.
    pub fn test(&self, patterns: &[&str]) -> Run {
        self.run(["test", "--json"].iter().chain(patterns))
    }

    /// Every file below `gx-out`, sorted: path and content.
    pub fn outputs(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        let base = self.path("gx-out");
        files_below(&base, &mut |path| {
            let short = path.strip_prefix(&base).expect("found below").to_path_buf();
            found.push((short, std::fs::read(path).expect("an output can be read")));
        });
        found.sort();
        found
    }

    fn redactions(&self) -> Vec<(String, &'static str)> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        vec![(text(&self.root()), "[WORKSPACE]"), (text(&self.store()), "[STORE]")]
    }
}

impl Default for TestSpace {
    fn default() -> TestSpace {
        TestSpace::new()
    }
}

/// A run of gx that can still be changed.
pub struct Invocation {
    command: Command,
    redactions: Vec<(String, &'static str)>,
}

impl Invocation {
    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Invocation {
        self.command.env(name, value.into());
        self
    }

    /// Starts in another folder.
    pub fn current_dir(mut self, folder: impl AsRef<Path>) -> Invocation {
        self.command.current_dir(folder);
        self
    }

    /// Starts it by another program (`nice -n 5`), which is given gx and its arguments as further arguments. An empty
    /// list changes nothing.
    pub fn under<A: AsRef<OsStr>>(self, starter: &[A]) -> Invocation {
        let Some((program, arguments)) = starter.split_first() else { return self };
        let mut command = Command::new(program);
        command.args(arguments).arg(self.command.get_program()).args(self.command.get_args());
        command.stdin(Stdio::null()).env_clear();
        command.envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if let Some(folder) = self.command.get_current_dir() {
            command.current_dir(folder);
        }
        Invocation { command, redactions: self.redactions }
    }

    /// The command itself, for a test that wants to watch it run.
    pub fn command(self) -> Command {
        self.command
    }

    /// Runs it to its end.
    pub fn run(mut self) -> Run {
        let output = self.command.output().expect("gx can be started");
        Run::new(&self.command, output, self.redactions)
    }
}

fn temporary(prefix: &str) -> TempDir {
    temporary_in(&std::env::var_os("GX_TEST_TMP").map_or_else(std::env::temp_dir, PathBuf::from), prefix)
}

fn temporary_in(base: &Path, prefix: &str) -> TempDir {
    let folder = tempfile::Builder::new().prefix(prefix).tempdir_in(base).expect("a temporary folder can be made");
    std::fs::create_dir(folder.path().join("ws")).expect("a folder can be made");
    folder
}

/// Copies a folder; `gx-out` stays behind.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder can be made");
    for entry in std::fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let entry = entry.expect("a folder can be read");
        if entry.file_name() == "gx-out" {
            continue;
        }
        let target = to.join(entry.file_name());
        if entry.file_type().expect("an entry has a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("a file can be copied");
        }
    }
}

fn files_below(folder: &Path, visit: &mut dyn FnMut(&Path)) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files_below(&path, visit),
            _ => visit(&path),
        }
    }
}
