//! What is wrong with data: findings with stable codes.

use crate::Coord;
use std::collections::BTreeMap;
use std::fmt;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Note,
    /// Loaded as it is, but wrong or doubtful.
    Warning,
    /// Not loaded: set aside.
    Error,
}

macro_rules! finding_codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $severity:ident, $chinese:literal;)+) => {
        /// What was found. The codes never change their meaning; new ones may be added.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum FindingCode {
            $($(#[doc = $doc])+ $name,)+
        }

        impl FindingCode {
            /// Every code.
            pub const ALL: &[FindingCode] = &[$(FindingCode::$name,)+];

            /// The stable code, as reports show it.
            pub fn as_str(self) -> &'static str {
                match self { $(FindingCode::$name => $code,)+ }
            }

            /// What it means, in English.
            pub fn english(self) -> &'static str {
                match self { $(FindingCode::$name => concat!($($doc),+).trim_ascii(),)+ }
            }

            /// What it means, in Chinese.
            pub fn chinese(self) -> &'static str {
                match self { $(FindingCode::$name => $chinese,)+ }
            }

            /// How bad it is.
            pub fn severity(self) -> Severity {
                match self { $(FindingCode::$name => Severity::$severity,)+ }
            }
        }
    };
}

finding_codes! {
    /// The source's CRS was taken as equal to the store's: they differ by less than a metre.
    CrsEquivalent = "crs-equivalent", Note, "来源坐标系与库坐标系相差不足一米，视为等同";
    /// The CRS that the source declares was overridden by the operator.
    CrsForced = "crs-forced", Warning, "文件声明的坐标系被操作员指定的覆盖";
    /// Coordinates lie outside the area in which their CRS makes sense.
    CoordinateOutOfRange = "coordinate-out-of-range", Error, "坐标超出其坐标系的有效范围";
    /// The file does not say which coordinate comes first; its numbers do.
    AxesAssumed = "axes-assumed", Warning, "文件未说明坐标轴次序，按数值判断";
    /// Some rows are in another CRS than the layer: their numbers look like another system's. They were set aside.
    CrsMixed = "crs-mixed", Warning, "同一图层混有不同坐标系的数据，与声明不符的行已搁置";
    /// The shift of a web map's coordinates (GCJ-02, BD-09) was taken away by the published formula.
    CrsUnshifted = "crs-unshifted", Warning, "网络地图坐标（GCJ-02、BD-09）已按公开算法纠偏";
    /// Text was decoded from another encoding than UTF-8.
    EncodingDetected = "encoding-detected", Note, "文字由其他编码（非 UTF-8）转换";
    /// Text has bytes that its encoding does not know; they were replaced by U+FFFD.
    EncodingInvalid = "encoding-invalid", Warning, "文字含有编码中不存在的字节，已替换为 U+FFFD";
    /// A layer or field was renamed to a legal or free name.
    NameChanged = "name-changed", Note, "图层或字段已改为合法且不重复的名称";
    /// A row above the header of a sheet was taken for a title and left out.
    TitleLeftOut = "title-left-out", Note, "表头以上的标题行未读入";
    /// A geometry cannot be decoded or has coordinates that are not finite.
    GeometryUndecodable = "geometry-undecodable", Error, "图形无法解码，或坐标不是有限数";
    /// A polygon or line is invalid in the sense of OGC Simple Features.
    GeometryInvalid = "geometry-invalid", Warning, "图形不符合 OGC 简单要素规范";
    /// A feature has no geometry, or an empty one, in a layer that has geometries.
    GeometryNull = "geometry-null", Warning, "要素缺少图形或图形为空";
    /// A geometry is of another kind than the layer declares.
    GeometryTypeDiffers = "geometry-type-differs", Note, "图形类型与图层声明不符";
    /// A geometry cannot be made of what the source has: a kind that is not read, a line that is missing. The feature was loaded without it.
    GeometryUnread = "geometry-unread", Warning, "图形无法由来源数据构成（不支持的图形种类、缺线等），要素按无图形载入";
    /// A feature has a geometry, and no row of attributes. It was loaded without values.
    AttributesMissing = "attributes-missing", Warning, "要素有图形而无属性记录，属性为空";
    /// A curve was replaced by a chain of straight segments.
    GeometryLinearised = "geometry-linearised", Note, "曲线已转换为折线";
    /// M values were left out.
    MeasureDropped = "measure-dropped", Note, "M 值已舍去";
    /// A number is not finite; the value was set to null.
    NumberNotFinite = "number-not-finite", Warning, "数值不是有限数，已置空";
    /// A value does not fit its field; it was kept as null.
    ValueOutOfRange = "value-out-of-range", Warning, "值与字段类型不符，已置空";
    /// A time without an offset was taken to be in the layer's zone.
    TimeZoneAssumed = "time-zone-assumed", Note, "时间未带时区，按图层时区处理";
    /// The valid time of a feature ends before it begins; it was left open.
    ValidTimeInverted = "valid-time-inverted", Warning, "有效期止早于起，止已置为未定";
    /// The key is null.
    KeyNull = "key-null", Warning, "主键为空";
    /// Two features have the same key and overlapping valid times.
    KeyDuplicate = "key-duplicate", Warning, "两个要素主键相同且有效期重叠";
    /// A row of the source could not be read.
    RowUnreadable = "row-unreadable", Error, "来源中的一行无法读取";
    /// A ring crosses or runs along itself.
    SelfIntersection = "self-intersection", Warning, "环自相交";
    /// A ring touches itself in a point.
    RingSelfTouch = "ring-self-touch", Warning, "环自接触于一点";
    /// Two rings of a polygon cross, or share part of an edge.
    RingsCross = "rings-cross", Warning, "同一多边形的两个环相交或共边";
    /// Two parts of a multipolygon cross, or share part of an edge.
    PartsOverlap = "parts-overlap", Warning, "多部件图形的部件之间相交或共边";
    /// A ring has fewer than three different points.
    RingTooFewPoints = "ring-too-few-points", Warning, "环的不同点少于三个";
    /// A ring was not closed; it has been.
    RingUnclosed = "ring-unclosed", Warning, "环未闭合，已闭合";
    /// A hole lies outside the shell that it belongs to.
    HoleOutsideShell = "hole-outside-shell", Warning, "内环位于外环之外";
    /// A hole lies in another hole.
    HolesNested = "holes-nested", Warning, "内环嵌套于另一内环之中";
    /// A part of a multipolygon lies in another.
    ShellsNested = "shells-nested", Warning, "多部件图形的一个部件位于另一部件之内";
    /// Rings touch so that the interior falls into pieces.
    InteriorDisconnected = "interior-disconnected", Warning, "环相接触，使内部不连通";
    /// A vertex is repeated right after itself.
    DuplicateVertex = "duplicate-vertex", Note, "相邻节点重复";
    /// A ring runs out to a point and back: the angle is below one degree.
    Spike = "spike", Warning, "尖刺：转折角小于 1 度";
    /// An area is narrower than 0.2 m on average (twice the area by the perimeter).
    Sliver = "sliver", Warning, "狭长面：平均宽度（2 倍面积除以周长）小于 0.2 米";
    /// A polygon has no area.
    ZeroArea = "zero-area", Warning, "多边形面积为零";
    /// A line has no length.
    ZeroLength = "zero-length", Warning, "线的长度为零";
    /// A geometry has several parts where the definition allows one.
    PartCount = "part-count", Warning, "要求单部件的图形有多个部件";
    /// Two features have the same geometry at the same time.
    GeometryDuplicate = "geometry-duplicate", Warning, "两个要素在同一时间图形完全相同";
    /// A field that the definition requires is not in the source.
    FieldMissing = "field-missing", Warning, "来源中缺少定义要求的字段";
    /// A column looks like a field of the definition that has another name; nothing was assumed.
    MappingSuggested = "mapping-suggested", Note, "来源中的列疑似定义中的字段，但名称不同；未作假定";
    /// A required value is null or empty.
    ValueMissing = "value-missing", Warning, "必填值为空";
    /// A value that must be unique comes again at the same time.
    ValueNotUnique = "value-not-unique", Warning, "要求唯一的值重复出现";
    /// A value does not have the form that the definition demands.
    ValuePattern = "value-pattern", Warning, "值不符合规定的格式";
    /// A value is not in its dictionary.
    ValueNotInDictionary = "value-not-in-dictionary", Warning, "值不在字典中";
    /// A number is below or above what the definition allows.
    ValueOutOfBounds = "value-out-of-bounds", Warning, "数值超出规定的上下限";
    /// A parcel code (宗地代码) does not have its 19 characters in form.
    ParcelCodeSyntax = "parcel-code-syntax", Warning, "宗地代码不符合 19 位编码格式";
    /// The parts of a parcel code contradict one another: A and C need collective ownership (J), the serial number begins at 1.
    ParcelCodeRule = "parcel-code-rule", Warning, "宗地代码各部分相互矛盾：A、C 类须为集体所有（J），顺序号从 00001 起";
    /// A real-estate unit code (不动产单元代码) does not have its 28 characters in form.
    UnitCodeSyntax = "unit-code-syntax", Warning, "不动产单元代码不符合 28 位编码格式";
    /// The parts of a real-estate unit code contradict one another: W is followed by zeros, F by a number.
    UnitCodeRule = "unit-code-rule", Warning, "不动产单元代码各部分相互矛盾：W 之后须全为零，F 之后须有编号";
    /// A real-estate unit code does not begin with the code of its parcel.
    UnitCodeDiffers = "unit-code-differs", Warning, "不动产单元代码的前 19 位与宗地代码不一致";
    /// A code begins with a county-level code that no district has.
    DistrictUnknown = "district-unknown", Warning, "代码前六位不是任何行政区划的代码";
    /// A value names a feature of another layer that is not there.
    ReferenceMissing = "reference-missing", Warning, "引用的其他图层要素不存在";
    /// A feature lies outside the feature of another layer that it names.
    OutsideNamed = "outside-named", Warning, "要素位于其所指的另一图层要素之外";
    /// The registered area differs from the drawn one by more than the definition allows.
    AreaDiffers = "area-differs", Warning, "登记面积与图形面积之差超出允许范围";
    /// Two features overlap that must not.
    Overlap = "overlap", Warning, "要素之间相互重叠";
    /// Between features that should meet there is a narrow gap.
    Gap = "gap", Warning, "相邻要素之间有缝隙";
    /// A feature lies outside all districts, or across the border of one.
    OutsideDistrict = "outside-district", Warning, "要素位于行政区划之外或跨越界线";
    /// A feature lies in another district than the one its code names.
    DistrictDiffers = "district-differs", Note, "要素所在行政区与代码所示不同";
    /// The parent of a change is no parcel of the layer.
    LineageParentMissing = "lineage-parent-missing", Warning, "沿革记录中的原宗地不存在";
    /// The child of a change is no parcel of the layer.
    LineageChildMissing = "lineage-child-missing", Warning, "沿革记录中的新宗地不存在";
    /// A parent lives on, or a child lives before the day of the change.
    LineageTime = "lineage-time", Warning, "沿革日期矛盾：原宗地仍有效，或新宗地早已存在";
    /// The areas of the parents and the children of a change do not add up.
    LineageArea = "lineage-area", Warning, "变更前后宗地面积之和不等";
    /// A parcel is its own ancestor.
    LineageCycle = "lineage-cycle", Warning, "宗地成为自己的前身（沿革成环）";
    /// A parcel that was born after the first survey has no parents.
    ParentlessChild = "parentless-child", Warning, "变更产生的宗地没有原宗地记录";
    /// Repeated vertices were left out, as was asked for.
    VerticesRepaired = "vertices-repaired", Note, "已按要求删去重复节点";
    /// The tip of a spike was left out, as was asked for.
    SpikeRepaired = "spike-repaired", Note, "已按要求删去尖刺";
    /// An invalid polygon was made valid, as was asked for.
    ValidityRepaired = "validity-repaired", Note, "已按要求将无效多边形修复为有效";
    /// A repair that was asked for was not done: it would change the land, or its result would be invalid, too.
    RepairRefused = "repair-refused", Warning, "要求的修复未执行：会改变宗地或结果仍无效";
    /// A check was left out, because the layer is larger than its memory allows or what it needs is not there.
    CheckSkipped = "check-skipped", Note, "某项检查未执行：数据量超出内存上限或缺少所需图层";
}

/// One thing that is wrong, with where it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What was found.
    pub code: FindingCode,
    /// The layer.
    pub layer: String,
    /// The feature in the source: its own id, or its number there; none where it concerns the whole layer.
    pub feature: Option<String>,
    /// Where on the map: in the CRS of the store; in that of the source where it has no place there; none where that is
    /// not known.
    pub place: Option<Coord>,
    /// What exactly, with the offending value.
    pub message: String,
}

/// Findings gathered in bounded memory: all are counted, the first of each layer and code are kept whole.
#[derive(Debug, Clone)]
pub struct Findings {
    kept_each: usize,
    counts: BTreeMap<(String, FindingCode), u64>,
    kept: Vec<Finding>,
}

impl Findings {
    /// Gathers findings, keeping at most `kept_each` of each layer and code whole.
    pub fn keeping(kept_each: usize) -> Self {
        Self {
            kept_each,
            counts: BTreeMap::new(),
            kept: Vec::new(),
        }
    }

    /// Counts a finding, and keeps it where there is room.
    pub fn push(&mut self, finding: Finding) {
        let count = self.counts.entry((finding.layer.clone(), finding.code)).or_default();
        *count += 1;
        if *count <= self.kept_each as u64 {
            self.kept.push(finding);
        }
    }

    /// Counts a finding whose text is only made where there is room to keep it.
    pub fn push_with(&mut self, layer: &str, code: FindingCode, make: impl FnOnce() -> Finding) {
        match self.counts.get_mut(&(layer.to_owned(), code)) {
            Some(count) if *count >= self.kept_each as u64 => *count += 1,
            _ => self.push(make()),
        }
    }

    /// How many there are of each layer and code.
    pub fn counts(&self) -> impl Iterator<Item = (&str, FindingCode, u64)> {
        self.counts
            .iter()
            .map(|((layer, code), count)| (layer.as_str(), *code, *count))
    }

    /// How many there are of a code, over all layers.
    pub fn count(&self, code: FindingCode) -> u64 {
        self.counts()
            .filter(|(_, found, _)| *found == code)
            .map(|(.., count)| count)
            .sum()
    }

    /// The findings that were kept whole, in the order they were found.
    pub fn kept(&self) -> &[Finding] {
        &self.kept
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}

impl Severity {
    /// The word used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

impl fmt::Display for Finding {
    /// `warning geometry-invalid roads 17 at (115.04, 30.2): …`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {}",
            self.code.severity().as_str(),
            self.code.as_str(),
            self.layer
        )?;
        if let Some(feature) = &self.feature {
            write!(f, " {feature}")?;
        }
        if let Some(place) = self.place {
            write!(f, " at ({}, {})", place.x, place.y)?;
        }
        write!(f, ": {}", self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(code: FindingCode) -> Finding {
        let place = Some(Coord { x: 1.0, y: 2.0 });
        Finding {
            code,
            layer: "roads".into(),
            feature: Some("17".into()),
            place,
            message: "why".into(),
        }
    }

    #[test]
    fn codes_are_distinct_and_kebab_case() {
        let codes: std::collections::HashSet<_> = FindingCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(codes.len(), FindingCode::ALL.len());
        assert!(
            codes
                .iter()
                .all(|code| code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'))
        );
    }

    #[test]
    fn every_code_says_what_it_means_in_both_languages() {
        for code in FindingCode::ALL {
            assert!(code.english().ends_with('.'), "{}", code.as_str());
            assert!(!code.chinese().is_ascii(), "{}", code.as_str());
        }
    }

    #[test]
    fn all_findings_are_counted_and_the_first_kept() {
        let mut findings = Findings::keeping(2);
        for _ in 0..5 {
            findings.push(finding(FindingCode::GeometryInvalid));
        }
        findings.push_with("roads", FindingCode::GeometryInvalid, || {
            unreachable!("there is no room")
        });
        findings.push_with("roads", FindingCode::KeyNull, || finding(FindingCode::KeyNull));
        assert_eq!(findings.count(FindingCode::GeometryInvalid), 6);
        assert_eq!(findings.kept().len(), 3);
    }

    #[test]
    fn a_finding_says_what_and_where() {
        let text = finding(FindingCode::GeometryInvalid).to_string();
        assert_eq!(text, "warning geometry-invalid roads 17 at (1, 2): why");
    }
}
