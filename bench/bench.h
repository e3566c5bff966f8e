/* One program, many workloads: each is prepared, then run for a number of operations while CPU time is taken. */
#ifndef BENCH_H
#define BENCH_H
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/thread.h>
#include <event2/util.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct workload {
	const char *name;
	/* Makes what is needed; may be NULL. */
	void (*prepare)(void);
	/* Does so many operations. */
	void (*run)(long ops);
	/* Measures memory instead: bytes per object. */
	double (*bytes)(void);
};

extern const struct workload loop_workloads[], timer_workloads[], buffer_workloads[], bufferevent_workloads[],
    thread_workloads[], object_workloads[], http_workloads[], dns_workloads[], tls_workloads[];

/* Ends the program with a message if a call failed. */
#define CHECK(cond) \
	do { \
		if (!(cond)) { \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
			exit(1); \
		} \
	} while (0)

struct event_base *bench_base(void);
/* A cheap repeatable random number below `top`. */
uint32_t bench_random(uint32_t top);
void bench_pair(evutil_socket_t ends[2]);
void bench_allow_descriptors(void);
/* Bytes in use in malloc's heap. */
double bench_heap(void);
#endif
