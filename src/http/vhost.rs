//! Virtual hosts: which server a request is for, by its host's name.
use super::server::ServerRef;
use crate::mem::{TryVec, Vec, new_vec};
use crate::{Error, Result};

/// How deep virtual hosts may stand in each other.
const DEPTH: u32 = 64;

fn hosts<'a>(s: ServerRef) -> &'a mut Vec<ServerRef> {
    // SAFETY: no use of the list calls out.
    unsafe { &mut *s.get().hosts.get() }
}
fn aliases<'a>(s: ServerRef) -> &'a mut Vec<Vec<u8>> {
    // SAFETY: as above.
    unsafe { &mut *s.get().aliases.get() }
}
fn pattern<'a>(s: ServerRef) -> &'a mut Option<Vec<u8>> {
    // SAFETY: as above.
    unsafe { &mut *s.get().pattern.get() }
}
fn copy(text: &[u8]) -> Result<Vec<u8>> {
    let mut own = new_vec();
    own.try_extend(text)?;
    Ok(own)
}

impl ServerRef {
    /// `evhttp_add_virtual_host`: `host`, which has no sockets and is no virtual host yet, serves what `pattern` matches.
    pub fn add_virtual_host(self, text: &[u8], host: ServerRef) -> Result<()> {
        let mut above = Some(self);
        while let Some(s) = above {
            if s == host {
                return Err(Error::Invalid);
            }
            above = s.get().parent.get();
        }
        if pattern(host).is_some() || !host.sockets().is_empty() {
            return Err(Error::Invalid);
        }
        let own = copy(text)?;
        hosts(self).try_push(host)?;
        *pattern(host) = Some(own);
        host.get().parent.set(Some(self));
        Ok(())
    }
    /// `evhttp_remove_virtual_host`
    pub fn remove_virtual_host(self, host: ServerRef) -> Result<()> {
        let i = hosts(self).iter().position(|&h| h == host).ok_or(Error::Invalid)?;
        hosts(self).remove(i);
        *pattern(host) = None;
        host.get().parent.set(None);
        Ok(())
    }
    /// `evhttp_add_server_alias`
    pub fn add_alias(self, name: &[u8]) -> Result<()> {
        aliases(self).try_push(copy(name)?)
    }
    /// `evhttp_remove_server_alias`
    pub fn remove_alias(self, name: &[u8]) -> Result<()> {
        let i = aliases(self).iter().position(|a| a.eq_ignore_ascii_case(name)).ok_or(Error::Invalid)?;
        aliases(self).remove(i);
        Ok(())
    }
    pub(super) fn has_hosts(self) -> bool {
        !hosts(self).is_empty()
    }
}
/// A server that is freed leaves the one it is a virtual host of.
pub(super) fn leave_parent(s: ServerRef) {
    if let Some(parent) = s.get().parent.get() {
        let _ = parent.remove_virtual_host(s);
    }
}
/// Takes one virtual host out.
pub(super) fn take_last(s: ServerRef) -> Option<ServerRef> {
    let host = hosts(s).pop()?;
    *pattern(host) = None;
    host.get().parent.set(None);
    Some(host)
}

/// The server for `name`: the one with that alias, or else the innermost virtual host whose pattern matches. None: no
/// name of ours.
pub(super) fn find(root: ServerRef, name: &[u8]) -> Option<ServerRef> {
    if let Some(s) = by_alias(root, name, DEPTH) {
        return Some(s);
    }
    let mut found = None;
    let mut at = root;
    while let Some(&inner) =
        hosts(at).iter().find(|&&h| pattern(h).as_ref().is_some_and(|p| matches(p, name)))
    {
        found = Some(inner);
        at = inner;
    }
    found
}
fn by_alias(s: ServerRef, name: &[u8], depth: u32) -> Option<ServerRef> {
    if aliases(s).iter().any(|a| a.eq_ignore_ascii_case(name)) {
        return Some(s);
    }
    hosts(s).iter().filter(|_| depth > 0).find_map(|&h| by_alias(h, name, depth - 1))
}

/// Whether `name` is what `pattern` says; each `*` stands for any bytes, or none. The case of letters does not matter.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    // Where the last star stands, and what of the name it does not take.
    let mut star: Option<(usize, usize)> = None;
    while let Some(c) = name.get(n) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(q) if q.eq_ignore_ascii_case(c) => {
                p += 1;
                n += 1;
            }
            _ => match star {
                // It takes one byte more.
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    n = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|&c| c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, name, want) in [
            ("*.com", "a.com", true),
            ("*.com", ".com", true),
            ("*.com", "a.como", false),
            ("a*", "a", true),
            ("a*", "abc", true),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("magic*.foo.com", "Magic.a.FOO.com", true),
            ("*a*b*c", "xaxbxbcxc", true),
            ("*a*b*c", "xaxbxbcx", false),
            ("a.com", "A.COM", true),
            ("a.com", "a.co", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), want, "{pattern} {name}");
        }
        // No pattern takes more than the product of both lengths.
        assert!(matches(&[b'*'; 200], &[]));
        let many = b"*a*a*a*a*a*a*a*a*a*a*a*a*b";
        assert!(!matches(many, &[b'a'; 300]));
    }
}
