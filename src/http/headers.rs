//! Lists of names with values: headers, and the arguments of a query.
//!
//! Programs walk a list with TAILQ_ macros, link and unlink nodes, and put other pointers into `key` and `value`. So
//! nothing is remembered about a node but what its fields say. A node that we make is one block: links, lengths, then the
//! name, then the value. Programs may insert nodes of their own and replace strings by blocks of the allocator, which are
//! then freed as such; ours are told from them by their address, never that of a block. The lengths are looked at only
//! while the strings are ours, and hold only as far as a NUL still stands behind each string and none inside.
//!
//! A server's request keeps the blocks of the headers that it has received for those of the next one: [`Spares`].
use super::text::Writer;
use super::{chars, escape, parser, query};
use crate::abi::event::TailqEntry;
use crate::abi::keyvalq::{evkeyval, evkeyvalq};
use crate::list::{TailLink, TailQueue};
use crate::{Error, Result, mem};
use std::cell::Cell;
use std::ffi::{CStr, c_char};
use std::ptr::{NonNull, null_mut};

struct Link;
// SAFETY: `next` is the node's only link, and the one that programs know.
unsafe impl TailLink for Link {
    type Node = evkeyval;
    unsafe fn entry(node: *mut evkeyval) -> *mut TailqEntry<evkeyval> {
        // SAFETY: the caller's promise.
        unsafe { &raw mut (*node).next }
    }
}

/// A handle on a list whose head someone else owns. Copying it keeps nothing alive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Headers(NonNull<evkeyvalq>);

impl Headers {
    /// # Safety
    /// `p` is null or an initialised list, well linked, and stays so while any copy of the handle is used.
    #[inline]
    pub unsafe fn from_raw(p: *mut evkeyvalq) -> Option<Headers> {
        NonNull::new(p).map(Headers)
    }
    /// An empty list on the heap, for a request. [`Self::free`] ends it.
    pub fn new() -> Result<Headers> {
        let p = NonNull::new(mem::malloc(size_of::<evkeyvalq>()).cast::<evkeyvalq>()).ok_or(Error::NoMem)?;
        // SAFETY: room for a head.
        unsafe { Headers::init(p.as_ptr()) };
        Ok(Headers(p))
    }
    /// Makes an empty list of `p`.
    ///
    /// # Safety
    /// `p` is writable.
    pub unsafe fn init(p: *mut evkeyvalq) {
        // SAFETY: the caller's promise.
        unsafe {
            (*p).tqh_first = null_mut();
            (*p).tqh_last = &raw mut (*p).tqh_first;
        }
    }
    /// Empties and frees a list that [`Self::new`] made.
    ///
    /// # Safety
    /// It came from there, and no handle is used any more.
    pub unsafe fn free(self) {
        self.clear();
        // SAFETY: the caller's promise.
        unsafe { mem::free(self.as_ptr().cast()) };
    }
    #[inline]
    pub fn as_ptr(self) -> *mut evkeyvalq {
        self.0.as_ptr()
    }
    /// The queue, for one operation.
    #[expect(clippy::mut_from_ref, reason = "each use ends before the next one begins")]
    #[inline]
    fn queue(&self) -> &mut TailQueue<Link> {
        // SAFETY: TailQueue is a transparent head; the handle's list is alive, and nobody else uses it meanwhile.
        unsafe { &mut *self.as_ptr().cast::<TailQueue<Link>>() }
    }
    #[inline]
    fn first(self) -> *mut evkeyval {
        // SAFETY: the handle's list is alive.
        unsafe { (*self.as_ptr()).tqh_first }
    }
    pub fn is_empty(self) -> bool {
        self.first().is_null()
    }
    /// The names and values that are there. They are good until the list is changed.
    #[inline]
    pub fn iter<'a>(self) -> Iter<'a> {
        Iter { at: self.first(), of: std::marker::PhantomData }
    }

    #[inline]
    fn node(self, name: &[u8]) -> Option<NonNull<evkeyval>> {
        let first = name.first().copied().unwrap_or(0) | 0x20;
        let mut at = self.first();
        while let Some(node) = NonNull::new(at) {
            // SAFETY: nodes on the list are alive, their keys C strings or null. No byte is read behind the NUL.
            unsafe {
                let key = (*at).key.cast::<u8>();
                if !key.is_null() && *key | 0x20 == first && same(key, name) {
                    return Some(node);
                }
                at = (*at).next.tqe_next;
            }
        }
        None
    }
    /// The value of the first header of that name, whose case does not matter.
    #[inline]
    pub fn find_raw(self, name: &[u8]) -> *const c_char {
        // SAFETY: a node on the list.
        self.node(name).map_or(null_mut(), |n| unsafe { (*n.as_ptr()).value })
    }
    /// As [`Self::find_raw`]. Good until the list is changed.
    #[inline]
    pub fn find<'a>(self, name: &[u8]) -> Option<&'a [u8]> {
        let p = self.find_raw(name);
        // SAFETY: values on the list are C strings or null.
        (!p.is_null()).then(|| unsafe { CStr::from_ptr(p) }.to_bytes())
    }
    /// Removes the first header of that name. False if there is none.
    pub fn remove(self, name: &[u8]) -> bool {
        let Some(node) = self.node(name) else { return false };
        // SAFETY: it stands on this list, and is a block of our allocator.
        unsafe {
            self.queue().remove(node.as_ptr());
            free_node(node.as_ptr());
        }
        true
    }
    pub fn clear(self) {
        let mut at = self.first();
        // SAFETY: the list is alive; its nodes are blocks of our allocator.
        unsafe {
            Headers::init(self.as_ptr());
            while !at.is_null() {
                let next = (*at).next.tqe_next;
                free_node(at);
                at = next;
            }
        }
    }
    /// `evhttp_add_header`: refuses what could not be sent as one field.
    #[inline]
    pub fn add(self, name: &[u8], value: &[u8]) -> Result<()> {
        if !chars::plain_field(name, value) && (!sendable_name(name) || !sendable_value(value)) {
            return Err(Error::Invalid);
        }
        let size = node_size(name, value.len())?;
        let block = match Serving::spares(self) {
            Some(spares) if size <= SPARE_SIZE => (spares.take()?, SPARE),
            _ => (allocate(size)?, NO_SPARE),
        };
        // SAFETY: a fresh block of that size at least.
        unsafe {
            self.append_in(block, name, |to| {
                mem::copy::copy(value.as_ptr(), to, value.len());
                value.len()
            });
        }
        Ok(())
    }
    /// As [`Self::iter`], but quicker: a text may have been made shorter by a NUL that stands inside what is given here.
    /// Whoever finds one looks at [`Pair::exact`].
    #[inline]
    pub(super) fn pairs<'a>(self) -> Pairs<'a> {
        Pairs(self.iter())
    }
    /// Appends without looking at the bytes; neither part holds a NUL.
    #[inline]
    pub fn append(self, name: &[u8], value: &[u8]) -> Result<()> {
        self.append_with(name, value.len(), |to| to.put(value))
    }
    /// Appends a field that was read.
    #[inline(always)]
    pub(super) fn append_field(self, name: &[u8], value: &parser::Value, spares: &mut Spares) -> Result<()> {
        let size = node_size(name, value.room())?;
        let block = if size <= SPARE_SIZE { (spares.take()?, SPARE) } else { (allocate(size)?, NO_SPARE) };
        // SAFETY: a fresh block of that size at least.
        unsafe { self.append_in(block, name, filled(value.room(), |to| value.each(|piece| to.put(piece)))) };
        Ok(())
    }
    /// Appends a header whose value, at most `room` bytes, `fill` writes.
    #[inline]
    fn append_with(self, name: &[u8], room: usize, fill: impl FnOnce(&mut Writer)) -> Result<()> {
        let size = node_size(name, room)?;
        // SAFETY: a fresh block of that size.
        unsafe { self.append_in((allocate(size)?, NO_SPARE), name, filled(room, fill)) };
        Ok(())
    }
    /// # Safety
    /// The block, which is nobody else's, is as long as [`node_size`] says for what `fill` writes as the value, whose
    /// length it returns. Its mark is true.
    #[inline(always)]
    unsafe fn append_in(self, (p, mark): (*mut u8, u8), name: &[u8], fill: impl FnOnce(*mut u8) -> usize) {
        // SAFETY: the block has room for the node, the name, the value and two NULs; the writer stays inside.
        unsafe {
            let key = p.add(KEY_AT);
            *key.sub(1) = mark;
            mem::copy::copy(name.as_ptr(), key, name.len());
            let mut value = key.add(name.len());
            *value = 0;
            value = value.add(1);
            if is_block(value.cast()) {
                *value = 0;
                value = value.add(1);
            }
            let len = fill(value);
            // Two, so that all is written that a length may lead to.
            value.add(len).cast::<[u8; 2]>().write([0; 2]);
            let lengths = [name.len() as u32, len as u32];
            p.add(LENGTHS_AT).cast::<[u32; 2]>().write_unaligned(lengths);
            let (head, node) = (self.as_ptr(), p.cast::<evkeyval>());
            node.write(evkeyval {
                next: TailqEntry { tqe_next: null_mut(), tqe_prev: (*head).tqh_last },
                key: key.cast(),
                value: value.cast(),
            });
            // The macro's way, since programs' macros may have linked the last node.
            *(*head).tqh_last = node;
            (*head).tqh_last = &raw mut (*node).next.tqe_next;
        }
    }
    /// Empties the list; the blocks that can be used again are kept.
    pub(super) fn clear_into(self, spares: &mut Spares) {
        let mut at = self.first();
        // SAFETY: as for `clear`.
        unsafe { Headers::init(self.as_ptr()) };
        let mut kept = std::mem::replace(spares, Spares::new());
        while !at.is_null() {
            // SAFETY: as for `clear`.
            unsafe {
                let next = (*at).next.tqe_next;
                kept.give(at);
                at = next;
            }
        }
        *spares = kept;
    }

    /// Hands all headers, as they go over the wire, to `put` in pieces. What must not be sent (a program can write
    /// anything into the list) is left out; a folded value becomes one line.
    pub fn each_wire(self, mut put: impl FnMut(&[u8])) {
        for (name, value) in self.iter() {
            if !sendable_name(name) {
                continue;
            }
            if chars::text(value) {
                put(name);
                put(b": ");
                put(value);
                put(b"\r\n");
            } else if sendable_value(value) {
                put(name);
                put(b":");
                let lines = value.split(|&c| c == b'\r' || c == b'\n').map(chars::trim);
                for line in lines.filter(|l| !l.is_empty()) {
                    put(b" ");
                    put(line);
                }
                put(b"\r\n");
            }
        }
    }

    /// `evhttp_parse_query_str`: appends the arguments of `query`, their values decoded. On an error the list is empty.
    pub fn append_query(self, query: &[u8]) -> Result<()> {
        let mut arguments = query::arguments(query);
        let done = arguments.try_for_each(|argument| {
            let (name, value) = argument?;
            self.append_with(name, value.len(), |to| {
                escape::decode(value, escape::Plus::Always, |c| to.byte(c))
            })
        });
        if done.is_err() {
            self.clear();
        }
        done
    }
}

/// Whether `p` is a block of the allocator: those begin at addresses that our strings never have.
#[inline]
fn is_block(p: *mut c_char) -> bool {
    (p as usize).is_multiple_of(size_of::<usize>())
}
/// # Safety
/// A node that is on no list any more, a block of our allocator. Its strings are ours, or null or blocks as well.
#[inline]
unsafe fn free_node(node: *mut evkeyval) {
    // SAFETY: the caller's promise.
    unsafe {
        free_strings(node);
        mem::free(node.cast());
    }
}
/// # Safety
/// As [`free_node`], for the strings alone.
#[inline]
unsafe fn free_strings(node: *mut evkeyval) {
    // SAFETY: the caller's promise.
    unsafe {
        for p in [(*node).key, (*node).value] {
            if is_block(p) {
                mem::free(p.cast());
            }
        }
    }
}

/// Where the name stands in a node's block. The byte before it spoils its alignment, and is the block's mark.
const KEY_AT: usize = LENGTHS_AT + size_of::<[u32; 2]>() + 1;
/// The bytes of name and value, as they were made.
const LENGTHS_AT: usize = size_of::<evkeyval>();
const NO_SPARE: u8 = OURS;
const SPARE: u8 = OURS | 0x80;
const OURS: u8 = 0x5a;
/// Bytes of the blocks that are used again: most headers fit.
const SPARE_SIZE: usize = 120;
/// How many are kept.
const SPARES_MAX: u32 = 32;

/// Has `fill` write a value of at most `room` bytes.
#[inline(always)]
fn filled(room: usize, fill: impl FnOnce(&mut Writer)) -> impl FnOnce(*mut u8) -> usize {
    move |start| {
        // SAFETY: by `append_in`'s contract there is so much room.
        let mut to = unsafe { Writer::new(start, start.add(room)) };
        fill(&mut to);
        to.at() as usize - start as usize
    }
}
/// Bytes of a node with a name and a value of at most `room` bytes.
#[inline]
fn node_size(name: &[u8], room: usize) -> Result<usize> {
    // (Lengths have 32 bits. Nothing overflows here: both are at most isize::MAX.)
    if name.len() + room > u32::MAX as usize / 2 {
        return Err(Error::NoMem);
    }
    // Three NULs, and the byte that the value may need before it.
    Ok(KEY_AT + 4 + name.len() + room)
}
#[inline]
fn allocate(size: usize) -> Result<*mut u8> {
    let p = mem::malloc(size).cast::<u8>();
    if p.is_null() { Err(Error::NoMem) } else { Ok(p) }
}

/// Blocks of headers that have been served, for those to come. Each is a block of the allocator on its own, so a program
/// may take a node off our lists and keep it as long as it likes.
pub(super) struct Spares {
    first: *mut evkeyval,
    count: u32,
}
impl Spares {
    pub(super) const fn new() -> Spares {
        Spares { first: null_mut(), count: 0 }
    }
    /// A block of [`SPARE_SIZE`] bytes.
    #[inline]
    fn take(&mut self) -> Result<*mut u8> {
        let p = self.first;
        if p.is_null() {
            return allocate(SPARE_SIZE);
        }
        // SAFETY: spares are linked by their nodes' fields, and ours alone.
        self.first = unsafe { (*p).next.tqe_next };
        self.count -= 1;
        Ok(p.cast())
    }
    /// Ends a node. Its block is kept if it is one of ours.
    ///
    /// # Safety
    /// As [`free_node`].
    #[inline]
    unsafe fn give(&mut self, node: *mut evkeyval) {
        // SAFETY: the caller's promise. A name at that place is in the node's own block, and so is the mark before it.
        unsafe {
            let key = (*node).key.cast::<u8>();
            let ours = key == node.cast::<u8>().wrapping_add(KEY_AT) && *key.sub(1) == SPARE;
            if !ours || self.count >= SPARES_MAX {
                return free_node(node);
            }
            if is_block((*node).value) {
                mem::free((*node).value.cast());
            }
            (*node).next.tqe_next = self.first;
        }
        self.first = node;
        self.count += 1;
    }
    /// Gives the memory back.
    pub(super) fn clear(&mut self) {
        self.count = 0;
        while !self.first.is_null() {
            let p = self.first;
            // SAFETY: as for `take`; each is a block of the allocator.
            unsafe {
                self.first = (*p).next.tqe_next;
                mem::free(p.cast());
            }
        }
    }
}

/// The list of headers that the program, which is called for a request, is about to fill, and the spares for it: it
/// knows the list alone. One per thread, since each serves its own.
pub(super) struct Serving {
    list: *mut evkeyvalq,
    spares: *mut Spares,
}
thread_local!(static SERVING: Cell<(*mut evkeyvalq, *mut Spares)> = const { Cell::new((null_mut(), null_mut())) });
impl Serving {
    /// From now on, until the result is dropped.
    ///
    /// # Safety
    /// The list and the spares live until then; the list is empty or well linked.
    pub(super) unsafe fn begin(list: *mut evkeyvalq, spares: *mut Spares) -> Serving {
        let (list, spares) = SERVING.replace((list, spares));
        Serving { list, spares }
    }
    /// The spares for `list`, for one operation.
    #[inline]
    fn spares<'a>(list: Headers) -> Option<&'a mut Spares> {
        let (served, spares) = SERVING.get();
        // SAFETY: by `begin` they are alive; nobody else uses them while a header is added.
        (served == list.as_ptr()).then(|| unsafe { &mut *spares })
    }
}
impl Drop for Serving {
    fn drop(&mut self) {
        SERVING.set((self.list, self.spares));
    }
}

pub struct Iter<'a> {
    at: *mut evkeyval,
    of: std::marker::PhantomData<&'a evkeyvalq>,
}
impl<'a> Iterator for Iter<'a> {
    type Item = (&'a [u8], &'a [u8]);
    fn next(&mut self) -> Option<Self::Item> {
        // SAFETY: nodes on the list are alive, and their strings are C strings or null.
        unsafe {
            let node = self.at.as_ref()?;
            self.at = node.next.tqe_next;
            Some((c_text(node.key), c_text(node.value)))
        }
    }
}

/// See [`Headers::pairs`].
pub(super) struct Pairs<'a>(Iter<'a>);
pub(super) struct Pair<'a> {
    pub(super) name: &'a [u8],
    pub(super) value: &'a [u8],
    strings: [*mut c_char; 2],
}
impl<'a> Iterator for Pairs<'a> {
    type Item = Pair<'a>;
    #[inline(always)]
    fn next(&mut self) -> Option<Pair<'a>> {
        // SAFETY: nodes on the list are alive. The marks of ours stand where their names do, and say that lengths stand
        // before them and the texts, with so many bytes at least and one more, behind them.
        unsafe {
            let p = NonNull::new(self.0.at)?.as_ptr();
            self.0.at = (*p).next.tqe_next;
            let strings = [(*p).key, (*p).value];
            let key = strings[0].cast::<u8>();
            if key == p.cast::<u8>().wrapping_add(KEY_AT) && *key.sub(1) & 0x7f == OURS {
                let [n, v] = p.cast::<u8>().add(LENGTHS_AT).cast::<[u32; 2]>().read_unaligned();
                let (n, v) = (n as usize, v as usize);
                let value = strings[1].cast::<u8>();
                // One or two NULs stand between them.
                let gap = (value as usize).wrapping_sub(key as usize + n);
                if (gap == 1 || gap == 2) && *key.add(n) == 0 && *value.add(v) == 0 {
                    let text = |p: *mut u8, n| std::slice::from_raw_parts(p, n);
                    return Some(Pair { name: text(key, n), value: text(value, v), strings });
                }
            }
            Some(Pair { name: c_text(strings[0]), value: c_text(strings[1]), strings })
        }
    }
}
impl<'a> Pair<'a> {
    /// Name and value as far as their first NULs.
    pub(super) fn exact(&self) -> (&'a [u8], &'a [u8]) {
        // SAFETY: the strings of a node on the list, which has not been changed.
        unsafe { (c_text(self.strings[0]), c_text(self.strings[1])) }
    }
}
/// # Safety
/// Null or a C string, which stays as it is while the result is used.
unsafe fn c_text<'a>(p: *mut c_char) -> &'a [u8] {
    // SAFETY: the caller's promise.
    if p.is_null() { &[] } else { unsafe { CStr::from_ptr(p) }.to_bytes() }
}

/// Whether the C string at `key` is `name`, the case of ASCII letters aside.
///
/// # Safety
/// `key` is a C string.
#[inline]
unsafe fn same(key: *const u8, name: &[u8]) -> bool {
    for (i, &n) in name.iter().enumerate() {
        // SAFETY: all bytes before were equal to ones of `name`, which holds no NUL.
        let k = unsafe { *key.add(i) };
        if k == 0 || !k.eq_ignore_ascii_case(&n) {
            return false;
        }
    }
    // SAFETY: as above.
    unsafe { *key.add(name.len()) == 0 }
}

/// A name that can stand before a colon: no control bytes, blanks or colons, and something at least. Bytes beyond the
/// grammar's token pass, since libevent's programs may send such names.
#[inline]
pub fn sendable_name(name: &[u8]) -> bool {
    chars::field_name(name)
}
/// A value of one or several lines, all but the first of which begin with a blank, without other control bytes.
#[inline]
pub fn sendable_value(value: &[u8]) -> bool {
    chars::target(value) || sendable_lines(value)
}
#[cold]
fn sendable_lines(value: &[u8]) -> bool {
    let mut rest = value;
    loop {
        let end = rest.iter().position(|&c| c == b'\r' || c == b'\n').unwrap_or(rest.len());
        let (line, tail) = rest.split_at_checked(end).unwrap_or((rest, &[]));
        if !chars::text(line) {
            return false;
        }
        if tail.is_empty() {
            return true;
        }
        let breaks = tail.iter().take_while(|&&c| c == b'\r' || c == b'\n').count();
        rest = tail.get(breaks..).unwrap_or_default();
        if !rest.first().is_some_and(|&c| chars::is_blank(c)) {
            return false;
        }
    }
}
