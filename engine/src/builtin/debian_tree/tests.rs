//! Tests of `debian_tree`: packages made here, good and bad.

use super::super::testing::{call, folder_output, path, store};
use super::*;
use gx_store::TreeBuilder;

/// A package: control, postinst, and what it brings: `path=content`, `path->target`, `path/`.
struct Package {
    control: String,
    postinst: &'static str,
    brings: Vec<&'static str>,
}

fn package(control: &str, brings: &[&'static str]) -> Package {
    Package { control: control.to_owned(), postinst: "", brings: brings.to_vec() }
}

fn simple(name: &str, brings: &[&'static str]) -> Package {
    package(&format!("Package: {name}\nVersion: 1\nArchitecture: all\n"), brings)
}

impl Package {
    fn put(&self, store: &Store) -> gx_store::TreeId {
        let mut builder = TreeBuilder::new();
        let file = |text: &str| Node::File { blob: store.put_blob(text.as_bytes()).unwrap(), executable: false };
        builder.insert(&path("control/control"), file(&self.control)).unwrap();
        builder.insert(&path("control/postinst"), file(self.postinst)).unwrap();
        builder.insert_folder(&path("data")).unwrap();
        for item in &self.brings {
            if let Some((link, target)) = item.split_once("->") {
                builder.insert(&path(&format!("data/{link}")), Node::Symlink(target.to_owned())).unwrap();
            } else if let Some((at, content)) = item.split_once('=') {
                builder.insert(&path(&format!("data/{at}")), file(content)).unwrap();
            } else {
                builder.insert_folder(&path(&format!("data/{}", item.trim_end_matches('/')))).unwrap();
            }
        }
        store.put_built(&builder).unwrap()
    }
}

fn merge_with(packages: &[Package], links: &str) -> Result<(Store, gx_store::TreeId), String> {
    let (_folder, store) = store();
    let (mut inputs, mut lines) = (BTreeMap::new(), String::new());
    for package in packages {
        let control = Control::parse(&package.control);
        let input = format!("out/debs/{}", control.name);
        lines += &format!("{input} {} {} {}\n", control.name, control.version, control.architecture);
        inputs.insert(path(&input), Node::Directory(package.put(&store)));
    }
    let call = call("debian_tree", 1, &[("packages", &lines), ("links", links)]);
    match DebianTree.call(&call, &inputs, &folder_output("out/tree"), &store).map_err(|e| e.to_string())?.pop() {
        Some((_, Node::Directory(tree))) => Ok((store, tree)),
        other => panic!("{other:?}"),
    }
}

fn merge(packages: &[Package], links: &str) -> Result<String, String> {
    merge_with(packages, links).map(|(store, tree)| list(&store, &tree, ""))
}

fn list(store: &Store, tree: &gx_store::TreeId, above: &str) -> String {
    let entries = &store.tree(tree).unwrap().entries;
    let lines = entries.iter().map(|(name, node)| match node {
        Node::File { blob, .. } => {
            format!("{above}{name} = {}\n", String::from_utf8_lossy(&store.blob(blob).unwrap()))
        }
        Node::Symlink(target) => format!("{above}{name} -> {target}\n"),
        Node::Directory(tree) => {
            let inner = list(store, tree, &format!("{above}{name}/"));
            if inner.is_empty() { format!("{above}{name}/\n") } else { inner }
        }
    });
    lines.collect()
}

fn sample() -> Vec<Package> {
    let mut gcc = package(
        "Package: gcc\nVersion: 4:12\nArchitecture: amd64\nDepends: libc6 (>= 2.36) | libc, cpp (= 4:12),\n awk:any\n",
        &["usr/bin/gcc-12=gcc", "usr/bin/gcc->gcc-12", "lib/cpp->../usr/bin/cpp", "usr/share/doc/gcc/copyright=words"],
    );
    gcc.postinst = "#!/bin/sh\nset -e\nupdate-alternatives --quiet --install /usr/bin/cc cc /usr/bin/gcc 20 \\\n  \
                    --slave /usr/share/x/cc cc.x /usr/share/x/gcc\nupdate-alternatives --install $x y z 1\n";
    let mut gawk = simple("gawk", &["usr/bin/gawk=gawk"]);
    gawk.control += "Provides: awk (= 1)\nDepends: gcc\n";
    gawk.postinst = "update-alternatives --install /usr/bin/awk awk /usr/bin/gawk 10; true\n";
    let mut mawk = simple("mawk", &["usr/bin/mawk=mawk", "tmp/", "lib64/ld.so->../lib/ld.so", "bin->usr/bin"]);
    mawk.postinst = "update-alternatives --install /usr/bin/awk awk /usr/bin/mawk 5\n";
    let libc = simple("libc6", &["lib/ld.so=ld", "lib/libc.so->../usr/lib/real.so", "usr/lib/real.so=libc"]);
    let cpp = package(
        "Package: cpp\nVersion: 4:12\nArchitecture: amd64\n",
        &["bin/cpp=cpp", "usr/share/x/gcc=x", "usr/lib/go->go-1", "usr/lib/go-1/a=a"],
    );
    vec![gcc, gawk, mawk, libc, cpp, simple("more", &["usr/lib/go/b=b", "usr/lib/real.so=libc"])]
}

#[test]
fn golden() {
    let (store, tree) = merge_with(&sample(), "usr/bin/tool /usr/lib/go/b\n").unwrap();
    insta::assert_snapshot!(list(&store, &tree, ""));
    // A changed digest needs a changed revision.
    assert_eq!(tree.to_string(), "0480e77a13bf7a896ae8276e720debb4a48cda577f6cd5436c64b88ec03edae6");
}

#[test]
fn the_order_of_packages_decides_nothing() {
    let mut reversed = sample();
    reversed.reverse();
    assert_eq!(merge(&reversed, ""), merge(&sample(), ""));
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let control = |name: &str, more: &str| format!("Package: {name}\nVersion: 1\nArchitecture: all\n{more}\n");
    let said = [
        merge(&[simple("a", &["bin/x=1"]), simple("b", &["usr/bin/x=2"])], ""),
        merge(&[simple("a", &["x=1", "y=1"]), simple("b", &["x=2", "y/z=2"])], ""),
        merge(&[simple("a", &["usr/x->../../y"])], ""),
        merge(&[package(&control("a", "Depends: b, c | d (>= 2)"), &[])], ""),
        merge(&[simple("a", &["x=1"])], "y z\n"),
        merge(&[simple("a", &["x=1", "z=2"])], "x z\n"),
    ];
    insta::assert_snapshot!(said.map(Result::unwrap_err).join("\n"));
}

#[test]
fn a_package_that_is_another_is_refused() {
    let (_folder, store) = store();
    let inputs = BTreeMap::from([(path("out/a"), Node::Directory(simple("a", &[]).put(&store)))]);
    let refused = |packages: &str| {
        let call = call("debian_tree", 1, &[("packages", packages)]);
        DebianTree.call(&call, &inputs, &folder_output("out/tree"), &store).unwrap_err().to_string()
    };
    let lines = ["out/a a 2 all", "out/a b 1 all", "out/a a 1 amd64", "out/b a 1 all", "out/a a 1"];
    insta::assert_snapshot!(lines.map(refused).join("\n"));
}
