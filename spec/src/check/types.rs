//! Types: from what is written to what is meant (rules S8 to S11, and where floats may stand).
//!
//! It does not know values; constants in bounds are asked for.

use super::names::Home;
use super::{Checker, Scope};
use crate::diagnostic::{Diagnostic, Rule};
use crate::ir::{Range, Size, TextType, Type, Value};
use crate::syntax::{Bound, Ident, ItemKind, Name, Path, Span, TypeExpr, TypeKind};
use num_bigint::BigInt;
use num_traits::ToPrimitive;
use std::sync::Arc;

/// The largest size of anything: what every target can hold.
pub(super) const MAX_SIZE: u64 = 1 << 24;

/// The most digits of a decimal: they fit into 128 bits.
const MAX_PRECISION: u32 = 38;

impl Checker<'_> {
    /// The type that is written.
    pub(super) fn ty(&mut self, ty: &TypeExpr) -> Type {
        match &ty.kind {
            TypeKind::Bool => Type::Bool,
            TypeKind::Float => Type::Float,
            TypeKind::Int(low, high) => self.int(low, high, ty.span),
            TypeKind::Alias(name) => alias(name),
            TypeKind::Decimal(precision, scale, range) => {
                let range = range.as_ref().map(|it| (&it.0, &it.1));
                self.decimal(*precision, *scale, range, ty.span)
            }
            TypeKind::Text { size, pattern, nfc } => {
                let size = self.size(size, ty.span);
                let pattern = pattern.as_ref().map(|(pattern, span)| {
                    if let Err(fault) = crate::pattern::check(pattern) {
                        let fault = Diagnostic::new(Rule::Pattern, *span, fault.to_string()).label("in this pattern");
                        self.fault(fault.hint("a pattern matches the whole text; docs/upel.md lists what it may use"));
                    }
                    Name::from(pattern.as_str())
                });
                Type::Text(TextType { size, pattern, nfc: *nfc, known: None })
            }
            TypeKind::Bytes(size) => Type::Bytes(self.size(size, ty.span)),
            TypeKind::Hash(function) => Type::Hash(*function),
            TypeKind::List(element, size) => {
                let element = self.ty(element);
                Type::List(Arc::new(element), self.size(size, ty.span))
            }
            TypeKind::Map(pair, size) => {
                let (key, value) = (self.ty(&pair.0), self.ty(&pair.1));
                if !key.is_ordered() {
                    let message = format!("values of the type '{key}' have no order, and cannot be keys");
                    let fault = Diagnostic::new(Rule::MapKey, pair.0.span, message).label("the key");
                    self.fault(fault.hint("keys are bool, int, decimal, text, bytes, hash or an enum"));
                }
                Type::Map(Arc::new(key), Arc::new(value), self.size(size, ty.span))
            }
            TypeKind::Optional(inner) => {
                let inner = self.ty(inner);
                if matches!(inner.base(), Type::Optional(_)) {
                    self.say(Rule::Bounds, ty.span, "an optional of an optional has two kinds of none");
                }
                inner.optional()
            }
            TypeKind::Named(path) => self.named(path),
        }
    }

    fn int(&mut self, low: &Bound, high: &Bound, span: Span) -> Type {
        let (Some(low), Some(high)) = (self.bound(low), self.bound(high)) else { return Type::Bad };
        if low > high {
            let fault = Diagnostic::new(Rule::Bounds, span, format!("no number is in {low}..={high}"));
            self.fault(fault.hint(format!("write int {high}..={low}")));
        }
        let range = Range::new(low, high);
        if !range.fits_width() {
            self.say(Rule::Bounds, span, "bounds of whole numbers fit into 256 bits");
        }
        Type::Int(range)
    }

    fn bound(&mut self, bound: &Bound) -> Option<BigInt> {
        match bound {
            Bound::Number(n) => Some(n.clone()),
            Bound::Const(path) => match self.constant_value(path)? {
                Value::Int(n) => Some(n),
                _ => {
                    self.say(Rule::Agree, path.span(), "a bound is a whole number");
                    None
                }
            },
        }
    }

    fn size(&mut self, bounds: &(Bound, Bound), span: Span) -> Size {
        let (low, high) = (self.bound(&bounds.0), self.bound(&bounds.1));
        let (Some(low), Some(high)) = (low, high) else { return Size::new(0, MAX_SIZE) };
        match (low.to_u64(), high.to_u64()) {
            (Some(low), Some(high)) if low <= high && high <= MAX_SIZE => Size::new(low, high),
            (Some(low), Some(high)) if low > high => {
                let fault = Diagnostic::new(Rule::Bounds, span, format!("no size is in {low}..={high}"));
                self.fault(fault.hint(format!("write {high}..={low}")));
                Size::new(high, low.min(MAX_SIZE))
            }
            _ => {
                self.say(Rule::Bounds, span, format!("sizes are from 0 to {MAX_SIZE}, not {low}..={high}"));
                Size::new(0, MAX_SIZE)
            }
        }
    }

    fn decimal(
        &mut self,
        precision: u32,
        scale: u32,
        range: Option<(&crate::syntax::Expr, &crate::syntax::Expr)>,
        span: Span,
    ) -> Type {
        if precision == 0 || precision > MAX_PRECISION || scale > precision {
            let message =
                format!("decimal({precision}, {scale}): digits are 1 to {MAX_PRECISION}, and no more behind the point");
            self.say(Rule::Bounds, span, message);
            return Type::Bad;
        }
        let most: BigInt = BigInt::from(10).pow(precision) - 1;
        let all = Range::new(-most.clone(), most);
        let Some((low, high)) = range else { return Type::Decimal(scale, all) };
        let ends = [low, high].map(|end| {
            let expr = self.infer(&mut Scope::constant(), end);
            match expr.ty.base() {
                Type::Int(range) => Some(range.low.clone() * BigInt::from(10).pow(scale)),
                Type::Decimal(own, range) if *own <= scale => {
                    Some(range.low.clone() * BigInt::from(10).pow(scale - own))
                }
                _ => None,
            }
        });
        match ends {
            [Some(low), Some(high)] if low <= high && all.has(&low) && all.has(&high) => {
                Type::Decimal(scale, Range::new(low, high))
            }
            _ => {
                let message =
                    format!("the range is of two numbers in order that fit into decimal({precision}, {scale})");
                self.say(Rule::Bounds, span, message);
                Type::Bad
            }
        }
    }

    /// The type of that name.
    pub(super) fn named(&mut self, path: &Path) -> Type {
        match self.home(path, "a type") {
            Some(Home::Here(name)) => self.own_type(&name, path.span()),
            Some(Home::There(contract, name)) => contract.ty(&name).unwrap_or_else(|| {
                let aliases = contract.aliases.iter().map(|it| it.id.name.clone());
                let enums = contract.enums.iter().map(|it| it.id.name.clone());
                let known: Vec<Name> =
                    aliases.chain(enums).chain(contract.records.iter().map(|it| it.id.name.clone())).collect();
                self.unknown(&path.text(), path.span(), "type", &known);
                Type::Bad
            }),
            None => Type::Bad,
        }
    }

    fn own_type(&mut self, name: &Name, span: Span) -> Type {
        if let Some(found) = self.types.get(name) {
            return found.clone();
        }
        let item = self
            .items
            .get(name)
            .copied()
            .filter(|item| matches!(item.kind, ItemKind::Type(..) | ItemKind::Enum(_) | ItemKind::Record(_)));
        let Some(item) = item else {
            let mut known =
                self.declared(|it| matches!(it, ItemKind::Type(..) | ItemKind::Enum(_) | ItemKind::Record(_)));
            known.extend(["bool", "int", "decimal", "text", "bytes", "list", "map"].map(Name::from));
            self.unknown(name, span, "type", &known);
            return Type::Bad;
        };
        if self.circle(name, span, "type") {
            return Type::Bad;
        }
        self.visiting.push(name.clone());
        let ty = self.type_item(item);
        self.visiting.pop();
        self.types.insert(name.clone(), ty.clone());
        ty
    }

    /// Tells a thing that is made of itself.
    pub(super) fn circle(&mut self, name: &Name, span: Span, what: &str) -> bool {
        let Some(at) = self.visiting.iter().position(|visited| visited == name) else { return false };
        let way: Vec<String> = self.visiting.iter().skip(at).map(|name| format!("'{name}'")).collect();
        let fault = Diagnostic::new(Rule::TypeCycle, span, format!("the {what} '{name}' is made of itself"));
        let fault = fault.label("here it comes back").hint(format!("the way is {}", way.join(", then ")));
        self.fault(fault);
        true
    }

    /// A type of a record that is declared.
    pub(super) fn record_type(&mut self, path: &Path) -> Option<Arc<crate::ir::RecordDecl>> {
        match self.named(path).base() {
            Type::Record(decl) => Some(decl.clone()),
            Type::Bad => None,
            other => {
                let message = format!("'{}' is {other}, not a record", path.text());
                self.say(Rule::Agree, path.span(), message);
                None
            }
        }
    }

    /// Floats stand in operators of profile E1 only.
    pub(super) fn float_place(&mut self, ty: &Type, name: &Ident, allowed: bool) {
        if !allowed && ty.has_float() {
            let fault = Diagnostic::new(Rule::FloatPlace, name.span, format!("'{}' has a float in it", name.name));
            self.fault(fault.hint("use a decimal, or give the operator `profile E1` with a tolerance"));
        }
    }
}

fn alias(name: &str) -> Type {
    let bits: u32 = name.get(1..).and_then(|bits| bits.parse().ok()).unwrap_or(64);
    if name.starts_with('u') {
        return Type::Int(Range::new(0, (BigInt::from(1) << bits) - 1));
    }
    let half = BigInt::from(1) << (bits - 1);
    Type::Int(Range::new(-half.clone(), half - 1))
}
