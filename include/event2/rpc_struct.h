/* Made by cargo xtask headers. Sources: src/abi */
#ifndef EVENT2_RPC_STRUCT_H_INCLUDED_
#define EVENT2_RPC_STRUCT_H_INCLUDED_

/**
 * @file event2/rpc_struct.h
 *
 * How a call ended, and the inside of an RPC that is offered. A program that
 * includes this depends on the layout.
 */

/** The call went well. */
#define EVRPC_STATUS_ERR_NONE 0
/** There was no answer in time, or the connection failed. */
#define EVRPC_STATUS_ERR_TIMEOUT 1
/** What came is not the reply of such a call. */
#define EVRPC_STATUS_ERR_BADPAYLOAD 2
/** The call could not be begun, or a hook stopped it before it was sent. */
#define EVRPC_STATUS_ERR_UNSTARTED 3
/** A hook stopped it when the reply had come. */
#define EVRPC_STATUS_ERR_HOOKABORTED 4

#ifdef __cplusplus
extern "C" {
#endif

struct evbuffer;
struct evhttp_request;
struct evrpc;
struct evrpc_base;
struct evrpc_req_generic;
struct evrpc_status;

/** How a client's call ended. */
struct evrpc_status {
	/** One of EVRPC_STATUS_ERR_*. */
	int error;
	/**
	 * The answer with its headers, or NULL if there is none. Valid during
	 * the callback.
	 */
	struct evhttp_request *http_req;
};

/**
 * An RPC that a server offers: how its messages are handled, and who answers.
 */
struct evrpc {
	struct {
		struct evrpc *tqe_next;
		struct evrpc **tqe_prev;
	} next;
	/**
	 * Its name: what follows "/.rpc." in the URI. Freed with the struct.
	 */
	const char *uri;
	/** Makes an empty request. */
	void *(*request_new)(void *arg);
	void *request_new_arg;
	void (*request_free)(void *message);
	/** Reads a request; -1 if it is none. */
	int (*request_unmarshal)(void *message, struct evbuffer *from);
	/** Makes an empty reply. */
	void *(*reply_new)(void *arg);
	void *reply_new_arg;
	void (*reply_free)(void *message);
	/** 0 if the reply has all that it needs, -1 if not. */
	int (*reply_complete)(void *message);
	void (*reply_marshal)(struct evbuffer *to, void *message);
	/** Called with each request. */
	void (*cb)(struct evrpc_req_generic *rpc, void *arg);
	void *cb_arg;
	/** Where it is registered. */
	struct evrpc_base *base;
};

#ifdef __cplusplus
}
#endif

#endif /* EVENT2_RPC_STRUCT_H_INCLUDED_ */
