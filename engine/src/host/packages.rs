//! Who installed a file, and what else came with it: the lists that dpkg keeps.
//!
//! The lists are read directly (`/var/lib/dpkg/info/*.list`), no process is started. Invariant: only lists of packages
//! that were named as owners decide the import, and only these leave stamps, so that an unrelated package can come and
//! go. This file does not know compilers.

use super::view::{View, is_below};
use gx_store::RealiseError;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const LISTS: &str = "var/lib/dpkg/info";

/// The lists of a host that has them.
#[derive(Debug)]
pub(super) struct Packages {
    /// List by package, as its file is named: `libc6-dev:amd64`.
    lists: BTreeMap<String, String>,
    /// Folders of the root that are links, with their targets: `lib` -> `usr/lib`.
    merged: Vec<(String, String)>,
}

impl Packages {
    /// The lists, or `None` where there is no dpkg. `merged` are links of the root.
    pub(super) fn load(view: &View, merged: Vec<(String, String)>) -> Option<Packages> {
        let mut lists = BTreeMap::new();
        for entry in std::fs::read_dir(view.on_host(LISTS)).ok()?.flatten() {
            let name = entry.file_name();
            if let Some(package) = name.to_str().and_then(|name| name.strip_suffix(".list"))
                && let Ok(text) = std::fs::read_to_string(entry.path())
            {
                lists.insert(package.to_owned(), text);
            }
        }
        (!lists.is_empty()).then_some(Packages { lists, merged })
    }

    /// The packages that own any of these real paths.
    pub(super) fn owners(&self, files: &BTreeSet<String>) -> BTreeSet<String> {
        let owns = |text: &str| text.lines().any(|line| files.contains(&self.place(line)));
        self.lists.iter().filter(|(_, text)| owns(text)).map(|(package, _)| package.clone()).collect()
    }

    /// Those of these real paths that any package owns.
    pub(super) fn owned(&self, files: &BTreeSet<String>) -> BTreeSet<String> {
        let places = self.lists.values().flat_map(|text| text.lines()).map(|line| self.place(line));
        places.filter(|place| files.contains(place)).collect()
    }

    /// The paths of a package that lie below one of `folders`, in order.
    pub(super) fn files(&self, view: &mut View, package: &str, folders: &[&str]) -> Result<Vec<String>, RealiseError> {
        view.look(&format!("{LISTS}/{package}.list"))?;
        let Some(text) = self.lists.get(package) else { return Ok(Vec::new()) };
        let mut files: Vec<String> = text.lines().map(|line| self.place(line)).collect();
        files.retain(|file| folders.iter().any(|folder| is_below(file, folder)));
        files.sort();
        files.dedup();
        Ok(files)
    }

    /// A line of a list as a path of the tree, where `/lib` may be a link.
    fn place(&self, line: &str) -> String {
        let path = line.trim_start_matches('/');
        let (first, rest) = path.split_once('/').unwrap_or((path, ""));
        match self.merged.iter().find(|(name, _)| name == first) {
            Some((_, target)) if rest.is_empty() => target.clone(),
            Some((_, target)) => format!("{target}/{rest}"),
            None => path.to_owned(),
        }
    }
}

/// The package of this host that has each of these absolute paths, with its version; nothing where dpkg knows none.
pub fn packages_of(paths: &BTreeSet<String>) -> BTreeMap<String, String> {
    packages_below(Path::new("/"), paths)
}

fn packages_below(root: &Path, paths: &BTreeSet<String>) -> BTreeMap<String, String> {
    let links = std::fs::read_dir(root).into_iter().flatten().flatten().filter_map(|entry| {
        let target = std::fs::read_link(entry.path()).ok()?;
        Some((entry.file_name().into_string().ok()?, target.to_str()?.trim_matches('/').to_owned()))
    });
    let Some(packages) = Packages::load(&View::new(root), links.collect()) else { return BTreeMap::new() };
    let wanted: BTreeSet<&str> = paths.iter().map(|path| path.trim_start_matches('/')).collect();
    let versions = std::fs::read_to_string(root.join("var/lib/dpkg/status")).unwrap_or_default();
    let mut found = BTreeMap::new();
    for (package, text) in &packages.lists {
        for line in text.lines() {
            let place = packages.place(line);
            if wanted.contains(place.as_str()) {
                let name = package.split(':').next().unwrap_or_default();
                let version = version(&versions, name).map_or_else(String::new, |version| format!(" {version}"));
                found.insert(format!("/{place}"), format!("{name}{version}"));
            }
        }
    }
    found
}

/// The version of a package in dpkg's list of what is installed.
fn version<'a>(status: &'a str, package: &str) -> Option<&'a str> {
    let mut sections = status.split("\n\n");
    let own = sections
        .find(|section| section.lines().next().and_then(|line| line.strip_prefix("Package: ")) == Some(package))?;
    own.lines().find_map(|line| line.strip_prefix("Version: "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_and_their_files() {
        let host = tempfile::tempdir().unwrap();
        let lists = host.path().join(LISTS);
        std::fs::create_dir_all(&lists).unwrap();
        std::fs::write(lists.join("libc6-dev:amd64.list"), "/.\n/lib\n/lib/x/crt1.o\n/usr/include/stdio.h\n").unwrap();
        std::fs::write(lists.join("zlib1g-dev:amd64.list"), "/usr/include/zlib.h\n").unwrap();
        let mut view = View::new(host.path());
        let packages = Packages::load(&view, vec![("lib".to_owned(), "usr/lib".to_owned())]).unwrap();
        let owners = packages.owners(&BTreeSet::from(["usr/lib/x/crt1.o".to_owned()]));
        assert_eq!(owners.into_iter().collect::<Vec<_>>(), ["libc6-dev:amd64"]);
        let files = packages.files(&mut view, "libc6-dev:amd64", &["usr/include", "usr/lib"]).unwrap();
        assert_eq!(files, ["usr/include/stdio.h", "usr/lib", "usr/lib/x/crt1.o"]);
        assert_eq!(view.stamps.len(), 1);
        let asked = ["usr/lib/x/crt1.o", "usr/include/mine.h"].map(str::to_owned).into();
        assert_eq!(packages.owned(&asked), BTreeSet::from(["usr/lib/x/crt1.o".to_owned()]));
        assert!(Packages::load(&View::new(&lists), Vec::new()).is_none());
    }

    #[test]
    fn paths_are_told_with_package_and_version() {
        let host = tempfile::tempdir().unwrap();
        let lists = host.path().join(LISTS);
        std::fs::create_dir_all(&lists).unwrap();
        std::os::unix::fs::symlink("usr/lib", host.path().join("lib")).unwrap();
        std::fs::write(lists.join("libc6-dev:amd64.list"), "/lib/x/crt1.o\n/usr/include/stdio.h\n").unwrap();
        let status = "Package: libc6\nVersion: 1\n\nPackage: libc6-dev\nStatus: install ok\nVersion: 2.36-9\n";
        std::fs::write(host.path().join("var/lib/dpkg/status"), status).unwrap();
        let asked = ["/usr/lib/x/crt1.o", "/usr/include/mine.h"].map(str::to_owned).into();
        let told = BTreeMap::from([("/usr/lib/x/crt1.o".to_owned(), "libc6-dev 2.36-9".to_owned())]);
        assert_eq!(packages_below(host.path(), &asked), told);
        assert!(packages_below(&lists, &asked).is_empty());
    }
}
