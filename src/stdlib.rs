//! The standard library, embedded: ordinary `.ha` files without privileges.

/// Every library: the path that `use` names, and its text. `std/core` is in scope everywhere.
pub const LIBRARIES: &[(&str, &str)] = &[
    ("std/core", include_str!("../stdlib/core.ha")),
    ("std/fs", include_str!("../stdlib/fs.ha")),
    ("std/host", include_str!("../stdlib/host.ha")),
    ("std/http", include_str!("../stdlib/http.ha")),
    ("std/net", include_str!("../stdlib/net.ha")),
    ("std/pacemaker", include_str!("../stdlib/pacemaker.ha")),
    ("std/postgres", include_str!("../stdlib/postgres.ha")),
    ("std/process", include_str!("../stdlib/process.ha")),
    ("std/service", include_str!("../stdlib/service.ha")),
];

/// The text of a library.
pub fn text(path: &str) -> Option<&'static str> {
    LIBRARIES.iter().find(|(p, _)| *p == path).map(|(_, text)| *text)
}

/// The library that declares `word name`, such as `action mount`.
pub fn declaring(word: &str, name: &str) -> Option<&'static str> {
    let start = format!("{word} {name}");
    let declares = |text: &str| {
        text.lines().any(|l| {
            l.strip_prefix(start.as_str())
                .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        })
    };
    LIBRARIES.iter().find(|(_, text)| declares(text)).map(|(path, _)| *path)
}
