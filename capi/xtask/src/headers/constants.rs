//! Macros with a number or a string: what bitflags and constants of src/abi become.
use super::catalogue::Catalogue;
use super::docs;
use super::table::Header;
use crate::util::Outcome;
use syn::{BinOp, Expr, Lit};

/// The `#define`s of one header.
pub fn of(header: &Header, abi: &Catalogue) -> Outcome<String> {
    let mut out = String::new();
    for (name, prefix) in header.flags {
        let flags = abi.flags.get(*name).ok_or_else(|| format!("src/abi has no flags {name}"))?;
        let intro = docs::comment(&flags.attrs, 0);
        if !intro.is_empty() {
            out += &format!("{}{intro}\n", gap(&out));
        }
        for value in &flags.list {
            out += &define(
                &docs::comment(&value.attrs, 0),
                &format!("{prefix}{}", value.name),
                &value.number,
                header,
            )?;
        }
    }
    if !out.is_empty() && !header.constants.is_empty() {
        out.push('\n');
    }
    for name in header.constants {
        let c = abi.constants.get(*name).ok_or_else(|| format!("src/abi has no constant {name}"))?;
        out += &define(&docs::comment(&c.attrs, 0), name, &c.expr, header)?;
    }
    Ok(out)
}

fn gap(out: &str) -> &'static str {
    if out.is_empty() { "" } else { "\n" }
}

fn define(doc: &str, name: &str, number: &Expr, header: &Header) -> Outcome<String> {
    let unsigned = header.unsigned.iter().any(|p| name.starts_with(p));
    let text =
        expression(number, unsigned).ok_or_else(|| format!("cannot write the value of {name} in C"))?;
    Ok(format!("{doc}#define {name} {text}\n"))
}

/// A constant expression in C. Hexadecimal stays hexadecimal.
fn expression(e: &Expr, unsigned: bool) -> Option<String> {
    Some(match e {
        Expr::Lit(l) => match &l.lit {
            Lit::Int(i) => {
                let digits = i.token().to_string();
                let digits = digits.strip_suffix(i.suffix()).unwrap_or(&digits).replace('_', "");
                digits + if unsigned { "u" } else { "" }
            }
            Lit::CStr(s) => format!("{:?}", s.value().to_str().ok()?),
            _ => return None,
        },
        Expr::Unary(u) if matches!(u.op, syn::UnOp::Neg(_)) => {
            format!("(-{})", expression(&u.expr, unsigned)?)
        }
        Expr::Binary(b) if matches!(b.op, BinOp::Shl(_)) => {
            format!("({} << {})", expression(&b.left, unsigned)?, expression(&b.right, false)?)
        }
        Expr::Paren(p) => expression(&p.expr, unsigned)?,
        _ => return None,
    })
}
