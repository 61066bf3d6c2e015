//! 密级, the secrecy level of a layer or field.

/// Secrecy level, lowest first, so that levels compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Secrecy {
    /// 公开: may be published.
    Public,
    /// 内部: for the city's own systems.
    #[default]
    Internal,
    /// 秘密.
    Secret,
    /// 机密.
    Confidential,
    /// 绝密.
    TopSecret,
}

impl Secrecy {
    const ALL: [(Secrecy, &'static str, &'static str); 5] = [
        (Secrecy::Public, "public", "公开"),
        (Secrecy::Internal, "internal", "内部"),
        (Secrecy::Secret, "secret", "秘密"),
        (Secrecy::Confidential, "confidential", "机密"),
        (Secrecy::TopSecret, "top-secret", "绝密"),
    ];

    /// The English word used in definitions.
    pub fn as_str(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// The Chinese word.
    pub fn title_zh(self) -> &'static str {
        Self::ALL[self as usize].2
    }

    /// Reads the English or the Chinese word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, en, zh)| *en == text || *zh == text)
            .map(|(level, ..)| *level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_ordered_and_read_in_both_languages() {
        assert!(Secrecy::Public < Secrecy::Internal && Secrecy::Confidential < Secrecy::TopSecret);
        for (level, en, zh) in Secrecy::ALL {
            assert_eq!((Secrecy::parse(en), Secrecy::parse(zh)), (Some(level), Some(level)));
            assert_eq!((level.as_str(), level.title_zh()), (en, zh));
        }
        assert_eq!(Secrecy::parse("?"), None);
    }
}
