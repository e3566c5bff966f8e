//! Header lists and query strings, used as C programs use them.
#![expect(clippy::disallowed_types, reason = "a test")]
mod net;
use net::libc;
use oxievent::abi::event::TailqEntry;
use oxievent::abi::keyvalq::{evkeyval, evkeyvalq};
use oxievent::http::headers::Headers;
use oxievent::{Error, mem};
use std::ffi::{CStr, c_void};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// A list on the stack, as programs have them.
struct Stack(Box<evkeyvalq>);
impl Stack {
    fn new() -> Stack {
        let mut head = Box::new(evkeyvalq { tqh_first: null_mut(), tqh_last: null_mut() });
        // SAFETY: the head stays where it is.
        unsafe { Headers::init(&mut *head) };
        Stack(head)
    }
    fn list(&mut self) -> Headers {
        // SAFETY: initialised; the tests end before the head goes.
        unsafe { Headers::from_raw(&mut *self.0) }.unwrap()
    }
}
impl Drop for Stack {
    fn drop(&mut self) {
        self.list().clear();
    }
}
fn pairs(list: Headers) -> Vec<(String, String)> {
    let text = |s: &[u8]| String::from_utf8_lossy(s).into_owned();
    list.iter().map(|(n, v)| (text(n), text(v))).collect()
}
fn wire(list: Headers) -> String {
    let mut out = Vec::new();
    list.each_wire(|s| out.extend_from_slice(s));
    String::from_utf8(out).unwrap()
}

#[test]
fn added_found_removed() {
    let mut s = Stack::new();
    let h = s.list();
    assert!(h.is_empty());
    h.add(b"Host", b"a").unwrap();
    h.add(b"X-Twice", b"1").unwrap();
    h.add(b"x-twice", b"2").unwrap();
    h.add(b"Empty", b"").unwrap();
    assert_eq!(h.find(b"hOST"), Some(&b"a"[..]));
    assert_eq!(h.find(b"x-TWICE"), Some(&b"1"[..]));
    assert_eq!(h.find(b"Empty"), Some(&b""[..]));
    for absent in [&b"Hos"[..], b"Host1", b"", b"\0", b"Host\0"] {
        assert_eq!(h.find(absent), None, "{absent:?}");
    }
    assert!(h.remove(b"X-TWICE"));
    assert_eq!(h.find(b"X-Twice"), Some(&b"2"[..]));
    assert!(h.remove(b"X-Twice") && !h.remove(b"X-Twice"));
    assert!(h.remove(b"Empty") && h.remove(b"Host"));
    assert!(h.is_empty());
    h.add(b"A", b"b").unwrap();
    assert_eq!(wire(h), "A: b\r\n");
}

#[test]
fn what_would_be_more_than_one_field_is_refused() {
    let mut s = Stack::new();
    let h = s.list();
    for (name, value) in [
        ("One\r", "Two"),
        ("One\n", "Two"),
        ("One", "Two\r"),
        ("One", "Two\n"),
        ("One", "Two\r\nX: y"),
        ("One", "Two\n\nX: y"),
        ("One", "Two\r\n\r\n"),
        ("One", "Two\n"),
        ("One", "a\x01"),
        ("One", "a\x7f"),
        ("One", "a\n b\x08"),
        ("", "v"),
        ("a b", "v"),
        ("a:b", "v"),
        ("a\x1f", "v"),
    ] {
        assert_eq!(h.add(name.as_bytes(), value.as_bytes()), Err(Error::Invalid), "{name:?} {value:?}");
    }
    assert!(h.is_empty());
    for value in ["Two", "Two\r\n Three", "a\n\tb", "a\r\n\r\n b", "\t", "\u{e9}"] {
        h.add(b"One", value.as_bytes()).unwrap();
        assert_eq!(h.find(b"one"), Some(value.as_bytes()));
        let sent = wire(h);
        let line = sent.strip_suffix("\r\n").unwrap();
        assert!(!line.contains(['\r', '\n']), "{sent:?}");
        h.clear();
    }
    h.add(b"One", b"Two\r\n   Three \n\t\n four").unwrap();
    assert_eq!(wire(h), "One: Two Three four\r\n");
}

#[test]
fn programs_may_relink_nodes_and_change_pointers() {
    let mut s = Stack::new();
    let h = s.list();
    for (n, v) in [("a", "1"), ("b", "2"), ("c", "3")] {
        h.add(n.as_bytes(), v.as_bytes()).unwrap();
    }
    let copy = |s: &CStr| {
        // SAFETY: C's strdup: the list frees it.
        unsafe { libc::strdup(s.as_ptr()) }
    };
    let (other, name) = (copy(c"x\r\nInjected: 1"), copy(c"Renamed"));
    // SAFETY: what TAILQ_REMOVE, TAILQ_INSERT_TAIL and an assignment do in C.
    unsafe {
        let head = h.as_ptr();
        let first = (*head).tqh_first;
        let next = (*first).next.tqe_next;
        (*next).next.tqe_prev = (*first).next.tqe_prev;
        *(*first).next.tqe_prev = next;
        (*first).next = TailqEntry { tqe_next: null_mut(), tqe_prev: (*head).tqh_last };
        *(*head).tqh_last = first;
        (*head).tqh_last = &raw mut (*first).next.tqe_next;
        (*next).key = name;
        (*first).value = other;
    }
    h.add(b"d", b"4").unwrap();
    let names: Vec<String> = pairs(h).into_iter().map(|p| p.0).collect();
    assert_eq!(names, ["Renamed", "c", "a", "d"]);
    assert_eq!(h.find(b"renamed"), Some(&b"2"[..]));
    // What a program smuggled in is not sent.
    assert_eq!(wire(h), "Renamed: 2\r\nc: 3\r\nd: 4\r\n");
    // SAFETY: the first node; null is what a careless program leaves behind.
    unsafe {
        let first: *mut evkeyval = (*h.as_ptr()).tqh_first;
        libc::free((*first).key.cast());
        (*first).key = null_mut();
        (*first).value = null_mut();
    }
    assert_eq!(h.find(b"renamed"), None);
    assert_eq!(wire(h), "c: 3\r\nd: 4\r\n");
    assert!(h.remove(b"c") && h.remove(b"A") && h.remove(b"d"));
}

#[test]
fn our_strings_are_never_taken_for_blocks() {
    let mut s = Stack::new();
    let h = s.list();
    for n in 1..40 {
        for v in 0..40 {
            h.add("n".repeat(n).as_bytes(), "v".repeat(v).as_bytes()).unwrap();
        }
    }
    for (name, value) in h.iter() {
        assert!(!name.as_ptr().cast::<usize>().is_aligned() && !value.as_ptr().cast::<usize>().is_aligned());
    }
    // A node that the program made.
    // SAFETY: as C would do it.
    unsafe {
        let node = libc::malloc(size_of::<evkeyval>()).cast::<evkeyval>();
        let (key, value) = (libc::strdup(c"Own".as_ptr()), libc::strdup(c"1".as_ptr()));
        let head = h.as_ptr();
        node.write(evkeyval {
            next: TailqEntry { tqe_next: null_mut(), tqe_prev: (*head).tqh_last },
            key,
            value,
        });
        *(*head).tqh_last = node;
        (*head).tqh_last = &raw mut (*node).next.tqe_next;
    }
    assert_eq!(h.find(b"own"), Some(&b"1"[..]));
    assert!(h.remove(b"Own"));
}
#[test]
fn query_arguments() {
    let mut s = Stack::new();
    let h = s.list();
    h.append_query(b"q=test&foo=bar+baz%21&q=%c3%a9&e=").unwrap();
    let want = [("q", "test"), ("foo", "bar baz!"), ("q", "\u{e9}"), ("e", "")];
    assert_eq!(pairs(h), want.map(|(a, b)| (a.to_string(), b.to_string())));
    h.clear();
    for bad in ["q&a=b", "a=b&=c", "a=b&&", "a=%00", "a=b&c=x%00y"] {
        assert_eq!(h.append_query(bad.as_bytes()), Err(Error::Invalid), "{bad}");
        assert!(h.is_empty());
    }
}

static LEFT: AtomicUsize = AtomicUsize::new(usize::MAX);
unsafe extern "C" fn scarce(n: usize) -> *mut c_void {
    let left = LEFT.load(Relaxed);
    if left != usize::MAX {
        if left == 0 {
            return null_mut();
        }
        LEFT.store(left - 1, Relaxed);
    }
    // SAFETY: plain C.
    unsafe { libc::malloc(n) }
}

/// Runs in a process of its own: the allocator is the whole process's.
#[test]
fn without_memory_nothing_is_lost() {
    if std::env::var_os("OXI_NOMEM").is_none() {
        let me = std::env::current_exe().unwrap();
        let done = std::process::Command::new(me)
            .args(["--exact", "without_memory_nothing_is_lost", "--test-threads=1"])
            .env("OXI_NOMEM", "1")
            .status()
            .unwrap();
        assert!(done.success());
        return;
    }
    mem::set_functions(Some(scarce), None, None);
    for n in 0..6 {
        let mut s = Stack::new();
        let h = s.list();
        LEFT.store(n, Relaxed);
        let r = h.append_query(b"a=1&b=2&c=3");
        LEFT.store(usize::MAX, Relaxed);
        match r {
            Ok(()) => assert_eq!(pairs(h).len(), 3),
            Err(e) => assert!(e == Error::NoMem && h.is_empty()),
        }
        assert_eq!(r.is_ok(), n >= 3);
    }
    // A long text has a block of its own.
    let long = [&b"http://u@h:1/"[..], &[b'p'; 200], b"?q#f"].concat();
    for n in 0..2 {
        LEFT.store(n, Relaxed);
        let parsed = oxievent::http::uri::Uri::parse(&long, 0).and_then(|u| u.into_raw());
        let text = oxievent::http::text::encode(b"a b", true);
        LEFT.store(usize::MAX, Relaxed);
        assert_eq!(parsed.err(), Some(Error::NoMem));
        assert_eq!(text.err(), Some(Error::NoMem));
    }
}

#[test]
fn strings_for_c() {
    use oxievent::http::{escape::Plus, text};
    let show = |p: *mut std::ffi::c_char| {
        // SAFETY: a string that was just made.
        unsafe {
            let s = CStr::from_ptr(p).to_str().unwrap().to_string();
            mem::free(p.cast());
            s
        }
    };
    assert_eq!(show(text::encode(b"a b/\xff", true).unwrap()), "a+b%2F%FF");
    let long = vec![b' '; 1000];
    assert_eq!(show(text::encode(&long, false).unwrap()).len(), 3000);
    assert_eq!(show(text::encode(b"", false).unwrap()), "");
    let (p, n) = text::decode(b"a%00b+", Plus::Always).unwrap();
    assert_eq!((show(p).as_str(), n), ("a", 4));
    assert_eq!(show(text::escape_html(b"<&>").unwrap()), "&lt;&amp;&gt;");
    assert_eq!(show(text::duplicate(b"x").unwrap()), "x");
}
