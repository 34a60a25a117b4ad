//! The rows of the catalogue of errors.
//!
//! Invariant: codes are sorted, unique and never reused; a code that is gone leaves a gap. This file does not know
//! when an error is raised, nor how a row is shown.

use super::{Entry, entry};

/// Codes below GX0900, sorted.
pub(super) const ROWS: &[Entry] = &[
    entry(
        101,
        "no workspace",
        "A workspace is a folder with a file `gx.toml` (it may be empty). Neither the current folder nor any \
         folder above it has one.",
        "Go to the workspace, name it with `-C DIR`, or make one with `gx init`.",
    ),
    entry(
        102,
        "gx.toml cannot be read",
        "The file `gx.toml` is not sound TOML, or it cannot be opened.",
        "Correct the place that the message names.",
    ),
    entry(
        103,
        "unknown key",
        "A key in `gx.toml` is not one that gx knows. Unknown keys are errors, so that a misspelt setting is \
         never ignored.",
        "Correct the spelling; docs/configuration.md lists every key.",
    ),
    entry(
        104,
        "bad value",
        "A value in `gx.toml` has the wrong type or is not one of the values allowed.",
        "docs/configuration.md says what the key takes.",
    ),
    entry(
        105,
        "bad repository",
        "A table `[repositories.NAME]` lacks a key that its kind needs, or has one that it does not take.",
        "See docs/configuration.md for the keys of each kind.",
    ),
    entry(
        106,
        "file cannot be read",
        "A file of the workspace exists but cannot be read: its permissions, or an I/O error.",
        "Make the file readable for the user who runs gx.",
    ),
    entry(
        107,
        "syntax error",
        "A BUILD file or a `.bzl` file is not sound Starlark.",
        "Correct the place that the message names.",
    ),
    entry(
        108,
        "evaluation failed",
        "Evaluating a BUILD file or a `.bzl` file ended in an error: a wrong type, an unknown name, or a call \
         of `fail()`.",
        "The trace shows the calls that led there, innermost last.",
    ),
    entry(
        109,
        "too much to evaluate",
        "A BUILD file, a `.bzl` file or a rule takes more than it may: 200 million calls and turns of loops, 256 MiB of \
         values, calls 50 deep, brackets 200 deep, blocks 100 deep, or an expression of 10,000 words. What is refused on \
         one machine is refused on all.",
        "Look for a loop or a recursion without an end; split what is really that large, or let an action do it.",
    ),
    entry(
        110,
        "bad label or pattern",
        "A text is no label (`//a/b:c`, `:c`, `@repo//a:c`) and no pattern (`//...`, `//a/...`, `//a:all`, \
         `-//a:c`).",
        "Correct it; labels never hold `..`, a leading `/` of the file system, or control characters.",
    ),
    entry(
        112,
        "no such package, target or file",
        "A label or a `load()` names a package, a target, a repository or a file that does not exist. A package is a \
         folder with `BUILD.gx`, `BUILD.bazel` or `BUILD`.",
        "Check the spelling; `gx query //package:all` lists a package's targets.",
    ),
    entry(
        113,
        "bad path",
        "A path is absolute, has an empty part, or leads out with `..`.",
        "Use a path inside the package, or the label of a target in the other package.",
    ),
    entry(
        114,
        "name is not UTF-8",
        "A file name is not valid UTF-8. Trees of the Remote Execution API hold names as text, so such a file \
         cannot be an input.",
        "Rename the file, or exclude it from the `glob()` that found it.",
    ),
    entry(
        115,
        "no such source file",
        "A source file that a BUILD file names does not exist, or cannot be an input.",
        "Check the spelling, or make the file.",
    ),
    entry(
        116,
        "file changed while it was read",
        "The size or the times of a file changed between the start and the end of reading it, so its digest \
         would be of neither version.",
        "Run gx again when the other program is done writing.",
    ),
    entry(
        118,
        "symlink leads out",
        "A symlink leads out of the workspace, or round in a circle.",
        "Replace it by a copy, or declare what it leads to as an input of its own.",
    ),
    entry(
        119,
        "special file",
        "A file is a device, a socket or a pipe; only files, folders and symlinks can be inputs.",
        "Exclude it from the inputs.",
    ),
    entry(
        120,
        "bad lock",
        "The lock of a `debian_packages` repository is not there, was edited so that it cannot be read, or was made for \
         other packages or architectures than `gx.toml` names now.",
        "`gx lock NAME` makes it anew from what the mirrors of the machine's apt have; after a merge keep the lines of \
         both sides, sorted.",
    ),
    entry(
        201,
        "bad attribute",
        "A target sets an attribute that its rule does not have, lacks one that its rule demands, or gives one a \
         value of the wrong type.",
        "The message says what is expected, and suggests names that are close.",
    ),
    entry(
        204,
        "not visible",
        "A target depends on one whose `visibility` does not admit it.",
        "Add the package to the `visibility` of the target that is depended on, or depend on something \
         public.",
    ),
    entry(
        205,
        "cycle",
        "Targets, loads or actions need each other in a circle; the message prints it.",
        "Break the circle at one of its edges, for instance by splitting a target.",
    ),
    entry(
        206,
        "output made twice",
        "Two actions declare the same output path; the message names both targets.",
        "Give one of the outputs another name.",
    ),
    entry(
        207,
        "rule failed",
        "The implementation of a rule ended in an error, or asked for something that is not there: a provider that a \
         dependency does not have.",
        "The trace shows where in the rule; the target's attributes are what it was given.",
    ),
    entry(
        209,
        "output without an action",
        "A rule declares an output that none of its actions makes.",
        "This is a mistake in the rule: make the output, or do not declare it.",
    ),
    entry(
        210,
        "bad query",
        "The query cannot be read, or a function in it does not exist.",
        "`gx query --help` lists every function and operator; docs/starlark.md (Queries) does so too.",
    ),
    entry(211, "not executable", "The target of `gx run` makes no executable.", "Name a `*_binary` target."),
    entry(
        301,
        "action failed",
        "The program of an action ended with an exit code other than 0. Its output stands below the message. \
         The failure is remembered: the same action with the same inputs shows it again at once.",
        "Correct the cause; `--retry` runs the same action again.",
    ),
    entry(
        302,
        "action killed",
        "A signal ended the program of an action (9 is often the kernel short of memory, 11 a crash).",
        "Look at the log; `-j` runs fewer actions at once.",
    ),
    entry(
        303,
        "action timed out",
        "The action took longer than it may and was killed with everything it had started.",
        "Make it faster, or give it more time with `--timeout` or the target's `timeout`.",
    ),
    entry(
        304,
        "output missing",
        "The program ended with 0 but did not make an output that was declared, or made a folder where a file \
         was declared.",
        "Make the output at the path the message names, or do not declare it.",
    ),
    entry(
        305,
        "undeclared output",
        "A warning: the program made files below `out/` that it did not declare. They are not kept, and the build \
         goes on.",
        "Declare them as outputs, or write them to `$TMPDIR`.",
    ),
    entry(
        306,
        "program cannot be started",
        "The program of an action is not among its inputs or tools, is not executable, or its arguments are \
         too long.",
        "Add it to `tools` or `srcs`, or use a response file for long command lines.",
    ),
    entry(
        307,
        "undeclared input",
        "The action failed because it did not see a file that exists in the workspace and is not declared as \
         an input. An action sees only what is declared.",
        "Add the file to the attribute that the message names.",
    ),
    entry(
        308,
        "inputs clash",
        "Two inputs of an action claim the same path, or one lies below a file.",
        "Give one of them another path.",
    ),
    entry(
        309,
        "builtin failed",
        "A function of gx itself refused its inputs (an archive that cannot be unpacked, for instance).",
        "The message says why.",
    ),
    entry(
        310,
        "test failed",
        "The program of a test ended with an exit code other than 0. Its output stands below the message. Like any \
         outcome the failure is remembered until something that the test sees changes.",
        "Correct the cause and run `gx test` again: passed tests are cached. `--retry` runs a failed one again.",
    ),
    entry(311, "interrupted", "The build was interrupted. What was done before is kept.", "Run it again to go on."),
    entry(
        312,
        "dependency failed",
        "A target could not be built because something it needs failed.",
        "Correct the first failure that is shown.",
    ),
    entry(
        313,
        "engine failed",
        "Something went wrong inside gx itself that no input should be able to cause.",
        "Try again; if it comes back, report it with the message and the output of `gx doctor`.",
    ),
    entry(
        314,
        "limit reached",
        "The action used more memory, processes or disk than it may and was ended with everything it had started. \
         Limits are held at every level but `none`. They are no part of what names an action: such a failure is not \
         remembered, and a changed limit makes nothing else run again.",
        "If it really needs so much, raise `--max-memory`, `--max-processes` or `--max-disk` (`max_memory`, \
         `max_processes`, `max_disk` in `[build]` of gx.toml).",
    ),
    entry(
        401,
        "sandbox refused",
        "The machine does not allow what the sandbox needs (user namespaces, mounts or a seccomp filter). gx \
         never runs an action outside the sandbox in silence.",
        "The hint says what to allow; `gx doctor` checks it. `--sandbox=none` runs without: the outcome \
         records it and it is never shared.",
    ),
    entry(
        402,
        "level out of reach",
        "A target, a flag or `gx.toml` asks for a determinism level that this gx cannot hold here. An action is never run \
         below the level it asks for; an outcome that was made at that level and is in the store is still used.",
        "Ask for the level that the message names as reachable, or build where the other one is.",
    ),
    entry(
        501,
        "object missing",
        "An object is not in the store.",
        "Build the target that makes it again; `gx store verify` finds everything that is missing.",
    ),
    entry(
        502,
        "object corrupt",
        "The bytes of an object do not have its digest. It was put in quarantine and is not used.",
        "Nothing: the build makes it again. When it comes back, check the disk.",
    ),
    entry(
        503,
        "wrong digest",
        "Bytes that were given for an object do not have the digest that was stated.",
        "Check where they come from.",
    ),
    entry(
        504,
        "dangling reference",
        "A tree or an outcome names an object that is not in the store.",
        "`gx store verify` repairs the store.",
    ),
    entry(
        505,
        "record cannot be read",
        "A record in the store has a form that this gx does not know.",
        "`gx store verify` drops what cannot be read; it is made again.",
    ),
    entry(
        506,
        "store I/O error",
        "Reading or writing a file of the store failed.",
        "The message names the path and the system's answer.",
    ),
    entry(
        507,
        "no space left",
        "The disk is full. Nothing is lost: half-written things are removed.",
        "Make room (`gx gc` frees what no recent build needs) and run again.",
    ),
    entry(
        508,
        "store is read-only",
        "The store's folder cannot be written.",
        "Change its permissions, or name another with `--store`.",
    ),
    entry(
        509,
        "store is in use",
        "Another process owns the store. RocksDB allows one process at a time; normally that is the daemon.",
        "Leave out `--no-daemon` to share the daemon, or free the store with `gx daemon stop`.",
    ),
    entry(
        510,
        "store is newer",
        "The store was made by a newer gx and is left alone.",
        "Use that version, or name another folder with `--store`.",
    ),
    entry(
        511,
        "database failed",
        "RocksDB reported an error.",
        "`gx store verify` checks the store; what is lost is built again.",
    ),
    entry(
        512,
        "no such object",
        "Nothing in the store has a digest that starts like that.",
        "Digests are 64 hex digits; a prefix of 4 or more is enough.",
    ),
    entry(513, "ambiguous prefix", "More than one object has a digest that starts like that.", "Give more digits."),
    entry(601, "unknown fetcher", "No fetcher of that name exists.", "Use one that docs/starlark.md lists."),
    entry(602, "bad fetch", "A fetch lacks a parameter or has a wrong one.", "The message says which."),
    entry(
        603,
        "cannot be fetched",
        "Every source of a fetch failed; the message has one line for each.",
        "Check network and proxy (`HTTPS_PROXY`, the configuration of cargo or apt), add a mirror to `urls`, or use a folder \
         that `gx fetch --to` made (`--mirror`).",
    ),
    entry(
        604,
        "wrong hash",
        "The bytes that were fetched do not have the SHA-256 that is declared. They were not kept.",
        "If the publisher changed the file, check the new one and write its SHA-256; else somebody may be \
         tampering with it.",
    ),
    entry(
        605,
        "host lacks a program",
        "A program or file that the host toolchain is made of is not installed.",
        "Install the package that the hint names; `gx doctor` lists everything that is needed.",
    ),
    entry(
        606,
        "host program failed",
        "A program of the host toolchain did not answer when it was asked for its folders.",
        "Run it by hand as the message shows.",
    ),
    entry(
        701,
        "daemon cannot be started",
        "The daemon ended before it was ready.",
        "`gx daemon log` shows its last words; `--no-daemon` works without it.",
    ),
    entry(
        702,
        "connection lost",
        "The daemon went away in the middle of a request. What had been reported finished is in the store.",
        "Run the command again; it starts a new daemon.",
    ),
    entry(
        703,
        "socket folder unsafe",
        "The folder for the daemon's socket belongs to somebody else or is open to others.",
        "Remove it, or set `XDG_RUNTIME_DIR` to a folder of your own with mode 0700.",
    ),
    entry(
        704,
        "bad frame",
        "What came over the socket is not what gx speaks: too long, cut short, or of another version.",
        "`gx daemon stop`, then try again.",
    ),
    entry(
        705,
        "wrong peer",
        "The process at the other end of the socket belongs to another user.",
        "Remove the socket, or set `XDG_RUNTIME_DIR` to a folder of your own.",
    ),
    entry(706, "no daemon", "No daemon runs for this store.", "Nothing: `gx build` starts one."),
    entry(
        801,
        "usage",
        "The command line cannot be understood.",
        "`gx help` and `gx help COMMAND` list commands and flags.",
    ),
    entry(
        802,
        "bad value of a setting",
        "A flag or an environment variable has a value that cannot be used.",
        "docs/configuration.md says what each takes.",
    ),
    entry(803, "unknown error code", "No error has that code.", "docs/errors.md lists every code."),
    entry(
        804,
        "file cannot be written",
        "A file that was asked for (a trace, an output below `gx-out`) cannot be written.",
        "The message names the path and the system's answer.",
    ),
    entry(
        805,
        "nothing recorded",
        "No build of this workspace that the store remembers has run anything for that target.",
        "Build it first.",
    ),
    entry(
        806,
        "folder cannot be entered",
        "The folder of `-C` does not exist or cannot be entered.",
        "Check its spelling and permissions.",
    ),
    entry(807, "nothing matches", "No target matches the patterns.", "`gx query //...` lists every target."),
    entry(
        808,
        "standard output cannot be written",
        "The answer goes to standard output, and the system does not take it: the disk is full, or the file cannot be \
         written. A reader that closes its pipe (`| head`) is no error.",
        "Make room, or send the output elsewhere. What was built is kept.",
    ),
];
