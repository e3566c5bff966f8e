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

struct evhttp_uri;
struct evkeyvalq;

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
