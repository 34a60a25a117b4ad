//! The lowered program: what an operator does, in statements and expressions that any block-structured language has.
//!
//! Invariants: a decimal is its digits as a whole number, its scale is known from the contract and is nowhere left to
//! be found out; every whole number has its exact range; what may raise is a statement or marked as such; evaluation
//! order is the order of statements. This file does not know targets, nor how a program comes of a contract.

use crate::ir::{Range, Ref, Size};
use crate::syntax::{Docs, Name};
use num_bigint::BigInt;

/// A type, as far as a representation depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ty {
    Bool,
    Int(Range),
    Text(Size),
    Bytes(Size),
    List(Box<Ty>, Size),
    Map(Box<Ty>, Box<Ty>, Size),
    Optional(Box<Ty>),
    Enum(Ref),
    Record(Ref),
    /// The outputs of an operator that has several.
    Outputs(Ref),
    /// A declared name for a type.
    Named(Ref, Box<Ty>),
}

impl Ty {
    /// The type below its names.
    pub(super) fn base(&self) -> &Ty {
        let mut ty = self;
        while let Ty::Named(_, inner) = ty {
            ty = inner;
        }
        ty
    }

    /// What templates call its kind.
    pub(super) fn kind(&self) -> &'static str {
        match self.base() {
            Ty::Bool => "bool",
            Ty::Int(_) => "int",
            Ty::Text(_) => "text",
            Ty::Bytes(_) => "bytes",
            Ty::List(..) => "list",
            Ty::Map(..) => "map",
            Ty::Optional(_) => "optional",
            Ty::Enum(_) => "enum",
            Ty::Record(_) | Ty::Outputs(_) => "record",
            Ty::Named(..) => "named",
        }
    }

    /// The range of whole numbers.
    pub(super) fn range(&self) -> Option<&Range> {
        if let Ty::Int(range) = self.base() { Some(range) } else { None }
    }
}

/// An expression. All of it but what is marked is without effect.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ex {
    pub(super) kind: Kind,
    pub(super) ty: Ty,
    /// May it raise? Only a call does.
    pub(super) raises: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Bool(bool),
    Int(BigInt),
    Text(Name),
    Bytes(Vec<u8>),
    None,
    /// A parameter or a binding.
    Var(Name),
    Constant(Ref),
    EnumValue(Ref, usize),
    /// A record, all of its fields in their order; of what `ty` says.
    Make(Vec<(Name, Ex)>),
    /// A record with other values in some fields.
    Update(Box<Ex>, Vec<(Name, Ex)>),
    Field(Box<Ex>, Name),
    List(Vec<Ex>),
    Map(Vec<(Ex, Ex)>),
    /// A primitive by the name that targets have a template for.
    Op(String, Vec<Ex>),
    Call(Ref, Vec<Ex>),
    /// One of two.
    Cond(Box<[Ex; 3]>),
    /// One of several, by values of an enum; every value is among them.
    Choice(Box<Ex>, Vec<(Vec<usize>, Ex)>),
    /// The same number in the representation of another range.
    Fit(Box<Ex>),
}

impl Ex {
    pub(super) fn new(kind: Kind, ty: Ty) -> Ex {
        let raises = match &kind {
            Kind::Make(fields) => fields.iter().any(|it| it.1.raises),
            Kind::Update(of, fields) => of.raises || fields.iter().any(|it| it.1.raises),
            Kind::Field(of, _) | Kind::Fit(of) => of.raises,
            Kind::List(items) | Kind::Op(_, items) | Kind::Call(_, items) => items.iter().any(|it| it.raises),
            Kind::Map(entries) => entries.iter().any(|it| it.0.raises || it.1.raises),
            Kind::Cond(parts) => parts.iter().any(|it| it.raises),
            Kind::Choice(of, arms) => of.raises || arms.iter().any(|it| it.1.raises),
            _ => false,
        };
        Ex { kind, ty, raises }
    }

    pub(super) fn int(n: impl Into<BigInt>) -> Ex {
        let n = n.into();
        Ex::new(Kind::Int(n.clone()), Ty::Int(Range::of(n)))
    }

    pub(super) fn op(name: impl Into<String>, parts: Vec<Ex>, ty: Ty) -> Ex {
        Ex::new(Kind::Op(name.into(), parts), ty)
    }

    /// A truth made of other expressions.
    pub(super) fn truth(name: &str, parts: Vec<Ex>) -> Ex {
        Ex::op(name, parts, Ty::Bool)
    }

    pub(super) fn var(name: &Name, ty: Ty) -> Ex {
        Ex::new(Kind::Var(name.clone()), ty)
    }

    /// Is it so short that saying it twice is no loss?
    pub(super) fn is_plain(&self) -> bool {
        match &self.kind {
            Kind::Var(_) | Kind::Int(_) | Kind::Bool(_) | Kind::Constant(_) | Kind::EnumValue(..) => true,
            Kind::Field(of, _) | Kind::Fit(of) => of.is_plain(),
            _ => false,
        }
    }
}

/// An error with what it tells.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Raise {
    pub(super) error: Ref,
    pub(super) arguments: Vec<Ex>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stmt {
    /// A binding; without a value it gets one on every way. `changes`: it is assigned to later.
    Let {
        name: Name,
        ty: Ty,
        value: Option<Ex>,
        changes: bool,
    },
    Assign {
        name: Name,
        value: Ex,
    },
    If {
        condition: Ex,
        then: Vec<Stmt>,
        otherwise: Vec<Stmt>,
    },
    /// By values of an enum; every value is among them.
    Switch {
        subject: Ex,
        arms: Vec<(Vec<usize>, Vec<Stmt>)>,
    },
    /// Over a list by its places, or over a map by ascending keys.
    ForEach {
        names: Vec<(Name, Ty)>,
        over: Ex,
        body: Vec<Stmt>,
    },
    /// Over whole numbers, both ends included.
    ForRange {
        name: Name,
        ty: Ty,
        from: Ex,
        to: Ex,
        body: Vec<Stmt>,
    },
    /// One more element of a list that is being made.
    Push {
        list: Name,
        value: Ex,
    },
    Raise(Raise),
    Return(Ex),
    /// A check of a value, which raises; by the type that it belongs to.
    Check {
        of: Ref,
        value: Ex,
    },
}

impl Stmt {
    /// Does nothing come after it?
    pub(super) fn ends(&self) -> bool {
        match self {
            Stmt::Raise(_) | Stmt::Return(_) => true,
            Stmt::If { then, otherwise, .. } => {
                then.last().is_some_and(Stmt::ends) && otherwise.last().is_some_and(Stmt::ends)
            }
            Stmt::Switch { arms, .. } => arms.iter().all(|it| it.1.last().is_some_and(Stmt::ends)),
            _ => false,
        }
    }
}

/// Who a function is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// For everybody: inputs are held against their types.
    Public,
    /// For operators whose types prove that inputs fit.
    Inner,
    /// Holds a value against its type.
    Check,
}

/// A function.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Function {
    /// The operator, or the type that is checked.
    pub(super) id: Ref,
    pub(super) role: Role,
    pub(super) docs: Docs,
    pub(super) params: Vec<(Name, Ty, Docs)>,
    /// `None` for a check.
    pub(super) result: Option<Ty>,
    pub(super) raises: Vec<Ref>,
    pub(super) body: Vec<Stmt>,
}

/// Why an operator is not expressible in a target.
pub(super) type Reason = String;

/// What came of lowering or of writing.
pub(super) type Outcome<T> = Result<T, Reason>;
