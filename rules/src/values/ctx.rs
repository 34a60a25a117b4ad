//! `ctx`: what an implementation is given.
//!
//! Invariants: everything but the recorded actions is fixed before the implementation runs.
//! This file does not know how a target was found.

use crate::action::Action;
use crate::label::Label;
use crate::schema::AttrValue;
use crate::values::actions::ActionsValue;
use crate::values::depset::{Depset, Order};
use crate::values::expand::{expand_location, expand_make_variables};
use crate::values::file::{File, FileKind};
use crate::values::label::LabelValue;
use crate::values::plain::Plain;
use crate::values::rule::RuleInfo;
use crate::values::runfiles::{Runfiles, RunfilesValue};
use crate::values::target::{Target, TargetValue};
use allocative::Allocative;
use starlark::collections::SmallMap;
use starlark::environment::{Methods, MethodsBuilder};
use starlark::starlark_simple_value;
use starlark::values::dict::{AllocDict, UnpackDictEntries};
use starlark::values::list::AllocList;
use starlark::values::list_or_tuple::UnpackListOrTuple;
use starlark::values::none::NoneOr;
use starlark::values::structs::AllocStruct;
use starlark::values::{Heap, NoSerialize, ProvidesStaticType, StarlarkValue, Value, starlark_value};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A target while its implementation runs.
#[derive(Debug)]
pub(crate) struct CtxData {
    pub(crate) label: Label,
    pub(crate) rule: Arc<RuleInfo>,
    /// In the order of the rule's attributes, defaults filled in.
    pub(crate) values: Vec<AttrValue>,
    /// Every target that the values name, sorted by the label as written.
    pub(crate) targets: Vec<(Label, Arc<Target>)>,
    pub(crate) build_file: Arc<str>,
    pub(crate) state: Mutex<CtxState>,
}

/// What the implementation did so far.
#[derive(Debug, Default)]
pub(crate) struct CtxState {
    pub(crate) actions: Vec<Action>,
    /// Files that were declared and must get an action.
    pub(crate) declared: Vec<File>,
}

impl CtxData {
    pub(crate) fn state(&self) -> MutexGuard<'_, CtxState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn target(&self, label: &Label) -> Option<&Arc<Target>> {
        let found = self.targets.binary_search_by(|(known, _)| known.cmp(label)).ok()?;
        self.targets.get(found).map(|(_, target)| target)
    }

    fn targets_of(&self, value: &AttrValue) -> Vec<&Arc<Target>> {
        value.labels().into_iter().filter_map(|label| self.target(label)).collect()
    }

    /// The dependency that `file` is the executable of.
    pub(crate) fn owner_of_executable(&self, file: &File) -> Option<&Arc<Target>> {
        self.targets.iter().map(|(_, target)| target).find(|target| target.executable.as_ref() == Some(file))
    }

    /// The predeclared output of that name.
    pub(crate) fn predeclared(&self, name: &str) -> File {
        File::output(&self.label, name, FileKind::Output)
    }

    fn attr_value<'v>(&self, value: &AttrValue, heap: Heap<'v>) -> Value<'v> {
        let target = |label: &Label| {
            self.target(label).map_or(Value::new_none(), |target| heap.alloc(TargetValue(Arc::clone(target))))
        };
        let own = |name: &Arc<str>| LabelValue(Label::new(&self.label.package, Arc::clone(name)));
        match value {
            AttrValue::Label(label) => target(label),
            AttrValue::LabelList(labels) => heap.alloc(AllocList(labels.iter().map(target))),
            AttrValue::LabelTextDict(pairs) => heap.alloc(AllocDict(pairs.iter().map(|(k, v)| (target(k), &**v)))),
            AttrValue::Output(name) => heap.alloc(own(name)),
            AttrValue::OutputList(names) => heap.alloc(AllocList(names.iter().map(own))),
            plain => crate::globals::declare::attr_to_value(plain, heap),
        }
    }
}

/// Which part of the context a value shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Attr,
    File,
    Files,
    Executable,
    Outputs,
}

/// `ctx`.
#[derive(Debug, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct CtxValue(#[allocative(skip)] pub(crate) Arc<CtxData>);
starlark_simple_value!(CtxValue);

impl fmt::Display for CtxValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<context of {}>", self.0.label)
    }
}

const FIELDS: [&str; 15] = [
    "label",
    "attr",
    "file",
    "files",
    "executable",
    "outputs",
    "actions",
    "bin_dir",
    "genfiles_dir",
    "workspace_name",
    "build_file_path",
    "var",
    "runfiles",
    "expand_location",
    "expand_make_variables",
];

#[starlark_value(type = "ctx")]
impl<'v> StarlarkValue<'v> for CtxValue {
    fn get_methods() -> Option<&'static Methods> {
        Some(CTX_METHODS.methods())
    }

    fn get_attr(&self, attribute: &str, heap: Heap<'v>) -> Option<Value<'v>> {
        let part = |part| heap.alloc(PartValue { data: Arc::clone(&self.0), part });
        Some(match attribute {
            "label" => heap.alloc(LabelValue(self.0.label.clone())),
            "attr" => part(Part::Attr),
            "file" => part(Part::File),
            "files" => part(Part::Files),
            "executable" => part(Part::Executable),
            "outputs" => part(Part::Outputs),
            "actions" => heap.alloc(ActionsValue(Arc::clone(&self.0))),
            "bin_dir" | "genfiles_dir" => heap.alloc(AllocStruct([("path", "out")])),
            "workspace_name" => heap.alloc("_main"),
            "build_file_path" => heap.alloc(&*self.0.build_file),
            "var" => heap.alloc(AllocDict(crate::values::expand::MAKE_VARIABLES)),
            _ => return None,
        })
    }

    fn dir_attr(&self) -> Vec<String> {
        FIELDS.map(str::to_owned).to_vec()
    }
}

#[starlark::starlark_module]
fn ctx_methods(builder: &mut MethodsBuilder) {
    fn runfiles<'v>(
        this: &CtxValue,
        #[starlark(require = named)] files: Option<NoneOr<UnpackListOrTuple<&'v File>>>,
        #[starlark(require = named)] transitive_files: Option<NoneOr<&'v crate::values::depset::DepsetValue>>,
        #[starlark(require = named, default = false)] collect_data: bool,
        #[starlark(require = named, default = false)] collect_default: bool,
        #[starlark(require = named)] symlinks: Option<Value<'v>>,
        #[starlark(require = named)] root_symlinks: Option<Value<'v>>,
    ) -> anyhow::Result<RunfilesValue> {
        if symlinks.or(root_symlinks).is_some_and(|v| v.to_bool()) {
            anyhow::bail!("ctx.runfiles: symlinks are not supported");
        }
        let files = files.and_then(NoneOr::into_option).map(|f| f.items).unwrap_or_default();
        let direct = files.into_iter().map(|f| Plain::File(f.clone())).collect();
        let mut sets: Vec<Depset> =
            transitive_files.and_then(NoneOr::into_option).map(|d| d.0.clone()).into_iter().collect();
        if collect_data || collect_default {
            sets.extend(this.0.targets.iter().map(|(_, target)| target.runfiles.files.clone()));
        }
        Ok(RunfilesValue(Arc::new(Runfiles { files: Depset::new(direct, sets, Order::Default) })))
    }

    fn expand_location<'v>(
        this: &CtxValue,
        #[starlark(require = pos)] input: &str,
        targets: Option<UnpackListOrTuple<&'v TargetValue>>,
    ) -> anyhow::Result<String> {
        let extra: Vec<Arc<Target>> =
            targets.map(|t| t.items.into_iter().map(|t| Arc::clone(&t.0)).collect()).unwrap_or_default();
        self::expand_location(&this.0, input, &extra)
    }

    fn expand_make_variables<'v>(
        this: &CtxValue,
        #[starlark(require = pos)] attribute_name: &str,
        #[starlark(require = pos)] command: &str,
        #[starlark(require = pos)] additional_substitutions: Option<UnpackDictEntries<String, String>>,
    ) -> anyhow::Result<String> {
        let _ = this;
        let extra = additional_substitutions.map(|d| d.entries).unwrap_or_default();
        self::expand_make_variables(attribute_name, command, &extra)
    }

    fn coverage_instrumented<'v>(
        this: &CtxValue,
        #[starlark(args)] args: Value<'v>,
        #[starlark(kwargs)] kwargs: SmallMap<String, Value<'v>>,
    ) -> anyhow::Result<bool> {
        let _ = (this, args, kwargs);
        Ok(false)
    }
}
starlark::methods_static!(CTX_METHODS = ctx_methods);

/// `ctx.attr` and its sisters.
#[derive(Debug, ProvidesStaticType, NoSerialize, Allocative)]
struct PartValue {
    #[allocative(skip)]
    data: Arc<CtxData>,
    #[allocative(skip)]
    part: Part,
}
starlark_simple_value!(PartValue);

impl fmt::Display for PartValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<ctx.{}>", format!("{:?}", self.part).to_lowercase())
    }
}

#[starlark_value(type = "struct")]
impl<'v> StarlarkValue<'v> for PartValue {
    fn get_attr(&self, attribute: &str, heap: Heap<'v>) -> Option<Value<'v>> {
        let data = &self.data;
        if self.part == Part::Attr && attribute == "name" {
            return Some(heap.alloc(&*data.label.name));
        }
        if self.part == Part::Outputs {
            if attribute == "executable" && data.rule.executable {
                return Some(heap.alloc(data.predeclared(&data.label.name)));
            }
            if let Some((_, template)) = data.rule.outputs.iter().find(|(name, _)| &**name == attribute) {
                return Some(heap.alloc(data.predeclared(&template.replace("%{name}", &data.label.name))));
            }
        }
        let (index, schema) = data.rule.attr(attribute)?;
        let value = data.values.get(index)?;
        let none_or = |file: Option<File>| file.map_or(Value::new_none(), |file| heap.alloc(file));
        match self.part {
            Part::Attr => Some(data.attr_value(value, heap)),
            Part::File if schema.single_file => {
                let files = data.targets_of(value).first().map(|t| t.files.to_list()).unwrap_or_default();
                Some(files.first().map_or(Value::new_none(), |f| f.to_value(heap)))
            }
            Part::Files if matches!(value, AttrValue::None) || !value.labels().is_empty() || value.is_empty() => {
                let sets = data.targets_of(value).into_iter().map(|t| t.files.clone()).collect();
                let files = Depset::new(Vec::new(), sets, Order::Default).to_list();
                Some(heap.alloc(AllocList(files.iter().map(|f| f.to_value(heap)))))
            }
            Part::Executable if schema.executable => {
                Some(none_or(data.targets_of(value).first().and_then(|t| t.executable.clone())))
            }
            Part::Outputs => match value {
                AttrValue::Output(name) => Some(heap.alloc(data.predeclared(name))),
                AttrValue::OutputList(names) => {
                    Some(heap.alloc(AllocList(names.iter().map(|name| data.predeclared(name)))))
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn dir_attr(&self) -> Vec<String> {
        let mut names: Vec<String> = self.data.rule.attrs.iter().map(|a| a.name.to_string()).collect();
        names.push("name".to_owned());
        names
    }
}
