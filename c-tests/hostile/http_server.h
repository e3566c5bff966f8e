/* An evhttp server under attack, and what its answers are read with. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H
#include "hostile.h"
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <sys/queue.h>

static struct evhttp *http;
static int port;
/* What the callback was shown: for each request " URI[BODY]", with <X-A> and {X-T} behind if these headers are there. */
static char seen[65536];
static int served;

static inline void note_seen(struct evhttp_request *req)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(req);
	const char *value;
	size_t n = strlen(seen), body = evbuffer_get_length(in);
	served++;
	if (n + body + 4096 > sizeof seen)
		return;
	n += (size_t)snprintf(seen + n, 2048, " %s[", evhttp_request_get_uri(req));
	if (body < 1024) {
		evbuffer_copyout(in, seen + n, body);
		n += body;
	} else {
		n += (size_t)sprintf(seen + n, "%zu bytes", body);
	}
	n += (size_t)sprintf(seen + n, "]");
	if ((value = evhttp_find_header(evhttp_request_get_input_headers(req), "X-A")))
		n += (size_t)snprintf(seen + n, 512, "<%s>", value);
	if ((value = evhttp_find_header(evhttp_request_get_input_headers(req), "X-T")))
		snprintf(seen + n, 512, "{%s}", value);
}
static inline void reply_ok(struct evhttp_request *req, void *arg)
{
	struct evbuffer *out = evbuffer_new();
	(void)arg;
	note_seen(req);
	evbuffer_add(out, "ok", 2);
	if (evhttp_request_get_command(req) == EVHTTP_REQ_HEAD)
		evhttp_add_header(evhttp_request_get_output_headers(req), "X-Method", "HEAD");
	evhttp_send_reply(req, 200, "OK", out);
	evbuffer_free(out);
}
static inline void serve(void (*cb)(struct evhttp_request *, void *), void *arg)
{
	struct evhttp_bound_socket *handle;
	struct sockaddr_in sin;
	socklen_t len = sizeof sin;
	if (!base)
		base = event_base_new();
	http = evhttp_new(base);
	handle = evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
	getsockname(evhttp_bound_socket_get_fd(handle), (struct sockaddr *)&sin, &len);
	port = ntohs(sin.sin_port);
	evhttp_set_gencb(http, cb ? cb : reply_ok, arg);
	seen[0] = '\0';
	served = 0;
}
static inline void unserve(void)
{
	pump();
	evhttp_free(http);
	http = NULL;
	pump();
}
static inline void client(struct conn *c)
{
	conn_adopt(c, tcp_connect(port));
	pump();
}

/* The value of a header in a head, or NULL. */
static inline const char *header_in(const char *head, const char *end, const char *name, size_t *len)
{
	size_t n = strlen(name);
	while (head < end) {
		const char *line_end = memmem(head, (size_t)(end - head), "\r\n", 2);
		if (!line_end)
			line_end = end;
		if ((size_t)(line_end - head) > n && !strncasecmp(head, name, n) && head[n] == ':') {
			head += n + 1;
			while (head < line_end && *head == ' ')
				head++;
			*len = (size_t)(line_end - head);
			return head;
		}
		head = line_end + 2;
	}
	return NULL;
}
/* Whether a head (its first line taken off) is fields of printable bytes, each with a token for its name. */
static inline int fields_ok(const char *p, const char *end)
{
	while (p < end) {
		const char *line_end = memmem(p, (size_t)(end - p), "\r\n", 2), *colon;
		if (!line_end || !(colon = memchr(p, ':', (size_t)(line_end - p))) || colon == p)
			return 0;
		for (; p < colon; p++)
			if (*p <= ' ' || strchr("\"(),/:;<=>?@[\\]{}\x7f", *p))
				return 0;
		for (; p < line_end; p++)
			if (((unsigned char)*p < ' ' && *p != '\t') || *p == 0x7f)
				return 0;
		p = line_end + 2;
	}
	return 1;
}
/* Reads a stream of responses strictly; appends "CODE " for each, "cut " for one that is not complete and "junk " for
 * anything else. */
static inline void read_responses(const char *in, size_t n, char *codes)
{
	const char *end = in + n;
	codes[0] = '\0';
	while (in < end && strlen(codes) < 4000) {
		const char *head_end = memmem(in, (size_t)(end - in), "\r\n\r\n", 4), *v;
		size_t len;
		int code;
		if ((end - in > 8 && memcmp(in, "HTTP/1.", 7)) || (in[0] != 'H')) {
			strcat(codes, "junk ");
			return;
		}
		if (!head_end) {
			strcat(codes, "cut ");
			return;
		}
		code = atoi(in + 9);
		head_end += 2;
		v = memchr(in, '\n', (size_t)(head_end - in));
		if (code < 100 || code > 999 || (in[12] != ' ' && in[12] != '\r') || v[-1] != '\r' ||
		    !fields_ok(v + 1, head_end)) {
			strcat(codes, "junk ");
			return;
		}
		sprintf(codes + strlen(codes), "%d ", code);
		in = v + 1;
		if (header_in(in, head_end, "X-Method", &len) || code < 200 || code == 204 || code == 304) {
			in = head_end + 2;
		} else if ((v = header_in(in, head_end, "Transfer-Encoding", &len))) {
			in = head_end + 2;
			for (;;) {
				char *after;
				unsigned long size = in < end ? strtoul(in, &after, 16) : 0;
				if (in >= end || !(in = memmem(in, (size_t)(end - in), "\r\n", 2)) ||
				    (size_t)(end - in) < size + 4) {
					strcat(codes, "cut ");
					return;
				}
				in += 2 + size + 2;
				if (!size)
					break;
			}
		} else if ((v = header_in(in, head_end, "Content-Length", &len))) {
			unsigned long size = strtoul(v, NULL, 10);
			in = head_end + 2;
			if ((size_t)(end - in) < size) {
				strcat(codes, "cut ");
				return;
			}
			in += size;
		} else {
			return;
		}
	}
}
/* "CODE CODE => URI[BODY] URI[BODY]": what was answered and what the program was shown. */
static inline const char *outcome(const struct conn *c)
{
	static char text[sizeof seen + 8192];
	read_responses(c->in ? c->in : "", c->len, text);
	strcat(text, "=>");
	return strcat(text, seen);
}
/* Whether `is` is one of the outcomes in `wanted`, which are separated by " | ". */
static inline int one_of(const char *is, const char *wanted)
{
	size_t n = strlen(is);
	while (wanted) {
		const char *bar = strstr(wanted, " | ");
		size_t len = bar ? (size_t)(bar - wanted) : strlen(wanted);
		if (len == n && !memcmp(is, wanted, n))
			return 1;
		wanted = bar ? bar + 3 : NULL;
	}
	return 0;
}
#endif
