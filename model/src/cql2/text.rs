//! Reads CQL2 text (21-065r2, annex B).
//!
//! What the grammar leaves open: a group in round brackets that fills an argument of an `A_…` function, or a place in a
//! list, is a list, also of one element; elsewhere it is a list where it has a comma, else a group. `^` and relations do
//! not chain. Times may have an offset. Names in double quotes write a quote twice.

use super::ast::{AND, Expr, Kind, NOT, OPERAND, OR, POWER, PRODUCT, Place, RELATION, SUM};
use super::error::{Cql2Error, Fault};
use super::lex::{Lexer, Token};
use super::ops::{Arithmetic, Comparison, Named};
use super::{Budget, MAX_CHARS};

/// What reading gives.
pub(super) type Read<T> = Result<T, Cql2Error>;

/// Words that are no names where they stand unquoted.
pub(super) const KEYWORDS: [&str; 11] = [
    "and", "or", "not", "like", "between", "in", "is", "null", "true", "false", "div",
];

/// Reads a filter.
pub(super) fn parse(text: &str) -> Read<Expr> {
    if text.chars().nth(MAX_CHARS).is_some() {
        return Err(Cql2Error::new(MAX_CHARS as u32, Fault::TooLong));
    }
    let mut parser = Parser {
        lexer: Lexer::new(text)?,
        budget: Budget::default(),
        group: Group::default(),
    };
    let expr = parser.expr(OR)?;
    match parser.lexer.peek() {
        Token::End => Ok(expr),
        left => Err(parser.expected(left.clone(), "an operator or the end")),
    }
}

/// Reads expressions, one word ahead.
pub(super) struct Parser<'a> {
    pub lexer: Lexer<'a>,
    pub budget: Budget,
    /// The group that was closed last.
    pub group: Group,
}

/// Round brackets around one expression.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Group {
    /// Where it begins.
    pub open_at: u32,
    /// Where the word after it begins.
    pub after: u32,
    /// How many brackets stand around the expression, with nothing between them.
    pub layers: u16,
}

impl Parser<'_> {
    /// An expression whose operators bind at least as tightly as `level`.
    pub(super) fn expr(&mut self, level: u8) -> Read<Expr> {
        self.budget.enter(self.lexer.at())?;
        let (mut left, mut ceiling) = self.first(level)?;
        loop {
            let at = self.lexer.at();
            let Some(found) = self.infix().filter(|found| (level..=ceiling).contains(&found.level())) else {
                break;
            };
            ceiling = found.ceiling();
            let kind = self.rest(found, left)?;
            left = self.make(kind, at)?;
        }
        self.budget.leave();
        Ok(left)
    }

    /// What an expression begins with, and how tightly what follows may bind.
    fn first(&mut self, level: u8) -> Read<(Expr, u8)> {
        let at = self.lexer.at();
        if level <= NOT && self.eat_word("not")? {
            let negated = self.expr(NOT)?;
            return Ok((self.make(Kind::Not(Box::new(negated)), at)?, AND));
        }
        Ok((self.factor()?, POWER))
    }

    /// The operator that comes next.
    fn infix(&self) -> Option<Infix> {
        Some(match self.lexer.peek() {
            Token::Symbol(symbol) => match Comparison::named(symbol) {
                Some(op) => Infix::Compare(op),
                None => Infix::Arithmetic(Arithmetic::named(symbol)?),
            },
            Token::Word(word) => match word.to_ascii_lowercase().as_str() {
                "or" => Infix::Or,
                "and" => Infix::And,
                "div" => Infix::Arithmetic(Arithmetic::WholeDivide),
                "not" | "like" | "between" | "in" => Infix::Predicate,
                "is" => Infix::Is,
                _ => return None,
            },
            _ => return None,
        })
    }

    /// Reads the operator and what follows it.
    fn rest(&mut self, infix: Infix, left: Expr) -> Read<Kind> {
        match infix {
            Infix::Or => Ok(Kind::Or(self.chain("or", AND, left)?)),
            Infix::And => Ok(Kind::And(self.chain("and", NOT, left)?)),
            Infix::Compare(op) => {
                self.lexer.next()?;
                Ok(Kind::Compare(op, Box::new([left, self.expr(SUM)?])))
            }
            Infix::Arithmetic(op) => {
                self.lexer.next()?;
                Ok(Kind::Arithmetic(op, Box::new([left, self.expr(op.level() + 1)?])))
            }
            Infix::Is => {
                self.lexer.next()?;
                let at = self.lexer.at();
                let negated = self.eat_word("not")?;
                self.word("null", "NULL")?;
                self.negated(negated, Kind::IsNull(Box::new(left)), at)
            }
            Infix::Predicate => {
                let at = self.lexer.at();
                let negated = self.eat_word("not")?;
                let kind = self.predicate(left)?;
                self.negated(negated, kind, at)
            }
        }
    }

    fn negated(&mut self, negated: bool, kind: Kind, at: u32) -> Read<Kind> {
        Ok(if negated {
            Kind::Not(Box::new(self.make(kind, at)?))
        } else {
            kind
        })
    }

    /// `a AND b AND c`, with `a` read.
    fn chain(&mut self, keyword: &str, level: u8, first: Expr) -> Read<Vec<Expr>> {
        let mut all = vec![first];
        while self.eat_word(keyword)? {
            all.push(self.expr(level)?);
        }
        Ok(all)
    }

    /// `LIKE`, `BETWEEN` or `IN` and what follows it.
    fn predicate(&mut self, left: Expr) -> Read<Kind> {
        if self.eat_word("like")? {
            return Ok(Kind::Like(Box::new([left, self.expr(SUM)?])));
        }
        if self.eat_word("between")? {
            let low = self.expr(SUM)?;
            self.word("and", "AND")?;
            return Ok(Kind::Between(Box::new([left, low, self.expr(SUM)?])));
        }
        self.word("in", "LIKE, BETWEEN or IN")?;
        self.symbol("(")?;
        let list = self.list(|parser| parser.expr(SUM))?;
        if list.is_empty() {
            return Err(Cql2Error::unexpected(self.lexer.at(), "an empty list", "values"));
        }
        Ok(Kind::In(Box::new(left), list))
    }

    pub(super) fn make(&mut self, kind: Kind, at: u32) -> Read<Expr> {
        self.budget.grown(Expr::new(kind, Place(at)))
    }

    pub(super) fn eat(&mut self, symbol: &str) -> Read<bool> {
        let is_next = self.lexer.peek().is(symbol);
        if is_next {
            self.lexer.next()?;
        }
        Ok(is_next)
    }

    pub(super) fn eat_word(&mut self, keyword: &str) -> Read<bool> {
        let is_next = self.lexer.peek().is_word(keyword);
        if is_next {
            self.lexer.next()?;
        }
        Ok(is_next)
    }

    pub(super) fn symbol(&mut self, symbol: &'static str) -> Read<()> {
        if self.eat(symbol)? {
            return Ok(());
        }
        let expected = match symbol {
            "(" => "an opening bracket",
            ")" => "a closing bracket",
            _ => "a comma",
        };
        Err(self.expected(self.lexer.peek().clone(), expected))
    }

    fn word(&mut self, keyword: &str, expected: &'static str) -> Read<()> {
        if self.eat_word(keyword)? {
            return Ok(());
        }
        Err(self.expected(self.lexer.peek().clone(), expected))
    }

    pub(super) fn expected(&self, found: Token, expected: &'static str) -> Cql2Error {
        Cql2Error::unexpected(self.lexer.at(), found.describe(), expected)
    }
}

/// An operator between two operands.
#[derive(Debug, Clone, Copy)]
enum Infix {
    Or,
    And,
    Compare(Comparison),
    /// `[NOT] LIKE`, `[NOT] BETWEEN`, `[NOT] IN`
    Predicate,
    Is,
    Arithmetic(Arithmetic),
}

impl Infix {
    fn level(self) -> u8 {
        match self {
            Infix::Or => OR,
            Infix::And => AND,
            Infix::Compare(_) | Infix::Predicate | Infix::Is => RELATION,
            Infix::Arithmetic(op) => op.level(),
        }
    }

    /// How tightly what follows the whole may bind: relations and powers do not chain.
    fn ceiling(self) -> u8 {
        match self.level() {
            RELATION => AND,
            POWER => PRODUCT,
            level => level,
        }
    }
}

const _: () = assert!(OR < AND && AND < NOT && RELATION < SUM && PRODUCT < POWER && POWER < OPERAND);
