//! What src/abi has, by name.
use crate::util::Outcome;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Ident, Item, Token, Type};

/// One named number.
#[derive(Clone)]
pub struct Value {
    pub attrs: Vec<Attribute>,
    pub name: String,
    pub number: Expr,
}
/// The values of one c_enum! or bitflags! type.
#[derive(Clone)]
pub struct Values {
    pub attrs: Vec<Attribute>,
    pub list: Vec<Value>,
}

#[derive(Default)]
pub struct Catalogue {
    /// Structs, unions and type aliases.
    pub items: BTreeMap<String, Item>,
    pub constants: BTreeMap<String, syn::ItemConst>,
    /// In the order of the source.
    pub constant_order: Vec<String>,
    pub enums: BTreeMap<String, Values>,
    pub flags: BTreeMap<String, Values>,
}

impl Catalogue {
    pub fn read(folder: &Path) -> Outcome<Catalogue> {
        let mut all = Catalogue::default();
        let mut files: Vec<_> = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
        files.sort_by_key(fs::DirEntry::file_name);
        for file in files {
            let text = fs::read_to_string(file.path())?;
            let parsed = syn::parse_file(&text).map_err(|e| format!("{}: {e}", file.path().display()))?;
            for item in parsed.items {
                all.take(item).map_err(|e| format!("{}: {e}", file.path().display()))?;
            }
        }
        Ok(all)
    }

    fn take(&mut self, item: Item) -> Outcome {
        match &item {
            Item::Struct(i) => drop(self.items.insert(i.ident.to_string(), item)),
            Item::Union(i) => drop(self.items.insert(i.ident.to_string(), item)),
            Item::Type(i) => {
                // Of two under #[cfg], the first is that of unix.
                self.items.entry(i.ident.to_string()).or_insert(item);
            }
            Item::Const(i) if i.ident != "_" => {
                self.constant_order.push(i.ident.to_string());
                self.constants.insert(i.ident.to_string(), i.clone());
            }
            Item::Macro(i) if i.mac.path.segments.last().is_some_and(|s| s.ident == "c_enum") => {
                let e: CEnum = i.mac.parse_body()?;
                self.enums.insert(e.0, e.1);
            }
            Item::Macro(i) if i.mac.path.segments.last().is_some_and(|s| s.ident == "bitflags") => {
                let all: Flags = i.mac.parse_body()?;
                self.flags.extend(all.0);
            }
            _ => {}
        }
        Ok(())
    }

    /// An opaque struct of ours, or one with fields.
    pub fn is_struct(&self, name: &str) -> bool {
        matches!(self.items.get(name), Some(Item::Struct(_)))
    }
    pub fn is_opaque(&self, name: &str) -> bool {
        matches!(self.items.get(name), Some(Item::Struct(s))
            if s.fields.iter().any(|f| f.ident.as_ref().is_some_and(|i| i == "_opaque")))
    }
}

/// `#[..] name { #[..] A = 0, B = 1 }`
struct CEnum(String, Values);
impl Parse for CEnum {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let name: Ident = input.parse()?;
        let body;
        syn::braced!(body in input);
        let list = Punctuated::<Named, Token![,]>::parse_terminated(&body)?;
        let list = list.into_iter().map(|v| v.0).collect();
        Ok(CEnum(name.to_string(), Values { attrs, list }))
    }
}
struct Named(Value);
impl Parse for Named {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let name: Ident = input.parse()?;
        input.parse::<Token![=]>()?;
        Ok(Named(Value { attrs, name: name.to_string(), number: input.parse()? }))
    }
}

/// `#[..] pub struct Name: type { const A = 1; const _ = !0; }`, repeated
struct Flags(Vec<(String, Values)>);
impl Parse for Flags {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let mut all = Vec::new();
        while !input.is_empty() {
            let attrs = input.call(Attribute::parse_outer)?;
            input.parse::<syn::Visibility>()?;
            input.parse::<Token![struct]>()?;
            let name: Ident = input.parse()?;
            input.parse::<Token![:]>()?;
            input.parse::<Type>()?;
            let body;
            syn::braced!(body in input);
            let mut list = Vec::new();
            while !body.is_empty() {
                let attrs = body.call(Attribute::parse_outer)?;
                body.parse::<Token![const]>()?;
                let name = if body.peek(Token![_]) {
                    body.parse::<Token![_]>()?;
                    String::new()
                } else {
                    body.parse::<Ident>()?.to_string()
                };
                body.parse::<Token![=]>()?;
                let number: Expr = body.parse()?;
                body.parse::<Token![;]>()?;
                if !name.is_empty() && !super::docs::hidden(&attrs) {
                    list.push(Value { attrs, name, number });
                }
            }
            all.push((name.to_string(), Values { attrs, list }));
        }
        Ok(Flags(all))
    }
}
