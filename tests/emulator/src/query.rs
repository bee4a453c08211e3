//! Queries: their pages, and the tokens that lead to the next one.

use crate::answer::wants_json;
use crate::records::Record;
use crate::shapes::escape_xml;
use axum::http::HeaderMap;
use data_encoding::BASE64_NOPAD;
use serde::{Deserialize, Serialize};

/// How many rows a query has, and how many are on a page. The JSON of `/control/query`.
#[derive(Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Pages {
    pub rows: u32,
    pub page: u32,
}

impl Default for Pages {
    fn default() -> Pages {
        Pages { rows: 250, page: 100 }
    }
}

impl Pages {
    /// Says which field makes no sense.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.page == 0 { Err("page: 0 rows would be no page".into()) } else { Ok(()) }
    }
}

/// Where a page begins. A token says it all, so the same token gives the same page again.
#[derive(Serialize, Deserialize)]
pub(crate) struct Place {
    object: String,
    account: String,
    from: u32,
}

impl Place {
    pub(crate) fn start(object: &str, account: &str) -> Place {
        Place { object: object.into(), account: account.into(), from: 0 }
    }

    /// The token: Base64 with padding, as seen, so that it holds `/`, `+` and `=`; the `&` is ours. It is compared byte
    /// by byte, and good for ever (\[U\] how long in fact).
    fn token(&self) -> String {
        format!("+/&{}==", BASE64_NOPAD.encode(&serde_json::to_vec(self).expect("it is JSON")))
    }

    /// The place that a token names, if it is a token for this object and account.
    pub(crate) fn of(token: &[u8], object: &str, account: &str) -> Option<Place> {
        let place = BASE64_NOPAD.decode(token.strip_prefix(b"+/&")?.strip_suffix(b"==")?).ok()?;
        let place: Place = serde_json::from_slice(&place).ok()?;
        (place.object == object && place.account == account).then_some(place)
    }

    /// The page that begins here. \[U\] whether `numberOfResults` counts the page or everything: the page.
    pub(crate) fn page(self, pages: Pages, headers: &HeaderMap) -> String {
        let end = self.from.saturating_add(pages.page).min(pages.rows);
        let rows: Vec<Record> = (self.from..end).map(|n| Record::row(&self.account, &self.object, n + 1)).collect();
        let next = (end < pages.rows).then(|| Place { from: end, ..self }.token());
        if wants_json(headers) { json(&rows, next) } else { xml(&rows, next) }
    }
}

fn json(rows: &[Record], next: Option<String>) -> String {
    let mut answer = serde_json::json!({ "@type": "QueryResult", "numberOfResults": rows.len() });
    if !rows.is_empty() {
        answer["result"] = rows.iter().map(Record::value).collect();
    }
    if let Some(token) = next {
        answer["queryToken"] = token.into();
    }
    answer.to_string()
}

fn xml(rows: &[Record], next: Option<String>) -> String {
    let results: String = rows.iter().map(|row| row.element("result")).collect();
    let token = next.map(|token| format!("<bns:queryToken>{}</bns:queryToken>", escape_xml(&token)));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
         <bns:QueryResult xmlns:bns=\"http://api.platform.boomi.com/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" numberOfResults=\"{}\">{results}{}</bns:QueryResult>",
        rows.len(),
        token.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_as_it_is_and_in_no_other_form() {
        let token = Place { from: 100, ..Place::start("AuditLog", "account123") }.token();
        let from = |token: &str| Place::of(token.as_bytes(), "AuditLog", "account123").map(|place| place.from);
        assert_eq!(from(&token), Some(100));
        assert!(['+', '/', '=', '&'].iter().all(|&odd| token.contains(odd)), "{token}");
        for changed in [
            token.trim_end_matches('=').to_owned(),
            format!("{token}\n"),
            format!(" {token}"),
            format!("\"{token}\""),
            token.replace('+', " "),
            token.replace('&', "&amp;"),
            token.replace('=', "%3D"),
            token.to_lowercase(),
            String::new(),
        ] {
            assert_eq!(from(&changed), None, "{changed}");
        }
        assert!(Place::of(token.as_bytes(), "Deployment", "account123").is_none());
        assert!(Place::of(token.as_bytes(), "AuditLog", "subaccount456").is_none());
    }
}
