//! `match`: patterns suit the value, cover all of it, and each can be reached (rules S19, S23, S24).
//!
//! It does not know how a match is evaluated.

use super::infer::{bad, expr};
use super::{Checker, Scope};
use crate::diagnostic::{Diagnostic, Rule};
use crate::ir::{self, Expr, ExprKind, Pattern, Range, Type};
use crate::syntax::{self, Name, PatternKind, Span};
use num_bigint::BigInt;
use std::collections::BTreeSet;

/// What the patterns so far cover.
#[derive(Default)]
struct Covered {
    everything: bool,
    values: BTreeSet<usize>,
    none: bool,
    some: bool,
    truth: BTreeSet<bool>,
    texts: BTreeSet<Name>,
    ranges: Vec<Range>,
}

impl Covered {
    /// Adds a pattern; false when everything that it covers was covered before.
    fn add(&mut self, pattern: &Pattern, ty: &Type) -> bool {
        if self.everything || self.missing(ty).is_none() {
            return false;
        }
        match pattern {
            Pattern::Any => {
                self.everything = true;
                true
            }
            Pattern::Value(at, _) => self.values.insert(*at),
            Pattern::None => !std::mem::replace(&mut self.none, true),
            Pattern::Some(_) => !std::mem::replace(&mut self.some, true),
            Pattern::Bool(truth) => self.truth.insert(*truth),
            Pattern::Text(text) => self.texts.insert(text.clone()),
            Pattern::Range(low, high) => {
                let range = Range::new(low.clone(), high.clone());
                let new = self.first_gap(&range).is_some();
                self.ranges.push(range);
                self.ranges.sort_by(|a, b| a.low.cmp(&b.low));
                new
            }
        }
    }

    /// The first number of a range that no pattern covers.
    fn first_gap(&self, range: &Range) -> Option<BigInt> {
        let mut next = range.low.clone();
        for covered in &self.ranges {
            if covered.low > next {
                break;
            }
            if covered.high >= next {
                next = &covered.high + 1;
            }
        }
        (next <= range.high).then_some(next)
    }

    /// Something that is not covered.
    fn missing(&self, ty: &Type) -> Option<String> {
        if self.everything {
            return None;
        }
        match ty.base() {
            Type::Enum(decl) => {
                let missing = decl.values.iter().enumerate().find(|(at, _)| !self.values.contains(at));
                missing.map(|(_, value)| value.name.to_string())
            }
            Type::Optional(_) if !self.none => Some("none".to_owned()),
            Type::Optional(_) if !self.some => Some("some x".to_owned()),
            Type::Bool => [true, false].into_iter().find(|it| !self.truth.contains(it)).map(|it| it.to_string()),
            Type::Int(range) => self.first_gap(range).map(|n| n.to_string()),
            Type::Text(_) => Some("any other text".to_owned()),
            _ => None,
        }
    }
}

impl Checker<'_> {
    pub(super) fn match_expr(
        &mut self,
        scope: &mut Scope,
        span: Span,
        value: &syntax::Expr,
        arms: &[syntax::Arm],
        to: Option<(&Type, &str)>,
    ) -> Expr {
        let value_made = self.infer(scope, value);
        let ty = value_made.ty.clone();
        let suits = matches!(
            ty.base(),
            Type::Bad | Type::Enum(_) | Type::Optional(_) | Type::Bool | Type::Int(_) | Type::Text(_)
        );
        if !suits {
            let fault = Diagnostic::new(Rule::Agree, value.span, format!("{ty} cannot be matched"));
            self.fault(fault.hint("match takes an enum, an optional, a bool, a whole number or a text"));
            return bad();
        }
        let mut covered = Covered::default();
        let mut result = Type::Never;
        let mut made = Vec::with_capacity(arms.len());
        for arm in arms {
            let patterns = self.patterns(arm, &ty, &mut covered);
            let mark = scope.mark();
            self.bind_arm(scope, arm, &patterns, &value_made);
            let value = match to {
                Some((to, what)) => self.expect(scope, &arm.value, to, what),
                None => self.infer(scope, &arm.value),
            };
            scope.back_to(mark);
            result = self.joined(&result, &value.ty, arm.value.span, "the arms of a match");
            made.push(ir::Arm { patterns, value });
        }
        if let Some(missing) = covered.missing(&ty) {
            let fault = Diagnostic::new(Rule::Exhaustive, span, format!("the match does not cover {missing}"));
            self.fault(
                fault.other(value.span, format!("this is {ty}")).hint(format!("add `{missing} => ...` or `_ => ...`")),
            );
        }
        expr(ExprKind::Match(Box::new(value_made), made), result)
    }

    fn patterns(&mut self, arm: &syntax::Arm, ty: &Type, covered: &mut Covered) -> Vec<Pattern> {
        let mut made = Vec::with_capacity(arm.patterns.len());
        for pattern in &arm.patterns {
            let Some(found) = self.pattern(pattern, ty) else {
                // Something was told of it: what it covers is not known.
                covered.everything = true;
                continue;
            };
            if !covered.add(&found, ty) {
                let fault = Diagnostic::new(Rule::Reachable, pattern.span, "the patterns before cover all of this one");
                self.fault(fault.label("never reached"));
            }
            made.push(found);
        }
        made
    }

    fn pattern(&mut self, pattern: &syntax::Pattern, ty: &Type) -> Option<Pattern> {
        let found = match (&pattern.kind, ty.base()) {
            (_, Type::Bad) => return None,
            (PatternKind::Any, _) => Pattern::Any,
            (PatternKind::Value(name), Type::Enum(decl)) => {
                let Some(at) = decl.values.iter().position(|value| value.name == name.name) else {
                    let known: Vec<Name> = decl.values.iter().map(|value| value.name.clone()).collect();
                    self.unknown(&name.name, name.span, &format!("value of '{}'", decl.id.name), &known);
                    return None;
                };
                Pattern::Value(at, name.name.clone())
            }
            (PatternKind::None, Type::Optional(_)) => Pattern::None,
            (PatternKind::Some(name), Type::Optional(_)) => Pattern::Some(name.name.clone()),
            (PatternKind::Bool(truth), Type::Bool) => Pattern::Bool(*truth),
            (PatternKind::Range(low, high), Type::Int(_)) => {
                if low > high {
                    self.say(Rule::Bounds, pattern.span, format!("no number is in {low}..={high}"));
                }
                Pattern::Range(low.clone(), high.clone())
            }
            (PatternKind::Text(text), Type::Text(_)) => Pattern::Text(Name::from(text.as_str())),
            _ => {
                let fault = Diagnostic::new(Rule::Agree, pattern.span, format!("this is no pattern for {ty}"));
                self.fault(fault);
                return None;
            }
        };
        Some(found)
    }

    /// Binds what a pattern names, and notes what it tells of the value.
    fn bind_arm(&mut self, scope: &mut Scope, arm: &syntax::Arm, patterns: &[Pattern], value: &Expr) {
        if let (Some(PatternKind::Some(name)), [_]) = (arm.patterns.first().map(|it| &it.kind), arm.patterns.as_slice())
        {
            let inner = match value.ty.base() {
                Type::Optional(inner) => (**inner).clone(),
                _ => Type::Bad,
            };
            self.bind(scope, name, inner);
            return;
        }
        if let Some(pattern) = arm.patterns.iter().find(|it| matches!(it.kind, PatternKind::Some(_))) {
            self.say(Rule::Agree, pattern.span, "a pattern that binds a name stands alone in its arm");
        }
        let (Some(key), Type::Int(own)) = (super::facts::key(value), value.ty.base()) else { return };
        let mut all: Option<Range> = None;
        for pattern in patterns {
            let Pattern::Range(low, high) = pattern else { return };
            let range = Range::new(low.clone(), high.clone());
            all = Some(all.map_or(range.clone(), |all| all.join(&range)));
        }
        if let Some(range) = all.and_then(|all| all.meet(own)) {
            scope.facts.push((key, Type::Int(range)));
        }
    }
}
