//! Encoded types and expressions, as syntax trees without spans.
//!
//! Invariant: every part of a node is taken exactly once, so nothing can be hidden in an encoding. This file does not
//! know whether what is said makes sense.

use super::decode::ident;
use crate::syntax::{self as s, ExprKind, Name, Span, TypeKind};
use gx_store::encode::{DecodeError as Broken, Value as Cbor, as_text};
use num_bigint::BigInt;
use std::cell::Cell;
use std::collections::BTreeMap;

type Read<T> = Result<T, Broken>;

pub(super) fn unexpected(what: &str) -> Broken {
    Broken::field("node", format!("'{what}' is not expected here"))
}

/// The parts of an array, taken one after the other.
pub(super) struct Items {
    parts: std::vec::IntoIter<Cbor>,
}

impl Items {
    pub(super) fn of(value: Cbor) -> Read<Items> {
        match value {
            Cbor::Array(parts) => Ok(Items { parts: parts.into_iter() }),
            _ => Err(Broken::field("node", "an array is expected")),
        }
    }

    pub(super) fn next(&mut self) -> Read<Cbor> {
        self.parts.next().ok_or_else(|| Broken::field("node", "a part is missing"))
    }

    pub(super) fn tag(&mut self) -> Read<String> {
        self.text()
    }

    pub(super) fn text(&mut self) -> Read<String> {
        as_text(self.next()?, "node")
    }

    pub(super) fn boolean(&mut self) -> Read<bool> {
        match self.next()? {
            Cbor::Bool(b) => Ok(b),
            _ => Err(Broken::field("node", "a boolean is expected")),
        }
    }

    pub(super) fn float(&mut self) -> Read<f64> {
        match self.next()? {
            Cbor::Float(bits) => Ok(f64::from_bits(bits)),
            _ => Err(Broken::field("node", "a float is expected")),
        }
    }

    pub(super) fn small(&mut self) -> Read<u32> {
        match self.next()? {
            Cbor::Unsigned(n) => u32::try_from(n).map_err(|_| Broken::field("node", "a number is too large")),
            _ => Err(Broken::field("node", "a number is expected")),
        }
    }

    pub(super) fn big(&mut self) -> Read<BigInt> {
        match self.next()? {
            Cbor::Unsigned(n) => Ok(BigInt::from(n)),
            Cbor::Negative(n) => Ok(-BigInt::from(n) - 1),
            Cbor::Text(text) if text.len() <= 100 => text.parse().map_err(|_| unexpected(&text)),
            _ => Err(Broken::field("node", "a whole number is expected")),
        }
    }

    pub(super) fn names(&mut self) -> Read<Vec<Name>> {
        Items::of(self.next()?)?.rest().map(|name| Ok(Name::from(as_text(name, "node")?))).collect()
    }

    pub(super) fn rest(self) -> impl Iterator<Item = Cbor> {
        self.parts
    }

    pub(super) fn finish(mut self) -> Read<()> {
        match self.parts.next() {
            None => Ok(()),
            Some(_) => Err(Broken::field("node", "it has a part too much")),
        }
    }
}

/// What reading needs: the names that imported contracts get.
#[derive(Default)]
pub(super) struct Trees {
    aliases: BTreeMap<String, String>,
    /// How deep the expression stands that is being read.
    depth: Cell<u16>,
}

fn expr(kind: ExprKind) -> s::Expr {
    s::Expr { kind, span: Span::default(), depth: 0 }
}

impl Trees {
    /// A name for an imported contract: the last part of its own, with a number where that is taken.
    pub(super) fn alias(&mut self, full: &str) -> String {
        let last = full.rsplit('.').next().unwrap_or(full).to_owned();
        let taken = |name: &String, aliases: &BTreeMap<String, String>| aliases.values().any(|it| it == name);
        let mut alias = last.clone();
        let mut n = 2;
        while taken(&alias, &self.aliases) {
            alias = format!("{last}{n}");
            n += 1;
        }
        self.aliases.insert(full.to_owned(), alias.clone());
        alias
    }

    pub(super) fn reference(&self, value: Cbor) -> Read<s::Path> {
        let mut parts = match value {
            Cbor::Text(name) => return Ok(s::Path { parts: vec![ident(&name)] }),
            other => Items::of(other)?,
        };
        let (contract, name) = (parts.text()?, parts.text()?);
        parts.finish()?;
        let alias = self.aliases.get(&contract).ok_or_else(|| unexpected(&contract))?;
        Ok(s::Path { parts: vec![ident(alias), ident(&name)] })
    }

    pub(super) fn ty(&self, value: Cbor) -> Read<s::TypeExpr> {
        let mut it = Items::of(value)?;
        let tag = it.tag()?;
        let bound = |n: BigInt| s::Bound::Number(n);
        let size = |it: &mut Items| Ok::<_, Broken>(Box::new((bound(it.big()?), bound(it.big()?))));
        let kind = match tag.as_str() {
            "bool" => TypeKind::Bool,
            "float" => TypeKind::Float,
            "int" => TypeKind::Int(bound(it.big()?), bound(it.big()?)),
            "decimal" => {
                let scale = it.small()?;
                let (low, high) = (it.big()?, it.big()?);
                decimal(scale, low, high)
            }
            "text" => {
                let size = size(&mut it)?;
                let pattern = match it.next()? {
                    Cbor::Null => None,
                    other => Some((as_text(other, "pattern")?, Span::default())),
                };
                TypeKind::Text { size, pattern, nfc: it.boolean()? }
            }
            "bytes" => TypeKind::Bytes(size(&mut it)?),
            "hash" => TypeKind::Hash(s::HashFn::of(&it.text()?).ok_or_else(|| unexpected("hash"))?),
            "list" => {
                let element = self.ty(it.next()?)?;
                TypeKind::List(Box::new(element), size(&mut it)?)
            }
            "map" => {
                let pair = (self.ty(it.next()?)?, self.ty(it.next()?)?);
                TypeKind::Map(Box::new(pair), size(&mut it)?)
            }
            "optional" => TypeKind::Optional(Box::new(self.ty(it.next()?)?)),
            "named" => TypeKind::Named(self.reference(it.next()?)?),
            other => return Err(unexpected(other)),
        };
        it.finish()?;
        Ok(s::TypeExpr { kind, span: Span::default() })
    }

    pub(super) fn exprs(&self, value: Cbor) -> Read<Vec<s::Expr>> {
        Items::of(value)?.rest().map(|value| self.expr(value)).collect()
    }

    fn boxed(&self, it: &mut Items) -> Read<Box<s::Expr>> {
        Ok(Box::new(self.expr(it.next()?)?))
    }

    pub(super) fn require(&self, value: Cbor) -> Read<s::Require> {
        let mut it = Items::of(value)?;
        let (condition, raise) = (self.expr(it.next()?)?, self.raise(it.next()?)?);
        it.finish()?;
        Ok(s::Require { condition, raise, span: Span::default() })
    }

    pub(super) fn raise(&self, value: Cbor) -> Read<s::Raise> {
        let mut it = Items::of(value)?;
        let error = self.reference(it.next()?)?;
        let arguments = self.arguments(it.next()?)?;
        it.finish()?;
        Ok(s::Raise { error, arguments, span: Span::default() })
    }

    fn arguments(&self, value: Cbor) -> Read<Vec<s::Argument>> {
        Ok(self.exprs(value)?.into_iter().map(|value| s::Argument { name: None, value }).collect())
    }

    fn fields(&self, value: Cbor) -> Read<Vec<(s::Ident, s::Expr)>> {
        let one = |value| {
            let mut it = Items::of(value)?;
            let field = (ident(&it.text()?), self.expr(it.next()?)?);
            it.finish()?;
            Ok(field)
        };
        Items::of(value)?.rest().map(one).collect()
    }

    pub(super) fn block(&self, value: Cbor) -> Read<s::Block> {
        let mut it = Items::of(value)?;
        let mut statements = Vec::new();
        for value in Items::of(it.next()?)?.rest() {
            let mut part = Items::of(value)?;
            let statement = match part.tag()?.as_str() {
                "let" => {
                    let name = ident(&part.text()?);
                    let ty = match part.next()? {
                        Cbor::Null => None,
                        other => Some(self.ty(other)?),
                    };
                    s::Statement::Let(name, ty, self.expr(part.next()?)?, Span::default())
                }
                "require" => s::Statement::Require(self.require(part.next()?)?),
                other => return Err(unexpected(other)),
            };
            part.finish()?;
            statements.push(statement);
        }
        let value = self.boxed(&mut it)?;
        it.finish()?;
        Ok(s::Block { statements, value, span: Span::default() })
    }

    pub(super) fn expr(&self, value: Cbor) -> Read<s::Expr> {
        let depth = self.depth.get();
        if depth >= s::MAX_DEPTH {
            return Err(Broken::field("node", "expressions nest too deeply"));
        }
        self.depth.set(depth + 1);
        let read = self.expr_inside(value);
        self.depth.set(depth);
        read
    }

    fn expr_inside(&self, value: Cbor) -> Read<s::Expr> {
        let parts = match value {
            Cbor::Bool(b) => return Ok(expr(ExprKind::Bool(b))),
            Cbor::Float(bits) => return Ok(expr(ExprKind::Float(f64::from_bits(bits)))),
            Cbor::Text(text) => return Ok(expr(ExprKind::Text(text))),
            Cbor::Bytes(bytes) => return Ok(expr(ExprKind::Bytes(bytes))),
            Cbor::Null => return Ok(expr(ExprKind::None)),
            other => other,
        };
        let mut it = Items::of(parts)?;
        let tag = it.tag()?;
        let kind = match s::Binary::of(&tag) {
            Some(operator) => ExprKind::Binary(operator, self.boxed(&mut it)?, self.boxed(&mut it)?),
            None => self.node(&tag, &mut it)?,
        };
        it.finish()?;
        Ok(expr(kind))
    }

    fn node(&self, tag: &str, it: &mut Items) -> Read<ExprKind> {
        Ok(match tag {
            "int" => ExprKind::Int(it.big()?),
            "decimal" => ExprKind::Decimal(it.big()?, it.small()?.min(100)),
            "some" => ExprKind::Some(self.boxed(it)?),
            "var" => ExprKind::Variable(Name::from(it.text()?)),
            "const" => ExprKind::Path(self.reference(it.next()?)?),
            "value" => {
                let mut path = self.reference(it.next()?)?;
                path.parts.push(ident(&it.text()?));
                ExprKind::Path(path)
            }
            "outputs" => ExprKind::Outputs(self.fields(it.next()?)?),
            "list" => ExprKind::List(self.exprs(it.next()?)?),
            "map" => {
                let one = |value| {
                    let mut it = Items::of(value)?;
                    let entry = (self.expr(it.next()?)?, self.expr(it.next()?)?);
                    it.finish()?;
                    Ok(entry)
                };
                ExprKind::Map(Items::of(it.next()?)?.rest().map(one).collect::<Read<_>>()?)
            }
            "record" => ExprKind::Record(self.reference(it.next()?)?, self.fields(it.next()?)?),
            "with" => ExprKind::With(self.boxed(it)?, self.fields(it.next()?)?),
            "field" => ExprKind::Field(self.boxed(it)?, ident(&it.text()?)),
            "prim" => ExprKind::Primitive(ident(&it.text()?), self.exprs(it.next()?)?),
            "divide" => {
                let (a, b) = (self.expr(it.next()?)?, self.expr(it.next()?)?);
                let scale = expr(ExprKind::Int(it.small()?.into()));
                let how = expr(ExprKind::Variable(Name::from(it.text()?)));
                ExprKind::Primitive(ident("divide"), vec![a, b, scale, how])
            }
            "matches" => {
                let text = self.expr(it.next()?)?;
                ExprKind::Primitive(ident("matches"), vec![text, expr(ExprKind::Text(it.text()?))])
            }
            "call" => ExprKind::Call(self.reference(it.next()?)?, self.arguments(it.next()?)?),
            "neg" => ExprKind::Negate(self.boxed(it)?),
            "not" => ExprKind::Not(self.boxed(it)?),
            _ => return self.control(tag, it),
        })
    }

    fn control(&self, tag: &str, it: &mut Items) -> Read<ExprKind> {
        Ok(match tag {
            "as" => {
                let (value, ty) = (self.expr(it.next()?)?, self.ty(it.next()?)?);
                let round = match it.next()? {
                    Cbor::Null => None,
                    other => Some(s::Rounding::of(&as_text(other, "round")?).ok_or_else(|| unexpected("round"))?),
                };
                let mut policy = Items::of(it.next()?)?;
                let policy = match policy.tag()?.as_str() {
                    "exact" => s::Policy::Exact,
                    "clamp" => s::Policy::Clamp,
                    "wrap" => s::Policy::Wrap,
                    "else" => s::Policy::Else(self.raise(policy.next()?)?),
                    other => return Err(unexpected(other)),
                };
                ExprKind::Narrow(Box::new(s::Narrow { value, ty, round, policy }))
            }
            "unwrap" => ExprKind::Unwrap(self.boxed(it)?, self.raise(it.next()?)?),
            "fail" => ExprKind::Fail(self.raise(it.next()?)?),
            "if" => ExprKind::If(self.boxed(it)?, self.block(it.next()?)?, self.block(it.next()?)?),
            "match" => {
                let value = self.boxed(it)?;
                ExprKind::Match(value, Items::of(it.next()?)?.rest().map(|arm| self.arm(arm)).collect::<Read<_>>()?)
            }
            "fold" => {
                let acc = ident(&it.text()?);
                let (ty, init) = (self.ty(it.next()?)?, self.expr(it.next()?)?);
                let names = it.names()?.iter().map(|name| ident(name)).collect();
                let (over, body) = (self.over(it.next()?)?, self.block(it.next()?)?);
                ExprKind::Fold(Box::new(s::Fold { acc, ty, init, names, over, body }))
            }
            "collect" => {
                let value = self.expr(it.next()?)?;
                let names = it.names()?.iter().map(|name| ident(name)).collect();
                let over = self.over(it.next()?)?;
                let condition = match it.next()? {
                    Cbor::Null => None,
                    other => {
                        let mut only = Items::of(other)?;
                        let condition = self.expr(only.next()?)?;
                        only.finish()?;
                        Some(condition)
                    }
                };
                ExprKind::Each(Box::new(s::Each { value, names, over, condition }))
            }
            other => return Err(unexpected(other)),
        })
    }

    fn over(&self, value: Cbor) -> Read<s::Over> {
        let mut it = Items::of(value)?;
        let over = match it.tag()?.as_str() {
            "each" => s::Over::Value(self.expr(it.next()?)?),
            "range" => s::Over::Range(self.expr(it.next()?)?, self.expr(it.next()?)?),
            other => return Err(unexpected(other)),
        };
        it.finish()?;
        Ok(over)
    }

    fn arm(&self, value: Cbor) -> Read<s::Arm> {
        let mut it = Items::of(value)?;
        let patterns = Items::of(it.next()?)?.rest().map(pattern).collect::<Read<_>>()?;
        let value = self.expr(it.next()?)?;
        it.finish()?;
        Ok(s::Arm { patterns, value, span: Span::default() })
    }
}

fn pattern(value: Cbor) -> Read<s::Pattern> {
    let kind = match value {
        Cbor::Null => s::PatternKind::None,
        Cbor::Bool(b) => s::PatternKind::Bool(b),
        Cbor::Text(text) => s::PatternKind::Text(text),
        other => {
            let mut it = Items::of(other)?;
            let kind = match it.tag()?.as_str() {
                "any" => s::PatternKind::Any,
                "value" => s::PatternKind::Value(ident(&it.text()?)),
                "some" => s::PatternKind::Some(ident(&it.text()?)),
                "range" => s::PatternKind::Range(it.big()?, it.big()?),
                other => return Err(unexpected(other)),
            };
            it.finish()?;
            kind
        }
    };
    Ok(s::Pattern { kind, span: Span::default() })
}

/// A decimal with a range of digits, as it would be written.
fn decimal(scale: u32, low: BigInt, high: BigInt) -> TypeKind {
    let range = super::Range::new(low, high);
    let precision = super::precision(&range).max(scale).max(1);
    let most: BigInt = BigInt::from(10).pow(precision.min(100)) - 1;
    if range.high == most && range.low == -most {
        return TypeKind::Decimal(precision, scale, None);
    }
    let end = |n: BigInt| expr(if scale == 0 { ExprKind::Int(n) } else { ExprKind::Decimal(n, scale) });
    TypeKind::Decimal(precision, scale, Some(Box::new((end(range.low), end(range.high)))))
}
