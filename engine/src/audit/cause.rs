//! Which perturbation is it? By bisection, and for what is another in every run by holding all but one still.
//!
//! First the action runs again in the usual world. If that gives what is known, the perturbations that were chosen are
//! halved until each that makes a difference stands alone. If not, something natural leaks: then two runs start at
//! the same moment with random numbers, addresses and the processor held, so that they must agree, and one after the
//! other is let go. Invariant: a cause is named because a run showed it. This file does not know how a world is made.

use super::bench::{Bench, level_of};
use super::differ::Made;
use super::perturbation::{Perturbation, Question, Setting};
use crate::level;
use gx_store::{ExecuteError, Job, Level};
use std::time::Duration;

/// What made a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// This alone does.
    One(Perturbation),
    /// These do together, and fewer of them do not.
    Together(Vec<Perturbation>),
    /// Parts of a second, or how threads and processes take turns: two runs at one moment differ.
    Restless,
    /// Nothing was changed and it differs from run to run; more cannot be told at its level.
    Unperturbed,
    /// Runs agree with each other now, but not with what is known: a day, a machine, a kernel or a processor changed.
    SinceBuilt,
}

/// Longer than the coarsest times in files: those of zip archives are even seconds.
pub(crate) const LATER: Duration = Duration::from_millis(2100);
/// So often two runs that may race are compared.
const TRIES: usize = 3;

/// An action whose cause is looked for.
pub(crate) struct Inquiry<'a> {
    pub(crate) bench: &'a Bench,
    pub(crate) job: &'a Job,
    pub(crate) question: Question,
    /// What was unlike when it differed.
    pub(crate) chosen: &'a [Perturbation],
}

type Answer<T> = Result<T, ExecuteError>;

impl Inquiry<'_> {
    /// The causes of a difference from what is known.
    pub(crate) fn causes(&self, known: &Made) -> Answer<Vec<Cause>> {
        let usual = Setting::usual(self.question);
        if self.is_still(&usual, known)? {
            let chosen: Vec<_> = self.chosen.iter().copied().filter(|one| !one.is_passive()).collect();
            let mut differs = |set: &[Perturbation]| Ok(self.bench.run(self.job, &usual.with(set))? != *known);
            let mut causes = guilty(&chosen, &mut differs)?;
            if causes.is_empty() {
                // It came and went: one run in many differs.
                causes.push(self.of_every_run());
            }
            return Ok(causes);
        }
        self.natural(&usual)
    }

    /// Does it give what is known, again and again? Once may be by chance.
    fn is_still(&self, usual: &Setting, known: &Made) -> Answer<bool> {
        for _ in 0..TRIES {
            if self.bench.run(self.job, usual)? != *known {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// At which level does it run here?
    fn level(&self) -> Option<Level> {
        match (self.question, level_of(self.job)) {
            (Question::Latent, Some(level)) if level != Level::None => Some(Level::Sandboxed),
            (_, level) => level,
        }
    }

    fn of_every_run(&self) -> Cause {
        match self.level() {
            Some(Level::None) | None => Cause::Unperturbed,
            Some(_) => Cause::One(Perturbation::Scheduling),
        }
    }

    /// It differs although nothing was changed.
    fn natural(&self, usual: &Setting) -> Answer<Vec<Cause>> {
        use Perturbation::{Addresses, Clock, Random, Scheduling};
        // What a stronger level admits is scheduling; at `none` nothing can be held.
        if self.level() != Some(Level::Sandboxed) {
            return Ok(vec![self.of_every_run()]);
        }
        let all = [Random, Addresses, Scheduling];
        let held = usual.holding(&all);
        let Some(still) = self.agree(&held, &held)? else {
            return Ok(vec![self.restless()?]);
        };
        let (mut causes, mut perhaps) = (Vec::new(), Vec::new());
        for one in all {
            let rest: Vec<_> = all.into_iter().filter(|other| *other != one).collect();
            let free = usual.holding(&rest);
            // Once may be a second that ended between the two.
            match self.differing(&free)? {
                0 => {}
                1 => perhaps.push(Cause::One(one)),
                _ => causes.push(Cause::One(one)),
            }
        }
        std::thread::sleep(LATER);
        let later = self.bench.run(self.job, &held)?;
        let by_clock = later != still;
        if by_clock {
            causes.push(Cause::One(Clock));
        }
        let chosen: Vec<_> =
            self.chosen.iter().copied().filter(|one| !one.is_passive() && (*one != Clock || !by_clock)).collect();
        let mut differs = |set: &[Perturbation]| {
            let set: Vec<_> = set.iter().copied().filter(|one| *one != Scheduling).collect();
            let other = held.with(&set);
            // As above: one pair may lie on both sides of a second's end.
            let (a, b) = self.bench.pair(self.job, &held, &other)?;
            let (c, d) = if a == b { (a, b) } else { self.bench.pair(self.job, &held, &other)? };
            Ok(c != d)
        };
        causes.extend(guilty(&chosen, &mut differs)?);
        causes.dedup();
        if causes.is_empty() {
            causes.append(&mut perhaps);
        }
        if causes.is_empty() {
            causes.push(Cause::SinceBuilt);
        }
        Ok(causes)
    }

    /// Two runs at one moment differ with all held that can be: parts of seconds, or scheduling. Where time can be
    /// held too, by the level that holds it, that tells which.
    fn restless(&self) -> Answer<Cause> {
        if level::reachable() < Level::Normalised {
            return Ok(Cause::Restless);
        }
        let job = super::at_level(self.job, Level::Normalised);
        let usual = Setting::usual(Question::AsBuilt);
        let inquiry = Inquiry { job: &job, question: Question::AsBuilt, ..*self };
        let by = |one| Ok(Cause::One(one));
        if inquiry.differing(&usual)? > 0 { by(Perturbation::Scheduling) } else { by(Perturbation::Clock) }
    }

    /// What two settings give at the same moment, if they agree in one of a few tries.
    fn agree(&self, one: &Setting, other: &Setting) -> Answer<Option<Made>> {
        for _ in 0..TRIES {
            let (a, b) = self.bench.pair(self.job, one, other)?;
            if a == b {
                return Ok(Some(a));
            }
        }
        Ok(None)
    }

    /// In how many of a few tries do two runs at the same moment differ?
    fn differing(&self, setting: &Setting) -> Answer<usize> {
        let mut differing = 0;
        for _ in 0..TRIES {
            let (a, b) = self.bench.pair(self.job, setting, setting)?;
            differing += usize::from(a != b);
        }
        Ok(differing)
    }
}

/// Halves a set that makes a difference until each cause stands alone. `differs` runs the action with a set.
fn guilty(set: &[Perturbation], differs: &mut dyn FnMut(&[Perturbation]) -> Answer<bool>) -> Answer<Vec<Cause>> {
    let mut causes = Vec::new();
    let mut sets = if !set.is_empty() && differs(set)? { vec![set.to_vec()] } else { Vec::new() };
    while let Some(set) = sets.pop() {
        if let [one] = set.as_slice() {
            causes.push(Cause::One(*one));
            continue;
        }
        let (left, right) = set.split_at(set.len() / 2);
        let (by_left, by_right) = (differs(left)?, differs(right)?);
        if by_right {
            sets.push(right.to_vec());
        }
        if by_left {
            sets.push(left.to_vec());
        }
        if !by_left && !by_right {
            causes.push(together(set, differs)?);
        }
    }
    Ok(causes)
}

/// Leaves out whatever is not needed for a difference.
fn together(mut set: Vec<Perturbation>, differs: &mut dyn FnMut(&[Perturbation]) -> Answer<bool>) -> Answer<Cause> {
    let mut at = 0;
    while at < set.len() {
        let mut fewer = set.clone();
        fewer.remove(at);
        if !fewer.is_empty() && differs(&fewer)? {
            set = fewer;
        } else {
            at += 1;
        }
    }
    Ok(Cause::Together(set))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Perturbation as P;

    fn found(set: &[P], leaks: impl Fn(&[P]) -> bool) -> (Vec<Cause>, usize) {
        let mut runs = 0;
        let causes = guilty(set, &mut |set| {
            runs += 1;
            Ok(leaks(set))
        });
        (causes.unwrap(), runs)
    }

    #[test]
    fn each_cause_stands_alone() {
        for guilty in P::ALL {
            let (causes, runs) = found(&P::ALL, |set| set.contains(&guilty));
            assert_eq!(causes, [Cause::One(guilty)]);
            assert!(runs <= 9, "{runs} runs for one of {}", P::ALL.len());
        }
        let two = [P::HostName, P::Umask];
        let (causes, _) = found(&P::ALL, |set| set.iter().any(|one| two.contains(one)));
        assert_eq!(causes, two.map(Cause::One));
    }

    #[test]
    fn causes_that_need_each_other_are_named_together() {
        let (causes, _) = found(&P::ALL, |set| set.contains(&P::User) && set.contains(&P::Environment));
        assert_eq!(causes, [Cause::Together(vec![P::User, P::Environment])]);
        assert_eq!(found(&P::ALL, |_| false).0, []);
        assert_eq!(found(&[], |_| true).0, []);
    }
}
