//! The leak suite: small programs that try to let one thing of the machine, the moment or the neighbour into their
//! output, each in two worlds that differ in exactly that thing.
//!
//! At level `none` the outputs must differ, else the row would prove nothing; at each further level that can be held
//! they must do what the table says. Invariant: what could not be tried is counted and told, never passed in silence.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test ends when something is wrong"
)]

mod run;
mod table;
mod worlds;

use gx_store::Level;
use gx_tests::{repository_root, skipped, strict_is_held};
use run::{Learned, Probes};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use table::{LEAKS, Leak, Program, SKIPPED};
use worlds::{Planted, Side, WORLDS, World};

/// What was learned, by world, side and level.
type Book = BTreeMap<(World, bool, Level), Learned>;

/// The levels that can be held here.
fn levels() -> Vec<Level> {
    Level::ALL.into_iter().filter(|level| *level < Level::Strict || strict_is_held()).collect()
}

/// The leaks of a world.
fn of(world: World) -> Vec<&'static Leak> {
    LEAKS.iter().filter(|leak| leak.world == world).collect()
}

/// Runs both sides of every world; `common` is the first world of most.
fn explore(probes: &Probes, able: &[World]) -> Book {
    let shared = |world: &&World| !world.has_own_first();
    let common: Vec<&Leak> = able.iter().filter(shared).flat_map(|world| of(*world)).collect();
    let mut book = Book::new();
    let mut spaces = Vec::new();
    for level in levels() {
        let (learned, space) = run::learn(probes, &common, (World::Moment, Side::First), &Planted::default(), level);
        spaces.push(space);
        for world in able.iter().filter(shared) {
            let names: BTreeSet<&str> = of(*world).iter().map(|leak| leak.name).collect();
            let own = learned.iter().filter(|(name, _)| names.contains(*name));
            book.insert((*world, false, level), own.map(|(name, bytes)| (*name, bytes.clone())).collect());
        }
    }
    let book = Mutex::new((book, spaces));
    // By itself: what is planted for another world would move things.
    second(probes, World::Moment, &common, &book);
    wait_for_what_is_slow(probes, &book);
    let queue = Mutex::new(able.iter().copied().filter(|world| *world != World::Moment).collect::<Vec<_>>());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(world) = { queue.lock().unwrap().pop() } {
                    second(probes, world, &common, &book);
                }
            });
        }
    });
    book.into_inner().unwrap().0
}

/// The second world of a pair, and the first where it has its own.
fn second(probes: &Probes, world: World, common: &[&Leak], book: &Mutex<(Book, Vec<gx_tests::TestSpace>)>) {
    let leaks = match world {
        // A second run of all in the common world shows which of them move by themselves.
        World::Moment => common.to_vec(),
        World::Machine => return,
        _ => of(world),
    };
    let keep = |side: Side, level: Level, (learned, space): (Learned, gx_tests::TestSpace)| {
        let mut book = book.lock().unwrap();
        book.0.insert((world, side == Side::Second, level), learned);
        // The folders stay until the end, so that numbers of files are not used again.
        book.1.push(space);
    };
    for level in levels() {
        if world.has_own_first() {
            let first = run::learn(probes, &leaks, (world, Side::First), &Planted::default(), level);
            keep(Side::First, level, first);
        }
        let planted = world.plant(&probes.dynamic);
        keep(Side::Second, level, run::learn(probes, &leaks, (world, Side::Second), &planted, level));
    }
}

/// Another moment is another one for all only when each thing has moved: on a quiet machine the load stays the same for
/// minutes. What should differ and does not is tried again, with work in between.
fn wait_for_what_is_slow(probes: &Probes, book: &Mutex<(Book, Vec<gx_tests::TestSpace>)>) {
    const TRIES: usize = 6;
    for (place, level) in levels().into_iter().enumerate() {
        for _ in 0..TRIES {
            let same = |leak: &&Leak| {
                let book = &book.lock().unwrap().0;
                let wanted = leak.verdict.chars().nth(place);
                let [first, second] = [false, true].map(|side| &book[&(World::Moment, side, level)][leak.name]);
                matches!(wanted, Some('D' | 'x')) && first == second
            };
            let again: Vec<&Leak> = of(World::Moment).into_iter().filter(same).collect();
            if again.is_empty() {
                break;
            }
            keep_busy(Duration::from_secs(6));
            let (learned, space) =
                run::learn(probes, &again, (World::Moment, Side::Second), &Planted::default(), level);
            let mut book = book.lock().unwrap();
            book.0.entry((World::Moment, true, level)).or_default().extend(learned);
            book.1.push(space);
        }
    }
}

/// Two threads at work for so long: the kernel counts the load every five seconds.
fn keep_busy(time: Duration) {
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while start.elapsed() < time {
                    std::hint::black_box((0..1_000_000_u64).fold(0, |sum, number| sum ^ number.rotate_left(7)));
                }
            });
        }
    });
}

/// Has this machine no such thing, as a probe outside of gx finds?
fn is_absent(learned: &[u8]) -> bool {
    learned.starts_with(b"errno") || learned.is_empty()
}

/// The levels that cannot be held here.
fn further_levels() -> Vec<&'static str> {
    let held = levels();
    Level::ALL.into_iter().filter(|level| !held.contains(level)).map(Level::name).collect()
}

/// What the other test leaves out, each with its reason: a test of its own, since that one still tests the rest.
#[test]
fn what_could_not_be_tried() {
    let Ok(probes) = run::probes() else { return };
    let mut why = Vec::new();
    for world in WORLDS {
        if let Err(reason) = world.lacks() {
            why.push(format!("{} leaks between worlds of {}: {reason}", of(*world).len(), world.words()));
        }
    }
    let absent = of(World::Machine).into_iter().filter(|leak| is_absent(&run::outside(probes, leak)));
    why.extend(absent.map(|leak| format!("{}: this machine has no such thing", leak.name)));
    let further = further_levels();
    if !further.is_empty() {
        let count = further.len() * LEAKS.len();
        why.push(format!("{count} verdicts of levels that cannot be held here: {}", further.join(", ")));
    }
    if !why.is_empty() {
        // Not `skipped`: no machine can try all.
        let _ = writeln!(std::io::stderr(), "SKIPPED: {}", why.join("; "));
    }
}

/// The findings: what was seen of each leak at each level, and what is wrong with that.
struct Findings {
    seen: BTreeMap<&'static str, String>,
    wrong: Vec<String>,
}

fn judge(probes: &Probes, able: &[World], book: &Book) -> Findings {
    let mut found = Findings { seen: BTreeMap::new(), wrong: Vec::new() };
    for leak in LEAKS.iter().filter(|leak| able.contains(&leak.world)) {
        let outside = (leak.world == World::Machine).then(|| run::outside(probes, leak));
        if outside.as_deref().is_some_and(is_absent) {
            continue;
        }
        let mut seen = String::new();
        for (level, wanted) in levels().into_iter().zip(leak.verdict.chars()) {
            let first = &book[&(leak.world, false, level)][leak.name];
            let differs = match &outside {
                Some(machine) => first == machine,
                None => *first != book[&(leak.world, true, level)][leak.name],
            };
            let letter = if differs { 'D' } else { 'S' };
            seen.push(letter);
            let wanted = if wanted == 'x' { 'D' } else { wanted };
            if wanted != '-' && wanted != letter {
                let second = outside.as_ref().unwrap_or_else(|| &book[&(leak.world, true, level)][leak.name]);
                let told = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(300)]).into_owned();
                found.wrong.push(format!(
                    "{} at {}: seen {letter}, wanted {wanted}\n    {:?}\n    {:?}",
                    leak.name,
                    level.name(),
                    told(first),
                    told(second)
                ));
            }
        }
        if leak.world.is_still() && !leak.world.has_own_first() && outside.is_none() {
            let again = &book[&(World::Moment, true, Level::None)][leak.name];
            if *again != book[&(leak.world, false, Level::None)][leak.name] {
                found.wrong.push(format!("{} differs without its world", leak.name));
            }
        }
        found.seen.insert(leak.name, seen);
    }
    found
}

#[test]
fn what_passes_at_each_level() {
    let probes = match run::probes() {
        Ok(probes) => probes,
        Err(why) => return skipped(why),
    };
    let able: Vec<World> = WORLDS.iter().copied().filter(|world| world.lacks().is_ok()).collect();
    let book = explore(probes, &able);
    let found = judge(probes, &able, &book);
    let mut text = String::new();
    for leak in LEAKS {
        let seen = found.seen.get(leak.name).map_or("not tried", String::as_str);
        let _ = writeln!(text, "{:<36} wanted {}  seen {seen:<5} {}", leak.name, leak.verdict, leak.world.words());
    }
    let _ = writeln!(
        text,
        "{} leaks tried, {} could not be tried here, {} cannot be shown on one machine; levels not asserted, since they \
         cannot be held here: {:?}",
        found.seen.len(),
        LEAKS.len() - found.seen.len(),
        SKIPPED.len(),
        further_levels()
    );
    println!("{text}");
    assert!(found.wrong.is_empty(), "{text}\n{}", found.wrong.join("\n"));
}

#[test]
fn the_table_is_sound() {
    let mut names = BTreeSet::new();
    for leak in LEAKS {
        assert!(names.insert(leak.name), "{} stands twice", leak.name);
        assert_eq!(leak.verdict.len(), Level::ALL.len(), "{}", leak.name);
        assert!(leak.verdict.starts_with('D'), "{} proves nothing", leak.name);
        // What one level keeps, no further one lets pass.
        let letters: Vec<char> = leak.verdict.chars().filter(|letter| *letter != '-').collect();
        assert!(letters.windows(2).all(|pair| pair[0] != 'S' || pair[1] == 'S'), "{}", leak.name);
    }
    assert!(LEAKS.len() >= 60);
    match run::probes() {
        Ok(probes) => all_probes_are_used(probes),
        Err(why) => skipped(why),
    }
}

fn all_probes_are_used(probes: &Probes) {
    let used: BTreeSet<&str> = LEAKS
        .iter()
        .filter_map(|leak| match leak.program {
            Program::Dynamic(probe) | Program::Static(probe) => Some(probe),
            Program::Shell(_) => None,
        })
        .chain(["leave", "make_things_of_the_host", "clear_things_of_the_host", "clear_what_was_left"])
        .collect();
    let there = run::names(&probes.dynamic);
    let there: BTreeSet<&str> = there.iter().map(String::as_str).collect();
    assert_eq!(there, used);
}

/// The page for people.
fn document() -> String {
    let mut text = String::from(
        "# Leaks\n\n\
         <!-- Generated from tests/leaks/table.rs; `UPDATE_DOCS=1 cargo test -p gx-tests --test leaks` writes it. -->\n\n\
         What could tell one run of an action from another, and at which determinism level it is told. Each row is a small\n\
         program that is run in two worlds that differ in one thing; `differs` means that its output does too. `either`\n\
         means that it may. A row of *this machine* has no second world: there `differs` means that the action\n\
         learned what the machine is. `cargo xtask leaks` runs them all and shows what was seen.\n\n\
         | what | worlds | none | sandboxed | normalised | strict |\n|---|---|---|---|---|---|\n",
    );
    for leak in LEAKS {
        let words = leak.name.replace('_', " ");
        let cells: Vec<&str> = leak
            .verdict
            .chars()
            .map(|letter| match letter {
                'D' => "differs",
                'x' => "differs, still to be closed",
                'S' => "same",
                _ => "either",
            })
            .collect();
        let _ = writeln!(text, "| {words} | {} | {} |", leak.world.words(), cells.join(" | "));
    }
    text.push_str("\n## What two worlds on one machine cannot show\n\n");
    for (what, why) in SKIPPED {
        let _ = writeln!(text, "- {what}: {why}.");
    }
    text
}

#[test]
fn the_page_is_the_table() {
    let path = repository_root().join("docs/leaks.md");
    let text = document();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), text, "docs/leaks.md is not the table");
}
