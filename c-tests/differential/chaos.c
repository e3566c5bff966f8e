/*
 * Long random sequences on many events: adding, deleting, activating, writing, closing. What runs in one turn of the
 * loop is sorted before it is printed: poll and select of the original begin anywhere.
 */
#include "common.h"

#define EVENTS 24
#define PAIRS 6
static struct event_base *base;
static struct event *evs[EVENTS];
static evutil_socket_t fds[PAIRS][2];
static unsigned rng_state, step;
static int ran[10000], nran;

static unsigned rng(unsigned n)
{
	rng_state = rng_state * 1103515245u + 12345u;
	return (rng_state >> 8) % n;
}

/*
 * The original remembers the timeout of a persistent event that was deleted, and brings it back when the event runs
 * again; here a deleted event stays deleted. So the timeout is removed first.
 */
static void del(struct event *ev)
{
	event_remove_timer(ev);
	event_del(ev);
}

static void run(evutil_socket_t fd, short what, void *arg)
{
	int i = (int)(size_t)arg;
	char c[64];
	if (nran < 10000)
		ran[nran++] = i * 256 + what;
	/* Depends on the event and the step alone, not on the order. */
	if ((what & EV_READ) && !(event_get_events(evs[i]) & EV_ET) && read(fd, c, sizeof(c)) == 0)
		del(evs[i]);
	switch ((i + step) % 5) {
	case 0: del(evs[i]); break;
	case 1: event_add(evs[i], ms(100000)); break;
	case 2: event_add(evs[i], NULL); break;
	}
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void make(int i)
{
	static const short kinds[] = {EV_READ, EV_WRITE, EV_READ | EV_WRITE, EV_READ | EV_PERSIST, EV_WRITE | EV_PERSIST, 0,
	    EV_PERSIST, EV_READ | EV_PERSIST};
	short kind = kinds[rng(sizeof(kinds) / sizeof(*kinds))];
	/* One reader for each socket: what it reads is gone for others. */
	int p = i % PAIRS, side = i / PAIRS % 2;
	if (i >= 2 * PAIRS)
		kind &= ~EV_READ;
	evs[i] = event_new(base, kind & (EV_READ | EV_WRITE) ? fds[p][side] : -1, kind, run, (void *)(size_t)i);
}

static void round_of(unsigned seed)
{
	int i;
	char big[100];
	memset(big, 'x', sizeof(big));
	rng_state = seed * 2654435761u + 1;
	base = event_base_new();
	for (i = 0; i < PAIRS; i++)
		pair(fds[i]);
	for (i = 0; i < EVENTS; i++)
		make(i);
	for (step = 0; step < 300; step++) {
		unsigned k, n = 1 + rng(4);
		for (k = 0; k < n; k++) {
			int e = (int)rng(EVENTS), p = (int)rng(PAIRS), side = (int)rng(2);
			switch (rng(12)) {
			case 0: case 1: case 2: event_add(evs[e], NULL); break;
			case 3: event_add(evs[e], ms(100000)); break;
			/* With both at once the original tells only of the timeout. */
			case 4: event_add(evs[e], event_get_events(evs[e]) & (EV_READ | EV_WRITE) ? NULL : ms(0)); break;
			case 5: case 6: del(evs[e]); break;
			case 7:
				/* An event that is added while it is active is not watched for by the original. */
				if (!(event_get_events(evs[e]) & (EV_READ | EV_WRITE)) ||
				    event_pending(evs[e], EV_READ | EV_WRITE, NULL))
					event_active(evs[e], EV_TIMEOUT, 1);
				break;
			case 8: if (write(fds[p][side], big, rng(100)) < 0) {} break;
			case 9: event_remove_timer(evs[e]); break;
			case 10:
				if (rng(4) == 0) {
					event_free(evs[e]);
					make(e);
				}
				break;
			case 11:
				if (rng(10) == 0) {
					/* A new connection in the place of an old one. */
					for (i = p; i < EVENTS; i += PAIRS)
						event_free(evs[i]);
					close(fds[p][0]), close(fds[p][1]);
					pair(fds[p]);
					for (i = p; i < EVENTS; i += PAIRS)
						make(i);
				}
				break;
			}
		}
		nran = 0;
		event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
		qsort(ran, (size_t)nran, sizeof(*ran), by_number);
		printf("%u.%u:", seed, step);
		for (i = 0; i < nran; i++)
			printf(" %d/%x", ran[i] >> 8, (unsigned)ran[i] & 255);
		printf("; pending");
		for (i = 0; i < EVENTS; i++)
			printf("%c%x", i % 8 ? '.' : ' ', (unsigned)event_pending(evs[i], EV_READ | EV_WRITE | EV_TIMEOUT, NULL));
		printf("; %d active %d added\n", event_base_get_num_events(base, EVENT_BASE_COUNT_ACTIVE),
		    event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED));
	}
	for (i = 0; i < EVENTS; i++)
		event_free(evs[i]);
	for (i = 0; i < PAIRS; i++)
		close(fds[i][0]), close(fds[i][1]);
	event_base_free(base);
}

int main(void)
{
	unsigned seed;
	setup();
	for (seed = 1; seed <= 20; seed++)
		round_of(seed);
	return 0;
}
