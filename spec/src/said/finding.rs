//! A finding about a document: what kind, how grave, where, what to do, and the other place that matters.
//!
//! Invariants: each kind has one name, which is never reused, and one code of the catalogue; findings sort by gravity,
//! file, line, name and subject. This file does not know how one is found.

use crate::diagnostic::position;
use crate::syntax::Span;

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gravity {
    /// It fails a check.
    Error,
    /// It is told, and fails nothing.
    Warning,
    /// Something was assumed, or is only worth knowing.
    Note,
}

impl Gravity {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Gravity::Error => "error",
            Gravity::Warning => "warning",
            Gravity::Note => "note",
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $text:literal $code:literal $gravity:ident;)*) => {
        /// What kind of finding.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[$doc])* $name,)*
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Kind] = &[$(Kind::$name,)*];

            /// Its name, which programs may rely on.
            pub const fn name(self) -> &'static str {
                match self { $(Kind::$name => $text,)* }
            }

            /// The number of its code in the catalogue of errors.
            pub const fn code(self) -> u16 {
                match self { $(Kind::$name => $code,)* }
            }

            /// How grave it is.
            pub const fn gravity(self) -> Gravity {
                match self { $(Kind::$name => Gravity::$gravity,)* }
            }
        }
    };
}

kinds! {
    /// The bytes are no text, or too many.
    NotText "DOCUMENT_NOT_TEXT" 1041 Error;
    /// There is no title, or no header.
    NoHeader "DOCUMENT_NO_HEADER" 1041 Error;
    /// The document does not say what it is.
    NoIdentity "DOCUMENT_NO_IDENTITY" 1041 Warning;
    /// A name is said twice.
    Twice "DOCUMENT_TWICE" 1042 Error;
    /// Two places say different things of one name.
    Contradiction "DOCUMENT_CONTRADICTION" 1042 Error;
    /// A line of the header cannot be read.
    HeaderLine "PROSE_HEADER" 1040 Error;
    /// An operator's name cannot be read.
    OperatorName "PROSE_OPERATOR" 1040 Error;
    /// A signature cannot be read.
    SignatureForm "PROSE_SIGNATURE" 1040 Error;
    /// A purity class cannot be read.
    PurityForm "PROSE_PURITY" 1040 Error;
    /// What is said of determinism cannot be read.
    DeterminismForm "PROSE_DETERMINISM" 1040 Error;
    /// A list of error codes cannot be read.
    CodesForm "PROSE_ERROR_CODES" 1040 Error;
    /// An operator lacks a field that every operator has.
    ClauseMissing "PROSE_CLAUSE_MISSING" 1040 Note;
    /// An entry of a manifest cannot be read.
    ManifestEntry "PROSE_MANIFEST" 1040 Error;
    /// A reference to an external operator cannot be read.
    ExternalForm "PROSE_EXTERNAL" 1040 Error;
    /// A field cannot be read.
    FieldForm "PROSE_FIELD" 1040 Error;
    /// A table, or a row of it, cannot be read.
    TableForm "PROSE_TABLE" 1040 Error;
    /// A hash's preimage cannot be read.
    PreimageForm "PROSE_PREIMAGE" 1040 Error;
    /// A fenced schema cannot be read.
    FenceForm "PROSE_FENCE" 1040 Error;
    /// Something is written in a form that was put right.
    Mended "PROSE_MENDED" 1040 Note;
    /// Something was not said and is assumed.
    Assumed "ASSUMED" 1043 Note;
    /// A name is spelt in another way than the language asks for.
    Renamed "RENAMED" 1043 Note;
    /// The language has no form for it.
    Unsayable "NOT_TAKEN_OVER" 1044 Error;
    /// A schema is not sound.
    SchemaForm "SCHEMA_FORM" 1045 Error;
    /// A schema is not as the meta-schema says.
    SchemaMeta "META_INVALID" 1045 Error;
    /// A schema of ours was edited.
    SchemaEdited "SCHEMA_EDITED" 1046 Error;
    /// SDL is not sound.
    SdlForm "SDL_FORM" 1047 Error;
    /// Prose and artefact are of different contracts.
    DriftIdentity "DRIFT_IDENTITY" 1048 Error;
    /// They are of different versions.
    DriftVersion "DRIFT_VERSION" 1048 Error;
    /// They are of different layers.
    DriftLayer "DRIFT_LAYER" 1048 Error;
    /// The artefact has an operator that the prose lacks.
    DriftOperatorAdded "DRIFT_OPERATOR_ADDED" 1048 Error;
    /// The prose has an operator that the artefact lacks.
    DriftOperatorRemoved "DRIFT_OPERATOR_REMOVED" 1048 Error;
    /// The artefact has an input or output that the prose lacks.
    DriftParameterAdded "DRIFT_PARAMETER_ADDED" 1048 Error;
    /// The prose has an input or output that the artefact lacks.
    DriftParameterRemoved "DRIFT_PARAMETER_REMOVED" 1048 Error;
    /// The purity of an operator differs.
    DriftPurity "DRIFT_PURITY" 1048 Error;
    /// The errors that an operator raises differ.
    DriftRaises "DRIFT_RAISES" 1048 Error;
    /// The artefact has a record that the prose lacks.
    DriftRecordAdded "DRIFT_RECORD_ADDED" 1048 Error;
    /// The prose has a record that the artefact lacks.
    DriftRecordRemoved "DRIFT_RECORD_REMOVED" 1048 Error;
    /// The artefact names a type that the prose does not, which names others.
    DriftTypeAdded "DRIFT_TYPE_ADDED" 1048 Error;
    /// The prose names a type that the artefact lacks.
    DriftTypeRemoved "DRIFT_TYPE_REMOVED" 1048 Error;
    /// The artefact has a field that the prose lacks.
    DriftFieldAdded "DRIFT_FIELD_ADDED" 1048 Error;
    /// The prose has a field that the artefact lacks.
    DriftFieldRemoved "DRIFT_FIELD_REMOVED" 1048 Error;
    /// The type differs.
    DriftType "DRIFT_TYPE" 1048 Error;
    /// One says that it may be left out, the other that it may not.
    DriftRequired "DRIFT_REQUIRED" 1048 Error;
    /// The default differs.
    DriftDefault "DRIFT_DEFAULT" 1048 Error;
    /// The values of an enum differ.
    DriftEnum "DRIFT_ENUM" 1048 Error;
    /// Bounds or patterns differ.
    DriftRange "DRIFT_RANGE" 1048 Error;
    /// The preimage of a hash differs.
    DriftPreimage "DRIFT_PREIMAGE" 1048 Error;
    /// The artefact has a hash that the prose lacks.
    DriftHashAdded "DRIFT_HASH_ADDED" 1048 Error;
    /// The prose has a hash that the artefact lacks.
    DriftHashRemoved "DRIFT_HASH_REMOVED" 1048 Error;
    /// The artefact has an error that the prose lacks.
    DriftErrorAdded "DRIFT_ERROR_ADDED" 1048 Error;
    /// The prose has an error that the artefact lacks.
    DriftErrorRemoved "DRIFT_ERROR_REMOVED" 1048 Error;
    /// What is said of an error differs.
    DriftError "DRIFT_ERROR" 1048 Error;
    /// A number with a name differs.
    DriftNumber "DRIFT_NUMBER" 1048 Error;
    /// How an operator rounds differs.
    DriftRounding "DRIFT_ROUNDING" 1048 Error;
    /// How far off a result may be differs.
    DriftTolerance "DRIFT_TOLERANCE" 1048 Error;
    /// A document declares something and cannot be read as a whole.
    CorpusUncovered "CORPUS_UNCOVERED" 1050 Error;
    /// An input or output whose type is said nowhere.
    CorpusUntyped "CORPUS_UNTYPED" 1050 Warning;
    /// Two documents define one hash differently.
    CorpusPreimage "CORPUS_PREIMAGE_CONFLICT" 1051 Error;
    /// Two documents define one operator differently.
    CorpusOperator "CORPUS_OPERATOR_CONFLICT" 1051 Error;
    /// Two documents define one error differently.
    CorpusError "CORPUS_ERROR_CONFLICT" 1051 Error;
    /// Two documents state one rule for numbers differently.
    CorpusNumber "CORPUS_POLICY_CONFLICT" 1051 Error;
    /// A name leads to nothing in any document.
    CorpusUnresolved "CORPUS_UNRESOLVED" 1052 Error;
    /// A document that is referred to is not there.
    CorpusLink "CORPUS_LINK" 1052 Error;
    /// An error code that no table defines.
    CorpusCode "CORPUS_CODE" 1052 Error;
    /// A word leaves a choice open where a document binds.
    CorpusChoice "CORPUS_CHOICE" 1053 Error;
    /// An operator does not say what happens at an edge, at a tie, or when it fails.
    CorpusOpen "CORPUS_OPEN" 1053 Error;
}

/// Another place that matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// A few words.
    pub words: String,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind.
    pub kind: Kind,
    /// How grave.
    pub gravity: Gravity,
    /// The file.
    pub file: String,
    /// Where in it.
    pub span: Span,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// What it is about: a name.
    pub subject: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
    /// The other place.
    pub other: Option<Other>,
}

impl Finding {
    /// A finding at a place of a text.
    pub fn new(kind: Kind, file: &str, source: &str, span: Span, message: impl Into<String>) -> Finding {
        let (line, column) = position(source, span.start);
        Finding {
            kind,
            gravity: kind.gravity(),
            file: file.to_owned(),
            span,
            line,
            column,
            subject: String::new(),
            message: message.into(),
            hint: String::new(),
            other: None,
        }
    }

    /// Names what it is about.
    pub fn about(mut self, subject: impl Into<String>) -> Finding {
        self.subject = subject.into();
        self
    }

    /// Says what to do.
    pub fn hint(mut self, hint: impl Into<String>) -> Finding {
        self.hint = hint.into();
        self
    }

    /// Adds the other place, in a text.
    pub fn other(mut self, file: &str, source: &str, span: Span, words: impl Into<String>) -> Finding {
        let (line, column) = position(source, span.start);
        self.other = Some(Other { file: file.to_owned(), line, column, words: words.into() });
        self
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (gravity, code, name) = (self.gravity.name(), self.kind.code(), self.kind.name());
        writeln!(f, "{gravity}[GX{code:04}]: {}", self.message)?;
        writeln!(f, "  --> {}:{}:{} ({name})", self.file, self.line, self.column)?;
        if let Some(other) = &self.other {
            writeln!(f, "  and {}:{}:{}: {}", other.file, other.line, other.column, other.words)?;
        }
        if !self.hint.is_empty() {
            writeln!(f, "  hint: {}", self.hint)?;
        }
        Ok(())
    }
}

/// Brings findings into the order of reports: gravity, file, line, name, subject.
pub fn sort(findings: &mut [Finding]) {
    let key = |it: &Finding| (it.gravity, it.file.clone(), it.line, it.column, it.kind.name(), it.subject.clone());
    findings.sort_by_cached_key(|it| (key(it), it.message.clone()));
}
