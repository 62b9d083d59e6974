//! Texts that have to fit into the boxes of a drawing.

/// A text of at most so many characters; wide ones count twice.
pub(super) fn short(text: &str, most: usize) -> String {
    let wide = |c: char| if c >= '\u{1100}' { 2 } else { 1 };
    if text.chars().map(wide).sum::<usize>() <= most {
        return text.to_owned();
    }
    let mut left = most.saturating_sub(1);
    let fits = |c: &char| {
        let fits = wide(*c) <= left;
        left = left.saturating_sub(wide(*c));
        fits
    };
    let kept: String = text.chars().take_while(fits).collect();
    format!("{}…", kept.trim_end())
}

/// A text in at most two lines.
pub(super) fn broken(text: &str, most: usize) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    let mut first = String::new();
    let mut rest = text;
    for word in text.split_inclusive(' ') {
        if first.chars().count() + word.trim_end().chars().count() > most {
            break;
        }
        first.push_str(word);
        rest = rest.get(word.len()..).unwrap_or_default();
    }
    match (first.is_empty(), rest.is_empty()) {
        (true, _) => vec![short(text, most)],
        (_, true) => vec![first],
        _ => vec![first.trim_end().to_owned(), short(rest, most)],
    }
}

#[cfg(test)]
mod tests {
    use super::{broken, short};

    #[test]
    fn texts_fit_into_boxes() {
        assert_eq!(short("mount_datastores", 10), "mount_dat…");
        assert_eq!(short("東京の管理サーバ", 10), "東京の管…");
        assert_eq!(broken("Stopping the resources that are targets", 20), ["Stopping the", "resources that are…"]);
        assert_eq!(broken("short", 20), ["short"]);
        assert!(broken("", 20).is_empty());
    }
}
