//! The last touches to cbindgen's text: members written out in place, forward declarations, C89.
use super::catalogue::Catalogue;
use super::stage;
use super::table::Header;
use std::collections::{BTreeMap, BTreeSet};

pub fn shape(text: &str, header: &Header, abi: &Catalogue) -> String {
    let text = write_out_parts(&text.replace(super::docs::BLANK, ""), abi);
    let mut text: Vec<String> = blocks(&text).iter().map(|b| fill(b)).collect();
    // The table's order: cbindgen's has no system that a reader could see.
    let wanted: Vec<&str> = header.enums.iter().map(|e| e.2).chain(header.types.iter().copied()).collect();
    let order = |block: &String| {
        let code = code(block);
        let name = match code.split_once("(*") {
            Some((head, rest)) if head.starts_with("typedef") => rest.split(')').next(),
            _ if code.contains('{') => code.split_whitespace().nth(1),
            _ => None,
        };
        name.and_then(|n| wanted.iter().position(|w| *w == n)).unwrap_or(usize::MAX)
    };
    text.sort_by_key(order);
    let text = members(&c89(&text.join("\n")));
    let forward = forward(&text, header);
    format!("{forward}{}\n", text.trim_matches('\n'))
}

/// Members that Rust cannot spell: bit fields, and names that are its keywords.
fn members(text: &str) -> String {
    text.replace("enum evhttp_cmd_type type_;", "enum evhttp_cmd_type type;")
        .replace("\tunsigned int bits;\n", "\tunsigned chunked:1, userdone:1;\n")
        // C programs may call it `class`, which C++ forbids; there the other name is the member's own.
        .replace(
            "\tint dns_question_class;\n",
            "#ifdef __cplusplus\n\tint dns_question_class;\n#else\n\tint class;\n#define dns_question_class class\n#endif\n",
        )
}

/// A block without the comment before it.
fn code(block: &str) -> &str {
    let block = block.trim_start();
    if block.starts_with("/*") { block.split_once("*/").map_or("", |c| c.1).trim_start() } else { block }
}

/// One of cbindgen's blocks (they are separated by blank lines): its comment, and the code.
fn blocks(text: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let (mut in_comment, mut depth) = (false, 0usize);
    for line in text.lines() {
        in_comment |= line.trim_start().starts_with("/*");
        if !in_comment {
            depth += line.matches('{').count();
            depth -= line.matches('}').count().min(depth);
        }
        if line.trim().is_empty() && !in_comment && depth == 0 {
            out.push(String::new());
            continue;
        }
        if line.trim_end().ends_with("*/") {
            in_comment = false;
        }
        if let Some(last) = out.last_mut() {
            *last += line;
            last.push('\n');
        }
    }
    out.retain(|b| !b.trim().is_empty());
    out
}

/// `union ev_union { .. };` goes; `union ev_union ev_;` becomes `union { .. } ev_;`: programs see no names of ours.
fn write_out_parts(text: &str, abi: &Catalogue) -> String {
    let mut parts: BTreeMap<String, (String, String)> = BTreeMap::new();
    let mut kept = Vec::new();
    for block in blocks(text) {
        let code = block.trim_start();
        let code = if code.starts_with("/*") {
            code.split_once("*/").map_or("", |c| c.1).trim_start()
        } else {
            code
        };
        let mut words = code.split_whitespace();
        let (kind, name) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        // Generic ones are called Name_argument.
        let generic = name.split('_').next().filter(|n| n.starts_with(char::is_uppercase));
        let is_part = stage::is_part(abi, generic.unwrap_or(name));
        match (kind, is_part, code.find('{'), code.rfind('}')) {
            ("struct" | "union", true, Some(open), Some(close)) => {
                let body = code[open..=close].to_string();
                parts.insert(format!("{kind} {name}"), (kind.to_string(), body));
            }
            _ => kept.push(block),
        }
    }
    let mut out = kept.join("\n");
    // Parts have parts.
    for _ in 0..4 {
        let mut next = String::new();
        for line in out.lines() {
            let code = line.trim_start();
            let lead = &line[..line.len() - code.len()];
            let used = parts.iter().find(|(name, _)| {
                code.strip_prefix(name.as_str()).is_some_and(|r| r.starts_with(' ') && !r.starts_with(" *"))
            });
            match used {
                Some((name, (kind, body))) => {
                    let body =
                        body.replace('\n', &format!("\n{lead}")).replace("*,", " *,").replace("*)", " *)");
                    next += &format!("{lead}{kind} {body}{}\n", &code[name.len()..]);
                }
                None => {
                    next += line;
                    next.push('\n');
                }
            }
        }
        out = next;
    }
    out
}

/// Sets one prototype or function type in lines of at most 78 columns.
fn fill(block: &str) -> String {
    // What only some systems have.
    if let Some((system, rest)) = block.split_once('\n').filter(|(line, _)| line.starts_with("#if "))
        && let Some(inside) = rest.trim_end().strip_suffix("#endif")
    {
        let system = match system.trim() {
            "#if defined(_WIN32)" => "#ifdef _WIN32",
            "#if !defined(_WIN32)" => "#ifndef _WIN32",
            other => other,
        };
        return format!("{system}\n{}#endif\n", fill(inside));
    }
    let code = code(block);
    let comment = &block[..block.len() - code.len()];
    if code.contains('{') || !code.contains('(') {
        return block.to_string();
    }
    let mut out = comment.to_string();
    let code = match code.strip_prefix("EVENT2_EXPORT_SYMBOL") {
        Some(rest) => {
            out += "EVENT2_EXPORT_SYMBOL\n";
            rest
        }
        None => code,
    };
    let code = code.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut line = String::new();
    // Breaks are possible after commas and parentheses.
    let code = code.replace('(', "(\0").replace("(\0*", "(*").replace(", ", ", \0");
    for part in code.split('\0') {
        if line.len() + part.trim_end().len() > 78 && !line.trim().is_empty() {
            out += line.trim_end();
            out.push('\n');
            line = "    ".to_string();
        }
        line += part;
    }
    out + &line + "\n"
}

/// No comma after the last enumerator; tabs; comments of one line where they fit.
fn c89(text: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    for line in text.lines() {
        let code = line.trim_start();
        let spaces = line.len() - code.len();
        if code.starts_with('}')
            && let Some(last) = out.last_mut()
            && last.ends_with(',')
        {
            last.pop();
        }
        // cbindgen indents by tab_width spaces; what follows a parenthesis keeps its column.
        let comment = usize::from(code.starts_with('*'));
        let tabs = (spaces - comment.min(spaces)) / 8;
        out.push(format!("{}{}{code}", "\t".repeat(tabs), " ".repeat(spaces - tabs * 8)));
    }
    let mut short: Vec<String> = Vec::new();
    let mut i = 0;
    while i < out.len() {
        let opens = out[i].trim() == "/**";
        if opens && i + 2 < out.len() && out[i + 2].trim() == "*/" {
            let lead = out[i].trim_end_matches("/**");
            let line = format!("{lead}/** {} */", out[i + 1].trim_start().trim_start_matches('*').trim());
            if line.replace('\t', "        ").len() <= 78 {
                short.push(line);
                i += 3;
                continue;
            }
        }
        short.push(std::mem::take(&mut out[i]));
        i += 1;
    }
    short.join("\n")
}

/// The structs that are mentioned before (or without) a definition.
fn forward(text: &str, header: &Header) -> String {
    let system = ["timeval", "tm", "evbuffer_iovec", "evutil_addrinfo"];
    let mut names: BTreeSet<&str> = header.declares.iter().copied().collect();
    let mut in_comment = false;
    for line in text.lines() {
        in_comment |= line.trim_start().starts_with("/*");
        if !in_comment {
            for (at, word) in line.match_indices("struct ") {
                let rest = &line[at + word.len()..];
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                let whole = at == 0 || !line.as_bytes()[at - 1].is_ascii_alphanumeric();
                if whole && end > 0 && !system.contains(&&rest[..end]) {
                    names.insert(&rest[..end]);
                }
            }
        }
        if line.trim_end().ends_with("*/") {
            in_comment = false;
        }
    }
    if names.is_empty() {
        return String::new();
    }
    names.iter().map(|n| format!("struct {n};\n")).collect::<String>() + "\n"
}
