/* The live fields of an evbuffer, its blocks and a file segment: src/buffer of oxievent keeps them in this order. */
#ifndef OXI_SUITE_EVBUFFER_INTERNAL_H
#define OXI_SUITE_EVBUFFER_INTERNAL_H
#include "event2/util.h"
#include "event2/event.h"
#include "event2/event_struct.h"
#include "event2/buffer.h"

struct evbuffer_chain {
	struct evbuffer_chain *next;
	size_t buffer_len;
	size_t misalign;
	size_t off;
	unsigned flags;
	unsigned refs;
	unsigned char *buffer;
};

struct evbuffer {
	struct evbuffer_chain *first;
	struct evbuffer_chain *last;
	struct evbuffer_chain **last_with_datap;
	size_t total_len;
};

struct evbuffer_file_segment {
	size_t refs;
	unsigned flags;
	int fd;
	unsigned can_sendfile : 1;
	unsigned is_mapping : 1;
};

/* The system reads the block's data (completion ports). What is received comes into blocks that are in no buffer. */
#define EVBUFFER_MEM_PINNED_ANY 32u
#define EVBUFFER_CHAIN_SIZE sizeof(struct evbuffer_chain)
#define EVBUFFER_CHAIN_MAX ((size_t)EV_SSIZE_MAX)
#define MIN_BUFFER_SIZE (sizeof(void *) == 8 ? 232 : 116)
#endif
