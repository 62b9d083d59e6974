//! `file:` URIs and paths.

use gen_lsp_types::Uri;

/// Bytes that stand for themselves in the path of a URI: the unreserved ones of RFC 3986, and `/`.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'.' | b'_' | b'~')
}

/// The URI of a path.
pub fn of_path(path: &str) -> Uri {
    let mut uri = String::from("file://");
    for byte in path.bytes() {
        if is_plain(byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    Uri(uri)
}

/// The path of a `file:` URI of this machine. Other URIs, such as those of texts that were never saved, have none.
pub fn path(uri: &str) -> Option<String> {
    let rest = uri.strip_prefix("file://")?;
    let rest = rest.strip_prefix("localhost").unwrap_or(rest);
    let mut bytes = Vec::with_capacity(rest.len());
    let mut left = rest.as_bytes();
    while let Some((first, tail)) = left.split_first() {
        let code = tail.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match code.filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                left = tail.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                left = tail;
            }
        }
    }
    String::from_utf8(bytes).ok().filter(|path| path.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::{of_path, path};

    #[test]
    fn paths_are_there_and_back() {
        for own in ["/a/b.ha", "/with space/\u{e9}\u{1F600}#?%.ha"] {
            assert_eq!(path(&of_path(own).0).as_deref(), Some(own));
        }
        assert_eq!(path("file://localhost/a%20b").as_deref(), Some("/a b"));
        assert_eq!(path("file:///100%").as_deref(), Some("/100%"));
        assert_eq!(path("file:///a%2").as_deref(), Some("/a%2"));
    }

    #[test]
    fn what_is_no_path_has_none() {
        for other in ["untitled:Untitled-1", "file://server/share", "file:relative", "file:///%ff", ""] {
            assert_eq!(path(other), None, "{other}");
        }
    }
}
