//! Writing JSON Lines: the same bytes for the same values, always.
//!
//! No spaces, fields in a fixed order, characters beyond ASCII as they are, control characters
//! escaped as Python's `json.dumps(ensure_ascii=False)` does, numbers as short as f32 allows.

use std::io::{self, Write};

/// One object. Ends with [`Object::end`].
pub(crate) struct Object<'w, W> {
    out: &'w mut W,
    empty: bool,
}

impl<'w, W: Write> Object<'w, W> {
    pub(crate) fn start(out: &'w mut W) -> io::Result<Self> {
        out.write_all(b"{")?;
        Ok(Self { out, empty: true })
    }

    pub(crate) fn text(&mut self, field: &str, text: &str) -> io::Result<()> {
        self.field(field)?;
        Ok(serde_json::to_writer(&mut *self.out, text)?)
    }

    pub(crate) fn number(&mut self, field: &str, number: f32) -> io::Result<()> {
        self.field(field)?;
        write!(self.out, "{number:?}")
    }

    pub(crate) fn integer(&mut self, field: &str, number: i64) -> io::Result<()> {
        self.field(field)?;
        write!(self.out, "{number}")
    }

    pub(crate) fn numbers(&mut self, field: &str, numbers: &[f32]) -> io::Result<()> {
        self.field(field)?;
        let mut separator = "[";
        for number in numbers {
            write!(self.out, "{separator}{number:?}")?;
            separator = ",";
        }
        self.out.write_all(b"]")
    }

    /// Writes `json` as it is, but on one line: a line break in JSON can only be white space.
    pub(crate) fn raw(&mut self, field: &str, json: &str) -> io::Result<()> {
        self.field(field)?;
        for (position, part) in json.split(['\n', '\r']).enumerate() {
            if position > 0 {
                self.out.write_all(b" ")?;
            }
            self.out.write_all(part.as_bytes())?;
        }
        Ok(())
    }

    pub(crate) fn end(self) -> io::Result<()> {
        self.out.write_all(b"}\n")
    }

    fn field(&mut self, name: &str) -> io::Result<()> {
        let separator = if self.empty { "" } else { "," };
        self.empty = false;
        write!(self.out, "{separator}\"{name}\":")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_has_no_spaces_and_its_fields_in_order() {
        let mut out = Vec::new();
        let mut object = Object::start(&mut out).unwrap();
        object.text("key", "é\"\\/\u{7f}\u{1f}\u{8}\u{c}\n\r\t\u{2028}").unwrap();
        object.number("weight", 2.0).unwrap();
        object.numbers("vector", &[0.1, -0.0, 1e16, 1e-7, 16_777_216.0]).unwrap();
        object.raw("attrs", "{ \"a\":\r\n1.50}").unwrap();
        object.end().unwrap();
        let expected = concat!(
            r#"{"key":"é\"\\/"#,
            "\u{7f}",
            r#"\u001f\b\f\n\r\t"#,
            "\u{2028}",
            r#"","weight":2.0,"vector":[0.1,-0.0,1e16,1e-7,16777216.0],"attrs":{ "a":  1.50}}"#,
            "\n",
        );
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
