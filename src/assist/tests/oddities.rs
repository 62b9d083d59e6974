//! Texts that are hardly any: there are answers, and no panic.

use super::fixture::Texts;
use crate::assist::{Desk, complete, definition, hover, outline, tokens};
use crate::session::draft;

#[test]
fn odd_texts_have_answers() {
    let long = format!("plan p() {{ step x on a {{ run \"{}\" }} }}", "x".repeat(1 << 20));
    let deep = "plan p() { phase a ".to_owned() + &"{ phase b ".repeat(500);
    let odd = [
        "",
        "\u{feff}use std/net\r\nplan p(",
        "\u{202e}plan \u{1F600} {{{{",
        "\r\r\r",
        "\0\0",
        "use",
        "use ./x",
        &long,
        &deep,
    ];
    for text in odd {
        let texts = Texts([("x.ha".to_owned(), text.to_owned())].into());
        let mut desk = Desk::default();
        let view = desk.view(&texts, "x.ha").unwrap();
        let ends = [0, 1, 2, 5, text.len() / 2, text.len().saturating_sub(1), text.len(), text.len() + 9];
        for offset in ends {
            complete(&view, &Vec::new, offset);
            hover(&view, None, offset);
            definition(&view, offset);
        }
        tokens(&view);
        outline(view.own().unwrap());
        draft(&texts, "x.ha");
    }
}
