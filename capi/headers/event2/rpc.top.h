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
