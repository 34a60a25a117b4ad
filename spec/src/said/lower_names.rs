//! Names in the spelling that the spec language asks for.
//!
//! Invariant: a name that has the spelling already stays what it is. This file does not know what is named.

/// Words of a name: parted where marks stand, and where a capital follows a small letter.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before: Option<char> = None;
    for c in text.chars() {
        if !c.is_ascii_alphanumeric() {
            before = None;
            continue;
        }
        let begins = match before {
            None => true,
            Some(before) => c.is_ascii_uppercase() && !before.is_ascii_uppercase(),
        };
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(c);
        }
        before = Some(c);
    }
    words
}

/// `WeighRecord`.
pub(super) fn pascal(text: &str) -> String {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric());
    if plain && text.starts_with(|c: char| c.is_ascii_uppercase()) && text.chars().any(|c| c.is_ascii_lowercase()) {
        return text.to_owned();
    }
    let mut out = String::new();
    for word in words(text) {
        let mut chars = word.chars();
        if let Some(first) = chars.next() {
            out.push(first.to_ascii_uppercase());
            out.extend(chars.map(|c| c.to_ascii_lowercase()));
        }
    }
    if out.starts_with(|c: char| c.is_ascii_alphabetic()) { out } else { format!("X{out}") }
}

/// `weigh_record`.
pub(super) fn snake(text: &str) -> String {
    let name = words(text).join("_").to_ascii_lowercase();
    let name = if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name } else { format!("x{name}") };
    if crate::syntax::RESERVED.contains(&name.as_str()) { format!("{name}_") } else { name }
}

/// `WEIGH_RECORD`.
pub(super) fn upper(text: &str) -> String {
    let sound = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    if text.starts_with(|c: char| c.is_ascii_uppercase()) && text.chars().all(sound) {
        return text.to_owned();
    }
    let name = words(text).join("_").to_ascii_uppercase();
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name } else { format!("X_{name}") }
}

/// A name without `_vN`, and N.
pub(super) fn versioned(name: &str) -> (&str, Option<u32>) {
    match name.rsplit_once("_v") {
        Some((rest, digits)) if !digits.is_empty() && digits.len() < 9 => match digits.parse() {
            Ok(major) => (rest, Some(major)),
            Err(_) => (name, None),
        },
        _ => (name, None),
    }
}

/// The name of a contract, and the version that it carries.
pub(super) fn path(name: &str) -> (String, Option<u32>) {
    let (rest, major) = versioned(name);
    let parts: Vec<String> = rest.split('.').map(pascal).collect();
    (parts.join("."), major)
}
