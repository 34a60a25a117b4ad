//! Rules for numbers, held against each other: named numbers, roundings and tolerances.
//!
//! Prose that says nothing of a number, a rounding or a tolerance does not differ; what it says must be so, and where
//! it says how an operator rounds it says all ways. This file does not know how a rule is found.

use super::{Gate, operator_key, plain};
use crate::said::Kind;
use crate::said::number::{ABSOLUTE, CALLED, NumberRule, QUANTILE, RELATIVE, ROUNDING};

/// The ways to round that words may mean: `rounded down` is said of both.
fn meant(way: &str) -> &[&str] {
    match way {
        "down" => &["down", "floor"],
        "up" => &["up", "ceiling"],
        "floor" => &["floor"],
        "ceiling" => &["ceiling"],
        "half_up" => &["half_up"],
        _ => &["half_even"],
    }
}

impl<'a> Gate<'a> {
    pub(super) fn numbers(&mut self) {
        let (prose, artefact) = (self.prose.facts, self.artefact.facts);
        for said in prose.numbers.iter().filter(|it| it.operator.is_none()) {
            let topic = said.topic.value.as_str();
            let same = |it: &&NumberRule| it.operator.is_none() && plain(&it.topic.value) == plain(topic);
            if matches!(topic, ROUNDING | QUANTILE | ABSOLUTE | RELATIVE) {
                continue;
            }
            if let Some(own) = artefact.numbers.iter().find(same).filter(|own| own.value != said.value) {
                let message = format!("'{topic}' is {} in the prose, {} in the artefact", said.value, own.value);
                self.tell(Kind::DriftNumber, topic, said.topic.span, own.topic.span, message);
            }
        }
        for operator in &prose.operators {
            let name = operator.name.value.as_str();
            let key = operator_key(name);
            let Some(found) = artefact.operators.iter().find(|it| operator_key(&it.name.value) == key) else {
                continue;
            };
            let of = |all: &'a [NumberRule], topics: &[&str]| -> Vec<&'a NumberRule> {
                let own = |it: &&NumberRule| it.operator.as_deref().is_some_and(|it| operator_key(it) == key);
                all.iter().filter(own).filter(|it| topics.contains(&it.topic.value.as_str())).collect()
            };
            // An operator without a body says nothing of how it rounds.
            let known = artefact.numbered.iter().any(|it| operator_key(it) == key);
            let (here, own) = (of(&prose.numbers, &[ROUNDING]), of(&artefact.numbers, &[ROUNDING, CALLED]));
            for said in here.iter().filter(|_| known) {
                if !own.iter().any(|it| meant(&said.value).contains(&it.value.as_str())) {
                    let ways: Vec<&str> = own.iter().map(|it| it.value.as_str()).collect();
                    let ways = if ways.is_empty() { "not at all".to_owned() } else { ways.join(", ") };
                    let message = format!("'{name}' rounds {} in the prose, {ways} in the artefact", said.value);
                    self.tell(Kind::DriftRounding, name, said.topic.span, found.name.span, message);
                }
            }
            for own in own.iter().filter(|it| it.topic.value == ROUNDING && !here.is_empty()) {
                if !here.iter().any(|it| meant(&it.value).contains(&own.value.as_str())) {
                    let message =
                        format!("'{name}' rounds {} in the artefact, which the prose does not say", own.value);
                    let span = here.first().map_or(operator.name.span, |it| it.topic.span);
                    self.tell(Kind::DriftRounding, name, span, own.topic.span, message);
                }
            }
            for topic in [ABSOLUTE, RELATIVE] {
                let own = of(&artefact.numbers, &[topic]);
                for said in of(&prose.numbers, &[topic]) {
                    if !own.iter().any(|it| it.value == said.value) {
                        let there: Vec<&str> = own.iter().map(|it| it.value.as_str()).collect();
                        let there = if there.is_empty() { "not stated".to_owned() } else { there.join(", ") };
                        let message =
                            format!("{topic} of '{name}' is {} in the prose, {there} in the artefact", said.value);
                        self.tell(Kind::DriftTolerance, name, said.topic.span, found.name.span, message);
                    }
                }
            }
        }
    }
}
