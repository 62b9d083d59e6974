//! Lines of a listing, broken at a width.

/// A text that grows line by line.
pub(super) struct Page {
    width: usize,
    out: String,
}

impl Page {
    /// An empty page; widths below 40 columns are taken as 40.
    pub(super) fn new(width: usize) -> Page {
        Page { width: width.max(40), out: String::new() }
    }

    /// The text.
    pub(super) fn text(self) -> String {
        self.out
    }

    /// An empty line, unless there is one already.
    pub(super) fn gap(&mut self) {
        if !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    /// One line, broken at spaces where it is too long.
    pub(super) fn line(&mut self, indent: usize, text: &str) {
        self.hanging(indent, 0, text);
    }

    /// The same, further lines indented by `hang` more.
    pub(super) fn hanging(&mut self, indent: usize, hang: usize, text: &str) {
        let (mut column, mut begun) = (self.pad(indent), false);
        for word in text.split(' ') {
            let wide = word.chars().count();
            if begun && column + 1 + wide > self.width {
                self.out.push('\n');
                column = self.pad(indent + hang);
            } else if begun {
                self.out.push(' ');
                column += 1;
            }
            begun = true;
            self.out.push_str(word);
            column += wide;
        }
        while self.out.ends_with(' ') {
            self.out.pop();
        }
        self.out.push('\n');
    }

    fn pad(&mut self, columns: usize) -> usize {
        self.out.extend(std::iter::repeat_n(' ', columns));
        columns
    }

    /// As it is, for what may be copied.
    pub(super) fn verbatim(&mut self, indent: usize, text: &str) {
        for line in text.lines() {
            self.pad(indent);
            self.out.push_str(line.trim_end());
            self.out.push('\n');
        }
    }

    /// A labelled text; nothing if there is no text.
    pub(super) fn field(&mut self, label: &str, text: &str) {
        if !text.is_empty() {
            self.hanging(0, 11, &format!("{label:<10} {text}"));
        }
    }
}
