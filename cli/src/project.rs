//! The workspace's `gx.toml`: finding it, reading it, and refusing what it does not know, with file and line.
//!
//! An empty file is a whole workspace. This file does not know flags, nor what a repository's files are.

use crate::error::{Place, Report};
use crate::settings::{Key, SETTINGS, Setting, Settings};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The file's name.
pub const FILE: &str = "gx.toml";

/// Names of the files that make a folder a package.
pub const BUILD_FILES: [&str; 3] = ["BUILD.gx", "BUILD.bazel", "BUILD"];

/// It holds settings and the names of archives, not contents.
const LARGEST: u64 = 16 << 20;

/// What `gx.toml` says.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Project {
    /// The workspace's folder.
    pub root: PathBuf,
    /// The file's text.
    pub text: String,
    /// Names of the repositories it declares, and their lines.
    pub repositories: Vec<(String, u32)>,
    /// Toolchains it chooses: name in `@gx//toolchains`, and the label that stands for it.
    pub toolchains: Vec<(String, String)>,
    /// Settings: key, value as text, and line.
    pub settings: Vec<(String, String, u32)>,
}

impl Project {
    /// The workspace that `folder` is in.
    pub fn find(folder: &Path) -> Result<PathBuf, Report> {
        let found = folder.ancestors().find(|folder| folder.join(FILE).symlink_metadata().is_ok());
        found.map(Path::to_path_buf).ok_or_else(|| {
            Report::new(101, format!("no '{FILE}' in '{}' or any folder above it", folder.display()))
                .hint("`gx init` makes a workspace here; `-C DIR` names another folder")
        })
    }

    /// Reads the `gx.toml` in `root`.
    pub fn read(root: &Path) -> Result<Project, Report> {
        let path = root.join(FILE);
        let unfit = match std::fs::metadata(&path) {
            Ok(data) if !data.is_file() => "is no file",
            Ok(data) if data.len() > LARGEST => "is larger than 16 MiB",
            _ => "",
        };
        if !unfit.is_empty() {
            return Err(Report::new(102, format!("'{}' {unfit}", path.display())));
        }
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
        for (name, table) in project.repository_tables()? {
            let line = project.repositories.iter().find(|(known, _)| *known == name).map_or(0, |(_, line)| *line);
            gx_rules::repository::check(&name, &table)
                .map_err(|error| crate::map::load(&error).at(Place::new(FILE, line, 1)))?;
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
            // A folder that the file names is seen from the file.
            let text = match setting.key {
                Key::Mirror => &self.root.join(text).display().to_string(),
                _ => text,
            };
            settings.set(setting.key, text).map_err(|why| {
                Report::new(104, format!("'{name}' is '{text}', but {why}")).at(Place::new(FILE, *line, 1))
            })?;
        }
        Ok(())
    }
}

/// The top-level keys that are tables.
const TABLES: [&str; 3] = ["build", "repositories", "toolchains"];

/// The toolchains that a workspace may choose itself: those of `@gx//toolchains`.
const TOOLCHAINS: [&str; 8] = ["cc", "cxx", "go", "host", "java", "node", "python", "rust"];

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
            "toolchains" => {
                for (name, value) in self.table(key, value)? {
                    let (known, at) = (name.get_ref().to_string(), name.span().start);
                    if !TOOLCHAINS.contains(&known.as_str()) {
                        return Err(self.unknown(&format!("toolchains.{known}"), at, TOOLCHAINS));
                    }
                    let label =
                        value.get_ref().as_str().filter(|label| label.starts_with("//") || label.starts_with('@'));
                    let label = label.ok_or_else(|| self.bad(&known, "a label such as '//toolchains:cc'", value))?;
                    project.toolchains.push((known, label.to_owned()));
                }
                Ok(())
            }
            "repositories" => {
                for (name, value) in self.table(key, value)? {
                    self.table(&format!("repositories.{}", name.get_ref()), value)?;
                    project.repositories.push((name.get_ref().to_string(), self.place(name.span().start).line));
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
        let wanted = SETTINGS.iter().find(|setting| setting.toml == Some(name)).map(Setting::toml_type);
        let (text, given) = match value.get_ref() {
            DeValue::String(text) => (text.to_string(), "a string"),
            DeValue::Integer(number) => (number.as_str().to_owned(), "a number"),
            DeValue::Boolean(value) => (value.to_string(), "true or false"),
            _ => (String::new(), "something else"),
        };
        if let Some(wanted) = wanted.filter(|wanted| *wanted != given) {
            return Err(self.bad(name, wanted, value));
        }
        project.settings.push((name.to_owned(), text, self.place(value.span().start).line));
        Ok(())
    }

    fn table<'t, 'v>(&self, name: &str, value: &'t Value<'v>) -> Result<&'t DeTable<'v>, Report> {
        match value.get_ref() {
            DeValue::Table(table) => Ok(table),
            _ => Err(self.bad(name, "a table", value)),
        }
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
                    version = '0.1.2'\nsha256 = '{}'\nbuild_file = 'lua.BUILD'\n";
        let project = Project::parse(Path::new("/w"), &text.replace("{}", &"a".repeat(64))).unwrap();
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
        for text in ["jobs = \"3\"", "timeout = true", "color = 1", "no_daemon = \"true\"", "keep_going = 1"] {
            let said = error(&format!("[build]\n{text}\n"));
            assert!(said.contains("GX0104") && said.contains("gx.toml:2:"), "{said}");
        }
        insta::assert_snapshot!(error("[build\n"));
        insta::assert_snapshot!(error("[repositories.lua]\nkind = 'crate_archiv'\n"));
        insta::assert_snapshot!(error("[repositories.lua]\nkind = 'crate_archive'\nname = 'a'\nverison = '1'\n"));
        insta::assert_snapshot!(error("[repositories.lua]\nkind = 'crate_archive'\nname = 'a'\n"));
        insta::assert_snapshot!(error("[repositories.'a b']\nkind = 'crate_archive'\n"));
    }
}
