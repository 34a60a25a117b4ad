//! Whole packages: what Debian packages, and all that they depend on, put below `/usr` and `/var/lib`.
//!
//! What depends on what stands in dpkg's list of what is installed. Invariant: documents and other languages' texts are
//! left out, and so are links that lead to what no package has, such as what an administrator made. This file does not
//! know what a package is for.

use super::closure::Closure;
use super::view::is_below;
use gx_store::RealiseError;
use std::collections::{BTreeMap, BTreeSet};

/// What is installed.
const STATUS: &str = "var/lib/dpkg/status";
/// Where packages put what programs read: Haskell's are known by files below `/var/lib`.
const HELD: [&str; 2] = ["usr", "var/lib"];
/// What no program reads.
const UNREAD: [&str; 14] = [
    "usr/lib/debug",
    "usr/share/applications",
    "usr/share/bug",
    "usr/share/doc",
    "usr/share/doc-base",
    "usr/share/icons",
    "usr/share/info",
    "usr/share/lintian",
    "usr/share/locale",
    "usr/share/man",
    "usr/share/menu",
    "usr/share/pixmaps",
    "usr/share/zoneinfo",
    "usr/src",
];

impl Closure<'_> {
    /// Takes packages with all that they depend on.
    pub(super) fn whole(&mut self, names: &[String]) -> Result<(), RealiseError> {
        if names.is_empty() {
            return Ok(());
        }
        let status = std::fs::read_to_string(self.view.on_host(STATUS)).unwrap_or_default();
        let wanted = match closed(&Installed::read(&status), names) {
            Ok(wanted) => wanted,
            Err(name) => {
                let hint = format!("apt-get install {name}");
                return Err(RealiseError::HostLacks { what: format!("package {name}"), hint });
            }
        };
        let mut listed = Vec::new();
        if let Some(packages) = &self.packages {
            for (name, architecture) in &wanted {
                for list in [name.clone(), format!("{name}:{architecture}")] {
                    listed.extend(packages.files(&mut self.view, &list, &HELD)?);
                }
            }
        }
        listed.retain(|path| !UNREAD.iter().any(|folder| is_below(path, folder)));
        self.take_listed(&listed, &BTreeSet::from(["usr".to_owned()]))
    }
}

/// Packages by name, and by what they stand for.
struct Installed<'s> {
    named: BTreeMap<&'s str, Package<'s>>,
    provided: BTreeMap<&'s str, BTreeSet<&'s str>>,
}

struct Package<'s> {
    architecture: &'s str,
    /// Each is met by one of several.
    depends: Vec<Vec<&'s str>>,
}

impl<'s> Installed<'s> {
    fn read(status: &'s str) -> Installed<'s> {
        let mut installed = Installed { named: BTreeMap::new(), provided: BTreeMap::new() };
        for section in status.split("\n\n") {
            let field = |name: &str| {
                let mut lines = section.lines();
                lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
            };
            let (Some(name), Some(state)) = (field("Package"), field("Status")) else { continue };
            if !state.ends_with(" installed") {
                continue;
            }
            let depends = [field("Pre-Depends"), field("Depends")].into_iter().flatten().flat_map(|it| it.split(','));
            let depends = depends.map(|any| any.split('|').map(bare).collect()).collect();
            for other in field("Provides").into_iter().flat_map(|it| it.split(',')).map(bare) {
                installed.provided.entry(other).or_default().insert(name);
            }
            let architecture = field("Architecture").unwrap_or_default();
            // Of several architectures the machine's own is listed first.
            installed.named.entry(name).or_insert(Package { architecture, depends });
        }
        installed
    }

    /// The package that meets a name.
    fn meets(&self, name: &str) -> Option<&'s str> {
        let own = self.named.get_key_value(name).map(|it| *it.0);
        own.or_else(|| self.provided.get(name)?.iter().next().copied())
    }
}

/// A name without version and architecture.
fn bare(word: &str) -> &str {
    let word = word.trim();
    word.split([' ', '(', ':']).next().unwrap_or(word)
}

/// All that packages depend on and themselves, with their architectures; the first that is not there.
fn closed(installed: &Installed<'_>, names: &[String]) -> Result<BTreeMap<String, String>, String> {
    let mut found = BTreeMap::new();
    let mut ahead = Vec::new();
    for name in names {
        ahead.push(installed.meets(name).ok_or_else(|| name.clone())?);
    }
    while let Some(name) = ahead.pop() {
        let Some(package) = installed.named.get(name) else { continue };
        if found.insert(name.to_owned(), package.architecture.to_owned()).is_none() {
            ahead.extend(package.depends.iter().filter_map(|any| any.iter().find_map(|it| installed.meets(it))));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Package: tool\nStatus: install ok installed\nArchitecture: amd64\n\
        Depends: libx (>= 1), awk, gone | liby:any\n\n\
        Package: libx\nStatus: install ok installed\nArchitecture: amd64\nDepends: tool\n\n\
        Package: liby\nStatus: install ok installed\nArchitecture: all\n\n\
        Package: gone\nStatus: deinstall ok config-files\nArchitecture: all\n\n\
        Package: mawk\nStatus: install ok installed\nArchitecture: amd64\nProvides: awk, other (= 2)\n\n\
        Package: unrelated\nStatus: install ok installed\nArchitecture: amd64\n";

    #[test]
    fn what_a_package_depends_on_comes_along() {
        let installed = Installed::read(TEXT);
        let all = |name: &str| closed(&installed, &[name.to_owned()]);
        let names: Vec<String> = all("tool").unwrap().into_iter().map(|(name, of)| format!("{name}:{of}")).collect();
        assert_eq!(names, ["libx:amd64", "liby:all", "mawk:amd64", "tool:amd64"]);
        assert_eq!(all("other").unwrap().into_keys().collect::<Vec<_>>(), ["mawk"]);
        assert_eq!(all("gone").unwrap_err(), "gone");
        assert_eq!(bare(" gcc-12:any (>= 1)"), "gcc-12");
    }
}
