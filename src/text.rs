//! Text for people.

/// Makes one line of at most `most` characters out of text from outside, without control characters.
pub(crate) fn printable(text: &str, most: usize) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    // So many words fill the line.
    let line = words.take(most + 1).collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(most) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

/// Rounds a wait up to whole seconds.
pub(crate) fn whole_seconds(time: std::time::Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printable_makes_one_short_line() {
        assert_eq!(printable(" a\r\n\tb\u{1b}[2J ", 99), "a b [2J");
        assert_eq!(printable("äöü and more", 3), "äöü...");
    }
}
