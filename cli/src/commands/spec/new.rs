//! `gx spec new`: a contract of a shape, its prose, its frozen vectors, its trace when it changes a state, its policy,
//! its lock and its BUILD file.
//!
//! What is written passes every gate as it is. Invariants: nothing that exists is overwritten, and nothing is written
//! when one of the files exists; the same answers give the same files. This file does not know what a shape says.

use super::Told;
use crate::error::{Place, Report};
use crate::event::Event;
use crate::exit::Exit;
use crate::flags_spec::{Layer, New, Shape};
use crate::project;
use clap::ValueEnum;
use gx_spec::gate::lock::Lock;
use gx_spec::ir::Contract;
use gx_spec::load::{Source, load};
use gx_spec::rules::Rules;
use gx_spec::trace::{Trace, stateful};
use gx_spec::vectors::{Frozen, cases};
use gx_spec::{format, prose, syntax};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{BufRead, IsTerminal, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// What has to be known of a new contract.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Answers {
    name: String,
    shape: Shape,
    layer: Option<Layer>,
    owner: String,
}

/// Answers it.
pub(super) fn answer(told: &Told<'_>, new: &New) -> Result<Exit, Report> {
    let user = told.request.surroundings.environment.get("USER").filter(|it| !it.trim().is_empty()).cloned();
    let answers = if std::io::stdin().is_terminal() && !told.json() {
        ask(new, user, &mut std::io::stdin().lock(), &mut std::io::stderr().lock())?
    } else {
        given(new, user)?
    };
    let cwd = &told.request.cwd;
    let stem = snake(answers.name.rsplit('.').next().unwrap_or_default());
    let folder = new.folder.clone().unwrap_or_else(|| Path::new("contracts").join(&stem));
    let mut files = made(&answers, &stem, new.errors)?;
    // Where there is no workspace one begins here, or in a folder elsewhere.
    let here = folder.components().all(|it| matches!(it, Component::Normal(_) | Component::CurDir));
    let begins = if here { cwd.clone() } else { cwd.join(&folder) };
    let root = project::Project::find(&cwd.join(&folder));
    if root.is_err() {
        files.insert(PathBuf::from(project::FILE), "# A folder with this file is a gx workspace.\n".to_owned());
    }
    let path = |file: &Path| match file.as_os_str() == project::FILE && here {
        true => file.to_path_buf(),
        false => folder.join(file),
    };
    // The build files of the folder under any name: two would hide one another.
    let also = project::BUILD_FILES.iter().map(|name| folder.join(name));
    let there = files.keys().map(|it| path(it)).chain(also).find(|it| cwd.join(it).symlink_metadata().is_ok());
    if let Some(there) = there {
        let report =
            Report::new(1021, format!("'{}' is there already, and nothing is written over it", there.display()));
        return Err(report.at(Place::new(there.display().to_string(), 0, 0)).hint("`--folder` names another folder"));
    }
    for (file, text) in &files {
        write(&cwd.join(path(file)), text)?;
    }
    let mut written: Vec<String> = files.keys().map(|it| path(it).display().to_string()).collect();
    written.sort();
    if told.json() {
        told.document(&json!({"contract": answers.name, "files": written}));
        return Ok(Exit::Ok);
    }
    for file in written {
        told.face.event(Event::Note(format!("wrote {file}")));
    }
    let root = root.unwrap_or(begins);
    let package = cwd.join(&folder).strip_prefix(&root).map(|it| it.display().to_string()).unwrap_or_default();
    let pattern = if package.is_empty() { "//...".to_owned() } else { format!("//{package}/...") };
    told.face.event(Event::Note(format!("next: gx build {pattern}")));
    Ok(Exit::Ok)
}

/// The answers that flags give, when nobody can be asked.
fn given(new: &New, user: Option<String>) -> Result<Answers, Report> {
    let lacks =
        |what: &str, hint: &str| Report::new(1021, format!("{what} is not given, and nobody can be asked")).hint(hint);
    let name = new.name.clone().ok_or_else(|| lacks("the name", "`gx spec new Shop.Orders --owner ada`"))?;
    check_name(&name).map_err(|why| Report::new(1021, why).hint("a name is like Shop.Orders"))?;
    let owner = new.owner.clone().filter(|it| !it.trim().is_empty()).or(user);
    let owner = owner.ok_or_else(|| lacks("who answers for it", "`--owner ada`"))?;
    Ok(Answers { name, shape: new.shape.unwrap_or(Shape::Values), layer: new.layer, owner })
}

/// The answers of a person; what flags give is not asked.
fn ask(new: &New, user: Option<String>, from: &mut dyn BufRead, to: &mut dyn Write) -> Result<Answers, Report> {
    let name = match &new.name {
        Some(name) => name.clone(),
        None => question("Name, like Shop.Orders", None, from, to, &|it| check_name(it).map(|()| it.to_owned()))?,
    };
    check_name(&name).map_err(|why| Report::new(1021, why).hint("a name is like Shop.Orders"))?;
    let shape = match new.shape {
        Some(shape) => shape,
        None => {
            for shape in Shape::value_variants() {
                let help = shape.to_possible_value().and_then(|it| it.get_help().map(ToString::to_string));
                say(to, &format!("  {:<10} {}\n", shape_name(*shape), help.unwrap_or_default()))?;
            }
            question("Shape", Some("values"), from, to, &|it| {
                Shape::from_str(it, true).map_err(|_| format!("'{it}' is none of them"))
            })?
        }
    };
    let layer = match new.layer {
        Some(layer) => Some(layer),
        None => question("Layer, L1 to L4", Some("that of its shape"), from, to, &|it| match it {
            "that of its shape" => Ok(None),
            it => Layer::from_str(it, true).map(Some).map_err(|_| format!("'{it}' is no layer")),
        })?,
    };
    let owner = match &new.owner {
        Some(owner) => owner.clone(),
        None => question("Who answers for it", user.as_deref(), from, to, &|it| Ok(it.to_owned()))?,
    };
    Ok(Answers { name, shape, layer, owner })
}

/// Asks until the answer will do. Nothing is the answer in brackets.
fn question<T>(
    words: &str,
    usual: Option<&str>,
    from: &mut dyn BufRead,
    to: &mut dyn Write,
    read: &dyn Fn(&str) -> Result<T, String>,
) -> Result<T, Report> {
    loop {
        let bracket = usual.map(|it| format!(" [{it}]")).unwrap_or_default();
        say(to, &format!("{words}{bracket}: "))?;
        let mut line = String::new();
        let read_bytes =
            from.read_line(&mut line).map_err(|error| Report::new(1021, "no answer can be read").cause(&error))?;
        if read_bytes == 0 {
            let report = Report::new(1021, format!("there is no answer to '{words}'"));
            return Err(report.hint("flags answer too: `gx spec new --help`"));
        }
        let answer = match (line.trim(), usual) {
            ("", Some(usual)) => usual,
            ("", None) => continue,
            (answer, _) => answer,
        };
        match read(answer) {
            Ok(answer) => return Ok(answer),
            Err(why) => say(to, &format!("{why}\n"))?,
        }
    }
}

fn say(to: &mut dyn Write, text: &str) -> Result<(), Report> {
    let written = to.write_all(text.as_bytes()).and_then(|()| to.flush());
    written.map_err(|error| Report::new(1021, "nobody can be asked").cause(&error))
}

/// Parts with points between, each with a capital first; two of them at least.
fn check_name(name: &str) -> Result<(), String> {
    let part =
        |it: &str| it.starts_with(|c: char| c.is_ascii_uppercase()) && it.chars().all(|c| c.is_ascii_alphanumeric());
    if !name.contains('.') || name.len() > 120 || !name.split('.').all(part) {
        return Err(format!("'{name}' is no name of a contract: it has parts like Shop.Orders"));
    }
    if name.starts_with("Gx.") {
        return Err(format!("'{name}' is a name of gx's own packs"));
    }
    Ok(())
}

/// `SafeHarbour` as `safe_harbour`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    let mut before = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && before {
            out.push('_');
        }
        before = c.is_ascii_lowercase() || c.is_ascii_digit();
        out.push(c.to_ascii_lowercase());
    }
    out
}

fn shape_name(shape: Shape) -> String {
    shape.to_possible_value().map(|it| it.get_name().to_owned()).unwrap_or_default()
}

/// The text of the contract.
fn text(answers: &Answers, errors: u32) -> Result<String, Report> {
    let shape = shape_name(answers.shape);
    let shipped = gx_stdlib::shape(&shape).ok_or_else(|| Report::new(1021, format!("there is no shape '{shape}'")))?;
    let header = |line: &str| match (line.starts_with("contract New.Shape "), answers.layer) {
        (true, Some(layer)) => {
            let (before, behind) = line.split_once(" layer L").unwrap_or((line, ""));
            format!("{before} layer {layer:?}{}", behind.get(1..).unwrap_or_default())
        }
        _ => line.to_owned(),
    };
    let mut text: String = shipped.lines().map(|line| header(line) + "\n").collect();
    text = text.replace("New.Shape", &answers.name).replace("new.shape.", &format!("{}.", answers.name.to_lowercase()));
    // From the greatest down or up, so that no number is moved twice.
    let mut numbers: Vec<u32> = (0..100).collect();
    if errors > 1000 {
        numbers.reverse();
    }
    for at in numbers {
        text = text.replace(&format!(" = {} severity", 1000 + at), &format!(" = {} severity", errors + at));
    }
    let parsed = syntax::parse(&text);
    Ok(match &parsed.file {
        Some(file) if parsed.faults.is_empty() => format::format(file, &text),
        _ => text,
    })
}

/// Every file, by its path in the folder.
fn made(answers: &Answers, stem: &str, errors: u32) -> Result<BTreeMap<PathBuf, String>, Report> {
    let text = text(answers, errors)?;
    let source = |name: String, text: &str| Source { name, bytes: text.as_bytes().to_vec() };
    let packs = gx_stdlib::packs().map(|(path, text)| source(format!("@gx//{path}"), text));
    let sources = [source(format!("{stem}.upel"), &text)].into_iter().chain(packs).collect();
    let loaded = load(sources, Rules::all(), 1);
    let contract = loaded.first().and_then(|it| it.contract.clone());
    let faults = loaded.first().map(|it| it.faults.iter().map(|it| it.message.clone()).collect::<Vec<_>>());
    let contract = contract.ok_or_else(|| {
        Report::new(
            1021,
            format!("no contract can be named '{}': {}", answers.name, faults.unwrap_or_default().join("; ")),
        )
    })?;
    let imported = contract.closure();
    let all: Vec<Arc<Contract>> = [&contract].into_iter().chain(imported.iter().copied()).cloned().collect();
    let cases = cases(&contract, &[]).map_err(|why| Report::new(1018, why))?;
    let mut frozen = Frozen { contract: contract.name.to_string(), cases, freezes: Vec::new() };
    frozen.freeze(answers.owner.trim(), "first freeze");
    let direct: Vec<&str> = contract.imports.iter().filter_map(|it| pack(&it.name)).collect();
    let packs: Vec<&str> = imported.iter().filter_map(|it| pack(&it.name)).collect();
    let direct: Vec<String> = direct.into_iter().map(str::to_lowercase).collect();
    let packs: Vec<String> = packs.into_iter().map(str::to_lowercase).collect();
    let recorded = match stateful(&contract).next() {
        Some(_) => Some(Trace::record(&contract).map_err(|why| Report::new(1018, why))?),
        None => None,
    };
    let build = build_file(stem, &direct, &packs, recorded.is_some());
    let trace = recorded.map(|it| (format!("traces/{stem}.json"), it.text()));
    let files = [
        (format!("{stem}.upel"), text),
        (format!("{stem}.md"), prose::to_prose(&contract)),
        (format!("vectors/{stem}.json"), frozen.text()),
        ("agreed.json".to_owned(), Lock::of(&all).text()),
        ("policy.toml".to_owned(), policy(errors)),
        ("BUILD.gx".to_owned(), build),
    ];
    Ok(files.into_iter().chain(trace).map(|(path, text)| (PathBuf::from(path), text)).collect())
}

/// The name of a pack: `Gx.Money` is `Money`.
fn pack(name: &str) -> Option<&str> {
    name.strip_prefix("Gx.")
}

fn policy(errors: u32) -> String {
    let mut text = format!(
        "# How these contracts round, and which numbers their errors have.\nrounding = [\"half_even\"]\nnan = \"forbid\"\n\n\
         [errors]\ninput = \"{}..{}\"\nrule = \"{}..{}\"\n# The packs of gx.\n",
        errors,
        errors + 9,
        errors + 10,
        errors + 99
    );
    for line in gx_stdlib::numbers_of_packs() {
        text.push_str(line);
        text.push('\n');
    }
    text
}

fn build_file(stem: &str, direct: &[String], packs: &[String], changes: bool) -> String {
    let list = |items: Vec<String>| format!("[{}]", items.join(", "));
    let deps = list(direct.iter().map(|it| format!("\"@gx//packs:{it}\"")).collect());
    let deps = if direct.is_empty() { String::new() } else { format!("    deps = {deps},\n") };
    let named = list(packs.iter().map(|it| format!("\"{it}\"")).collect());
    let packs = if packs.is_empty() { String::new() } else { format!("    packs = {named},\n") };
    let (load, trace, traces) = match changes {
        true => (
            "\"trace\", ",
            format!(
                "# What is recorded of what changes its state; `cp gx-out/.../{stem}_trace.json traces/{stem}.json` agrees to it.\n\
                 trace(name = \"{stem}_trace\", contract = \":{stem}\")\n\n"
            ),
            format!("    traces = [\"traces/{stem}.json\"],\n"),
        ),
        false => ("", String::new(), String::new()),
    };
    format!(
        "load(\"@gx//rules:contract.bzl\", \"contract\")\n\
         load(\"@gx//rules:contract_gates.bzl\", \"contract_gates\")\n\
         load(\"@gx//rules:gates.bzl\", {load}\"vectors\")\n\n\
         contract(\n    name = \"{stem}\",\n    src = \"{stem}.upel\",\n    prose = [\"{stem}.md\"],\n{deps})\n\n\
         # `gx spec freeze {stem}.upel --out vectors/{stem}.json --owner NAME --reason TEXT` freezes them anew.\n\
         vectors(name = \"{stem}_vectors\", contract = \":{stem}\", frozen = \"vectors/{stem}.json\")\n\n\
         {trace}\
         # Every gate. What is agreed to is in agreed.json; what would fit is lock.json in gx-out.\n\
         contract_gates(\n    name = \"conformance\",\n    contracts = [\":{stem}\"],\n    documents = glob([\"*.md\", \"*.upel\"]),\n    \
         lock = \"agreed.json\",\n{packs}    policy = \"policy.toml\",\n{traces}    vectors = [\":{stem}_vectors\"],\n)\n"
    )
}

/// Writes a new file, and the folders above it.
fn write(path: &Path, text: &str) -> Result<(), Report> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::File::create_new(path))
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        let shown = path.display().to_string();
        Report::new(804, format!("'{shown}' cannot be written")).at(Place::new(shown, 0, 0)).cause(&error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags() -> New {
        New { name: None, shape: None, layer: None, owner: None, folder: None, errors: 1000 }
    }

    fn asked(new: &New, user: Option<&str>, typed: &str) -> (Result<Answers, Report>, String) {
        let mut shown = Vec::new();
        let answers = ask(new, user.map(str::to_owned), &mut typed.as_bytes(), &mut shown);
        (answers, String::from_utf8(shown).unwrap())
    }

    #[test]
    fn a_person_is_asked_what_flags_leave_open_until_the_answer_will_do() {
        let (answers, shown) = asked(&flags(), Some("ada"), "shop\nShop.Orders\nround\nState\n\n\n");
        let expected = Answers { name: "Shop.Orders".into(), shape: Shape::State, layer: None, owner: "ada".into() };
        assert_eq!(answers.unwrap(), expected);
        insta::assert_snapshot!(shown);
        let new = New { name: Some("Shop.Orders".into()), shape: Some(Shape::Prices), ..flags() };
        let (answers, shown) = asked(&new, None, "l3\n\nbob\n");
        let expected =
            Answers { name: "Shop.Orders".into(), shape: Shape::Prices, layer: Some(Layer::L3), owner: "bob".into() };
        assert_eq!(answers.unwrap(), expected);
        assert_eq!(shown, "Layer, L1 to L4 [that of its shape]: Who answers for it: Who answers for it: ");
    }

    #[test]
    fn no_answer_and_no_name_are_told() {
        let (answers, _) = asked(&flags(), None, "Shop.Orders\n");
        insta::assert_snapshot!(answers.unwrap_err());
        insta::assert_snapshot!(given(&flags(), None).unwrap_err());
        let named = |name: &str| New { name: Some(name.to_owned()), ..flags() };
        insta::assert_snapshot!(given(&named("Shop.Orders"), None).unwrap_err());
        for name in ["orders", "Shop", "Shop.", ".Shop", "Shop.orders", "Shop.Or ders", "Gx.Orders", "Shop..A", "Šop.A"]
        {
            assert!(given(&named(name), Some("ada".into())).is_err(), "{name}");
        }
        assert_eq!(given(&named("Shop.Orders"), Some("ada".into())).unwrap().shape, Shape::Values);
    }

    #[test]
    fn every_shape_is_a_contract_under_any_name_layer_and_numbers() {
        let named = |shape: Shape| Answers {
            name: "Shop.A.SafeHarbour2".into(),
            shape,
            layer: Some(Layer::L4),
            owner: "ada".into(),
        };
        for shape in Shape::value_variants() {
            let text = text(&named(*shape), 1000).unwrap();
            assert!(text.contains("contract Shop.A.SafeHarbour2 1.0.0 layer L4 "), "{text}");
            assert!(!text.contains("New.Shape") && !text.contains("new.shape"), "{text}");
        }
        for errors in [1, 950, 1001, 89_900] {
            let files = made(&named(Shape::Values), "safe_harbour2", errors).unwrap();
            let text = &files[Path::new("safe_harbour2.upel")];
            for number in [errors, errors + 10] {
                assert_eq!(text.matches(&format!(" = {number} severity")).count(), 1, "{text}");
            }
        }
        assert_eq!(snake("SafeHarbour2Go"), "safe_harbour2_go");
    }
}
