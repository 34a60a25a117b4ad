//! What an audit makes unlike, by name, and how it is brought about.
//!
//! As built, a perturbation is laid around the sandbox: the action's level promises that it is not felt. For what is
//! latent it is laid into a sandbox of level `sandboxed`, in place of what hides it. At level `none` there is nothing
//! to be around of: it is laid upon the action itself. Invariant: only what gx gives every action by itself is
//! changed in an environment; what a rule says stays. This file does not run anything.

use crate::sandbox::{Around, World};
use gx_store::{Derivation, Job, Level, Work};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// What can be unlike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Perturbation {
    /// The folder in which an action runs.
    BuildDirectory,
    /// The name of the machine.
    HostName,
    /// The user, by number.
    User,
    /// The time of day, and the clocks since boot.
    Clock,
    /// The time zone.
    TimeZone,
    /// The locale.
    Locale,
    /// How many processors may be used.
    CpuCount,
    /// The order of files in folders.
    DirectoryOrder,
    /// The file system: on a disk or in memory.
    FileSystem,
    /// The umask.
    Umask,
    /// Variables of the environment.
    Environment,
    /// Times of inputs.
    FileTimes,
    /// How much runs at once, and in which order.
    Scheduling,
    /// Random numbers.
    Random,
    /// Addresses in memory.
    Addresses,
}

use Perturbation as P;

impl Perturbation {
    /// Every one, in the order in which they are named to people.
    pub const ALL: [Perturbation; 15] = [
        P::BuildDirectory,
        P::HostName,
        P::User,
        P::Clock,
        P::TimeZone,
        P::Locale,
        P::CpuCount,
        P::DirectoryOrder,
        P::FileSystem,
        P::Umask,
        P::Environment,
        P::FileTimes,
        P::Scheduling,
        P::Random,
        P::Addresses,
    ];

    /// Its name, as `--perturb` takes it.
    pub const fn name(self) -> &'static str {
        match self {
            P::BuildDirectory => "build_directory",
            P::HostName => "host_name",
            P::User => "user",
            P::Clock => "clock",
            P::TimeZone => "time_zone",
            P::Locale => "locale",
            P::CpuCount => "cpu_count",
            P::DirectoryOrder => "directory_order",
            P::FileSystem => "file_system",
            P::Umask => "umask",
            P::Environment => "environment",
            P::FileTimes => "file_times",
            P::Scheduling => "scheduling",
            P::Random => "random",
            P::Addresses => "addresses",
        }
    }

    /// What is unlike, in words.
    pub const fn words(self) -> &'static str {
        match self {
            P::BuildDirectory => "another, deeper folder to build in",
            P::HostName => "another host name",
            P::User => "another user and group, by number",
            P::Clock => "a later time of day, and clocks since boot that are 40 days ahead",
            P::TimeZone => "another time zone",
            P::Locale => "another locale",
            P::CpuCount => "one processor instead of all",
            P::DirectoryOrder => "inputs laid down in reverse order",
            P::FileSystem => "a folder on disk instead of one in memory",
            P::Umask => "umask 077 instead of 022",
            P::Environment => "other variables in the environment",
            P::FileTimes => "other times of input files",
            P::Scheduling => "fewer actions at once, in reverse order, at a lower priority",
            P::Random => "random numbers, which are new in every run",
            P::Addresses => "addresses in memory, which are new in every run",
        }
    }

    /// The one of that name.
    pub fn from_name(name: &str) -> Option<Perturbation> {
        P::ALL.into_iter().find(|one| one.name() == name)
    }

    /// Is it another one in every run, with nothing done for it?
    pub(crate) const fn is_passive(self) -> bool {
        matches!(self, P::Random | P::Addresses)
    }

    /// What of it cannot be brought about, and why; empty when all can.
    pub const fn lacks(self) -> &'static str {
        match self {
            P::Clock => {
                "the time of day cannot be moved for one process alone: it is later by the seconds between the \
                 two runs, so what tells only the day is found on another day"
            }
            _ => "",
        }
    }

    /// Why it can do nothing on this machine; `None` if it can.
    pub fn refusal(self, spawner: &Path) -> Option<String> {
        if self == P::CpuCount && std::thread::available_parallelism().is_ok_and(|count| count.get() < 2) {
            return Some("there is one processor only".to_owned());
        }
        let mut around = Around::default();
        lay_around(self, &mut around);
        around.try_out(spawner).err().map(|error| match self {
            P::HostName | P::User | P::Clock => {
                format!("this machine allows no namespaces for it: {error}; `gx doctor` says what to change")
            }
            _ => error.to_string(),
        })
    }
}

/// Which question is asked of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Question {
    /// Does its own level hold in another world?
    AsBuilt,
    /// What would leak at level `sandboxed` if nothing hid it?
    Latent,
}

/// How an action is run.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Setting {
    /// Which question.
    pub(crate) question: Question,
    /// What is unlike.
    pub(crate) unlike: BTreeSet<Perturbation>,
    /// What is the same in every run although it would not be.
    pub(crate) held: BTreeSet<Perturbation>,
}

impl Setting {
    /// The world of every build.
    pub(crate) fn usual(question: Question) -> Setting {
        Setting { question, unlike: BTreeSet::new(), held: BTreeSet::new() }
    }

    /// With these unlike.
    pub(crate) fn with(&self, unlike: &[Perturbation]) -> Setting {
        Setting { unlike: unlike.iter().copied().collect(), ..self.clone() }
    }

    /// With these held.
    pub(crate) fn holding(&self, held: &[Perturbation]) -> Setting {
        Setting { held: held.iter().copied().collect(), ..self.clone() }
    }

    /// Its world, for an action that runs at this level.
    pub(crate) fn world(&self, level: Level) -> World {
        let mut world = World::default();
        for one in &self.unlike {
            lay_placing(*one, &mut world);
            if self.question == Question::Latent && level == Level::Sandboxed {
                lay_inside(*one, &mut world);
            } else {
                lay_around(*one, &mut world.around);
            }
        }
        world.inside.fixed_random = self.held.contains(&P::Random);
        world.inside.fixed_addresses = self.held.contains(&P::Addresses);
        world.inside.one_cpu |= self.held.contains(&P::Scheduling);
        world
    }

    /// The job as it is run: for what is latent at level `sandboxed`, with what this setting says of its environment.
    pub(crate) fn job(&self, job: &Job) -> Job {
        let Work::Run(run) = &job.derivation.work else { return job.clone() };
        if self.question == Question::AsBuilt || run.level == Level::None {
            return job.clone();
        }
        let mut run = run.clone();
        run.level = Level::Sandboxed;
        let environment = Arc::make_mut(&mut run.environment);
        self.unlike.iter().for_each(|one| lay_environment(*one, environment));
        let derivation = Derivation { work: Work::Run(run), ..Derivation::clone(&job.derivation) };
        Job { derivation: Arc::new(derivation), ..job.clone() }
    }
}

const OTHER_FOLDER: &str = "home/somebody/checkouts/of-it";
const OTHER_HOST: &str = "build-host-of-another-team";
const OTHER_USER: u32 = 4321;
const OTHER_UMASK: u32 = 0o077;
const OTHER_ZONE: &str = "Asia/Kathmandu";
const OTHER_LOCALE: &str = "tr_TR.UTF-8";
/// 2009-02-13, 23:31:30 UTC.
const OTHER_TIME: i64 = 1_234_567_890;
const LATER_S: u32 = 40 * 86_400;

/// What is unlike in how inputs lie, whoever looks.
fn lay_placing(one: Perturbation, world: &mut World) {
    match one {
        P::DirectoryOrder => world.placing.reversed = true,
        P::FileSystem => world.placing.on_disk = true,
        P::FileTimes => world.placing.copied = true,
        P::BuildDirectory => world.placing.folder = Some(OTHER_FOLDER.to_owned()),
        P::Scheduling => world.around.nicer = 10,
        _ => {}
    }
}

/// What is unlike around the sandbox.
fn lay_around(one: Perturbation, around: &mut Around) {
    let mut set = |list: &[(&str, &str)]| {
        around.environment.extend(list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    };
    match one {
        P::HostName => around.host_name = Some(OTHER_HOST.to_owned()),
        P::User => around.user = Some(OTHER_USER),
        P::Clock => around.later_s = LATER_S,
        P::CpuCount => around.one_cpu = true,
        P::Umask => around.umask = Some(OTHER_UMASK),
        P::TimeZone => set(&[("TZ", OTHER_ZONE)]),
        P::Locale => set(&[("LC_ALL", OTHER_LOCALE), ("LANG", OTHER_LOCALE)]),
        P::Environment => set(OTHER_VARIABLES),
        _ => {}
    }
}

/// What is unlike in the sandbox.
fn lay_inside(one: Perturbation, world: &mut World) {
    let inside = &mut world.inside;
    match one {
        P::HostName => inside.host_name = Some(OTHER_HOST.to_owned()),
        P::User => inside.user = Some(OTHER_USER),
        P::CpuCount => inside.one_cpu = true,
        P::Umask => inside.umask = Some(OTHER_UMASK),
        P::BuildDirectory => inside.folder = Some(OTHER_FOLDER.to_owned()),
        P::FileTimes => world.placing.time_s = Some(OTHER_TIME),
        // A time namespace reaches into the sandbox.
        P::Clock => world.around.later_s = LATER_S,
        _ => {}
    }
}

/// Variables of somebody else's environment.
const OTHER_VARIABLES: &[(&str, &str)] = &[
    ("USER", "somebody"),
    ("LOGNAME", "somebody"),
    ("SHELL", "/bin/zsh"),
    ("EDITOR", "ed"),
    ("HOSTNAME", OTHER_HOST),
    ("CFLAGS_OF_SOMEBODY", "-O3"),
];

/// What gx gives every action, where that hides something, and what stands in its place in another environment.
fn lay_environment(one: Perturbation, environment: &mut BTreeMap<String, String>) {
    let mut instead = |name: &str, usual: &str, other: Option<&str>| {
        if environment.get(name).is_some_and(|value| value == usual) {
            match other {
                Some(other) => environment.insert(name.to_owned(), other.to_owned()),
                None => environment.remove(name),
            };
        }
    };
    match one {
        P::Clock => instead("SOURCE_DATE_EPOCH", "0", None),
        P::TimeZone => instead("TZ", "UTC", Some(OTHER_ZONE)),
        P::Locale => {
            instead("LC_CTYPE", "C.UTF-8", Some("C"));
            environment.entry("LANG".to_owned()).or_insert_with(|| OTHER_LOCALE.to_owned());
        }
        P::Environment => {
            instead("HOME", "/tmp", Some("/nonexistent/somebody"));
            instead("PATH", "/usr/bin:/bin", Some("/usr/local/bin:/bin:/usr/bin"));
            for (name, value) in OTHER_VARIABLES {
                environment.entry((*name).to_owned()).or_insert_with(|| (*value).to_owned());
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_as_it_is_shown() {
        for one in P::ALL {
            assert_eq!(P::from_name(one.name()), Some(one));
            assert!(!one.words().is_empty());
        }
        assert_eq!(P::from_name("weather"), None);
    }

    #[test]
    fn everything_that_is_chosen_changes_something() {
        for one in P::ALL.into_iter().filter(|one| !matches!(one, P::Random | P::Addresses)) {
            for (question, level) in [(Question::AsBuilt, Level::None), (Question::Latent, Level::Sandboxed)] {
                let setting = Setting::usual(question).with(&[one]);
                let mut environment = BTreeMap::from([("TZ".to_owned(), "UTC".to_owned())]);
                environment.insert("LC_CTYPE".to_owned(), "C.UTF-8".to_owned());
                let before = environment.clone();
                lay_environment(one, &mut environment);
                assert!(setting.world(level) != World::default() || environment != before, "{one:?} {question:?}");
            }
        }
    }

    #[test]
    fn what_a_rule_says_of_the_environment_stays() {
        let own = BTreeMap::from([("TZ".to_owned(), "Europe/Rome".to_owned()), ("HOME".to_owned(), "/w".to_owned())]);
        let mut environment = own.clone();
        P::ALL.into_iter().for_each(|one| lay_environment(one, &mut environment));
        assert!(own.iter().all(|(name, value)| environment.get(name) == Some(value)));
    }
}
