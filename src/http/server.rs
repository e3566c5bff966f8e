//! `struct evhttp`: a server, or a virtual host of one.
//!
//! It is counted like a connection: existing counts one, code of the program runs under a [`Pin`].
use super::connection::{ConRef, ServerLink};
use super::request::ReqRef;
use super::{bound, date};
use crate::abi::event::event_base;
use crate::abi::http::{
    ConFlags, EVHTTP_SERVER_LINGERING_CLOSE, evhttp, evhttp_bev_cb, evhttp_cmd_type, evhttp_request_cb,
};
use crate::base::BaseRef;
use crate::bufferevent::BevRef;
use crate::list::TailQueue;
use crate::mem::{TryVec, Vec, new_vec};
use crate::sys::c;
use crate::sys::c::timeval;
use crate::{Error, Result, mem};
use std::cell::{Cell, UnsafeCell};
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr::{NonNull, null_mut};

/// What a server answers by default; other methods are not implemented.
const METHODS: u16 = (evhttp_cmd_type::EVHTTP_REQ_GET.0
    | evhttp_cmd_type::EVHTTP_REQ_POST.0
    | evhttp_cmd_type::EVHTTP_REQ_HEAD.0
    | evhttp_cmd_type::EVHTTP_REQ_PUT.0
    | evhttp_cmd_type::EVHTTP_REQ_DELETE.0) as u16;

/// A callback for a path.
struct Path {
    path: Vec<u8>,
    cb: evhttp_request_cb,
    arg: *mut c_void,
}

#[repr(C)]
pub(super) struct Server {
    /// First: the original suite asks whether it is empty.
    connections: UnsafeCell<TailQueue<ServerLink>>,
    sockets: UnsafeCell<Vec<*mut bound::Bound>>,
    paths: UnsafeCell<Vec<Path>>,
    pub(super) hosts: UnsafeCell<Vec<ServerRef>>,
    pub(super) aliases: UnsafeCell<Vec<Vec<u8>>>,
    /// What hosts a virtual host stands for. None: it is none.
    pub(super) pattern: UnsafeCell<Option<Vec<u8>>>,
    /// The server that a virtual host belongs to.
    pub(super) parent: Cell<Option<ServerRef>>,
    base: Cell<*mut event_base>,
    generic: Cell<evhttp_request_cb>,
    generic_arg: Cell<*mut c_void>,
    bev: Cell<evhttp_bev_cb>,
    bev_arg: Cell<*mut c_void>,
    timeout: Cell<timeval>,
    max_head: Cell<isize>,
    max_body: Cell<isize>,
    content_type: Cell<*const c_char>,
    date: UnsafeCell<date::Cache>,
    /// A request that has been served, to be used again.
    spare: Cell<Option<ReqRef>>,
    refs: Cell<u32>,
    connection_count: Cell<c_int>,
    flags: Cell<c_int>,
    methods: Cell<u16>,
    dead: Cell<bool>,
}

/// A handle on a server; copying it keeps nothing alive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct ServerRef(NonNull<evhttp>);

/// Keeps a server's memory.
pub(super) struct Pin(ServerRef);
impl Drop for Pin {
    fn drop(&mut self) {
        self.0.unpin();
    }
}

impl ServerRef {
    /// # Safety
    /// `p` is null or a live server, and stays so while any copy of the handle is used.
    #[inline]
    pub unsafe fn from_raw(p: *mut evhttp) -> Option<ServerRef> {
        NonNull::new(p).map(ServerRef)
    }
    #[inline]
    pub fn as_ptr(self) -> *mut evhttp {
        self.0.as_ptr()
    }
    #[inline]
    pub(super) fn get<'a>(self) -> &'a Server {
        // SAFETY: the handle's server is alive; it holds cells only.
        unsafe { self.0.cast::<Server>().as_ref() }
    }

    /// `evhttp_new`
    pub fn new(base: Option<BaseRef>) -> Result<ServerRef> {
        let boxed = mem::new_box(Server {
            connections: UnsafeCell::new(TailQueue::unplaced()),
            sockets: UnsafeCell::new(new_vec()),
            paths: UnsafeCell::new(new_vec()),
            hosts: UnsafeCell::new(new_vec()),
            aliases: UnsafeCell::new(new_vec()),
            pattern: UnsafeCell::new(None),
            parent: Cell::new(None),
            base: Cell::new(base.map_or(null_mut(), BaseRef::as_ptr)),
            generic: Cell::new(None),
            generic_arg: Cell::new(null_mut()),
            bev: Cell::new(None),
            bev_arg: Cell::new(null_mut()),
            timeout: Cell::new(timeval { tv_sec: 0, tv_usec: 0 }),
            max_head: Cell::new(-1),
            max_body: Cell::new(-1),
            content_type: Cell::new(c"text/html; charset=ISO-8859-1".as_ptr()),
            date: UnsafeCell::new(date::Cache::new()),
            spare: Cell::new(None),
            refs: Cell::new(1),
            connection_count: Cell::new(0),
            flags: Cell::new(0),
            methods: Cell::new(METHODS),
            dead: Cell::new(false),
        })?;
        let (p, _) = mem::Box::into_raw_with_allocator(boxed);
        // SAFETY: a box is not null.
        let server = unsafe { ServerRef(NonNull::new_unchecked(p).cast()) };
        server.connections().init();
        Ok(server)
    }
    pub(super) fn pin(self) -> Pin {
        let s = self.get();
        s.refs.set(s.refs.get() + 1);
        Pin(self)
    }
    fn unpin(self) {
        let s = self.get();
        s.refs.set(s.refs.get() - 1);
        if s.refs.get() == 0 {
            // SAFETY: made by `new`; nobody refers to it any more.
            drop(unsafe { mem::Box::from_raw_in(self.0.as_ptr().cast::<Server>(), mem::Alloc) });
        }
    }
    pub(super) fn is_dead(self) -> bool {
        self.get().dead.get()
    }
    /// `evhttp_free`: closes its sockets and connections, frees its virtual hosts.
    pub fn free(self) {
        let s = self.get();
        if s.dead.replace(true) {
            return;
        }
        // The reference of its existence goes with this guard.
        let pin = Pin(self);
        while let Some(b) = self.last_bound() {
            bound::remove(self, b);
        }
        while let Some(con) = NonNull::new(self.connections().first()) {
            ConRef::from_node(con).free();
        }
        if let Some(req) = s.spare.take() {
            req.free();
        }
        super::vhost::leave_parent(self);
        while let Some(host) = super::vhost::take_last(self) {
            host.free();
        }
        drop(pin);
    }

    // ---- its connections ----

    fn connections<'a>(self) -> &'a mut TailQueue<ServerLink> {
        // SAFETY: no use of the queue calls out, so none meets another.
        unsafe { &mut *self.get().connections.get() }
    }
    /// An accepted connection gets what this server has set, and belongs to it.
    pub(super) fn adopt(self, con: ConRef) {
        let s = self.get();
        con.set_max_head(s.max_head.get());
        con.set_max_body(s.max_body.get());
        con.set_flag(ConFlags::LINGERING_CLOSE, s.flags.get() & EVHTTP_SERVER_LINGERING_CLOSE != 0);
        let tv = s.timeout.get();
        if tv.tv_sec != 0 || tv.tv_usec != 0 {
            con.set_timeout(Some(tv));
        }
        con.get().server.set(Some(self));
        s.connection_count.set(s.connection_count.get() + 1);
        // SAFETY: the connection is alive and on no server's list.
        unsafe { self.connections().insert_tail(con.node()) };
    }
    pub(super) fn connection_gone(self, con: ConRef) {
        let s = self.get();
        s.connection_count.set(s.connection_count.get() - 1);
        // SAFETY: `adopt` put it there.
        unsafe { self.connections().remove(con.node()) };
    }
    pub fn connection_count(self) -> c_int {
        self.get().connection_count.get()
    }
    /// The bufferevent that the program makes for a new connection, if it does.
    pub(super) fn make_bufferevent(self) -> Option<BevRef> {
        let s = self.get();
        let f = s.bev.get()?;
        // SAFETY: what the program registered together; what it returns is null or a live bufferevent, ours from here on.
        unsafe { BevRef::from_raw(f(s.base.get(), s.bev_arg.get())) }
    }
    /// A request for the next message.
    pub(super) fn new_request(self, cb: evhttp_request_cb) -> Result<ReqRef> {
        let arg = self.as_ptr().cast();
        let Some(req) = self.get().spare.take() else { return ReqRef::new(cb, arg) };
        req.set_cb(cb);
        req.set_cb_arg(arg);
        Ok(req)
    }
    /// A request has been served. It is kept for the next one, or freed.
    pub(super) fn give_back(self, req: ReqRef) {
        let s = self.get();
        // Cleanup functions of what is left in the request's buffers may even free the server.
        let _pin = self.pin();
        let useful = || !s.dead.get() && s.spare.get().is_none();
        if useful() && req.renew() && useful() {
            s.spare.set(Some(req));
        } else {
            req.free();
        }
    }
    /// Hands the present date to `f`.
    pub(super) fn with_date<R>(self, f: impl FnOnce(&[u8; date::LEN]) -> R) -> R {
        // SAFETY: no pointer: the result alone is wanted.
        let now = unsafe { c::time(null_mut()) } as i64;
        // SAFETY: `f` is ours and does not come back for the date.
        f(unsafe { &mut *self.get().date.get() }.at(now))
    }
    pub(super) fn default_content_type<'a>(self) -> Option<&'a [u8]> {
        let p = self.get().content_type.get();
        // SAFETY: null or a C string that the program keeps.
        (!p.is_null()).then(|| unsafe { CStr::from_ptr(p) }.to_bytes())
    }

    // ---- its sockets ----

    pub(super) fn sockets<'a>(self) -> &'a mut Vec<*mut bound::Bound> {
        // SAFETY: no use of the list calls out.
        unsafe { &mut *self.get().sockets.get() }
    }
    fn last_bound(self) -> Option<bound::BoundRef> {
        // SAFETY: what stands there is alive.
        unsafe { bound::BoundRef::from_raw(self.sockets().last().copied()?.cast()) }
    }

    // ---- settings ----

    pub fn base(self) -> Option<BaseRef> {
        // SAFETY: a server's base outlives it: that is the program's duty.
        unsafe { BaseRef::from_raw(self.get().base.get()) }
    }
    pub fn set_timeout(self, tv: Option<timeval>) {
        self.get().timeout.set(tv.unwrap_or(timeval { tv_sec: 0, tv_usec: 0 }));
    }
    pub fn set_max_head(self, n: isize) {
        self.get().max_head.set(n.max(-1));
    }
    pub fn set_max_body(self, n: isize) {
        self.get().max_body.set(n.max(-1));
    }
    /// `evhttp_set_flags`
    pub fn set_flags(self, flags: c_int) -> Result<()> {
        if flags & !EVHTTP_SERVER_LINGERING_CLOSE != 0 {
            return Err(Error::Invalid);
        }
        self.get().flags.set(flags);
        Ok(())
    }
    pub fn set_default_content_type(self, text: *const c_char) {
        self.get().content_type.set(text);
    }
    pub fn set_allowed_methods(self, methods: u16) {
        self.get().methods.set(methods);
    }
    pub(super) fn allows(self, method: evhttp_cmd_type) -> bool {
        u32::from(self.get().methods.get()) & method.0 as u32 != 0
    }
    pub fn set_bevcb(self, cb: evhttp_bev_cb, arg: *mut c_void) {
        self.get().bev.set(cb);
        self.get().bev_arg.set(arg);
    }
    pub fn set_gencb(self, cb: evhttp_request_cb, arg: *mut c_void) {
        self.get().generic.set(cb);
        self.get().generic_arg.set(arg);
    }

    // ---- callbacks by path ----

    fn paths<'a>(self) -> &'a mut Vec<Path> {
        // SAFETY: no use of the list calls out.
        unsafe { &mut *self.get().paths.get() }
    }
    /// `evhttp_set_cb`. Invalid: the path has a callback.
    pub fn set_cb(self, path: &[u8], cb: evhttp_request_cb, arg: *mut c_void) -> Result<()> {
        if self.paths().iter().any(|p| p.path == path) {
            return Err(Error::Invalid);
        }
        let mut own = new_vec();
        own.try_extend(path)?;
        self.paths().try_push(Path { path: own, cb, arg })
    }
    /// `evhttp_del_cb`
    pub fn del_cb(self, path: &[u8]) -> Result<()> {
        let i = self.paths().iter().position(|p| p.path == path).ok_or(Error::Invalid)?;
        self.paths().remove(i);
        Ok(())
    }
    /// What serves `path`, which is decoded: its own callback, or the generic one.
    pub(super) fn callback_for(self, path: &[u8]) -> (evhttp_request_cb, *mut c_void) {
        match self.paths().iter().find(|p| p.path == path) {
            Some(p) => (p.cb, p.arg),
            None => (self.get().generic.get(), self.get().generic_arg.get()),
        }
    }
    /// Whether a path can decide anything here.
    pub(super) fn has_paths(self) -> bool {
        !self.paths().is_empty()
    }
}
