//! The layer of points of interest: shops, schools, offices and what else a city is searched for.

use super::dictionary::Dictionary;
use super::names::{PlaceName, chinese_number, place};
use super::parcels::{door, point};
use super::plane::Pt;
use super::quarter::{Parcel, Quarter};
use super::rng::{Rng, Stream};
use onemap_model::{Row, TimeSpan, Value};

/// The points of interest of a quarter, parcel by parcel.
pub(super) fn rows<'a>(quarter: &'a Quarter<'_>, classes: &'a Dictionary) -> impl Iterator<Item = Row> + 'a {
    quarter.parcels_of_today().flat_map(move |(at, parcel)| {
        let mut rng = Rng::new(Stream::Pois, quarter.plan.a, quarter.plan.b, at as u32);
        let found = found(parcel, &mut rng);
        let own = quarter.name();
        found.into_iter().enumerate().map(move |(number, (class, suffix))| {
            let name = name(&own, suffix, at, &mut rng);
            let id = format!("P{:05}{:05}{number}", quarter.plan.rank + 1, at + 1);
            let place = beside(parcel, number);
            Row {
                geometry: Some(point(place)),
                values: vec![
                    Value::text(id),
                    Value::text(name),
                    Value::text(class),
                    Value::text(classes.name(class)),
                ],
                valid: TimeSpan::ALWAYS,
            }
        })
    })
}

/// What can be found on a parcel: class and the end of its name.
fn found(parcel: &Parcel, rng: &mut Rng) -> Vec<(&'static str, &'static str)> {
    let shops: &[(&str, &str)] = &[
        ("010100", "酒楼"),
        ("010200", "小吃店"),
        ("010300", "茶馆"),
        ("020100", "超市"),
        ("020200", "便利店"),
        ("020300", "药房"),
        ("020400", "五金店"),
        ("020500", "服装店"),
        ("060100", "银行"),
        ("070100", "理发店"),
        ("070200", "快递站"),
    ];
    let one: &[(&str, &str)] = match parcel.land_use {
        "0501" | "0503" => {
            // Fewer shops find a place behind the others.
            let count = if parcel.frontage.on_street {
                1 + rng.below(3)
            } else {
                rng.below(2)
            };
            return (0..count).map(|_| *rng.pick(shops)).collect();
        }
        "0502" => &[("020600", "批发市场")],
        "0504" => &[("030100", "宾馆"), ("030100", "酒店"), ("030200", "客栈")],
        "0505" => &[("060100", "银行"), ("060200", "商务大厦"), ("060200", "金融中心")],
        "0507" => &[("070300", "汽车服务中心"), ("070400", "加油站")],
        "0601" if rng.chance(0.7) => &[
            ("080100", "机械厂"),
            ("080100", "铜业有限公司"),
            ("080100", "特钢厂"),
            ("080100", "纺织厂"),
            ("080100", "电子有限公司"),
        ],
        "0604" if rng.chance(0.5) => &[("080200", "物流园"), ("080200", "仓储中心")],
        "0701" if rng.chance(0.06) => &[
            ("020200", "便利店"),
            ("090100", "小区"),
            ("070200", "快递站"),
            ("040300", "幼儿园"),
        ],
        "0702" if rng.chance(0.03) => &[("020200", "便利店"), ("100200", "村委会")],
        "0801" => &[
            ("100100", "街道办事处"),
            ("100100", "派出所"),
            ("100100", "政务服务中心"),
        ],
        "0803" => &[("040100", "小学"), ("040200", "中学"), ("040300", "幼儿园")],
        "0804" => &[("040400", "研究院"), ("040400", "设计院")],
        "0805" => &[("050100", "医院"), ("050200", "社区卫生服务中心")],
        "0806" => &[("100300", "养老院"), ("100300", "社区服务中心")],
        "0807" => &[("110100", "文化馆"), ("110100", "图书馆"), ("110100", "影剧院")],
        "0808" => &[("110200", "体育馆"), ("110200", "游泳馆")],
        "0809" => &[("120300", "自来水厂"), ("120300", "消防站")],
        "0810" => &[("110300", "公园"), ("110300", "广场")],
        "1005" => &[("120100", "公交站"), ("120200", "停车场")],
        _ => return Vec::new(),
    };
    vec![*rng.pick(one)]
}

fn name(own: &PlaceName, suffix: &str, at: usize, rng: &mut Rng) -> String {
    match suffix {
        "小学" | "中学" | "幼儿园" => format!("{}第{}{suffix}", own.zh, chinese_number(at as u32 % 9 + 1)),
        "村委会" | "街道办事处" | "派出所" | "社区服务中心" | "社区卫生服务中心" | "公园" | "广场" =>
        {
            format!("{}{suffix}", own.zh)
        }
        _ => format!("{}{suffix}", place(rng.below(super::names::count())).zh),
    }
}

/// The first at the door, the next ones beside it along the street.
fn beside(parcel: &Parcel, number: usize) -> Pt {
    let door = door(parcel);
    let along = (door - parcel.frontage.door).unit().left();
    let side = match number {
        0 => 0.0,
        1 => 3.0,
        _ => -3.0,
    };
    door + along * side
}
