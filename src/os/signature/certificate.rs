//! The certificate in a signature of the SSHSIG format, as a line of a file of public keys: see PROTOCOL.sshsig of OpenSSH.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// What the signed blob begins with: its name and a version of four bytes.
const BEGINNING: usize = b"SSHSIG".len() + 4;

/// The public key or certificate with which a signature was made; `None` if it is not whole.
pub(super) fn line(signature: &str) -> Option<String> {
    let armored: String = signature.lines().filter(|line| !line.starts_with('-')).collect();
    let blob = decode(&armored)?;
    let key = string(blob.get(BEGINNING..)?)?;
    let kind = std::str::from_utf8(string(key)?).ok()?;
    Some(format!("{kind} {}", encode(key)))
}

/// The bytes behind their number, see RFC 4251, section 5.
fn string(bytes: &[u8]) -> Option<&[u8]> {
    let length = u32::from_be_bytes(bytes.first_chunk().copied()?);
    bytes.get(4..)?.get(..usize::try_from(length).ok()?)
}

/// The bytes that a text in base64 (RFC 4648) stands for.
fn decode(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for digit in text.trim_end_matches('=').bytes() {
        let value = ALPHABET.iter().position(|known| *known == digit)?;
        bits = bits << 6 | u32::try_from(value).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    Some(bytes)
}

/// Bytes as a text in base64.
fn encode(bytes: &[u8]) -> String {
    let group = |three: &[u8]| {
        let bits = three.iter().chain([0, 0].iter()).take(3).fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        let digit = move |at: usize| match at <= three.len() {
            true => ALPHABET.get(bits >> (18 - 6 * at) & 63).map_or('=', |digit| char::from(*digit)),
            false => '=',
        };
        (0..4).map(digit).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::{decode, encode, line};

    #[test]
    fn base64_goes_both_ways() {
        // RFC 4648, section 10.
        let cases =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE=")];
        for (plain, text) in cases {
            assert_eq!(encode(plain.as_bytes()), text);
            assert_eq!(decode(text).unwrap(), plain.as_bytes());
        }
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(&encode(&all)).unwrap(), all);
        assert_eq!(decode("Zm9*"), None);
    }

    #[test]
    fn a_signature_that_is_cut_has_no_certificate() {
        let blob = |length: u8| [&b"SSHSIG\0\0\0\x01\0\0\0"[..], &[length], b"\0\0\0\x05ssh-xrest"].concat();
        let armored = |bytes: &[u8]| format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END-----\n", encode(bytes));
        assert_eq!(line(&armored(&blob(13))).unwrap(), format!("ssh-x {}", encode(b"\0\0\0\x05ssh-xrest")));
        for wrong in [armored(&blob(200)), armored(&blob(3)), armored(b"SSHSIG"), String::new(), String::from("*")] {
            assert_eq!(line(&wrong), None, "{wrong}");
        }
    }
}
