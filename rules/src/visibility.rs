//! Who may use what.
//!
//! Invariants: a package may always use its own targets; a target without visibility has its package's default, and
//! without one it is private. What a rule asks for by itself is judged from the rule's package.
//! This file does not know what targets are used for.

use crate::error::{LoadError, LoadErrorKind};
use crate::graph::{Graph, Node, NodeKind, Want};
use crate::label::{Label, PackageId};
use crate::package::{DeclKind, Visibility};
use crate::session::Session;

impl Session<'_> {
    /// Every use that is not allowed.
    pub(crate) fn forbidden_uses(&self, graph: &Graph) -> Vec<LoadError> {
        let mut errors = Vec::new();
        for node in &graph.nodes {
            for (label, want) in &node.wants {
                let Some(used) = graph.node(label) else { continue };
                let user = match (want, &node.kind) {
                    (Want::Default(_), NodeKind::Rule(rule)) => &rule.package,
                    _ => &node.label.package,
                };
                if **user != *used.label.package && !matches!(node.kind, NodeKind::Group) {
                    errors.extend(self.forbidden(node, used, user));
                }
            }
        }
        errors
    }

    fn forbidden(&self, user: &Node, used: &Node, from: &PackageId) -> Option<LoadError> {
        let package = &used.package;
        let list: &[Visibility] = match used.declaration() {
            Some(decl) => decl.visibility.as_deref().unwrap_or(&package.data.default_visibility),
            None => match package.export(&used.label.name) {
                // Exported files are public unless they say otherwise.
                Some((_, None)) => return None,
                Some((_, Some(list))) => list,
                None => {
                    let message = format!("'{}' uses the file '{}' of another package", user.label, used.label);
                    let hint = format!("add exports_files([\"{}\"]) to '{}'", used.label.name, package.file);
                    let error = LoadError::new(LoadErrorKind::Visibility, message).at(user.position());
                    return Some(error.hint(hint));
                }
            },
        };
        if list.iter().any(|entry| self.covers(entry, from, &mut Vec::new())) {
            return None;
        }
        let message = format!("'{}' is not visible to '{}'", used.label, user.label);
        let hint = match used.declaration() {
            Some(decl) => format!(
                "add \"//{}:__pkg__\" to the visibility of '{}' at {}",
                from.path,
                used.label,
                package.position(decl)
            ),
            None => format!("widen the visibility in exports_files of '{}'", package.file),
        };
        Some(LoadError::new(LoadErrorKind::Visibility, message).at(user.position()).hint(hint))
    }

    fn covers(&self, entry: &Visibility, from: &PackageId, seen: &mut Vec<Label>) -> bool {
        match entry {
            Visibility::Public => true,
            Visibility::Private => false,
            Visibility::Package(id) => id == from,
            Visibility::Below(id) => {
                id.repository == from.repository
                    && (id.path.is_empty()
                        || id.path == from.path
                        || from.path.strip_prefix(&*id.path).is_some_and(|rest| rest.starts_with('/')))
            }
            Visibility::Group(label) => {
                if seen.contains(label) {
                    return false;
                }
                seen.push(label.clone());
                let Ok(package) = self.package(&label.package) else { return false };
                match package.target(&label.name).map(|decl| &decl.kind) {
                    Some(DeclKind::Group { packages, includes }) => {
                        packages.iter().any(|entry| self.covers(entry, from, seen))
                            || includes.iter().any(|l| self.covers(&Visibility::Group(l.clone()), from, seen))
                    }
                    _ => false,
                }
            }
        }
    }
}
