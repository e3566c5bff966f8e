/* The parts of evhttp that its tests call directly. */
#ifndef OXI_SUITE_HTTP_INTERNAL_H
#define OXI_SUITE_HTTP_INTERNAL_H
#include "event2/event_struct.h"
#include "event2/keyvalq_struct.h"
#include "event2/http.h"
#include "event2/http_struct.h"
#include "util-internal.h"

enum message_read_status {
	ALL_DATA_READ = 1
};
enum message_read_status evhttp_parse_firstline_(struct evhttp_request *req, struct evbuffer *from);
enum message_read_status evhttp_parse_headers_(struct evhttp_request *req, struct evbuffer *from);
void evhttp_connection_fail_(struct evhttp_connection *conn, enum evhttp_request_error error);
int evhttp_decode_uri_internal(const char *uri, size_t len, char *out, int decode_plus);

/* Only "does the server hold a connection?" is asked, by the list's first pointer. */
struct evhttp {
	struct {
		struct evhttp_connection *tqh_first;
		struct evhttp_connection **tqh_last;
	} connections;
};
#ifndef TAILQ_FIRST
#define TAILQ_FIRST(head) ((head)->tqh_first)
#endif
#endif
