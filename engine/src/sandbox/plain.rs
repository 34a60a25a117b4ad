//! Plain commands: a shell's work without the shell.
//!
//! `bash -c 'tool --flag in > out'` starts bash to start one program. Such a script (one program, words without
//! expansion, at most one `<` and one `>`) is read here and the program is started as bash would start it: same
//! words, same files, same environment in the same order. GNU make has always done so; it spares most of what a small
//! action costs. Whatever is not plain beyond doubt is left to bash, and so is whatever does not start or dies of a
//! signal (bash words the error). Invariant: outputs, exit code and logs are those of bash.
//! This file starts nothing.

use super::executor::search;
use gx_store::Run;
use std::collections::HashSet;

/// The shell that is spared.
const SHELL: &str = "/bin/bash";
/// What a `genrule` puts before its command; for one program without a pipe it means nothing more than its exit code.
const STRICT: &str = "set -e -o pipefail; ";
/// A longer script is rarely plain.
const LONGEST: usize = 64 << 10;
/// Buckets of bash's table of variables: they decide the order in which a program finds its environment.
const BUCKETS: u32 = 1024;

/// Names that are not programs: builtins and reserved words of bash up to 5.3.
const NOT_PROGRAMS: &[&str] = &[
    ".",
    ":",
    "[",
    "alias",
    "bg",
    "bind",
    "break",
    "builtin",
    "caller",
    "case",
    "cd",
    "command",
    "compgen",
    "complete",
    "compopt",
    "continue",
    "coproc",
    "declare",
    "dirs",
    "disown",
    "do",
    "done",
    "echo",
    "elif",
    "else",
    "enable",
    "esac",
    "eval",
    "exec",
    "exit",
    "export",
    "false",
    "fc",
    "fg",
    "fi",
    "fltexpr",
    "for",
    "function",
    "getopts",
    "hash",
    "help",
    "history",
    "if",
    "in",
    "jobs",
    "kill",
    "let",
    "local",
    "logout",
    "mapfile",
    "popd",
    "printf",
    "pushd",
    "pwd",
    "read",
    "readarray",
    "readonly",
    "return",
    "select",
    "set",
    "shift",
    "shopt",
    "source",
    "suspend",
    "test",
    "then",
    "time",
    "times",
    "trap",
    "true",
    "type",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unset",
    "until",
    "wait",
    "while",
];

/// A command that needs no shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plain {
    /// The shell, which must be there all the same.
    pub(crate) shell: String,
    /// Paths at which to look for the program.
    pub(crate) programs: Vec<String>,
    /// The program's name and its arguments.
    pub(crate) arguments: Vec<String>,
    /// `NAME=value`, without `_`, which names the program that was found.
    pub(crate) environment: Vec<String>,
    /// Files at standard input and standard output.
    pub(crate) redirections: [Option<String>; 2],
}

/// The command of a run that starts a shell for one program only. `folder` is where it runs.
pub(crate) fn of(run: &Run, folder: &str) -> Option<Plain> {
    let [shell, flag, script] = run.arguments.as_slice() else { return None };
    if shell != SHELL || flag != "-c" || script.len() > LONGEST {
        return None;
    }
    let Command { words, redirections } = read(script.strip_prefix(STRICT).unwrap_or(script))?;
    let name = words.first().filter(|name| is_program(name))?;
    let programs = search(name, &run.environment);
    Some(Plain {
        shell: shell.clone(),
        programs,
        environment: environment(run, folder)?,
        arguments: words,
        redirections,
    })
}

fn is_program(name: &str) -> bool {
    !name.is_empty() && !name.contains('=') && !NOT_PROGRAMS.contains(&name)
}

/// A script's one command.
#[derive(Debug, Default, PartialEq, Eq)]
struct Command {
    words: Vec<String>,
    redirections: [Option<String>; 2],
}

/// Reads a script that is one command without expansions; nothing when it is anything else.
fn read(script: &str) -> Option<Command> {
    let mut command = Command::default();
    let mut letters = script.trim_matches([' ', '\t', '\n']).chars().peekable();
    // What the next word is for: an argument, or the file of a redirection.
    let mut file: Option<usize> = None;
    while let Some(letter) = letters.peek().copied() {
        match letter {
            ' ' | '\t' => drop(letters.next()),
            '<' | '>' => {
                letters.next();
                let at = usize::from(letter == '>');
                // `<<`, `>>`, `>&`, `>|`, `<(` are no words and end here.
                let taken = command.redirections.get(at).is_none_or(Option::is_some);
                if file.is_some() || taken || letters.peek().is_some_and(|next| "<>&|(".contains(*next)) {
                    return None;
                }
                file = Some(at);
            }
            _ => {
                let word = word(&mut letters)?;
                match file.take() {
                    None => command.words.push(word),
                    // Some names below `/dev` are bash's own.
                    Some(_) if word.is_empty() || word.starts_with("/dev/") => return None,
                    Some(at) => *command.redirections.get_mut(at)? = Some(word),
                }
            }
        }
    }
    if file.is_some() { None } else { Some(command) }
}

/// Is a script one command without expansions? For the benches.
pub(crate) fn is_plain(script: &str) -> bool {
    read(script.strip_prefix(STRICT).unwrap_or(script)).is_some()
}

/// Is a script left to the shell, or read as words that, quoted, read as the same words? For the fuzz targets.
pub(crate) fn reads_back(script: &str) -> bool {
    let Some(command) = read(script) else { return true };
    let quote = |text: &str| {
        let parts: Vec<String> = text.split('\'').map(|part| format!("'{part}'")).collect();
        parts.join("\"'\"")
    };
    let mut words: Vec<String> = command.words.iter().map(|word| quote(word)).collect();
    for (sign, file) in ["<", ">"].into_iter().zip(&command.redirections) {
        words.extend(file.iter().map(|file| format!("{sign}{}", quote(file))));
    }
    read(&words.join(" ")).is_some_and(|again| again == command)
}

/// A word of letters that mean themselves, and of quoted parts.
fn word(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    let mut word = String::new();
    while let Some(letter) = letters.peek().copied() {
        match letter {
            ' ' | '\t' => break,
            '\'' | '"' => {
                letters.next();
                loop {
                    match letters.next()? {
                        end if end == letter => break,
                        '$' | '`' | '\\' if letter == '"' => return None,
                        inner => word.push(inner),
                    }
                }
            }
            plain if plain.is_ascii_alphanumeric() || "_-./:,+@%=".contains(plain) => {
                word.push(plain);
                letters.next();
            }
            // `2>`, `a>b`, and everything that bash would expand.
            _ => return None,
        }
    }
    Some(word)
}

/// The environment that bash gives to its commands, in its order.
fn environment(run: &Run, folder: &str) -> Option<Vec<String>> {
    let odd = |name: &str| {
        let own = ["PWD", "OLDPWD", "SHLVL", "_", "ENV", "SHELLOPTS", "BASHOPTS", "POSIXLY_CORRECT", "CDPATH", "IFS"];
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') && !name.is_empty();
        !plain || name.starts_with(|c: char| c.is_ascii_digit()) || name.starts_with("BASH") || own.contains(&name)
    };
    if run.environment.keys().any(|name| odd(name)) {
        return None;
    }
    let own = [("PWD", folder), ("SHLVL", "1")];
    let given = run.environment.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let mut all: Vec<(u32, String)> =
        given.chain(own).map(|(name, value)| (bucket(name), format!("{name}={value}"))).collect();
    // Two in one bucket come in the order in which bash met them, which is not ours to guess.
    let buckets: HashSet<u32> = all.iter().map(|(bucket, _)| *bucket).collect();
    if buckets.len() != all.len() {
        return None;
    }
    all.sort();
    Some(all.into_iter().map(|(_, variable)| variable).collect())
}

/// Where bash keeps a variable: FNV-1 of its name (`hash_string` in bash's `hashlib.c`).
fn bucket(name: &str) -> u32 {
    name.bytes().fold(2_166_136_261, |hash: u32, byte| hash.wrapping_mul(16_777_619) ^ u32::from(byte)) % BUCKETS
}

#[cfg(test)]
mod tests {
    use super::*;
    use gx_store::Level;
    use std::collections::BTreeMap;

    fn words(script: &str) -> Option<(Vec<String>, [Option<String>; 2])> {
        read(script).map(|command| (command.words, command.redirections))
    }

    #[test]
    fn plain_commands_are_read_as_bash_reads_them() {
        for script in [
            "cat a > b",
            " cat  a\t>b ",
            "sort < in > out -r",
            "tool --flag=x 'a b' \"c d\" pre'fix'ed '' > 'my file'",
            "./bin/tool a:b,c+d@e%f_g.h",
            "dd if=a of=b",
            "sed 's/$a/`b`\\n/' a",
        ] {
            let (read, _) = words(script).unwrap();
            // bash's own opinion of the same words.
            let line = script.split(['<', '>']).next().unwrap();
            let shell =
                std::process::Command::new("/bin/bash").args(["-c", &format!("printf '%s\\n' {line}")]).output();
            let Ok(shell) = shell else { return println!("SKIPPED: no /bin/bash") };
            let said = String::from_utf8(shell.stdout).unwrap();
            assert!(read.join("\n").starts_with(said.trim_end_matches('\n')), "{script}: {read:?} {said}");
        }
        assert_eq!(
            words("sort < in > out -r").unwrap(),
            (["sort", "-r"].map(str::to_owned).to_vec(), [Some("in".to_owned()), Some("out".to_owned())])
        );
    }

    #[test]
    fn everything_else_is_left_to_bash() {
        for script in [
            "cat a | b",
            "cat a; b",
            "cat a && b",
            "cat $a",
            "cat `a`",
            "cat \"$a\"",
            "cat \\a",
            "cat *",
            "cat a?",
            "cat [ab]",
            "cat {a,b}",
            "cat ~",
            "cat a # b",
            "cat a 2> b",
            "cat a >> b",
            "cat a >& b",
            "cat a >| b",
            "cat << a",
            "cat <(a)",
            "cat > a > b",
            "cat a >",
            "cat 'a",
            "cat \"a",
            "(cat a)",
            "cat a &",
            "! cat a",
            "cat a\ncat b",
            "cat a>b",
            "cat > /dev/tcp/a/1",
            "cat > ''",
            "cat é",
        ] {
            assert_eq!(read(script), None, "{script}");
        }
        let run = |script: &str| Run {
            arguments: vec!["/bin/bash".into(), "-c".into(), script.into()],
            environment: BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]).into(),
            platform: BTreeMap::new(),
            level: Level::Sandboxed,
            loopback: false,
        };
        for script in ["", "echo a", "A=b cat a", "time cat a", "[ a", "set -e; cat a", "> a"] {
            assert_eq!(of(&run(script), "/w"), None, "{script}");
        }
        assert!(of(&run("set -e -o pipefail; cat a > b"), "/w").is_some());
        let mut odd = run("cat a");
        odd.environment = BTreeMap::from([("BASH_ENV".to_owned(), "x".to_owned())]).into();
        assert_eq!(of(&odd, "/w"), None);
        let mut more = run("cat a");
        more.arguments.push("name".to_owned());
        assert_eq!(of(&more, "/w"), None);
    }

    #[test]
    fn the_environment_is_in_the_order_of_bash() {
        let names = ["HOME", "LC_CTYPE", "PATH", "SOURCE_DATE_EPOCH", "TMPDIR", "TZ", "CC", "CFLAGS", "ZZ_TOP", "a1"];
        let all: BTreeMap<String, String> =
            names.iter().map(|name| ((*name).to_owned(), "/usr/bin:/bin".to_owned())).collect();
        let arguments = ["/bin/bash", "-c", "cat /proc/self/environ"].map(str::to_owned).to_vec();
        let run = Run {
            arguments,
            environment: all.clone().into(),
            platform: BTreeMap::new(),
            level: Level::Sandboxed,
            loopback: false,
        };
        let shell = std::process::Command::new("/bin/bash")
            .args(["-c", "set -e; cat /proc/self/environ | cat"])
            .env_clear()
            .envs(&all)
            .current_dir("/")
            .output();
        let Ok(shell) = shell else { return println!("SKIPPED: no /bin/bash") };
        let said: Vec<String> =
            String::from_utf8(shell.stdout).unwrap().split_terminator('\0').map(str::to_owned).collect();
        let (last, rest) = said.split_last().unwrap();
        assert!(last.starts_with("_="), "{said:?}");
        assert_eq!(environment(&run, "/").unwrap(), rest);
    }
}
