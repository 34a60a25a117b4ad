//! The control file of a package: who it is, what it needs and what it provides.
//!
//! Versions in dependencies are not compared: whoever made the lock did. This file does not know trees.

use std::collections::BTreeSet;

/// What a control file says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Control {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) architecture: String,
    /// Groups of alternatives, as they are written and by name: one of each must be there.
    pub(super) needs: Vec<(String, Vec<String>)>,
    pub(super) provides: Vec<String>,
}

impl Control {
    /// Reads the first paragraph. What is missing is empty.
    pub(super) fn parse(text: &str) -> Control {
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in text.lines().take_while(|line| !line.trim().is_empty()) {
            if line.starts_with([' ', '\t']) {
                if let Some((_, value)) = fields.last_mut() {
                    value.push(' ');
                    value.push_str(line.trim());
                }
            } else if let Some((key, value)) = line.split_once(':') {
                fields.push((key.to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        let field = |name: &str| {
            let found = fields.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let groups = |name: &str| -> Vec<(String, Vec<String>)> {
            let field = field(name);
            let groups = field.split(',').map(str::trim).filter(|group| !group.is_empty());
            groups.map(|group| (group.to_owned(), group.split('|').map(bare).collect())).collect()
        };
        Control {
            name: field("package"),
            version: field("version"),
            architecture: field("architecture"),
            needs: [groups("pre-depends"), groups("depends")].concat(),
            provides: groups("provides").into_iter().flat_map(|(_, names)| names).collect(),
        }
    }
}

/// The name of a dependency without version, architecture and build profile.
fn bare(text: &str) -> String {
    text.trim().split([' ', '(', ':', '[', '<']).next().unwrap_or_default().to_owned()
}

/// Says which packages miss something.
pub(super) fn check(all: &[Control]) -> Result<(), String> {
    let there: BTreeSet<&str> =
        all.iter().flat_map(|control| control.provides.iter().chain([&control.name]).map(String::as_str)).collect();
    let mut missing = Vec::new();
    for control in all {
        for (written, names) in &control.needs {
            if !names.iter().any(|name| there.contains(name.as_str())) {
                missing.push(format!("'{}' needs '{written}'", control.name));
            }
        }
    }
    missing.sort();
    missing.dedup();
    match missing.as_slice() {
        [] => Ok(()),
        [first, more @ ..] => {
            let rest = if more.is_empty() { String::new() } else { format!(", and {} more like it", more.len()) };
            Err(format!("{first}, which the lock does not have{rest}; `gx lock` makes it anew"))
        }
    }
}
