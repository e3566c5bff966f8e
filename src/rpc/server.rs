//! The RPCs that an HTTP server offers.
use super::hooks::{After, Hooks, Resume};
use super::meta::Call;
use super::{Count, boxed, unbox, uri};
use crate::abi::buffer::evbuffer;
use crate::abi::event::TailqEntry;
use crate::abi::http::{HTTP_OK, HTTP_SERVUNAVAIL, evhttp_cmd_type, evhttp_request};
use crate::abi::rpc::{EVRPC_HOOK_TYPE, evrpc, evrpc_base, evrpc_new_fn, evrpc_req_generic, evrpc_server_cb};
use crate::buffer::BufferRef;
use crate::http::reply;
use crate::http::request::ReqRef;
use crate::http::server::ServerRef;
use crate::list::{TailLink, TailQueue};
use crate::{Error, Result, mem};
use std::cell::{Cell, UnsafeCell};
use std::ffi::{CStr, c_void};
use std::ptr::{NonNull, null_mut};

struct RpcLink;
// SAFETY: `next` of a struct evrpc is for this list alone.
unsafe impl TailLink for RpcLink {
    type Node = evrpc;
    unsafe fn entry(node: *mut evrpc) -> *mut TailqEntry<evrpc> {
        // SAFETY: the caller's promise.
        unsafe { &raw mut (*node).next }
    }
}

#[repr(C)]
struct Base {
    hooks: Hooks,
    http: Option<ServerRef>,
    rpcs: UnsafeCell<TailQueue<RpcLink>>,
    refs: Count,
    freed: Cell<bool>,
}

/// A handle on a base; copying it keeps nothing alive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct RpcBaseRef(NonNull<evrpc_base>);

/// Keeps a base's memory.
struct Pin(RpcBaseRef);
impl Drop for Pin {
    fn drop(&mut self) {
        if self.0.get().refs.down() {
            // SAFETY: made by `new`; nobody refers to it any more.
            unsafe { unbox(self.0.0.as_ptr().cast::<Base>()) };
        }
    }
}

impl RpcBaseRef {
    /// # Safety
    /// `p` is null or a live base, and stays so while any copy of the handle is used.
    pub unsafe fn from_raw(p: *mut evrpc_base) -> Option<RpcBaseRef> {
        NonNull::new(p).map(RpcBaseRef)
    }
    pub fn as_ptr(self) -> *mut evrpc_base {
        self.0.as_ptr()
    }
    fn get<'a>(self) -> &'a Base {
        // SAFETY: the handle's base is alive; it holds cells only.
        unsafe { self.0.cast::<Base>().as_ref() }
    }
    fn pin(self) -> Pin {
        self.get().refs.up();
        Pin(self)
    }
    fn rpcs<'a>(self) -> &'a mut TailQueue<RpcLink> {
        // SAFETY: no use of the queue calls out, so none meets another.
        unsafe { &mut *self.get().rpcs.get() }
    }

    /// `evrpc_init`
    pub fn new(http: Option<ServerRef>) -> Result<RpcBaseRef> {
        let p = boxed(Base {
            hooks: Hooks::new(),
            http,
            rpcs: UnsafeCell::new(TailQueue::unplaced()),
            refs: Count::new(),
            freed: Cell::new(false),
        })?;
        let base = RpcBaseRef(NonNull::new(p.cast()).ok_or(Error::NoMem)?);
        base.rpcs().init();
        Ok(base)
    }
    /// `evrpc_free`: paused calls are answered with an error, those that the program has can still be finished.
    pub fn free(self) {
        if self.get().freed.replace(true) {
            return;
        }
        // The reference of its existence goes with this guard.
        let _pin = Pin(self);
        while let Some(rpc) = NonNull::new(self.rpcs().first()) {
            self.drop_rpc(rpc.as_ptr());
        }
        self.get().hooks.resume_all_failing();
    }

    fn find(self, name: &[u8]) -> Option<NonNull<evrpc>> {
        let mut at = self.rpcs().first();
        // SAFETY: what stands on the list is alive, and has a name.
        unsafe {
            while let Some(rpc) = NonNull::new(at) {
                if CStr::from_ptr((*at).uri).to_bytes() == name {
                    return Some(rpc);
                }
                at = TailQueue::<RpcLink>::next(at);
            }
        }
        None
    }
    /// `evrpc_register_rpc`: on success the struct and its name are ours.
    ///
    /// # Safety
    /// `rpc` is alive and filled in; on success it stays so until it is unregistered.
    pub unsafe fn register(self, rpc: *mut evrpc, cb: evrpc_server_cb, arg: *mut c_void) -> Result<()> {
        let http = self.get().http.ok_or(Error::Invalid)?;
        // SAFETY: the caller's promise.
        let name = unsafe { CStr::from_ptr((*rpc).uri) }.to_bytes();
        if self.find(name).is_some() || self.get().freed.get() {
            return Err(Error::Invalid);
        }
        // SAFETY: as above.
        unsafe {
            (*rpc).base = self.as_ptr();
            (*rpc).cb = cb;
            (*rpc).cb_arg = arg;
        }
        http.set_cb(&uri(name)?, Some(on_request), rpc.cast())?;
        // SAFETY: as above; it is on no list.
        unsafe { self.rpcs().insert_tail(rpc) };
        Ok(())
    }
    /// `evrpc_unregister_rpc`
    pub fn unregister(self, name: &[u8]) -> Result<()> {
        let rpc = self.find(name).ok_or(Error::Invalid)?;
        self.drop_rpc(rpc.as_ptr());
        Ok(())
    }
    /// Takes one of ours off the list and the server, and frees it.
    fn drop_rpc(self, rpc: *mut evrpc) {
        // SAFETY: on our list, so alive; ours since it was registered.
        unsafe {
            self.rpcs().remove(rpc);
            let name = CStr::from_ptr((*rpc).uri).to_bytes();
            if let (Some(http), Ok(path)) = (self.get().http, uri(name)) {
                let _ = http.del_cb(&path);
            }
            mem::free((*rpc).uri.cast_mut().cast());
            mem::free(rpc.cast());
        }
    }
}

/// A call that is being served. `EVRPC_HEADER` gives programs the fields up to `rpc_data`.
#[repr(C)]
struct Serving {
    call: Call,
    request: Cell<*mut c_void>,
    reply: Cell<*mut c_void>,
    rpc: *mut evrpc,
    http_req: *mut evhttp_request,
    rpc_data: Cell<*mut evbuffer>,
    /// Ours from here on: the RPC may be unregistered while it is served.
    how: evrpc,
    base: RpcBaseRef,
    /// The program has said that the reply is there.
    done: Cell<bool>,
}

/// A handle on a call that is being served.
#[derive(Clone, Copy)]
pub struct ServingRef(NonNull<Serving>);

impl ServingRef {
    /// # Safety
    /// `p` is null or a call that was handed to the program and not answered yet.
    pub unsafe fn from_raw(p: *mut evrpc_req_generic) -> Option<ServingRef> {
        NonNull::new(p.cast()).map(ServingRef)
    }
    fn get<'a>(self) -> &'a Serving {
        // SAFETY: alive until `end`.
        unsafe { self.0.as_ref() }
    }
    fn ctx(self) -> *mut c_void {
        self.0.as_ptr().cast()
    }
    fn req(self) -> Option<ReqRef> {
        // SAFETY: a request waits for its answer.
        unsafe { ReqRef::from_raw(self.get().http_req) }
    }
    /// `evrpc_get_request`
    pub fn request(self) -> *mut c_void {
        self.get().request.get()
    }
    /// `evrpc_get_reply`
    pub fn reply(self) -> *mut c_void {
        self.get().reply.get()
    }

    /// Answers with an error.
    fn fail(self) {
        if let Some(req) = self.req() {
            reply::send_error(req, HTTP_SERVUNAVAIL, None);
        }
        self.end();
    }
    /// Frees it.
    fn end(self) {
        let s = self.get();
        let base = s.base;
        base.get().hooks.forget(self.ctx());
        for (free, message) in [(s.how.request_free, &s.request), (s.how.reply_free, &s.reply)] {
            let message = message.replace(null_mut());
            if let Some(f) = free
                && !message.is_null()
            {
                // SAFETY: made by the function that was registered with this one.
                unsafe { f(message) };
            }
        }
        // SAFETY: null, or made by `finish`.
        if let Some(data) = unsafe { BufferRef::from_raw(s.rpc_data.replace(null_mut())) } {
            data.free();
        }
        // SAFETY: nobody uses it any more.
        unsafe { unbox(self.0.as_ptr()) };
        // The reference that the call held.
        drop(Pin(base));
    }
    /// Calls the hooks. None: the call goes on right now; else all has been done.
    fn hooks(self, kind: EVRPC_HOOK_TYPE, data: BufferRef, resume: Resume) -> After {
        let s = self.get();
        if !s.base.get().hooks.any(kind) {
            return After::GoOn;
        }
        if s.call.associate(s.http_req, null_mut()).is_err() {
            return After::Fail;
        }
        let _pin = s.base.pin();
        let hooks = &s.base.get().hooks;
        // SAFETY: the call and its parts stay until it is answered, the base is pinned.
        let after = unsafe { hooks.run(kind, self.ctx(), s.http_req, data.as_ptr()) };
        if after == After::Wait && (s.base.get().freed.get() || hooks.pause(self.ctx(), resume).is_err()) {
            return After::Fail;
        }
        after
    }

    /// Reads the request and hands it to the program.
    fn serve(self) {
        if self.read().is_err() {
            return self.fail();
        }
        let s = self.get();
        match s.how.cb {
            // SAFETY: what the program registered together.
            Some(f) => unsafe { f(self.ctx().cast(), s.how.cb_arg) },
            None => self.fail(),
        }
    }
    fn read(self) -> Result<()> {
        let s = self.get();
        let make = |f: evrpc_new_fn, arg| {
            // SAFETY: what the program registered together.
            let p = f.map_or(null_mut(), |f| unsafe { f(arg) });
            if p.is_null() { Err(Error::NoMem) } else { Ok(p) }
        };
        s.request.set(make(s.how.request_new, s.how.request_new_arg)?);
        let body = self.req().and_then(ReqRef::input_buffer).ok_or(Error::Invalid)?;
        let f = s.how.request_unmarshal.ok_or(Error::Invalid)?;
        // SAFETY: a message that the program has made, and a live buffer.
        if unsafe { f(s.request.get(), body.as_ptr()) } == -1 {
            return Err(Error::Invalid);
        }
        s.reply.set(make(s.how.reply_new, s.how.reply_new_arg)?);
        Ok(())
    }

    /// `evrpc_request_done`
    pub fn done(self) {
        let s = self.get();
        if s.done.replace(true) {
            return crate::warnx!("evrpc_request_done: the call has been answered");
        }
        match self.write() {
            Err(_) => self.fail(),
            Ok(data) => match self.hooks(EVRPC_HOOK_TYPE::EVRPC_OUTPUT, data, resume_output) {
                After::GoOn => self.send(),
                After::Fail => self.fail(),
                After::Wait => {}
            },
        }
    }
    fn write(self) -> Result<BufferRef> {
        let s = self.get();
        let complete = s.how.reply_complete.ok_or(Error::Invalid)?;
        // SAFETY: a reply that the program has made.
        if unsafe { complete(s.reply.get()) } == -1 {
            return Err(Error::Invalid);
        }
        let data = BufferRef::new()?;
        s.rpc_data.set(data.as_ptr());
        let marshal = s.how.reply_marshal.ok_or(Error::Invalid)?;
        // SAFETY: as above, into a buffer of ours.
        unsafe { marshal(data.as_ptr(), s.reply.get()) };
        Ok(data)
    }
    fn send(self) {
        let s = self.get();
        if let Some(req) = self.req() {
            if let Some(headers) = req.output_headers()
                && headers.find(b"Content-Type").is_none()
                && headers.add(b"Content-Type", b"application/octet-stream").is_err()
            {
                return self.fail();
            }
            // SAFETY: null, or made by `write`.
            let data = unsafe { BufferRef::from_raw(s.rpc_data.get()) };
            reply::send_reply(req, HTTP_OK, Some(b"OK"), data);
        }
        self.end();
    }
}

/// The server has a request for one of ours.
///
/// # Safety
/// `req` is a live request and `arg` a registered RPC.
unsafe extern "C" fn on_request(req: *mut evhttp_request, arg: *mut c_void) {
    let rpc = arg.cast::<evrpc>();
    // SAFETY: the contract above.
    let Some(req) = (unsafe { ReqRef::from_raw(req) }) else { return };
    // SAFETY: as above; it is registered with a live base.
    let (how, base) = unsafe { (std::ptr::read(rpc), RpcBaseRef::from_raw((*rpc).base)) };
    let body = req.input_buffer().filter(|b| !b.is_empty());
    let made = match (base, body) {
        (Some(base), Some(body)) if req.method() == evhttp_cmd_type::EVHTTP_REQ_POST => {
            let serving = Serving {
                call: Call::new(),
                request: Cell::new(null_mut()),
                reply: Cell::new(null_mut()),
                rpc,
                http_req: req.as_ptr(),
                rpc_data: Cell::new(null_mut()),
                how,
                base,
                done: Cell::new(false),
            };
            boxed(serving).map(|p| (p, base, body))
        }
        _ => Err(Error::Invalid),
    };
    let Ok((p, base, body)) = made else {
        return reply::send_error(req, HTTP_SERVUNAVAIL, None);
    };
    base.get().refs.up();
    // SAFETY: a box is not null.
    let call = ServingRef(unsafe { NonNull::new_unchecked(p) });
    match call.hooks(EVRPC_HOOK_TYPE::EVRPC_INPUT, body, resume_input) {
        After::GoOn => call.serve(),
        After::Fail => call.fail(),
        After::Wait => {}
    }
}

/// # Safety
/// `ctx` is a call that was paused before its request was read.
unsafe fn resume_input(ctx: *mut c_void, go_on: bool) {
    let Some(call) = NonNull::new(ctx.cast()).map(ServingRef) else { return };
    if go_on { call.serve() } else { call.fail() }
}
/// # Safety
/// `ctx` is a call that was paused before its reply was sent.
unsafe fn resume_output(ctx: *mut c_void, go_on: bool) {
    let Some(call) = NonNull::new(ctx.cast()).map(ServingRef) else { return };
    if go_on { call.send() } else { call.fail() }
}
