//! A reader of JSON (RFC 8259) that knows where everything stands, and how deep it may go.

use super::error::{Cql2Error, Fault};
use super::{MAX_DEPTH, MAX_NODES};
use std::str::Chars;

/// Filters nest twice for each level of theirs, geometries a few times more.
const MAX_JSON_DEPTH: u16 = 2 * MAX_DEPTH + 8;

/// A value, and how many characters stand before it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Json {
    pub at: u32,
    pub value: JsonValue,
}

/// What it is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum JsonValue {
    Null,
    Bool(bool),
    /// As it stands.
    Number(String),
    Text(String),
    Array(Vec<Json>),
    /// In their order; a name may stand twice.
    Object(Vec<(String, Json)>),
}

/// Reads one value that fills `text`.
pub(super) fn read(text: &str) -> Result<Json, Cql2Error> {
    let mut reader = Reader {
        chars: text.chars(),
        at: 0,
        depth: 0,
        values: 0,
    };
    let value = reader.value()?;
    reader.skip_space();
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(reader.fault("something stands after the end")),
    }
}

struct Reader<'a> {
    chars: Chars<'a>,
    at: u32,
    depth: u16,
    values: u32,
}

impl Reader<'_> {
    fn value(&mut self) -> Result<Json, Cql2Error> {
        self.skip_space();
        let at = self.at;
        self.values += 1;
        // A position is an array of two or three numbers.
        if self.values > 8 * MAX_NODES {
            return Err(Cql2Error::new(at, Fault::TooMany));
        }
        let value = match self.peek() {
            Some('{') => self.object()?,
            Some('[') => self.array()?,
            Some('"') => JsonValue::Text(self.text()?),
            Some('-' | '0'..='9') => self.number()?,
            Some('t') => self.word("true", JsonValue::Bool(true))?,
            Some('f') => self.word("false", JsonValue::Bool(false))?,
            Some('n') => self.word("null", JsonValue::Null)?,
            Some(_) => return Err(self.fault("expected a value")),
            None => return Err(self.fault("it ends where a value is expected")),
        };
        Ok(Json { at, value })
    }

    fn object(&mut self) -> Result<JsonValue, Cql2Error> {
        let mut members = Vec::new();
        self.elements('}', |reader| {
            reader.skip_space();
            let name = reader.text()?;
            reader.skip_space();
            reader.take(':', "expected a colon")?;
            members.push((name, reader.value()?));
            Ok(())
        })?;
        Ok(JsonValue::Object(members))
    }

    fn array(&mut self) -> Result<JsonValue, Cql2Error> {
        let mut elements = Vec::new();
        self.elements(']', |reader| {
            elements.push(reader.value()?);
            Ok(())
        })?;
        Ok(JsonValue::Array(elements))
    }

    fn elements(
        &mut self,
        close: char,
        mut read: impl FnMut(&mut Self) -> Result<(), Cql2Error>,
    ) -> Result<(), Cql2Error> {
        self.depth += 1;
        if self.depth > MAX_JSON_DEPTH {
            return Err(Cql2Error::new(self.at, Fault::TooDeep));
        }
        self.pop();
        self.skip_space();
        let mut is_first = true;
        while self.peek() != Some(close) {
            if !is_first {
                self.take(',', "expected a comma or a closing bracket")?;
            }
            read(self)?;
            self.skip_space();
            is_first = false;
        }
        self.pop();
        self.depth -= 1;
        Ok(())
    }

    fn text(&mut self) -> Result<String, Cql2Error> {
        let open_at = self.at;
        self.take('"', "expected a text in double quotes")?;
        let mut text = String::new();
        loop {
            match self.pop() {
                None => return Err(Cql2Error::new(open_at, Fault::Unclosed('"'))),
                Some('"') => return Ok(text),
                Some('\\') => text.push(self.escaped()?),
                Some(c) if c < ' ' => return Err(self.fault("a control character stands in a text")),
                Some(c) => text.push(c),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, Cql2Error> {
        Ok(match self.pop() {
            Some(c @ ('"' | '\\' | '/')) => c,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => return self.unicode(),
            _ => return Err(self.fault("a backslash is followed by nothing known")),
        })
    }

    /// `\uXXXX`, or two of them for a character beyond U+FFFF.
    fn unicode(&mut self) -> Result<char, Cql2Error> {
        let first = self.hex()?;
        let code = if (0xd800..0xdc00).contains(&first) {
            self.take('\\', "half of a surrogate pair is missing")?;
            self.take('u', "half of a surrogate pair is missing")?;
            let second = self.hex()?.wrapping_sub(0xdc00);
            if second >= 0x400 {
                return Err(self.fault("half of a surrogate pair is missing"));
            }
            0x1_0000 + ((first - 0xd800) << 10) + second
        } else {
            first
        };
        char::from_u32(code).ok_or_else(|| self.fault("half of a surrogate pair is missing"))
    }

    fn hex(&mut self) -> Result<u32, Cql2Error> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.pop().and_then(|c| c.to_digit(16));
            code = code << 4 | digit.ok_or_else(|| self.fault("\\u needs four hexadecimal digits"))?;
        }
        Ok(code)
    }

    /// A number as the grammar of JSON has it: no leading zeros, digits after the point.
    fn number(&mut self) -> Result<JsonValue, Cql2Error> {
        let start = self.chars.as_str();
        self.eat('-');
        if !self.eat('0') {
            self.digits()?;
        }
        if self.eat('.') {
            self.digits()?;
        }
        if self.eat('e') || self.eat('E') {
            let _signed = self.eat('+') || self.eat('-');
            self.digits()?;
        }
        let number = &start[..start.len() - self.chars.as_str().len()];
        Ok(JsonValue::Number(number.to_owned()))
    }

    fn digits(&mut self) -> Result<(), Cql2Error> {
        let mut any = false;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.pop();
            any = true;
        }
        if any {
            Ok(())
        } else {
            Err(self.fault("expected a digit"))
        }
    }

    fn word(&mut self, word: &'static str, value: JsonValue) -> Result<JsonValue, Cql2Error> {
        for c in word.chars() {
            self.take(c, "expected true, false or null")?;
        }
        Ok(value)
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.pop();
        }
    }

    fn take(&mut self, wanted: char, else_fault: &'static str) -> Result<(), Cql2Error> {
        if self.eat(wanted) {
            Ok(())
        } else {
            Err(self.fault(else_fault))
        }
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.pop();
        }
        found
    }

    fn peek(&self) -> Option<char> {
        self.chars.clone().next()
    }

    fn pop(&mut self) -> Option<char> {
        let c = self.chars.next()?;
        self.at += 1;
        Some(c)
    }

    fn fault(&self, what: &'static str) -> Cql2Error {
        Cql2Error::new(self.at, Fault::BadJson(what))
    }
}

impl Json {
    /// The value as one word of an error message.
    pub fn describe(&self) -> String {
        match &self.value {
            JsonValue::Null => "null".to_owned(),
            JsonValue::Bool(value) => value.to_string(),
            JsonValue::Number(number) => number.clone(),
            JsonValue::Text(text) => format!("the text {}", super::error::quoted(text)),
            JsonValue::Array(_) => "an array".to_owned(),
            JsonValue::Object(_) => "an object".to_owned(),
        }
    }

    /// The member of this name; none where it is no object or has none.
    pub fn member(&self, name: &str) -> Option<&Json> {
        match &self.value {
            JsonValue::Object(members) => members.iter().find(|(known, _)| known == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The elements.
    pub fn elements(&self, expected: &'static str) -> Result<&[Json], Cql2Error> {
        match &self.value {
            JsonValue::Array(elements) => Ok(elements),
            _ => Err(self.unexpected(expected)),
        }
    }

    /// The text.
    pub fn text(&self, expected: &'static str) -> Result<&str, Cql2Error> {
        match &self.value {
            JsonValue::Text(text) => Ok(text),
            _ => Err(self.unexpected(expected)),
        }
    }

    /// The number.
    pub fn number(&self, expected: &'static str) -> Result<f64, Cql2Error> {
        let number = match &self.value {
            JsonValue::Number(number) => number.parse().ok().filter(|number: &f64| number.is_finite()),
            _ => None,
        };
        number.ok_or_else(|| self.unexpected(expected))
    }

    /// It is not what is expected.
    pub fn unexpected(&self, expected: &'static str) -> Cql2Error {
        Cql2Error::unexpected(self.at, self.describe(), expected)
    }
}
