//! Fetches and builtins, and realising for the loader.

use crate::support::{FUNCTION, Planner, World};
use crossbeam_channel::unbounded;
use gx_engine::{BuildOptions, BuildResult, Engine, EngineConfig};
use gx_store::{
    Blobs, Builtin, Call, Cancel, ExecuteError, Fetch, FetchError, Fetcher, HashFunction, Node, Output, Plan, Realise,
    RelPath, Store, Surroundings, Work,
};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Gives the value of the parameter `bytes`, if the person who asks has set `PROXY`.
struct Echo;

impl Fetcher for Echo {
    fn fetch(&self, fetch: &Fetch, around: &Surroundings, to: &Path, _: &Cancel) -> Result<(), FetchError> {
        if !around.environment.contains_key("PROXY") {
            let what = fetch.parameters["urls"].clone();
            return Err(FetchError::Unreachable { what, why: "there is no way out".into() });
        }
        std::fs::write(to, &fetch.parameters["bytes"]).unwrap();
        Ok(())
    }
}

/// Joins the contents of its inputs.
struct Join;

impl Builtin for Join {
    fn name(&self) -> &'static str {
        "join"
    }
    fn revision(&self) -> u32 {
        2
    }
    fn call(
        &self,
        call: &Call,
        inputs: &BTreeMap<RelPath, Node>,
        outputs: &[Output],
        store: &Store,
    ) -> Result<Vec<(RelPath, Node)>, ExecuteError> {
        let mut all = vec![];
        for node in inputs.values() {
            let Node::File { blob, .. } = node else { panic!() };
            all.extend(store.blob(blob)?);
        }
        let blob = store.put_blob(&all)?;
        let made = outputs.iter().map(|o| (o.path.clone(), Node::File { blob, executable: false }));
        Ok(if call.arguments.contains_key("lazy") { vec![] } else { made.collect() })
    }
}

fn engine(world: &World) -> Engine {
    let fetchers: BTreeMap<String, Arc<dyn Fetcher>> = BTreeMap::from([("http".into(), Arc::new(Echo) as _)]);
    let config = EngineConfig {
        builtins: vec![Arc::new(Join)],
        fetchers,
        ..EngineConfig::new(world.store.clone(), world.fake.clone())
    };
    Engine::start(config).unwrap()
}

fn fetch(p: &mut Planner, fetcher: &str, bytes: &str, declared: &str) -> gx_store::DerivationId {
    let sha256 = HashFunction::Sha256.digest(declared.as_bytes()).hex();
    let parameters = [("urls", "https://example.invalid/a.tar\nhttps://example.invalid/b.tar"), ("bytes", bytes)];
    let parameters = parameters.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    let work = Work::Fetch(Fetch { fetcher: fetcher.into(), parameters, sha256 });
    p.add("archive", "Fetch", work, vec![], vec![])
}

fn call(p: &mut Planner, name: &str, revision: u32, lazy: bool, of: gx_store::DerivationId) -> gx_store::DerivationId {
    let arguments = if lazy { BTreeMap::from([("lazy".to_owned(), String::new())]) } else { BTreeMap::new() };
    let work = Work::Builtin(Call { name: name.into(), revision, arguments });
    let input = p.output(of);
    p.add("joined", "Join", work, vec![("in", input)], vec![])
}

fn build(engine: &Engine, plan: Arc<Plan>) -> BuildResult {
    let environment = BTreeMap::from([("PROXY".to_owned(), "yes".to_owned())]);
    let options = BuildOptions {
        surroundings: Surroundings { environment, ..Surroundings::default() },
        ..BuildOptions::default()
    };
    engine.build(plan, options, unbounded().0, &Cancel::new()).unwrap()
}

fn errors(result: &BuildResult) -> String {
    let errors: Vec<String> =
        result.failures.iter().map(|f| format!("{}: {}", f.owner, f.error.as_ref().unwrap())).collect();
    errors.join("\n")
}

#[test]
fn fetched_and_joined() {
    let world = World::new(2);
    let engine = engine(&world);
    let mut p = Planner::new(&world.store);
    let archive = fetch(&mut p, "http", "the bytes", "the bytes");
    let joined = call(&mut p, "join", 2, false, archive);
    p.goal(joined);
    let plan = p.done();
    let result = build(&engine, plan.clone());
    assert_eq!(result.counts.run, 2, "{}", errors(&result));
    assert!(world.store.blob(&gx_store::BlobId(FUNCTION.digest(b"the bytes"))).is_ok());
    assert_eq!(std::fs::read_dir(world.store.scratch()).unwrap().count(), 0, "scratch is left clean");
    // A mirror that is gone does not matter: the fetch is known by its hash.
    let mut p = Planner::new(&world.store);
    let archive = fetch(&mut p, "http", "a mirror that is broken", "the bytes");
    p.goal(archive);
    assert_eq!(build(&engine, p.done()).counts.cached, 1);
    // The loader gets the same.
    let realised = engine.realise(&plan).unwrap();
    assert_eq!(realised.len(), 1);
}

#[test]
fn what_a_fetch_or_a_builtin_does_wrong() {
    let world = World::new(2);
    let engine = engine(&world);
    let mut story = String::new();
    let mut tell = |p: Planner| {
        let result = build(&engine, p.done());
        story += &format!("{}\n", errors(&result));
    };
    let mut p = Planner::new(&world.store);
    let wrong = fetch(&mut p, "http", "other bytes", "the bytes");
    p.goal(wrong);
    tell(p);
    assert!(world.store.blob(&gx_store::BlobId(FUNCTION.digest(b"other bytes"))).is_err(), "wrong bytes are not kept");
    assert_eq!(std::fs::read_dir(world.store.scratch()).unwrap().count(), 0, "scratch is left clean");
    let mut p = Planner::new(&world.store);
    let unknown = fetch(&mut p, "ftp", "x", "x");
    p.goal(unknown);
    tell(p);
    for (name, revision, lazy) in [("join", 1, false), ("split", 1, false), ("join", 2, true)] {
        let mut p = Planner::new(&world.store);
        let archive = fetch(&mut p, "http", "fine", "fine");
        let joined = call(&mut p, name, revision, lazy, archive);
        p.goal(joined);
        tell(p);
    }
    // Without the surroundings of a request there is no way out; the loader is told so.
    let mut p = Planner::new(&world.store);
    let archive = fetch(&mut p, "http", "never seen", "never seen");
    p.goal(archive);
    let refused = engine.realise(&p.done()).unwrap_err();
    story += &format!("to the loader: {refused}\n");
    let mut p = Planner::new(&world.store);
    let bad = p.run("bad", "fail", vec![]);
    p.goal(bad);
    let refused = engine.realise(&p.done()).unwrap_err();
    story += &format!("to the loader: {refused}\n");
    insta::assert_snapshot!(story);
}
