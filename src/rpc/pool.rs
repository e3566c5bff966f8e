//! A client's connections and the calls on them.
//!
//! A call waits in the pool until one of the connections has nothing to do. Its messages are the program's; the call
//! itself is ours from the moment it is made, and ends with its callback.
use super::hooks::{After, Hooks, Resume};
use super::meta::Call;
use super::{Count, List, boxed, unbox, uri};
use crate::abi::buffer::evbuffer;
use crate::abi::event::{Ev, event, event_base};
use crate::abi::http::{HTTP_OK, ReqFlags, evhttp_cmd_type, evhttp_request};
use crate::abi::rpc::{
    EVRPC_HOOK_TYPE, EVRPC_STATUS_ERR_BADPAYLOAD, EVRPC_STATUS_ERR_HOOKABORTED, EVRPC_STATUS_ERR_NONE,
    EVRPC_STATUS_ERR_TIMEOUT, EVRPC_STATUS_ERR_UNSTARTED, evrpc_client_cb, evrpc_free_fn, evrpc_marshal_fn,
    evrpc_pool, evrpc_request_wrapper, evrpc_status, evrpc_unmarshal_fn,
};
use crate::abi::util::evutil_socket_t;
use crate::base::{BaseRef, EventRef};
use crate::buffer::BufferRef;
use crate::http::client;
use crate::http::connection::ConRef;
use crate::http::request::ReqRef;
use crate::mem::{TryVec, Vec, new_vec};
use crate::sys::c::timeval;
use crate::{Error, Result};
use std::cell::{Cell, UnsafeCell};
use std::ffi::{c_int, c_short, c_void};
use std::ptr::{NonNull, null_mut};

#[repr(C)]
struct Pool {
    hooks: Hooks,
    base: *mut event_base,
    connections: List<ConRef>,
    /// Calls that wait for a connection, first to last.
    waiting: List<CallRef>,
    /// Calls that are on a connection, or paused.
    started: List<CallRef>,
    /// Seconds; 0: none, below 0: not set.
    timeout: Cell<c_int>,
    refs: Count,
    freed: Cell<bool>,
}

/// A handle on a pool; copying it keeps nothing alive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct PoolRef(NonNull<evrpc_pool>);

/// Keeps a pool's memory.
struct Pin(PoolRef);
impl Drop for Pin {
    fn drop(&mut self) {
        if self.0.get().refs.down() {
            // SAFETY: made by `new`; nobody refers to it any more.
            unsafe { unbox(self.0.0.as_ptr().cast::<Pool>()) };
        }
    }
}

impl PoolRef {
    /// # Safety
    /// `p` is null or a live pool, and stays so while any copy of the handle is used.
    pub unsafe fn from_raw(p: *mut evrpc_pool) -> Option<PoolRef> {
        NonNull::new(p).map(PoolRef)
    }
    pub fn as_ptr(self) -> *mut evrpc_pool {
        self.0.as_ptr()
    }
    fn get<'a>(self) -> &'a Pool {
        // SAFETY: the handle's pool is alive; it holds cells only.
        unsafe { self.0.cast::<Pool>().as_ref() }
    }
    fn pin(self) -> Pin {
        self.get().refs.up();
        Pin(self)
    }

    /// `evrpc_pool_new`
    pub fn new(base: Option<BaseRef>) -> Result<PoolRef> {
        let p = boxed(Pool {
            hooks: Hooks::new(),
            base: base.map_or(null_mut(), BaseRef::as_ptr),
            connections: List::new(),
            waiting: List::new(),
            started: List::new(),
            timeout: Cell::new(-1),
            refs: Count::new(),
            freed: Cell::new(false),
        })?;
        NonNull::new(p.cast()).map(PoolRef).ok_or(Error::NoMem)
    }
    /// `evrpc_pool_free`: frees its connections too, and its calls without calling them back.
    pub fn free(self) {
        let pool = self.get();
        if pool.freed.replace(true) {
            return;
        }
        // The reference of its existence goes with this guard.
        let _pin = Pin(self);
        while let Some(call) = pool.waiting.take(0) {
            call.end();
        }
        while let Some(call) = pool.started.get(0) {
            call.abandon();
        }
        while let Some(con) = pool.connections.take(0) {
            con.free();
        }
    }

    /// `evrpc_pool_add_connection`
    pub fn add_connection(self, con: ConRef) -> Result<()> {
        let pool = self.get();
        if con.server().is_some() || pool.freed.get() || pool.connections.position(|c| c == con).is_some() {
            crate::warnx!("evrpc_pool_add_connection: not a new connection of a client");
            return Err(Error::Invalid);
        }
        pool.connections.push(con)?;
        // SAFETY: a pool's base outlives it: that is the program's duty.
        if let Some(base) = unsafe { BaseRef::from_raw(pool.base) }
            && con.base() != Some(base)
        {
            con.set_base(base);
        }
        if !con.has_timeout() {
            con.set_timeout(seconds(pool.timeout.get()));
        }
        self.schedule();
        Ok(())
    }
    /// `evrpc_pool_remove_connection`: the connection is the program's again; a call on it goes on.
    pub fn remove_connection(self, con: ConRef) {
        self.get().connections.remove(con);
    }
    /// `evrpc_pool_set_timeout`
    pub fn set_timeout(self, timeout: c_int) {
        let pool = self.get();
        let mut at = 0;
        while let Some(con) = pool.connections.get(at) {
            con.set_timeout(seconds(timeout));
            at += 1;
        }
        pool.timeout.set(timeout);
    }

    /// Starts what waits, as long as there are connections without work.
    fn schedule(self) {
        let _pin = self.pin();
        let pool = self.get();
        while !pool.freed.get() && !pool.waiting.is_empty() {
            let idle = pool.connections.position(|c| !c.has_requests());
            let Some(con) = idle.and_then(|at| pool.connections.get(at)) else { return };
            let Some(call) = pool.waiting.take(0) else { return };
            call.start(con);
        }
    }
}

fn seconds(n: c_int) -> Option<timeval> {
    (n >= 0).then_some(timeval { tv_sec: n.into(), tv_usec: 0 })
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    New,
    Waiting,
    /// Paused, or with a request on a connection.
    Started,
    /// Its callback has been called, or never will be.
    Over,
}

/// A call of the client.
#[repr(C)]
struct Calling {
    call: Call,
    pool: Cell<*mut evrpc_pool>,
    con: Cell<Option<ConRef>>,
    /// The HTTP request. It is owned, so that the HTTP client never frees it.
    req: Cell<Option<ReqRef>>,
    timer: UnsafeCell<event>,
    has_timer: Cell<bool>,
    name: Vec<u8>,
    cb: Cell<evrpc_client_cb>,
    cb_arg: Cell<*mut c_void>,
    request: *mut c_void,
    reply: *mut c_void,
    marshal: evrpc_marshal_fn,
    clear: evrpc_free_fn,
    unmarshal: evrpc_unmarshal_fn,
    state: Cell<State>,
    refs: Count,
}

/// What a call is made of.
pub struct Order<'a> {
    pub pool: Option<PoolRef>,
    pub name: &'a [u8],
    pub request: *mut c_void,
    pub reply: *mut c_void,
    pub marshal: evrpc_marshal_fn,
    pub clear: evrpc_free_fn,
    pub unmarshal: evrpc_unmarshal_fn,
    pub cb: evrpc_client_cb,
    pub cb_arg: *mut c_void,
}

/// A handle on a call; copying it keeps nothing alive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct CallRef(NonNull<evrpc_request_wrapper>);

/// Keeps a call's memory.
struct CallPin(CallRef);
impl Drop for CallPin {
    fn drop(&mut self) {
        if self.0.get().refs.down() {
            // SAFETY: made by `new`; nobody refers to it any more.
            unsafe { unbox(self.0.0.as_ptr().cast::<Calling>()) };
        }
    }
}

impl CallRef {
    /// # Safety
    /// `p` is null or a call that has not ended, and stays so while any copy of the handle is used.
    pub unsafe fn from_raw(p: *mut evrpc_request_wrapper) -> Option<CallRef> {
        NonNull::new(p).map(CallRef)
    }
    pub fn as_ptr(self) -> *mut evrpc_request_wrapper {
        self.0.as_ptr()
    }
    fn get<'a>(self) -> &'a Calling {
        // SAFETY: the handle's call is alive; it holds cells only.
        unsafe { self.0.cast::<Calling>().as_ref() }
    }
    fn ctx(self) -> *mut c_void {
        self.as_ptr().cast()
    }
    fn pin(self) -> CallPin {
        self.get().refs.up();
        CallPin(self)
    }
    fn timer(self) -> Option<EventRef> {
        // SAFETY: a field of the live call.
        unsafe { EventRef::from_raw(self.get().timer.get()) }
    }

    /// `evrpc_make_request_ctx`
    pub fn new(order: &Order) -> Result<CallRef> {
        let mut name = new_vec();
        name.try_extend(order.name)?;
        let p = boxed(Calling {
            call: Call::new(),
            pool: Cell::new(order.pool.map_or(null_mut(), PoolRef::as_ptr)),
            con: Cell::new(None),
            req: Cell::new(None),
            // SAFETY: all zero is an event that was not assigned.
            timer: UnsafeCell::new(unsafe { std::mem::zeroed() }),
            has_timer: Cell::new(false),
            name,
            cb: Cell::new(order.cb),
            cb_arg: Cell::new(order.cb_arg),
            request: order.request,
            reply: order.reply,
            marshal: order.marshal,
            clear: order.clear,
            unmarshal: order.unmarshal,
            state: Cell::new(State::New),
            refs: Count::new(),
        })?;
        NonNull::new(p.cast()).map(CallRef).ok_or(Error::NoMem)
    }
    pub fn pool(self) -> Option<PoolRef> {
        // SAFETY: a call's pool is alive until the call has ended.
        unsafe { PoolRef::from_raw(self.get().pool.get()) }
    }
    fn stop_timer(self) {
        if let Some(timer) = self.timer().filter(|_| self.get().has_timer.get()) {
            let _ = timer.del_noblock();
        }
    }
    /// `evrpc_request_set_pool`: only before it is made.
    pub fn set_pool(self, pool: Option<PoolRef>) {
        if self.get().state.get() != State::New {
            return crate::warnx!("evrpc_request_set_pool: the call has begun");
        }
        self.get().pool.set(pool.map_or(null_mut(), PoolRef::as_ptr));
    }
    pub fn set_cb(self, cb: evrpc_client_cb, arg: *mut c_void) {
        self.get().cb.set(cb);
        self.get().cb_arg.set(arg);
    }

    /// `evrpc_make_request`. Without a connection that has time it waits for one. A call that cannot be begun is freed.
    pub fn make(self) -> Result<()> {
        if self.get().state.get() != State::New {
            crate::warnx!("evrpc_make_request: the call has begun");
            return Err(Error::Invalid);
        }
        let pool = self.queue().inspect_err(|_| self.end())?;
        pool.schedule();
        Ok(())
    }
    fn queue(self) -> Result<PoolRef> {
        let c = self.get();
        let pool = self.pool().filter(|p| !p.get().freed.get()).ok_or(Error::Invalid)?;
        // SAFETY: a pool's base outlives it.
        let base = unsafe { BaseRef::from_raw(pool.get().base) };
        let timer = self.timer().ok_or(Error::Invalid)?;
        timer.assign(base, -1, Ev::empty(), Some(on_timeout), self.ctx())?;
        c.has_timer.set(true);
        pool.get().waiting.push(self)?;
        c.state.set(State::Waiting);
        Ok(pool)
    }
    /// Begins it on a connection.
    fn start(self, con: ConRef) {
        let _pin = self.pin();
        let c = self.get();
        let Some(pool) = self.pool() else { return };
        c.state.set(State::Started);
        c.con.set(Some(con));
        if pool.get().started.push(self).is_err() || self.write().is_err() {
            return self.end_unstarted();
        }
        if c.state.get() != State::Started {
            return;
        }
        match self.hooks(EVRPC_HOOK_TYPE::EVRPC_OUTPUT, ReqRef::output_buffer, resume_start) {
            After::GoOn => self.send(),
            After::Fail => self.end_unstarted(),
            After::Wait => {}
        }
    }
    /// Makes the HTTP request.
    fn write(self) -> Result<()> {
        let c = self.get();
        let req = ReqRef::new(Some(on_response), self.ctx())?;
        req.set_flag(ReqFlags::USER_OWNED, true);
        c.req.set(Some(req));
        let (f, body) = (c.marshal.ok_or(Error::Invalid)?, req.output_buffer().ok_or(Error::Invalid)?);
        // SAFETY: what the program gave together, and a live buffer.
        unsafe { f(body.as_ptr(), c.request) };
        Ok(())
    }
    fn send(self) {
        let _pin = self.pin();
        let c = self.get();
        let (Some(mut con), Some(req), Some(pool)) = (c.con.get(), c.req.get(), self.pool()) else { return };
        // It may have been taken out of the pool while the call was paused.
        if pool.get().connections.position(|other| other == con).is_none() {
            let Some(other) = pool.get().connections.get(0) else { return self.end_unstarted() };
            con = other;
        }
        let Ok(path) = uri(&c.name) else { return self.end_unstarted() };
        if let Some(tv) = seconds(pool.get().timeout.get()).filter(|tv| tv.tv_sec > 0)
            && self.timer().is_none_or(|t| t.add(Some(&tv)).is_err())
        {
            return self.end_unstarted();
        }
        if con.make_request(req, evhttp_cmd_type::EVHTTP_REQ_POST, &path).is_err() {
            self.end_unstarted();
        }
    }
    /// Calls the hooks.
    fn hooks(self, kind: EVRPC_HOOK_TYPE, data: fn(ReqRef) -> Option<BufferRef>, resume: Resume) -> After {
        let c = self.get();
        let (Some(pool), Some(req)) = (self.pool(), c.req.get()) else { return After::Fail };
        let Some(data): Option<*mut evbuffer> = data(req).map(BufferRef::as_ptr) else { return After::Fail };
        if !pool.get().hooks.any(kind) {
            return After::GoOn;
        }
        let con = c.con.get().map_or(null_mut(), ConRef::as_ptr);
        if c.call.associate(null_mut(), con).is_err() {
            return After::Fail;
        }
        let _pins = (self.pin(), pool.pin());
        // SAFETY: the call and the pool are pinned; the request is ours or kept by the HTTP client.
        let after = unsafe { pool.get().hooks.run(kind, self.ctx(), req.as_ptr(), data) };
        if c.state.get() != State::Started {
            // The pool was freed.
            return After::Wait;
        }
        if after == After::Wait && pool.get().hooks.pause(self.ctx(), resume).is_err() {
            return After::Fail;
        }
        after
    }

    /// The answer is there, or none will come.
    fn answered(self, answer: bool) {
        let _pin = self.pin();
        let c = self.get();
        if c.state.get() != State::Started {
            return;
        }
        self.stop_timer();
        if !answer {
            return self.finish(EVRPC_STATUS_ERR_TIMEOUT);
        }
        match self.hooks(EVRPC_HOOK_TYPE::EVRPC_INPUT, ReqRef::input_buffer, resume_answer) {
            After::GoOn => self.read(),
            After::Fail => self.finish(EVRPC_STATUS_ERR_HOOKABORTED),
            After::Wait => {}
        }
    }
    fn read(self) {
        let c = self.get();
        let body = c.req.get().filter(|r| r.response_code() == HTTP_OK).and_then(ReqRef::input_buffer);
        let error = match (body, c.unmarshal) {
            // SAFETY: what the program gave together, and a live buffer.
            (Some(body), Some(f)) if unsafe { f(c.reply, body.as_ptr()) } != -1 => EVRPC_STATUS_ERR_NONE,
            _ => EVRPC_STATUS_ERR_BADPAYLOAD,
        };
        if c.state.get() == State::Started {
            self.finish(error);
        }
    }
    fn end_unstarted(self) {
        if self.get().state.get() == State::Started {
            self.finish(EVRPC_STATUS_ERR_UNSTARTED);
        }
    }
    /// Tells the program and ends.
    fn finish(self, error: c_int) {
        let c = self.get();
        let pool = self.pool();
        let _pin = pool.map(PoolRef::pin);
        c.state.set(State::Over);
        if let Some(p) = pool {
            p.get().started.remove(self);
            p.get().hooks.forget(self.ctx());
        }
        if !matches!(error, EVRPC_STATUS_ERR_NONE | EVRPC_STATUS_ERR_UNSTARTED)
            && let Some(f) = c.clear
        {
            // What was read so far. SAFETY: what the program gave together.
            unsafe { f(c.reply) };
        }
        let req = c.req.take();
        let unanswered = matches!(error, EVRPC_STATUS_ERR_TIMEOUT | EVRPC_STATUS_ERR_UNSTARTED);
        let shown = req.filter(|_| !unanswered).map_or(null_mut(), ReqRef::as_ptr);
        let mut status = evrpc_status { error, http_req: shown };
        if let Some(f) = c.cb.get() {
            // SAFETY: what the program gave together.
            unsafe { f(&raw mut status, c.request, c.reply, c.cb_arg.get()) };
        }
        req.into_iter().for_each(ReqRef::free);
        self.end();
        if let Some(p) = pool {
            p.schedule();
        }
    }
    /// The pool goes: nobody is told.
    fn abandon(self) {
        let _pin = self.pin();
        let c = self.get();
        c.state.set(State::Over);
        if let Some(p) = self.pool() {
            p.get().started.remove(self);
            p.get().hooks.forget(self.ctx());
        }
        if let Some(req) = c.req.take() {
            take_back(req);
            req.free();
        }
        self.end();
    }
    /// Lets go of it.
    fn end(self) {
        let c = self.get();
        c.state.set(State::Over);
        c.pool.set(null_mut());
        self.stop_timer();
        if let Some(timer) = self.timer().filter(|_| c.has_timer.replace(false)) {
            timer.unassign();
        }
        // The reference of its existence.
        drop(CallPin(self));
    }
}

/// Takes a request of ours off its connection; its callback is not called any more.
fn take_back(req: ReqRef) {
    if req.connection().is_some() {
        client::cancel(req);
    }
}

/// # Safety
/// `arg` is the call whose request this was; `req` is null or that request.
unsafe extern "C" fn on_response(req: *mut evhttp_request, arg: *mut c_void) {
    // SAFETY: the contract above: a call takes its request back before it ends.
    if let (Some(call), req) = unsafe { (CallRef::from_raw(arg.cast()), ReqRef::from_raw(req)) } {
        // A connection that could not be made has a code of 0.
        call.answered(req.is_some_and(|r| r.response_code() != 0));
    }
}
/// # Safety
/// `arg` is a live call: its timer ends before it.
unsafe extern "C" fn on_timeout(_: evutil_socket_t, _: c_short, arg: *mut c_void) {
    // SAFETY: the contract above.
    let Some(call) = (unsafe { CallRef::from_raw(arg.cast()) }) else { return };
    let _pin = call.pin();
    if call.get().state.get() == State::Started {
        call.get().req.get().into_iter().for_each(take_back);
        call.finish(EVRPC_STATUS_ERR_TIMEOUT);
    }
}
/// # Safety
/// `ctx` is a call that was paused before it was sent.
unsafe fn resume_start(ctx: *mut c_void, go_on: bool) {
    // SAFETY: the contract above.
    let Some(call) = (unsafe { CallRef::from_raw(ctx.cast()) }) else { return };
    let _pin = call.pin();
    if go_on { call.send() } else { call.end_unstarted() }
}
/// # Safety
/// `ctx` is a call that was paused when its answer had come.
unsafe fn resume_answer(ctx: *mut c_void, go_on: bool) {
    // SAFETY: the contract above.
    let Some(call) = (unsafe { CallRef::from_raw(ctx.cast()) }) else { return };
    let _pin = call.pin();
    if go_on { call.read() } else { call.finish(EVRPC_STATUS_ERR_HOOKABORTED) }
}
