/* evbuffer: each function by itself, then long random sequences over several buffers. */
#include "common.h"
#include <event2/buffer_compat.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>
#include <wchar.h>

static unsigned rng_state = 1;
static unsigned rng(unsigned n)
{
	rng_state = rng_state * 1103515245u + 12345u;
	return (rng_state >> 8) % n;
}

static unsigned long hash(struct evbuffer *b)
{
	size_t n = evbuffer_get_length(b), i;
	unsigned char *p = malloc(n + 1);
	unsigned long h = 5381;
	ev_ssize_t got = evbuffer_copyout(b, p, n);
	for (i = 0; got > 0 && i < (size_t)got; i++)
		h = h * 33 + p[i];
	free(p);
	return h + (unsigned long)got;
}

static void state(const char *what, struct evbuffer *b)
{
	printf("%s: %zu bytes, hash %lx\n", what, evbuffer_get_length(b), hash(b));
}

static int cleanups;
static void cleanup(const void *data, size_t len, void *extra)
{
	(void)data;
	printf("cleanup %zu %d\n", len, extra != NULL);
	cleanups++;
}

static void on_change(struct evbuffer *b, const struct evbuffer_cb_info *info, void *arg)
{
	(void)b;
	printf("changed %s: %zu +%zu -%zu\n", (char *)arg, info->orig_size, info->n_added, info->n_deleted);
}
static void on_change_old(struct evbuffer *b, size_t before, size_t now, void *arg)
{
	(void)b;
	printf("old callback %s: %zu %zu\n", (char *)arg, before, now);
}
static struct evbuffer_cb_entry *self;
static void remove_self(struct evbuffer *b, const struct evbuffer_cb_info *info, void *arg)
{
	(void)info, (void)arg;
	printf("once: %d\n", evbuffer_remove_cb_entry(b, self));
}

static void basics(void)
{
	struct evbuffer *b = evbuffer_new(), *c = evbuffer_new();
	char out[64];
	struct evbuffer_iovec v[3];
	TITLE("basics");
	SHOW(evbuffer_get_length(b));
	SHOW(evbuffer_get_contiguous_space(b));
	NIL(evbuffer_pullup(b, -1));
	NIL(evbuffer_pullup(b, 1));
	NIL(evbuffer_pullup(b, 0));
	SHOW(evbuffer_drain(b, 10));
	SHOW(evbuffer_remove(b, out, sizeof(out)));
	SHOW(evbuffer_copyout(b, out, sizeof(out)));
	SHOW(evbuffer_add(b, "", 0));
	SHOW(evbuffer_prepend(b, "", 0));
	SHOW(evbuffer_add(b, "hello", 5));
	SHOW(evbuffer_prepend(b, ">>", 2));
	SHOW(evbuffer_remove(b, out, 0));
	state("b", b);
	NIL(evbuffer_pullup(b, 8));
	NIL(evbuffer_pullup(b, 7));
	SHOW(evbuffer_remove_buffer(b, c, 3));
	SHOW(evbuffer_remove_buffer(b, c, 100));
	SHOW(evbuffer_remove_buffer(b, c, 1));
	SHOW(evbuffer_add_buffer(b, c));
	SHOW(evbuffer_add_buffer(b, c));
	SHOW(evbuffer_add_buffer(b, b));
	SHOW(evbuffer_prepend_buffer(b, b));
	SHOW(evbuffer_prepend_buffer(b, c));
	SHOW(evbuffer_remove_buffer(b, b, 2));
	state("b", b);
	SHOW(evbuffer_add_printf(b, "%d-%s", 42, "x"));
	SHOW(evbuffer_add_printf(b, "%s", ""));
	SHOW(evbuffer_add_printf(b, "%5000d", 7));
	state("b", b);
	SHOW(evbuffer_expand(b, 100000));
	SHOW(evbuffer_expand(b, 0));
	state("b", b);
	v[0].iov_base = "one", v[0].iov_len = 3;
	v[1].iov_base = NULL, v[1].iov_len = 0;
	v[2].iov_base = "three", v[2].iov_len = 5;
	SHOW(evbuffer_add_iovec(b, v, 3));
	SHOW(evbuffer_add_iovec(b, v, 0));
	state("b", b);
	evbuffer_free(b);
	evbuffer_free(c);
}

static void freezing(void)
{
	struct evbuffer *b = evbuffer_new(), *c = evbuffer_new();
	char out[8];
	evutil_socket_t fd[2];
	struct evbuffer_iovec v;
	int front;
	TITLE("freezing");
	pair(fd);
	evbuffer_add(b, "0123456789", 10);
	evbuffer_add(c, "abc", 3);
	for (front = 0; front < 2; front++) {
		printf("frozen at the %s\n", front ? "front" : "back");
		SHOW(evbuffer_freeze(b, front));
		SHOW(evbuffer_add(b, "x", 1));
		SHOW(evbuffer_prepend(b, "x", 1));
		SHOW(evbuffer_drain(b, 1));
		SHOW(evbuffer_remove(b, out, 1));
		SHOW(evbuffer_copyout(b, out, 1));
		SHOW(evbuffer_add_buffer(b, c));
		SHOW(evbuffer_prepend_buffer(b, c));
		SHOW(evbuffer_remove_buffer(b, c, 1));
		SHOW(evbuffer_add_printf(b, "x"));
		SHOW(evbuffer_add_reference(b, "ref", 3, NULL, NULL));
		SHOW(evbuffer_reserve_space(b, 10, &v, 1));
		SHOW(evbuffer_expand(b, 10));
		SHOW(evbuffer_write(b, fd[0]));
		if (write(fd[1], "in", 2) != 2)
			abort();
		SHOW(evbuffer_read(b, fd[0], 100));
		SHOW(evbuffer_unfreeze(b, front));
		state("b", b);
		state("c", c);
	}
	close(fd[0]), close(fd[1]);
	evbuffer_free(b);
	evbuffer_free(c);
}

static void lines(void)
{
	static const char *texts[] = {"", "abc", "abc\n", "abc\r\ndef\r\n", "\n\n", "\r\n", "\r", "a\rb\nc\r\nd", "x\n\r\ny",
				      "\r\r\r\nx", "tail\r"};
	unsigned i, style;
	char *line;
	size_t n;
	TITLE("lines");
	for (style = 0; style <= EVBUFFER_EOL_NUL; style++)
		for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
			struct evbuffer *b = evbuffer_new();
			size_t k, len = strlen(texts[i]) + (i % 2);
			struct evbuffer_ptr p;
			/* Byte by byte, prepended: many blocks. */
			for (k = len; k-- > 0;)
				evbuffer_prepend(b, &texts[i][k], 1);
			p = evbuffer_search_eol(b, NULL, &n, (enum evbuffer_eol_style)style);
			printf("%u/%u: eol at %ld, %ld bytes\n", style, i, (long)p.pos, p.pos < 0 ? 0L : (long)n);
			while ((line = evbuffer_readln(b, &n, (enum evbuffer_eol_style)style)) != NULL) {
				printf("  line of %zu: ", n);
				for (k = 0; k <= n; k++)
					printf("%02x", (unsigned char)line[k]);
				printf("\n");
				free(line);
			}
			printf("  n %zu, left %zu\n", n, evbuffer_get_length(b));
			evbuffer_free(b);
		}
	{
		struct evbuffer *b = evbuffer_new();
		evbuffer_add_printf(b, "one\ntwo\r\n\nrest");
		while ((line = evbuffer_readline(b)) != NULL) {
			TEXT(line);
			free(line);
		}
		SHOW(EVBUFFER_LENGTH(b));
		evbuffer_free(b);
	}
}

static void searching(void)
{
	struct evbuffer *b = evbuffer_new();
	struct evbuffer_ptr p, q, end;
	int i;
	TITLE("searching");
	for (i = 0; i < 300; i++) {
		struct evbuffer *one = evbuffer_new();
		evbuffer_add_printf(one, i % 7 ? "ab" : "aab");
		evbuffer_add_buffer(b, one);
		evbuffer_free(one);
	}
	evbuffer_add(b, "needle", 6);
	SHOW(evbuffer_search(b, "needle", 6, NULL).pos);
	SHOW(evbuffer_search(b, "needles", 7, NULL).pos);
	SHOW(evbuffer_search(b, "baab", 4, NULL).pos);
	SHOW(evbuffer_search(b, "", 0, NULL).pos);
	SHOW(evbuffer_ptr_set(b, &p, 10, EVBUFFER_PTR_SET));
	SHOW(p.pos);
	SHOW(evbuffer_search(b, "baab", 4, &p).pos);
	SHOW(evbuffer_ptr_set(b, &p, 20, EVBUFFER_PTR_ADD));
	SHOW(p.pos);
	SHOW(evbuffer_search(b, "baab", 4, &p).pos);
	SHOW(evbuffer_ptr_set(b, &end, evbuffer_get_length(b), EVBUFFER_PTR_SET));
	SHOW(end.pos);
	SHOW(evbuffer_search(b, "a", 1, &end).pos);
	SHOW(evbuffer_ptr_set(b, &q, evbuffer_get_length(b) + 1, EVBUFFER_PTR_SET));
	SHOW(q.pos);
	SHOW(evbuffer_ptr_set(b, &end, 1, EVBUFFER_PTR_ADD));
	SHOW(end.pos);
	q = p;
	SHOW(evbuffer_ptr_set(b, &q, (size_t)-1, EVBUFFER_PTR_ADD));
	printf("after overflow %ld\n", (long)q.pos);
	SHOW(evbuffer_ptr_set(b, &p, 0, EVBUFFER_PTR_SET));
	SHOW(evbuffer_ptr_set(b, &q, 17, EVBUFFER_PTR_SET));
	SHOW(evbuffer_search_range(b, "baab", 4, &p, &q).pos);
	SHOW(evbuffer_ptr_set(b, &q, 16, EVBUFFER_PTR_SET));
	SHOW(evbuffer_search_range(b, "baab", 4, &p, &q).pos);
	{
		char out[16] = "";
		SHOW(evbuffer_ptr_set(b, &p, 5, EVBUFFER_PTR_SET));
		SHOW(evbuffer_copyout_from(b, &p, out, 10));
		TEXT(out);
		SHOW(evbuffer_ptr_set(b, &p, evbuffer_get_length(b) - 2, EVBUFFER_PTR_SET));
		SHOW(evbuffer_copyout_from(b, &p, out, 10));
		SHOW(evbuffer_copyout(b, out, 3));
	}
	NIL(evbuffer_find(b, (const unsigned char *)"needle", 6));
	NIL(evbuffer_find(b, (const unsigned char *)"nail", 4));
	evbuffer_free(b);
	b = evbuffer_new();
	SHOW(evbuffer_ptr_set(b, &p, 0, EVBUFFER_PTR_SET));
	SHOW(p.pos);
	SHOW(evbuffer_ptr_set(b, &p, 1, EVBUFFER_PTR_SET));
	SHOW(evbuffer_search(b, "x", 1, NULL).pos);
	evbuffer_free(b);
}

static void callbacks(void)
{
	struct evbuffer *b = evbuffer_new(), *c = evbuffer_new();
	struct evbuffer_cb_entry *e;
	char out[8];
	TITLE("callbacks");
	e = evbuffer_add_cb(b, on_change, "one");
	evbuffer_add_cb(b, on_change, "two");
	evbuffer_add(b, "hello", 5);
	evbuffer_drain(b, 2);
	evbuffer_drain(b, 0);
	evbuffer_add(b, "", 0);
	evbuffer_prepend(b, "xy", 2);
	SHOW(evbuffer_cb_clear_flags(b, e, EVBUFFER_CB_ENABLED));
	evbuffer_remove(b, out, 3);
	SHOW(evbuffer_cb_set_flags(b, e, EVBUFFER_CB_ENABLED));
	evbuffer_add_printf(b, "%s", "printf");
	evbuffer_add_buffer(c, b);
	evbuffer_add_buffer(b, c);
	evbuffer_prepend_buffer(c, b);
	evbuffer_remove_buffer(c, b, 4);
	evbuffer_add_reference(b, "reference", 9, cleanup, NULL);
	SHOW(evbuffer_remove_cb(b, on_change, "two") == 0);
	SHOW(evbuffer_remove_cb(b, on_change, "three"));
	evbuffer_add(b, "x", 1);
	SHOW(evbuffer_remove_cb_entry(b, e));
	evbuffer_add(b, "silent", 6);
	self = evbuffer_add_cb(b, remove_self, NULL);
	evbuffer_add(b, "a", 1);
	evbuffer_add(b, "b", 1);
	evbuffer_setcb(b, on_change_old, "first");
	evbuffer_add(b, "abc", 3);
	evbuffer_add_cb(b, on_change, "gone");
	evbuffer_setcb(b, on_change_old, "second");
	evbuffer_drain(b, 4);
	evbuffer_setcb(b, NULL, NULL);
	evbuffer_drain(b, 100);
	evbuffer_free(b);
	evbuffer_free(c);
}

static void deferred(void)
{
	struct event_base *base = event_base_new();
	struct evbuffer *b = evbuffer_new();
	TITLE("deferred callbacks");
	SHOW(evbuffer_defer_callbacks(b, base));
	evbuffer_add_cb(b, on_change, "later");
	evbuffer_add(b, "hello", 5);
	evbuffer_drain(b, 2);
	evbuffer_add(b, "more", 4);
	printf("loop\n");
	SHOW(event_base_loop(base, EVLOOP_NONBLOCK));
	SHOW(event_base_loop(base, EVLOOP_NONBLOCK));
	evbuffer_add(b, "x", 1);
	evbuffer_free(b);
	printf("freed\n");
	SHOW(event_base_loop(base, EVLOOP_NONBLOCK));
	event_base_free(base);
}

static void references(void)
{
	static char text[] = "some text of the program";
	struct evbuffer *b = evbuffer_new(), *c = evbuffer_new();
	char out[32];
	TITLE("references");
	SHOW(evbuffer_add_reference(b, text, 10, cleanup, text));
	SHOW(evbuffer_add_reference(b, text + 10, 5, cleanup, NULL));
	SHOW(evbuffer_add(b, "own", 3));
	state("b", b);
	SHOW(evbuffer_drain(b, 4));
	SHOW(evbuffer_prepend(b, "<", 1));
	SHOW(evbuffer_add_buffer_reference(c, b));
	state("c", c);
	SHOW(evbuffer_add_buffer_reference(c, b));
	SHOW(evbuffer_add_buffer_reference(c, c));
	SHOW(evbuffer_add_buffer_reference(b, c));
	state("b", b);
	SHOW(evbuffer_remove(b, out, 12));
	state("b", b);
	evbuffer_free(b);
	printf("b freed\n");
	state("c", c);
	evbuffer_drain(c, 9);
	evbuffer_free(c);
	SHOW(cleanups);
}

static void segment_gone(const struct evbuffer_file_segment *s, int flags, void *arg)
{
	(void)s, (void)arg;
	printf("segment gone, flags %d\n", flags);
}

static int temporary(size_t n)
{
	char name[] = "/tmp/oxievent.XXXXXX";
	int fd = mkstemp(name);
	size_t i;
	unlink(name);
	for (i = 0; i < n; i++) {
		char c = (char)('a' + i % 26);
		if (write(fd, &c, 1) != 1)
			abort();
	}
	return fd;
}

static void files(void)
{
	unsigned flags;
	TITLE("files");
	for (flags = 0; flags < 8; flags++) {
		struct evbuffer *b = evbuffer_new();
		struct evbuffer_file_segment *s;
		evutil_socket_t fd[2];
		char got[1000];
		int f = temporary(1000), n = 0, r;
		printf("flags %u\n", flags);
		s = evbuffer_file_segment_new(f, 100, 500, flags | EVBUF_FS_CLOSE_ON_FREE);
		NIL(s);
		evbuffer_file_segment_add_cleanup_cb(s, segment_gone, NULL);
		SHOW(evbuffer_add_file_segment(b, s, 0, 10));
		SHOW(evbuffer_add_file_segment(b, s, 490, -1));
		SHOW(evbuffer_add(b, "own", 3));
		SHOW(evbuffer_get_length(b));
		evbuffer_file_segment_free(s);
		pair(fd);
		while (evbuffer_get_length(b) && n++ < 20)
			if (evbuffer_write_atmost(b, fd[0], 7) < 0)
				break;
		r = (int)read(fd[1], got, sizeof(got));
		SHOW(r);
		printf("%.*s\n", r > 0 ? r : 0, got);
		close(fd[0]), close(fd[1]);
		evbuffer_free(b);
	}
	{
		struct evbuffer *b = evbuffer_new();
		int f = temporary(100);
		evutil_socket_t fd[2];
		char got[200];
		SHOW(evbuffer_set_flags(b, EVBUFFER_FLAG_DRAINS_TO_FD));
		SHOW(evbuffer_add_file(b, f, 10, 20));
		SHOW(evbuffer_add_file(b, temporary(30), 0, -1));
		SHOW(evbuffer_get_length(b));
		SHOW(evbuffer_clear_flags(b, EVBUFFER_FLAG_DRAINS_TO_FD));
		pair(fd);
		SHOW(evbuffer_write(b, fd[0]));
		SHOW(evbuffer_write(b, fd[0]));
		SHOW(evbuffer_get_length(b));
		SHOW(read(fd[1], got, sizeof(got)));
		close(fd[0]), close(fd[1]);
		evbuffer_free(b);
		NIL(evbuffer_file_segment_new(-1, 0, 10, 0));
	}
}

static void descriptors(void)
{
	struct evbuffer *b = evbuffer_new();
	evutil_socket_t fd[2];
	char big[50000], out[100];
	int n;
	TITLE("descriptors");
	memset(big, 'x', sizeof(big));
	pair(fd);
	SHOW(evbuffer_read(b, fd[0], 100));
	SHOW(errno == EAGAIN);
	SHOW(write(fd[1], "hello", 5));
	SHOW(evbuffer_read(b, fd[0], 3));
	SHOW(evbuffer_read(b, fd[0], -1));
	SHOW(evbuffer_read(b, fd[0], 0));
	state("b", b);
	SHOW(evbuffer_write_atmost(b, fd[0], 2));
	SHOW(evbuffer_write_atmost(b, fd[0], 0));
	SHOW(evbuffer_write_atmost(b, fd[0], -1));
	SHOW(evbuffer_write(b, fd[0]));
	SHOW(read(fd[1], out, sizeof(out)));
	SHOW(evbuffer_write(b, -1));
	SHOW(evbuffer_add(b, "x", 1));
	SHOW(evbuffer_write(b, -1));
	SHOW(errno == EBADF);
	SHOW(evbuffer_read(b, -1, 10));
	SHOW(errno == EBADF);
	for (n = 0; n < 10; n++)
		evbuffer_add(b, big, 5000);
	for (n = 0; evbuffer_get_length(b) && n < 1000; n++) {
		char sink[4096];
		evbuffer_write(b, fd[0]);
		while (read(fd[1], sink, sizeof(sink)) > 0)
			;
	}
	SHOW(evbuffer_get_length(b));
	close(fd[1]);
	evbuffer_add(b, "y", 1);
	SHOW(evbuffer_write(b, fd[0]));
	SHOW(errno == EPIPE);
	SHOW(evbuffer_read(b, fd[0], 10));
	state("b", b);
	close(fd[0]);
	evbuffer_free(b);
}

static void reserving(void)
{
	struct evbuffer *b = evbuffer_new();
	struct evbuffer_iovec v[2];
	int n;
	TITLE("reserving");
	n = evbuffer_reserve_space(b, 100, v, 1);
	SHOW(n);
	SHOW(v[0].iov_len >= 100);
	memset(v[0].iov_base, 'r', 60);
	v[0].iov_len = 60;
	SHOW(evbuffer_commit_space(b, v, 1));
	state("b", b);
	n = evbuffer_reserve_space(b, 10000, v, 2);
	SIGN(n);
	v[0].iov_len = 0;
	SHOW(evbuffer_commit_space(b, v, 1));
	SHOW(evbuffer_commit_space(b, v, 0));
	state("b", b);
	n = evbuffer_reserve_space(b, 100, v, 1);
	v[0].iov_len = 1000000;
	SHOW(evbuffer_commit_space(b, v, 1));
	v[0].iov_base = "elsewhere", v[0].iov_len = 9;
	SHOW(evbuffer_commit_space(b, v, 1));
	SHOW(evbuffer_reserve_space(b, 10, v, 0));
	SHOW(evbuffer_reserve_space(b, -1, v, 1));
	state("b", b);
	SHOW(evbuffer_peek(b, -1, NULL, NULL, 0) >= 1);
	SHOW(evbuffer_peek(b, 10, NULL, v, 1));
	SHOW(v[0].iov_len >= 10);
	evbuffer_drain(b, evbuffer_get_length(b));
	SHOW(evbuffer_peek(b, -1, NULL, v, 1));
	SHOW(evbuffer_peek(b, 10, NULL, v, 1));
	evbuffer_free(b);
}

static void formats(void)
{
	static char big[5000];
	struct evbuffer *b = evbuffer_new();
	char c = 0;
	TITLE("formats");
	memset(big, 'y', sizeof(big) - 1);
#define PRINT(...) \
	do { \
		int r = evbuffer_add_printf(b, __VA_ARGS__); \
		size_t len = evbuffer_get_length(b), i; \
		unsigned char *p = evbuffer_pullup(b, -1); \
		printf("%s: %d, %zu bytes:", #__VA_ARGS__, r, len); \
		for (i = 0; i < len && i < 60; i++) \
			printf(p[i] < 32 || p[i] > 126 ? "\\%03o" : "%c", p[i]); \
		printf("\n"); \
		evbuffer_drain(b, len); \
	} while (0)
	PRINT("plain");
	PRINT("%%");
	PRINT("100%% of %s", "it");
	PRINT("%s", (char *)NULL);
	PRINT("[%.3s] [%.*s] [%.*s] [%.*s]", "abcdef", 2, "abcdef", 0, "abcdef", -1, "abcdef");
	PRINT("%.*s", 100, "short");
	PRINT("%c%c%c", 'a', c, 'b');
	PRINT("%d %d %d %d", 0, -1, 2147483647, -2147483647 - 1);
	PRINT("%i %u %x %X %o", -5, 4294967295u, 3735928559u, 255u, 8u);
	PRINT("%ld %lu %lx", -1L, 18446744073709551615ul, 0xfedcba9876543210ul);
	PRINT("%lld %llu %llx", -9223372036854775807LL - 1, 18446744073709551615ull, 1ull);
	PRINT("%zu %zd %zx", (size_t)-1, (ssize_t)-1, (size_t)255);
	PRINT("%hd %hhd %jd %td", (short)-3, (signed char)-4, (intmax_t)-5, (ptrdiff_t)-6);
	PRINT("%5d|%-5d|%05d|%+d|% d|%#x|%#o", 42, 42, 42, 42, 42, 42, 42);
	PRINT("%10s|%-10s|%.2f|%g|%e", "right", "left", 3.14159, 0.0001, 12345.678);
	PRINT("%d then %5.2f then %s", 1, 2.5, "three");
	PRINT("%2$s %1$s", "b", "a");
	PRINT("%s", big);
	PRINT("%s%s%s", big, "middle", big);
	PRINT("%ls", L"wide");
	PRINT("%lc", (wint_t)L'w');
	PRINT("%.*d|%*d", 5, 42, 5, 42);
	PRINT("%p", (void *)16);
	PRINT("");
	/* Behind each other, to meet the ends of blocks in all ways. */
	{
		unsigned char *p;
		size_t len, i;
		unsigned sum = 0;
		int n, r;
		for (n = 0; n < 400; n++) {
			r = evbuffer_add_printf(b, "%.*s|%d|%c%s|%llu", n, big, n * 7919 - 9999, 'c', "end", n * 99999999999ull);
			sum = sum * 31 + (unsigned)r;
		}
		len = evbuffer_get_length(b);
		p = evbuffer_pullup(b, -1);
		for (i = 0; i < len; i++)
			sum = sum * 31 + p[i];
		printf("%zu bytes, %u\n", len, sum);
	}
	evbuffer_free(b);
}

static void sequences(void)
{
	struct evbuffer *b[3];
	char block[9000], out[9000];
	int i, round;
	TITLE("sequences");
	for (i = 0; i < (int)sizeof(block); i++)
		block[i] = (char)('A' + i % 61);
	for (round = 0; round < 20; round++) {
		rng_state = (unsigned)round * 7919u + 1u;
		for (i = 0; i < 3; i++)
			b[i] = evbuffer_new();
		for (i = 0; i < 300; i++) {
			struct evbuffer *x = b[rng(3)], *y = b[rng(3)];
			size_t n = rng(10) ? rng(200) : rng(9000);
			struct evbuffer_ptr p;
			struct evbuffer_iovec v;
			long r = 0;
			unsigned op = rng(17);
			switch (op) {
			case 0: case 1: case 2: r = evbuffer_add(x, block + rng(100), n > 8900 ? 8900 : n); break;
			case 3: r = evbuffer_prepend(x, block, n); break;
			case 4: r = evbuffer_drain(x, n); break;
			case 5: r = evbuffer_remove(x, out, n); break;
			case 6: if (x != y) r = evbuffer_add_buffer(x, y); break;
			case 7: if (x != y) r = evbuffer_prepend_buffer(x, y); break;
			case 8: if (x != y) r = evbuffer_remove_buffer(x, y, n); break;
			case 9: r = evbuffer_pullup(x, (ev_ssize_t)n) != NULL; break;
			case 10: r = evbuffer_add_reference(x, block, n, NULL, NULL); break;
			case 11: r = evbuffer_search(x, block + 20, 1 + n % 8, NULL).pos; break;
			case 12: r = evbuffer_expand(x, n); break;
			case 13:
				if (evbuffer_reserve_space(x, (ev_ssize_t)n, &v, 1) == 1) {
					memset(v.iov_base, 'v', n);
					v.iov_len = n;
					r = evbuffer_commit_space(x, &v, 1);
				}
				break;
			case 14: r = evbuffer_add_printf(x, "%s-%d", "printf", i); break;
			case 15:
				r = evbuffer_ptr_set(x, &p, n, EVBUFFER_PTR_SET);
				if (r == 0)
					r = (long)evbuffer_copyout_from(x, &p, out, 50);
				break;
			case 16: r = evbuffer_copyout(x, out, n); break;
			}
			printf("%d.%d op %u: %ld;", round, i, op, r);
			printf(" %zu %zu %zu\n", evbuffer_get_length(b[0]), evbuffer_get_length(b[1]),
			    evbuffer_get_length(b[2]));
		}
		for (i = 0; i < 3; i++) {
			state("end", b[i]);
			evbuffer_free(b[i]);
		}
	}
}

int main(void)
{
	setup();
	basics();
	freezing();
	lines();
	searching();
	callbacks();
	deferred();
	references();
	files();
	descriptors();
	reserving();
	formats();
	sequences();
	return 0;
}
