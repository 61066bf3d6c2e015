//! Chinese names with their pinyin, made of characters that Chinese places and streets are named with.

/// First characters, with pinyin.
const FIRST: [(&str, &str); 68] = [
    ("青", "Qing"),
    ("金", "Jin"),
    ("银", "Yin"),
    ("玉", "Yu"),
    ("龙", "Long"),
    ("凤", "Feng"),
    ("华", "Hua"),
    ("新", "Xin"),
    ("光", "Guang"),
    ("文", "Wen"),
    ("武", "Wu"),
    ("南", "Nan"),
    ("北", "Bei"),
    ("东", "Dong"),
    ("西", "Xi"),
    ("云", "Yun"),
    ("江", "Jiang"),
    ("湖", "Hu"),
    ("石", "Shi"),
    ("桂", "Gui"),
    ("松", "Song"),
    ("竹", "Zhu"),
    ("梅", "Mei"),
    ("兰", "Lan"),
    ("荷", "He"),
    ("柳", "Liu"),
    ("枫", "Feng"),
    ("桃", "Tao"),
    ("杏", "Xing"),
    ("安", "An"),
    ("宁", "Ning"),
    ("平", "Ping"),
    ("和", "He"),
    ("康", "Kang"),
    ("泰", "Tai"),
    ("兴", "Xing"),
    ("盛", "Sheng"),
    ("永", "Yong"),
    ("长", "Chang"),
    ("昌", "Chang"),
    ("明", "Ming"),
    ("朝", "Chao"),
    ("晨", "Chen"),
    ("春", "Chun"),
    ("秋", "Qiu"),
    ("学", "Xue"),
    ("仁", "Ren"),
    ("义", "Yi"),
    ("信", "Xin"),
    ("德", "De"),
    ("福", "Fu"),
    ("寿", "Shou"),
    ("喜", "Xi"),
    ("天", "Tian"),
    ("清", "Qing"),
    ("澄", "Cheng"),
    ("碧", "Bi"),
    ("翠", "Cui"),
    ("丹", "Dan"),
    ("锦", "Jin"),
    ("迎", "Ying"),
    ("富", "Fu"),
    ("广", "Guang"),
    ("大", "Da"),
    ("同", "Tong"),
    ("双", "Shuang"),
    ("白", "Bai"),
    ("鹤", "He"),
];

/// Second characters, with pinyin.
const SECOND: [(&str, &str); 61] = [
    ("山", "shan"),
    ("江", "jiang"),
    ("湖", "hu"),
    ("泉", "quan"),
    ("溪", "xi"),
    ("河", "he"),
    ("塘", "tang"),
    ("港", "gang"),
    ("桥", "qiao"),
    ("岭", "ling"),
    ("峰", "feng"),
    ("谷", "gu"),
    ("湾", "wan"),
    ("洲", "zhou"),
    ("坪", "ping"),
    ("坡", "po"),
    ("园", "yuan"),
    ("林", "lin"),
    ("村", "cun"),
    ("庄", "zhuang"),
    ("堂", "tang"),
    ("阁", "ge"),
    ("楼", "lou"),
    ("台", "tai"),
    ("亭", "ting"),
    ("门", "men"),
    ("阳", "yang"),
    ("光", "guang"),
    ("华", "hua"),
    ("安", "an"),
    ("宁", "ning"),
    ("康", "kang"),
    ("泰", "tai"),
    ("兴", "xing"),
    ("隆", "long"),
    ("盛", "sheng"),
    ("昌", "chang"),
    ("明", "ming"),
    ("和", "he"),
    ("平", "ping"),
    ("乐", "le"),
    ("福", "fu"),
    ("德", "de"),
    ("仁", "ren"),
    ("贤", "xian"),
    ("才", "cai"),
    ("龙", "long"),
    ("凤", "feng"),
    ("马", "ma"),
    ("鹿", "lu"),
    ("鱼", "yu"),
    ("云", "yun"),
    ("霞", "xia"),
    ("月", "yue"),
    ("星", "xing"),
    ("泽", "ze"),
    ("润", "run"),
    ("源", "yuan"),
    ("畈", "fan"),
    ("冲", "chong"),
    ("垅", "long"),
];

/// Spreads neighbouring numbers over all names; shares no factor with their count.
const SPREAD: u64 = 1_315_423_911;

/// A name in Chinese and in Latin letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PlaceName {
    pub(super) zh: String,
    pub(super) en: String,
}

/// The name with this number. Numbers that differ by less than [`count`] have different names.
pub(super) fn place(number: u32) -> PlaceName {
    let at = (u64::from(number) * SPREAD % u64::from(count())) as usize;
    let (first, second) = (FIRST[at % FIRST.len()], SECOND[at / FIRST.len()]);
    // 龙龙 is no name: the doubled ones take a third character's place.
    let second = if first.0 == second.0 { ("家", "jia") } else { second };
    let mut en = format!("{}{}", first.1, second.1);
    if second.1.starts_with(['a', 'o', 'e']) {
        en = format!("{}'{}", first.1, second.1);
    }
    PlaceName {
        zh: format!("{}{}", first.0, second.0),
        en,
    }
}

/// How many different names there are.
pub(super) fn count() -> u32 {
    (FIRST.len() * SECOND.len()) as u32
}

/// The name with something after it.
pub(super) fn with(name: &PlaceName, zh: &str, en: &str) -> PlaceName {
    PlaceName {
        zh: format!("{}{zh}", name.zh),
        en: format!("{} {en}", name.en),
    }
}

/// A number from 1 to 99 in Chinese.
pub(super) fn chinese_number(n: u32) -> String {
    const DIGITS: [&str; 10] = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
    let (tens, ones) = ((n / 10 % 10) as usize, (n % 10) as usize);
    match tens {
        0 => DIGITS[ones].to_owned(),
        1 => format!("十{}", DIGITS[ones]),
        _ => format!("{}十{}", DIGITS[tens], DIGITS[ones]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn all_names_differ() {
        let names: HashSet<String> = (0..count()).map(|n| place(n).zh).collect();
        assert_eq!(names.len(), count() as usize);
        assert!(names.iter().all(|name| name.chars().count() == 2));
    }

    #[test]
    fn numbers_are_written_as_the_chinese_do() {
        for (n, expected) in [(1, "一"), (10, "十"), (11, "十一"), (20, "二十"), (35, "三十五")] {
            assert_eq!(chinese_number(n), expected);
        }
    }
}
