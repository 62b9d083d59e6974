//! Every text in the language that this repository has: its files, and the blocks of its documents.

use std::fs;
use std::path::{Path, PathBuf};

/// A text and where it is from.
pub struct Text {
    pub from: String,
    pub text: String,
}

/// All of them, those with mistakes too, in a stable order.
pub fn texts() -> Vec<Text> {
    let mut found = Vec::new();
    for path in files(super::root()) {
        let from = path.strip_prefix(super::root()).unwrap().display().to_string();
        let text = fs::read_to_string(&path).unwrap();
        if from.ends_with(".ha") {
            found.push(Text { from, text });
        } else {
            blocks(&text).for_each(|(line, text)| found.push(Text { from: format!("{from}:{line}"), text }));
        }
    }
    found
}

/// Plans and documents, without what is built, installed or made up.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let inside = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        match path.is_dir() {
            true if ["target", "node_modules", "fuzz"].contains(&name.as_str()) || name.starts_with('.') => Vec::new(),
            true => files(&path),
            false => [path].into_iter().filter(|_| name.ends_with(".ha") || name.ends_with(".md")).collect(),
        }
    };
    paths.into_iter().flat_map(inside).collect()
}

/// The `ha` blocks of a page with their lines; the inside of a plan is put into one.
fn blocks(page: &str) -> impl Iterator<Item = (usize, String)> {
    let (mut line, mut blocks) = (1, Vec::new());
    let mut parts = page.split("```");
    while let (Some(prose), Some(block)) = (parts.next(), parts.next()) {
        line += prose.matches('\n').count();
        let (info, text) = block.split_once('\n').unwrap_or((block, ""));
        match info.split(' ').collect::<Vec<_>>().as_slice() {
            ["ha", "step", ..] => blocks.push((line, format!("plan p() {{\n{text}}}\n"))),
            ["ha", ..] => blocks.push((line, text.to_owned())),
            _ => {}
        }
        line += block.matches('\n').count();
    }
    blocks.into_iter()
}
