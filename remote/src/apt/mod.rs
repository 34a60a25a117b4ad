//! `deb`: a Debian package, through the machine's own apt.
//!
//! Parameters `name`, `version`, `architecture`, `size` (bytes) and `path` (below an archive's mirror). Which mirrors
//! there are is apt's to say (`mirrors`); apt's own methods transfer, so its proxies, credentials and retries hold, and
//! apt checks size and hash while bytes come. Invariant: nothing of the machine's packages or of apt's state is
//! changed. This file does not know hosts, nor how a closure is found (`resolve.rs`).

mod configuration;
mod resolve;
mod words;

pub use resolve::{Apt, Resolved};
pub(crate) use words::{cache_stanzas, errors, uris};

use crate::process;
use crate::sink::{self, Fault};
use configuration::Configuration;
use gx_store::{Cancel, Fetch, FetchError, Fetcher, Surroundings};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// Where the machine names its mirrors: while none of these changed, what apt said of them holds.
const SOURCES: [&str; 4] =
    ["/etc/apt/apt.conf", "/etc/apt/apt.conf.d", "/etc/apt/sources.list", "/etc/apt/sources.list.d"];
/// Where Debian and its kin have it; it is on no `PATH`.
const HELPERS: [&str; 2] = ["/usr/lib/apt/apt-helper", "/usr/libexec/apt/apt-helper"];

/// Mirrors, and what they depend on.
type Known = Option<((String, Surroundings, Vec<Option<SystemTime>>), Vec<String>)>;

/// The fetcher.
#[derive(Debug, Default)]
pub struct DebFetcher {
    known: Mutex<Known>,
}

impl Fetcher for DebFetcher {
    fn fetch(&self, fetch: &Fetch, surroundings: &Surroundings, to: &Path, cancel: &Cancel) -> Result<(), FetchError> {
        let wanted = Wanted::of(fetch)?;
        let helper = HELPERS.into_iter().map(Path::new).find(|helper| helper.is_file());
        let helper = helper.ok_or_else(|| no_apt(wanted.what()))?;
        let folder = process::scratch_in(to.parent().unwrap_or(Path::new("/")), "gx-deb-")?;
        let configuration = Configuration::new(folder.path(), None, surroundings)?;
        let mirrors = self.mirrors(&wanted, &configuration, surroundings, cancel)?;
        let (mut answers, mut wrong) = (Vec::new(), None);
        for mirror in &mirrors {
            let file = folder.path().join("package.deb");
            let said = wanted.ask(helper, mirror, &file, &configuration, surroundings, cancel)?;
            // What apt took for wrong is beside the file.
            match sink::copy_checked(&file, to, wanted.sha256, sink::LIMIT, cancel) {
                Ok(()) => return Ok(()),
                Err(Fault::Stop(error)) => return Err(error),
                Err(Fault::WrongHash(found)) => wrong = Some(found),
                Err(Fault::Refused(_) | Fault::Passing(_)) => {}
            }
            let (found, why) = words::refusal(&said);
            wrong = wrong.or(found);
            answers.push(why);
        }
        if let Some(found) = wrong {
            return Err(FetchError::WrongHash { what: wanted.what(), declared: fetch.sha256.clone(), found });
        }
        Err(wanted.gone(answers))
    }
}

impl DebFetcher {
    /// The mirrors that apt is set to use for an architecture.
    fn mirrors(
        &self,
        wanted: &Wanted<'_>,
        configuration: &Configuration,
        surroundings: &Surroundings,
        cancel: &Cancel,
    ) -> Result<Vec<String>, FetchError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let own = surroundings.environment.get("APT_CONFIG").map(String::as_str);
        let changed = SOURCES.into_iter().chain(own).map(|path| std::fs::metadata(path).ok()?.modified().ok());
        let key = (wanted.architecture.to_owned(), surroundings.clone(), changed.collect());
        if let Some((asked, mirrors)) = &*known
            && *asked == key
        {
            return Ok(mirrors.clone());
        }
        let mirrors = configuration.mirrors(&wanted.what(), surroundings, cancel)?;
        *known = Some((key, mirrors.clone()));
        Ok(mirrors)
    }
}

/// The refusal where there is no apt.
fn no_apt(what: String) -> FetchError {
    let why = "this machine has no apt to fetch it with; `gx fetch --to DIR` on one that has, and `--mirror DIR` here";
    FetchError::Unreachable { what, why: why.to_owned() }
}

/// A package that is wanted.
struct Wanted<'a> {
    name: &'a str,
    version: &'a str,
    architecture: &'a str,
    path: &'a str,
    size: u64,
    sha256: &'a str,
}

impl<'a> Wanted<'a> {
    fn of(fetch: &'a Fetch) -> Result<Wanted<'a>, FetchError> {
        let get = |key: &str| fetch.parameters.get(key).map_or("", String::as_str);
        let (name, version, path) = (get("name"), get("version"), get("path"));
        let bad = |why: &str| FetchError::BadRequest { what: format!("'{name}'"), why: why.to_owned() };
        let step = |step: &str| !step.is_empty() && step != "." && step != "..";
        let plain = |c: char| c.is_ascii_alphanumeric() || "._+-~%/:".contains(c);
        if name.is_empty() || !name.chars().all(|c| plain(c) && c != '/') {
            return Err(bad("the name of a Debian package has lower case letters, digits, '+', '-' and '.'"));
        }
        if !path.split('/').all(step) || !path.chars().all(plain) {
            return Err(bad("its path below a mirror is not usable"));
        }
        let size = get("size").parse().map_err(|_| bad("its size must be a number of bytes"))?;
        if size > sink::LIMIT {
            return Err(bad("it is larger than 16 GiB"));
        }
        Ok(Wanted { name, version, architecture: get("architecture"), path, size, sha256: &fetch.sha256 })
    }

    fn what(&self) -> String {
        format!("package '{} {} {}'", self.name, self.version, self.architecture)
    }

    /// Has apt transfer it; gives what it said.
    fn ask(
        &self,
        helper: &Path,
        mirror: &str,
        to: &Path,
        configuration: &Configuration,
        surroundings: &Surroundings,
        cancel: &Cancel,
    ) -> Result<String, FetchError> {
        // As apt writes its own addresses.
        let path = self.path.replace('%', "%25").replace('+', "%2b").replace('~', "%7e").replace(':', "%3a");
        let mut command = Command::new(helper);
        command.arg("download-file").arg(format!("{}/{path}", mirror.trim_end_matches('/'))).arg(to);
        command.arg(format!("SHA256:{}", self.sha256)).arg(format!("Checksum-FileSize:{}", self.size));
        configuration.apply(&mut command);
        let ran = process::run(command, surroundings, cancel)?;
        Ok(format!("{}\n{}", ran.stdout, ran.stderr))
    }

    fn gone(&self, mut answers: Vec<String>) -> FetchError {
        answers.sort();
        answers.dedup();
        let what = self.what();
        if answers.is_empty() {
            let why = "apt is set to use no mirror (see /etc/apt/sources.list)".to_owned();
            return FetchError::Unreachable { what, why };
        }
        let gone = answers.iter().all(|answer| answer.contains("404"));
        let hint = if gone {
            " (mirrors drop packages that have successors: `gx lock` takes what is there now; a folder that \
             `gx fetch --to DIR` made before still has it, use `--mirror DIR`)"
        } else {
            ""
        };
        FetchError::Unreachable { what, why: format!("{}{hint}", answers.join("; ")) }
    }
}

/// apt-get or apt-cache.
pub(crate) fn program(name: &str, surroundings: &Surroundings) -> Option<PathBuf> {
    let usual = Path::new("/usr/bin").join(name);
    process::find(name, surroundings).or_else(|| usual.is_file().then_some(usual))
}
