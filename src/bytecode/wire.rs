//! How plain data becomes bytes and back.
//!
//! Every value has exactly one encoding and every other byte string is refused: numbers are LEB128 in their shortest
//! form, tags and flags have no spare values, each distinct string is stored once and numbered by its first use.
//! Reading never allocates more than the bytes at hand justify, and never more than [`limits::PROGRAM_MEMORY`].

use crate::base::limits;
use crate::bytecode::program::InstrId;
use std::collections::HashMap;
use std::fmt;

/// Why bytes are not a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DecodeError {
    /// Where, in bytes from the start of the file.
    pub offset: usize,
    /// What would have fitted there.
    pub expected: &'static str,
    /// What is there.
    pub found: String,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}: expected {}, found {}", self.offset, self.expected, self.found)
    }
}

impl std::error::Error for DecodeError {}

/// Data with one encoding.
pub(super) trait Wire: Sized {
    /// Appends the encoding.
    fn write<'a>(&'a self, to: &mut Writer<'a>);

    /// Takes the encoding.
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError>;
}

/// Bytes being written, and the strings met so far.
#[derive(Default)]
pub(super) struct Writer<'a> {
    bytes: Vec<u8>,
    numbers: HashMap<&'a str, u64>,
    strings: Vec<&'a str>,
    /// The instruction being written: references to instructions are stored as distances from it.
    pub here: u32,
}

impl<'a> Writer<'a> {
    pub fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    pub fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    /// A number near `base`: its distance, with the sign in the lowest bit.
    pub fn near(&mut self, base: u32, number: u32) {
        let distance = i64::from(number) - i64::from(base);
        self.number(((distance << 1) ^ (distance >> 63)) as u64);
    }

    /// A string in place, for texts that stand outside the table.
    pub fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub fn list<T: Wire>(&mut self, items: &'a [T]) {
        self.number(items.len() as u64);
        for item in items {
            item.write(self);
        }
    }

    /// The bytes since the last call.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    /// The strings met, in order of first use.
    pub fn strings(&self) -> &[&'a str] {
        &self.strings
    }
}

/// Bytes being read, between `at` and `end` of the whole.
pub(super) struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
    end: usize,
    memory: usize,
    strings: Vec<&'b str>,
    used: usize,
    /// The instruction being read.
    pub here: u32,
}

impl<'b> Reader<'b> {
    pub fn new(bytes: &'b [u8]) -> Reader<'b> {
        Reader { bytes, at: 0, end: bytes.len(), memory: 0, strings: Vec::new(), used: 0, here: 0 }
    }

    /// Goes on with another range of the whole.
    pub fn seek(&mut self, range: std::ops::Range<usize>) {
        self.at = range.start;
        self.end = range.end;
    }

    pub fn at(&self) -> usize {
        self.at
    }

    pub fn left(&self) -> usize {
        self.end.saturating_sub(self.at)
    }

    pub fn byte(&mut self, expected: &'static str) -> Result<u8, DecodeError> {
        match self.raw(1, expected)? {
            [byte] => Ok(*byte),
            _ => Err(error(self.at, expected, "the end")),
        }
    }

    /// The next `count` bytes.
    pub fn raw(&mut self, count: usize, expected: &'static str) -> Result<&'b [u8], DecodeError> {
        let end = self.at.checked_add(count).filter(|&end| end <= self.end);
        match end.and_then(|end| self.bytes.get(self.at..end)) {
            Some(bytes) => {
                self.at += count;
                Ok(bytes)
            }
            None => Err(error(self.at, expected, "the end")),
        }
    }

    pub fn number(&mut self) -> Result<u64, DecodeError> {
        const NUMBER: &str = "a number of up to 64 bits in its shortest form";
        let start = self.at;
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte(NUMBER)?;
            let bits = u64::from(byte & 0x7f);
            let overflows = shift == 63 && bits > 1;
            let padded = shift > 0 && byte == 0;
            if overflows || padded {
                break;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(error(start, NUMBER, "another form"))
    }

    pub fn near(&mut self, base: u32) -> Result<u32, DecodeError> {
        let start = self.at;
        let coded = self.number()?;
        let distance = (coded >> 1) as i64 ^ -((coded & 1) as i64);
        i64::from(base)
            .checked_add(distance)
            .and_then(|n| u32::try_from(n).ok())
            .ok_or_else(|| error(start, "a distance to a number of up to 32 bits", format!("{distance} from {base}")))
    }

    /// How many `T` follow: no more than there are bytes left, and paid for before anything is allocated.
    pub fn count<T>(&mut self) -> Result<usize, DecodeError> {
        let start = self.at;
        let count = self.number()?;
        let fits = usize::try_from(count).ok().filter(|&n| n <= self.left());
        let Some(count) = fits else {
            return Err(error(start, "no more entries than there are bytes left", count.to_string()));
        };
        self.pay(start, count.saturating_mul(size_of::<T>()))?;
        Ok(count)
    }

    pub fn text(&mut self) -> Result<&'b str, DecodeError> {
        let count = self.count::<u8>()?;
        let start = self.at;
        let bytes = self.raw(count, "a text")?;
        std::str::from_utf8(bytes).map_err(|e| error(start + e.valid_up_to(), "UTF-8", "other bytes"))
    }

    /// Nothing may be left between here and the end of the range.
    pub fn finish(&self) -> Result<(), DecodeError> {
        match self.left() {
            0 => Ok(()),
            n => Err(error(self.at, "the end of the section", format!("{n} more bytes"))),
        }
    }

    /// Reads the string table.
    pub fn read_strings(&mut self) -> Result<(), DecodeError> {
        // Paid for: the list, and the map that finds doubles, which may be half empty.
        let count = self.count::<[&str; 4]>()?;
        let mut numbers = HashMap::with_capacity(count);
        for i in 0..count {
            let start = self.at;
            let text = self.text()?;
            if let Some(first) = numbers.insert(text, i) {
                return Err(error(start, "each string once", format!("string {first} again")));
            }
            self.strings.push(text);
        }
        Ok(())
    }

    /// Every string of the table must have been met by now.
    pub fn all_strings_used(&self) -> Result<(), DecodeError> {
        if self.used == self.strings.len() {
            return Ok(());
        }
        Err(error(self.at, "a use of every string", format!("none of string {}", self.used)))
    }

    fn pay(&mut self, start: usize, bytes: usize) -> Result<(), DecodeError> {
        self.memory = self.memory.saturating_add(bytes);
        if self.memory > limits::PROGRAM_MEMORY {
            return Err(error(start, "a program that fits in memory", format!("{} bytes and more", self.memory)));
        }
        Ok(())
    }
}

/// An error at `offset`.
pub(super) fn error(offset: usize, expected: &'static str, found: impl Into<String>) -> DecodeError {
    DecodeError { offset, expected, found: found.into() }
}

impl Wire for String {
    fn write<'a>(&'a self, to: &mut Writer<'a>) {
        let next = to.strings.len() as u64;
        let number = *to.numbers.entry(self).or_insert(next);
        if number == next {
            to.strings.push(self);
        }
        to.number(number);
    }

    fn read(from: &mut Reader<'_>) -> Result<String, DecodeError> {
        let start = from.at;
        let number = from.number()?;
        let index = usize::try_from(number).ok().filter(|&i| i <= from.used);
        let Some((index, text)) = index.and_then(|i| Some((i, *from.strings.get(i)?))) else {
            return Err(error(start, "a string met before, or the next of the table", format!("string {number}")));
        };
        from.used = from.used.max(index + 1);
        from.pay(start, text.len())?;
        Ok(text.to_owned())
    }
}

impl Wire for u64 {
    fn write<'a>(&'a self, to: &mut Writer<'a>) {
        to.number(*self);
    }

    fn read(from: &mut Reader<'_>) -> Result<u64, DecodeError> {
        from.number()
    }
}

impl Wire for u32 {
    fn write<'a>(&'a self, to: &mut Writer<'a>) {
        to.number(u64::from(*self));
    }

    fn read(from: &mut Reader<'_>) -> Result<u32, DecodeError> {
        let start = from.at;
        let number = from.number()?;
        u32::try_from(number).map_err(|_| error(start, "a number of up to 32 bits", number.to_string()))
    }
}

impl Wire for u8 {
    fn write<'a>(&'a self, to: &mut Writer<'a>) {
        to.byte(*self);
    }

    fn read(from: &mut Reader<'_>) -> Result<u8, DecodeError> {
        from.byte("a byte")
    }
}

impl Wire for bool {
    fn write<'a>(&'a self, to: &mut Writer<'a>) {
        to.byte(u8::from(*self));
    }

    fn read(from: &mut Reader<'_>) -> Result<bool, DecodeError> {
        const BOOL: &str = "no (0) or yes (1)";
        let start = from.at;
        match from.byte(BOOL)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(error(start, BOOL, other.to_string())),
        }
    }
}

impl<T: Wire> Wire for Option<T> {
    fn write<'a>(&'a self, to: &mut Writer<'a>) {
        to.byte(u8::from(self.is_some()));
        if let Some(inner) = self {
            inner.write(to);
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Option<T>, DecodeError> {
        Ok(if bool::read(from)? { Some(T::read(from)?) } else { None })
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn write<'a>(&'a self, to: &mut Writer<'a>) {
        to.list(self);
    }

    fn read(from: &mut Reader<'_>) -> Result<Vec<T>, DecodeError> {
        let count = from.count::<T>()?;
        let mut items = Vec::with_capacity(count);
        for _ in 0..count {
            items.push(T::read(from)?);
        }
        Ok(items)
    }
}

impl<A: Wire, B: Wire> Wire for (A, B) {
    fn write<'a>(&'a self, to: &mut Writer<'a>) {
        self.0.write(to);
        self.1.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Result<(A, B), DecodeError> {
        Ok((A::read(from)?, B::read(from)?))
    }
}

impl Wire for InstrId {
    fn write<'a>(&'a self, to: &mut Writer<'a>) {
        to.near(to.here, self.0);
    }

    fn read(from: &mut Reader<'_>) -> Result<InstrId, DecodeError> {
        Ok(InstrId(from.near(from.here)?))
    }
}

/// Structures, field by field.
macro_rules! record {
    ($($type:ty: $name:ident { $($field:ident),* })*) => {$(
        impl $crate::bytecode::wire::Wire for $type {
            fn write<'a>(&'a self, to: &mut $crate::bytecode::wire::Writer<'a>) {
                let $name { $($field),* } = self;
                $($crate::bytecode::wire::Wire::write($field, to);)*
            }

            fn read(
                from: &mut $crate::bytecode::wire::Reader<'_>,
            ) -> Result<Self, $crate::bytecode::wire::DecodeError> {
                Ok($name { $($field: $crate::bytecode::wire::Wire::read(from)?),* })
            }
        }
    )*};
}

/// Alternatives: a tag byte, then the fields.
macro_rules! choice {
    ($($type:ty: $name:ident, $what:literal {
        $($tag:literal => $variant:ident $({ $($field:ident),* })? $(( $inner:ident ))?),* $(,)?
    })*) => {$(
        impl $crate::bytecode::wire::Wire for $type {
            fn write<'a>(&'a self, to: &mut $crate::bytecode::wire::Writer<'a>) {
                match self {
                    $($name::$variant $({ $($field),* })? $(( $inner ))? => {
                        to.byte($tag);
                        $($($crate::bytecode::wire::Wire::write($field, to);)*)?
                        $($crate::bytecode::wire::Wire::write($inner, to);)?
                    })*
                }
            }

            fn read(
                from: &mut $crate::bytecode::wire::Reader<'_>,
            ) -> Result<Self, $crate::bytecode::wire::DecodeError> {
                let start = from.at();
                match from.byte($what)? {
                    $($tag => {
                        $(let $inner = $crate::bytecode::wire::Wire::read(from)?;)?
                        Ok($name::$variant
                            $({ $($field: $crate::bytecode::wire::Wire::read(from)?),* })?
                            $(( $inner ))?)
                    })*
                    other => Err($crate::bytecode::wire::error(start, $what, format!("number {other}"))),
                }
            }
        }
    )*};
}

pub(super) use {choice, record};
