/* Made by cargo xtask headers. Sources: src/abi */
#ifndef EVENT2_HTTP_STRUCT_H_INCLUDED_
#define EVENT2_HTTP_STRUCT_H_INCLUDED_

/**
 * @file event2/http_struct.h
 *
 * The inside of a request, for programs written before there were functions
 * for it. A program that includes this depends on the layout.
 */

#include <event2/event-config.h>
#include <sys/types.h>
#ifndef _WIN32
#include <sys/time.h>
#endif
#include <event2/util.h>
#include <event2/http.h>

/** The flags of a request. */

/** The connection goes with this request. */
#define EVHTTP_REQ_OWN_CONNECTION 1
/** It asks for a host that is none of the server's. */
#define EVHTTP_PROXY_REQUEST 2
/** The program frees it. */
#define EVHTTP_USER_OWNED 4
/** It is still needed by a function that is under way. */
#define EVHTTP_REQ_DEFER_FREE 8
/** To be freed by that function. */
#define EVHTTP_REQ_NEEDS_FREE 16

#ifdef __cplusplus
extern "C" {
#endif

struct evbuffer;
struct evhttp_connection;
struct evhttp_request;
struct evhttp_uri;
struct evkeyvalq;

/**
 * A request with its response. Programs read and change it directly, so its
 * layout is part of the interface.
 */
struct evhttp_request {
	struct {
		struct evhttp_request *tqe_next;
		struct evhttp_request **tqe_prev;
	} next;
	/**
	 * The connection that this request belongs to; null once that is
	 * gone.
	 */
	struct evhttp_connection *evcon;
	/** EVHTTP_REQ_* bits and the like. */
	int flags;
	struct evkeyvalq *input_headers;
	struct evkeyvalq *output_headers;
	/** Address and port of the other side. */
	char *remote_host;
	uint16_t remote_port;
	/** What evhttp_request_get_host found. */
	char *host_cache;
	enum evhttp_request_kind kind;
	enum evhttp_cmd_type type;
	size_t headers_size;
	size_t body_size;
	char *uri;
	struct evhttp_uri *uri_elems;
	char major;
	char minor;
	int response_code;
	char *response_code_line;
	/** The body that was read. */
	struct evbuffer *input_buffer;
	/**
	 * Bytes of the body or of the chunk that are still to be read; -1
	 * when that is not known.
	 */
	int64_t ntoread;
	/**
	 * chunked: the body is sent or received in chunks. userdone: the
	 * program has given all of the reply.
	 */
	unsigned chunked:1, userdone:1;
	/** The body to be sent. */
	struct evbuffer *output_buffer;
	void (*cb)(struct evhttp_request *req, void *arg);
	void *cb_arg;
	void (*chunk_cb)(struct evhttp_request *req, void *arg);
	int (*header_cb)(struct evhttp_request *req, void *arg);
	void (*error_cb)(enum evhttp_request_error error, void *arg);
	void (*on_complete_cb)(struct evhttp_request *req, void *arg);
	void *on_complete_cb_arg;
};

#ifdef __cplusplus
}
#endif

#endif /* EVENT2_HTTP_STRUCT_H_INCLUDED_ */
