//! The little that is read out of Boomi's XML, whatever the namespace prefixes.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// An attribute of the outermost element.
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

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = tag.try_get_attribute(name).ok()??;
    let text = String::from_utf8(attribute.value.into_owned()).ok()?;
    Some(quick_xml::escape::unescape(&text).ok()?.into_owned())
}

/// What the reader of a document looks for, and what it found.
pub(crate) struct Found {
    /// The local name of the outermost element.
    pub(crate) root: String,
    /// For each name that was looked for, the text of the first element that has any.
    pub(crate) texts: Vec<Option<String>>,
}

/// Finds the texts of elements by their local names, as they stand (`/element` right below the outermost alone), and
/// attributes by `element@attribute`; `None` if it is no XML to its end.
pub(crate) fn find(xml: &[u8], names: &[&str]) -> Option<Found> {
    let mut reader = Reader::from_reader(xml);
    let mut found = Found { root: String::new(), texts: vec![None; names.len()] };
    let mut depth = 0_usize;
    // Which name the element has that is being read, and its text so far.
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
                    let wanted = names.iter().position(is_wanted);
                    depth += 1;
                    reading = wanted.filter(|index| found.texts[*index].is_none()).map(|index| (index, String::new()));
                }
                if found.root.is_empty() {
                    found.root = name;
                }
            }
            Event::Text(part) => {
                if let Some((_, text)) = &mut reading {
                    text.push_str(&part.decode().ok()?);
                }
            }
            Event::CData(part) => {
                if let Some((_, text)) = &mut reading {
                    text.push_str(&part.decode().ok()?);
                }
            }
            Event::GeneralRef(name) => {
                if let Some((_, text)) = &mut reading {
                    let resolved = name.resolve_char_ref().ok()?.map(String::from);
                    let known = || quick_xml::escape::resolve_xml_entity(&name.decode().ok()?).map(str::to_owned);
                    text.push_str(&resolved.or_else(known)?);
                }
            }
            Event::End(_) => {
                depth = depth.checked_sub(1)?;
                if let Some((index, text)) = reading.take().filter(|(_, text)| !text.is_empty()) {
                    found.texts[index] = Some(text);
                }
            }
            Event::Eof => return (depth == 0 && !found.root.is_empty()).then_some(found),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_attributes_are_found_as_they_stand() {
        let xml = br#"<?xml version="1.0"?><b:R xmlns:b="x" status="2&#48;2"><b:q/><b:q> a&amp;b<![CDATA[<c>]]> </b:q>
            <b:q>second</b:q><b:t token="x=&quot;y"/></b:R>"#;
        let found = find(xml, &["q", "t@token", "R@status", "none", "q@none"]).unwrap();
        assert_eq!(found.root, "R");
        let texts: Vec<_> = found.texts.iter().map(Option::as_deref).collect();
        assert_eq!(texts, [Some(" a&b<c> "), Some("x=\"y"), Some("202"), None, None]);
        assert_eq!(root_attribute(xml, "status").as_deref(), Some("202"));
    }

    #[test]
    fn what_is_cut_or_no_xml_is_none() {
        for xml in ["", "text", "<a>", "<a><b></a>", "<a>&unknown;<q>&unknown;</q></a>", "{\"a\":1}", "<a"] {
            assert!(find(xml.as_bytes(), &["q"]).is_none(), "{xml}");
        }
    }
}
