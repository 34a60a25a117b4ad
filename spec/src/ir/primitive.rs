//! The primitives: functions of the language itself, by name, with their number of arguments.
//!
//! Invariant: names are never reused for another meaning. Their types are in `check`, their meaning in `eval`.

macro_rules! primitives {
    ($($(#[$doc:meta])* $name:ident $text:literal $arity:literal;)*) => {
        /// A function of the language itself.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Primitive {
            $($(#[$doc])* $name,)*
        }

        impl Primitive {
            /// All of them.
            pub const ALL: &'static [Primitive] = &[$(Primitive::$name,)*];

            /// Its name in the language.
            pub const fn name(self) -> &'static str {
                match self { $(Primitive::$name => $text,)* }
            }

            /// How many arguments it takes.
            pub const fn arity(self) -> usize {
                match self { $(Primitive::$name => $arity,)* }
            }

            /// The one of that name.
            pub fn of(name: &str) -> Option<Primitive> {
                match name { $($text => Some(Primitive::$name),)* _ => None }
            }
        }
    };
}

primitives! {
    /// How many characters, bytes, elements or entries.
    Len "len" 1;
    /// The distance from zero.
    Abs "abs" 1;
    /// The lesser of two.
    Min "min" 2;
    /// The greater of two.
    Max "max" 2;
    /// The sum of a list of numbers.
    Sum "sum" 1;
    /// The element at a place from 0, or the value of a key; none when there is none.
    Get "get" 2;
    /// A map with a key's value set.
    Put "put" 3;
    /// A map without a key.
    Remove "remove" 2;
    /// Is the element, key or part there?
    Contains "contains" 2;
    /// The keys of a map, ascending.
    Keys "keys" 1;
    /// The values of a map, by ascending keys.
    Values "values" 1;
    /// A list with one more element.
    Append "append" 2;
    /// A list from its end.
    Reverse "reverse" 1;
    /// A list in ascending order; equal elements stay as they stand.
    Sort "sort" 1;
    /// A part: from a place, at most so many.
    Slice "slice" 3;
    /// The parts of a text between a mark.
    Split "split" 2;
    /// The characters of a text, as numbers.
    Codes "codes" 1;
    /// The text of such numbers; none when one is no character.
    TextOf "text_of" 1;
    /// A text in UTF-8.
    Utf8 "utf8" 1;
    /// The text of bytes in UTF-8; none when they are not.
    FromUtf8 "from_utf8" 1;
    /// A number in decimal digits.
    ToText "to_text" 1;
    /// The number that decimal digits say; none when they say none.
    ParseInt "parse_int" 1;
    /// With a to z for A to Z.
    Lower "lower" 1;
    /// With A to Z for a to z.
    Upper "upper" 1;
    /// Does a text begin with another?
    StartsWith "starts_with" 2;
    /// Bytes in hexadecimal digits, or those of a hash.
    Hex "hex" 1;
    /// The bytes of a hash.
    HashBytes "hash_bytes" 1;
    /// Bits that both have.
    BitAnd "bit_and" 2;
    /// Bits that either has.
    BitOr "bit_or" 2;
    /// Bits that one of them has.
    BitXor "bit_xor" 2;
    /// Times two to the power.
    ShiftLeft "shift_left" 2;
    /// Divided by two to the power, rounded down.
    ShiftRight "shift_right" 2;
    /// The nearest float.
    ToFloat "to_float" 1;
    /// The square root of a float.
    Sqrt "sqrt" 1;
}
