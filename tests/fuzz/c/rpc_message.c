/* Messages read by code that event_rpcgen.py made: what is accepted is written and read again, and is the same then. */
#include "everything.gen.h"
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int ok) {
	if (!ok)
		abort();
}
/* In blocks of an uneven size, so that values are divided among them. */
static struct evbuffer *divided(const uint8_t *data, size_t size, size_t piece) {
	struct evbuffer *whole = evbuffer_new();
	while (size > 0) {
		struct evbuffer *one = evbuffer_new();
		size_t n = size < piece ? size : piece;
		evbuffer_add(one, data, n);
		evbuffer_add_buffer(whole, one);
		evbuffer_free(one);
		data += n, size -= n;
	}
	return whole;
}

#define SAME_AFTER_A_ROUND(type) do { \
	struct type *first = type##_new(), *second = type##_new(), *third = type##_new(); \
	struct evbuffer *wire = divided(data, size, size + 1), *cut = divided(data, size, 3); \
	int accepted = type##_unmarshal(first, wire); \
	must(type##_unmarshal(third, cut) == accepted); \
	evbuffer_drain(wire, evbuffer_get_length(wire)); \
	evbuffer_drain(cut, evbuffer_get_length(cut)); \
	if (accepted == 0) { \
		size_t len; \
		must(type##_complete(first) == 0); \
		type##_marshal(wire, first); \
		type##_marshal(cut, third); \
		len = evbuffer_get_length(wire); \
		must(len == evbuffer_get_length(cut)); \
		must(!len || !memcmp(evbuffer_pullup(wire, -1), evbuffer_pullup(cut, -1), len)); \
		must(type##_unmarshal(second, wire) == 0); \
		type##_marshal(wire, second); \
		must(len == evbuffer_get_length(wire)); \
		must(!len || !memcmp(evbuffer_pullup(wire, -1), evbuffer_pullup(cut, -1), len)); \
	} \
	type##_free(first); \
	type##_free(second); \
	type##_free(third); \
	evbuffer_free(wire); \
	evbuffer_free(cut); \
} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	if (size < 1)
		return 0;
	size -= 1;
	switch (*data++ % 3) {
	case 0:
		SAME_AFTER_A_ROUND(everything);
		break;
	case 1:
		SAME_AFTER_A_ROUND(chain);
		break;
	default:
		SAME_AFTER_A_ROUND(options);
	}
	return 0;
}
