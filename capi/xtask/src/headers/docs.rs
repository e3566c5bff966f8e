//! From doc comments to the comments of a header.
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// Text columns of a comment whose lines start with " * ".
pub const WIDTH: usize = 75;

/// Stands for an empty line on the way through cbindgen, which would drop it.
pub const BLANK: &str = " \u{1}";

/// The doc comment among the attributes of an item, line by line.
pub fn lines(attrs: &[Attribute]) -> Vec<String> {
    let mut out = Vec::new();
    for a in attrs {
        let Meta::NameValue(m) = &a.meta else { continue };
        if !m.path.is_ident("doc") {
            continue;
        }
        if let Expr::Lit(ExprLit { lit: Lit::Str(s), .. }) = &m.value {
            out.extend(
                s.value().split('\n').map(|l| l.strip_prefix(' ').unwrap_or(l).trim_end().to_string()),
            );
        }
    }
    out
}
/// `#[doc(hidden)]`: not for headers.
pub fn hidden(attrs: &[Attribute]) -> bool {
    attrs.iter().any(
        |a| matches!(&a.meta, Meta::List(l) if l.path.is_ident("doc") && l.tokens.to_string() == "hidden"),
    )
}

/// The header's text of a doc comment: without `# Safety`, without Rust's markup, filled to `width` columns.
pub fn header_text(lines: &[String], width: usize) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut paragraph = String::new();
    let mut indent = (String::new(), String::new());
    let mut skipping = false;
    let mut fenced = false;
    for line in lines {
        let trimmed = line.trim_start();
        if trimmed.starts_with("```") {
            flush(&mut out, &mut paragraph, &mut indent, width);
            fenced = !fenced;
            continue;
        }
        if fenced {
            if !skipping {
                out.push(format!("    {}", defuse(line)).trim_end().to_string());
            }
            continue;
        }
        if let Some(title) = trimmed.strip_prefix("# ") {
            flush(&mut out, &mut paragraph, &mut indent, width);
            skipping = title.trim() == "Safety";
            if !skipping {
                push_blank(&mut out);
                paragraph = format!("{}:", title.trim().trim_end_matches(':'));
                flush(&mut out, &mut paragraph, &mut indent, width);
            }
            continue;
        }
        if skipping {
            continue;
        }
        if trimmed.is_empty() {
            flush(&mut out, &mut paragraph, &mut indent, width);
            push_blank(&mut out);
            continue;
        }
        if let Some((mark, rest)) = list_item(trimmed) {
            flush(&mut out, &mut paragraph, &mut indent, width);
            let depth = " ".repeat(line.len() - trimmed.len());
            indent = (format!("{depth}{mark} "), " ".repeat(depth.len() + mark.len() + 1));
            paragraph = rest.to_string();
            continue;
        }
        // @param, @return: each on lines of its own.
        if trimmed.starts_with('@') {
            flush(&mut out, &mut paragraph, &mut indent, width);
            indent = (String::new(), "  ".into());
        }
        if !paragraph.is_empty() {
            paragraph.push(' ');
        }
        paragraph += trimmed;
    }
    flush(&mut out, &mut paragraph, &mut indent, width);
    while out.last().is_some_and(String::is_empty) {
        out.pop();
    }
    while out.first().is_some_and(String::is_empty) {
        out.remove(0);
    }
    out
}

fn push_blank(out: &mut Vec<String>) {
    if out.last().is_some_and(|l| !l.is_empty()) {
        out.push(String::new());
    }
}
fn list_item(line: &str) -> Option<(&str, &str)> {
    let (mark, rest) = line.split_once(' ')?;
    let number =
        mark.strip_suffix('.').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    (matches!(mark, "-" | "*") || number).then_some((if mark == "*" { "-" } else { mark }, rest))
}
fn flush(out: &mut Vec<String>, paragraph: &mut String, indent: &mut (String, String), width: usize) {
    let (first, rest) = std::mem::take(indent);
    let text = plain(&std::mem::take(paragraph));
    if text.is_empty() {
        return;
    }
    let mut line = first;
    let mut fresh = true;
    for word in text.split_whitespace() {
        if !fresh && line.len() + 1 + word.len() > width {
            out.push(std::mem::replace(&mut line, rest.clone()));
            fresh = true;
        }
        if !fresh {
            line.push(' ');
        }
        line += word;
        fresh = false;
    }
    out.push(line);
}

/// One paragraph without Rust's markup.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    // [`text`](target), [`text`] and [text](target) become the text.
    while let Some(open) = rest.find('[') {
        out += &rest[..open];
        let after = &rest[open + 1..];
        let Some(close) = after.find(']') else {
            out.push('[');
            rest = after;
            continue;
        };
        let (label, tail) = (&after[..close], &after[close + 1..]);
        let target = tail.strip_prefix('(').and_then(|t| t.find(')').map(|end| &t[end + 1..]));
        match target {
            Some(t) => {
                out += label;
                rest = t;
            }
            None if label.starts_with('`') && label.len() > 1 => {
                out += label;
                rest = tail;
            }
            None => {
                out.push('[');
                rest = after;
            }
        }
    }
    out += rest;
    let out =
        out.replace("**", "").replace(['\u{2018}', '\u{2019}'], "'").replace(['\u{2013}', '\u{2014}'], "-");
    let mut words: Vec<String> = Vec::new();
    for word in out.split_whitespace() {
        // `crate::base::Base` -> Base
        match word.rfind("::").filter(|_| word.contains('`')) {
            Some(at) => {
                let lead: String = word.chars().take_while(|c| !c.is_alphanumeric() && *c != '`').collect();
                words.push(format!("{lead}{}", &word[at + 2..]));
            }
            None => words.push(word.to_string()),
        }
    }
    defuse(&words.join(" ").replace('`', ""))
}
/// Nothing in it opens or closes a comment.
fn defuse(text: &str) -> String {
    text.replace("*/", "* /").replace("/*", "/ *")
}

/// A whole comment at the given indentation (a tab stands for 8 columns).
pub fn comment(attrs: &[Attribute], tabs: usize) -> String {
    let text = header_text(&lines(attrs), WIDTH - 8 * tabs);
    let lead = "\t".repeat(tabs);
    match text.as_slice() {
        [] => String::new(),
        [one] if one.len() + 4 <= WIDTH - 8 * tabs => format!("{lead}/** {one} */\n"),
        many => {
            let mut out = format!("{lead}/**\n");
            for l in many {
                out += format!("{lead} * {l}").trim_end();
                out.push('\n');
            }
            out + &lead + " */\n"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::header_text;

    fn text(source: &str) -> String {
        let lines: Vec<String> = source.lines().map(str::to_string).collect();
        header_text(&lines, 40).join("\n")
    }

    #[test]
    fn safety_is_left_out() {
        assert_eq!(text("Frees `b`.\n\n# Safety\nRule 1.\n# Errors\nNone."), "Frees b.\n\nErrors:\nNone.");
    }
    #[test]
    fn links_and_paths_become_words() {
        assert_eq!(
            text("See [`event_add`] and [the loop](x::y), not [1]."),
            "See event_add and the loop, not [1]."
        );
        assert_eq!(text("The engine's (`crate::base::Base`)."), "The engine's (Base).");
    }
    #[test]
    fn lists_hang_and_paragraphs_fill() {
        assert_eq!(
            text(
                "One two three four five six seven\neight.\n- `A`: first of all of the things that come\n- B"
            ),
            "One two three four five six seven eight.\n- A: first of all of the things that\n  come\n- B"
        );
    }
    #[test]
    fn comment_marks_cannot_nest() {
        assert_eq!(text("event2/*.h and */"), "event2/ *.h and * /");
    }
}
