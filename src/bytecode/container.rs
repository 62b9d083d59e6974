//! The file of a compiled program, `.hab`.
//!
//! ```text
//! HAB1                 four bytes
//! format version       one byte
//! digest of the run    BLAKE3 of everything up to here and of sections 1 to 9
//! digest of the map    BLAKE3 of section 10
//! sections             number, size, content; each once, in this order:
//!   1 strings  2 plan  3 machines  4 cells  5 atoms  6 guards  7 values  8 secrets  9 code  10 source map
//! ```
//!
//! The same program always gives the same bytes, and every byte string that is accepted is the encoding of the program
//! that it gives: [`encode`] and [`decode`] are inverse to each other.

use crate::base::limits;
use crate::bytecode::program::{Instr, Place, Program, SourceFile};
use crate::bytecode::wire::{DecodeError, Reader, Wire, Writer, error};
use std::ops::Range;

const MAGIC: &[u8; 4] = b"HAB1";
const VERSION: u8 = 2;
const DIGEST: usize = 32;
/// Where the digest of the run stands.
const RUN_DIGEST: usize = MAGIC.len() + 1;
const MAP_DIGEST: usize = RUN_DIGEST + DIGEST;
const HEADER: usize = MAP_DIGEST + DIGEST;
/// The sections from number 1; all but the last determine the run.
pub(super) const SECTIONS: [(&str, &str); 10] = [
    ("strings", "every distinct string of the sections 2 to 9, in the order of first use"),
    ("plan", "name, title, arguments, goal, locks, accepted losses, holds, holds that it ends, promised time"),
    ("machines", "name, site, how commands get there, the cell of its power"),
    ("cells", "name, values, kind, volatile, mask of the values it may rest in, mask of those it may start in"),
    ("atoms", "name, question, options, who answers, what a yes proves"),
    ("guards", "conditions, each made of earlier ones"),
    ("values", "name, and the instruction that captures it or the cases to pick from"),
    ("secrets", "name, and the variable or file that holds it"),
    ("code", "instructions in written order"),
    (
        "source map",
        "path and BLAKE3 of each source; how to run the plan again; how to run each plan that follows it; source, line and \
     column of each instruction",
    ),
];
const STRINGS_SECTION: u8 = 1;
const RUN_SECTIONS: u8 = 9;
const MAP_SECTION: u8 = 10;

impl Program {
    /// BLAKE3 of everything that determines a run of the program: all but the source map.
    ///
    /// Two programs with the same digest do the same, whatever comments their sources have.
    pub fn digest(&self) -> [u8; 32] {
        digest_of_run(&run_sections(self))
    }

    /// Every distinct string of the program but the paths of its sources.
    pub fn strings(&self) -> Vec<&str> {
        let mut to = Writer::default();
        write_run(self, &mut to, |_| {});
        to.strings().to_vec()
    }
}

/// The file of a program. Programs beyond [`limits::PROGRAM_BYTES`] or [`limits::PROGRAM_MEMORY`] encode, but nothing
/// decodes them.
pub fn encode(program: &Program) -> Vec<u8> {
    let run = run_sections(program);
    let mut map = Vec::new();
    section(MAP_SECTION, &source_map(program), &mut map);
    let mut file = Vec::with_capacity(HEADER + run.len() + map.len());
    file.extend_from_slice(MAGIC);
    file.push(VERSION);
    file.extend_from_slice(&digest_of_run(&run));
    file.extend_from_slice(blake3::hash(&map).as_bytes());
    file.extend_from_slice(&run);
    file.extend_from_slice(&map);
    file
}

/// The program in a file.
pub fn decode(bytes: &[u8]) -> Result<Program, DecodeError> {
    let parts = Parts::of(bytes)?;
    parts.check_digests()?;
    parts.program()
}

/// [`decode`] without comparing the digests: for tests and fuzzers that change a program and do not want to be stopped
/// at the seal. What it accepts is canonical but for the digests.
pub fn decode_unsealed(bytes: &[u8]) -> Result<Program, DecodeError> {
    Parts::of(bytes)?.program()
}

fn digest_of_run(sections: &[u8]) -> [u8; 32] {
    *blake3::Hasher::new().update(MAGIC).update(&[VERSION]).update(sections).finalize().as_bytes()
}

fn section(number: u8, content: &[u8], out: &mut Vec<u8>) {
    let mut head = Writer::default();
    head.byte(number);
    head.number(content.len() as u64);
    out.extend_from_slice(&head.take());
    out.extend_from_slice(content);
}

fn run_sections(p: &Program) -> Vec<u8> {
    let mut to = Writer::default();
    let mut contents = Vec::new();
    write_run(p, &mut to, |content| contents.push(content));
    let mut table = Writer::default();
    table.number(to.strings().len() as u64);
    to.strings().iter().for_each(|text| table.text(text));
    let mut out = Vec::new();
    section(STRINGS_SECTION, &table.take(), &mut out);
    for (number, content) in (STRINGS_SECTION + 1..=RUN_SECTIONS).zip(&contents) {
        section(number, content, &mut out);
    }
    out
}

/// Writes the sections that determine the run, after that of the strings.
fn write_run<'a>(p: &'a Program, to: &mut Writer<'a>, mut done: impl FnMut(Vec<u8>)) {
    write_plan(p, to);
    done(to.take());
    to.list(&p.machines);
    done(to.take());
    to.list(&p.cells);
    done(to.take());
    to.list(&p.atoms);
    done(to.take());
    to.list(&p.guards);
    done(to.take());
    to.list(&p.values);
    done(to.take());
    to.list(&p.secrets);
    done(to.take());
    write_code(&p.code, to);
    done(to.take());
}

fn write_plan<'a>(p: &'a Program, to: &mut Writer<'a>) {
    p.plan.write(to);
    p.title.write(to);
    p.arguments.write(to);
    p.goal.write(to);
    p.locks.write(to);
    p.accepted.write(to);
    p.holds.write(to);
    p.ends.write(to);
    p.rto_ms.write(to);
}

fn write_code<'a>(code: &'a [Instr], to: &mut Writer<'a>) {
    to.number(code.len() as u64);
    for (i, instr) in code.iter().enumerate() {
        to.here = u32::try_from(i).unwrap_or(u32::MAX);
        instr.write(to);
    }
}

/// The sources and the calls, then the place of each instruction with its line as a distance from the one before.
fn source_map(p: &Program) -> Vec<u8> {
    let mut to = Writer::default();
    to.number(p.sources.len() as u64);
    for source in &p.sources {
        to.text(&source.path);
        to.raw(&source.digest);
    }
    to.text(&p.calls.again);
    to.number(p.calls.back.len() as u64);
    p.calls.back.iter().for_each(|call| to.text(call));
    let mut line = 0;
    for instr in &p.code {
        to.number(u64::from(instr.place.source));
        to.near(line, instr.place.line);
        to.number(u64::from(instr.place.column));
        line = instr.place.line;
    }
    to.take()
}

/// A file taken apart, its contents not yet looked at.
struct Parts<'b> {
    bytes: &'b [u8],
    contents: Vec<Range<usize>>,
    /// Where the section of the source map begins.
    map: usize,
}

impl<'b> Parts<'b> {
    fn of(bytes: &'b [u8]) -> Result<Parts<'b>, DecodeError> {
        if bytes.len() > limits::PROGRAM_BYTES {
            return Err(error(limits::PROGRAM_BYTES, "the end", format!("{} bytes in all", bytes.len())));
        }
        let mut from = Reader::new(bytes);
        if from.raw(MAGIC.len(), "`HAB1`").ok() != Some(MAGIC) {
            return Err(error(0, "`HAB1`, the mark of a compiled program", "something else"));
        }
        match from.byte("a format version")? {
            VERSION => {}
            other => return Err(error(MAGIC.len(), "format version 2", format!("version {other}"))),
        }
        from.raw(2 * DIGEST, "two digests")?;
        let mut contents = Vec::new();
        let mut map = 0;
        for number in 1..=MAP_SECTION {
            map = from.at();
            match from.byte("a section")? {
                n if n == number => {}
                other => return Err(error(map, "the sections in order", format!("section {other} for {number}"))),
            }
            let size = from.count::<()>()?;
            let start = from.at();
            from.raw(size, "a section's content")?;
            contents.push(start..from.at());
        }
        from.finish()?;
        Ok(Parts { bytes, contents, map })
    }

    fn check_digests(&self) -> Result<(), DecodeError> {
        let is = |at: usize, digest: [u8; 32]| self.bytes.get(at..at + DIGEST) == Some(&digest[..]);
        let run = self.bytes.get(HEADER..self.map).unwrap_or_default();
        if !is(RUN_DIGEST, digest_of_run(run)) {
            return Err(error(RUN_DIGEST, "the digest of the sections 1 to 9", "another: the file is damaged"));
        }
        let map = self.bytes.get(self.map..).unwrap_or_default();
        if !is(MAP_DIGEST, *blake3::hash(map).as_bytes()) {
            return Err(error(MAP_DIGEST, "the digest of the source map", "another: the file is damaged"));
        }
        Ok(())
    }

    fn program(&self) -> Result<Program, DecodeError> {
        let from = &mut Reader::new(self.bytes);
        let contents = &mut self.contents.iter().cloned();
        let mut program = Program::default();
        read_section(from, contents, Reader::read_strings)?;
        read_section(from, contents, |from| read_plan(from, &mut program))?;
        program.machines = read_section(from, contents, Wire::read)?;
        program.cells = read_section(from, contents, Wire::read)?;
        program.atoms = read_section(from, contents, Wire::read)?;
        program.guards = read_section(from, contents, Wire::read)?;
        program.values = read_section(from, contents, Wire::read)?;
        program.secrets = read_section(from, contents, Wire::read)?;
        read_section(from, contents, |from| read_code(from, &mut program))?;
        from.all_strings_used()?;
        read_section(from, contents, |from| read_source_map(from, &mut program))?;
        Ok(program)
    }
}

/// Reads the next section, all of it.
fn read_section<'b, T>(
    from: &mut Reader<'b>,
    contents: &mut impl Iterator<Item = Range<usize>>,
    read: impl FnOnce(&mut Reader<'b>) -> Result<T, DecodeError>,
) -> Result<T, DecodeError> {
    from.seek(contents.next().unwrap_or_default());
    let content = read(from)?;
    from.finish()?;
    Ok(content)
}

fn read_plan(from: &mut Reader<'_>, p: &mut Program) -> Result<(), DecodeError> {
    p.plan = Wire::read(from)?;
    p.title = Wire::read(from)?;
    p.arguments = Wire::read(from)?;
    p.goal = Wire::read(from)?;
    p.locks = Wire::read(from)?;
    p.accepted = Wire::read(from)?;
    p.holds = Wire::read(from)?;
    p.ends = Wire::read(from)?;
    p.rto_ms = Wire::read(from)?;
    Ok(())
}

fn read_code(from: &mut Reader<'_>, p: &mut Program) -> Result<(), DecodeError> {
    let start = from.at();
    let count = from.count::<Instr>()?;
    if count > limits::INSTRUCTIONS {
        return Err(error(start, "at most 1048576 instructions", count.to_string()));
    }
    p.code.reserve_exact(count);
    for i in 0..count {
        from.here = u32::try_from(i).unwrap_or(u32::MAX);
        p.code.push(Wire::read(from)?);
    }
    Ok(())
}

fn read_source_map(from: &mut Reader<'_>, p: &mut Program) -> Result<(), DecodeError> {
    for _ in 0..from.count::<SourceFile>()? {
        let path = from.text()?.to_owned();
        let mut digest = [0; DIGEST];
        digest.copy_from_slice(from.raw(DIGEST, "the digest of a source")?);
        p.sources.push(SourceFile { path, digest });
    }
    p.calls.again = from.text()?.to_owned();
    for _ in 0..from.count::<String>()? {
        p.calls.back.push(from.text()?.to_owned());
    }
    let mut last = 0;
    for instr in &mut p.code {
        let source = u32::read(from)?;
        let line = from.near(last)?;
        instr.place = Place { source, line, column: u32::read(from)? };
        last = line;
    }
    Ok(())
}
