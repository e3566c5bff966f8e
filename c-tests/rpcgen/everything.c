/* What code made by event_rpcgen.py does, with good and with hostile bytes. Compiled as C and as C++. */
#include "everything.gen.h"
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/tag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int checks, failures;
static void check(int ok, const char *what, int line) {
	++checks;
	if (!ok) {
		++failures;
		printf("line %d: not so: %s\n", line, what);
	}
}
#define CHECK(x) check(!!(x), #x, __LINE__)

static const ev_uint8_t digest[DIGEST_LEN] = {1, 2, 3, 0, 5};

static struct everything *full(void) {
	struct everything *m = everything_new();
	struct leaf *leaf;
	int i;
	EVTAG_ASSIGN(m, small, 0xffffffff);
	EVTAG_ASSIGN(m, large, (ev_uint64_t)-1);
	EVTAG_ASSIGN(m, text, (char *)"text");
	EVTAG_ASSIGN_WITH_LEN(m, blob, (ev_uint8_t *)"a\0b", 3);
	EVTAG_ASSIGN(m, digest, digest);
	EVTAG_GET(m, one, &leaf);
	EVTAG_ASSIGN(leaf, number, 7);
	EVTAG_ASSIGN(m, may_small, 0);
	EVTAG_ASSIGN(m, may_large, 1);
	EVTAG_ASSIGN(m, may_text, (char *)"");
	EVTAG_ASSIGN_WITH_LEN(m, may_blob, NULL, 0);
	EVTAG_ASSIGN(m, may_digest, digest);
	CHECK(EVTAG_ASSIGN(m, may_one, leaf) == 0);
	for (i = 0; i < 70; ++i) {
		char number[20];
		sprintf(number, "%d", i);
		CHECK(*EVTAG_ARRAY_ADD_VALUE(m, smalls, (ev_uint32_t)i) == (ev_uint32_t)i);
		EVTAG_ARRAY_ADD_VALUE(m, larges, (ev_uint64_t)i << 40);
		CHECK(!strcmp(*EVTAG_ARRAY_ADD_VALUE(m, texts, number), number));
		leaf = EVTAG_ARRAY_ADD(m, leaves);
		EVTAG_ASSIGN(leaf, number, (ev_uint32_t)i);
		EVTAG_ASSIGN(leaf, label, number);
	}
	return m;
}

static void values_are(struct everything *m) {
	ev_uint32_t n, len;
	ev_uint64_t big;
	char *text;
	ev_uint8_t *bytes;
	struct leaf *leaf;
	CHECK(everything_complete(m) == 0);
	CHECK(EVTAG_GET(m, small, &n) == 0 && n == 0xffffffff);
	CHECK(EVTAG_GET(m, large, &big) == 0 && big == (ev_uint64_t)-1);
	CHECK(EVTAG_GET(m, text, &text) == 0 && !strcmp(text, "text"));
	CHECK(EVTAG_GET_WITH_LEN(m, blob, &bytes, &len) == 0 && len == 3 && !memcmp(bytes, "a\0b", 3));
	CHECK(EVTAG_GET(m, digest, &bytes) == 0 && !memcmp(bytes, digest, DIGEST_LEN));
	CHECK(EVTAG_GET(m, one, &leaf) == 0 && EVTAG_GET(leaf, number, &n) == 0 && n == 7);
	CHECK(EVTAG_GET(leaf, label, &text) == -1);
	CHECK(EVTAG_HAS(m, may_small) && EVTAG_GET(m, may_small, &n) == 0 && n == 0);
	CHECK(EVTAG_GET(m, may_text, &text) == 0 && !*text);
	CHECK(EVTAG_GET_WITH_LEN(m, may_blob, &bytes, &len) == 0 && len == 0);
	CHECK(EVTAG_GET(m, may_one, &leaf) == 0 && EVTAG_GET(leaf, number, &n) == 0 && n == 7);
	CHECK(EVTAG_ARRAY_LEN(m, smalls) == 70 && EVTAG_ARRAY_GET(m, smalls, 69, &n) == 0 && n == 69);
	CHECK(EVTAG_ARRAY_LEN(m, larges) == 70 && EVTAG_ARRAY_GET(m, larges, 69, &big) == 0 && big == (ev_uint64_t)69 << 40);
	CHECK(EVTAG_ARRAY_LEN(m, texts) == 70 && EVTAG_ARRAY_GET(m, texts, 69, &text) == 0 && !strcmp(text, "69"));
	CHECK(EVTAG_ARRAY_LEN(m, leaves) == 70 && EVTAG_ARRAY_GET(m, leaves, 69, &leaf) == 0);
	CHECK(EVTAG_GET(leaf, label, &text) == 0 && !strcmp(text, "69"));
	CHECK(EVTAG_ARRAY_GET(m, smalls, 70, &n) == -1 && EVTAG_ARRAY_GET(m, smalls, -1, &n) == -1);
}

static void round_trip(void) {
	struct everything *m = full(), *copy = everything_new_with_arg(NULL);
	struct evbuffer *wire = evbuffer_new();
	ev_uint32_t tag = 0;
	size_t len;
	values_are(m);
	evbuffer_add(wire, "before", 6);
	everything_marshal(wire, m);
	evbuffer_drain(wire, 6);
	len = evbuffer_get_length(wire);
	CHECK(everything_unmarshal(copy, wire) == 0 && evbuffer_get_length(wire) == 0);
	values_are(copy);
	/* A second time over the same message: single values are there already. */
	everything_marshal(wire, m);
	CHECK(everything_unmarshal(copy, wire) == -1);
	evbuffer_drain(wire, evbuffer_get_length(wire));
	everything_clear(copy);
	CHECK(everything_complete(copy) == -1 && !EVTAG_HAS(copy, small) && EVTAG_ARRAY_LEN(copy, texts) == 0);
	evtag_marshal_everything(wire, 99, m);
	CHECK(evtag_peek(wire, &tag) == 1 && tag == 99 && evbuffer_get_length(wire) > len);
	CHECK(evtag_unmarshal_everything(wire, 99, copy) == 0);
	values_are(copy);
	evtag_marshal_everything(wire, 98, m);
	everything_clear(copy);
	CHECK(evtag_unmarshal_everything(wire, 99, copy) == -1);
	everything_free(copy);
	everything_free(m);
	evbuffer_free(wire);
}

static void values_that_alias(void) {
	struct everything *m = full();
	struct leaf *leaf, *fresh = leaf_new();
	char *text;
	ev_uint8_t *bytes;
	ev_uint32_t n;
	EVTAG_GET(m, text, &text);
	CHECK(EVTAG_ASSIGN(m, text, text + 1) == 0);
	EVTAG_GET(m, text, &text);
	CHECK(!strcmp(text, "ext"));
	EVTAG_ASSIGN(m, text, (char *)"text");
	EVTAG_GET(m, digest, &bytes);
	CHECK(EVTAG_ASSIGN(m, digest, bytes) == 0);
	EVTAG_GET(m, one, &leaf);
	CHECK(EVTAG_ASSIGN(m, one, leaf) == 0 && m->one_data == leaf);
	EVTAG_ARRAY_GET(m, leaves, 69, &leaf);
	CHECK(m->base->leaves_assign(m, 69, leaf) == 0);
	EVTAG_ARRAY_GET(m, texts, 69, &text);
	CHECK(m->base->texts_assign(m, 69, text) == 0);
	values_are(m);
	/* What cannot be taken changes nothing. */
	CHECK(EVTAG_ASSIGN(m, one, fresh) == -1 && EVTAG_ASSIGN(m, one, NULL) == -1);
	CHECK(EVTAG_ASSIGN(m, text, NULL) == -1 && EVTAG_ASSIGN(m, digest, NULL) == -1);
	CHECK(EVTAG_ASSIGN_WITH_LEN(m, blob, NULL, 1) == -1);
	CHECK(m->base->leaves_assign(m, 69, fresh) == -1 && m->base->leaves_assign(m, 70, leaf) == -1);
	CHECK(m->base->smalls_assign(m, -1, 0) == -1 && m->base->smalls_assign(m, 69, 69) == 0);
	values_are(m);
	/* A NULL keeps its place. */
	CHECK(*EVTAG_ARRAY_ADD_VALUE(m, texts, NULL) == NULL);
	{
		struct evbuffer *wire = evbuffer_new();
		everything_marshal(wire, m);
		everything_clear(m);
		CHECK(everything_unmarshal(m, wire) == 0 && EVTAG_ARRAY_LEN(m, texts) == 71);
		CHECK(EVTAG_ARRAY_GET(m, texts, 70, &text) == 0 && !strcmp(text, ""));
		evbuffer_free(wire);
	}
	CHECK(EVTAG_GET(fresh, number, &n) == -1);
	leaf_free(fresh);
	everything_free(m);
	everything_free(NULL);
}

static void unfinished(void) {
	struct everything *m = everything_new();
	struct evbuffer *wire = evbuffer_new();
	/* Nothing was assigned: no crash, and the receiver sees it. */
	everything_marshal(wire, m);
	CHECK(everything_unmarshal(m, wire) == -1);
	everything_free(m);
	evbuffer_free(wire);
}

/* Every message that differs from a good one in one byte, and every beginning of it. */
static void damaged(void) {
	struct everything *m = full();
	struct evbuffer *wire = evbuffer_new();
	unsigned char *good, *bad;
	size_t len, at, cut;
	int bit;
	everything_marshal(wire, m);
	everything_free(m);
	len = evbuffer_get_length(wire);
	good = (unsigned char *)malloc(len);
	evbuffer_remove(wire, good, len);
	for (at = 0; at < len; at += 1) {
		for (bit = 0; bit < 10; ++bit) {
			/* On the heap with its exact size, so that a checker sees a read beyond the end. */
			bad = (unsigned char *)malloc(len);
			memcpy(bad, good, len);
			bad[at] = bit < 8 ? bad[at] ^ 1 << bit : bit == 8 ? 0 : 0xff;
			cut = bit == 0 ? at : len;
			evbuffer_add_reference(wire, bad, cut, NULL, NULL);
			m = everything_new();
			(void)everything_unmarshal(m, wire);
			if (bit == 0 && cut < len)
				CHECK(everything_complete(m) == -1 || EVTAG_ARRAY_LEN(m, leaves) < 70);
			everything_free(m);
			evbuffer_drain(wire, evbuffer_get_length(wire));
			free(bad);
		}
	}
	free(good);
	evbuffer_free(wire);
}

static int reads(const char *bytes, size_t len) {
	struct evbuffer *wire = evbuffer_new();
	struct everything *m = everything_new();
	int res;
	evbuffer_add(wire, bytes, len);
	res = everything_unmarshal(m, wire);
	everything_free(m);
	evbuffer_free(wire);
	return res;
}

static void hostile(void) {
	/* Lengths of 2 and 4 GiB that are not there, for each type that has one. */
	static const unsigned char tags[] = {3, 4, 5, 6, 9, 10, 12, 15};
	size_t i;
	for (i = 0; i < sizeof(tags); ++i) {
		char far_[] = {(char)tags[i], 0x7f, (char)0xff, (char)0xff, (char)0xff, (char)0xf0, 'x'};
		char near_[] = {(char)tags[i], 0x70, (char)0xff, (char)0xff, (char)0xff, (char)0x70, 'x'};
		char one[] = {(char)tags[i], 0x02, 'x'};
		CHECK(reads(far_, sizeof(far_)) == -1);
		CHECK(reads(near_, sizeof(near_)) == -1);
		CHECK(reads(one, sizeof(one)) == -1);
	}
	/* A NUL in a string; a tag that is not in the struct; a tag that does not end. */
	CHECK(reads("\3\3a\0b", 5) == -1);
	CHECK(reads("\x50\1a", 3) == -1);
	CHECK(reads("\xff\xff\xff\xff\xff\xff\xff", 7) == -1);
}

static int nested(int depth) {
	struct evbuffer *wire = evbuffer_new(), *outer = evbuffer_new(), *tmp;
	struct chain *c = chain_new();
	int res;
	while (depth-- > 0) {
		evtag_marshal_buffer(outer, depth % 2 ? 2 : 3, wire);
		tmp = wire;
		wire = outer;
		outer = tmp;
	}
	res = chain_unmarshal(c, wire);
	chain_free(c);
	evbuffer_free(wire);
	evbuffer_free(outer);
	return res;
}

static void deep(void) {
	CHECK(nested(0) == 0 && nested(100) == 0);
	CHECK(nested(1000) == -1 && nested(100000) == -1);
}

static void small_structs(void) {
	struct options *o = options_new();
	struct nothing *n, *own = nothing_new();
	struct evbuffer *wire = evbuffer_new();
	CHECK(options_complete(o) == 0 && nothing_complete(own) == 0);
	options_marshal(wire, o);
	CHECK(evbuffer_get_length(wire) == 0 && options_unmarshal(o, wire) == 0);
	CHECK(EVTAG_GET(o, b, &n) == 0 && n != NULL);
	options_marshal(wire, o);
	CHECK(evbuffer_get_length(wire) == 2);
	options_clear(o);
	CHECK(options_unmarshal(o, wire) == 0 && EVTAG_HAS(o, b));
	evbuffer_add(wire, "\1\1x", 3);
	CHECK(nothing_unmarshal(own, wire) == -1);
	nothing_free(own);
	options_free(o);
	evbuffer_free(wire);
}

/* The generated code uses malloc, whatever event_set_mem_functions says: freeing must be of the same kind. */
static void *offset_malloc(size_t n) { char *p = (char *)malloc(n + 16); return p ? p + 16 : NULL; }
static void offset_free(void *p) { if (p) free((char *)p - 16); }
static void *offset_realloc(void *p, size_t n) {
	char *q = (char *)realloc(p ? (char *)p - 16 : NULL, n + 16);
	return q ? q + 16 : NULL;
}

/* The generated C file is compiled with malloc, calloc and realloc renamed to these; the libraries get them too. */
static long until_failure = -1;
#ifdef __cplusplus
extern "C" {
#endif
static int fails(void) {
	return until_failure >= 0 && until_failure-- == 0;
}
void *failing_malloc(size_t n);
void *failing_calloc(size_t n, size_t size);
void *failing_realloc(void *p, size_t n);
void *failing_malloc(size_t n) { return fails() ? NULL : malloc(n); }
void *failing_calloc(size_t n, size_t size) { return fails() ? NULL : calloc(n, size); }
void *failing_realloc(void *p, size_t n) { return fails() ? NULL : realloc(p, n); }
#ifdef __cplusplus
}
#endif

/* Each allocation of sending, copying and receiving fails once: a message arrives whole or not at all. */
static void out_of_memory(void) {
	struct everything *m = full(), *to = everything_new();
	struct evbuffer *wire = evbuffer_new();
	struct leaf *leaf;
	long k, left = 0;
	int arrived = 0;
	/* Until there is nothing left to fail. */
	for (k = 0; left >= 0 || k == 0; ++k) {
		int sent, received;
		until_failure = k;
		everything_marshal(wire, m);
		sent = evbuffer_get_length(wire) > 0;
		received = everything_unmarshal(to, wire) == 0;
		CHECK(!received || sent);
		if (received) {
			++arrived;
			CHECK(EVTAG_GET(to, one, &leaf) == 0);
			if (EVTAG_ASSIGN(m, may_one, leaf) == -1)
				CHECK(EVTAG_ASSIGN(m, may_one, leaf) == 0);
			if (EVTAG_ARRAY_ADD_VALUE(to, texts, (char *)"more") == NULL)
				CHECK(EVTAG_ARRAY_LEN(to, texts) == 70);
			else
				free(to->texts_data[--to->texts_length]);
			left = until_failure;
			until_failure = -1;
			values_are(to);
			if (left >= 0)
				break;
		} else {
			CHECK(until_failure == -1);
		}
		until_failure = -1;
		everything_clear(to);
		evbuffer_drain(wire, evbuffer_get_length(wire));
	}
	CHECK(arrived > 0 && k > 400);
	everything_free(m);
	everything_free(to);
	evbuffer_free(wire);
}

int main(int argc, char **argv) {
	if (argc > 1 && !strcmp(argv[1], "custom"))
		event_set_mem_functions(offset_malloc, offset_realloc, offset_free);
	if (argc > 1 && !strcmp(argv[1], "nomem")) {
		event_set_mem_functions(failing_malloc, failing_realloc, free);
		out_of_memory();
		printf("%d checks, %d failures\n", checks, failures);
		return failures != 0;
	}
	round_trip();
	values_that_alias();
	unfinished();
	damaged();
	hostile();
	deep();
	small_structs();
	libevent_global_shutdown();
	printf("%d checks, %d failures\n", checks, failures);
	return failures != 0;
}
