//! What a text from a caller may hold.

use crate::error::{Error, Result};

/// Refuses an empty `value` and one with control characters: a CR or LF would end a header early, and a NUL a C string.
pub(crate) fn check(field: &str, value: &str) -> Result<()> {
    if value.is_empty() {
        return Err(Error::invalid(format!("{field} is empty")));
    }
    // Most are printable ASCII, which is seen many bytes at a time if none of them ends the look.
    if value.bytes().fold(true, |all, byte| all & matches!(byte, b' '..=b'~')) {
        return Ok(());
    }
    if let Some(position) = value.chars().position(char::is_control) {
        return Err(Error::invalid(format!(
            "{field} has a control character at position {position} (a line end pasted with it?): remove it"
        )));
    }
    Ok(())
}

/// What is left of a text for people that comes from outside: one line, no control characters, at most `most` characters.
pub(crate) fn printable(text: &str, most: usize) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let mut line = String::new();
    for word in words {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > 4 * most {
            break;
        }
    }
    match line.char_indices().nth(most) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

/// How many seconds to wait, for people: never too few.
pub(crate) fn whole_seconds(time: std::time::Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_refused_and_others_are_not() {
        for bad in ["", "a\r", "a\nb", "\0", "tab\t", "\u{7f}", "\u{85}"] {
            assert!(check("field", bad).unwrap_err().message().starts_with("field "), "{bad:?}");
        }
        for good in ["a", "pass:wörd with spaces", "日本"] {
            check("field", good).unwrap();
        }
    }

    #[test]
    fn a_text_from_outside_becomes_one_short_line() {
        assert_eq!(printable(" a\r\n\tb\u{1b}[2J ", 99), "a b [2J");
        assert_eq!(printable("äöü and more", 3), "äöü...");
    }
}
