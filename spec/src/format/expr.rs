//! Types, expressions and blocks in their one form.
//!
//! Parentheses stand where the grammar needs them, and around `if`, `match` and `fold` inside other expressions.

use super::Form;
use super::doc::{Doc, all, list, list_with};
use crate::ir::decimal_text;
use crate::syntax::{
    Argument, Arm, Binary, Block, Bound, Each, Expr, ExprKind, Fold, Ident, Narrow, Over, PatternKind, Policy, Raise,
    Span, Statement, TypeExpr, TypeKind,
};
use crate::text::{float, quoted};
use num_bigint::BigInt;

/// Where an expression stands.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    /// How tightly what stands around it binds.
    pub(super) power: u8,
    /// A `{` would end it.
    pub(super) no_brace: bool,
    /// An `else` would end it.
    pub(super) no_else: bool,
}

const NOT: u8 = 3;
const CAST: u8 = 6;
const NEGATE: u8 = 9;
const POSTFIX: u8 = 10;

/// Digits with a `_` between thousands, from five digits on.
fn grouped(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |rest| ("-", rest));
    if digits.len() < 5 {
        return format!("{sign}{digits}");
    }
    let mut out = String::from(sign);
    for (at, c) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('_');
        }
        out.push(c);
    }
    out
}

fn int(n: &BigInt) -> String {
    grouped(&n.to_string())
}

fn bound(bound: &Bound) -> String {
    match bound {
        Bound::Number(n) => int(n),
        Bound::Const(path) => path.text(),
    }
}

fn size(bounds: &(Bound, Bound)) -> String {
    let (low, high) = (bound(&bounds.0), bound(&bounds.1));
    if low == high { low } else { format!("{low}..={high}") }
}

fn power(kind: &ExprKind) -> u8 {
    match kind {
        ExprKind::Binary(operator, _, _) => operator.power(),
        ExprKind::Not(_) => NOT,
        ExprKind::Narrow(_) | ExprKind::Unwrap(..) => CAST,
        ExprKind::Negate(_) | ExprKind::Some(_) => NEGATE,
        ExprKind::If(..) | ExprKind::Match(..) | ExprKind::Fold(_) | ExprKind::Fail(_) => 0,
        _ => POSTFIX + 1,
    }
}

impl Form<'_> {
    pub(super) fn ty(&mut self, ty: &TypeExpr) -> Doc {
        Doc::text(match &ty.kind {
            TypeKind::Bool => "bool".to_owned(),
            TypeKind::Float => "float".to_owned(),
            TypeKind::Int(low, high) => format!("int {}..={}", bound(low), bound(high)),
            TypeKind::Alias(name) => name.to_string(),
            TypeKind::Decimal(precision, scale, None) => format!("decimal({precision}, {scale})"),
            TypeKind::Decimal(precision, scale, Some(range)) => {
                let low = self.expr(&range.0, Place::default());
                let high = self.expr(&range.1, Place::default());
                let head = Doc::text(format!("decimal({precision}, {scale}) "));
                return all([head, low, Doc::text("..="), high]);
            }
            TypeKind::Text { size: bounds, pattern, nfc } => {
                let pattern = pattern.as_ref().map(|it| format!(" pattern {}", quoted(&it.0))).unwrap_or_default();
                format!("text {}{pattern}{}", size(bounds), if *nfc { " nfc" } else { "" })
            }
            TypeKind::Bytes(bounds) => format!("bytes {}", size(bounds)),
            TypeKind::Hash(function) => format!("hash {}", function.name()),
            TypeKind::List(element, bounds) => {
                return all([Doc::text("list<"), self.ty(element), Doc::text(format!("> {}", size(bounds)))]);
            }
            TypeKind::Map(pair, bounds) => {
                let (key, value) = (self.ty(&pair.0), self.ty(&pair.1));
                return all([Doc::text("map<"), key, Doc::text(", "), value, Doc::text(format!("> {}", size(bounds)))]);
            }
            TypeKind::Optional(inner) => return all([Doc::text("optional "), self.ty(inner)]),
            TypeKind::Named(path) => path.text(),
        })
    }

    pub(super) fn expr(&mut self, e: &Expr, place: Place) -> Doc {
        let own = power(&e.kind);
        let loose = own < place.power;
        let brace = place.no_brace && matches!(e.kind, ExprKind::Record(..));
        let has_else = match &e.kind {
            ExprKind::Unwrap(..) => true,
            ExprKind::Narrow(narrow) => matches!(narrow.policy, Policy::Else(_)),
            _ => false,
        };
        if loose || brace || (place.no_else && has_else) {
            let inside = self.bare(e, Place::default());
            return all([Doc::text("("), all([Doc::Soft, inside]).nest(), Doc::Soft, Doc::text(")")]).group();
        }
        self.bare(e, place)
    }

    fn bare(&mut self, e: &Expr, place: Place) -> Doc {
        let free = Place::default();
        match &e.kind {
            ExprKind::Bad => Doc::text("?"),
            ExprKind::Bool(b) => Doc::text(b.to_string()),
            ExprKind::Int(n) => Doc::text(int(n)),
            ExprKind::Decimal(n, scale) => {
                let text = decimal_text(n, *scale, *scale);
                let (whole, part) = text.split_once('.').unwrap_or((&text, "0"));
                Doc::text(format!("{}.{part}", grouped(whole)))
            }
            ExprKind::Float(f) => Doc::text(float(*f)),
            ExprKind::Text(text) => Doc::text(quoted(text)),
            ExprKind::Bytes(bytes) => Doc::text(format!("x\"{}\"", hex::encode(bytes))),
            ExprKind::None => Doc::text("none"),
            ExprKind::Some(inner) => all([Doc::text("some "), self.expr(inner, Place { power: NEGATE, ..place })]),
            ExprKind::Variable(name) => Doc::text(&**name),
            ExprKind::Path(path) => Doc::text(path.text()),
            ExprKind::Outputs(fields) => list_with("(", self.named(fields), ")", false),
            ExprKind::List(items) => {
                let items = items.iter().map(|item| self.part(item.span, |form| form.expr(item, free))).collect();
                list_with("[", items, "]", false)
            }
            ExprKind::Map(entries) => {
                let entries = entries
                    .iter()
                    .map(|(key, value)| {
                        self.part(key.span.to(value.span), |form| {
                            all([form.expr(key, free), Doc::text(": "), form.expr(value, free)])
                        })
                    })
                    .collect();
                all([Doc::text("map "), list_with("{", entries, "}", true)])
            }
            ExprKind::Each(each) => self.each(each),
            ExprKind::Record(path, fields) => {
                all([Doc::text(format!("{} ", path.text())), list_with("{", self.named(fields), "}", true)])
            }
            ExprKind::With(of, fields) => {
                let of = self.expr(of, Place { power: POSTFIX, ..place });
                all([of, Doc::text(" with "), list_with("{", self.named(fields), "}", true)])
            }
            ExprKind::Field(of, name) => {
                all([self.expr(of, Place { power: POSTFIX, ..place }), Doc::text(format!(".{}", name.name))])
            }
            ExprKind::Primitive(name, arguments) => {
                let arguments = arguments.iter().map(|argument| self.expr(argument, free)).collect();
                all([Doc::text(&*name.name), list("(", arguments, ")", false)])
            }
            ExprKind::Call(path, arguments) => all([Doc::text(path.text()), self.arguments(arguments)]),
            ExprKind::Negate(inner) => all([Doc::text("-"), self.expr(inner, Place { power: NEGATE, ..place })]),
            ExprKind::Not(inner) => all([Doc::text("not "), self.expr(inner, Place { power: 4, ..place })]),
            ExprKind::Binary(operator, left, right) => self.binary(*operator, left, right, place),
            ExprKind::Narrow(narrow) => self.narrow(narrow, place),
            ExprKind::Unwrap(value, raise) => {
                let value = self.expr(value, Place { power: NEGATE, ..place });
                let tail = all([Doc::Line, Doc::text("else "), self.raise(raise)]).nest();
                all([value, tail]).group()
            }
            ExprKind::Fail(raise) => all([Doc::text("fail "), self.raise(raise)]),
            ExprKind::If(condition, then, otherwise) => self.if_expr(condition, then, otherwise).group(),
            ExprKind::Match(value, arms) => self.match_expr(value, arms, e.span.end),
            ExprKind::Fold(fold) => self.fold(fold),
        }
    }

    /// A part of a list with its comments: those before it, and the one behind it.
    fn part(&mut self, span: Span, text: impl FnOnce(&mut Self) -> Doc) -> (Doc, Doc) {
        let before = self.before(span.start);
        let text = text(self);
        (all([before, text]), self.behind(span.end))
    }

    fn named(&mut self, fields: &[(Ident, Expr)]) -> Vec<(Doc, Doc)> {
        let one = |form: &mut Self, (name, value): &(Ident, Expr)| {
            form.part(name.span.to(value.span), |form| {
                all([Doc::text(format!("{}: ", name.name)), form.expr(value, Place::default())])
            })
        };
        fields.iter().map(|field| one(self, field)).collect()
    }

    pub(super) fn arguments(&mut self, arguments: &[Argument]) -> Doc {
        let mut parts = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let name = argument.name.as_ref().map(|name| format!("{}: ", name.name)).unwrap_or_default();
            let span = argument.name.as_ref().map_or(argument.value.span, |it| it.span.to(argument.value.span));
            parts.push(self.part(span, |form| all([Doc::text(name), form.expr(&argument.value, Place::default())])));
        }
        list_with("(", parts, ")", false)
    }

    pub(super) fn raise(&mut self, raise: &Raise) -> Doc {
        let arguments = if raise.arguments.is_empty() { Doc::Nil } else { self.arguments(&raise.arguments) };
        all([Doc::text(raise.error.text()), arguments])
    }

    /// A chain of operators of one power breaks before each of them.
    fn binary(&mut self, operator: Binary, left: &Expr, right: &Expr, place: Place) -> Doc {
        let power = operator.power();
        let mut chain = vec![(operator, right)];
        let mut first = left;
        while let ExprKind::Binary(operator, left, right) = &first.kind {
            if operator.power() != power || power == 4 {
                break;
            }
            chain.push((*operator, right));
            first = left;
        }
        // Comparisons do not chain: one inside another stands in parentheses.
        let first_power = if power == 4 { power + 1 } else { power };
        let first = self.expr(first, Place { power: first_power, ..place });
        let mut tail = Vec::new();
        for (operator, right) in chain.into_iter().rev() {
            tail.push(Doc::Line);
            tail.push(Doc::text(format!("{} ", operator.mark())));
            tail.push(self.expr(right, Place { power: power + 1, ..place }));
        }
        all([first, Doc::All(tail).nest()]).group()
    }

    fn narrow(&mut self, narrow: &Narrow, place: Place) -> Doc {
        // What is made to fit stands in parentheses, though the grammar could do without.
        let value = self.expr(&narrow.value, Place { power: NEGATE, ..place });
        let ty = self.ty(&narrow.ty);
        let round = narrow.round.map(|it| format!(" round {}", it.name())).unwrap_or_default();
        let policy = match &narrow.policy {
            Policy::Exact => Doc::Nil,
            Policy::Clamp => Doc::text(" clamp"),
            Policy::Wrap => Doc::text(" wrap"),
            Policy::Else(raise) => all([Doc::text(" else "), self.raise(raise)]),
        };
        all([value, all([Doc::Line, Doc::text("as "), ty, Doc::text(round), policy]).nest()]).group()
    }

    fn over(&mut self, names: &[Ident], over: &Over, place: Place) -> Doc {
        let names: Vec<&str> = names.iter().map(|name| &*name.name).collect();
        let head = Doc::text(format!("for {} in ", names.join(", ")));
        match over {
            Over::Value(value) => all([head, self.expr(value, place)]),
            Over::Range(from, to) => all([head, self.expr(from, place), Doc::text("..="), self.expr(to, place)]),
        }
    }

    fn each(&mut self, each: &Each) -> Doc {
        let free = Place::default();
        let value = self.expr(&each.value, free);
        let over = self.over(&each.names, &each.over, free);
        let condition = match &each.condition {
            Some(condition) => all([Doc::Line, Doc::text("if "), self.expr(condition, free)]),
            None => Doc::Nil,
        };
        let inside = all([Doc::Soft, value, Doc::Line, over, condition]).nest();
        all([Doc::text("["), inside, Doc::Soft, Doc::text("]")]).group()
    }

    fn if_expr(&mut self, condition: &Expr, then: &Block, otherwise: &Block) -> Doc {
        let condition = self.expr(condition, Place { no_brace: true, ..Place::default() });
        let then = self.block_parts(then);
        let plain = otherwise.statements.is_empty();
        let otherwise = match &otherwise.value.kind {
            ExprKind::If(condition, then, last) if plain => self.if_expr(condition, then, last),
            _ => self.block_parts(otherwise),
        };
        all([Doc::text("if "), condition, Doc::text(" "), then, Doc::text(" else "), otherwise])
    }

    fn match_expr(&mut self, value: &Expr, arms: &[Arm], end: u32) -> Doc {
        let head = self.expr(value, Place { no_brace: true, ..Place::default() });
        let mut inside = Vec::new();
        for arm in arms {
            let before = self.before(arm.span.start);
            let patterns: Vec<String> = arm.patterns.iter().map(|it| pattern(&it.kind)).collect();
            let value = self.expr(&arm.value, Place::default());
            inside.push(Doc::Hard);
            let head = Doc::text(format!("{} => ", patterns.join(" | ")));
            inside.push(all([before, head, value, Doc::text(","), self.behind(arm.span.end)]));
        }
        inside.extend(self.rest(end));
        all([Doc::text("match "), head, Doc::text(" {"), Doc::All(inside).nest(), Doc::Hard, Doc::text("}")])
    }

    /// Comments before a closing mark.
    fn rest(&mut self, end: u32) -> Vec<Doc> {
        let Doc::All(mut comments) = self.before(end) else { return Vec::new() };
        // The last break belongs to the closing mark.
        comments.pop();
        let mut parts = vec![Doc::Hard];
        parts.extend(comments);
        parts
    }

    fn fold(&mut self, fold: &Fold) -> Doc {
        let head = Place { no_brace: true, ..Place::default() };
        let ty = self.ty(&fold.ty);
        let init = self.expr(&fold.init, head);
        let over = self.over(&fold.names, &fold.over, head);
        let body = self.block_parts(&fold.body);
        let start = Doc::text(format!("fold {}: ", fold.acc.name));
        all([start, ty, Doc::text(" = "), init, Doc::text(" "), over, Doc::text(" "), body]).group()
    }

    fn block_parts(&mut self, block: &Block) -> Doc {
        self.block(block, false)
    }

    /// A block; on one line only where it has no statements, no comments, and its group fits.
    pub(super) fn block(&mut self, block: &Block, open: bool) -> Doc {
        let comments = self.has_inside(block.span);
        let broken = open || comments || !block.statements.is_empty();
        let mut inside = Vec::new();
        for statement in &block.statements {
            inside.push(Doc::Hard);
            inside.push(self.statement(statement));
        }
        inside.push(if broken { Doc::Hard } else { Doc::Line });
        let before = self.before(block.value.span.start);
        inside.push(before);
        inside.push(self.expr(&block.value, Place::default()));
        inside.push(if self.has_inside(block.span) { self.behind(block.value.span.end) } else { Doc::Nil });
        inside.extend(self.rest(block.span.end));
        let last = if broken { Doc::Hard } else { Doc::Line };
        all([Doc::text("{"), Doc::All(inside).nest(), last, Doc::text("}")])
    }

    fn statement(&mut self, statement: &Statement) -> Doc {
        match statement {
            Statement::Require(require) => {
                let before = self.before(require.span.start);
                let text = self.require(require);
                all([before, text, Doc::text(";"), self.behind(require.span.end)])
            }
            Statement::Let(name, ty, value, span) => {
                let before = self.before(span.start);
                let ty = ty.as_ref().map(|ty| all([Doc::text(": "), self.ty(ty)])).unwrap_or(Doc::Nil);
                let value = self.expr(value, Place::default());
                let parts =
                    [before, Doc::text(format!("let {}", name.name)), ty, Doc::text(" = "), value, Doc::text(";")];
                all(parts.into_iter().chain([self.behind(span.end)]))
            }
        }
    }
}

fn pattern(kind: &PatternKind) -> String {
    match kind {
        PatternKind::Any => "_".to_owned(),
        PatternKind::Value(name) => name.name.to_string(),
        PatternKind::None => "none".to_owned(),
        PatternKind::Some(name) => format!("some {}", name.name),
        PatternKind::Bool(b) => b.to_string(),
        PatternKind::Range(low, high) if low == high => int(low),
        PatternKind::Range(low, high) => format!("{}..={}", int(low), int(high)),
        PatternKind::Text(text) => quoted(text),
    }
}
