//! Rules that a workspace writes itself: what `ctx`, args, providers and depsets give.

use crate::space::{Space, shown};

fn load(bzl: &str, build: &str) -> String {
    let space = Space::new();
    space.write("p/r.bzl", bzl).write("p/BUILD", &format!("load(':r.bzl', 'r')\n{build}")).write("p/a.txt", "a");
    space.write("p/b.txt", "b");
    match space.load(&["//p:all"]) {
        Ok(loaded) => loaded.prints.clone().into_iter().chain([shown(&loaded)]).collect::<Vec<_>>().join("\n"),
        Err(errors) => errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    }
}

#[test]
fn args_become_command_lines() {
    insta::assert_snapshot!(load(
        "def _each(f):
    return None if f.basename == 'b.txt' else ['-f', f.basename]

def _impl(ctx):
    o = ctx.actions.declare_file('sub/o')
    args = ctx.actions.args()
    args.add('-o', o).add(o, format = '--out=%s').add(3)
    args.add_all(ctx.files.srcs, before_each = '-I')
    args.add_all('--list', ctx.files.srcs, format_each = '<%s>', terminate_with = '--')
    args.add_all('--none', [])
    args.add_all('--kept', [], omit_if_empty = False)
    args.add_all(depset(ctx.files.srcs), map_each = _each)
    args.add_all(['x', 'y', 'x'], uniquify = True)
    args.add_joined('--join', ctx.files.srcs, join_with = ',', format_joined = 'j=%s', format_each = '%s%%')
    long = ctx.actions.args().use_param_file('@%s', use_always = True).set_param_file_format('shell')
    long.add_all(['plain', 'a b', \"it's\"])
    ctx.actions.run(outputs = [o], executable = 'tool', arguments = ['first', args, long, 'last'],
                    inputs = ctx.files.srcs, env = {'K': 'v', 'PATH': '/x'}, mnemonic = 'Own',
                    progress_message = 'Making %{output} of %{label}', toolchain = [])
    return [DefaultInfo(files = depset([o]))]

r = rule(implementation = _impl, attrs = {'srcs': attr.label_list(allow_files = True)})
",
        "r(name = 'x', srcs = ['a.txt', 'b.txt'])"
    ));
}

#[test]
fn providers_depsets_and_targets_go_from_rule_to_rule() {
    insta::assert_snapshot!(load(
        "Info = provider(doc = 'x', fields = {'all': 'files', 'data': 'anything'})

def _impl(ctx):
    deps = [d[Info] for d in ctx.attr.deps]
    all = depset(ctx.files.srcs, transitive = [d.all for d in deps], order = 'preorder')
    o = ctx.actions.declare_file(ctx.label.name + '.txt')
    ctx.actions.run_shell(
        outputs = [o],
        inputs = all,
        command = 'cat \"$@\" > ' + o.path,
        arguments = [ctx.actions.args().add_all(all)],
        tools = [ctx.attr.tool.files_to_run] if ctx.attr.tool else [],
    )
    for dep in ctx.attr.deps:
        print(dep.label, dep, DefaultInfo in dep, Info in dep, dep[Info].data, type(dep[Info].data['l']))
        print(dep[DefaultInfo].files.to_list(), dep.files == dep[DefaultInfo].files, dep[DefaultInfo].default_runfiles.files)
    return [
        DefaultInfo(files = depset([o]), runfiles = ctx.runfiles(files = [o]).merge(ctx.runfiles(files = ctx.files.srcs))),
        Info(all = all, data = {'l': [1, None, True, (2, 'x')], 's': struct(f = ctx.label)}),
    ]

r = rule(
    implementation = _impl,
    attrs = {
        'srcs': attr.label_list(allow_files = ['.txt']),
        'deps': attr.label_list(providers = [Info]),
        'tool': attr.label(executable = True, cfg = 'exec'),
    },
    provides = [Info],
)
",
        "r(name = 'x', srcs = ['a.txt'], deps = [':y'], tool = ':t')
r(name = 'y', srcs = ['b.txt'])
sh_binary(name = 't', srcs = ['a.txt'], data = ['b.txt'])"
    ));
}

#[test]
fn ctx_knows_its_target() {
    insta::assert_snapshot!(load(
        "def _impl(ctx):
    print(ctx.label, ctx.label.name, ctx.label.package, ctx.attr.name, ctx.workspace_name, ctx.build_file_path, ctx.bin_dir.path)
    print(ctx.attr.b, ctx.attr.i, ctx.attr.s, ctx.attr.sl, ctx.attr.il, ctx.attr.sd, ctx.attr.sld, ctx.attr.lsd)
    print(ctx.file.one, ctx.file.one.path, ctx.file.one.short_path, ctx.file.one.dirname, ctx.file.one.extension, ctx.file.one.is_source, ctx.file.one.owner)
    print(ctx.file.none, ctx.attr.none, ctx.outputs.out, ctx.outputs.out.path, ctx.outputs.out.root.path, ctx.outputs.outs, ctx.outputs.made)
    print(ctx.expand_location('$(location a.txt) $(rootpath :one.o) $(locations :g) $(MAKE) $$(x)', ctx.attr.more))
    print(ctx.expand_make_variables('s', '$(X) $$ $(BINDIR)', {'X': 'y'}), ctx.var['GENDIR'])
    print(ctx.attr.tags, ctx.attr.testonly, hasattr(ctx.attr, 'nope'), sorted([d for d in dir(ctx.attr)]))
    for f in [ctx.outputs.out, ctx.outputs.made] + ctx.outputs.outs:
        ctx.actions.write(f, f.basename, is_executable = True)

r = rule(
    implementation = _impl,
    outputs = {'made': '%{name}.made'},
    attrs = {
        'b': attr.bool(default = True),
        'i': attr.int(default = 3, values = [3, 4]),
        's': attr.string(values = ['p', 'q'], default = 'p'),
        'sl': attr.string_list(),
        'il': attr.int_list(default = [1]),
        'sd': attr.string_dict(),
        'sld': attr.string_list_dict(),
        'lsd': attr.label_keyed_string_dict(allow_files = True),
        'one': attr.label(allow_single_file = True),
        'none': attr.label(allow_single_file = True),
        'more': attr.label_list(),
        'out': attr.output(),
        'outs': attr.output_list(),
    },
)
",
        "r(name = 'x', i = 4, s = 'q', sl = ['u'], sd = {'k': 'v'}, sld = {'k': ['v']}, lsd = {'a.txt': 'n'}, one = 'a.txt',
  out = 'one.o', outs = ['two.o', 'd/three.o'], tags = ['manual', 't'], more = [':g'])
filegroup(name = 'g', srcs = ['a.txt', 'b.txt'])
filegroup(name = 'use', srcs = ['x.made', ':d/three.o', ':x'])"
    ));
}

#[test]
fn macros_and_natives() {
    insta::assert_snapshot!(load(
        "def r(name, **kwargs):
    native.genrule(name = name, outs = [name + '.o'], cmd = 'echo ' + native.package_name(), **kwargs)
    native.filegroup(name = name + '_group', srcs = native.glob(['*.txt'], exclude = ['b*']))
    print(native.existing_rule(name)['kind'], native.existing_rule('nope'), sorted(native.existing_rules().keys()))
    print(Label(':x'), Label('//q:x').package, native.repository_name(), select({'//conditions:default': 1}))
",
        "r(name = 'x', tags = ['a'])
[r(name = 'y%d' % n) for n in range(2)]
alias(name = 'other', actual = ':x')
filegroup(name = 'through', srcs = [':other'])"
    ));
}

#[test]
fn long_commands_go_through_a_file() {
    let space = Space::new();
    space
        .write(
            "p/r.bzl",
            "def _impl(ctx):
    o = ctx.actions.declare_file('o')
    ctx.actions.run_shell(outputs = [o], command = 'echo ' + 'x' * 70000, arguments = ['one'])
    return [DefaultInfo(files = depset([o]))]
r = rule(implementation = _impl)",
        )
        .write("p/BUILD", "load(':r.bzl', 'r')\nr(name = 'x')");
    let loaded = space.load(&["//p:x"]).unwrap();
    let run = loaded.plan.derivations.values().find_map(|p| match &p.derivation.work {
        gx_store::Work::Run(run) => Some((run.arguments.clone(), p.derivation.inputs.len())),
        _ => None,
    });
    let expected = ["/bin/sh", "out/p/o-command.sh", "one"].map(str::to_owned).to_vec();
    assert_eq!(run, Some((expected, 1)));
}

#[test]
fn a_test_sees_its_runfiles_at_their_short_paths() {
    let space = Space::new();
    space
        .write("p/BUILD", "sh_test(name = 't_test', srcs = ['t.sh'], data = ['d.txt', ':g'], args = ['a', '$(location d.txt)'], env = {'E': '1'}, size = 'small')
genrule(name = 'g', outs = ['g.txt'], cmd = 'x')
test_suite(name = 'suite')")
        .write("p/t.sh", "")
        .write("p/d.txt", "");
    let loaded = space.load(&["//p:suite"]).unwrap_or_else(|e| panic!("{}", e[0]));
    assert_eq!(loaded.targets.len(), 1);
    let test = loaded.targets[0].test.unwrap();
    let planned = &loaded.plan.derivations[&test];
    let inputs: Vec<&str> = planned.derivation.inputs.iter().map(|i| i.path.as_str()).collect();
    assert_eq!(inputs, ["p/d.txt", "p/g.txt", "p/t.sh", "p/t_test"]);
    assert_eq!(planned.note.timeout_ms, Some(60_000));
    assert!(loaded.plan.goals[0].also.contains(&test));
    insta::assert_debug_snapshot!(planned.derivation.work);
}
