/* evtag: everything from the wire, in one piece and in pieces of single bytes, must give the same and read no byte too many. */
#include "hostile.h"
#include <event2/tag.h>
#include <event2/tag_compat.h>

/* Exported, but in no header. */
int evtag_decode_int(ev_uint32_t *number, struct evbuffer *evbuf);
int evtag_decode_int64(ev_uint64_t *number, struct evbuffer *evbuf);

static const char *now_what = "";
/* One byte per chain, each in memory of its own so that valgrind sees a byte too many. */
static void free_byte(const void *p, size_t n, void *arg)
{
	(void)n, (void)arg;
	free((void *)(uintptr_t)p);
}
static struct evbuffer *in_pieces(const unsigned char *p, size_t n, size_t piece)
{
	struct evbuffer *b = evbuffer_new();
	while (n) {
		size_t k = piece < n ? piece : n;
		unsigned char *copy = malloc(k);
		memcpy(copy, p, k);
		evbuffer_add_reference(b, copy, k, free_byte, NULL);
		p += k, n -= k;
	}
	return b;
}
/* What a function makes of a buffer, as text. */
static char *try(int which, struct evbuffer *b)
{
	static char out[400];
	char *string = NULL;
	ev_uint32_t tag = 77, u32 = 77;
	ev_uint64_t u64 = 77;
	struct timeval tv = {7, 7};
	char fixed[4] = "....";
	struct evbuffer *to;
	int r = -77;
	switch (which) {
	case 0: r = evtag_unmarshal_header(b, &tag); sprintf(out, "header %d %u", r, r >= 0 ? tag : 0); break;
	case 1: r = evtag_peek(b, &tag); sprintf(out, "peek %d %u", r, r >= 0 ? tag : 0); break;
	case 2: r = evtag_peek_length(b, &u32); sprintf(out, "peek_length %d %u", r, r >= 0 ? u32 : 0); break;
	case 3: r = evtag_payload_length(b, &u32); sprintf(out, "payload_length %d %u", r, r >= 0 ? u32 : 0); break;
	case 4: r = evtag_consume(b); sprintf(out, "consume %d", r); break;
	case 5: r = evtag_unmarshal_int(b, 1, &u32); sprintf(out, "int %d %u", r, r >= 0 ? u32 : 0); break;
	case 6: r = evtag_unmarshal_int64(b, 1, &u64); sprintf(out, "int64 %d %llu", r, r >= 0 ? (unsigned long long)u64 : 0); break;
	case 7: r = evtag_unmarshal_fixed(b, 1, fixed, 4); sprintf(out, "fixed %d %s", r, r >= 0 ? shown(fixed, 4) : ""); break;
	case 8:
		r = evtag_unmarshal_string(b, 1, &string);
		sprintf(out, "string %d %.100s", r, r >= 0 ? shown(string, strlen(string)) : "");
		if (r >= 0)
			counted_free(string);
		break;
	case 9: r = evtag_unmarshal_timeval(b, 1, &tv); sprintf(out, "timeval %d %ld", r, r >= 0 ? (long)tv.tv_sec : 0); break;
	case 10:
		to = evbuffer_new();
		r = evtag_unmarshal(b, &tag, to);
		sprintf(out, "unmarshal %d %u %zu", r, r >= 0 ? tag : 0, evbuffer_get_length(to));
		evbuffer_free(to);
		break;
	case 11: r = evtag_decode_int(&u32, b); sprintf(out, "decode_int %d %u", r, r >= 0 ? u32 : 0); break;
	case 12: r = evtag_decode_int64(&u64, b); sprintf(out, "decode_int64 %d %llu", r, r >= 0 ? (unsigned long long)u64 : 0); break;
	}
	sprintf(out + strlen(out), ", %zu left", evbuffer_get_length(b));
	return out;
}
static void all_ways(const unsigned char *p, size_t n)
{
	int which;
	for (which = 0; which < 13; which++) {
		static const size_t pieces[] = {1, 2, 3, 5};
		struct evbuffer *whole = in_pieces(p, n, n ? n : 1);
		char one[400];
		size_t i;
		strcpy(one, try(which, whole));
		evbuffer_free(whole);
		for (i = 0; i < 4; i++) {
			struct evbuffer *b = in_pieces(p, n, pieces[i]);
			char *other = try(which, b);
			evbuffer_free(b);
			if (strcmp(one, other)) {
				fail("%s %s: \"%s\" in one piece, \"%s\" in pieces of %zu", now_what, shown(p, n), one, other, pieces[i]);
				return;
			}
		}
	}
}
static void each_message(void (*what)(const unsigned char *, size_t))
{
	struct evbuffer *b = evbuffer_new();
	struct timeval tv = {123456, 654321};
	int i;
	for (i = 0; i < 10; i++) {
		ev_uint32_t tag = i % 2 ? 1 : 0x12345678;
		size_t n;
		switch (i) {
		case 0: case 1: evtag_marshal_int(b, tag, 0xdeadbeef); break;
		case 2: case 3: evtag_marshal_int64(b, tag, 0x123456789abcdefULL); break;
		case 4: case 5: evtag_marshal_string(b, tag, "some text that is longer than a few bytes"); break;
		case 6: case 7: evtag_marshal_timeval(b, tag, &tv); break;
		case 8: case 9: evtag_marshal(b, tag, "abcd", 4); break;
		}
		n = evbuffer_get_length(b);
		what(evbuffer_pullup(b, -1), n);
		evbuffer_drain(b, n);
	}
	evbuffer_free(b);
}
static void cut(const unsigned char *p, size_t n)
{
	size_t i;
	for (i = 0; i <= n; i++)
		all_ways(p, i);
}
static void truncated(void) { now_what = "cut", each_message(cut); }
static void changed(const unsigned char *p, size_t n)
{
	unsigned char copy[200];
	size_t i, v;
	for (i = 0; i < n && i < 12; i++)
		for (v = 0; v < 256; v += in_valgrind ? 51 : 3) {
			memcpy(copy, p, n);
			copy[i] = (unsigned char)v;
			all_ways(copy, n);
		}
}
static void changed_bytes(void) { now_what = "changed", each_message(changed); }
static void random_bytes(void)
{
	unsigned seed = 7;
	int i, n = in_valgrind ? 300 : 20000;
	now_what = "random";
	for (i = 0; i < n && !problems; i++) {
		unsigned char bytes[24];
		size_t k, len;
		for (k = 0; k < sizeof bytes; k++) {
			seed = seed * 1103515245u + 12345u;
			bytes[k] = (unsigned char)(seed >> 17);
		}
		len = bytes[23] % 23u;
		if (i % 2)
			bytes[0] = 1;
		all_ways(bytes, len);
	}
}
/* Lengths beyond what an int or a buffer holds must be refused, with no giant allocation. */
static void giant_lengths(void)
{
	static const ev_uint32_t lengths[] = {5, 100, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff};
	struct rlimit small = {256 << 20, 256 << 20};
	size_t i;
	int which;
	if (!in_valgrind)
		setrlimit(RLIMIT_AS, &small);
	for (i = 0; i < sizeof lengths / sizeof *lengths; i++)
		for (which = 0; which < 13; which++) {
			struct evbuffer *b = evbuffer_new();
			char *is;
			evbuffer_add(b, "\1", 1);
			evtag_encode_int(b, lengths[i]);
			evbuffer_add(b, "abc", 3);
			is = try(which, b);
			if (which != 1 && which != 11 && which != 12 && which != 2 && which != 3 && !strstr(is, "-1"))
				fail("length %u: %s", lengths[i], is);
			evbuffer_free(b);
		}
}
/* Into a buffer that is there: what is behind the payload stays. */
static void large_payload(void)
{
	struct evbuffer *b = evbuffer_new(), *to = evbuffer_new();
	static char big[1 << 20];
	ev_uint32_t tag;
	int i;
	for (i = 0; i < 3; i++)
		evtag_marshal(b, 5, big, sizeof big);
	for (i = 0; i < 3; i++)
		CHECK(evtag_unmarshal(b, &tag, to) == (int)sizeof big && tag == 5);
	CHECK(evbuffer_get_length(to) == 3 * sizeof big && evbuffer_get_length(b) == 0);
	evbuffer_free(b), evbuffer_free(to);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		{"truncated", truncated, 0, NULL}, {"changed bytes", changed_bytes, 0, NULL}, {"random bytes", random_bytes, 0, NULL},
		{"giant lengths", giant_lengths, 0, NULL}, {"large payload", large_payload, 0, NULL},
	};
	return RUN_TESTS(argc, argv, tests);
}
