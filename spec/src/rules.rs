//! The table of rules of the language: number, code of the catalogue, and what the rule asks for.
//!
//! `docs/upel.md` explains each under its number; `spec/tests/rules/NUMBER/` holds a program that keeps it and one
//! that breaks it. Invariants: numbers and names are unique and never reused. A `Rules` value says which rules are in
//! force: all of them, except in the test that shows that each one matters. This file does not know how a rule is
//! checked.

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident $number:literal $code:literal $title:literal;)*) => {
        /// A rule of the language.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $(#[doc = $title] $name,)*
        }

        impl Rule {
            /// Every rule, in the order of the reference.
            pub const ALL: &'static [Rule] = &[$(Rule::$name,)*];

            /// Its number in `docs/upel.md`.
            pub const fn number(self) -> &'static str {
                match self { $(Rule::$name => $number,)* }
            }

            /// The number of its code in the catalogue of errors.
            pub const fn code(self) -> u16 {
                match self { $(Rule::$name => $code,)* }
            }

            /// What it asks for.
            pub const fn title(self) -> &'static str {
                match self { $(Rule::$name => $title,)* }
            }
        }
    };
}

rules! {
    Lexical "G1" 1001 "a file is made of the tokens of the language";
    FileForm "G2" 1001 "a file is a header, imports and declarations";
    ItemForm "G3" 1001 "each declaration has its form";
    TypeForm "G4" 1001 "types are written in the forms of the language";
    ExpressionForm "G5" 1001 "expressions are written in the forms of the language";
    Depth "G6" 1002 "expressions and types nest at most 96 deep";
    Known "S1" 1003 "every name that is used is declared";
    Once "S2" 1004 "every name is declared once";
    CaseClash "S3" 1004 "two names of one scope do not differ in case only";
    Naming "S4" 1005 "types, operators and contracts are Pascal, values are snake, errors, constants and enum values are UPPER";
    Shadowing "S5" 1004 "a binding does not hide another";
    Import "S6" 1006 "an import names a contract that is there, of a version that will do";
    ImportCycle "S7" 1006 "contracts do not import each other in a circle";
    TypeCycle "S8" 1007 "types and constants are not made of themselves";
    Bounds "S9" 1007 "bounds are in order, and within what every target can hold";
    Pattern "S10" 1007 "a pattern is a regular expression that every target can match in linear time";
    MapKey "S11" 1007 "keys of maps have an order";
    FloatPlace "S12" 1007 "floats occur in operators of profile E1 only";
    Constraint "S13" 1008 "every constraint names the error that breaking it raises";
    ConstraintError "S14" 1008 "the error of a type's constraint needs no arguments";
    EnumForm "S15" 1007 "an enum has values with distinct numbers, and says what an unknown number becomes";
    Default "S16" 1007 "a default is a constant that fits, and every field of a state has one";
    ErrorNumber "S17" 1008 "errors have distinct numbers";
    Placeholders "S18" 1008 "a message tells each parameter of its error, and nothing else";
    Agree "S19" 1009 "values have the types that are asked for";
    Fits "S20" 1010 "a value is proved to fit, or the text says what happens when it does not";
    NarrowForm "S21" 1010 "a narrowing suits its types, and says how it rounds exactly when digits are lost";
    Width "S22" 1010 "every whole number on the way fits into 256 bits";
    Exhaustive "S23" 1011 "a match covers every value";
    Reachable "S24" 1011 "every arm of a match can be reached";
    Fields "S25" 1009 "a record is given each field that it needs, once, and no other";
    Arguments "S26" 1009 "a call gives each parameter once";
    Constant "S27" 1009 "constants, defaults and vectors are made without inputs";
    Raises "S28" 1012 "an operator declares exactly the errors that it raises";
    Recursion "S29" 1013 "operators do not call themselves, nor each other in a circle";
    Steps "S30" 1013 "the greatest number of steps is bounded";
    Purity "S31" 1014 "an operator touches what its purity allows";
    StatePair "S32" 1014 "a state goes in and comes out under one name";
    Body "S33" 1014 "an operator has a body, or is extern";
    Profile "S34" 1014 "an E1 operator has a tolerance for each float that it gives, an E0 operator has none";
    OrderStated "S35" 1014 "every list that an operator gives has a stated order";
    Uses "S36" 1014 "an operator declares exactly the operators that it calls";
    ExternVectors "S37" 1015 "an extern operator has a vector";
    VectorHolds "S38" 1015 "a vector says what the meaning says";
    HashForm "S39" 1014 "the preimage of a hash has one canonical form";
    VersionStep "S40" 1020 "a changed contract has a version that is raised enough";
    VersionBack "S41" 1020 "versions do not go backwards";
}

/// Which rules are in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rules {
    without: Option<Rule>,
}

impl Rules {
    /// All rules.
    pub const fn all() -> Rules {
        Rules { without: None }
    }

    /// All but one: what a test needs to show that the one matters.
    pub const fn without(rule: Rule) -> Rules {
        Rules { without: Some(rule) }
    }

    /// Is it in force?
    pub fn has(self, rule: Rule) -> bool {
        self.without != Some(rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn numbers_are_unique_and_in_order() {
        let numbers: BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.number()).collect();
        assert_eq!(numbers.len(), Rule::ALL.len());
        let static_rules = Rule::ALL.iter().filter_map(|rule| rule.number().strip_prefix('S')?.parse::<usize>().ok());
        assert!(static_rules.eq(1..=Rule::ALL.len() - 6));
    }
}
