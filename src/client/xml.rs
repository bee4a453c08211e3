//! A reader of Boomi's XML by local names, whatever the namespace prefixes.
//!
//! It reads event by event and builds no tree: pages are large, and an error body may be cut off.

use quick_xml::Reader;
use quick_xml::escape::{resolve_xml_entity, unescape};
use quick_xml::events::{BytesStart, Event};

pub(crate) fn root_attribute(xml: &[u8], name: &str) -> Option<String> {
    let mut reader = Reader::from_reader(xml);
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag) | Event::Empty(tag)) => return attribute(&tag, name),
            Ok(Event::Eof) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

pub(crate) fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = tag.try_get_attribute(name).ok()??;
    Some(unescape(std::str::from_utf8(&attribute.value).ok()?).ok()?.into_owned())
}

/// Returns the text of an event; `None` if it has none, `Some(None)` if its entity is unknown.
pub(crate) fn text(event: &Event<'_>) -> Option<Option<String>> {
    Some(match event {
        Event::Text(text) => text.decode().ok().map(Into::into),
        Event::CData(text) => text.decode().ok().map(Into::into),
        Event::GeneralRef(entity) => match entity.resolve_char_ref() {
            Ok(None) => entity.decode().ok().and_then(|name| resolve_xml_entity(&name)).map(Into::into),
            character => character.ok().flatten().map(Into::into),
        },
        _ => return None,
    })
}

pub(crate) struct Found {
    pub(crate) root: String,
    /// For each name, the text of the first element that has any.
    pub(crate) texts: Vec<Option<String>>,
}

/// Finds the texts of elements by their local names; `None` if the document is not XML to its end.
///
/// `/element` finds children of the outermost element only, `element@attribute` the attribute of an element.
pub(crate) fn find(xml: &[u8], names: &[&str]) -> Option<Found> {
    let mut reader = Reader::from_reader(xml);
    let mut found = Found { root: String::new(), texts: vec![None; names.len()] };
    let mut depth = 0_usize;
    // The index of the current element's name, and its text so far.
    let mut reading: Option<(usize, String)> = None;
    loop {
        let event = reader.read_event().ok()?;
        match &event {
            Event::Start(tag) | Event::Empty(tag) => {
                let name = String::from_utf8_lossy(tag.local_name().as_ref()).into_owned();
                for (text, wanted) in found.texts.iter_mut().zip(names).filter(|(text, _)| text.is_none()) {
                    if let Some((element, attribute_name)) = wanted.split_once('@')
                        && element == name
                    {
                        *text = attribute(tag, attribute_name);
                    }
                }
                if matches!(event, Event::Start(_)) {
                    let is_wanted = |wanted: &&str| match wanted.strip_prefix('/') {
                        Some(wanted) => depth == 1 && wanted == name,
                        None => *wanted == name,
                    };
                    let wanted = names.iter().position(is_wanted).filter(|index| found.texts[*index].is_none());
                    reading = wanted.map(|index| (index, String::new()));
                    depth += 1;
                }
                if found.root.is_empty() {
                    found.root = name;
                }
            }
            Event::End(_) => {
                depth = depth.checked_sub(1)?;
                if let Some((index, text)) = reading.take().filter(|(_, text)| !text.is_empty()) {
                    found.texts[index] = Some(text);
                }
            }
            Event::Eof => return (depth == 0 && !found.root.is_empty()).then_some(found),
            event => {
                if let Some((_, all)) = &mut reading
                    && let Some(text) = text(event)
                {
                    all.push_str(&text?);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn find_returns_texts_and_attributes() {
        let xml = br#"<?xml version="1.0"?><b:R xmlns:b="x" status="2&#48;2"><b:q/><b:q> a&amp;b<![CDATA[<c>]]> </b:q>
            <b:q>second</b:q><b:t token="x=&quot;y"/></b:R>"#;
        let found = find(xml, &["q", "t@token", "R@status", "none", "q@none"]).unwrap();
        assert_eq!(found.root, "R");
        let texts: Vec<_> = found.texts.iter().map(Option::as_deref).collect();
        assert_eq!(texts, [Some(" a&b<c> "), Some("x=\"y"), Some("202"), None, None]);
        assert_eq!(root_attribute(xml, "status").as_deref(), Some("202"));
    }

    #[test]
    fn find_refuses_cut_documents_and_other_text() {
        for xml in ["", "text", "<a>", "<a><b></a>", "<a>&unknown;<q>&unknown;</q></a>", "{\"a\":1}", "<a"] {
            assert!(find(xml.as_bytes(), &["q"]).is_none(), "{xml}");
        }
    }

    #[test]
    fn deep_document_needs_little_stack() {
        let deep = || {
            let xml = "<a b='1'>".repeat(100_000) + "<q>x</q>" + &"</a>".repeat(100_000);
            assert_eq!(find(xml.as_bytes(), &["q"]).unwrap().texts[0].as_deref(), Some("x"));
            assert_eq!(root_attribute(xml.as_bytes(), "b").as_deref(), Some("1"));
        };
        std::thread::Builder::new().stack_size(128 * 1024).spawn(deep).unwrap().join().unwrap();
    }
}
