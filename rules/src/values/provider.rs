//! Providers: the callable that `provider()` gives, and its instances.
//!
//! Invariants: a provider is known by the .bzl file that defines it and its name there; it has its name only once
//! it is assigned to a global. This file does not know which targets hold instances.

use crate::error::nearest;
use crate::values::plain::Plain;
use allocative::Allocative;
use starlark::eval::{Arguments, Evaluator};
use starlark::starlark_simple_value;
use starlark::values::{Heap, NoSerialize, ProvidesStaticType, StarlarkValue, Value, starlark_value};
use std::cell::RefCell;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

/// Where a provider comes from; `name` is set when it is assigned.
#[derive(Debug)]
pub(crate) struct ProviderId {
    pub(crate) module: Arc<str>,
    pub(crate) name: OnceLock<Arc<str>>,
}

impl ProviderId {
    /// A provider of gx itself.
    pub(crate) fn builtin(name: &str) -> Arc<ProviderId> {
        Arc::new(ProviderId { module: "@builtin".into(), name: OnceLock::from(Arc::from(name)) })
    }

    pub(crate) fn name(&self) -> &str {
        self.name.get().map_or("provider", |n| n)
    }

    pub(crate) fn is_builtin(&self, name: &str) -> bool {
        &*self.module == "@builtin" && self.name() == name
    }
}

impl PartialEq for ProviderId {
    fn eq(&self, other: &ProviderId) -> bool {
        self.module == other.module && self.name() == other.name()
    }
}
impl Eq for ProviderId {}
impl Hash for ProviderId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.module.hash(state);
        self.name().hash(state);
    }
}

/// An instance of a provider.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Instance {
    pub(crate) provider: Arc<ProviderId>,
    pub(crate) fields: Vec<(Arc<str>, Plain)>,
}

impl Drop for Instance {
    /// Takes long chains of instances apart without recursion: each names the one of the target below it.
    fn drop(&mut self) {
        type Fields = Vec<(Arc<str>, Plain)>;
        thread_local! {
            // What is dropped later, while something is dropped.
            static LATER: RefCell<Option<Vec<Fields>>> = const { RefCell::new(None) };
        }
        let mut next = Some(std::mem::take(&mut self.fields));
        let nested = LATER.try_with(|later| match &mut *later.borrow_mut() {
            Some(queue) => {
                queue.extend(next.take());
                true
            }
            idle => {
                *idle = Some(Vec::new());
                false
            }
        });
        if nested == Ok(true) {
            return;
        }
        while let Some(fields) = next.take() {
            drop(fields);
            next = LATER.try_with(|later| later.borrow_mut().as_mut().and_then(Vec::pop)).ok().flatten();
        }
        // Without the queue, at the end of the thread, recursion has to do.
        let _ = LATER.try_with(|later| later.take());
    }
}

impl Instance {
    pub(crate) fn get(&self, name: &str) -> Option<&Plain> {
        self.fields.iter().find(|(field, _)| &**field == name).map(|(_, value)| value)
    }
}

/// What `provider()` gives.
#[derive(Debug, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct ProviderValue {
    #[allocative(skip)]
    pub(crate) id: Arc<ProviderId>,
    #[allocative(skip)]
    pub(crate) fields: Option<Vec<Arc<str>>>,
}
starlark_simple_value!(ProviderValue);

impl fmt::Display for ProviderValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<provider {}>", self.id.name())
    }
}

#[starlark_value(type = "Provider")]
impl<'v> StarlarkValue<'v> for ProviderValue {
    fn invoke(
        &self,
        _me: Value<'v>,
        args: &Arguments<'v, '_>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        args.no_positional_args(eval.heap())?;
        if self.id.name.get().is_none() {
            return Err(starlark::Error::new_other(anyhow::anyhow!(
                "a provider must be assigned to a global of its .bzl file before it is called"
            )));
        }
        let mut fields = Vec::new();
        for (name, value) in args.names_map()? {
            if let Some(known) = &self.fields
                && !known.iter().any(|field| **field == *name.as_str())
            {
                let hint = nearest(name.as_str(), known.iter()).map(|n| format!(" (did you mean '{n}'?)"));
                return Err(starlark::Error::new_other(anyhow::anyhow!(
                    "provider {} has no field '{}'{}",
                    self.id.name(),
                    name.as_str(),
                    hint.unwrap_or_default()
                )));
            }
            fields.push((Arc::from(name.as_str()), plain_field(&name, value)?));
        }
        let provider = Arc::clone(&self.id);
        Ok(eval.heap().alloc(InstanceValue(Arc::new(Instance { provider, fields }))))
    }

    fn export_as(&self, name: &str, _eval: &mut Evaluator<'v, '_, '_>) -> starlark::Result<()> {
        // The first name counts: `B = A` is still `A`.
        drop(self.id.name.set(name.into()));
        Ok(())
    }

    fn equals(&self, other: Value<'v>) -> starlark::Result<bool> {
        Ok(ProviderValue::from_value(other).is_some_and(|other| other.id == self.id))
    }

    fn write_hash(&self, hasher: &mut starlark::collections::StarlarkHasher) -> starlark::Result<()> {
        self.id.hash(hasher);
        Ok(())
    }
}

fn plain_field(name: &str, value: Value<'_>) -> starlark::Result<Plain> {
    Plain::of(value).map_err(|e| starlark::Error::new_other(e.context(format!("field '{name}'"))))
}

/// An instance as a Starlark value.
#[derive(Debug, ProvidesStaticType, NoSerialize, Allocative)]
pub(crate) struct InstanceValue(#[allocative(skip)] pub(crate) Arc<Instance>);
starlark_simple_value!(InstanceValue);

impl fmt::Display for InstanceValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.0.provider.name())?;
        for (n, (name, value)) in self.0.fields.iter().enumerate() {
            let comma = if n == 0 { "" } else { ", " };
            write!(f, "{comma}{name} = <{}>", value.kind())?;
        }
        f.write_str(")")
    }
}

#[starlark_value(type = "struct")]
impl<'v> StarlarkValue<'v> for InstanceValue {
    fn get_attr(&self, attribute: &str, heap: Heap<'v>) -> Option<Value<'v>> {
        Some(self.0.get(attribute)?.to_value(heap))
    }

    fn dir_attr(&self) -> Vec<String> {
        self.0.fields.iter().map(|(name, _)| name.to_string()).collect()
    }

    fn equals(&self, other: Value<'v>) -> starlark::Result<bool> {
        Ok(InstanceValue::from_value(other).is_some_and(|other| other.0 == self.0))
    }

    fn write_hash(&self, hasher: &mut starlark::collections::StarlarkHasher) -> starlark::Result<()> {
        self.0.hash(hasher);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_chain_is_dropped() {
        let provider = Arc::new(ProviderId { module: "m".into(), name: OnceLock::from(Arc::from("Info")) });
        let mut last = Plain::None;
        for _ in 0..300_000 {
            let fields = vec![("below".into(), Plain::List(Arc::from([last])))];
            last = Plain::Instance(Arc::new(Instance { provider: Arc::clone(&provider), fields }));
        }
        drop(last);
        assert_eq!(Arc::strong_count(&provider), 1);
    }
}
