//! The query part of an address: read once, every name known, nothing twice.

use crate::parameter::Parameter;
use crate::problem::{Problem, shorten};
use crate::versions::MIN_VERSION;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// More parameters than any route has.
const MAX_PARAMS: usize = 32;

/// What must be encoded in a path segment or a parameter's value.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b',');

/// The parameters of a request, decoded, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// Reads the query part of an address.
    ///
    /// # Errors
    /// 400 where it is no UTF-8, has a name twice, or has too many.
    pub(crate) fn parse(query: Option<&str>) -> Result<Self, Problem> {
        let mut params: Vec<(String, String)> = Vec::new();
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if params.iter().any(|(known, _)| *known == name) {
                let name = shorten(&name);
                return Err(Problem::bad_request(format!("the parameter {name:?} is given twice")));
            }
            if params.len() == MAX_PARAMS {
                return Err(Problem::bad_request(format!("more than {MAX_PARAMS} parameters")));
            }
            params.push((name, value));
        }
        Ok(Self(params))
    }

    /// Refuses names that the route does not know: a misspelt filter must not give everything. `min-version` every one
    /// knows.
    ///
    /// # Errors
    /// 400 naming the parameter.
    pub(crate) fn expect(&self, known: &[Parameter]) -> Result<(), Problem> {
        match self.beyond(known).next() {
            None => Ok(()),
            Some((name, _)) => Err(unknown(name, known)),
        }
    }

    /// The parameters that are none of these, nor `min-version`.
    pub(crate) fn beyond(&self, known: &[Parameter]) -> impl Iterator<Item = (&str, &str)> {
        let is_known = |name: &str| name == MIN_VERSION || known.iter().any(|one| one.name == name);
        let beyond = self.0.iter().filter(move |(name, _)| !is_known(name));
        beyond.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of a parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The query part as it was asked for, in one form.
    pub(crate) fn to_query(&self) -> String {
        self.edited(&[], &[])
    }

    /// The query part without `gone`, with each of `set` at its end, and all else kept.
    pub(crate) fn edited(&self, gone: &[&str], set: &[(&str, &str)]) -> String {
        let is_kept = |name: &str| !gone.contains(&name) && set.iter().all(|(known, _)| *known != name);
        let kept = self.0.iter().filter(|(name, _)| is_kept(name));
        let kept = kept.map(|(name, value)| (name.as_str(), value.as_str()));
        joined(kept.chain(set.iter().copied()))
    }

    /// The query part with `name` set to `value` and all else kept.
    pub(crate) fn with(&self, name: &str, value: &str) -> String {
        self.edited(&[], &[(name, value)])
    }

    /// The query part with these parameters alone, where they were given.
    pub(crate) fn only(&self, names: &[&str]) -> String {
        let kept = self.0.iter().filter(|(name, _)| names.contains(&name.as_str()));
        joined(kept.map(|(name, value)| (name.as_str(), value.as_str())))
    }
}

fn joined<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let pairs = pairs.map(|(name, value)| format!("{}={}", encode(name), encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// 400 for a parameter that is none of those known.
pub(crate) fn unknown(name: &str, known: &[Parameter]) -> Problem {
    let known: Vec<_> = known.iter().map(|one| one.name).chain([MIN_VERSION]).collect();
    let (name, known) = (shorten(name), known.join(", "));
    Problem::bad_request(format!("unknown parameter {name:?}: expected {known}"))
}

/// Encodes text for one path segment or parameter.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

fn decode(text: &str) -> Result<String, Problem> {
    let spaced = text.replace('+', " ");
    match percent_decode_str(&spaced).decode_utf8() {
        Ok(decoded) => Ok(decoded.into_owned()),
        Err(_) => Err(Problem::bad_request("the parameters are not percent-encoded UTF-8")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameter::{BBOX, OFFSET};

    #[test]
    fn parameters_are_decoded_and_come_once() {
        let params = Params::parse(Some("a=%E9%81%93+x&b")).unwrap();
        assert_eq!(
            (params.get("a"), params.get("b"), params.get("c")),
            (Some("道 x"), Some(""), None)
        );
        assert!(Params::parse(Some("a=1&a=2")).is_err());
        assert!(Params::parse(Some("a=%ff")).is_err());
        let many: String = (0..40).map(|i| format!("p{i}=1&")).collect();
        assert!(Params::parse(Some(&many)).is_err());
    }

    #[test]
    fn an_unknown_name_is_refused_and_a_link_keeps_the_others() {
        let params = Params::parse(Some("bbox=1,2,3,4&offset=0")).unwrap();
        assert!(params.expect(&[BBOX]).is_err());
        assert!(params.expect(&[BBOX, OFFSET]).is_ok());
        assert_eq!(params.with("offset", "10"), "bbox=1,2,3,4&offset=10");
        assert_eq!(params.edited(&["bbox"], &[("after", "7")]), "offset=0&after=7");
        assert_eq!(
            (params.to_query().as_str(), params.only(&["offset", "f"]).as_str()),
            ("bbox=1,2,3,4&offset=0", "offset=0")
        );
        assert_eq!(Params::default().with("q", "a&b=c d"), "q=a%26b%3Dc%20d");
    }
}
