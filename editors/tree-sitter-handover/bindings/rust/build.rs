//! Compiles the generated parser.

fn main() {
    let mut build = cc::Build::new();
    build.include("src").file("src/parser.c").std("c11").warnings(false);
    build.compile("tree-sitter-handover");
    println!("cargo:rerun-if-changed=src/parser.c");
}
