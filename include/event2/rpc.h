/* Made by cargo xtask headers. Sources: capi/src/rpc.rs */
#ifndef EVENT2_RPC_H_INCLUDED_
#define EVENT2_RPC_H_INCLUDED_

/**
 * @file event2/rpc.h
 *
 * Remote procedure calls over HTTP. Messages are described in a .rpc file, of
 * which event_rpcgen.py makes C structs and functions ("event_rpcgen.py
 * --help" tells the language).
 *
 * A call is declared once, in a header, and its code made once:
 *
 *     EVRPC_HEADER(Search, Question, Answer)
 *     EVRPC_GENERATE(Search, Question, Answer)
 *
 * A server registers it on an evhttp and answers in a callback, then or later:
 *
 *     static void on_search(EVRPC_STRUCT(Search) *rpc, void *arg)
 *     {
 *         EVTAG_ASSIGN(rpc->reply, text, "...");
 *         EVRPC_REQUEST_DONE(rpc);
 *     }
 *     struct evrpc_base *base = evrpc_init(http);
 *     EVRPC_REGISTER(base, Search, Question, Answer, on_search, NULL);
 *
 * A client has a pool of connections, and is told when the reply is there:
 *
 *     EVRPC_MAKE_REQUEST(Search, pool, question, answer, on_answer, NULL);
 *
 * A base, a pool and what belongs to them are used by one thread, that of
 * their event loop.
 */

#include <event2/util.h>
#include <event2/visibility.h>

/* ---- messages ---- */

/** Whether a member of a message is set: 1 or 0. */
#define EVTAG_HAS(msg, member) ((msg)->member##_set == 1)

#ifndef EVENT2_RPC_COMPAT_H_INCLUDED_
/** Sets a member; the value is copied. 0, or -1 if that failed. */
#define EVTAG_ASSIGN(msg, member, value) \
	(*(msg)->base->member##_assign)((msg), (value))
/** The same for bytes of any number. */
#define EVTAG_ASSIGN_WITH_LEN(msg, member, value, len) \
	(*(msg)->base->member##_assign)((msg), (value), (len))
/**
 * Gets a member: 0, or -1 if it is not set. What pointers point to stays the
 * message's. A member that is a message is made if it is not there.
 */
#define EVTAG_GET(msg, member, pvalue) \
	(*(msg)->base->member##_get)((msg), (pvalue))
/** The same for bytes of any number. */
#define EVTAG_GET_WITH_LEN(msg, member, pvalue, plen) \
	(*(msg)->base->member##_get)((msg), (pvalue), (plen))
#endif

/** Appends a value to an array: a pointer to it there, or NULL. */
#define EVTAG_ARRAY_ADD_VALUE(msg, member, value) \
	(*(msg)->base->member##_add)((msg), (value))
/** Appends an empty message to an array of messages: the message, or NULL. */
#define EVTAG_ARRAY_ADD(msg, member) (*(msg)->base->member##_add)(msg)
/** Gets an element of an array, counted from 0: 0, or -1. */
#define EVTAG_ARRAY_GET(msg, member, offset, pvalue) \
	(*(msg)->base->member##_get)((msg), (offset), (pvalue))
/** How many elements an array has. */
#define EVTAG_ARRAY_LEN(msg, member) ((msg)->member##_length)

/* ---- calls ---- */

struct evbuffer;
struct event_base;
struct evhttp;
struct evhttp_connection;
struct evhttp_request;
struct evrpc;
struct evrpc_base;
struct evrpc_hook_meta;
struct evrpc_pool;
struct evrpc_req_generic;
struct evrpc_request_wrapper;
struct evrpc_status;

/** The type of a call that a server gets, by the call's name. */
#define EVRPC_STRUCT(rpcname) struct evrpc_req__##rpcname

/**
 * Declares a call: its name, and the names of the structs of its request and
 * of its reply.
 */
#define EVRPC_HEADER(rpcname, reqstruct, rplystruct) \
	EVRPC_STRUCT(rpcname) { \
		struct evrpc_hook_meta *hook_meta; \
		struct reqstruct *request; \
		struct rplystruct *reply; \
		struct evrpc *rpc; \
		struct evhttp_request *http_req; \
		struct evbuffer *rpc_data; \
	}; \
	EVENT2_EXPORT_SYMBOL \
	int evrpc_send_request_##rpcname(struct evrpc_pool *, \
	    struct reqstruct *, struct rplystruct *, \
	    void (*)(struct evrpc_status *, struct reqstruct *, \
		struct rplystruct *, void *), void *);

/** Makes the code of a call, in one C file. */
#define EVRPC_GENERATE(rpcname, reqstruct, rplystruct) \
	int evrpc_send_request_##rpcname(struct evrpc_pool *pool, \
	    struct reqstruct *request, struct rplystruct *reply, \
	    void (*cb)(struct evrpc_status *, struct reqstruct *, \
		struct rplystruct *, void *), void *cbarg) \
	{ \
		return evrpc_send_request_generic(pool, request, reply, \
		    (void (*)(struct evrpc_status *, void *, void *, \
			void *))cb, \
		    cbarg, #rpcname, \
		    (void (*)(struct evbuffer *, void *)) \
			reqstruct##_marshal, \
		    (void (*)(void *))rplystruct##_clear, \
		    (int (*)(void *, struct evbuffer *)) \
			rplystruct##_unmarshal); \
	}

/**
 * Prepares a call without beginning it, see evrpc_make_request(). The callback
 * is as for EVRPC_MAKE_REQUEST.
 */
#define EVRPC_MAKE_CTX(rpcname, reqstruct, rplystruct, pool, request, \
    reply, cb, cbarg) \
	evrpc_make_request_ctx(pool, request, reply, #rpcname, \
	    (void (*)(struct evbuffer *, void *))reqstruct##_marshal, \
	    (void (*)(void *))rplystruct##_clear, \
	    (int (*)(void *, struct evbuffer *))rplystruct##_unmarshal, \
	    (void (*)(struct evrpc_status *, void *, void *, void *))cb, \
	    cbarg)

/**
 * Begins a call. The callback gets a struct evrpc_status (event2/rpc_struct.h),
 * the request, the reply and the argument, once; both messages must stay until
 * then. 0, or -1 if it could not be begun.
 */
#define EVRPC_MAKE_REQUEST(name, pool, request, reply, cb, cbarg) \
	evrpc_send_request_##name((pool), (request), (reply), (cb), (cbarg))

/**
 * Offers a call at a server: 0, or -1. The callback gets the call, whose reply
 * it fills in, and the argument.
 */
#define EVRPC_REGISTER(base, name, request, reply, callback, cbarg) \
	evrpc_register_generic(base, #name, \
	    (void (*)(struct evrpc_req_generic *, void *))callback, cbarg, \
	    (void *(*)(void *))request##_new_with_arg, NULL, \
	    (void (*)(void *))request##_free, \
	    (int (*)(void *, struct evbuffer *))request##_unmarshal, \
	    (void *(*)(void *))reply##_new_with_arg, NULL, \
	    (void (*)(void *))reply##_free, \
	    (int (*)(void *))reply##_complete, \
	    (void (*)(struct evbuffer *, void *))reply##_marshal)

/** Does not offer it any more: 0, or -1 if it was not offered. */
#define EVRPC_UNREGISTER(base, name) evrpc_unregister_rpc((base), #name)

/** The HTTP request that a server's call came with. */
#define EVRPC_REQUEST_HTTP(rpc_req) (rpc_req)->http_req

/**
 * Sends the reply of a server's call. The call, its request and its reply are
 * gone afterwards. A reply that lacks something is sent as an error.
 */
#define EVRPC_REQUEST_DONE(rpc_req) do { \
	struct evrpc_req_generic *req_ = \
	    (struct evrpc_req_generic *)(rpc_req); \
	evrpc_request_done(req_); \
} while (0)

#ifndef _WIN32
/** Old names of EVRPC_INPUT and EVRPC_OUTPUT. */
#define INPUT EVRPC_INPUT
#define OUTPUT EVRPC_OUTPUT
#endif

#ifdef __cplusplus
extern "C" {
#endif

struct evbuffer;
struct event_base;
struct evhttp;
struct evhttp_connection;
struct evhttp_request;
struct evrpc;
struct evrpc_base;
struct evrpc_pool;
struct evrpc_req_generic;
struct evrpc_request_wrapper;
struct evrpc_status;

/**
 * When a hook is called. At a server, input is a request and output a reply;
 * at a client it is the other way round.
 */
enum EVRPC_HOOK_TYPE {
	/** Before something that came is read. */
	EVRPC_INPUT = 0,
	/** Before something is sent. */
	EVRPC_OUTPUT = 1
};

/** What a hook wants to happen with a call. */
enum EVRPC_HOOK_RESULT {
	/** It fails. */
	EVRPC_TERMINATE = -1,
	/** It goes on. */
	EVRPC_CONTINUE = 0,
	/** It waits for evrpc_resume_request. */
	EVRPC_PAUSE = 1
};

/**
 * Makes a base, on which a server's RPCs are registered.
 *
 * @param server the HTTP server. It must not be freed before the base is
 * @return the base, to be released with evrpc_free(), or NULL
 */
EVENT2_EXPORT_SYMBOL
struct evrpc_base *evrpc_init(struct evhttp *server);

/**
 * Frees a base. What it offers is not offered any more. Calls that a hook has
 * paused are answered with an error; those that the program has may still be
 * finished.
 *
 * @param base the base, or NULL
 */
EVENT2_EXPORT_SYMBOL
void evrpc_free(struct evrpc_base *base);

/**
 * Offers an RPC: what EVRPC_REGISTER uses. Each name can be offered once.
 *
 * @param base the base
 * @param name the RPC's name; it is copied
 * @param callback called with each request that could be read
 * @param cbarg passed to it
 * @param req_new makes an empty request from req_new_arg
 * @param req_new_arg passed to it
 * @param req_free frees a request
 * @param req_unmarshal reads a request: 0, or -1
 * @param rpl_new makes an empty reply from rpl_new_arg
 * @param rpl_new_arg passed to it
 * @param rpl_free frees a reply
 * @param rpl_complete whether a reply can be sent: 0, or -1
 * @param rpl_marshal writes a reply
 * @return 0 on success, -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int evrpc_register_generic(struct evrpc_base *base, const char *name,
    void (*callback)(struct evrpc_req_generic*, void*), void *cbarg,
    void *(*req_new)(void*), void *req_new_arg, void (*req_free)(void*),
    int (*req_unmarshal)(void*, struct evbuffer*), void *(*rpl_new)(void*),
    void *rpl_new_arg, void (*rpl_free)(void*), int (*rpl_complete)(void*),
    void (*rpl_marshal)(struct evbuffer*, void*));

/**
 * Offers an RPC that the program describes itself. EVRPC_REGISTER is easier.
 *
 * @param base the base
 * @param rpc the description, with all but its callback and its base filled
 *   in. It and its name must be from the allocator of the library (malloc,
 *   unless event_set_mem_functions() was called); they are the library's when
 *   this succeeds
 * @param cb called with each request that could be read
 * @param cb_arg passed to it
 * @return 0 on success, -1 on failure
 */
EVENT2_EXPORT_SYMBOL
int evrpc_register_rpc(struct evrpc_base *base, struct evrpc *rpc, void (*cb)(
    struct evrpc_req_generic*, void*), void *cb_arg);

/**
 * Does not offer an RPC any more. Calls of it that are being served go on.
 *
 * @param base the base
 * @param name the RPC's name
 * @return 0 on success, -1 if it is not offered
 */
EVENT2_EXPORT_SYMBOL
int evrpc_unregister_rpc(struct evrpc_base *base, const char *name);

/**
 * Sends the reply of a call: what EVRPC_REQUEST_DONE uses.
 *
 * @param req the call, which is gone afterwards
 */
EVENT2_EXPORT_SYMBOL
void evrpc_request_done(struct evrpc_req_generic *req);

/**
 * The request of a call that is served.
 *
 * @param req the call
 * @return the message
 */
EVENT2_EXPORT_SYMBOL
void *evrpc_get_request(struct evrpc_req_generic *req);

/**
 * The reply of a call that is served.
 *
 * @param req the call
 * @return the message, to be filled in
 */
EVENT2_EXPORT_SYMBOL
void *evrpc_get_reply(struct evrpc_req_generic *req);

/**
 * Makes a pool: connections of a client, over which calls are made.
 *
 * @param base the event base of its connections, or NULL for those that have
 *   one, or for the base that event_init() made
 * @return the pool, to be released with evrpc_pool_free(), or NULL
 */
EVENT2_EXPORT_SYMBOL
struct evrpc_pool *evrpc_pool_new(struct event_base *base);

/**
 * Frees a pool and its connections. The callbacks of its calls are not
 * called.
 *
 * @param pool the pool, or NULL
 */
EVENT2_EXPORT_SYMBOL
void evrpc_pool_free(struct evrpc_pool *pool);

/**
 * Adds a connection to a pool, which owns it from then on. Waiting calls
 * begin.
 *
 * @param pool the pool
 * @param evcon a connection that evhttp_connection_base_new() has made. It
 *   gets the pool's base and, if it has none of its own, the pool's timeout
 */
EVENT2_EXPORT_SYMBOL
void evrpc_pool_add_connection(struct evrpc_pool *pool,
    struct evhttp_connection *evcon);

/**
 * Takes a connection out of a pool. It is the program's again; a call that is
 * on it goes on, so it must not be freed before that has ended.
 *
 * @param pool the pool
 * @param evcon the connection
 */
EVENT2_EXPORT_SYMBOL
void evrpc_pool_remove_connection(struct evrpc_pool *pool,
    struct evhttp_connection *evcon);

/**
 * Sets the time that a call may take, from when its request is sent. After it
 * the connection is closed and the callback told EVRPC_STATUS_ERR_TIMEOUT.
 *
 * @param pool the pool; connections that are in it get this timeout too
 * @param timeout_in_secs seconds; 0: as long as it takes; below 0: no limit
 *   for calls, and the HTTP client's own for its connections
 */
EVENT2_EXPORT_SYMBOL
void evrpc_pool_set_timeout(struct evrpc_pool *pool, int timeout_in_secs);

/**
 * Prepares a call: what EVRPC_MAKE_CTX uses.
 *
 * @param pool the pool
 * @param request the request; it stays the program's
 * @param reply the reply, to be filled in; it stays the program's
 * @param rpcname the RPC's name; it is copied
 * @param req_marshal writes a request
 * @param rpl_clear empties a reply
 * @param rpl_unmarshal reads a reply: 0, or -1
 * @param cb called once when the call has ended, with the status, the
 *   messages and the argument
 * @param cbarg passed to it
 * @return the call, to be begun with evrpc_make_request(), or NULL
 */
EVENT2_EXPORT_SYMBOL
struct evrpc_request_wrapper *evrpc_make_request_ctx(struct evrpc_pool *pool,
    void *request, void *reply, const char *rpcname, void (*req_marshal)(
    struct evbuffer*, void*), void (*rpl_clear)(void*), int (*rpl_unmarshal)(
    void*, struct evbuffer*), void (*cb)(struct evrpc_status*, void*, void*,
    void*), void *cbarg);

/**
 * Begins a call. When no connection of its pool has time, it waits for one.
 *
 * @param ctx the call, from EVRPC_MAKE_CTX. It is freed after its callback
 * @return 0 on success, -1 if it cannot be begun: then its callback is not
 *   called, and it is freed
 */
EVENT2_EXPORT_SYMBOL
int evrpc_make_request(struct evrpc_request_wrapper *ctx);

/**
 * Makes a call: what EVRPC_MAKE_REQUEST uses.
 *
 * @param pool the pool
 * @param request the request; it stays the program's
 * @param reply the reply, to be filled in; it stays the program's
 * @param cb called once when the call has ended, with the status, the
 *   messages and the argument
 * @param cb_arg passed to it
 * @param rpcname the RPC's name
 * @param req_marshal writes a request
 * @param rpl_clear empties a reply
 * @param rpl_unmarshal reads a reply: 0, or -1
 * @return 0 on success; -1 if it cannot be begun, after the callback was told
 *   EVRPC_STATUS_ERR_UNSTARTED
 */
EVENT2_EXPORT_SYMBOL
int evrpc_send_request_generic(struct evrpc_pool *pool, void *request,
    void *reply, void (*cb)(struct evrpc_status*, void*, void*, void*),
    void *cb_arg, const char *rpcname, void (*req_marshal)(struct evbuffer*,
    void*), void (*rpl_clear)(void*), int (*rpl_unmarshal)(void*,
    struct evbuffer*));

/**
 * Adds a hook to a base or a pool: a function that sees, and may change, what
 * comes and goes. Hooks are called in the order in which they were added.
 *
 * @param vbase a struct evrpc_base or a struct evrpc_pool
 * @param hook_type EVRPC_INPUT or EVRPC_OUTPUT
 * @param cb called with the call, its HTTP request, the buffer with the
 *   message, and the argument; returns a value of enum EVRPC_HOOK_RESULT.
 *   After EVRPC_PAUSE the call waits for evrpc_resume_request(); hooks behind
 *   this one are not called then
 * @param cb_arg passed to it
 * @return a handle for evrpc_remove_hook(), or NULL
 */
EVENT2_EXPORT_SYMBOL
void *evrpc_add_hook(void *vbase, enum EVRPC_HOOK_TYPE hook_type, int (*cb)(
    void*, struct evhttp_request*, struct evbuffer*, void*), void *cb_arg);

/**
 * Removes a hook.
 *
 * @param vbase what it was added to
 * @param hook_type as it was added
 * @param handle its handle
 * @return 1 if it was removed, 0 if there is none such
 */
EVENT2_EXPORT_SYMBOL
int evrpc_remove_hook(void *vbase, enum EVRPC_HOOK_TYPE hook_type,
    void *handle);

/**
 * Lets a paused call go on.
 *
 * @param vbase the base or pool whose hook has paused it
 * @param ctx the call, as the hook got it
 * @param res EVRPC_CONTINUE, or EVRPC_TERMINATE to let it fail
 * @return 0 on success, -1 if no such call is paused
 */
EVENT2_EXPORT_SYMBOL
int evrpc_resume_request(void *vbase, void *ctx, enum EVRPC_HOOK_RESULT res);

/**
 * Remembers something about a call, for other hooks of it: those of a client
 * see it with the request and with the reply.
 *
 * @param ctx the call, as a hook gets it
 * @param key its name; copied
 * @param data the data; copied. Without memory for it nothing is remembered
 * @param data_size its length in bytes
 */
EVENT2_EXPORT_SYMBOL
void evrpc_hook_add_meta(void *ctx, const char *key, const void *data,
    size_t data_size);

/**
 * Finds what evrpc_hook_add_meta() has remembered.
 *
 * @param ctx the call, as a hook gets it
 * @param key its name
 * @param data where a pointer to the data goes; it is valid until the call
 *   ends
 * @param data_size where its length goes
 * @return 0 on success, -1 if there is none such
 */
EVENT2_EXPORT_SYMBOL
int evrpc_hook_find_meta(void *ctx, const char *key, void **data,
    size_t *data_size);

/**
 * The connection that a call is on.
 *
 * @param ctx the call, as a hook gets it
 * @return the connection, or NULL
 */
EVENT2_EXPORT_SYMBOL
struct evhttp_connection *evrpc_hook_get_connection(void *ctx);

/**
 * The pool of a client's call.
 *
 * @param ctx the call
 * @return the pool
 */
EVENT2_EXPORT_SYMBOL
struct evrpc_pool *evrpc_request_get_pool(struct evrpc_request_wrapper *ctx);

/**
 * Sets the pool of a client's call that has not been begun.
 *
 * @param ctx the call
 * @param pool the pool
 */
EVENT2_EXPORT_SYMBOL
void evrpc_request_set_pool(struct evrpc_request_wrapper *ctx,
    struct evrpc_pool *pool);

/**
 * Sets the callback of a client's call.
 *
 * @param ctx the call
 * @param cb as for evrpc_make_request_ctx()
 * @param cb_arg passed to it
 */
EVENT2_EXPORT_SYMBOL
void evrpc_request_set_cb(struct evrpc_request_wrapper *ctx, void (*cb)(
    struct evrpc_status*, void*, void*, void*), void *cb_arg);

#ifdef __cplusplus
}
#endif

#endif /* EVENT2_RPC_H_INCLUDED_ */
