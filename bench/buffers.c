/* evbuffer operations. */
#include "bench.h"

static struct evbuffer *a, *b;
static char block[1 << 18];

static void
make(void)
{
	a = evbuffer_new();
	b = evbuffer_new();
	memset(block, 'x', sizeof(block));
}
/* 4 KiB in, over to another buffer, out. */
static void
move(long ops)
{
	for (long i = 0; i < ops; i++) {
		evbuffer_add(a, block, 4096);
		evbuffer_add_buffer(b, a);
		evbuffer_drain(b, 4096);
	}
}
static void
add_big(long ops)
{
	for (long i = 0; i < ops; i++) {
		evbuffer_add(a, block, 65536);
		evbuffer_drain(a, 65536);
	}
}
/* 256 KiB in pieces of 4 KiB made one. */
static void
pullup(long ops)
{
	for (long i = 0; i < ops; i++) {
		for (int piece = 0; piece < 64; piece++) {
			evbuffer_add(b, block, 4096);
			evbuffer_add_buffer(a, b);
		}
		CHECK(evbuffer_pullup(a, -1));
		evbuffer_drain(a, 1 << 18);
	}
}
static void
add_small(long ops)
{
	while (ops > 0) {
		long some = ops < 64 ? ops : 64;
		for (long i = 0; i < some; i++)
			evbuffer_add(a, "sixteen bytes ok", 16);
		evbuffer_drain(a, (size_t)some * 16);
		ops -= some;
	}
}
static void
remove_small(long ops)
{
	char out[16];
	while (ops > 0) {
		long some = ops < 64 ? ops : 64;
		evbuffer_add(a, block, (size_t)some * 16);
		for (long i = 0; i < some; i++)
			evbuffer_remove(a, out, 16);
		ops -= some;
	}
}
static char lines[64 * 40];
static void
make_lines(void)
{
	make();
	for (int i = 0; i < 64; i++)
		memcpy(lines + i * 40, "0123456789 0123456789 0123456789 01234\r\n", 40);
}
static void
read_line(long ops)
{
	while (ops > 0) {
		long some = ops < 64 ? ops : 64;
		evbuffer_add(a, lines, (size_t)some * 40);
		for (long i = 0; i < some; i++) {
			size_t len;
			char *line = evbuffer_readln(a, &len, EVBUFFER_EOL_CRLF);
			CHECK(len == 38);
			free(line);
		}
		ops -= some;
	}
}
static void
print(long ops)
{
	while (ops > 0) {
		long some = ops < 32 ? ops : 32;
		for (long i = 0; i < some; i++)
			evbuffer_add_printf(a, "Content-Length: %d %s\r\n", (int)i, "text");
		evbuffer_drain(a, evbuffer_get_length(a));
		ops -= some;
	}
}
static void
make_haystack(void)
{
	make();
	for (int i = 0; i < 16; i++) {
		memset(block, 'A' + i, 4096);
		evbuffer_add(b, block, 4096);
		evbuffer_add_buffer(a, b);
	}
	evbuffer_add(a, "needle in it", 12);
}
/* One operation is one KiB looked through. */
static void
search(long ops)
{
	for (long i = 0; i < ops; i += 64) {
		struct evbuffer_ptr at = evbuffer_search(a, "needle in it", 12, NULL);
		CHECK(at.pos == 65536);
	}
}

const struct workload buffer_workloads[] = {
	{ "evbuffer_move_4k", make, move, NULL },
	{ "evbuffer_add_64k", make, add_big, NULL },
	{ "evbuffer_pullup_256k", make, pullup, NULL },
	{ "evbuffer_add_16", make, add_small, NULL },
	{ "evbuffer_remove_16", make, remove_small, NULL },
	{ "evbuffer_readln", make_lines, read_line, NULL },
	{ "evbuffer_printf", make, print, NULL },
	{ "evbuffer_search_1k", make_haystack, search, NULL },
	{ 0 },
};
