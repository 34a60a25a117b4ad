//! SDL as facts: types, enums, and the fields of the roots as operators.
//!
//! Invariants: nesting and tokens are bounded; what GraphQL leaves open (bounds of texts and lists) is assumed and told
//! where the facts are lowered, what the language has no types for is a finding here. This file does not know the
//! language's texts.

use crate::ir::Range;
use crate::prose::type_of;
use crate::said::{
    Facts, Field, FieldType, Finding, Kind, Limits, NamedType, Operator, Param, Record, Said, Signature,
};
use crate::syntax::{MAX_TEXT, Span};
use apollo_parser::cst::{self, CstNode};
use apollo_parser::{Parser, SyntaxNode};
use std::collections::{BTreeMap, BTreeSet};

/// How deep things nest, and how many tokens there are, at most.
const LIMITS: (usize, usize) = (64, 1 << 20);

/// The most faults of syntax that are told.
const MOST: usize = 100;

struct Sdl<'f> {
    facts: &'f mut Facts,
    source: &'f str,
    roots: BTreeSet<String>,
    /// Outputs by the type that gathers them.
    outputs: BTreeMap<String, Vec<Field>>,
}

/// Reads SDL.
pub fn import(file: &str, bytes: &[u8]) -> Facts {
    let mut facts = Facts { file: file.to_owned(), ..Facts::default() };
    let source = match std::str::from_utf8(bytes) {
        Ok(source) if source.len() <= MAX_TEXT => source,
        Ok(source) => {
            let message = format!("the document has {} bytes, at most {MAX_TEXT}", source.len());
            facts.findings.push(Finding::new(Kind::NotText, file, "", Span::default(), message).hint("split it"));
            return facts;
        }
        Err(error) => {
            let message = format!("the document is not UTF-8: byte {} belongs to no character", error.valid_up_to());
            let finding = Finding::new(Kind::NotText, file, "", Span::default(), message);
            facts.findings.push(finding.hint("save it as UTF-8"));
            return facts;
        }
    };
    let tree = Parser::new(source).recursion_limit(LIMITS.0).token_limit(LIMITS.1).parse();
    for error in tree.errors().take(MOST) {
        let at = error.index().min(source.len()) as u32;
        let span = Span::new(at, (at as usize + error.data().len()).min(source.len()) as u32);
        let finding = Finding::new(Kind::SdlForm, file, source, span, error.message());
        facts.findings.push(finding.hint("the text is not GraphQL's schema language here"));
    }
    // Half a document says half the truth.
    if facts.findings.is_empty() {
        let roots = ["Query", "Mutation"].into_iter().map(str::to_owned).collect();
        let mut sdl = Sdl { facts: &mut facts, source, roots, outputs: BTreeMap::new() };
        let definitions: Vec<cst::Definition> = tree.document().definitions().collect();
        sdl.schema(&definitions);
        sdl.outputs(&definitions);
        definitions.iter().for_each(|it| sdl.definition(it));
    }
    facts
}

fn place(node: &SyntaxNode) -> Span {
    let range = node.text_range();
    Span::new(u32::from(range.start()), u32::from(range.end()))
}

fn named(name: Option<cst::Name>) -> Option<Said<String>> {
    let name = name?;
    Some(Said::new(name.source_string().trim().to_owned(), trimmed(name.syntax())))
}

/// The place of a node without the blanks and comments that it carries.
fn trimmed(node: &SyntaxNode) -> Span {
    let span = place(node);
    let text = node.to_string();
    let start = span.start + (text.len() - text.trim_start().len()) as u32;
    let length = text.trim().split(['\n', '#']).next().unwrap_or_default().trim_end().len();
    Span::new(start, start + length as u32)
}

/// An argument of a directive of ours.
fn gx(directives: Option<&cst::Directives>, directive: &str, argument: &str) -> Option<String> {
    let own = directives?.directives().find(|it| named(it.name()).is_some_and(|it| it.value == directive))?;
    let found = own.arguments()?.arguments().find(|it| named(it.name()).is_some_and(|it| it.value == argument))?;
    let text = found.value()?.source_string();
    let text = text.trim();
    Some(serde_json::from_str::<String>(text).unwrap_or_else(|_| text.to_owned()))
}

impl Sdl<'_> {
    fn tell(&mut self, kind: Kind, span: Span, subject: &str, message: String, hint: &str) {
        let finding = Finding::new(kind, &self.facts.file, self.source, span, message);
        self.facts.findings.push(finding.about(subject).hint(hint));
    }

    fn schema(&mut self, definitions: &[cst::Definition]) {
        for definition in definitions {
            let cst::Definition::SchemaDefinition(it) = definition else { continue };
            let roots = it.root_operation_type_definitions();
            let names = roots.filter_map(|it| named(it.named_type()?.name())).map(|it| it.value);
            self.roots.extend(names);
            let directives = it.directives();
            let own = |argument: &str| gx(directives.as_ref(), "gxContract", argument);
            let span = trimmed(it.syntax());
            self.facts.identity = own("name").map(|it| Said::new(it, span));
            self.facts.version = own("version").map(|it| Said::new(it, span));
            self.facts.layer = own("layer").and_then(|it| it.parse().ok()).filter(|it| (1..=4).contains(it));
        }
    }

    fn definition(&mut self, definition: &cst::Definition) {
        use cst::Definition as D;
        match definition {
            D::ObjectTypeDefinition(it) => {
                let Some(name) = named(it.name()) else { return };
                if self.roots.contains(&name.value) {
                    let fields = it.fields_definition();
                    fields
                        .iter()
                        .flat_map(cst::FieldsDefinition::field_definitions)
                        .for_each(|it| self.operator(&name.value, &it));
                } else if gx(it.directives().as_ref(), "gx", "of").is_none() {
                    let fields = it.fields_definition();
                    let fields = fields.iter().flat_map(cst::FieldsDefinition::field_definitions);
                    let fields =
                        fields.filter_map(|it| self.field(it.name(), it.ty(), it.directives(), None)).collect();
                    self.record(name, fields);
                }
            }
            D::InputObjectTypeDefinition(it) => {
                let Some(name) = named(it.name()) else { return };
                if gx(it.directives().as_ref(), "gx", "of").is_none() {
                    let fields = it.input_fields_definition();
                    let fields = fields.iter().flat_map(cst::InputFieldsDefinition::input_value_definitions);
                    let fields = fields
                        .filter_map(|it| self.field(it.name(), it.ty(), it.directives(), it.default_value()))
                        .collect();
                    self.record(name, fields);
                }
            }
            D::EnumTypeDefinition(it) => {
                let Some(name) = named(it.name()) else { return };
                let values = it.enum_values_definition();
                let values = values.iter().flat_map(cst::EnumValuesDefinition::enum_value_definitions);
                let values = values.filter_map(|it| named(it.enum_value()?.name())).map(|it| it.value).collect();
                self.facts.types.push(NamedType { name, ty: FieldType::Enum(values) });
            }
            D::SchemaDefinition(_) | D::DirectiveDefinition(_) => {}
            D::ScalarTypeDefinition(it) => {
                let Some(name) = named(it.name()) else { return };
                if !["BigInt", "Bytes", "Decimal", "Json"].contains(&name.value.as_str()) {
                    let message = format!("nothing is known of the values of the scalar '{}'", name.value);
                    self.tell(Kind::Unsayable, name.span, &name.value, message, "use a type with bounds");
                }
            }
            other => {
                let span = trimmed(other.syntax());
                let hint = "types, inputs, enums and the fields of Query and Mutation are taken over";
                let message = "interfaces, unions, extensions and operations have no types here".to_owned();
                self.tell(Kind::Unsayable, span, "", message, hint);
            }
        }
    }

    fn record(&mut self, name: Said<String>, fields: Vec<Field>) {
        let span = name.span;
        self.facts.records.push(Record { name, fields, headed: false, closed: true, operator: None, span });
    }

    fn field(
        &mut self,
        name: Option<cst::Name>,
        ty: Option<cst::Type>,
        directives: Option<cst::Directives>,
        default: Option<cst::DefaultValue>,
    ) -> Option<Field> {
        let name = named(name)?;
        let (own, required) = Self::ty(&ty?, 0);
        let said = gx(directives.as_ref(), "gx", "type");
        let exact = said.as_ref().and_then(|text| type_of(text));
        if let (Some(text), None) = (&said, &exact) {
            let message = format!("the type '{text}' of '{}' cannot be read", name.value);
            self.tell(Kind::SdlForm, name.span, &name.value, message, "docs/upel.md lists the types");
        }
        let default = gx(directives.as_ref(), "gx", "default").or_else(|| {
            let text = default?.value()?.source_string();
            Some(text.trim().trim_matches('"').to_owned())
        });
        let default = default.map(|it| Said::new(it, name.span));
        let span = name.span;
        Some(Field { name, optional: !required, ty: exact.unwrap_or(own), default, span })
    }

    /// GraphQL's type, and whether a value must be there.
    fn ty(ty: &cst::Type, depth: u8) -> (FieldType, bool) {
        if depth > 32 {
            return (FieldType::Unsaid, true);
        }
        match ty {
            cst::Type::NamedType(it) => (Self::word(it), false),
            cst::Type::ListType(it) => (Self::list(it, depth), false),
            cst::Type::NonNullType(it) => match (it.named_type(), it.list_type()) {
                (Some(word), _) => (Self::word(&word), true),
                (None, Some(list)) => (Self::list(&list, depth), true),
                (None, None) => (FieldType::Unsaid, true),
            },
        }
    }

    fn list(list: &cst::ListType, depth: u8) -> FieldType {
        let Some(inner) = list.ty() else { return FieldType::Unsaid };
        let (element, required) = Self::ty(&inner, depth + 1);
        let element = if required { element } else { FieldType::Optional(Box::new(element)) };
        FieldType::List(Box::new(element), Limits::default())
    }

    fn word(it: &cst::NamedType) -> FieldType {
        let word = named(it.name()).map(|it| it.value).unwrap_or_default();
        match word.as_str() {
            "Int" => FieldType::Int(Range::new(i32::MIN, i32::MAX)),
            "Boolean" => FieldType::Bool,
            "String" => FieldType::Text(Limits::default(), None),
            "ID" => FieldType::Text(Limits::of(1, 256), None),
            "Float" => FieldType::Float,
            "BigInt" => FieldType::Int(Range::new(i64::MIN, i64::MAX)),
            "Bytes" => FieldType::Bytes(Limits::default()),
            "Decimal" | "Json" => FieldType::Unsaid,
            _ => FieldType::Named(word),
        }
    }

    /// Outputs of operators that have several.
    fn outputs(&mut self, definitions: &[cst::Definition]) {
        for definition in definitions {
            let cst::Definition::ObjectTypeDefinition(it) = definition else { continue };
            let Some(name) = named(it.name()) else { continue };
            if gx(it.directives().as_ref(), "gx", "of").is_none() {
                continue;
            }
            let fields = it.fields_definition();
            let fields = fields.iter().flat_map(cst::FieldsDefinition::field_definitions);
            let own = fields.filter(|it| gx(it.directives().as_ref(), "gx", "of").is_none());
            let own: Vec<Field> = own.filter_map(|it| self.field(it.name(), it.ty(), it.directives(), None)).collect();
            self.outputs.insert(name.value, own);
        }
    }

    fn operator(&mut self, root: &str, it: &cst::FieldDefinition) {
        let Some(name) = named(it.name()) else { return };
        let directives = it.directives();
        let own = |argument: &str| gx(directives.as_ref(), "gx", argument);
        if own("of").is_some() {
            return;
        }
        let arguments = it.arguments_definition();
        let arguments = arguments.iter().flat_map(cst::ArgumentsDefinition::input_value_definitions);
        let inputs: Vec<Param> = arguments
            .filter_map(|it| self.field(it.name(), it.ty(), it.directives(), it.default_value()))
            .map(|it| Param { name: it.name, optional: it.optional, successor: false, ty: it.ty })
            .collect();
        let single = own("type").and_then(|text| {
            let (output, ty) = text.split_once(": ")?;
            Some((output.to_owned(), type_of(ty)?))
        });
        let output = |name: &Said<String>, ty: FieldType, optional: bool| Param {
            name: name.clone(),
            optional,
            successor: false,
            ty,
        };
        let outputs: Vec<Param> = match (single, it.ty()) {
            (Some((word, ty)), _) => vec![output(&Said::new(word, name.span), ty, false)],
            (None, None) => return,
            (None, Some(ty)) => match Self::ty(&ty, 0) {
                (FieldType::Named(own), _) if self.outputs.contains_key(&own) => {
                    let fields = self.outputs.get(&own).into_iter().flatten();
                    fields.map(|it| output(&it.name, it.ty.clone(), it.optional)).collect()
                }
                (ty, required) => vec![output(&Said::new("result".to_owned(), name.span), ty, !required)],
            },
        };
        let purity = own("purity").unwrap_or_else(|| if root == "Mutation" { "io" } else { "pure" }.to_owned());
        let raises = own("raises").map(|text| {
            let names = text.trim_matches(['[', ']']).split(',').map(|it| it.trim().trim_matches('"').to_owned());
            names.filter(|it| !it.is_empty()).map(|it| Said::new(it, name.span)).collect()
        });
        let span = name.span;
        self.facts.operators.push(Operator {
            name: name.clone(),
            remark: None,
            signature: Some(Signature { inputs, outputs, span }),
            purity: Some(Said::new(purity.to_ascii_uppercase(), span)),
            determinism: None,
            category: None,
            errors: raises,
            dependencies: Vec::new(),
            clauses: Vec::new(),
            span,
        });
    }
}
