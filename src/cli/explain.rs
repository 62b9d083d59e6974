//! `handover explain`: the page of a diagnostic code.

use crate::base::Code;
use crate::cli::console::{Console, Pane, Style};
use crate::cli::{Exit, report};

/// Explain a diagnostic code
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  handover explain HA0101\n  handover explain 101\n  handover explain\n  \
                  handover explain fence")]
pub struct Args {
    /// The code, such as HA0101; without one, all codes are listed by area
    code: Option<String>,
}

macro_rules! pages {
    ($($code:literal)*) => {
        /// Every code with its page.
        const PAGES: &[(&str, &str)] = &[$(($code, include_str!(concat!("../../docs/codes/", $code, ".md"))),)*];
    };
}

pages! {
    "HA0001" "HA0002" "HA0003" "HA0004" "HA0005" "HA0006" "HA0007" "HA0008" "HA0009" "HA0101" "HA0102" "HA0103" "HA0104"
    "HA0105" "HA0106" "HA0107" "HA0108" "HA0110" "HA0111" "HA0112" "HA0113" "HA0114" "HA0115"
    "HA0117" "HA0201" "HA0202" "HA0203" "HA0301" "HA0302" "HA0303" "HA0304" "HA0401" "HA0402"
    "HA0403" "HA0404" "HA0405" "HA0406" "HA0407" "HA0499" "HA0501" "HA0510" "HA0601" "HA0602"
    "HA0603" "HA0605" "HA0610" "HA0611" "HA0612" "HA0613" "HA0702" "HA0703" "HA0705" "HA0706" "HA0707" "HA0710" "HA0720" "HA0801"
    "HA0802" "HA0803" "HA0804" "HA0805" "HA0806" "HA0901" "HA0902" "HA0910" "HA0912" "HA0913"
    "HA0914"
}

pub fn run(args: &Args, console: &mut Console) -> Exit {
    let Some(wanted) = &args.code else {
        list(Code::ALL, &mut console.out);
        return Exit::Done;
    };
    match code_of(wanted).and_then(page) {
        Some(page) => {
            console.out.put(page);
            Exit::Done
        }
        None => {
            let (near, help) = near(wanted);
            let exit = report::usage(console, &format!("there is no code `{wanted}`"), help);
            list(&near, &mut console.err);
            exit
        }
    }
}

/// The codes with their titles, by area.
fn list(codes: &[Code], pane: &mut Pane) {
    for (i, area) in codes.chunk_by(|a, b| a.area() == b.area()).enumerate() {
        let heading = area.first().map_or("", |code| code.area());
        let heading = pane.styled(Style::Bold, heading);
        pane.line(format_args!("{}{heading}", if i == 0 { "" } else { "\n" }));
        area.iter().for_each(|code| pane.line(format_args!("  {code}  {}", code.title())));
    }
}

/// What may have been meant by something that is no code: those of the same area, those with this word in the title.
fn near(wanted: &str) -> (Vec<Code>, &'static str) {
    let chosen = |fits: &dyn Fn(&Code) -> bool| Code::ALL.iter().copied().filter(fits).collect::<Vec<Code>>();
    let word = wanted.to_lowercase();
    let near = match number(wanted.trim_end_matches(|c: char| !c.is_ascii_digit())) {
        Some(number) => chosen(&|code| *code as u16 / 100 == number / 100),
        None => chosen(&|code| code.title().contains(&word) || code.area().contains(&word)),
    };
    let help = if near.is_empty() { "`handover explain` lists them all" } else { "these come near it:" };
    (near, help)
}

/// `HA0101`, `ha101`, `101`.
fn code_of(text: &str) -> Option<Code> {
    Code::from_number(number(text)?)
}

fn number(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("HA").or_else(|| text.strip_prefix("ha")).unwrap_or(text);
    digits.parse().ok()
}

fn page(code: Code) -> Option<&'static str> {
    let name = code.to_string();
    PAGES.iter().find(|(n, _)| *n == name).map(|(_, page)| *page)
}

#[cfg(test)]
mod tests {
    use super::{PAGES, code_of, near, page};
    use crate::base::Code;

    #[test]
    fn every_code_has_a_page_that_opens_with_its_title_and_no_page_is_left_over() {
        for &code in Code::ALL {
            let page = page(code).unwrap_or_else(|| panic!("docs/codes/{code}.md is missing from the table"));
            assert_eq!(page.lines().next(), Some(format!("# {code}: {}", code.title()).as_str()));
        }
        assert_eq!(PAGES.len(), Code::ALL.len());
    }

    #[test]
    fn codes_are_understood_as_people_type_them() {
        for text in ["HA0101", "ha0101", "101", "HA101"] {
            assert_eq!(code_of(text), Some(Code::UnknownName), "{text}");
        }
        assert_eq!(code_of("HA9999"), None);
        assert_eq!(code_of("x"), None);
    }

    #[test]
    fn what_is_no_code_leads_to_those_near_it() {
        let numbers = |wanted| near(wanted).0.into_iter().map(|c| c as u16).collect::<Vec<_>>();
        assert_eq!(numbers("HA0777"), [702, 703, 705, 706, 707, 710, 720]);
        assert_eq!(numbers("Fence"), [406]);
        assert_eq!(near("HA5001"), (vec![], "`handover explain` lists them all"));
        assert_eq!(near("rubbish").0, []);
    }

    #[test]
    fn an_area_is_what_the_first_two_digits_say() {
        for pair in Code::ALL.windows(2) {
            assert_eq!(pair[0] as u16 / 100 == pair[1] as u16 / 100, pair[0].area() == pair[1].area(), "{pair:?}");
        }
    }
}
