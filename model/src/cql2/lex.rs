//! The words of CQL2 text (21-065r2, annex B).

use super::error::{Cql2Error, Fault};
use std::str::Chars;

/// One word.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name or keyword as it stands.
    Word(String),
    /// A name in double quotes.
    Quoted(String),
    /// A text in single quotes.
    Text(String),
    /// A number without sign, as it stands.
    Number(String),
    /// `(`, `)`, `,` or an operator.
    Symbol(&'static str),
    /// Nothing is left.
    End,
}

/// Reads words one after the other, one ahead.
pub(super) struct Lexer<'a> {
    chars: Chars<'a>,
    /// How many characters are read.
    read: u32,
    ahead: Token,
    ahead_at: u32,
}

const SYMBOLS: [&str; 14] = ["<=", ">=", "<>", "(", ")", ",", "=", "<", ">", "+", "-", "*", "/", "^"];

impl<'a> Lexer<'a> {
    pub fn new(text: &'a str) -> Result<Self, Cql2Error> {
        let mut lexer = Self {
            chars: text.chars(),
            read: 0,
            ahead: Token::End,
            ahead_at: 0,
        };
        lexer.next()?;
        Ok(lexer)
    }

    /// The next word, not taken yet.
    pub fn peek(&self) -> &Token {
        &self.ahead
    }

    /// Where the next word begins.
    pub fn at(&self) -> u32 {
        self.ahead_at
    }

    /// Takes the next word.
    pub fn next(&mut self) -> Result<Token, Cql2Error> {
        self.skip(char::is_whitespace);
        self.ahead_at = self.read;
        let token = self.read_token()?;
        Ok(std::mem::replace(&mut self.ahead, token))
    }

    fn read_token(&mut self) -> Result<Token, Cql2Error> {
        let Some(first) = self.first() else {
            return Ok(Token::End);
        };
        match first {
            '\'' => Ok(Token::Text(self.quoted('\'')?)),
            '"' => Ok(Token::Quoted(self.quoted('"')?)),
            '%' => {
                self.take();
                Ok(Token::Symbol("%"))
            }
            '0'..='9' | '.' => self.number(),
            _ if begins_word(first) => Ok(Token::Word(self.run(continues_word))),
            _ => self.symbol(),
        }
    }

    fn symbol(&mut self) -> Result<Token, Cql2Error> {
        let rest = self.chars.as_str();
        let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) else {
            let found = format!("{:?}", self.first().unwrap_or_default());
            return Err(Cql2Error::unexpected(
                self.read,
                found,
                "a name, a value or an operator",
            ));
        };
        symbol.chars().for_each(|_| self.take());
        Ok(Token::Symbol(symbol))
    }

    /// Digits, a point with digits, an exponent.
    fn number(&mut self) -> Result<Token, Cql2Error> {
        let mut number = self.run(|c| c.is_ascii_digit());
        if self.first() == Some('.') {
            self.take();
            number.push('.');
            number += &self.run(|c| c.is_ascii_digit());
        }
        if matches!(self.first(), Some('e' | 'E')) {
            self.take();
            number.push('e');
            if let Some(sign @ ('+' | '-')) = self.first() {
                self.take();
                number.push(sign);
            }
            number += &self.run(|c| c.is_ascii_digit());
        }
        if self.first().is_some_and(continues_word) {
            number += &self.run(continues_word);
            return Err(Cql2Error::new(
                self.ahead_at,
                Fault::BadNumber(super::error::quoted(&number)),
            ));
        }
        Ok(Token::Number(number))
    }

    /// What is between two quotes. A doubled quote stands for one; in texts `\'` does too.
    fn quoted(&mut self, quote: char) -> Result<String, Cql2Error> {
        let open_at = self.read;
        let unclosed = Cql2Error::new(open_at, Fault::Unclosed(quote));
        self.take();
        let mut text = String::new();
        loop {
            match self.pop() {
                None => return Err(unclosed),
                Some('\\') if quote == '\'' && self.first() == Some('\'') => {
                    self.take();
                    text.push('\'');
                }
                Some(c) if c == quote => {
                    if self.first() != Some(quote) {
                        return Ok(text);
                    }
                    self.take();
                    text.push(quote);
                }
                Some(c) => text.push(c),
            }
        }
    }

    fn run(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let start = self.chars.as_str();
        self.skip(belongs);
        start[..start.len() - self.chars.as_str().len()].to_owned()
    }

    fn skip(&mut self, belongs: impl Fn(char) -> bool) {
        while self.first().is_some_and(&belongs) {
            self.take();
        }
    }

    fn first(&self) -> Option<char> {
        self.chars.clone().next()
    }

    fn pop(&mut self) -> Option<char> {
        let c = self.chars.next()?;
        self.read += 1;
        Some(c)
    }

    fn take(&mut self) {
        self.pop();
    }
}

impl Token {
    /// The word in an error message.
    pub fn describe(&self) -> String {
        match self {
            Token::Word(word) | Token::Number(word) => super::error::quoted(word),
            Token::Quoted(name) => format!("the name {}", super::error::quoted(name)),
            Token::Text(text) => format!("the text {}", super::error::quoted(text)),
            Token::Symbol(symbol) => format!("{symbol:?}"),
            Token::End => "the end".to_owned(),
        }
    }

    /// Whether it is this keyword, in any case.
    pub fn is_word(&self, keyword: &str) -> bool {
        matches!(self, Token::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    /// Whether it is this symbol.
    pub fn is(&self, symbol: &str) -> bool {
        matches!(self, Token::Symbol(own) if *own == symbol)
    }
}

/// What a name that is not quoted may begin with: letters of any script, `_`, `:`.
pub(super) fn begins_word(c: char) -> bool {
    c == '_' || c == ':' || c.is_alphabetic()
}

/// What it may go on with.
pub(super) fn continues_word(c: char) -> bool {
    begins_word(c) || c == '.' || c.is_alphanumeric() || ('\u{300}'..='\u{36f}').contains(&c)
}
