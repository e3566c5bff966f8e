/* Messages of regress.rpc between code of the original generator and code of ours. It is built twice.
 *   exchange write          prints messages made from fixed random numbers, as hex, one per line
 *   exchange read           reads such lines and prints what each holds, or "refused" */
#include "regress.gen.h"
#include <event2/buffer.h>
#include <event2/tag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned long long state = 88172645463325252ULL;
static unsigned rnd(unsigned below) {
	state ^= state << 13, state ^= state >> 7, state ^= state << 17;
	return (unsigned)(state >> 33) % below;
}
static ev_uint64_t number(void) {
	ev_uint64_t n = (ev_uint64_t)rnd(0x7fffffff) << 33 ^ (ev_uint64_t)rnd(0x7fffffff) << 11 ^ rnd(0x7fffffff);
	return n >> rnd(64);
}
static char *word(void) {
	static char text[400];
	unsigned len = rnd(10) ? rnd(20) : rnd(399), i;
	for (i = 0; i < len; ++i)
		text[i] = (char)(1 + rnd(255));
	text[len] = 0;
	return text;
}

static void fill_kill(struct kill *kill) {
	int i, n = (int)rnd(4);
	EVTAG_ASSIGN(kill, weapon, word());
	EVTAG_ASSIGN(kill, action, word());
	for (i = 0; i < n; ++i)
		EVTAG_ARRAY_ADD_VALUE(kill, how_often, (ev_uint32_t)number());
}
static void fill_run(struct run *run) {
	ev_uint8_t fixed[24];
	int i, n = (int)rnd(4);
	for (i = 0; i < 24; ++i)
		fixed[i] = (ev_uint8_t)rnd(256);
	EVTAG_ASSIGN(run, how, word());
	EVTAG_ASSIGN(run, fixed_bytes, fixed);
	if (rnd(2)) {
		char *bytes = word();
		EVTAG_ASSIGN_WITH_LEN(run, some_bytes, (ev_uint8_t *)bytes, (ev_uint32_t)strlen(bytes));
	}
	for (i = 0; i < n; ++i)
		EVTAG_ARRAY_ADD_VALUE(run, notes, word());
	if (rnd(2))
		EVTAG_ASSIGN(run, large_number, number());
	for (i = (int)rnd(5); i > 0; --i)
		EVTAG_ARRAY_ADD_VALUE(run, other_numbers, (ev_uint32_t)number());
}

static void hex(struct evbuffer *wire) {
	size_t len = evbuffer_get_length(wire), i;
	unsigned char *bytes = evbuffer_pullup(wire, -1);
	for (i = 0; i < len; ++i)
		printf("%02x", bytes[i]);
	printf("\n");
	evbuffer_drain(wire, len);
}

static void write_all(void) {
	struct evbuffer *wire = evbuffer_new();
	int round, i;
	for (round = 0; round < 500; ++round) {
		struct msg *msg = msg_new(), *copy = msg_new();
		struct kill *kill;
		EVTAG_ASSIGN(msg, from_name, word());
		EVTAG_ASSIGN(msg, to_name, word());
		if (rnd(2) && EVTAG_GET(msg, attack, &kill) == 0)
			fill_kill(kill);
		for (i = (int)rnd(4); i > 0; --i)
			fill_run(EVTAG_ARRAY_ADD(msg, run));
		if (msg->attack_set)
			EVTAG_ASSIGN(copy, attack, msg->attack_data);
		EVTAG_ASSIGN(copy, from_name, word());
		EVTAG_ASSIGN(copy, to_name, word());
		if (rnd(2)) {
			EVTAG_ARRAY_ADD(copy, run);
			if (msg->run_length)
				copy->base->run_assign(copy, 0, msg->run_data[0]);
			else
				fill_run(copy->run_data[0]);
		}
		msg_marshal(wire, msg);
		hex(wire);
		msg_marshal(wire, copy);
		hex(wire);
		msg_clear(copy);
		msg_free(msg);
		msg_free(copy);
	}
	evbuffer_free(wire);
}

static void show(const char *name, const char *text) {
	printf(" %s=", name);
	for (; *text; ++text)
		printf("%02x", (unsigned char)*text);
}
static void show_kill(struct kill *kill) {
	int i;
	show("weapon", kill->weapon_data);
	show("action", kill->action_data);
	for (i = 0; i < EVTAG_ARRAY_LEN(kill, how_often); ++i)
		printf(" %u", kill->how_often_data[i]);
}
static void show_run(struct run *run) {
	int i;
	ev_uint32_t len = 0;
	ev_uint8_t *bytes;
	ev_uint64_t n;
	show("how", run->how_data);
	if (EVTAG_GET_WITH_LEN(run, some_bytes, &bytes, &len) == 0)
		printf(" bytes %u", len);
	for (i = 0; i < (int)len; ++i)
		printf("%02x", bytes[i]);
	for (i = 0; i < 24; ++i)
		printf(" %02x", run->fixed_bytes_data[i]);
	for (i = 0; i < EVTAG_ARRAY_LEN(run, notes); ++i)
		show("note", run->notes_data[i]);
	if (EVTAG_GET(run, large_number, &n) == 0)
		printf(" large %llu", (unsigned long long)n);
	for (i = 0; i < EVTAG_ARRAY_LEN(run, other_numbers); ++i)
		printf(" %u", run->other_numbers_data[i]);
}

static void read_all(void) {
	static char line[1 << 16];
	struct evbuffer *wire = evbuffer_new();
	while (fgets(line, sizeof(line), stdin)) {
		struct msg *msg = msg_new();
		const char *p;
		unsigned byte;
		int i;
		for (p = line; sscanf(p, "%2x", &byte) == 1; p += 2) {
			unsigned char b = (unsigned char)byte;
			evbuffer_add(wire, &b, 1);
		}
		if (msg_unmarshal(msg, wire) == -1) {
			printf("refused");
		} else {
			show("from", msg->from_name_data);
			show("to", msg->to_name_data);
			if (EVTAG_HAS(msg, attack))
				show_kill(msg->attack_data);
			for (i = 0; i < EVTAG_ARRAY_LEN(msg, run); ++i)
				show_run(msg->run_data[i]);
		}
		printf("\n");
		msg_free(msg);
		evbuffer_drain(wire, evbuffer_get_length(wire));
	}
	evbuffer_free(wire);
}

int main(int argc, char **argv) {
	if (argc > 1 && !strcmp(argv[1], "write"))
		write_all();
	else
		read_all();
	return 0;
}
