//! event2/rpc.h
use oxievent::abi::buffer::evbuffer;
use oxievent::abi::event::event_base;
use oxievent::abi::http::{evhttp, evhttp_connection, evhttp_request};
use oxievent::abi::rpc::{
    EVRPC_HOOK_RESULT, EVRPC_HOOK_TYPE, EVRPC_STATUS_ERR_UNSTARTED, evrpc, evrpc_base, evrpc_pool,
    evrpc_req_generic, evrpc_request_wrapper, evrpc_status,
};
use oxievent::base::BaseRef;
use oxievent::http::connection::ConRef;
use oxievent::http::server::ServerRef;
use oxievent::rpc::hooks::Hooks;
use oxievent::rpc::meta::Call;
use oxievent::rpc::pool::{CallRef, Order, PoolRef};
use oxievent::rpc::server::{RpcBaseRef, ServingRef};
use oxievent::{Result, mem};
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr::null_mut;

/// The bytes of a C string.
///
/// # Safety
/// Rule 2 for `s`.
unsafe fn text<'a>(s: *const c_char) -> Option<&'a [u8]> {
    // SAFETY: the caller's promise.
    (!s.is_null()).then(|| unsafe { CStr::from_ptr(s) }.to_bytes())
}
/// 0, or -1 with errno.
fn done(r: Result<()>) -> c_int {
    r.map_or_else(|e| e.to_c(), |()| 0)
}

/// Makes a base, on which a server's RPCs are registered.
///
/// @param server the HTTP server. It must not be freed before the base is
/// @return the base, to be released with evrpc_free(), or NULL
///
/// # Safety
/// Rule 1 for `server`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_init(server: *mut evhttp) -> *mut evrpc_base {
    // SAFETY: rule 1.
    RpcBaseRef::new(unsafe { ServerRef::from_raw(server) }).map_or(null_mut(), RpcBaseRef::as_ptr)
}

/// Frees a base. What it offers is not offered any more. Calls that a hook has
/// paused are answered with an error; those that the program has may still be
/// finished.
///
/// @param base the base, or NULL
///
/// # Safety
/// Rule 1 for `base`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_free(base: *mut evrpc_base) {
    // SAFETY: rule 1.
    if let Some(base) = unsafe { RpcBaseRef::from_raw(base) } {
        base.free();
    }
}

/// Offers an RPC: what EVRPC_REGISTER uses. Each name can be offered once.
///
/// @param base the base
/// @param name the RPC's name; it is copied
/// @param callback called with each request that could be read
/// @param cbarg passed to it
/// @param req_new makes an empty request from `req_new_arg`
/// @param req_new_arg passed to it
/// @param req_free frees a request
/// @param req_unmarshal reads a request: 0, or -1
/// @param rpl_new makes an empty reply from `rpl_new_arg`
/// @param rpl_new_arg passed to it
/// @param rpl_free frees a reply
/// @param rpl_complete whether a reply can be sent: 0, or -1
/// @param rpl_marshal writes a reply
/// @return 0 on success, -1 on failure
///
/// # Safety
/// Rule 1 for `base`, rule 2 for `name`; the functions fit each other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_register_generic(
    base: *mut evrpc_base,
    name: *const c_char,
    callback: Option<unsafe extern "C" fn(*mut evrpc_req_generic, *mut c_void)>,
    cbarg: *mut c_void,
    req_new: Option<unsafe extern "C" fn(*mut c_void) -> *mut c_void>,
    req_new_arg: *mut c_void,
    req_free: Option<unsafe extern "C" fn(*mut c_void)>,
    req_unmarshal: Option<unsafe extern "C" fn(*mut c_void, *mut evbuffer) -> c_int>,
    rpl_new: Option<unsafe extern "C" fn(*mut c_void) -> *mut c_void>,
    rpl_new_arg: *mut c_void,
    rpl_free: Option<unsafe extern "C" fn(*mut c_void)>,
    rpl_complete: Option<unsafe extern "C" fn(*mut c_void) -> c_int>,
    rpl_marshal: Option<unsafe extern "C" fn(*mut evbuffer, *mut c_void)>,
) -> c_int {
    // SAFETY: rules 1 and 2.
    let (Some(base), Some(name)) = (unsafe { (RpcBaseRef::from_raw(base), text(name)) }) else { return -1 };
    let rpc = mem::calloc(1, size_of::<evrpc>()).cast::<evrpc>();
    let Ok(uri) = oxievent::http::text::duplicate(name) else {
        // SAFETY: null, or from above.
        unsafe { mem::free(rpc.cast()) };
        return -1;
    };
    // SAFETY: room for the struct, whose zeros are valid; what cannot be registered is freed again.
    unsafe {
        if !rpc.is_null() {
            (*rpc).uri = uri;
            (*rpc).request_new = req_new;
            (*rpc).request_new_arg = req_new_arg;
            (*rpc).request_free = req_free;
            (*rpc).request_unmarshal = req_unmarshal;
            (*rpc).reply_new = rpl_new;
            (*rpc).reply_new_arg = rpl_new_arg;
            (*rpc).reply_free = rpl_free;
            (*rpc).reply_complete = rpl_complete;
            (*rpc).reply_marshal = rpl_marshal;
            if base.register(rpc, callback, cbarg).is_ok() {
                return 0;
            }
        }
        mem::free(uri.cast());
        mem::free(rpc.cast());
    }
    -1
}

/// Offers an RPC that the program describes itself. EVRPC_REGISTER is easier.
///
/// @param base the base
/// @param rpc the description, with all but its callback and its base filled
///   in. It and its name must be from the allocator of the library (malloc,
///   unless event_set_mem_functions() was called); they are the library's when
///   this succeeds
/// @param cb called with each request that could be read
/// @param cb_arg passed to it
/// @return 0 on success, -1 on failure
///
/// # Safety
/// Rule 1 for `base`; `rpc` as told.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_register_rpc(
    base: *mut evrpc_base,
    rpc: *mut evrpc,
    cb: Option<unsafe extern "C" fn(*mut evrpc_req_generic, *mut c_void)>,
    cb_arg: *mut c_void,
) -> c_int {
    // SAFETY: rule 1.
    let Some(base) = (unsafe { RpcBaseRef::from_raw(base) }) else { return -1 };
    // SAFETY: the caller's promise.
    unsafe {
        if rpc.is_null() || (*rpc).uri.is_null() {
            return -1;
        }
        done(base.register(rpc, cb, cb_arg))
    }
}

/// Does not offer an RPC any more. Calls of it that are being served go on.
///
/// @param base the base
/// @param name the RPC's name
/// @return 0 on success, -1 if it is not offered
///
/// # Safety
/// Rule 1 for `base`, rule 2 for `name`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_unregister_rpc(base: *mut evrpc_base, name: *const c_char) -> c_int {
    // SAFETY: rules 1 and 2.
    match unsafe { (RpcBaseRef::from_raw(base), text(name)) } {
        (Some(base), Some(name)) => base.unregister(name).map_or(-1, |()| 0),
        _ => -1,
    }
}

/// Sends the reply of a call: what EVRPC_REQUEST_DONE uses.
///
/// @param req the call, which is gone afterwards
///
/// # Safety
/// Rule 1 for `req`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_request_done(req: *mut evrpc_req_generic) {
    // SAFETY: rule 1.
    if let Some(call) = unsafe { ServingRef::from_raw(req) } {
        call.done();
    }
}

/// The request of a call that is served.
///
/// @param req the call
/// @return the message
///
/// # Safety
/// Rule 1 for `req`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_get_request(req: *mut evrpc_req_generic) -> *mut c_void {
    // SAFETY: rule 1.
    unsafe { ServingRef::from_raw(req) }.map_or(null_mut(), ServingRef::request)
}

/// The reply of a call that is served.
///
/// @param req the call
/// @return the message, to be filled in
///
/// # Safety
/// Rule 1 for `req`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_get_reply(req: *mut evrpc_req_generic) -> *mut c_void {
    // SAFETY: rule 1.
    unsafe { ServingRef::from_raw(req) }.map_or(null_mut(), ServingRef::reply)
}

/// Makes a pool: connections of a client, over which calls are made.
///
/// @param base the event base of its connections, or NULL for those that have
///   one, or for the base that event_init() made
/// @return the pool, to be released with evrpc_pool_free(), or NULL
///
/// # Safety
/// Rule 1 for `base`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_pool_new(base: *mut event_base) -> *mut evrpc_pool {
    // SAFETY: rule 1.
    PoolRef::new(unsafe { BaseRef::from_raw(base) }).map_or(null_mut(), PoolRef::as_ptr)
}

/// Frees a pool and its connections. The callbacks of its calls are not
/// called.
///
/// @param pool the pool, or NULL
///
/// # Safety
/// Rule 1 for `pool`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_pool_free(pool: *mut evrpc_pool) {
    // SAFETY: rule 1.
    if let Some(pool) = unsafe { PoolRef::from_raw(pool) } {
        pool.free();
    }
}

/// Adds a connection to a pool, which owns it from then on. Waiting calls
/// begin.
///
/// @param pool the pool
/// @param evcon a connection that evhttp_connection_base_new() has made. It
///   gets the pool's base and, if it has none of its own, the pool's timeout
///
/// # Safety
/// Rule 1 for both.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_pool_add_connection(pool: *mut evrpc_pool, evcon: *mut evhttp_connection) {
    // SAFETY: rule 1.
    if let (Some(pool), Some(con)) = unsafe { (PoolRef::from_raw(pool), ConRef::from_raw(evcon)) } {
        let _ = pool.add_connection(con);
    }
}

/// Takes a connection out of a pool. It is the program's again; a call that is
/// on it goes on, so it must not be freed before that has ended.
///
/// @param pool the pool
/// @param evcon the connection
///
/// # Safety
/// Rule 1 for both.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_pool_remove_connection(pool: *mut evrpc_pool, evcon: *mut evhttp_connection) {
    // SAFETY: rule 1.
    if let (Some(pool), Some(con)) = unsafe { (PoolRef::from_raw(pool), ConRef::from_raw(evcon)) } {
        pool.remove_connection(con);
    }
}

/// Sets the time that a call may take, from when its request is sent. After it
/// the connection is closed and the callback told EVRPC_STATUS_ERR_TIMEOUT.
///
/// @param pool the pool; connections that are in it get this timeout too
/// @param timeout_in_secs seconds; 0: as long as it takes; below 0: no limit
///   for calls, and the HTTP client's own for its connections
///
/// # Safety
/// Rule 1 for `pool`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_pool_set_timeout(pool: *mut evrpc_pool, timeout_in_secs: c_int) {
    // SAFETY: rule 1.
    if let Some(pool) = unsafe { PoolRef::from_raw(pool) } {
        pool.set_timeout(timeout_in_secs);
    }
}

/// Prepares a call: what EVRPC_MAKE_CTX uses.
///
/// @param pool the pool
/// @param request the request; it stays the program's
/// @param reply the reply, to be filled in; it stays the program's
/// @param rpcname the RPC's name; it is copied
/// @param req_marshal writes a request
/// @param rpl_clear empties a reply
/// @param rpl_unmarshal reads a reply: 0, or -1
/// @param cb called once when the call has ended, with the status, the
///   messages and the argument
/// @param cbarg passed to it
/// @return the call, to be begun with evrpc_make_request(), or NULL
///
/// # Safety
/// Rule 1 for `pool`, rule 2 for `rpcname`; the functions fit the messages.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_make_request_ctx(
    pool: *mut evrpc_pool,
    request: *mut c_void,
    reply: *mut c_void,
    rpcname: *const c_char,
    req_marshal: Option<unsafe extern "C" fn(*mut evbuffer, *mut c_void)>,
    rpl_clear: Option<unsafe extern "C" fn(*mut c_void)>,
    rpl_unmarshal: Option<unsafe extern "C" fn(*mut c_void, *mut evbuffer) -> c_int>,
    cb: Option<unsafe extern "C" fn(*mut evrpc_status, *mut c_void, *mut c_void, *mut c_void)>,
    cbarg: *mut c_void,
) -> *mut evrpc_request_wrapper {
    // SAFETY: rules 1 and 2.
    let (pool, name) = unsafe { (PoolRef::from_raw(pool), text(rpcname)) };
    let Some(name) = name else { return null_mut() };
    let (marshal, clear, unmarshal) = (req_marshal, rpl_clear, rpl_unmarshal);
    let order = Order { pool, name, request, reply, marshal, clear, unmarshal, cb, cb_arg: cbarg };
    CallRef::new(&order).map_or(null_mut(), CallRef::as_ptr)
}

/// Begins a call. When no connection of its pool has time, it waits for one.
///
/// @param ctx the call, from EVRPC_MAKE_CTX. It is freed after its callback
/// @return 0 on success, -1 if it cannot be begun: then its callback is not
///   called, and it is freed
///
/// # Safety
/// Rule 1 for `ctx`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_make_request(ctx: *mut evrpc_request_wrapper) -> c_int {
    // SAFETY: rule 1.
    unsafe { CallRef::from_raw(ctx) }.map_or(-1, |call| done(call.make()))
}

/// Makes a call: what EVRPC_MAKE_REQUEST uses.
///
/// @param pool the pool
/// @param request the request; it stays the program's
/// @param reply the reply, to be filled in; it stays the program's
/// @param cb called once when the call has ended, with the status, the
///   messages and the argument
/// @param cb_arg passed to it
/// @param rpcname the RPC's name
/// @param req_marshal writes a request
/// @param rpl_clear empties a reply
/// @param rpl_unmarshal reads a reply: 0, or -1
/// @return 0 on success; -1 if it cannot be begun, after the callback was told
///   EVRPC_STATUS_ERR_UNSTARTED
///
/// # Safety
/// Rule 1 for `pool`, rule 2 for `rpcname`; the functions fit the messages.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_send_request_generic(
    pool: *mut evrpc_pool,
    request: *mut c_void,
    reply: *mut c_void,
    cb: Option<unsafe extern "C" fn(*mut evrpc_status, *mut c_void, *mut c_void, *mut c_void)>,
    cb_arg: *mut c_void,
    rpcname: *const c_char,
    req_marshal: Option<unsafe extern "C" fn(*mut evbuffer, *mut c_void)>,
    rpl_clear: Option<unsafe extern "C" fn(*mut c_void)>,
    rpl_unmarshal: Option<unsafe extern "C" fn(*mut c_void, *mut evbuffer) -> c_int>,
) -> c_int {
    // SAFETY: rules 1 and 2, and the caller's other promises.
    let begun = unsafe {
        let (marshal, clear, unmarshal) = (req_marshal, rpl_clear, rpl_unmarshal);
        let (pool, name) = (PoolRef::from_raw(pool), text(rpcname));
        name.is_some_and(|name| {
            let order = Order { pool, name, request, reply, marshal, clear, unmarshal, cb, cb_arg };
            CallRef::new(&order).and_then(CallRef::make).is_ok()
        })
    };
    if begun {
        return 0;
    }
    if let Some(f) = cb {
        let mut status = evrpc_status { error: EVRPC_STATUS_ERR_UNSTARTED, http_req: null_mut() };
        // SAFETY: what the program gave together.
        unsafe { f(&raw mut status, request, reply, cb_arg) };
    }
    -1
}

/// Adds a hook to a base or a pool: a function that sees, and may change, what
/// comes and goes. Hooks are called in the order in which they were added.
///
/// @param vbase a struct evrpc_base or a struct evrpc_pool
/// @param hook_type EVRPC_INPUT or EVRPC_OUTPUT
/// @param cb called with the call, its HTTP request, the buffer with the
///   message, and the argument; returns a value of enum EVRPC_HOOK_RESULT.
///   After EVRPC_PAUSE the call waits for evrpc_resume_request(); hooks behind
///   this one are not called then
/// @param cb_arg passed to it
/// @return a handle for evrpc_remove_hook(), or NULL
///
/// # Safety
/// Rule 1 for `vbase`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_add_hook(
    vbase: *mut c_void,
    hook_type: EVRPC_HOOK_TYPE,
    cb: Option<unsafe extern "C" fn(*mut c_void, *mut evhttp_request, *mut evbuffer, *mut c_void) -> c_int>,
    cb_arg: *mut c_void,
) -> *mut c_void {
    // SAFETY: rule 1.
    let hooks = unsafe { Hooks::from_raw(vbase) };
    hooks.and_then(|h| h.add(hook_type, cb, cb_arg).ok()).unwrap_or(null_mut())
}

/// Removes a hook.
///
/// @param vbase what it was added to
/// @param hook_type as it was added
/// @param handle its handle
/// @return 1 if it was removed, 0 if there is none such
///
/// # Safety
/// Rule 1 for `vbase`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_remove_hook(
    vbase: *mut c_void,
    hook_type: EVRPC_HOOK_TYPE,
    handle: *mut c_void,
) -> c_int {
    // SAFETY: rule 1.
    unsafe { Hooks::from_raw(vbase) }.is_some_and(|h| h.remove(hook_type, handle)).into()
}

/// Lets a paused call go on.
///
/// @param vbase the base or pool whose hook has paused it
/// @param ctx the call, as the hook got it
/// @param res EVRPC_CONTINUE, or EVRPC_TERMINATE to let it fail
/// @return 0 on success, -1 if no such call is paused
///
/// # Safety
/// Rule 1 for `vbase`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_resume_request(
    vbase: *mut c_void,
    ctx: *mut c_void,
    res: EVRPC_HOOK_RESULT,
) -> c_int {
    // SAFETY: rule 1.
    let resumed = unsafe { Hooks::from_raw(vbase) }.is_some_and(|h| h.resume(ctx, res));
    if resumed { 0 } else { -1 }
}

/// Remembers something about a call, for other hooks of it: those of a client
/// see it with the request and with the reply.
///
/// @param ctx the call, as a hook gets it
/// @param key its name; copied
/// @param data the data; copied. Without memory for it nothing is remembered
/// @param data_size its length in bytes
///
/// # Safety
/// Rule 1 for `ctx`, rule 2 for `key` and `data`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_hook_add_meta(
    ctx: *mut c_void,
    key: *const c_char,
    data: *const c_void,
    data_size: usize,
) {
    if data.is_null() && data_size > 0 {
        return;
    }
    // SAFETY: rules 1 and 2.
    unsafe {
        let (Some(call), Some(key)) = (Call::from_ctx(ctx), text(key)) else { return };
        let data = if data_size == 0 { &[] } else { std::slice::from_raw_parts(data.cast(), data_size) };
        let _ = call.add(key, data);
    }
}

/// Finds what evrpc_hook_add_meta() has remembered.
///
/// @param ctx the call, as a hook gets it
/// @param key its name
/// @param data where a pointer to the data goes; it is valid until the call
///   ends
/// @param data_size where its length goes
/// @return 0 on success, -1 if there is none such
///
/// # Safety
/// Rule 1 for `ctx`, rule 2 for the others.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_hook_find_meta(
    ctx: *mut c_void,
    key: *const c_char,
    data: *mut *mut c_void,
    data_size: *mut usize,
) -> c_int {
    // SAFETY: rules 1 and 2.
    unsafe {
        let (Some(call), Some(key)) = (Call::from_ctx(ctx), text(key)) else { return -1 };
        let Some(found) = call.find(key) else { return -1 };
        if !data.is_null() {
            *data = found.as_ptr().cast_mut().cast();
        }
        if !data_size.is_null() {
            *data_size = found.len();
        }
    }
    0
}

/// The connection that a call is on.
///
/// @param ctx the call, as a hook gets it
/// @return the connection, or NULL
///
/// # Safety
/// Rule 1 for `ctx`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_hook_get_connection(ctx: *mut c_void) -> *mut evhttp_connection {
    // SAFETY: rule 1.
    unsafe { Call::from_ctx(ctx) }.map_or(null_mut(), Call::connection)
}

/// The pool of a client's call.
///
/// @param ctx the call
/// @return the pool
///
/// # Safety
/// Rule 1 for `ctx`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_request_get_pool(ctx: *mut evrpc_request_wrapper) -> *mut evrpc_pool {
    // SAFETY: rule 1.
    unsafe { CallRef::from_raw(ctx) }.and_then(CallRef::pool).map_or(null_mut(), PoolRef::as_ptr)
}

/// Sets the pool of a client's call that has not been begun.
///
/// @param ctx the call
/// @param pool the pool
///
/// # Safety
/// Rule 1 for both.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_request_set_pool(ctx: *mut evrpc_request_wrapper, pool: *mut evrpc_pool) {
    // SAFETY: rule 1.
    if let Some(call) = unsafe { CallRef::from_raw(ctx) } {
        // SAFETY: rule 1.
        call.set_pool(unsafe { PoolRef::from_raw(pool) });
    }
}

/// Sets the callback of a client's call.
///
/// @param ctx the call
/// @param cb as for evrpc_make_request_ctx()
/// @param cb_arg passed to it
///
/// # Safety
/// Rule 1 for `ctx`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evrpc_request_set_cb(
    ctx: *mut evrpc_request_wrapper,
    cb: Option<unsafe extern "C" fn(*mut evrpc_status, *mut c_void, *mut c_void, *mut c_void)>,
    cb_arg: *mut c_void,
) {
    // SAFETY: rule 1.
    if let Some(call) = unsafe { CallRef::from_raw(ctx) } {
        call.set_cb(cb, cb_arg);
    }
}
