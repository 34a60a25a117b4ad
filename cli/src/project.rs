//! The workspace's `gx.toml`: finding it, reading it, and refusing what it does not know, with file and line.
//!
//! An empty file is a whole workspace. This file does not know flags, nor what a repository's files are.

use crate::error::{Place, Report};
use crate::settings::{SETTINGS, Settings};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The file's name.
pub const FILE: &str = "gx.toml";

/// Keys of a repository: for each kind those it needs and those it may have.
pub const REPOSITORY_KINDS: &[(&str, &[&str], &[&str])] = &[
    ("crate_archive", &["name", "version", "sha256"], &["build_file", "strip_prefix"]),
    ("http_archive", &["urls", "sha256"], &["build_file", "strip_prefix", "type"]),
    ("local", &["path"], &["build_file"]),
];

/// What `gx.toml` says.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Project {
    /// The workspace's folder.
    pub root: PathBuf,
    /// The file's text.
    pub text: String,
    /// Names of the repositories it declares.
    pub repositories: Vec<String>,
    /// Settings: key, value as text, and line.
    pub settings: Vec<(String, String, u32)>,
}

impl Project {
    /// The workspace that `folder` is in.
    pub fn find(folder: &Path) -> Result<PathBuf, Report> {
        let found = folder.ancestors().find(|folder| folder.join(FILE).is_file());
        found.map(Path::to_path_buf).ok_or_else(|| {
            Report::new(101, format!("no '{FILE}' in '{}' or any folder above it", folder.display()))
                .hint("`gx init` makes a workspace here; `-C DIR` names another folder")
        })
    }

    /// Reads the `gx.toml` in `root`.
    pub fn read(root: &Path) -> Result<Project, Report> {
        let path = root.join(FILE);
        let text = std::fs::read_to_string(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::InvalidData => Report::new(102, format!("'{}' is not text (UTF-8)", path.display())),
            _ => Report::new(102, format!("'{}' cannot be read", path.display())).cause(&error),
        })?;
        Project::parse(root, &text)
    }

    /// Reads the text of a `gx.toml`.
    pub fn parse(root: &Path, text: &str) -> Result<Project, Report> {
        let reader = Reader { text };
        let table = DeTable::parse(text).map_err(|error| {
            let report = Report::new(102, format!("'{FILE}' is not sound TOML: {}", error.message()));
            report.at(reader.place(error.span().map_or(0, |span| span.start)))
        })?;
        let mut project = Project { root: root.to_path_buf(), text: text.to_owned(), ..Project::default() };
        for (key, value) in table.get_ref() {
            reader.top(&mut project, key.get_ref(), key.span().start, value)?;
        }
        Ok(project)
    }

    /// The tables `[repositories.NAME]`.
    pub fn repository_tables(&self) -> Result<BTreeMap<String, toml::Table>, Report> {
        let table: toml::Table = toml::from_str(&self.text)
            .map_err(|error| Report::new(102, format!("'{FILE}' is not sound TOML: {}", error.message())))?;
        let Some(toml::Value::Table(repositories)) = table.get("repositories") else { return Ok(BTreeMap::new()) };
        let tables = repositories.iter().filter_map(|(name, value)| Some((name.clone(), value.as_table()?.clone())));
        Ok(tables.collect())
    }

    /// Takes the settings of the file.
    pub fn apply(&self, settings: &mut Settings) -> Result<(), Report> {
        for (name, text, line) in &self.settings {
            let Some(setting) = SETTINGS.iter().find(|setting| setting.toml == Some(name.as_str())) else { continue };
            settings.set(setting.key, text).map_err(|why| {
                Report::new(104, format!("'{name}' is '{text}', but {why}")).at(Place::new(FILE, *line, 1))
            })?;
        }
        Ok(())
    }
}

/// The top-level keys that are tables.
const TABLES: [&str; 2] = ["build", "repositories"];

struct Reader<'a> {
    text: &'a str,
}

type Value<'a> = Spanned<DeValue<'a>>;

impl Reader<'_> {
    fn top(&self, project: &mut Project, key: &str, at: usize, value: &Value<'_>) -> Result<(), Report> {
        match key {
            "build" => {
                for (name, value) in self.table(key, value)? {
                    let full = format!("build.{}", name.get_ref());
                    self.setting(project, &full, name.span().start, value)?;
                }
                Ok(())
            }
            "repositories" => {
                for (name, value) in self.table(key, value)? {
                    self.repository(name.get_ref(), name.span().start, value)?;
                    project.repositories.push(name.get_ref().to_string());
                }
                Ok(())
            }
            _ => self.setting(project, key, at, value),
        }
    }

    fn setting(&self, project: &mut Project, name: &str, at: usize, value: &Value<'_>) -> Result<(), Report> {
        let known = SETTINGS.iter().filter_map(|setting| setting.toml);
        if !known.clone().any(|known| known == name) {
            return Err(self.unknown(name, at, known.chain(TABLES)));
        }
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) => number.as_str().to_owned(),
            DeValue::Boolean(value) => value.to_string(),
            _ => return Err(self.bad(name, "a string, a number or true/false", value)),
        };
        project.settings.push((name.to_owned(), text, self.place(value.span().start).line));
        Ok(())
    }

    fn repository(&self, name: &str, at: usize, value: &Value<'_>) -> Result<(), Report> {
        let place = self.place(at);
        let full = format!("repositories.{name}");
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c)) {
            let report = Report::new(105, format!("'{name}' cannot name a repository"));
            return Err(report.at(place).hint("use letters, digits, '_', '-' and '.'"));
        }
        let mut kind = String::new();
        let table = self.table(&full, value)?;
        for (key, value) in table {
            match value.get_ref() {
                DeValue::String(text) if key.get_ref() == "kind" => kind = text.to_string(),
                DeValue::String(_) => {}
                DeValue::Array(_) => drop(self.texts(&format!("{full}.{}", key.get_ref()), value)?),
                _ => return Err(self.bad(&format!("{full}.{}", key.get_ref()), "a string", value)),
            }
        }
        let Some((_, needed, allowed)) = REPOSITORY_KINDS.iter().find(|(known, ..)| *known == kind) else {
            let kinds = REPOSITORY_KINDS.iter().map(|(kind, ..)| *kind);
            let message = match kind.as_str() {
                "" => format!("repository '{name}' has no 'kind'"),
                kind => format!("repository '{name}' has the unknown kind '{kind}'"),
            };
            let report = Report::new(105, message).at(place).suggest(&kind, kinds.clone());
            return Err(report.hint(format!("kinds are {}", kinds.collect::<Vec<_>>().join(", "))));
        };
        for (key, _) in table {
            let text = key.get_ref().as_ref();
            if text != "kind" && !needed.contains(&text) && !allowed.contains(&text) {
                let known = needed.iter().chain(*allowed).copied();
                return Err(self.unknown(&format!("{full}.{text}"), key.span().start, []).suggest(text, known));
            }
        }
        match needed.iter().find(|key| !table.iter().any(|(known, _)| known.get_ref() == *key)) {
            None => Ok(()),
            Some(key) => Err(Report::new(105, format!("repository '{name}' has no '{key}'")).at(place)),
        }
    }

    fn table<'t, 'v>(&self, name: &str, value: &'t Value<'v>) -> Result<&'t DeTable<'v>, Report> {
        match value.get_ref() {
            DeValue::Table(table) => Ok(table),
            _ => Err(self.bad(name, "a table", value)),
        }
    }

    fn texts(&self, name: &str, value: &Value<'_>) -> Result<Vec<String>, Report> {
        let DeValue::Array(items) = value.get_ref() else { return Err(self.bad(name, "a list of strings", value)) };
        items
            .iter()
            .map(|item| match item.get_ref() {
                DeValue::String(text) => Ok(text.to_string()),
                _ => Err(self.bad(name, "a list of strings", item)),
            })
            .collect()
    }

    fn bad(&self, name: &str, expected: &str, value: &Value<'_>) -> Report {
        Report::new(104, format!("'{name}' must be {expected}")).at(self.place(value.span().start))
    }

    fn unknown<'k>(&self, name: &str, at: usize, known: impl IntoIterator<Item = &'k str>) -> Report {
        Report::new(103, format!("unknown key '{name}'")).at(self.place(at)).suggest(name, known)
    }

    fn place(&self, offset: usize) -> Place {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1;
        Place::new(FILE, line as u32, column as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        let project = Project::parse(Path::new("/w"), text);
        let applied = project.and_then(|project| project.apply(&mut Settings::defaults(&BTreeMap::new())));
        applied.unwrap_err().text(false)
    }

    #[test]
    fn an_empty_file_is_a_workspace() {
        assert_eq!(Project::parse(Path::new("/w"), "").unwrap().root, Path::new("/w"));
    }

    #[test]
    fn keys_are_read() {
        let text = "digest = 'sha256'\n[build]\njobs = 3\n[repositories.lua]\nkind = 'crate_archive'\nname = 'lua52-sys'\n\
                    version = '0.1.2'\nsha256 = 'aa'\nbuild_file = 'lua.BUILD'\n";
        let project = Project::parse(Path::new("/w"), text).unwrap();
        let mut settings = Settings::defaults(&BTreeMap::new());
        project.apply(&mut settings).unwrap();
        assert_eq!((settings.jobs, settings.digest.as_str()), (Some(3), "sha256"));
        assert_eq!(project.repository_tables().unwrap()["lua"]["name"].as_str(), Some("lua52-sys"));
    }

    #[test]
    fn what_is_not_known_is_refused_with_its_place() {
        insta::assert_snapshot!(error("digest = \"blake3\"\n[build]\njbos = 3\n"));
        insta::assert_snapshot!(error("biuld = 3\n"));
        insta::assert_snapshot!(error("[build]\njobs = [3]\n"));
        insta::assert_snapshot!(error("[build]\njobs = \"many\"\n"));
        insta::assert_snapshot!(error("[build\n"));
        insta::assert_snapshot!(error("[repositories.lua]\nkind = 'crate_archiv'\n"));
        insta::assert_snapshot!(error("[repositories.lua]\nkind = 'crate_archive'\nname = 'a'\nverison = '1'\n"));
        insta::assert_snapshot!(error("[repositories.lua]\nkind = 'crate_archive'\nname = 'a'\n"));
        insta::assert_snapshot!(error("[repositories.'a b']\nkind = 'crate_archive'\n"));
    }
}
