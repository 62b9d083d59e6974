//! Messages between bytes: headers, lengths and JSON as the base protocol has them.
//!
//! What is no message is told to the client and skipped; the next message is read as if nothing had been.

use lsp_server::Message;
use serde_json::{Value, json};
use std::io::{self, BufRead, Read, Write};

/// Bytes of one message: a source of the largest size with every byte escaped fits.
const MESSAGE_BYTES: usize = 256 << 20;
/// Bytes of one line of a header.
const HEADER_BYTES: u64 = 4 << 10;

/// What came over the wire.
#[derive(Debug)]
pub enum Incoming {
    /// A message.
    Message(Message),
    /// Something that is none, and why.
    Malformed(String),
}

/// The next thing that the client says; nothing once it has closed the pipe.
///
/// # Errors
/// The pipe broke.
pub fn read(input: &mut impl BufRead) -> io::Result<Option<Incoming>> {
    let Some(length) = header(input)? else { return Ok(None) };
    let length = match length {
        Ok(length) => length,
        Err(why) => return Ok(Some(Incoming::Malformed(why))),
    };
    if length > MESSAGE_BYTES {
        let skipped = io::copy(&mut input.take(length as u64), &mut io::sink())?;
        let why = format!("a message of {length} bytes is too large; {skipped} bytes were skipped");
        return Ok(Some(Incoming::Malformed(why)));
    }
    let mut body = Vec::new();
    if input.take(length as u64).read_to_end(&mut body)? < length {
        return Ok(None);
    }
    Ok(Some(match serde_json::from_slice(&body) {
        Ok(message) => Incoming::Message(message),
        Err(error) => Incoming::Malformed(format!("this is not a message: {error}")),
    }))
}

/// The length that a header announces, or why there is none; nothing at the end of the input.
fn header(input: &mut impl BufRead) -> io::Result<Option<Result<usize, String>>> {
    let mut length = Err(String::from("the header has no Content-Length"));
    loop {
        let mut line = Vec::new();
        if input.take(HEADER_BYTES).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        if line.is_empty() {
            return Ok(Some(length));
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().map_err(|_| format!("`{}` is no length", value.trim()));
        }
    }
}

/// Says something to the client.
///
/// # Errors
/// The client does not listen any more.
pub fn write(output: &mut impl Write, message: &Message) -> io::Result<()> {
    message.write(output)
}

/// Says that something was no message. The protocol wants an answer to nobody.
///
/// # Errors
/// The client does not listen any more.
pub fn refuse(output: &mut impl Write, why: &str) -> io::Result<()> {
    let error = json!({ "code": lsp_server::ErrorCode::ParseError as i32, "message": why });
    put(output, &json!({ "jsonrpc": "2.0", "id": Value::Null, "error": error }).to_string())
}

/// Says a text that is a message already.
///
/// # Errors
/// The client does not listen any more.
pub fn put(output: &mut impl Write, text: &str) -> io::Result<()> {
    write!(output, "Content-Length: {}\r\n\r\n{text}", text.len())?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::{Incoming, read, refuse};

    fn said(mut input: &[u8]) -> Vec<String> {
        let mut said = Vec::new();
        while let Some(incoming) = read(&mut input).unwrap() {
            said.push(match incoming {
                Incoming::Message(lsp_server::Message::Notification(n)) => n.method,
                Incoming::Message(other) => format!("{other:?}"),
                Incoming::Malformed(why) => why,
            });
        }
        said
    }

    fn framed(text: &str) -> String {
        format!("Content-Length: {}\r\n\r\n{text}", text.len())
    }

    #[test]
    fn what_is_no_message_is_skipped_and_the_next_is_read() {
        let good = framed(r#"{"jsonrpc":"2.0","method":"a"}"#);
        let input = [
            good.clone(),
            framed("{\"jsonrpc\": nonsense"),
            framed("\u{1F600}"),
            String::from("Content-Type: x\r\n\r\n"),
            String::from("Content-Length: many\r\n\r\n"),
            good.replace("Content-Length", "content-length"),
            format!("{}\r\n\r\n", "x".repeat(10_000)),
            good,
        ];
        let said = said(input.concat().as_bytes());
        let starts =
            ["a", "this is not a message", "this is not", "the header has", "`many` is no", "a", "the header", "a"];
        assert_eq!(said.len(), starts.len(), "{said:?}");
        assert!(said.iter().zip(starts).all(|(said, start)| said.starts_with(start)), "{said:?}");
    }

    #[test]
    fn a_message_that_is_too_large_is_not_kept_and_one_cut_short_is_the_end() {
        let large = format!("Content-Length: {}\r\n\r\nxy", 1_u64 << 40);
        assert_eq!(said(large.as_bytes()), ["a message of 1099511627776 bytes is too large; 2 bytes were skipped"]);
        assert!(said(b"Content-Length: 100\r\n\r\n{}").is_empty());
        assert!(said(b"Content-Length: 10").is_empty());
    }

    #[test]
    fn a_refusal_goes_to_nobody() {
        let mut out = Vec::new();
        refuse(&mut out, "no").unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.contains("\"id\":null") && text.contains("-32700") && text.starts_with("Content-Length: "),
            "{text}"
        );
    }
}
