"""What `$(...)` means in attributes: Make variables, `$(location x)` and its kin, and shell words.

Meanings are Bazel's. A `$$` is one dollar for the shell; anything else after a dollar must be known, so a
misspelt variable stops the build instead of reaching the shell as nothing.
"""

_LOCATION_FUNCTIONS = ["location", "locations", "execpath", "execpaths", "rootpath", "rootpaths"]

def repository_dir(label):
    """Where the files of a label's repository lie below the working directory: nothing, or `external/repo`."""
    return "external/" + label.repo_name if label.repo_name else ""

def package_dir(label):
    """Where a package's files lie below the working directory: `pkg`, or `external/repo/pkg`."""
    return "/".join([part for part in [repository_dir(label), label.package] if part])

def path_in_package(label, file):
    """A file's path as seen from a package; a file of another package keeps its whole path."""
    path = file.short_path
    if path.startswith("../"):
        path = "external/" + path[3:]
    package = package_dir(label)
    return path.removeprefix(package + "/") if package else path

def ruledir(ctx):
    """Where a package's outputs lie: `out/pkg`."""
    below = package_dir(ctx.label)
    return ctx.bin_dir.path + ("/" + below if below else "")

def dirname(path):
    """The folder of a path; `.` when it has none."""
    head, slash, _ = path.rpartition("/")
    return head if slash else "."

def _key(label):
    return "%s//%s:%s" % (label.repo_name, label.package, label.name)

def _key_of_text(text, current):
    """The same key for a label as it is written in an expression."""
    repository = current.repo_name
    rest = text
    if text.startswith("@"):
        repository, slashes, rest = text.lstrip("@").partition("//")
        rest = "//" + rest if slashes else "//:" + repository
    if rest.startswith("//"):
        package, colon, name = rest[2:].partition(":")
        return "%s//%s:%s" % (repository, package, name if colon else package.split("/")[-1])
    return "%s//%s:%s" % (repository, current.package, rest.removeprefix(":"))

def location_table(ctx, targets, outputs = []):
    """What labels stand for.

    Args:
      ctx: the rule's context.
      targets: targets that may be named. One with an executable stands for that.
      outputs: the rule's own output files.

    Returns:
      A dict from a label's key to a list of files.
    """
    table = {}
    for target in targets:
        info = target[DefaultInfo]
        executable = info.files_to_run.executable if info.files_to_run else None
        table[_key(target.label)] = [executable] if executable else info.files.to_list()
    for file in outputs:
        table["%s//%s:%s" % (ctx.label.repo_name, ctx.label.package, path_in_package(ctx.label, file))] = [file]
    return table

def _locate(ctx, function, text, table, where, runtime):
    files = table.get(_key_of_text(text, ctx.label))
    if files == None:
        fail("%s: $(%s %s): '%s' is not a prerequisite of %s; add it to srcs, tools or data" %
             (where, function, text, text, ctx.label))
    if len(files) == 0:
        fail("%s: $(%s %s): '%s' has no files" % (where, function, text, text))
    if not function.endswith("s") and len(files) != 1:
        fail("%s: $(%s %s): '%s' has %d files; write $(%ss %s) for all of them" %
             (where, function, text, text, len(files), function, text))
    if function.startswith("rootpath") or (runtime and function.startswith("location")):
        return " ".join([file.short_path for file in files])
    return " ".join([file.path for file in files])

def _known(variables):
    names = ["$" + name if len(name) == 1 else "$(" + name + ")" for name in variables]
    return ", ".join(names + ["$(location x)", "$(locations x)", "$(execpath x)", "$(rootpath x)", "$$"])

def _undefined(name, variables, where):
    shown = "$" + name if len(name) == 1 else "$(" + name + ")"
    fail("%s: %s is not defined; write $%s if the shell is to see it. Known here: %s" %
         (where, shown, shown, _known(variables)))

def expand(ctx, text, variables = {}, table = {}, where = "cmd", runtime = False):
    """Expands Make variables and locations.

    Args:
      ctx: the rule's context.
      text: what to expand.
      variables: values by name; `@` and `<` give `$@` and `$<`. A value that is a list is an error to use, its
        one element says why.
      table: from `location_table`.
      where: the attribute, for messages.
      runtime: the text is for when a program runs, not for when it is built.

    Returns:
      The text with everything expanded.
    """
    parts = text.split("$")
    pieces = [parts[0]]
    literal = False
    for index in range(1, len(parts)):
        part = parts[index]
        if literal:
            pieces.append(part)
            literal = False
            continue
        if part == "":
            if index + 1 == len(parts):
                fail("%s: a single '$' at the end; write '$$'" % where)
            pieces.append("$")
            literal = True
            continue
        if part[0] == "(":
            end = part.find(")")
            if end < 0:
                fail("%s: '$%s' has no ')'; write '$$(' for the shell's own" % (where, part[:40]))
            name = part[1:end]
            rest = part[end + 1:]
        else:
            name = part[0]
            rest = part[1:]
        function, space, argument = name.partition(" ")
        if space and function in _LOCATION_FUNCTIONS:
            value = _locate(ctx, function, argument.strip(), table, where, runtime)
        elif name in variables:
            value = variables[name]
            if type(value) == "list":
                fail("%s: %s" % (where, value[0]))
        else:
            _undefined(name, variables, where)
        pieces.append(value)
        pieces.append(rest)
    return "".join(pieces)

def shell_words(text, where):
    """Splits text into words as a Bourne shell does: blanks separate, quotes and backslashes group."""
    if not ("'" in text or "\"" in text or "\\" in text):
        return text.split()
    words = []
    word = ""
    started = False
    quote = None
    escaped = False
    for char in text.elems():
        if escaped:
            # Inside double quotes a backslash is itself unless it guards one of these.
            word += char if quote == None or char in "\"\\$`" else "\\" + char
            escaped = False
        elif char == "\\" and quote != "'":
            escaped = True
            started = True
        elif quote != None:
            if char == quote:
                quote = None
            else:
                word += char
        elif char in "'\"":
            quote = char
            started = True
        elif char in " \t\n":
            if started:
                words.append(word)
            word = ""
            started = False
        else:
            word += char
            started = True
    if quote != None or escaped:
        fail("%s: '%s' ends inside a quote" % (where, text))
    if started:
        words.append(word)
    return words

def expand_words(ctx, texts, table, where, runtime = False):
    """Expands each text and splits it into shell words, as `copts`, `linkopts` and `args` want it."""
    words = []
    for text in texts:
        words.extend(shell_words(expand(ctx, text, {}, table, where, runtime), where))
    return words
