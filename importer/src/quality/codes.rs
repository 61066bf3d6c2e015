//! Parcel codes (宗地代码, 19 characters) and real-estate unit codes (不动产单元代码, 28): syntax and cross rules.
//!
//! | characters | content |
//! |---|---|
//! | 1–6 | county (GB/T 2260) |
//! | 7–9, 10–12 | cadastral zone 地籍区, sub-zone 地籍子区 |
//! | 13 | ownership: G state, J collective, Z undetermined |
//! | 14 | kind of right: A B S X C D E F H G W Y |
//! | 15–19 | serial number from 00001 |
//! | 20 | thing: F house, L trees, Q other, W none |
//! | 21–28 | its number; zeros after W |

use onemap_model::FindingCode;

/// What kind of code a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// 宗地代码.
    Parcel,
    /// 不动产单元代码.
    Unit,
}

impl Form {
    /// The word of layer definitions.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "parcel-code" => Some(Form::Parcel),
            "unit-code" => Some(Form::Unit),
            _ => None,
        }
    }

    /// What is wrong with a code: the finding, and why in Chinese and English.
    pub fn fault(self, code: &str) -> Option<(FindingCode, &'static str)> {
        match self {
            Form::Parcel => parcel(code.as_bytes(), 19)
                .err()
                .map(|why| (FindingCode::ParcelCodeSyntax, why))
                .or_else(|| parcel_rule(code.as_bytes()).map(|why| (FindingCode::ParcelCodeRule, why))),
            Form::Unit => unit(code.as_bytes())
                .err()
                .map(|why| (FindingCode::UnitCodeSyntax, why))
                .or_else(|| unit_rule(code.as_bytes()).map(|why| (FindingCode::UnitCodeRule, why))),
        }
    }
}

fn all_digits(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_digit)
}

fn parcel(code: &[u8], length: usize) -> Result<(), &'static str> {
    if code.len() != length {
        return Err("长度不对 / it has the wrong length");
    }
    if !all_digits(&code[..12]) {
        return Err("第 1–12 位须为数字 / characters 1 to 12 must be digits");
    }
    if !b"GJZ".contains(&code[12]) {
        return Err("第 13 位须为 G、J 或 Z / character 13 must be G, J or Z");
    }
    if !b"ABCDEFGHSXWY".contains(&code[13]) {
        return Err("第 14 位须为 ABCDEFGHSXWY 之一 / character 14 must be one of ABCDEFGHSXWY");
    }
    if !all_digits(&code[14..19]) {
        return Err("第 15–19 位须为数字 / characters 15 to 19 must be digits");
    }
    Ok(())
}

fn parcel_rule(code: &[u8]) -> Option<&'static str> {
    if matches!(code[13], b'A' | b'C') && code[12] != b'J' {
        return Some("A、C 类须为集体所有（J） / A and C need collective ownership (J)");
    }
    if &code[14..19] == b"00000" {
        return Some("顺序号从 00001 起 / serial numbers begin at 00001");
    }
    None
}

fn unit(code: &[u8]) -> Result<(), &'static str> {
    parcel(code, 28)?;
    if !b"FLQW".contains(&code[19]) {
        return Err("第 20 位须为 F、L、Q 或 W / character 20 must be F, L, Q or W");
    }
    if !all_digits(&code[20..]) {
        return Err("第 21–28 位须为数字 / characters 21 to 28 must be digits");
    }
    Ok(())
}

fn unit_rule(code: &[u8]) -> Option<&'static str> {
    let is_zero = &code[20..] == b"00000000";
    match code[19] {
        b'W' if !is_zero => Some("W 之后须全为零 / after W there are zeros only"),
        b'F' if is_zero => Some("F 之后须有幢号 / after F there is a number"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(form: Form, code: &str, expected: Option<FindingCode>) {
        assert_eq!(form.fault(code).map(|(found, _)| found), expected, "{code}");
    }

    #[test]
    fn codes_have_their_form_and_their_parts_agree() {
        check(Form::Parcel, "420202001001GB00017", None);
        check(Form::Parcel, "420202001001JC00017", None);
        check(Form::Parcel, "420202001001GC00017", Some(FindingCode::ParcelCodeRule));
        check(Form::Parcel, "420202001001GB00000", Some(FindingCode::ParcelCodeRule));
        for bad in [
            "",
            "420202001001GB0017",
            "42020200100AGB00017",
            "420202001001KB00017",
            "420202001001GZ00017",
            "420202001001地0001",
        ] {
            check(Form::Parcel, bad, Some(FindingCode::ParcelCodeSyntax));
        }
        check(Form::Unit, "420202001001GB00017F00010001", None);
        check(Form::Unit, "420202001001GB00017L00000000", None);
        check(
            Form::Unit,
            "420202001001GB00017W00000001",
            Some(FindingCode::UnitCodeRule),
        );
        check(
            Form::Unit,
            "420202001001GB00017F00000000",
            Some(FindingCode::UnitCodeRule),
        );
        check(
            Form::Unit,
            "420202001001GB00017P00010001",
            Some(FindingCode::UnitCodeSyntax),
        );
        check(Form::Unit, "420202001001GB00017", Some(FindingCode::UnitCodeSyntax));
    }
}
