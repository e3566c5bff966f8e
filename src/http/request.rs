//! `struct evhttp_request`: made, shown, freed.
//!
//! Its public fields are the truth: programs read and change them. One block holds the struct, both heads of its header
//! lists, and a short host's name. While code of the program runs for a request, it is [`kept`](ReqRef::keep): freeing it
//! then takes effect when that code has returned.
use super::connection::ConRef;
use super::headers::{Headers, Serving, Spares};
use super::parser::Value;
use super::uri::{Part, Uri};
use super::{chars, status, text};
use crate::abi::http::{
    ReqBits, ReqFlags, evhttp_cmd_type, evhttp_connection, evhttp_error_cb, evhttp_header_cb, evhttp_request,
    evhttp_request_cb, evhttp_request_kind, evhttp_uri,
};
use crate::abi::keyvalq::evkeyvalq;
use crate::buffer::BufferRef;
use crate::{Error, Result, mem};
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr::{NonNull, null_mut};

/// Bytes of a host's name that need no block of their own: any numeric address with a zone fits.
const HOST_ROOM: usize = 64;

/// Bytes of a target that need no block of their own.
const TARGET_ROOM: usize = 96;
/// Bytes of a reason phrase that need no block of their own.
const REASON_ROOM: usize = 40;

#[repr(C)]
struct Block {
    public: evhttp_request,
    input: evkeyvalq,
    output: evkeyvalq,
    host: [u8; HOST_ROOM],
    reason: [u8; REASON_ROOM],
    target: [u8; TARGET_ROOM],
    /// For the headers to be received.
    spares: Spares,
    /// For the parts of the next target; or null.
    spare_uri: *mut evhttp_uri,
}

/// A handle on a request; copying it keeps nothing alive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct ReqRef(NonNull<evhttp_request>);

/// Reads and writes public fields.
macro_rules! fields {
    ($($get:ident $set:ident: $f:ident as $t:ty;)+) => {$(
        #[inline]
        pub fn $get(self) -> $t {
            // SAFETY: the handle's request is alive; the program may write the field too, so no reference is formed.
            unsafe { (*self.as_ptr()).$f }
        }
        #[inline]
        pub fn $set(self, v: $t) {
            // SAFETY: as for reading.
            unsafe { (*self.as_ptr()).$f = v }
        }
    )+};
}

impl ReqRef {
    /// # Safety
    /// `p` is null or a live request, and stays so while any copy of the handle is used.
    #[inline]
    pub unsafe fn from_raw(p: *mut evhttp_request) -> Option<ReqRef> {
        NonNull::new(p).map(ReqRef)
    }
    #[inline]
    pub fn as_ptr(self) -> *mut evhttp_request {
        self.0.as_ptr()
    }
    fields! {
        evcon set_evcon: evcon as *mut evhttp_connection;
        flag_bits set_flag_bits: flags as c_int;
        remote_host set_remote_host_ptr: remote_host as *mut c_char;
        remote_port set_remote_port: remote_port as u16;
        kind set_kind: kind as evhttp_request_kind;
        method set_method: type_ as evhttp_cmd_type;
        headers_size set_headers_size: headers_size as usize;
        body_size set_body_size: body_size as usize;
        uri_ptr set_uri_ptr: uri as *mut c_char;
        uri_elems set_uri_elems: uri_elems as *mut evhttp_uri;
        major set_major: major as c_char;
        minor set_minor: minor as c_char;
        response_code set_response_code: response_code as c_int;
        reason_ptr set_reason_ptr: response_code_line as *mut c_char;
        ntoread set_ntoread: ntoread as i64;
        bits set_bits: bits as u32;
        cb set_cb: cb as evhttp_request_cb;
        cb_arg set_cb_arg: cb_arg as *mut c_void;
        chunk_cb set_chunk_cb: chunk_cb as evhttp_request_cb;
        header_cb set_header_cb: header_cb as evhttp_header_cb;
        error_cb set_error_cb: error_cb as evhttp_error_cb;
        on_complete_cb set_on_complete_cb: on_complete_cb as evhttp_request_cb;
        on_complete_arg set_on_complete_arg: on_complete_cb_arg as *mut c_void;
    }

    /// `evhttp_request_new`
    pub fn new(cb: evhttp_request_cb, arg: *mut c_void) -> Result<ReqRef> {
        let p = NonNull::new(mem::malloc(size_of::<Block>()).cast::<Block>()).ok_or(Error::NoMem)?.as_ptr();
        // SAFETY: fresh memory of that size; null pointers, zeros and no callbacks are valid values of the public part.
        unsafe {
            std::ptr::write_bytes(&raw mut (*p).public, 0, 1);
            Headers::init(&raw mut (*p).input);
            Headers::init(&raw mut (*p).output);
            (&raw mut (*p).spares).write(Spares::new());
            (*p).spare_uri = null_mut();
            let r = &raw mut (*p).public;
            (*r).kind = evhttp_request_kind::EVHTTP_RESPONSE;
            (*r).input_headers = &raw mut (*p).input;
            (*r).output_headers = &raw mut (*p).output;
            (*r).cb = cb;
            (*r).cb_arg = arg;
            let req = ReqRef(NonNull::new_unchecked(r));
            let buffers = BufferRef::new().and_then(|input| {
                (*r).input_buffer = input.as_ptr();
                (*r).output_buffer = BufferRef::new()?.as_ptr();
                Ok(())
            });
            match buffers {
                Ok(()) => Ok(req),
                Err(e) => {
                    req.free();
                    Err(e)
                }
            }
        }
    }
    fn block(self) -> *mut Block {
        self.as_ptr().cast()
    }

    // ---- flags ----

    #[inline]
    pub fn has(self, f: ReqFlags) -> bool {
        self.flag_bits() & f.bits() != 0
    }
    #[inline]
    pub fn set_flag(self, f: ReqFlags, on: bool) {
        let old = self.flag_bits();
        self.set_flag_bits(if on { old | f.bits() } else { old & !f.bits() });
    }
    #[inline]
    pub fn has_bit(self, b: ReqBits) -> bool {
        self.bits() & b.bits() != 0
    }
    #[inline]
    pub fn set_bit(self, b: ReqBits, on: bool) {
        let old = self.bits();
        self.set_bits(if on { old | b.bits() } else { old & !b.bits() });
    }
    pub fn is_request(self) -> bool {
        self.kind() == evhttp_request_kind::EVHTTP_REQUEST
    }
    /// Whether its version is at least HTTP/1.`minor`.
    pub fn at_least_1(self, minor: c_char) -> bool {
        self.major() > 1 || (self.major() == 1 && self.minor() >= minor)
    }

    // ---- parts ----

    /// The connection it is on.
    #[inline]
    pub fn connection(self) -> Option<ConRef> {
        // SAFETY: a request's connection is alive, or the field is null.
        unsafe { ConRef::from_raw(self.evcon()) }
    }
    #[inline]
    pub fn input_headers(self) -> Option<Headers> {
        // SAFETY: a request's lists live as long as itself.
        unsafe { Headers::from_raw((*self.as_ptr()).input_headers) }
    }
    #[inline]
    pub fn output_headers(self) -> Option<Headers> {
        // SAFETY: as above.
        unsafe { Headers::from_raw((*self.as_ptr()).output_headers) }
    }
    #[inline]
    pub fn input_buffer(self) -> Option<BufferRef> {
        // SAFETY: as above, the buffers too.
        unsafe { BufferRef::from_raw((*self.as_ptr()).input_buffer) }
    }
    #[inline]
    pub fn output_buffer(self) -> Option<BufferRef> {
        // SAFETY: as above.
        unsafe { BufferRef::from_raw((*self.as_ptr()).output_buffer) }
    }
    /// The first header of that name that was received.
    #[inline]
    pub fn header_in<'a>(self, name: &[u8]) -> Option<&'a [u8]> {
        self.input_headers()?.find(name)
    }
    /// The first header of that name that is to be sent.
    #[inline]
    pub fn header_out<'a>(self, name: &[u8]) -> Option<&'a [u8]> {
        self.output_headers()?.find(name)
    }
    /// The target of the request; good until it is replaced.
    pub fn uri<'a>(self) -> Option<&'a [u8]> {
        let p = self.uri_ptr();
        // SAFETY: the field is null or a C string.
        (!p.is_null()).then(|| unsafe { CStr::from_ptr(p) }.to_bytes())
    }
    /// The reason phrase; empty when there is none.
    pub fn reason<'a>(self) -> &'a [u8] {
        let p = self.reason_ptr();
        // SAFETY: the field is null or a C string.
        if p.is_null() { &[] } else { unsafe { CStr::from_ptr(p) }.to_bytes() }
    }
    pub fn elements<'a>(self) -> Option<&'a Uri> {
        // SAFETY: the field is null or a URI of ours; it is replaced only before the program is called.
        unsafe { Uri::from_raw(self.uri_elems()) }
    }

    /// `target` holds no NUL.
    pub fn set_uri(self, target: &[u8]) -> Result<()> {
        let old = self.uri_ptr();
        if target.len() < TARGET_ROOM {
            // SAFETY: every request starts a Block; its array has room for the target and a NUL.
            unsafe {
                let to = (&raw mut (*self.block()).target).cast::<u8>();
                std::ptr::copy(target.as_ptr(), to, target.len());
                *to.add(target.len()) = 0;
                self.set_uri_ptr(to.cast());
            }
        } else {
            self.set_uri_ptr(text::duplicate(target)?);
        }
        self.free_string(old);
        Ok(())
    }
    /// The target as it was read, with its parts, which `read` finds.
    pub(super) fn set_target(self, target: &[u8], read: impl FnOnce(&mut Uri) -> Result<()>) -> Result<()> {
        // SAFETY: a field of the request's own block: null, or a URI that nobody else knows.
        let new = unsafe {
            let place = &raw mut (*self.block()).spare_uri;
            if (*place).is_null() {
                *place = Uri::new(0).into_raw()?;
            }
            *place
        };
        // SAFETY: as above.
        read(unsafe { Uri::from_raw_mut(new) }.ok_or(Error::NoMem)?)?;
        self.set_uri(target)?;
        // SAFETY: the field is null or a URI of ours, which the new one replaces.
        unsafe {
            (*self.block()).spare_uri = null_mut();
            Uri::free(self.uri_elems());
        }
        self.set_uri_elems(new);
        Ok(())
    }
    /// While the result lives, headers that the program adds take the request's spares. It is kept meanwhile.
    pub(super) fn serving(self) -> Serving {
        let block = self.block();
        // SAFETY: every request starts a Block, which our caller keeps alive.
        unsafe { Serving::begin(&raw mut (*block).output, &raw mut (*block).spares) }
    }
    /// Appends a field that was read to one of the lists.
    #[inline]
    pub(super) fn append_field(self, list: Headers, name: &[u8], value: &Value) -> Result<()> {
        // SAFETY: every request starts a Block; its spares are used for this call alone.
        list.append_field(name, value, unsafe { &mut (*self.block()).spares })
    }
    /// Forgets the target: a request that was not understood has none.
    pub fn clear_uri(self) {
        let old = self.uri_ptr();
        self.set_uri_ptr(null_mut());
        self.free_string(old);
        // SAFETY: the field is null or a URI of ours.
        unsafe { Uri::free(self.uri_elems()) };
        self.set_uri_elems(null_mut());
    }
    /// The other side's name. `host` holds no NUL.
    pub fn set_remote_host(self, host: &[u8]) -> Result<()> {
        self.drop_remote_host();
        let p = self.block();
        if host.len() < HOST_ROOM {
            // SAFETY: every request starts a Block; its array has room for the name and a NUL.
            unsafe {
                let to = (&raw mut (*p).host).cast::<u8>();
                mem::copy::copy(host.as_ptr(), to, host.len());
                *to.add(host.len()) = 0;
                self.set_remote_host_ptr(to.cast());
            }
        } else {
            self.set_remote_host_ptr(text::duplicate(host)?);
        }
        Ok(())
    }
    fn drop_remote_host(self) {
        let old = self.remote_host();
        self.set_remote_host_ptr(null_mut());
        self.free_string(old);
    }
    /// Frees one of its strings, unless it stands in the block.
    fn free_string(self, p: *mut c_char) {
        let block = self.block() as usize;
        if !(block..block + size_of::<Block>()).contains(&(p as usize)) {
            // SAFETY: null, or from our allocator.
            unsafe { mem::free(p.cast()) };
        }
    }

    // ---- the response's first line ----

    /// Makes a response of it. A code that is none becomes 500; a reason with control bytes is none: the code's own
    /// phrase stands in.
    pub fn set_response(self, code: c_int, reason: Option<&[u8]>) {
        let (code, reason) = if (100..=999).contains(&code) { (code, reason) } else { (500, None) };
        self.set_kind(evhttp_request_kind::EVHTTP_RESPONSE);
        self.set_response_code(code);
        let reason = reason.filter(|r| chars::text(r)).unwrap_or_else(|| status::reason(code).to_bytes());
        // Without memory the line goes without a reason, which is allowed.
        self.set_reason(reason);
    }
    pub fn set_reason(self, reason: &[u8]) {
        let old = self.reason_ptr();
        // SAFETY: a reason is null or a C string.
        if !old.is_null() && unsafe { CStr::from_ptr(old) }.to_bytes() == reason {
            return;
        }
        if reason.len() < REASON_ROOM {
            // SAFETY: every request starts a Block; its array has room for the phrase and a NUL. A phrase that stands
            // there already, and differs, is not the one that is copied.
            unsafe {
                let to = (&raw mut (*self.block()).reason).cast::<u8>();
                std::ptr::copy(reason.as_ptr(), to, reason.len());
                *to.add(reason.len()) = 0;
                self.set_reason_ptr(to.cast());
            }
        } else {
            self.set_reason_ptr(text::duplicate(reason).unwrap_or(null_mut()));
        }
        if self.reason_ptr() != old {
            self.free_string(old);
        }
    }
    /// Whether the response to it, as it stands, has a body.
    pub fn response_has_body(self) -> bool {
        match self.method() {
            evhttp_cmd_type::EVHTTP_REQ_HEAD => false,
            // A tunnel begins where the body would.
            evhttp_cmd_type::EVHTTP_REQ_CONNECT if matches!(self.response_code(), 200..=299) => false,
            _ => !matches!(self.response_code(), 100..=199 | 204 | 304),
        }
    }

    /// `evhttp_request_get_host`: from the target, or else the Host header, without a port.
    pub fn host(self) -> *const c_char {
        // SAFETY: fields of the live request.
        let cached = unsafe { (*self.as_ptr()).host_cache };
        if !cached.is_null() {
            return cached;
        }
        if let Some(host) = self.elements().and_then(|u| u.get_c(Part::Host)) {
            return host.as_ptr().cast();
        }
        let Some(list) = self.input_headers() else { return std::ptr::null() };
        let raw = list.find_raw(b"Host");
        let Some(host) = list.find(b"Host") else { return std::ptr::null() };
        let name = without_port(host);
        if name.len() == host.len() {
            return raw;
        }
        let Ok(copy) = text::duplicate(name) else { return std::ptr::null() };
        // SAFETY: as above.
        unsafe { (*self.as_ptr()).host_cache = copy };
        copy
    }

    // ---- life ----

    /// From here on until the guard is released, freeing the request is put off.
    #[inline]
    pub(super) fn keep(self) -> Kept {
        let outermost = !self.has(ReqFlags::REQ_DEFER_FREE);
        self.set_flag(ReqFlags::REQ_DEFER_FREE, true);
        Kept { req: self, outermost }
    }
    /// Whether it was freed while it is kept.
    pub(super) fn is_doomed(self) -> bool {
        self.has(ReqFlags::REQ_NEEDS_FREE)
    }
    /// `evhttp_request_free`. A request that still stands on a connection is taken off it first.
    pub fn free(self) {
        if let Some(con) = self.connection() {
            con.forget(self);
        }
        if self.has(ReqFlags::REQ_DEFER_FREE) {
            return self.set_flag(ReqFlags::REQ_NEEDS_FREE, true);
        }
        let p = self.as_ptr();
        self.drop_remote_host();
        self.free_string(self.reason_ptr());
        // SAFETY: the fields are null or from our allocator; the lists in the block are freed with it, others (a program
        // may have put its own there) on their own.
        unsafe {
            self.free_string((*p).uri);
            Uri::free((*p).uri_elems);
            Uri::free((*self.block()).spare_uri);
            (*self.block()).spares.clear();
            mem::free((*p).host_cache.cast());
            let own = [&raw mut (*self.block()).input, &raw mut (*self.block()).output];
            for list in [(*p).input_headers, (*p).output_headers] {
                if let Some(h) = Headers::from_raw(list) {
                    h.clear();
                    if !own.contains(&list) {
                        mem::free(list.cast());
                    }
                }
            }
            for b in [(*p).input_buffer, (*p).output_buffer] {
                if let Some(b) = BufferRef::from_raw(b) {
                    b.free();
                }
            }
            mem::free(p.cast());
        }
    }
    /// Makes a request, which nobody uses any more, as good as new. False: it cannot be used again.
    pub(super) fn renew(self) -> bool {
        let p = self.as_ptr();
        // SAFETY: the request is alive and its block is ours.
        let own = unsafe {
            (*p).input_headers == &raw mut (*self.block()).input
                && (*p).output_headers == &raw mut (*self.block()).output
        };
        let (Some(input), Some(output)) = (self.input_buffer(), self.output_buffer()) else { return false };
        if !own || self.connection().is_some() || self.has(ReqFlags::REQ_DEFER_FREE) {
            return false;
        }
        if !input.renew() || !output.renew() {
            return false;
        }
        self.spare_parts();
        self.clear_uri();
        self.drop_remote_host();
        self.free_string(self.reason_ptr());
        for list in [self.input_headers(), self.output_headers()].into_iter().flatten() {
            // SAFETY: the spares are in the block that is ours, and are used for this call alone.
            list.clear_into(unsafe { &mut (*self.block()).spares });
        }
        // SAFETY: as above; null pointers, zeros and no callbacks are valid values of the other fields.
        unsafe {
            mem::free((*p).host_cache.cast());
            let (input_headers, output_headers) = ((*p).input_headers, (*p).output_headers);
            std::ptr::write_bytes(p, 0, 1);
            (*p).input_headers = input_headers;
            (*p).output_headers = output_headers;
            (*p).input_buffer = input.as_ptr();
            (*p).output_buffer = output.as_ptr();
        }
        true
    }
    /// Keeps the URI of the target, if it is not large, for the next one.
    fn spare_parts(self) {
        let old = self.uri_elems();
        // SAFETY: the field is null or a URI of ours; the other is in the block that is ours.
        unsafe {
            if (*self.block()).spare_uri.is_null() && Uri::from_raw(old).is_some_and(Uri::is_small) {
                (*self.block()).spare_uri = old;
                self.set_uri_elems(null_mut());
            }
        }
    }
    /// Frees it unless the program owns it.
    pub(super) fn free_unless_owned(self) {
        if !self.has(ReqFlags::USER_OWNED) {
            self.free();
        }
    }
}

/// A host's name without the `:port` behind it.
fn without_port(host: &[u8]) -> &[u8] {
    let digits = host.iter().rev().take_while(|c| c.is_ascii_digit()).count();
    let name = host.get(..host.len() - digits).unwrap_or_default();
    match name.strip_suffix(b":") {
        Some(name) if !name.is_empty() => name,
        _ => host,
    }
}

/// A request that must not go away yet.
pub(super) struct Kept {
    req: ReqRef,
    outermost: bool,
}
impl Kept {
    /// Ends the keeping. True: the request was freed meanwhile (by whoever keeps it longest, if not by this).
    pub(super) fn release(self) -> bool {
        let doomed = self.req.is_doomed();
        if self.outermost {
            self.req.set_flag(ReqFlags::REQ_DEFER_FREE, false);
            if doomed {
                self.req.free();
            }
        }
        doomed
    }
}
