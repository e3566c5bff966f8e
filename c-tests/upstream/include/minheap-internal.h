/* A binary heap of events by timeout, kept to itself: heap/randomized checks this file only. The engine's own timer heap
 * is another one and has its own tests. */
#ifndef OXI_SUITE_MINHEAP_INTERNAL_H
#define OXI_SUITE_MINHEAP_INTERNAL_H
#include "event2/event.h"
#include "event2/event_struct.h"
#include "util-internal.h"
#include <stdlib.h>

struct min_heap {
	struct event **p;
	unsigned n, a;
};

static inline void
min_heap_ctor_(struct min_heap *heap)
{
	heap->p = NULL;
	heap->n = heap->a = 0;
}
static inline void
min_heap_dtor_(struct min_heap *heap)
{
	free(heap->p);
}
static inline unsigned
min_heap_size_(struct min_heap *heap)
{
	return heap->n;
}
static inline void
oxi_heap_put(struct min_heap *heap, unsigned at, struct event *ev)
{
	heap->p[at] = ev;
	ev->ev_timeout_pos.min_heap_idx = (int)at;
}
static inline int
oxi_heap_before(struct event *a, struct event *b)
{
	return evutil_timercmp(&a->ev_timeout, &b->ev_timeout, <);
}
/* Finds the place of `ev`, beginning with the hole at `at`: up first, then down. */
static inline void
oxi_heap_settle(struct min_heap *heap, unsigned at, struct event *ev)
{
	while (at > 0 && oxi_heap_before(ev, heap->p[(at - 1) / 2])) {
		oxi_heap_put(heap, at, heap->p[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	for (;;) {
		unsigned child = 2 * at + 1;
		if (child >= heap->n)
			break;
		if (child + 1 < heap->n && oxi_heap_before(heap->p[child + 1], heap->p[child]))
			child++;
		if (!oxi_heap_before(heap->p[child], ev))
			break;
		oxi_heap_put(heap, at, heap->p[child]);
		at = child;
	}
	oxi_heap_put(heap, at, ev);
}
static inline int
min_heap_push_(struct min_heap *heap, struct event *ev)
{
	if (heap->n == heap->a) {
		unsigned room = heap->a ? 2 * heap->a : 16;
		struct event **grown = realloc(heap->p, room * sizeof(*grown));
		if (!grown)
			return -1;
		heap->p = grown;
		heap->a = room;
	}
	heap->n++;
	oxi_heap_settle(heap, heap->n - 1, ev);
	return 0;
}
static inline int
min_heap_erase_(struct min_heap *heap, struct event *ev)
{
	int at = ev->ev_timeout_pos.min_heap_idx;
	struct event *tail;
	if (at < 0)
		return -1;
	tail = heap->p[--heap->n];
	if (tail != ev)
		oxi_heap_settle(heap, (unsigned)at, tail);
	ev->ev_timeout_pos.min_heap_idx = -1;
	return 0;
}
static inline struct event *
min_heap_pop_(struct min_heap *heap)
{
	struct event *ev;
	if (heap->n == 0)
		return NULL;
	ev = heap->p[0];
	min_heap_erase_(heap, ev);
	return ev;
}
#endif
