//! One small Rust file for each header, and cbindgen's answer to it.
use super::catalogue::{Catalogue, Values};
use super::docs;
use super::table::{HEADERS, Header};
use crate::util::{Outcome, root, target};
use quote::{ToTokens, format_ident, quote};
use std::collections::BTreeSet;
use std::fs;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Fields, FnArg, Item, Pat, Type};

/// Names that parameters must not have: C or C++ would not take them.
const KEYWORDS: &[&str] = &[
    "class",
    "new",
    "delete",
    "this",
    "template",
    "private",
    "public",
    "protected",
    "operator",
    "namespace",
    "default",
    "register",
    "signed",
    "unsigned",
    "short",
    "long",
    "int",
    "char",
    "float",
    "double",
    "union",
    "switch",
    "case",
    "goto",
    "auto",
    "volatile",
    "typename",
    "using",
    "virtual",
    "friend",
    "export",
    "and",
    "or",
    "not",
    "xor",
    "inline",
    "try",
    "catch",
    "throw",
    "typeid",
    "explicit",
    "mutable",
    "bool",
];

/// The declarations of a header, as cbindgen writes them.
pub fn to_c(header: &Header, abi: &Catalogue) -> Outcome<String> {
    let source = stage(header, abi)?;
    let folder = target().join("headers");
    fs::create_dir_all(&folder)?;
    let path = folder.join(header.name.replace(['/', '.'], "_") + ".rs");
    fs::write(&path, source)?;

    let mut config = cbindgen::Config::from_file(root().join("cbindgen.toml"))?;
    config.export.include = header.types.iter().map(ToString::to_string).collect();
    config.export.include.extend(header.enums.iter().map(|(_, _, tag)| tag.to_string()));
    for name in abi.items.keys().filter(|n| abi.is_struct(n) && !header.types.contains(&n.as_str())) {
        if !is_part(abi, name) {
            config.export.rename.insert(name.clone(), format!("struct {name}"));
        }
    }
    // Heads of queues are aliases here and structs in C.
    for (name, item) in abi.items.iter().filter(|(n, _)| !header.types.contains(&n.as_str())) {
        if queue_head(item, abi).is_some() {
            config.export.rename.insert(name.clone(), format!("struct {name}"));
        }
    }
    for name in abi.enums.keys().filter(|n| !header.types.contains(&n.as_str())) {
        config.export.rename.insert(name.clone(), format!("enum {name}"));
    }
    let bindings = cbindgen::Builder::new().with_config(config).with_src(&path).generate()?;
    let mut out = Vec::new();
    bindings.write(&mut out);
    Ok(String::from_utf8(out)?)
}

/// Types that no header names: members whose fields are written out where they are used.
pub fn is_part(abi: &Catalogue, name: &str) -> bool {
    !abi.is_opaque(name)
        && matches!(abi.items.get(name), Some(Item::Struct(_) | Item::Union(_)))
        && !HEADERS.iter().any(|h| h.types.contains(&name))
}

fn stage(header: &Header, abi: &Catalogue) -> Outcome<String> {
    let mut out = String::new();
    let mut add = |mut item: Item| {
        let part = matches!(&item, Item::Struct(syn::ItemStruct { ident, .. }) | Item::Union(syn::ItemUnion { ident, .. })
            if is_part(abi, &ident.to_string()));
        Plain { abi, part, width: docs::WIDTH }.visit_item_mut(&mut item);
        out += &item.to_token_stream().to_string();
        out += "\n\n";
    };
    for (rust, prefix, tag) in header.enums {
        add(enumeration(tag, prefix, &flag_values(rust, prefix, abi)?)?);
    }
    let mut parts = BTreeSet::new();
    for name in header.types {
        if let Some(values) = abi.enums.get(*name) {
            add(enumeration(name, "", values)?);
            continue;
        }
        let item = abi.items.get(*name).ok_or_else(|| format!("src/abi has no {name}"))?;
        let item = queue_head(item, abi).unwrap_or_else(|| item.clone());
        collect_parts(&item, abi, &mut parts);
        add(item);
    }
    for name in parts {
        add(abi.items[&name].clone());
    }
    for file in header.functions {
        let path = root().join(file);
        // A header's file may come later than its table row.
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let parsed = syn::parse_file(&text).map_err(|e| format!("{}: {e}", path.display()))?;
        for item in parsed.items {
            let Item::Fn(mut f) = item else { continue };
            // Names that end so are for our own libraries.
            if !exported(&f.attrs) || f.sig.ident.to_string().ends_with('_') {
                continue;
            }
            if docs::lines(&f.attrs).is_empty() {
                return Err(format!("{}: {} has no doc comment", path.display(), f.sig.ident).into());
            }
            f.block = Box::new(syn::parse_quote!({}));
            add(Item::Fn(f));
        }
    }
    Ok(out)
}

fn flag_values(rust: &str, prefix: &str, abi: &Catalogue) -> Outcome<Values> {
    if let Some(values) = abi.flags.get(rust) {
        return Ok(values.clone());
    }
    let of_prefix =
        abi.constant_order.iter().filter_map(|n| abi.constants.get(n).zip(n.strip_prefix(prefix)));
    let list: Vec<_> = of_prefix
        .map(|(c, name)| super::catalogue::Value {
            attrs: c.attrs.clone(),
            name: name.to_string(),
            number: (*c.expr).clone(),
        })
        .collect();
    if list.is_empty() {
        return Err(format!("src/abi has neither flags {rust} nor constants {prefix}*").into());
    }
    Ok(Values { attrs: Vec::new(), list })
}

fn enumeration(tag: &str, prefix: &str, values: &Values) -> Outcome<Item> {
    let tag = format_ident!("{tag}");
    let docs = values.attrs.iter().filter(|a| a.path().is_ident("doc"));
    let variants = values.list.iter().map(|v| {
        let (name, number, attrs) = (format_ident!("{prefix}{}", v.name), &v.number, &v.attrs);
        quote!(#(#attrs)* #name = #number)
    });
    Ok(syn::parse2(quote!(#(#docs)* #[repr(C)] pub enum #tag { #(#variants),* }))?)
}

/// `type x = TailqHead<y>` is a struct in C.
fn queue_head(item: &Item, abi: &Catalogue) -> Option<Item> {
    let Item::Type(alias) = item else { return None };
    let Type::Path(p) = &*alias.ty else { return None };
    let last = p.path.segments.last()?;
    let Item::Struct(generic) = abi.items.get(&last.ident.to_string())? else { return None };
    let syn::PathArguments::AngleBracketed(args) = &last.arguments else { return None };
    let (name, actual) = (&alias.ident, args.args.first()?);
    let param = generic.generics.type_params().next()?.ident.clone();
    let mut out: syn::ItemStruct = generic.clone();
    out.ident = name.clone();
    out.generics = syn::Generics::default();
    out.attrs.retain(|a| !a.path().is_ident("doc"));
    out.attrs.extend(alias.attrs.iter().filter(|a| a.path().is_ident("doc")).cloned());
    let syn::GenericArgument::Type(actual) = actual else { return None };
    let mut swap = Swap { param, actual };
    swap.visit_item_struct_mut(&mut out);
    Some(Item::Struct(out))
}
struct Swap<'a> {
    param: syn::Ident,
    actual: &'a Type,
}
impl VisitMut for Swap<'_> {
    fn visit_type_mut(&mut self, t: &mut Type) {
        if matches!(t, Type::Path(p) if p.path.is_ident(&self.param)) {
            *t = self.actual.clone();
        }
        visit_mut::visit_type_mut(self, t);
    }
}

/// The member types that `item` is made of, and theirs.
fn collect_parts(item: &Item, abi: &Catalogue, parts: &mut BTreeSet<String>) {
    let text = item.to_token_stream().to_string();
    for word in text.split(|c: char| !c.is_alphanumeric() && c != '_') {
        if is_part(abi, word) && !parts.contains(word) {
            parts.insert(word.to_string());
            collect_parts(&abi.items[word].clone(), abi, parts);
        }
    }
}

/// cbindgen makes `#if` of these (cbindgen.toml, `[defines]`).
fn of_system(attr: &Attribute) -> bool {
    let text = attr.meta.to_token_stream().to_string().replace(' ', "");
    text == "cfg(windows)" || text == "cfg(not(windows))"
}

fn exported(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|a| {
        let text = a.meta.to_token_stream().to_string().replace(' ', "");
        text == "unsafe(no_mangle)" || text == "no_mangle"
    })
}

/// Makes an item fit for cbindgen: header docs, C parameter names, no paths, no attributes but repr and no_mangle;
/// function types that no header names are written out.
struct Plain<'a> {
    abi: &'a Catalogue,
    /// It becomes part of another: the header need not know any function types.
    part: bool,
    /// Columns for the text of comments.
    width: usize,
}
impl VisitMut for Plain<'_> {
    fn visit_attributes_mut(&mut self, attrs: &mut Vec<Attribute>) {
        let text = docs::header_text(&docs::lines(attrs), self.width);
        attrs.retain(|a| {
            ["repr", "no_mangle", "unsafe"].iter().any(|name| a.path().is_ident(name)) || of_system(a)
        });
        for line in text {
            let line = if line.is_empty() { docs::BLANK.to_string() } else { format!(" {line}") };
            attrs.push(syn::parse_quote!(#[doc = #line]));
        }
    }
    fn visit_field_mut(&mut self, field: &mut syn::Field) {
        field.vis = syn::parse_quote!(pub);
        self.width = docs::WIDTH - 8;
        visit_mut::visit_field_mut(self, field);
        self.width = docs::WIDTH;
    }
    fn visit_variant_mut(&mut self, variant: &mut syn::Variant) {
        self.width = docs::WIDTH - 8;
        visit_mut::visit_variant_mut(self, variant);
        self.width = docs::WIDTH;
    }
    fn visit_item_struct_mut(&mut self, s: &mut syn::ItemStruct) {
        if matches!(&s.fields, Fields::Named(f) if f.named.iter().any(|f| f.ident.as_ref().is_some_and(|i| i == "_opaque")))
        {
            s.attrs.retain(|a| !a.path().is_ident("repr"));
        }
        visit_mut::visit_item_struct_mut(self, s);
    }
    fn visit_fn_arg_mut(&mut self, arg: &mut FnArg) {
        if let FnArg::Typed(t) = arg
            && let Pat::Ident(p) = &mut *t.pat
        {
            p.ident = c_name(&p.ident);
            p.mutability = None;
        }
        visit_mut::visit_fn_arg_mut(self, arg);
    }
    fn visit_bare_fn_arg_mut(&mut self, arg: &mut syn::BareFnArg) {
        match &mut arg.name {
            // Deep inside a struct there is no room for them.
            Some(_) if self.part => arg.name = None,
            Some((name, _)) => *name = c_name(name),
            None => {}
        }
        visit_mut::visit_bare_fn_arg_mut(self, arg);
    }
    fn visit_type_mut(&mut self, t: &mut Type) {
        if let Type::Path(p) = t
            && let Some(name) = p.path.segments.last().map(|s| s.ident.to_string())
        {
            if p.path.segments.len() > 1 {
                let last = p.path.segments.last().cloned();
                p.path.segments = last.into_iter().collect();
                p.path.leading_colon = None;
            }
            if let Some(Item::Type(alias)) = self.abi.items.get(&name)
                && matches!(&*alias.ty, Type::Path(q) if q.path.segments.last().is_some_and(|s| s.ident == "Option"))
                && (self.part || !HEADERS.iter().any(|h| h.types.contains(&name.as_str())))
            {
                *t = (*alias.ty).clone();
            }
        }
        visit_mut::visit_type_mut(self, t);
    }
}

fn c_name(name: &syn::Ident) -> syn::Ident {
    let text = name.to_string();
    if text.starts_with("r#") && !KEYWORDS.contains(&&text[2..]) {
        return name.clone();
    }
    let text = text.trim_start_matches("r#").trim_start_matches('_');
    let text = if KEYWORDS.contains(&text) { format!("{text}_") } else { text.to_string() };
    format_ident!("{text}")
}
