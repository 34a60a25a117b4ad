//! Which of several programs a name such as `awk` or `c++` means: the best, as dpkg would choose by itself.
//!
//! A person's own choice is passed over, so that two hosts with the same packages agree; the best is that of the
//! highest priority, of equals the first by name. The record is `/var/lib/dpkg/alternatives/<name>`: a line for the
//! mode, one for the link, two for each slave up to an empty line, then for each candidate its path, its priority and
//! a line for each slave. This file does not know links.

/// The folder of the records.
pub(super) const RECORDS: &str = "var/lib/dpkg/alternatives";

/// Candidates of a record, the best first.
pub(super) fn candidates(record: &str) -> Vec<String> {
    let mut lines = record.lines().skip(2);
    let slaves = lines.by_ref().take_while(|line| !line.is_empty()).count() / 2;
    let mut found: Vec<(i64, &str)> = Vec::new();
    while let Some(path) = lines.next().filter(|path| path.starts_with('/')) {
        let Some(priority) = lines.next().and_then(|priority| priority.trim().parse().ok()) else { break };
        found.push((priority, path));
        if slaves > 0 && lines.nth(slaves - 1).is_none() {
            break;
        }
    }
    found.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    found.into_iter().map(|(_, path)| path.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::candidates;

    #[test]
    fn the_best_is_first_whatever_was_chosen() {
        let record = "manual\n/usr/bin/awk\nawk.1\n/usr/share/awk.1\nnawk\n/usr/bin/nawk\n\n\
            /usr/bin/mawk\n5\n/usr/share/mawk.1\n/usr/bin/mawk\n/usr/bin/gawk\n10\n\n/usr/bin/gawk\n\
            /usr/bin/busybox\n10\n\n\n\n";
        assert_eq!(candidates(record), ["/usr/bin/busybox", "/usr/bin/gawk", "/usr/bin/mawk"]);
        assert_eq!(candidates("auto\n/usr/bin/cc\n\n/usr/bin/gcc\n20\n\n"), ["/usr/bin/gcc"]);
        assert!(candidates("").is_empty() && candidates("auto\n/x\n\n/y\nz\n").is_empty());
    }
}
