//! Reads enough of a GraphQL document to see whether it only queries.

/// Whether every operation of `document` is a query; no, if the document cannot be read.
///
/// The keyword of an operation stands outside of braces. Strings and comments may contain braces.
/// (Source: spec.graphql.org, "Source Text" and "Document".)
pub(crate) fn only_reads(document: &str) -> bool {
    let mut rest = document;
    let (mut depth, mut operations) = (0_i32, 0);
    // Whether the next token begins a definition.
    let mut begins = true;
    while let Some(first) = rest.chars().next() {
        match first {
            '#' => rest = rest.find(['\n', '\r']).map_or("", |end| &rest[end..]),
            '"' => match after_string(rest) {
                Some(after) => rest = after,
                None => return false,
            },
            '{' | '(' | '[' => {
                // A selection without a keyword is a query.
                if depth == 0 && begins {
                    // Braces that begin with a string are JSON, no selection.
                    if first != '{' || rest[1..].trim_start().starts_with('"') {
                        return false;
                    }
                    operations += 1;
                }
                depth += 1;
                begins = false;
                rest = &rest[1..];
            }
            '}' | ')' | ']' => {
                depth -= 1;
                begins = depth == 0 && first == '}';
                rest = &rest[1..];
            }
            'A'..='Z' | 'a'..='z' | '_' => {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
                if depth == 0 && begins {
                    match &rest[..end] {
                        "query" => operations += 1,
                        "fragment" => {}
                        _ => return false,
                    }
                    begins = false;
                }
                rest = &rest[end..];
            }
            other => rest = &rest[other.len_utf8()..],
        }
    }
    depth == 0 && operations > 0
}

/// The rest after the string that `rest` begins with; `None` if the string does not end.
fn after_string(rest: &str) -> Option<&str> {
    if let Some(block) = rest.strip_prefix(r#"""""#) {
        let mut from = 0;
        loop {
            let end = from + block[from..].find(r#"""""#)?;
            if !block[..end].ends_with('\\') {
                return Some(&block[end + 3..]);
            }
            from = end + 3;
        }
    }
    let mut escaped = false;
    for (index, character) in rest.char_indices().skip(1) {
        match character {
            '\n' | '\r' => return None,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(&rest[index + 1..]),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_only_read() {
        for document in [
            "{ a }",
            "query { a }",
            "query Named($x: Int = 1, $y: In = {mutation: 1}) @d(a: [1]) { a(b: \"}\") { c } }",
            "# mutation { a }\nquery { mutation }",
            "fragment f on T { mutation } query { ...f }",
            "query { a } query b { a }",
            "{ a(b: \"\"\"mutation } \\\"\"\" \" { \"\"\") } ",
            "{ a(b: \"\\\"} mutation {\") }",
            "\u{feff}{ a }",
            ",,{a},,",
        ] {
            assert!(only_reads(document), "{document}");
        }
    }

    #[test]
    fn other_documents_may_change_data() {
        for document in [
            "",
            "# { a }",
            "mutation { a }",
            "mutation{a}",
            "subscription { a }",
            "{ a } mutation { b }",
            "query { a } mutation M { b }",
            "fragment f on T { a }",
            "fragment f on T { a } mutation { b }",
            "{ a",
            "{ a } }",
            "{ a(b: \"x) }",
            "{ a(b: \"x\n\") }",
            "{ a(b: \"\"\"x) }",
            "queryx { a }",
            "type Query { a: Int }",
            r#"{"query":"mutation { a }"}"#,
            r#"[{"query":"mutation { a }"}]"#,
            "(a) mutation { b }",
        ] {
            assert!(!only_reads(document), "{document}");
        }
    }
}
