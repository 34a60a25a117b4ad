//! What changes a state: traces, checkpoints, and the suites of conformance.
#![expect(clippy::indexing_slicing, reason = "a test ends when something is wrong")]

use super::{input, member, money, says};
use gx_spec::gate::evidence::Evidence;
use gx_spec::gate::lock::Lock;
use gx_spec::gate::{Document, gate};
use gx_spec::registry::Registry;
use gx_spec::trace::{Checkpoint, Log, Read, Trace, World};
use gx_spec::twin;
use gx_spec::vectors::{Frozen, cases};

const TILL: &str = "//! A till.
contract Shop.Till 1.0.0 layer L2 invalid WRONG;
error WRONG = 50 severity ERROR category input retry no message \"w\";
error EMPTY = 51 severity WARN category till retry yes message \"the till is empty\";
/// What is in it.
state Till { coins: u8 = 3, open: bool = false }
/// Puts coins in.
stateful operator Put(state till: Till, coins: int 1..=9) -> (state till: Till, now: u8)
{
  let sum = (till.coins + coins) as u8 clamp;
  (till: till with { coins: sum }, now: sum)
}
/// Takes one out.
stateful operator Take(state till: Till) -> (state till: Till) raises EMPTY {
  let left = (till.coins - 1) as u8 else EMPTY;
  till with { coins: left }
}
";

#[test]
fn traces_give_again_what_they_gave_and_checkpoints_lose_nothing() {
    let till = member("till.upel", TILL, &[]);
    let trace = Trace::record(&till.contract).unwrap();
    assert_eq!(Trace::read(trace.text().as_bytes()).unwrap(), trace);
    insta::assert_snapshot!(trace.text());
    let told = |text: &str, trace: &str| {
        let input = input(vec![member("till.upel", text, &[])], &[("traces", "till.json", trace)]);
        ["replay", "checkpoint"].map(|name| says(name, &input)).concat()
    };
    let is = trace.text();
    let edited = is.replacen("\"now\": ", "\"now\": 1", 1);
    assert_ne!(edited, is);
    let more =
        "/// Opens it.\nstateful operator Open(state till: Till) -> (state till: Till) { till with { open: true } }\n";
    let all = [
        told(TILL, &is),
        told(&TILL.replace("coins - 1", "coins - 2"), &is),
        told(&TILL.replace("coins: u8 = 3", "coins: u8 = 4"), &is),
        told(TILL, &edited),
        told(&format!("{TILL}{more}"), &is),
        told(TILL, &is.replace("Shop.Till", "Shop.Tills")),
        told(TILL, "[]"),
        told(TILL, &is.replacen("  ", "   ", 1)),
    ];
    insta::assert_snapshot!("replay_and_checkpoint", all.join("--\n"));
}

#[test]
fn a_checkpoint_that_is_not_what_was_saved_is_refused() {
    let till = member("till.upel", TILL, &[]).contract;
    let mut world = World::new(&till).unwrap();
    let put = till.operator("Put").unwrap();
    world.call(put, &serde_json::json!({"coins": 5})).unwrap();
    let saved = world.save();
    let restored = World::restore(&till, &saved).unwrap();
    assert_eq!(restored.digest(), world.digest());
    assert_ne!(restored.digest(), World::new(&till).unwrap().digest());
    for at in 0..saved.0.len() {
        let mut bytes = saved.0.clone();
        bytes[at] ^= 1;
        assert!(World::restore(&till, &Checkpoint(bytes)).is_err(), "byte {at} was changed and nobody noticed");
    }
    assert!(World::restore(&money().contract, &saved).unwrap_err().contains("Shop.Till"));
}

#[test]
fn what_can_fail_is_tried_and_leaves_states_as_they_were() {
    let till = member("till.upel", TILL, &[]);
    let trace = Trace::record(&till.contract).unwrap();
    let told = |trace: &Trace| {
        let input = input(vec![member("till.upel", TILL, &[])], &[("traces", "till.json", &trace.text())]);
        ["failures", "recovery"].map(|name| says(name, &input)).concat()
    };
    let is = told(&trace);
    // A state that can never be full and a number that every byte is: nothing can fail, and nothing has to.
    let calm = "contract Shop.Till 1.0.0 layer L2;\nstate Till { on: bool = false }\n/// Turns it.\nstateful operator Turn(state \
                till: Till) -> (state till: Till) { till with { on: not till.on } }\n";
    let calm = member("calm.upel", calm, &[]);
    let turned = Trace::record(&calm.contract).unwrap();
    let calm = input(vec![calm], &[("traces", "till.json", &turned.text())]);
    let calm = ["failures", "recovery"].map(|name| says(name, &calm)).concat();
    // An error that no input can lead to.
    let never = "contract Shop.Till 1.0.0 layer L2;\nerror ODD = 9 severity ERROR category till retry no message \"odd\";\nstate Till { \
                 on: bool = false }\n/// Turns it.\nstateful operator Turn(state till: Till) -> (state till: Till) raises ODD { \
                 require not (till.on and not till.on) else ODD; till with { on: not till.on } }\n";
    let never = input(vec![member("never.upel", never, &[])], &[("traces", "till.json", &turned.text())]);
    let never = says("failures", &never);
    insta::assert_snapshot!([is, calm, never, told(&Trace::default())].join("--\n"));
}

#[test]
fn a_log_that_ends_anywhere_gives_the_last_finished_states_and_one_that_was_changed_is_refused() {
    let till = member("till.upel", TILL, &[]).contract;
    let put = till.operator("Put").unwrap();
    let mut world = World::new(&till).unwrap();
    let mut log = Log::new(&world);
    let mut states = vec![world.digest()];
    for coins in [1, 9, 3, 2, 8, 7, 5, 5, 4, 6] {
        let inputs = serde_json::json!({"coins": coins});
        log.prepare("Put", &inputs);
        world.call(put, &inputs).unwrap();
        log.finalize(&world);
        states.push(world.digest());
    }
    let ends = Read::of(&log.bytes).unwrap().ends();
    assert_eq!(ends.len(), 1 + 20 + 1, "a checkpoint, two frames a call, and a checkpoint behind eight calls");
    let mut calls = 0;
    for cut in ends[0]..=log.bytes.len() {
        let read = Read::of(&log.bytes[..cut]).unwrap();
        assert!(read.calls() >= calls && read.calls() <= 10, "byte {cut}");
        calls = read.calls();
        assert_eq!(read.recover(&till).unwrap().digest(), states[calls], "byte {cut}");
    }
    assert_eq!(calls, 10);
    for at in 0..log.bytes.len() {
        for bit in [1u8, 0x80] {
            let mut bytes = log.bytes.clone();
            bytes[at] ^= bit;
            assert!(Read::of(&bytes).is_err(), "byte {at} was changed and nobody noticed");
        }
    }
    // A frame that is gone, that stands twice, or that is another log's.
    let gone = [&log.bytes[..ends[2]], &log.bytes[ends[4]..]].concat();
    let twice = [&log.bytes[..ends[2]], &log.bytes[ends[0]..]].concat();
    let begun_later = &log.bytes[ends[0]..];
    for bytes in [&gone, &twice, begun_later] {
        assert!(Read::of(bytes).is_err());
    }
    assert!(Read::of(&[]).unwrap().recover(&till).is_err(), "nothing is no state");
}

#[test]
fn suites_stand_in_their_order_and_stop_at_the_first_that_is_red() {
    let till = || vec![member("till.upel", TILL, &[])];
    let trace = Trace::record(&till()[0].contract).unwrap().text();
    let names = ["schema", "interface", "registry", "replay", "vectors", "checkpoint", "evidence"];
    let told = |without: &str, traces: &[(&'static str, &str, &str)]| {
        let mut all = input(till(), traces);
        let lock = Lock::of(&[till()[0].contract.clone()]).text();
        let registry = twin::text(&Registry::of(&[till()[0].contract.clone()]).value());
        let mut frozen = Frozen {
            contract: "Shop.Till".to_owned(),
            cases: cases(&till()[0].contract, &[]).unwrap(),
            freezes: Vec::new(),
        };
        frozen.freeze("ada", "first");
        for (part, text) in [("lock", lock), ("registry", registry), ("frozen", frozen.text())] {
            all.files.insert(part, vec![Document { path: format!("{part}.json"), bytes: text.into_bytes() }]);
        }
        let mut evidence = Evidence::default();
        let mut reports = Vec::new();
        for name in names.iter().filter(|name| **name != without && **name != "evidence") {
            let bytes = gate(name).unwrap().report(&all).value().encode();
            evidence.add("1.0.0", &bytes).unwrap();
            reports.push(Document { path: format!("{name}.cbor"), bytes });
        }
        let chain = Document { path: "evidence.json".to_owned(), bytes: evidence.text().into_bytes() };
        all.files.insert("evidence", vec![chain]);
        all.files.insert("reports", reports);
        let bytes = gate("evidence").unwrap().report(&all).value().encode();
        all.files.entry("reports").or_default().push(Document { path: "evidence.cbor".to_owned(), bytes });
        says("suites", &all)
    };
    let traces = [("traces", "till.json", trace.as_str())];
    let all = [told("", &traces), told("", &[]), told("interface", &traces), told("checkpoint", &traces)];
    insta::assert_snapshot!(all.join("--\n"));
}
