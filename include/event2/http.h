/* Made by cargo xtask headers. Sources: capi/src/http.rs */
#ifndef EVENT2_HTTP_H_INCLUDED_
#define EVENT2_HTTP_H_INCLUDED_

/**
 * @file event2/http.h
 *
 * An HTTP/1.1 server and client, and what both need: headers, URIs, query
 * strings.
 */

#include <event2/util.h>
#include <event2/visibility.h>

/* Defined in event2/buffer.h, event2/bufferevent.h, event2/event.h ... */
struct evbuffer;
struct event_base;
struct bufferevent;
struct evconnlistener;
struct evdns_base;
struct evhttp_bound_socket;

/** Called with a bound socket, see evhttp_foreach_bound_socket(). */
typedef void evhttp_bound_socket_foreach_fn(struct evhttp_bound_socket *bound,
    void *argument);

/** For evhttp_connection_set_flags. */

/**
 * Connects again to the address that was connected first, not to the name.
 */
#define EVHTTP_CON_REUSE_CONNECTED_ADDR 8
/** What the other side said is read even if writing to it failed. */
#define EVHTTP_CON_READ_ON_WRITE_ERROR 16
/**
 * A body that is too large is read to its end and dropped before the
 * connection is closed.
 */
#define EVHTTP_CON_LINGERING_CLOSE 32

/** Flags of a connection from here on are the library's own. */
#define EVHTTP_CON_PUBLIC_FLAGS_END 0x100000
/**
 * For evhttp_set_flags: a body that is too large is read to its end and
 * dropped before it is answered.
 */
#define EVHTTP_SERVER_LINGERING_CLOSE 1
/**
 * For evhttp_uri_parse_with_flags: path, query and fragment may hold any
 * bytes but those that end them.
 */
#define EVHTTP_URI_NONCONFORMANT 1
/** Status codes of responses. */
#define HTTP_OK 200
#define HTTP_NOCONTENT 204
#define HTTP_MOVEPERM 301
#define HTTP_MOVETEMP 302
#define HTTP_NOTMODIFIED 304
#define HTTP_BADREQUEST 400
#define HTTP_NOTFOUND 404
#define HTTP_BADMETHOD 405
#define HTTP_ENTITYTOOLARGE 413
#define HTTP_EXPECTATIONFAILED 417
#define HTTP_INTERNAL 500
#define HTTP_NOTIMPLEMENTED 501
#define HTTP_SERVUNAVAIL 503

#ifdef __cplusplus
extern "C" {
#endif

struct bufferevent;
struct evbuffer;
struct evconnlistener;
struct evdns_base;
struct event_base;
struct evhttp;
struct evhttp_bound_socket;
struct evhttp_connection;
struct evhttp_request;
struct evhttp_uri;
struct evkeyvalq;
struct sockaddr;

/**
 * Methods of requests; several can be joined for evhttp_set_allowed_methods.
 */
enum evhttp_cmd_type {
	EVHTTP_REQ_GET = 1,
	EVHTTP_REQ_POST = 2,
	EVHTTP_REQ_HEAD = 4,
	EVHTTP_REQ_PUT = 8,
	EVHTTP_REQ_DELETE = 16,
	EVHTTP_REQ_OPTIONS = 32,
	EVHTTP_REQ_TRACE = 64,
	EVHTTP_REQ_CONNECT = 128,
	EVHTTP_REQ_PATCH = 256
};

/** Whether a message is a request or a response. */
enum evhttp_request_kind {
	EVHTTP_REQUEST = 0,
	EVHTTP_RESPONSE = 1
};

/** What an error callback is told. */
enum evhttp_request_error {
	/** The other side did not answer in time. */
	EVREQ_HTTP_TIMEOUT = 0,
	/** The connection ended too early. */
	EVREQ_HTTP_EOF = 1,
	/** A head that cannot be understood. */
	EVREQ_HTTP_INVALID_HEADER = 2,
	/** Reading or writing failed. */
	EVREQ_HTTP_BUFFER_ERROR = 3,
	/** The request was cancelled by this program. */
	EVREQ_HTTP_REQUEST_CANCEL = 4,
	/**
	 * The body is larger than evhttp_connection_set_max_body_size allows.
	 */
	EVREQ_HTTP_DATA_TOO_LONG = 5
};

/**
 * Makes an HTTP server. It listens nowhere yet: see evhttp_bind_socket().
 *
 * A server, its connections and their requests belong to the thread that runs
 * the loop.
 *
 * Whatever the program allows, one request's head has at most 1 MiB (unless
 * evhttp_set_max_headers_size() sets more) and 4096 header fields, and must
 * be complete 50 seconds after its first byte (or within the time that
 * evhttp_set_timeout() sets). A body must bring 1 KiB in each such period.
 * Requests that break HTTP's grammar or could be read in two ways are
 * answered with an error, and the connection is closed.
 *
 * @param base the event base that serves it
 * @return the server, to be released with evhttp_free(), or NULL
 */
EVENT2_EXPORT_SYMBOL
struct evhttp *evhttp_new(struct event_base *base);

/**
 * Listens on an address; may be called several times.
 *
 * @param http the server
 * @param address a host's name or numeric address; NULL for any
 * @param port the port; 0 for a free one
 * @return 0, or -1 (errno tells why)
 */
EVENT2_EXPORT_SYMBOL
int evhttp_bind_socket(struct evhttp *http, const char *address,
    uint16_t port);

/**
 * As evhttp_bind_socket(), and tells what was bound.
 *
 * @param http the server
 * @param address a host's name or numeric address; NULL for any
 * @param port the port; 0 for a free one
 * @return the bound socket, which belongs to the server, or NULL (errno tells
 *   why)
 */
EVENT2_EXPORT_SYMBOL
struct evhttp_bound_socket *evhttp_bind_socket_with_handle(
    struct evhttp *http, const char *address, uint16_t port);

/**
 * Accepts connections on a socket that listens already.
 *
 * @param http the server
 * @param fd the socket, nonblocking; the server closes it when it is done
 * @return 0, or -1 (the socket stays open then)
 */
EVENT2_EXPORT_SYMBOL
int evhttp_accept_socket(struct evhttp *http, evutil_socket_t fd);

/**
 * As evhttp_accept_socket(), and gives a handle.
 *
 * @param http the server
 * @param fd the socket, nonblocking; the server closes it when it is done
 * @return the bound socket, which belongs to the server, or NULL (the socket
 *   stays open then)
 */
EVENT2_EXPORT_SYMBOL
struct evhttp_bound_socket *evhttp_accept_socket_with_handle(
    struct evhttp *http, evutil_socket_t fd);

/**
 * Takes over a listener: what it accepts is served, and the server frees it.
 *
 * @param http the server
 * @param listener the listener; its callback and argument are replaced
 * @return the bound socket, which belongs to the server, or NULL (the
 *   listener stays the program's then)
 */
EVENT2_EXPORT_SYMBOL
struct evhttp_bound_socket *evhttp_bind_listener(struct evhttp *http,
    struct evconnlistener *listener);

/**
 * Gets the listener of a bound socket. It belongs to the server.
 *
 * @param bound the bound socket
 * @return its listener
 */
EVENT2_EXPORT_SYMBOL
struct evconnlistener *evhttp_bound_socket_get_listener(
    struct evhttp_bound_socket *bound);

/**
 * Calls a function for each bound socket of a server, which it may remove.
 *
 * @param http the server
 * @param function called with a bound socket and the argument
 * @param argument passed to the function
 */
EVENT2_EXPORT_SYMBOL
void evhttp_foreach_bound_socket(struct evhttp *http, void (*function)(
    struct evhttp_bound_socket *bound, void *argument), void *argument);

/**
 * Stops listening on a bound socket and closes it. Connections stay.
 *
 * @param http the server
 * @param bound_socket one of its bound sockets; released by this call
 */
EVENT2_EXPORT_SYMBOL
void evhttp_del_accept_socket(struct evhttp *http,
    struct evhttp_bound_socket *bound_socket);

/**
 * Gets the descriptor of a bound socket.
 *
 * @param bound_socket the bound socket
 * @return its descriptor, which the server goes on using
 */
EVENT2_EXPORT_SYMBOL
evutil_socket_t evhttp_bound_socket_get_fd(
    struct evhttp_bound_socket *bound_socket);

/**
 * Frees a server: its sockets and connections are closed, its virtual hosts
 * freed. Requests that the program is working on go too, unless it owns them.
 *
 * @param http the server; may be NULL
 */
EVENT2_EXPORT_SYMBOL
void evhttp_free(struct evhttp *http);

/**
 * Limits the head of requests: first line and header fields.
 *
 * @param http the server; applies to connections accepted later
 * @param max_headers_size bytes; below 0 for 1 MiB, which is also the default
 */
EVENT2_EXPORT_SYMBOL
void evhttp_set_max_headers_size(struct evhttp *http,
    ev_ssize_t max_headers_size);

/**
 * Limits the body of requests. A longer one is answered with 413.
 *
 * Without a limit, which is the default, a request can fill all memory.
 *
 * @param http the server; applies to connections accepted later
 * @param max_body_size bytes; below 0 for no limit
 */
EVENT2_EXPORT_SYMBOL
void evhttp_set_max_body_size(struct evhttp *http, ev_ssize_t max_body_size);

/**
 * Sets the Content-Type of replies for which the program gives none.
 *
 * @param http the server
 * @param content_type the value, which must stay valid as long as the server;
 *   NULL: such replies have none
 */
EVENT2_EXPORT_SYMBOL
void evhttp_set_default_content_type(struct evhttp *http,
    const char *content_type);

/**
 * Sets which methods the program answers. Others get 501.
 *
 * @param http the server
 * @param methods EVHTTP_REQ_* values joined by "|"; GET, POST, HEAD, PUT and
 *   DELETE by default
 */
EVENT2_EXPORT_SYMBOL
void evhttp_set_allowed_methods(struct evhttp *http, uint16_t methods);

/**
 * Sets what serves a path.
 *
 * The callback answers the request with evhttp_send_reply() or its kin, at
 * once or later. If the other side goes away meanwhile, the request loses its
 * connection (see evhttp_request_set_error_cb() and
 * evhttp_connection_set_closecb()) and must still be answered or freed.
 *
 * @param http the server
 * @param path the path, decoded; the query is no part of it
 * @param cb the callback
 * @param cb_arg passed to it
 * @return 0; -1 if the path has a callback, -2 if memory is short
 */
EVENT2_EXPORT_SYMBOL
int evhttp_set_cb(struct evhttp *http, const char *path, void (*cb)(
    struct evhttp_request *req, void *arg), void *cb_arg);

/**
 * Removes the callback of a path.
 *
 * @param http the server
 * @param path as given to evhttp_set_cb()
 * @return 0, or -1 if there is none
 */
EVENT2_EXPORT_SYMBOL
int evhttp_del_cb(struct evhttp *http, const char *path);

/**
 * Sets what serves all paths that have no callback of their own. Without it
 * they get 404.
 *
 * @param http the server
 * @param cb the callback, as for evhttp_set_cb(), or NULL
 * @param arg passed to it
 */
EVENT2_EXPORT_SYMBOL
void evhttp_set_gencb(struct evhttp *http, void (*cb)(
    struct evhttp_request *req, void *arg), void *arg);

/**
 * Sets what makes the bufferevents of accepted connections: for TLS, or for
 * options of the program's.
 *
 * The bufferevent has no descriptor yet. It belongs to the connection from
 * then on. When the callback returns NULL, a socket bufferevent is made.
 *
 * @param http the server
 * @param cb called with the server's base and the argument
 * @param arg passed to it
 */
EVENT2_EXPORT_SYMBOL
void evhttp_set_bevcb(struct evhttp *http, struct bufferevent *(*cb)(
    struct event_base *base, void *arg), void *arg);

/**
 * Adds a virtual host: a server without sockets of its own, which serves the
 * requests whose host matches a pattern.
 *
 * @param http the server
 * @param pattern a host's name; each "*" stands for any characters, or none.
 *   Upper and lower case are the same.
 * @param vhost the virtual host; belongs to the server from then on
 * @return 0, or -1: it is a virtual host already, or has sockets
 */
EVENT2_EXPORT_SYMBOL
int evhttp_add_virtual_host(struct evhttp *http, const char *pattern,
    struct evhttp *vhost);

/**
 * Removes a virtual host, which is the program's again.
 *
 * @param http the server
 * @param vhost its virtual host
 * @return 0, or -1: it is none of this server's
 */
EVENT2_EXPORT_SYMBOL
int evhttp_remove_virtual_host(struct evhttp *http, struct evhttp *vhost);

/**
 * Adds a name under which a server, or a virtual host, is known. Aliases are
 * looked at before patterns.
 *
 * @param http the server
 * @param alias the name; upper and lower case are the same
 * @return 0, or -1
 */
EVENT2_EXPORT_SYMBOL
int evhttp_add_server_alias(struct evhttp *http, const char *alias);

/**
 * Removes a name that evhttp_add_server_alias() added.
 *
 * @param http the server
 * @param alias the name
 * @return 0, or -1 if it is not there
 */
EVENT2_EXPORT_SYMBOL
int evhttp_remove_server_alias(struct evhttp *http, const char *alias);

/**
 * Sets how long a connection may rest: reading a request, waiting for one,
 * and writing a reply. The time in which the program prepares a reply does
 * not count.
 *
 * @param http the server; applies to connections accepted later
 * @param timeout_in_secs seconds; -1 for no limit, which is the default
 */
EVENT2_EXPORT_SYMBOL
void evhttp_set_timeout(struct evhttp *http, int timeout_in_secs);

/**
 * As evhttp_set_timeout(), with a finer unit.
 *
 * @param http the server; applies to connections accepted later
 * @param tv the time; NULL for no limit
 */
EVENT2_EXPORT_SYMBOL
void evhttp_set_timeout_tv(struct evhttp *http, const struct timeval *tv);

/**
 * Sets flags of a server.
 *
 * @param http the server; applies to connections accepted later
 * @param flags 0, or EVHTTP_SERVER_LINGERING_CLOSE: a body that is too large
 *   is read to its end and dropped, so that the other side sees the reply
 * @return 0, or 1 if a flag is not known
 */
EVENT2_EXPORT_SYMBOL
int evhttp_set_flags(struct evhttp *http, int flags);

/**
 * Answers a request with an error page and closes the connection.
 *
 * @param req the request
 * @param error the status code
 * @param reason the reason phrase; NULL for the code's usual one
 */
EVENT2_EXPORT_SYMBOL
void evhttp_send_error(struct evhttp_request *req, int error,
    const char *reason);

/**
 * Answers a request.
 *
 * The headers are those in evhttp_request_get_output_headers(); Date,
 * Content-Length and Content-Type are added where the program gave none. The
 * request is freed once the reply has been written, or at once if its
 * connection has gone. Replies to HEAD requests, and those with code 1xx, 204
 * or 304, are sent without body.
 *
 * @param req the request
 * @param code the status code
 * @param reason the reason phrase; NULL, or one with control characters, for
 *   the code's usual one
 * @param databuf the body, or NULL; it is empty afterwards
 */
EVENT2_EXPORT_SYMBOL
void evhttp_send_reply(struct evhttp_request *req, int code,
    const char *reason, struct evbuffer *databuf);

/**
 * Begins a reply whose body is given piece by piece.
 *
 * It is sent in chunks, unless the program has set a Content-Length or the
 * other side speaks HTTP/1.0: then the end of the connection ends the body.
 *
 * @param req the request
 * @param code the status code
 * @param reason the reason phrase; NULL for the code's usual one
 */
EVENT2_EXPORT_SYMBOL
void evhttp_send_reply_start(struct evhttp_request *req, int code,
    const char *reason);

/**
 * Sends a piece of the body of a reply that was begun.
 *
 * @param req the request
 * @param databuf the piece; it is empty afterwards. An empty one does
 *   nothing.
 */
EVENT2_EXPORT_SYMBOL
void evhttp_send_reply_chunk(struct evhttp_request *req,
    struct evbuffer *databuf);

/**
 * As evhttp_send_reply_chunk(), and calls back once all has been written.
 *
 * @param req the request
 * @param databuf the piece; it is empty afterwards. An empty one does
 *   nothing.
 * @param cb called with the connection when its output is empty; a later call
 *   for this request replaces it
 * @param arg passed to it
 */
EVENT2_EXPORT_SYMBOL
void evhttp_send_reply_chunk_with_cb(struct evhttp_request *req,
    struct evbuffer *databuf, void (*cb)(struct evhttp_connection *evcon,
    void *arg), void *arg);

/**
 * Ends a reply that was begun. The request is freed once all has been
 * written, or at once if its connection has gone.
 *
 * @param req the request
 */
EVENT2_EXPORT_SYMBOL
void evhttp_send_reply_end(struct evhttp_request *req);

/**
 * Makes a request object, to be filled and given to evhttp_make_request.
 *
 * @param cb called once: with the request when its response has been read, or
 *   when no connection could be made (its response code is 0 then); with NULL
 *   when the request failed. The request is freed after that, unless
 *   evhttp_request_own was called
 * @param arg passed to all callbacks of the request
 * @return the request, or NULL if memory is short
 */
EVENT2_EXPORT_SYMBOL
struct evhttp_request *evhttp_request_new(void (*cb)(
    struct evhttp_request *req, void *arg), void *arg);

/**
 * Has the body of a response handed over piece by piece, instead of collected
 * for the callback of the request.
 *
 * @param req the request
 * @param cb called with the request (and the argument of its callback)
 *   whenever part of the body has come: with chunked encoding for each chunk
 *   (large ones in several parts). It takes what it wants from the input
 *   buffer, which is emptied after it. It may cancel the request
 */
EVENT2_EXPORT_SYMBOL
void evhttp_request_set_chunked_cb(struct evhttp_request *req, void (*cb)(
    struct evhttp_request *req, void *arg));

/**
 * Has the program look at the headers of a response before its body is read.
 *
 * @param req the request
 * @param cb called with the request (and the argument of its callback) once
 *   all headers have come, not for interim responses. Less than 0 ends the
 *   request and its connection
 */
EVENT2_EXPORT_SYMBOL
void evhttp_request_set_header_cb(struct evhttp_request *req, int (*cb)(
    struct evhttp_request *req, void *arg));

/**
 * Has the program told why a request failed.
 *
 * @param req the request
 * @param cb called with the reason (and the argument of the request's
 *   callback), before that callback is called with NULL
 */
EVENT2_EXPORT_SYMBOL
void evhttp_request_set_error_cb(struct evhttp_request *req, void (*cb)(
    enum evhttp_request_error error, void *arg));

/**
 * Has a server told when a reply has been sent.
 *
 * @param req the request
 * @param cb called with the request once all of the reply has been written,
 *   before the request is freed
 * @param cb_arg passed to it
 */
EVENT2_EXPORT_SYMBOL
void evhttp_request_set_on_complete_cb(struct evhttp_request *req, void (*cb)(
    struct evhttp_request *req, void *arg), void *cb_arg);

/**
 * Frees a request that the program owns, or one that was never given to a
 * connection. While one of its callbacks runs this takes effect behind it.
 *
 * @param req the request; may be NULL
 */
EVENT2_EXPORT_SYMBOL
void evhttp_request_free(struct evhttp_request *req);

/**
 * Makes a request the program's: it stays after its callback, until
 * evhttp_request_free.
 *
 * @param req the request
 */
EVENT2_EXPORT_SYMBOL
void evhttp_request_own(struct evhttp_request *req);

/**
 * Whether evhttp_request_own was called.
 *
 * @param req the request
 * @return 1 or 0
 */
EVENT2_EXPORT_SYMBOL
int evhttp_request_is_owned(struct evhttp_request *req);

/**
 * The connection that a request is on.
 *
 * @param req the request
 * @return the connection; NULL if it is on none (any more)
 */
EVENT2_EXPORT_SYMBOL
struct evhttp_connection *evhttp_request_get_connection(
    struct evhttp_request *req);

/**
 * The target of a request, as it stands in its first line.
 *
 * @param req the request
 * @return the text, which belongs to the request; may be NULL
 */
EVENT2_EXPORT_SYMBOL
const char *evhttp_request_get_uri(const struct evhttp_request *req);

/**
 * The target of a request that was received, taken apart.
 *
 * @param req the request
 * @return the URI, which belongs to the request; may be NULL
 */
EVENT2_EXPORT_SYMBOL
const struct evhttp_uri *evhttp_request_get_evhttp_uri(
    const struct evhttp_request *req);

/**
 * The method of a request.
 *
 * @param req the request
 * @return the method; 0 for one that is not known
 */
EVENT2_EXPORT_SYMBOL
enum evhttp_cmd_type evhttp_request_get_command(
    const struct evhttp_request *req);

/**
 * The status code of a response.
 *
 * @param req the request
 * @return the code; 0 while there is none, and when no connection was made
 */
EVENT2_EXPORT_SYMBOL
int evhttp_request_get_response_code(const struct evhttp_request *req);

/**
 * The words behind the status code of a response.
 *
 * @param req the request
 * @return the text, which belongs to the request; may be NULL
 */
EVENT2_EXPORT_SYMBOL
const char *evhttp_request_get_response_code_line(
    const struct evhttp_request *req);

/**
 * The headers that were received.
 *
 * @param req the request
 * @return the list, which belongs to the request
 */
EVENT2_EXPORT_SYMBOL
struct evkeyvalq *evhttp_request_get_input_headers(
    struct evhttp_request *req);

/**
 * The headers that are to be sent. A client should add Host; nobody else
 * does.
 *
 * @param req the request
 * @return the list, which belongs to the request
 */
EVENT2_EXPORT_SYMBOL
struct evkeyvalq *evhttp_request_get_output_headers(
    struct evhttp_request *req);

/**
 * The body that was received.
 *
 * @param req the request
 * @return the buffer, which belongs to the request
 */
EVENT2_EXPORT_SYMBOL
struct evbuffer *evhttp_request_get_input_buffer(struct evhttp_request *req);

/**
 * The body that is to be sent.
 *
 * @param req the request
 * @return the buffer, which belongs to the request
 */
EVENT2_EXPORT_SYMBOL
struct evbuffer *evhttp_request_get_output_buffer(struct evhttp_request *req);

/**
 * The host that a received request is for: the one in its target, or else
 * that of its Host header, without the port.
 *
 * @param req the request
 * @return the host, which belongs to the request; NULL if it names none
 */
EVENT2_EXPORT_SYMBOL
const char *evhttp_request_get_host(struct evhttp_request *req);

/**
 * Makes a connection for requests, over a bufferevent of the program's. It
 * connects when it is given the first request.
 *
 * @param base the base; NULL: that of the bufferevent, or the current one
 * @param dnsbase looks up the address; NULL: looking it up blocks
 * @param bev a bufferevent without a socket, which is the connection's from
 *   here on; NULL: one for plain TCP is made
 * @param address the server's name or address
 * @param port its port
 * @return the connection, to be freed with evhttp_connection_free; NULL if
 *   memory is short (then bev is still the program's)
 */
EVENT2_EXPORT_SYMBOL
struct evhttp_connection *evhttp_connection_base_bufferevent_new(
    struct event_base *base, struct evdns_base *dnsbase,
    struct bufferevent *bev, const char *address, uint16_t port);

/**
 * Makes a connection for requests over plain TCP. It connects when it is
 * given the first request.
 *
 * @param base the base; NULL: the current one
 * @param dnsbase looks up the address; NULL: looking it up blocks
 * @param address the server's name or address
 * @param port its port
 * @return the connection, to be freed with evhttp_connection_free; NULL if
 *   memory is short
 */
EVENT2_EXPORT_SYMBOL
struct evhttp_connection *evhttp_connection_base_new(struct event_base *base,
    struct evdns_base *dnsbase, const char *address, uint16_t port);

/**
 * The bufferevent of a connection. It stays the connection's.
 *
 * @param evcon the connection
 * @return the bufferevent
 */
EVENT2_EXPORT_SYMBOL
struct bufferevent *evhttp_connection_get_bufferevent(
    struct evhttp_connection *evcon);

/**
 * The server that accepted a connection.
 *
 * @param evcon the connection
 * @return the server; NULL if the connection is a client's
 */
EVENT2_EXPORT_SYMBOL
struct evhttp *evhttp_connection_get_server(struct evhttp_connection *evcon);

/**
 * The base of a connection.
 *
 * @param req the connection
 * @return the base
 */
EVENT2_EXPORT_SYMBOL
struct event_base *evhttp_connection_get_base(struct evhttp_connection *req);

/**
 * Which addresses a look-up is to ask for.
 *
 * @param evcon a client's connection
 * @param family AF_INET, AF_INET6, or AF_UNSPEC for both (the default)
 */
EVENT2_EXPORT_SYMBOL
void evhttp_connection_set_family(struct evhttp_connection *evcon,
    int family);

/**
 * Sets the flags of a connection.
 *
 * @param evcon the connection
 * @param flags EVHTTP_CON_ bits; those that are not given are cleared
 * @return 0; 1 if a flag is not known, then nothing changes
 */
EVENT2_EXPORT_SYMBOL
int evhttp_connection_set_flags(struct evhttp_connection *evcon, int flags);

/**
 * Limits the heads of what is received.
 *
 * @param evcon the connection
 * @param new_max_headers_size the most bytes that the first line and the
 *   headers may have together; less than 0: 1 MiB, which is the default
 */
EVENT2_EXPORT_SYMBOL
void evhttp_connection_set_max_headers_size(struct evhttp_connection *evcon,
    ptrdiff_t new_max_headers_size);

/**
 * Limits the bodies of what is received. A request whose response is larger
 * fails with EVREQ_HTTP_DATA_TOO_LONG.
 *
 * @param evcon the connection
 * @param new_max_body_size the most bytes; less than 0: no limit, which is
 *   the default
 */
EVENT2_EXPORT_SYMBOL
void evhttp_connection_set_max_body_size(struct evhttp_connection *evcon,
    ptrdiff_t new_max_body_size);

/**
 * Closes and frees a connection, with the requests on it that the program
 * does not own. Their callbacks are not called; the close callback is. This
 * may be done in any callback.
 *
 * @param evcon the connection; may be NULL
 */
EVENT2_EXPORT_SYMBOL
void evhttp_connection_free(struct evhttp_connection *evcon);

/**
 * Has a client's connection freed once its last request has been served or
 * has failed and the connection is closed. Only while requests are under way
 * may the program use it any more.
 *
 * @param evcon the connection
 */
EVENT2_EXPORT_SYMBOL
void evhttp_connection_free_on_completion(struct evhttp_connection *evcon);

/**
 * Sets the address that a client connects from, the next time it does.
 *
 * @param evcon the connection
 * @param address a numeric address of this machine; NULL: any
 */
EVENT2_EXPORT_SYMBOL
void evhttp_connection_set_local_address(struct evhttp_connection *evcon,
    const char *address);

/**
 * Sets the port that a client connects from, the next time it does.
 *
 * @param evcon the connection
 * @param port the port; 0: any
 */
EVENT2_EXPORT_SYMBOL
void evhttp_connection_set_local_port(struct evhttp_connection *evcon,
    uint16_t port);

/**
 * Sets how long connecting, reading and writing may rest.
 *
 * @param evcon the connection
 * @param timeout_in_secs seconds; -1: 45 to connect, 50 to read or write
 */
EVENT2_EXPORT_SYMBOL
void evhttp_connection_set_timeout(struct evhttp_connection *evcon,
    int timeout_in_secs);

/**
 * As evhttp_connection_set_timeout.
 *
 * @param evcon the connection
 * @param tv the time; NULL: the defaults
 */
EVENT2_EXPORT_SYMBOL
void evhttp_connection_set_timeout_tv(struct evhttp_connection *evcon,
    const struct timeval *tv);

/**
 * Sets how long a client waits before it tries to connect again. Each wait is
 * twice as long as the one before, up to an hour, until a connection stands.
 *
 * @param evcon the connection
 * @param tv the first wait; NULL: 2 seconds
 */
EVENT2_EXPORT_SYMBOL
void evhttp_connection_set_initial_retry_tv(struct evhttp_connection *evcon,
    const struct timeval *tv);

/**
 * Sets how often a client tries again to connect when the server refuses or
 * does not answer. A request that was sent is never sent again.
 *
 * @param evcon the connection
 * @param retry_max how often; -1: for ever; 0 is the default
 */
EVENT2_EXPORT_SYMBOL
void evhttp_connection_set_retries(struct evhttp_connection *evcon,
    int retry_max);

/**
 * Sets a callback for the end of a connection.
 *
 * @param evcon the connection
 * @param cb called when a connection that stands is closed, by whichever side
 * @param arg passed to it
 */
EVENT2_EXPORT_SYMBOL
void evhttp_connection_set_closecb(struct evhttp_connection *evcon,
    void (*cb)(struct evhttp_connection *evcon, void *arg), void *arg);

/**
 * The other side: what a client was told to connect to, or the address that a
 * server was connected from.
 *
 * @param evcon the connection
 * @param address receives the name or address, which belongs to the
 *   connection
 * @param port receives the port
 */
EVENT2_EXPORT_SYMBOL
void evhttp_connection_get_peer(struct evhttp_connection *evcon,
    char **address, uint16_t *port);

/**
 * The address of the other side, once it is known.
 *
 * @param evcon the connection
 * @return an address that belongs to the connection. Its family is AF_UNSPEC
 *   as long as none is known
 */
EVENT2_EXPORT_SYMBOL
const struct sockaddr *evhttp_connection_get_addr(
    struct evhttp_connection *evcon);

/**
 * Sends a request, as soon as the connection stands and all requests before
 * it have been served.
 *
 * The request line and the headers must not hold control bytes; a body
 * without a length gets one. A response that is not well formed, or that goes
 * on longer than it says, ends the connection.
 *
 * @param evcon a client's connection
 * @param req the request, which is the connection's from here on
 * @param type the method
 * @param uri the target: usually a path with a query
 * @return 0; -1 if the request cannot be sent. It has been freed then, unless
 *   the program owns it
 */
EVENT2_EXPORT_SYMBOL
int evhttp_make_request(struct evhttp_connection *evcon,
    struct evhttp_request *req, enum evhttp_cmd_type type, const char *uri);

/**
 * Takes a request back. Its callback is not called; its error callback is,
 * with EVREQ_HTTP_REQUEST_CANCEL, if it was under way. Then its connection is
 * closed, and made anew for the requests behind it. This may be done in any
 * callback.
 *
 * @param req the request. It is freed, unless the program owns it
 */
EVENT2_EXPORT_SYMBOL
void evhttp_cancel_request(struct evhttp_request *req);

/**
 * Finds a header.
 *
 * @param headers a list of headers
 * @param key the name; upper and lower case are the same
 * @return the value of the first header of that name, or NULL; it belongs to
 *   the list
 */
EVENT2_EXPORT_SYMBOL
const char *evhttp_find_header(const struct evkeyvalq *headers,
    const char *key);

/**
 * Removes the first header of a name.
 *
 * @param headers a list of headers
 * @param key the name; upper and lower case are the same
 * @return 0, or -1 if there is none
 */
EVENT2_EXPORT_SYMBOL
int evhttp_remove_header(struct evkeyvalq *headers, const char *key);

/**
 * Appends a header, even if there is one of that name.
 *
 * @param headers a list of headers
 * @param key the name: no blanks, colons or control bytes
 * @param value the value. It may have several lines if each but the first
 *   begins with a space or tab; they are sent as one. Other control bytes are
 *   refused
 * @return 0; -1 if it could not be sent as one header, or if memory is short
 */
EVENT2_EXPORT_SYMBOL
int evhttp_add_header(struct evkeyvalq *headers, const char *key,
    const char *value);

/**
 * Removes all headers from a list.
 *
 * @param headers the list
 */
EVENT2_EXPORT_SYMBOL
void evhttp_clear_headers(struct evkeyvalq *headers);

/**
 * Encodes a string so that it can stand anywhere in a URI: letters, digits
 * and the characters - . _ ~ stay, every other byte becomes %XX.
 *
 * @param str the string
 * @return the encoded string, to be freed by the caller; NULL if memory is
 *   short
 */
EVENT2_EXPORT_SYMBOL
char *evhttp_encode_uri(const char *str);

/**
 * Encodes bytes so that they can stand anywhere in a URI, as
 * evhttp_encode_uri does.
 *
 * @param str the bytes
 * @param size how many; negative: str is a string that ends with a NUL
 * @param space_to_plus not 0: a space becomes + instead of %20
 * @return the encoded string, to be freed by the caller; NULL if memory is
 *   short
 */
EVENT2_EXPORT_SYMBOL
char *evhttp_uriencode(const char *str, ptrdiff_t size, int space_to_plus);

/**
 * Undoes %XX everywhere, and + for a space behind the first question mark.
 * That is right neither for a whole URI nor for a part of one: use
 * evhttp_uridecode for the parts.
 *
 * @param uri an encoded string
 * @return the decoded string, to be freed by the caller; NULL if memory is
 *   short or if a NUL would come out (%00), which would cut it short
 */
EVENT2_EXPORT_SYMBOL
char *evhttp_decode_uri(const char *uri);

/**
 * Undoes %XX. What is no complete escape stays as it is.
 *
 * @param uri an encoded string
 * @param decode_plus not 0: + becomes a space, as in the arguments of a query
 * @param size_out receives the length of the result, which may hold a NUL
 *   (%00); may be NULL
 * @return the decoded string, to be freed by the caller; NULL if memory is
 *   short
 */
EVENT2_EXPORT_SYMBOL
char *evhttp_uridecode(const char *uri, int decode_plus, size_t *size_out);

/**
 * Takes the arguments out of a whole URI. evhttp_uri_parse with
 * evhttp_parse_query_str does that for a URI whose other parts matter too.
 *
 * @param uri a URI
 * @param headers becomes a list of the arguments: the names as they stand
 *   there, the values decoded. What it held is not freed. Empty it with
 *   evhttp_clear_headers
 * @return 0; -1 (and an empty list) if the URI or an argument is malformed,
 *   if a value would hold a NUL, or if memory is short
 */
EVENT2_EXPORT_SYMBOL
int evhttp_parse_query(const char *uri, struct evkeyvalq *headers);

/**
 * Takes the arguments out of a query string, such as "q=test&s=some+thing".
 *
 * @param uri the query of a URI, without the question mark
 * @param headers becomes a list of the arguments: the names as they stand
 *   there, the values decoded. What it held is not freed. Empty it with
 *   evhttp_clear_headers
 * @return 0; -1 (and an empty list) if an argument is malformed, if a value
 *   would hold a NUL, or if memory is short
 */
EVENT2_EXPORT_SYMBOL
int evhttp_parse_query_str(const char *uri, struct evkeyvalq *headers);

/**
 * Replaces the characters that mean something to HTML by their entities.
 *
 * @param html any text
 * @return text that shows just that, to be freed by the caller; NULL if
 *   memory is short
 */
EVENT2_EXPORT_SYMBOL
char *evhttp_htmlescape(const char *html);

/**
 * Makes a URI without any part.
 *
 * @return the URI, to be freed with evhttp_uri_free; NULL if memory is short
 */
EVENT2_EXPORT_SYMBOL
struct evhttp_uri *evhttp_uri_new(void);

/**
 * Sets how strict evhttp_uri_set_path and the like are with a URI.
 *
 * @param uri the URI
 * @param flags EVHTTP_URI_ bits
 */
EVENT2_EXPORT_SYMBOL
void evhttp_uri_set_flags(struct evhttp_uri *uri, unsigned int flags);

/**
 * The scheme, such as "http".
 *
 * @param uri the URI
 * @return the scheme, which belongs to the URI; NULL if it has none (a
 *   relative reference)
 */
EVENT2_EXPORT_SYMBOL
const char *evhttp_uri_get_scheme(const struct evhttp_uri *uri);

/**
 * What stands before an @ in front of the host.
 *
 * @param uri the URI
 * @return the text, which belongs to the URI; NULL if there is none
 */
EVENT2_EXPORT_SYMBOL
const char *evhttp_uri_get_userinfo(const struct evhttp_uri *uri);

/**
 * The host: a name, an IPv4 address, or an IPv6 address (or one of the
 * future) in brackets. In "file:///etc/motd" it is there, and empty.
 *
 * @param uri the URI
 * @return the host, which belongs to the URI; NULL if the URI has no
 *   authority (no "//")
 */
EVENT2_EXPORT_SYMBOL
const char *evhttp_uri_get_host(const struct evhttp_uri *uri);

/**
 * The port.
 *
 * @param uri the URI
 * @return the port, or -1 if there is none
 */
EVENT2_EXPORT_SYMBOL
int evhttp_uri_get_port(const struct evhttp_uri *uri);

/**
 * The path. A parsed URI has one, which may be empty.
 *
 * @param uri the URI
 * @return the path, which belongs to the URI; NULL if none has been set
 */
EVENT2_EXPORT_SYMBOL
const char *evhttp_uri_get_path(const struct evhttp_uri *uri);

/**
 * What stands behind the question mark, without it.
 *
 * @param uri the URI
 * @return the query, which belongs to the URI; NULL if there is none
 */
EVENT2_EXPORT_SYMBOL
const char *evhttp_uri_get_query(const struct evhttp_uri *uri);

/**
 * What stands behind the #, without it.
 *
 * @param uri the URI
 * @return the fragment, which belongs to the URI; NULL if there is none
 */
EVENT2_EXPORT_SYMBOL
const char *evhttp_uri_get_fragment(const struct evhttp_uri *uri);

/**
 * Sets the scheme.
 *
 * @param uri the URI
 * @param scheme the scheme, without the colon; NULL: none
 * @return 0; -1 if it is malformed, or if memory is short
 */
EVENT2_EXPORT_SYMBOL
int evhttp_uri_set_scheme(struct evhttp_uri *uri, const char *scheme);

/**
 * Sets what stands in front of the host.
 *
 * @param uri the URI
 * @param userinfo the text, without the @; NULL: none
 * @return 0; -1 if it is malformed, or if memory is short
 */
EVENT2_EXPORT_SYMBOL
int evhttp_uri_set_userinfo(struct evhttp_uri *uri, const char *userinfo);

/**
 * Sets the host.
 *
 * @param uri the URI
 * @param host the host, an IPv6 address in brackets; NULL: none, and no
 *   authority
 * @return 0; -1 if it is malformed, or if memory is short
 */
EVENT2_EXPORT_SYMBOL
int evhttp_uri_set_host(struct evhttp_uri *uri, const char *host);

/**
 * Sets the port.
 *
 * @param uri the URI
 * @param port the port; -1: none
 * @return 0, or -1 if it is less than -1
 */
EVENT2_EXPORT_SYMBOL
int evhttp_uri_set_port(struct evhttp_uri *uri, int port);

/**
 * Sets the path.
 *
 * @param uri the URI
 * @param path the path; NULL: none
 * @return 0; -1 if it is malformed, or if memory is short
 */
EVENT2_EXPORT_SYMBOL
int evhttp_uri_set_path(struct evhttp_uri *uri, const char *path);

/**
 * Sets what stands behind the question mark.
 *
 * @param uri the URI
 * @param query the query, without the question mark; NULL: none
 * @return 0; -1 if it is malformed, or if memory is short
 */
EVENT2_EXPORT_SYMBOL
int evhttp_uri_set_query(struct evhttp_uri *uri, const char *query);

/**
 * Sets what stands behind the #.
 *
 * @param uri the URI
 * @param fragment the fragment, without the #; NULL: none
 * @return 0; -1 if it is malformed, or if memory is short
 */
EVENT2_EXPORT_SYMBOL
int evhttp_uri_set_fragment(struct evhttp_uri *uri, const char *fragment);

/**
 * Takes a URI or a relative reference apart, as RFC 3986 defines them.
 *
 * Nothing is decoded: use evhttp_uridecode on the parts, and
 * evhttp_parse_query_str on the query. What a scheme asks for beyond the
 * general grammar is not checked.
 *
 * @param source_uri the text
 * @param flags EVHTTP_URI_ bits
 * @return the URI, to be freed with evhttp_uri_free; NULL if the text is
 *   malformed, or if memory is short
 */
EVENT2_EXPORT_SYMBOL
struct evhttp_uri *evhttp_uri_parse_with_flags(const char *source_uri,
    unsigned int flags);

/**
 * evhttp_uri_parse_with_flags without any flags.
 *
 * @param source_uri the text
 * @return the URI, to be freed with evhttp_uri_free; NULL if the text is
 *   malformed, or if memory is short
 */
EVENT2_EXPORT_SYMBOL
struct evhttp_uri *evhttp_uri_parse(const char *source_uri);

/**
 * Frees a URI.
 *
 * @param uri the URI; may be NULL
 */
EVENT2_EXPORT_SYMBOL
void evhttp_uri_free(struct evhttp_uri *uri);

/**
 * Puts a URI together from its parts. Nothing is encoded.
 *
 * @param uri the URI
 * @param buf receives the text, ended by a NUL
 * @param limit the size of buf in bytes
 * @return buf; NULL if it is too small, or if there is a host and a path that
 *   does not begin with a slash
 */
EVENT2_EXPORT_SYMBOL
char *evhttp_uri_join(struct evhttp_uri *uri, char *buf, size_t limit);

#ifdef __cplusplus
}
#endif

#endif /* EVENT2_HTTP_H_INCLUDED_ */
