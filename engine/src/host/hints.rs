//! What to install where the host lacks something.
//!
//! This file does not know why it is wanted.

/// Names of Debian's packages, by program or file.
const PACKAGES: [(&[&str], &str); 21] = [
    (&["gcc", "cc"], "gcc libc6-dev"),
    (&["g++", "c++", "cc1plus", "libstdc++.so"], "g++"),
    (&["clang", "clang++"], "clang"),
    (&["cpp", "cc1"], "cpp gcc"),
    (&["as", "ld", "ar", "ranlib", "nm", "objcopy", "objdump", "strip", "readelf"], "binutils"),
    (&["crt1.o", "crti.o", "crtn.o", "libc.so", "libm.so"], "libc6-dev"),
    (&["crtbegin.o", "crtend.o", "libgcc.a", "collect2"], "gcc"),
    (&["awk", "mawk"], "mawk"),
    (&["find", "xargs"], "findutils"),
    (&["diff", "cmp"], "diffutils"),
    (&["sh"], "dash"),
    (&["python3"], "python3"),
    (&["go", "gofmt"], "golang-go"),
    (&["java"], "default-jre-headless"),
    (&["javac", "jar"], "default-jdk-headless"),
    (&["node"], "nodejs"),
    (&["xz"], "xz-utils"),
    (&["make"], "make"),
    (&["sqlite3"], "sqlite3"),
    (&["ps", "pgrep"], "procps"),
    (&["unzip"], "unzip"),
];

/// How to get `what` on Debian and its kin.
pub(super) fn install(what: &str) -> String {
    let known = PACKAGES.iter().find(|(names, _)| names.contains(&what)).map(|(_, package)| *package);
    let plain = !what.is_empty() && what.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    match known {
        Some(package) => format!("apt-get install {package}"),
        None if plain => {
            format!("install the package that has it: apt-get install {what}, or search for it with apt-file")
        }
        None => "install the package that has it".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::install;

    #[test]
    fn hints() {
        assert_eq!(install("gcc"), "apt-get install gcc libc6-dev");
        assert_eq!(install("crt1.o"), "apt-get install libc6-dev");
        assert!(install("jq").contains("apt-get install jq"));
        assert!(!install("a; rm").contains("rm"));
    }
}
