//! The canonical encoding of an IR: CBOR by the house's one codec, and its digest.
//!
//! Invariants: what has no meaning has no place: no spans, no comments, no doc comments, no inferred types, no order of
//! declarations. Names of other contracts are full names. `decode` reads exactly this. The tags are part of the format:
//! none is ever reused for another meaning.

use super::*;
use crate::syntax::Rounding;
use gx_store::HashFunction;
use gx_store::encode::Value as Cbor;
use num_bigint::BigInt;
use num_traits::ToPrimitive;

/// The format's name.
pub(super) const SCHEMA: &str = "gx.contract.v1";

/// The canonical bytes of a contract.
pub fn encode(contract: &Contract) -> Vec<u8> {
    contract_value(contract).encode()
}

/// The digest of a contract: that of its canonical bytes. It covers imports through their digests.
pub fn digest(contract: &Contract) -> Digest {
    *contract.known_digest.get_or_init(|| HashFunction::Blake3.digest(&encode(contract)))
}

/// Something encoded with full names, also of the contract that it stands in: so it can be compared with others.
fn full<T>(encode: impl FnOnce(&Encoder<'_>) -> T) -> T {
    let nobody = Name::from("");
    encode(&Encoder { me: &nobody })
}

/// A hash with full names.
pub(crate) fn hash_value(it: &HashDecl) -> Cbor {
    full(|e| e.hash(it))
}

/// A type with full names; what is declared is named.
pub(crate) fn type_value(it: &Type) -> Cbor {
    full(|e| e.ty(it))
}

/// What is declared by a name of a type, with full names; nothing for other types.
pub(crate) fn declaration_value(it: &Type) -> Option<(Ref, Cbor)> {
    match it {
        Type::Named(alias) => Some((alias.id.clone(), full(|e| e.alias(alias)))),
        Type::Enum(decl) => Some((decl.id.clone(), full(|e| e.enum_decl(decl)))),
        Type::Record(decl) => Some((decl.id.clone(), full(|e| e.record(decl)))),
        _ => None,
    }
}

/// The same as a value.
pub(crate) fn contract_value(it: &Contract) -> Cbor {
    let e = Encoder { me: &it.name };
    let mut fields = vec![
        ("schema", Cbor::text(SCHEMA)),
        ("name", name(&it.name)),
        ("version", version(it.version)),
        ("layer", Cbor::Unsigned(u64::from(it.layer))),
        ("imports", Cbor::Array(it.imports.iter().map(import).collect())),
        ("constants", Cbor::Array(it.constants.iter().map(|it| e.constant(it)).collect())),
        ("types", Cbor::Array(it.aliases.iter().map(|it| e.alias(it)).collect())),
        ("enums", Cbor::Array(it.enums.iter().map(|it| e.enum_decl(it)).collect())),
        ("records", Cbor::Array(it.records.iter().map(|it| e.record(it)).collect())),
        ("errors", Cbor::Array(it.errors.iter().map(|it| e.error(it)).collect())),
        ("hashes", Cbor::Array(it.hashes.iter().map(|it| e.hash(it)).collect())),
        ("operators", Cbor::Array(it.operators.iter().map(|it| e.operator(it)).collect())),
        ("vectors", Cbor::Array(it.vectors.iter().map(|it| e.vector(it)).collect())),
    ];
    if let Some(error) = &it.invalid {
        fields.push(("invalid", e.reference(error)));
    }
    Cbor::record(fields)
}

fn name(name: &Name) -> Cbor {
    Cbor::text(&**name)
}

fn version(version: Version) -> Cbor {
    Cbor::Array([version.0, version.1, version.2].map(|n| Cbor::Unsigned(u64::from(n))).to_vec())
}

fn import(it: &Import) -> Cbor {
    Cbor::record([
        ("name", name(&it.name)),
        ("version", version(it.version)),
        ("digest", Cbor::text(it.digest.to_string())),
    ])
}

/// A whole number of any size: as a number where it fits, else as its digits.
pub(super) fn big(n: &BigInt) -> Cbor {
    match (n.to_u64(), (-1i32 - n).to_u64()) {
        (Some(n), _) => Cbor::Unsigned(n),
        (_, Some(n)) => Cbor::Negative(n),
        _ => Cbor::text(n.to_string()),
    }
}

fn size(size: Size) -> [Cbor; 2] {
    [Cbor::Unsigned(size.low), Cbor::Unsigned(size.high)]
}

/// `[tag, parts...]`
fn node(tag: &str, parts: impl IntoIterator<Item = Cbor>) -> Cbor {
    Cbor::Array([Cbor::text(tag)].into_iter().chain(parts).collect())
}

fn names<'n>(names: impl IntoIterator<Item = &'n Name>) -> Cbor {
    Cbor::Array(names.into_iter().map(name).collect())
}

struct Encoder<'a> {
    me: &'a Name,
}

impl Encoder<'_> {
    /// A name of this contract alone, of another with its contract.
    fn reference(&self, id: &Ref) -> Cbor {
        if id.contract == *self.me {
            return name(&id.name);
        }
        Cbor::Array(vec![name(&id.contract), name(&id.name)])
    }

    fn constant(&self, it: &Constant) -> Cbor {
        let mut fields = vec![("name", name(&it.id.name)), ("value", self.expr(&it.expr))];
        fields.extend(it.ty.as_ref().map(|ty| ("type", self.ty(ty))));
        Cbor::record(fields)
    }

    fn alias(&self, it: &Alias) -> Cbor {
        let mut fields = vec![("name", name(&it.id.name)), ("type", self.ty(&it.ty))];
        fields.extend(it.error.as_ref().map(|error| ("error", self.reference(error))));
        Cbor::record(fields)
    }

    fn enum_decl(&self, it: &EnumDecl) -> Cbor {
        let value = |it: &EnumValue| Cbor::Array(vec![name(&it.name), big(&it.number.into())]);
        let unknown = match &it.unknown {
            Unknown::Error(error) => node("error", [self.reference(error)]),
            Unknown::Value(at) => node("value", it.values.get(*at).map(|value| name(&value.name))),
        };
        Cbor::record([
            ("name", name(&it.id.name)),
            ("unknown", unknown),
            ("values", Cbor::Array(it.values.iter().map(value).collect())),
        ])
    }

    fn record(&self, it: &RecordDecl) -> Cbor {
        let field = |it: &FieldDecl| {
            let (ty, presence) = match (&it.presence, it.ty.base()) {
                (Presence::Optional, Type::Optional(inner)) => (self.ty(inner), node("optional", [])),
                (Presence::Default(value), _) => (self.ty(&it.ty), node("default", [self.expr(&value.0)])),
                _ => (self.ty(&it.ty), node("required", [])),
            };
            Cbor::record([("name", name(&it.name)), ("type", ty), ("presence", presence)])
        };
        Cbor::record([
            ("name", name(&it.id.name)),
            ("state", Cbor::Bool(it.state)),
            ("fields", Cbor::Array(it.fields.iter().map(field).collect())),
            ("requires", Cbor::Array(it.requires.iter().map(|it| self.require(it)).collect())),
        ])
    }

    fn error(&self, it: &ErrorDecl) -> Cbor {
        let parameter = |it: &(Name, Type)| Cbor::Array(vec![name(&it.0), self.ty(&it.1)]);
        Cbor::record([
            ("name", name(&it.id.name)),
            ("number", Cbor::Unsigned(u64::from(it.number))),
            ("severity", Cbor::text(it.severity.name())),
            ("category", name(&it.category)),
            ("retry", Cbor::Bool(it.retry)),
            ("message", Cbor::text(&it.message)),
            ("parameters", Cbor::Array(it.parameters.iter().map(parameter).collect())),
        ])
    }

    fn params(&self, params: &[Param]) -> Cbor {
        let param = |it: &Param| Cbor::Array(vec![name(&it.name), self.ty(&it.ty), Cbor::Bool(it.state)]);
        Cbor::Array(params.iter().map(param).collect())
    }

    fn hash(&self, it: &HashDecl) -> Cbor {
        let preimage = match &it.preimage {
            Preimage::Commit(tag, elements) => node("commit", [Cbor::text(tag), self.exprs(elements)]),
            Preimage::Object(value, without) => node("object", [self.expr(value), names(without)]),
            Preimage::Raw(value) => node("raw", [self.expr(value)]),
        };
        Cbor::record([
            ("name", name(&it.id.name)),
            ("parameters", self.params(&it.parameters)),
            ("function", Cbor::text(it.function.name())),
            ("preimage", preimage),
        ])
    }

    fn operator(&self, it: &Operator) -> Cbor {
        let mut fields = vec![
            ("name", name(&it.id.name)),
            ("extern", Cbor::Bool(it.is_extern)),
            ("purity", Cbor::text(it.purity.name())),
            ("inputs", self.params(&it.inputs)),
            ("outputs", self.params(&it.outputs)),
            ("unnamed", Cbor::Bool(it.unnamed_output)),
            ("raises", Cbor::Array(it.raises.iter().map(|it| self.reference(it)).collect())),
            ("effects", names(&it.effects)),
            ("uses", Cbor::Array(it.uses.iter().map(|it| self.reference(it)).collect())),
            ("orders", Cbor::Array(it.orders.iter().map(order).collect())),
            ("requires", Cbor::Array(it.requires.iter().map(|it| self.require(it)).collect())),
            ("ensures", self.exprs(&it.ensures)),
        ];
        let tolerances = it.tolerances.as_ref().map(|all| Cbor::Array(all.iter().map(tolerance).collect()));
        fields.extend(tolerances.map(|tolerances| ("tolerances", tolerances)));
        fields.extend(it.body.as_ref().map(|body| ("body", self.block(body))));
        Cbor::record(fields)
    }

    fn vector(&self, it: &Vector) -> Cbor {
        let expected = match &it.expected {
            Expected::Outputs(value) => node("gives", [self.expr(value)]),
            Expected::Raise(raise) => node("fails", [self.raise(raise)]),
        };
        Cbor::record([
            ("operator", name(&it.operator)),
            ("name", name(&it.name)),
            ("arguments", self.exprs(&it.arguments)),
            ("expected", expected),
        ])
    }

    fn require(&self, it: &Require) -> Cbor {
        Cbor::Array(vec![self.expr(&it.condition), self.raise(&it.raise)])
    }

    fn raise(&self, it: &Raise) -> Cbor {
        Cbor::Array(vec![self.reference(&it.error), self.exprs(&it.arguments)])
    }

    fn exprs(&self, exprs: &[Expr]) -> Cbor {
        Cbor::Array(exprs.iter().map(|it| self.expr(it)).collect())
    }

    fn ty(&self, ty: &Type) -> Cbor {
        match ty {
            Type::Bad => node("bad", []),
            Type::Never => node("never", []),
            Type::Bool => node("bool", []),
            Type::Int(range) => node("int", [big(&range.low), big(&range.high)]),
            Type::Decimal(scale, range) => {
                node("decimal", [Cbor::Unsigned(u64::from(*scale)), big(&range.low), big(&range.high)])
            }
            Type::Float => node("float", []),
            Type::Text(text) => {
                let pattern = text.pattern.as_ref().map_or(Cbor::Null, name);
                node("text", size(text.size).into_iter().chain([pattern, Cbor::Bool(text.nfc)]))
            }
            Type::Bytes(it) => node("bytes", size(*it)),
            Type::Hash(function) => node("hash", [Cbor::text(function.name())]),
            Type::List(element, it) => node("list", [self.ty(element)].into_iter().chain(size(*it))),
            Type::Map(key, value, it) => node("map", [self.ty(key), self.ty(value)].into_iter().chain(size(*it))),
            Type::Optional(inner) => node("optional", [self.ty(inner)]),
            Type::Enum(decl) => node("named", [self.reference(&decl.id)]),
            Type::Record(decl) => node("named", [self.reference(&decl.id)]),
            Type::Named(alias) => node("named", [self.reference(&alias.id)]),
            Type::Outputs(outputs) => node("outputs", outputs.iter().map(|it| self.ty(&it.1))),
        }
    }

    fn block(&self, it: &Block) -> Cbor {
        let statement = |it: &Statement| match it {
            Statement::Let(bound, ty, value) => {
                let ty = ty.as_ref().map_or(Cbor::Null, |ty| self.ty(ty));
                node("let", [name(bound), ty, self.expr(value)])
            }
            Statement::Require(require) => node("require", [self.require(require)]),
        };
        Cbor::Array(vec![Cbor::Array(it.statements.iter().map(statement).collect()), self.expr(&it.value)])
    }

    fn fields(&self, fields: &[(Name, Expr)]) -> Cbor {
        Cbor::Array(fields.iter().map(|it| Cbor::Array(vec![name(&it.0), self.expr(&it.1)])).collect())
    }

    fn over(&self, over: &Over) -> Cbor {
        match over {
            Over::Value(value) => node("each", [self.expr(value)]),
            Over::Range(from, to) => node("range", [self.expr(from), self.expr(to)]),
        }
    }

    fn expr(&self, it: &Expr) -> Cbor {
        use ExprKind as E;
        match &it.kind {
            E::Bad => node("bad", []),
            E::Bool(b) => Cbor::Bool(*b),
            E::Int(n) => node("int", [big(n)]),
            E::Decimal(n, scale) => node("decimal", [big(n), Cbor::Unsigned(u64::from(*scale))]),
            E::Float(f) => Cbor::float(*f),
            E::Text(text) => Cbor::text(&**text),
            E::Bytes(bytes) => Cbor::Bytes(bytes.clone()),
            E::None => Cbor::Null,
            E::Some(inner) => node("some", [self.expr(inner)]),
            E::Variable(it) => node("var", [name(it)]),
            E::Constant(id) => node("const", [self.reference(id)]),
            E::EnumValue(decl, at) => {
                let value = decl.values.get(*at).map(|value| name(&value.name));
                node("value", [self.reference(&decl.id)].into_iter().chain(value))
            }
            E::Outputs(fields) => node("outputs", [self.fields(fields)]),
            E::List(items) => node("list", [self.exprs(items)]),
            E::Map(entries) => {
                let entry = |it: &(Expr, Expr)| Cbor::Array(vec![self.expr(&it.0), self.expr(&it.1)]);
                node("map", [Cbor::Array(entries.iter().map(entry).collect())])
            }
            E::Record(record, fields) => node("record", [self.reference(&record.id), self.fields(fields)]),
            E::With(of, fields) => node("with", [self.expr(of), self.fields(fields)]),
            E::Field(of, field) => node("field", [self.expr(of), name(field)]),
            E::Primitive(primitive, arguments) => node("prim", [Cbor::text(primitive.name()), self.exprs(arguments)]),
            E::Divide(pair, scale, how) => {
                let scale = Cbor::Unsigned(u64::from(*scale));
                node("divide", [self.expr(&pair.0), self.expr(&pair.1), scale, Cbor::text(how.name())])
            }
            E::Matches(text, pattern) => node("matches", [self.expr(text), name(pattern)]),
            E::Call(id, arguments) | E::Hash(id, arguments) => {
                node("call", [self.reference(id), self.exprs(arguments)])
            }
            E::Negate(inner) => node("neg", [self.expr(inner)]),
            E::Not(inner) => node("not", [self.expr(inner)]),
            E::Binary(operator, left, right) => node(operator.mark(), [self.expr(left), self.expr(right)]),
            _ => self.control(it),
        }
    }

    /// The forms that decide what is evaluated.
    fn control(&self, it: &Expr) -> Cbor {
        use ExprKind as E;
        match &it.kind {
            E::Narrow(narrow) => {
                let policy = match &narrow.policy {
                    Policy::Exact => node("exact", []),
                    Policy::Clamp => node("clamp", []),
                    Policy::Wrap => node("wrap", []),
                    Policy::Else(raise) => node("else", [self.raise(raise)]),
                };
                let round = narrow.round.map_or(Cbor::Null, |it: Rounding| Cbor::text(it.name()));
                node("as", [self.expr(&narrow.value), self.ty(&narrow.ty), round, policy])
            }
            E::Unwrap(value, raise) => node("unwrap", [self.expr(value), self.raise(raise)]),
            E::Fail(raise) => node("fail", [self.raise(raise)]),
            E::If(condition, then, otherwise) => {
                node("if", [self.expr(condition), self.block(then), self.block(otherwise)])
            }
            E::Match(value, arms) => {
                let arm = |it: &Arm| {
                    let patterns = it.patterns.iter().map(pattern).collect();
                    Cbor::Array(vec![Cbor::Array(patterns), self.expr(&it.value)])
                };
                node("match", [self.expr(value), Cbor::Array(arms.iter().map(arm).collect())])
            }
            E::Fold(fold) => node(
                "fold",
                [
                    name(&fold.acc),
                    self.ty(&fold.ty),
                    self.expr(&fold.init),
                    names(&fold.names),
                    self.over(&fold.over),
                    self.block(&fold.body),
                ],
            ),
            E::Each(each) => {
                let condition = each.condition.as_ref().map(|it| Cbor::Array(vec![self.expr(it)]));
                let condition = condition.unwrap_or(Cbor::Null);
                node("collect", [self.expr(&each.value), names(&each.names), self.over(&each.over), condition])
            }
            _ => node("bad", []),
        }
    }
}

fn order(it: &Order) -> Cbor {
    let key = |(path, descending): &(Vec<Name>, bool)| Cbor::Array(vec![names(path), Cbor::Bool(*descending)]);
    let tie = match it.tie {
        Tie::Input => "input",
        Tie::Unique => "unique",
    };
    Cbor::Array(vec![name(&it.output), Cbor::Array(it.keys.iter().map(key).collect()), Cbor::text(tie)])
}

fn tolerance(it: &Tolerance) -> Cbor {
    Cbor::Array(vec![names(&it.path), Cbor::float(it.absolute), Cbor::float(it.relative), Cbor::Bool(it.nan)])
}

fn pattern(it: &Pattern) -> Cbor {
    match it {
        Pattern::Any => node("any", []),
        Pattern::Value(_, value) => node("value", [name(value)]),
        Pattern::None => Cbor::Null,
        Pattern::Some(bound) => node("some", [name(bound)]),
        Pattern::Bool(b) => Cbor::Bool(*b),
        Pattern::Range(low, high) => node("range", [big(low), big(high)]),
        Pattern::Text(text) => Cbor::text(&**text),
    }
}
