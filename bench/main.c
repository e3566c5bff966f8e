/* bench WORKLOAD OPS: prints the CPU and the wall time of one operation, or bytes per object. */
#include "bench.h"
#include <malloc.h>
#include <sys/resource.h>
#include <time.h>

static const struct workload *const tables[] = { loop_workloads, timer_workloads, buffer_workloads, bufferevent_workloads,
	thread_workloads, object_workloads, http_workloads, dns_workloads, tls_workloads };

struct event_base *
bench_base(void)
{
	struct event_base *base = event_base_new();
	CHECK(base);
	return base;
}
uint32_t
bench_random(uint32_t top)
{
	static uint64_t state = 88172645463325252u;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(((state >> 32) * top) >> 32);
}
void
bench_pair(evutil_socket_t ends[2])
{
	CHECK(evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	evutil_make_socket_nonblocking(ends[0]);
	evutil_make_socket_nonblocking(ends[1]);
}
void
bench_allow_descriptors(void)
{
	struct rlimit limit;
	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = limit.rlim_max;
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}
double
bench_heap(void)
{
	struct mallinfo2 info = mallinfo2();
	return (double)info.uordblks + (double)info.hblkhd;
}

static double
seconds(struct timeval tv)
{
	return (double)tv.tv_sec + (double)tv.tv_usec * 1e-6;
}

/* callgrind collects inside this function only. */
__attribute__((noinline)) void
bench_measured(const struct workload *work, long ops)
{
	work->run(ops);
	__asm__ volatile("" ::: "memory");
}

int
main(int argc, char **argv)
{
	for (size_t t = 0; t < sizeof(tables) / sizeof(*tables); t++) {
		for (const struct workload *work = tables[t]; work->name; work++) {
			if (argc < 3) {
				puts(work->name);
				continue;
			}
			if (strcmp(work->name, argv[1]) != 0)
				continue;
			if (work->bytes) {
				printf("bytes %.1f\n", work->bytes());
				return 0;
			}
			long ops = atol(argv[2]);
			struct rusage before, after;
			struct timespec begin, end;
			if (work->prepare)
				work->prepare();
			clock_gettime(CLOCK_MONOTONIC, &begin);
			getrusage(RUSAGE_SELF, &before);
			bench_measured(work, ops);
			getrusage(RUSAGE_SELF, &after);
			clock_gettime(CLOCK_MONOTONIC, &end);
			double cpu = seconds(after.ru_utime) + seconds(after.ru_stime) - seconds(before.ru_utime) -
			    seconds(before.ru_stime);
			double wall = (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) * 1e-9;
			printf("cpu %.1f wall %.1f\n", cpu * 1e9 / (double)ops, wall * 1e9 / (double)ops);
			fflush(stdout);
			_exit(0);
		}
	}
	return argc < 3 ? 0 : 2;
}
