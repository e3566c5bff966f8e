//! The search list: which names a short name may stand for, and in which order they are asked.
#![forbid(unsafe_code)]
use super::name::{MAX_TEXT, Name};
use crate::mem::{self, TryVec, Vec};
use crate::{Error, Result};
use std::cell::Cell;

/// Domains to search in, in the order in which they are tried, and how many dots make a name be tried by itself first.
pub struct SearchList {
    /// Each domain after a byte that says its length.
    domains: Vec<u8>,
    ndots: u32,
}

/// What to ask next; see [`SearchList::step`].
#[allow(clippy::large_enum_variant, reason = "lives on the stack: nothing to allocate, nothing to fail")]
#[derive(Clone, Copy, Debug)]
pub enum Step {
    Ask(Name),
    /// No name comes of this domain (it would be too long): go on with the next step.
    Skip,
    Done,
}

impl SearchList {
    pub const fn new() -> SearchList {
        SearchList { domains: mem::new_vec(), ndots: 1 }
    }
    /// A copy that a request keeps: later changes do not concern it.
    pub fn try_clone(&self) -> Result<SearchList> {
        let mut domains = mem::new_vec();
        domains.try_extend(&self.domains)?;
        Ok(SearchList { domains, ndots: self.ndots })
    }
    pub fn set_ndots(&mut self, ndots: u32) {
        self.ndots = ndots;
    }
    /// Forgets the domains; ndots stays.
    pub fn clear(&mut self) {
        self.domains.clear();
    }
    pub fn is_empty(&self) -> bool {
        self.domains.is_empty()
    }
    pub fn domains(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.domains.as_slice();
        std::iter::from_fn(move || {
            let (&len, tail) = rest.split_first()?;
            let (domain, tail) = tail.split_at_checked(len.into())?;
            rest = tail;
            Some(domain)
        })
    }
    /// Adds a domain to be tried after the others, as a `search` line lists them. Dots at its start do not count.
    pub fn push_back(&mut self, domain: &[u8]) -> Result<()> {
        let (domain, len) = plain(domain)?;
        self.domains.try_reserve(domain.len() + 1).map_err(|_| Error::NoMem)?;
        self.domains.try_push(len)?;
        self.domains.try_extend(domain)
    }
    /// Adds a domain to be tried before the others: what `evdns_base_search_add` does in libevent.
    pub fn push_front(&mut self, domain: &[u8]) -> Result<()> {
        let added = domain_bytes(domain)?;
        self.push_back(domain)?;
        self.domains.rotate_right(added);
        Ok(())
    }

    /// The `step`th name to ask for `name`, from 0. A name with at least `ndots` dots is tried as it is first, else
    /// last; one that ends in a '.' is complete and never searched for.
    pub fn step(&self, name: &[u8], step: usize) -> Step {
        let as_it_is = || Name::from_text(name).map_or(Step::Skip, Step::Ask);
        let complete = name.ends_with(b".") || self.is_empty();
        let dots = name.iter().filter(|&&c| c == b'.').count();
        let first = complete || dots >= self.ndots as usize;
        if first && step == 0 {
            return as_it_is();
        }
        if complete {
            return Step::Done;
        }
        let index = step - usize::from(first);
        match self.domains().nth(index) {
            Some(domain) => Name::from_host_and_domain(name, domain).map_or(Step::Skip, Step::Ask),
            None if !first && self.domains().count() == index => as_it_is(),
            None => Step::Done,
        }
    }
}
impl Default for SearchList {
    fn default() -> SearchList {
        SearchList::new()
    }
}

/// The search that a name is part of, and how far it has come.
pub(super) struct Search {
    /// What the program asked for.
    text: Vec<u8>,
    list: SearchList,
    /// Which step comes next.
    step: Cell<usize>,
}
impl Search {
    /// For the name `text` in a list whose later changes do not concern it.
    pub(super) fn new(text: &[u8], list: &SearchList) -> Result<Search> {
        let mut copy = mem::new_vec();
        copy.try_extend(text)?;
        Ok(Search { text: copy, list: list.try_clone()?, step: Cell::new(0) })
    }
    /// What to ask next, if anything is left.
    pub(super) fn next_name(&self) -> Option<Name> {
        loop {
            let step = self.step.get();
            self.step.set(step + 1);
            match self.list.step(&self.text, step) {
                Step::Ask(name) => return Some(name),
                Step::Skip => {}
                Step::Done => return None,
            }
        }
    }
}

/// A domain without the dots at its start, and its length.
fn plain(domain: &[u8]) -> Result<(&[u8], u8)> {
    let dots = domain.iter().take_while(|&&c| c == b'.').count();
    let domain = domain.get(dots..).unwrap_or(&[]);
    // With the '.' that may end it.
    if domain.len() > MAX_TEXT + 1 {
        return Err(Error::Invalid);
    }
    Ok((domain, u8::try_from(domain.len()).map_err(|_| Error::Invalid)?))
}
fn domain_bytes(domain: &[u8]) -> Result<usize> {
    Ok(plain(domain)?.0.len() + 1)
}

#[cfg(test)]
#[expect(clippy::disallowed_types, reason = "tests may use std")]
mod tests {
    use super::*;

    fn plan(list: &SearchList, name: &str) -> std::vec::Vec<String> {
        let mut out = vec![];
        for i in 0..1000 {
            match list.step(name.as_bytes(), i) {
                Step::Ask(n) => {
                    out.push(String::from_utf8(n.to_text().unwrap().as_bytes().to_vec()).unwrap());
                }
                Step::Skip => out.push("-".into()),
                Step::Done => return out,
            }
        }
        panic!("endless")
    }
    fn list(domains: &[&str], ndots: u32) -> SearchList {
        let mut l = SearchList::new();
        for d in domains {
            l.push_back(d.as_bytes()).unwrap();
        }
        l.set_ndots(ndots);
        l
    }

    #[test]
    fn short_names_are_searched_for_first() {
        let l = list(&["a.example.com", "b.example.com"], 1);
        assert_eq!(plan(&l, "host"), ["host.a.example.com", "host.b.example.com", "host"]);
        assert_eq!(plan(&l, "host.x"), ["host.x", "host.x.a.example.com", "host.x.b.example.com"]);
        assert_eq!(plan(&l, "host."), ["host"]);
        assert_eq!(plan(&l, "host.x."), ["host.x"]);
    }
    #[test]
    fn ndots_moves_the_name_itself() {
        let d = ["d"];
        assert_eq!(plan(&list(&d, 0), "h"), ["h", "h.d"]);
        assert_eq!(plan(&list(&d, 2), "h.i"), ["h.i.d", "h.i"]);
        assert_eq!(plan(&list(&d, 2), "h.i.j"), ["h.i.j", "h.i.j.d"]);
        assert_eq!(plan(&list(&d, u32::MAX), "h.i.j"), ["h.i.j.d", "h.i.j"]);
    }
    #[test]
    fn without_domains_the_name_is_all() {
        assert_eq!(plan(&list(&[], 1), "host"), ["host"]);
        assert_eq!(plan(&list(&[], 5), "host.x"), ["host.x"]);
        assert_eq!(plan(&list(&[], 5), ""), [""]);
    }
    #[test]
    fn bad_names_are_skipped() {
        let l = list(&["d", "e"], 1);
        assert_eq!(plan(&l, "a..b"), ["-", "-", "-"]);
        let long = "x.".repeat(125) + "x";
        assert_eq!(plan(&l, &long).iter().filter(|n| *n == "-").count(), 0);
        let longer = "x.".repeat(126) + "x";
        assert_eq!(plan(&l, &longer)[1..], ["-", "-"]);
        assert_eq!(plan(&list(&["ok", "b..d", "ok2"], 1), "h"), ["h.ok", "-", "h.ok2", "h"]);
    }
    #[test]
    fn domains_in_order() {
        let mut l = SearchList::new();
        l.push_front(b"a").unwrap();
        l.push_front(b"..b.c").unwrap();
        l.push_front(b"d").unwrap();
        l.push_back(b"e.").unwrap();
        assert_eq!(l.domains().collect::<std::vec::Vec<_>>(), [b"d".as_slice(), b"b.c", b"a", b"e."]);
        assert_eq!(plan(&l, "h"), ["h.d", "h.b.c", "h.a", "h.e", "h"]);
        let copy = l.try_clone().unwrap();
        l.clear();
        assert!(l.is_empty() && plan(&l, "h") == ["h"]);
        assert_eq!(plan(&copy, "h").len(), 5);
        assert_eq!(l.push_back(&[b'x'; 255]), Err(Error::Invalid));
        assert_eq!(l.push_front(&[b'x'; 300]), Err(Error::Invalid));
        assert!(l.push_back(&[b'x'; 254]).is_ok());
    }
    #[test]
    fn the_empty_domain_is_the_root() {
        assert_eq!(plan(&list(&["."], 1), "h"), ["h", "h"]);
    }
}
