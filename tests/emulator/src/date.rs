//! The JSON of the Date header: shifted, or left out.

use serde::{Deserialize, Deserializer, de::Error as _};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DateJson {
    offset_s: Option<i64>,
    #[serde(default)]
    none: bool,
}

/// By how much the header is shifted; nothing leaves it out.
#[derive(Deserialize)]
#[serde(try_from = "DateJson")]
pub(crate) struct DateOffset(pub Option<i64>);

impl TryFrom<DateJson> for DateOffset {
    type Error = String;

    fn try_from(json: DateJson) -> Result<DateOffset, String> {
        match (json.offset_s, json.none) {
            (Some(_), true) => Err("none: not beside offset_s".into()),
            (None, false) => Err("offset_s: missing, and `none` is not true either".into()),
            (offset_s, _) => Ok(DateOffset(offset_s)),
        }
    }
}

pub(crate) fn offset<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let json = DateJson::deserialize(deserializer)?;
    DateOffset::try_from(json).map(|offset| offset.0).map_err(D::Error::custom)
}
