//! The shape of the source tree: imports run downward, a name stands for one thing, and files stay short.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};

/// Files of a tree in layers, the lowest first. A name stands for a file and for the folder of that name. A file imports from
/// lower layers, and from its own as long as that makes no circle.
struct Tree {
    root: &'static str,
    layers: &'static [&'static str],
}

const CORE: Tree = Tree {
    root: "src",
    layers: &[
        "error text secret file event fork sync clock validate privileged",
        "single_flight",
        "origin otp jwt",
        "credentials",
        "transport",
        "guard token_cache",
        "shared_store bearer",
        "rate_limit store",
        "config",
        "client",
        "capi",
        "lib",
    ],
};
const COMMAND: Tree = Tree {
    root: "bindings/cli/src",
    layers: &[
        "args interrupt output/unfinished settings/folders settings/table",
        "failure output",
        "settings/profile",
        "settings",
        "guard request curl_config doctor",
        "main",
    ],
};
const JAVA: Tree = Tree {
    root: "bindings/java/native/src",
    layers: &[
        "wire failure upcall objects",
        "client credentials request authorization token",
        "operation",
        "entry",
        "ffm jni",
        "lib",
    ],
};
const PYTHON: Tree = Tree {
    root: "bindings/python/python/boomi_auth",
    layers: &[
        "_aio _errors _events _headers _hidden",
        "__init__",
        "_auth __main__ aiohttp httpx pytest_plugin",
        "_choose",
    ],
};

/// A name of a module: `client/send` for `src/client/send.rs`.
type Module = String;

struct Imports(BTreeMap<Module, BTreeSet<Module>>);

impl Tree {
    fn layer(&self, module: &str) -> usize {
        let is_in =
            |layer: &&str| layer.split(' ').any(|name| module == name || module.starts_with(&format!("{name}/")));
        self.layers.iter().position(is_in).unwrap_or_else(|| panic!("{}/{module} is in no layer", self.root))
    }

    /// Each import that runs upward, and each circle, with the names of the files.
    fn faults(&self, imports: &Imports) -> Vec<String> {
        let mut faults = Vec::new();
        for (from, to) in imports.0.iter().flat_map(|(from, all)| all.iter().map(move |to| (from, to))) {
            if self.layer(to) > self.layer(from) {
                faults.push(format!("{}: {from} imports {to}, which is above it", self.root));
            }
        }
        faults.extend(imports.circles().map(|(from, to)| format!("{}: {from} and {to} import each other", self.root)));
        faults
    }
}

impl Imports {
    /// The imports that lie on a circle.
    fn circles(&self) -> impl Iterator<Item = (&Module, &Module)> {
        let edges = self.0.iter().flat_map(|(from, all)| all.iter().map(move |to| (from, to)));
        edges.filter(|(from, to)| self.reaches(to, from))
    }

    fn reaches(&self, from: &str, to: &str) -> bool {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(at) = open.pop() {
            if at == to {
                return true;
            }
            if seen.insert(at) {
                open.extend(self.0.get(at).into_iter().flatten().map(String::as_str));
            }
        }
        false
    }
}

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The files below `root` with this ending, each with its module's name.
fn files(root: &str, ending: &str) -> BTreeMap<Module, PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { walk(&path, found) } else { found.push(path) }
        }
    }
    let (root, mut found) = (repository().join(root), Vec::new());
    walk(&root, &mut found);
    let module = |path: &Path| path.strip_prefix(&root).unwrap().with_extension("").to_str().unwrap().to_owned();
    let found = found.into_iter().filter(|path| path.extension().is_some_and(|found| found == ending));
    found.map(|path| (module(&path), path)).collect()
}

/// The production files of the core: what only tests compile may import what it likes.
fn core_files() -> BTreeMap<Module, PathBuf> {
    let mut files = files(CORE.root, "rs");
    files.retain(|module, _| module != "tests" && !module.starts_with("tests/"));
    files
}

/// A file without its inline tests.
fn parse(path: &Path) -> syn::File {
    let mut file = syn::parse_file(&std::fs::read_to_string(path).unwrap()).unwrap();
    file.items.retain(|item| !matches!(item, syn::Item::Mod(module) if module.ident == "tests"));
    file
}

/// Collects the paths that a Rust file names.
#[derive(Default)]
struct Paths(Vec<Vec<String>>);

impl<'ast> Visit<'ast> for Paths {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.0.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        fn walk(tree: &syn::UseTree, mut before: Vec<String>, found: &mut Vec<Vec<String>>) {
            match tree {
                syn::UseTree::Path(path) => {
                    before.push(path.ident.to_string());
                    walk(&path.tree, before, found);
                }
                syn::UseTree::Group(group) => {
                    group.items.iter().for_each(|tree| walk(tree, before.clone(), found));
                }
                syn::UseTree::Name(name) => found.push([before, vec![name.ident.to_string()]].concat()),
                syn::UseTree::Rename(name) => found.push([before, vec![name.ident.to_string()]].concat()),
                syn::UseTree::Glob(_) => found.push(before),
            }
        }
        walk(&item.tree, Vec::new(), &mut self.0);
    }
}

/// What each Rust file imports from others of the tree. `top` is the crate's root file.
fn rust_imports(files: &BTreeMap<Module, PathBuf>, top: &str) -> Imports {
    let mut imports = BTreeMap::new();
    for (module, path) in files {
        let mut paths = Paths::default();
        paths.visit_file(&parse(path));
        let here: Vec<_> = if module == top { Vec::new() } else { module.split('/').map(str::to_owned).collect() };
        let targets = paths.0.into_iter().filter_map(|path| target(&here, path, files, top));
        imports.insert(module.clone(), targets.filter(|target| target != module).collect());
    }
    Imports(imports)
}

/// The file that a path in the module `here` leads to, if it is one of the tree.
fn target(here: &[String], path: Vec<String>, files: &BTreeMap<Module, PathBuf>, top: &str) -> Option<Module> {
    // `self`, and the `crate` of a visibility, name no file.
    if path.len() == 1 {
        return None;
    }
    let parents = path.iter().take_while(|part| *part == "super").count();
    let whole = match path.first()?.as_str() {
        "crate" => path[1..].to_vec(),
        "self" => [here, &path[1..]].concat(),
        "super" => [&here[..here.len().checked_sub(parents)?], &path[parents..]].concat(),
        // A child of this module, or nothing of ours.
        first => {
            let child = [here, &[first.to_owned()]].concat().join("/");
            return files.contains_key(&child).then(|| [here, &path].concat()).and_then(|whole| longest(&whole, files));
        }
    };
    longest(&whole, files).or_else(|| Some(top.to_owned()))
}

fn longest(whole: &[String], files: &BTreeMap<Module, PathBuf>) -> Option<Module> {
    (1..=whole.len()).rev().map(|count| whole[..count].join("/")).find(|module| files.contains_key(module))
}

/// What each Python file imports from others of its package.
fn python_imports() -> Imports {
    let files = files(PYTHON.root, "py");
    let mut imports = BTreeMap::new();
    for (module, path) in &files {
        let text = std::fs::read_to_string(path).unwrap();
        let mut targets = BTreeSet::new();
        for line in text.lines().map(str::trim_start) {
            let Some((from, names)) = line.strip_prefix("from .").and_then(|rest| rest.split_once(" import ")) else {
                continue;
            };
            let names = names.split(',').filter_map(|name| name.split_whitespace().next());
            let named = if from.is_empty() { names.collect() } else { vec![from] };
            targets.extend(named.into_iter().filter(|name| files.contains_key(*name)).map(str::to_owned));
        }
        imports.insert(module.clone(), targets);
    }
    Imports(imports)
}

#[test]
fn imports_run_downward_without_circles() {
    let core = rust_imports(&core_files(), "lib");
    let command = rust_imports(&files(COMMAND.root, "rs"), "main");
    let java = rust_imports(&files(JAVA.root, "rs"), "lib");
    let trees = [(CORE, core), (COMMAND, command), (JAVA, java), (PYTHON, python_imports())];
    let faults: Vec<_> = trees.iter().flat_map(|(tree, imports)| tree.faults(imports)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn upward_imports_and_circles_are_found() {
    let tree = Tree { root: "x", layers: &["low", "high other"] };
    let faults = |edges: &[(&str, &str)]| {
        let mut imports: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
        for (from, to) in edges {
            imports.entry((*from).to_owned()).or_default().insert((*to).to_owned());
        }
        tree.faults(&Imports(imports))
    };
    assert_eq!(faults(&[("high", "low"), ("high", "other"), ("other/part", "high")]), [""; 0]);
    assert_eq!(faults(&[("low", "high/part")]), ["x: low imports high/part, which is above it"]);
    let circle = faults(&[("high", "other"), ("other", "other/part"), ("other/part", "high")]);
    assert!(circle.contains(&"x: other/part and high import each other".to_owned()) && circle.len() == 3, "{circle:?}");
}

#[test]
fn type_names_stand_for_one_thing() {
    #[derive(Default)]
    struct Types(Vec<String>);
    impl<'ast> Visit<'ast> for Types {
        fn visit_item(&mut self, item: &'ast syn::Item) {
            self.0.extend(match item {
                syn::Item::Struct(item) => Some(item.ident.to_string()),
                syn::Item::Enum(item) => Some(item.ident.to_string()),
                syn::Item::Trait(item) => Some(item.ident.to_string()),
                syn::Item::Type(item) => Some(item.ident.to_string()),
                syn::Item::Union(item) => Some(item.ident.to_string()),
                _ => None,
            });
            visit::visit_item(self, item);
        }
    }
    let mut defined: BTreeMap<String, Vec<Module>> = BTreeMap::new();
    for (module, path) in core_files() {
        let mut types = Types::default();
        types.visit_file(&parse(&path));
        types.0.into_iter().for_each(|name| defined.entry(name).or_default().push(module.clone()));
    }
    let twice: Vec<_> = defined.into_iter().filter(|(_, modules)| modules.len() > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

/// The lines of a file without its inline tests and without blank lines at its end.
fn production_lines(path: &Path) -> usize {
    let text = std::fs::read_to_string(path).unwrap();
    let end = text.find("\n#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    text[..end].trim_end().lines().count()
}

#[test]
fn production_files_stay_short() {
    let lines: BTreeMap<_, _> =
        core_files().iter().map(|(module, path)| (module.clone(), production_lines(path))).collect();
    let long: Vec<_> = lines.iter().filter(|(_, lines)| **lines > 450).collect();
    assert!(long.is_empty(), "over 450 lines: {long:?}");
    let client: usize = lines.iter().filter(|(module, _)| module.starts_with("client/")).map(|(_, lines)| lines).sum();
    assert!(client <= 5_500, "src/client has {client} lines");
}

/// Functions and constants that a caller in another language does not know.
const NAMES: [&str; 5] = ["boomi_config_", "boomi_client_", "ClientBuilder::", "Client::", "BOOMI_AUTH_"];

/// The string literals of a source file without its inline tests, each joined over its line continuations.
fn strings(source: &str) -> Vec<String> {
    let source = source.split("\nmod tests {").next().unwrap_or_default();
    let code: Vec<_> = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n").replace(r#"\""#, "'").replace("'\"'", "");
    let literals = code.split('"').skip(1).step_by(2);
    literals.map(|text| text.split("\\\n").map(str::trim_start).collect()).collect()
}

#[test]
fn messages_name_settings_not_functions() {
    let files = core_files().into_iter().filter(|(module, _)| !module.starts_with("capi"));
    let texts: Vec<_> = files
        .flat_map(|(module, path)| {
            let source = std::fs::read_to_string(path).unwrap();
            strings(&source).into_iter().map(move |text| (module.clone(), text))
        })
        .collect();
    assert!(texts.len() > 500, "only {} strings were found", texts.len());
    let named: Vec<_> = texts.iter().filter(|(_, text)| NAMES.iter().any(|name| text.contains(name))).collect();
    assert!(named.is_empty(), "name the setting instead: {named:?}");
}
