/* Parts of several of the libraries in one program: whichever of them are linked, there is one state. */
#include "check.h"
#include <event2/buffer.h>
#include <event2/dns.h>
#include <event2/event_compat.h>
#include <event2/http.h>
#include <event2/tag.h>

extern struct event_base *event_global_current_base_;

static int logged;
static void log_line(int severity, const char *text)
{
	(void)severity, (void)text;
	logged++;
}
static size_t blocks;
static void *count_malloc(size_t n)
{
	blocks++;
	return malloc(n);
}

int main(int argc, char **argv)
{
	struct event_base *base;
	struct evhttp *http;
	struct evbuffer *buf;
	ev_uint32_t n = 0;
	size_t before;
	/* Set in the core, used by the rest. */
	event_set_mem_functions(count_malloc, realloc, free);
	begin(argc, argv);
	event_set_log_callback(log_line);
	base = event_init();
	CHECK(base != NULL);
	CHECK(event_global_current_base_ == base);
	before = blocks;
	http = evhttp_new(base);
	CHECK(http != NULL && blocks > before);
	/* evhttp tells of it through the core's log. */
	CHECK(evhttp_set_cb(http, "/", NULL, NULL) == 0);
	CHECK(evhttp_bind_socket(http, "no address", 1) == -1);
	CHECK(logged > 0);
	evhttp_free(http);
	before = blocks;
	buf = evbuffer_new();
	evtag_init();
	evtag_marshal_int(buf, 7, 4711);
	CHECK(evtag_unmarshal_int(buf, 7, &n) != -1 && n == 4711);
	CHECK(blocks > before);
	evbuffer_free(buf);
	event_base_free(base);
	CHECK(event_global_current_base_ == NULL);
	return end();
}
