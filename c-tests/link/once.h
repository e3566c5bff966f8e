/* Proves that every way into the library reaches one and the same state. */
#ifndef ONCE_H
#define ONCE_H

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Functions as one library of the process offers them. */
struct way {
	const char *name;
	const char *(*get_version)(void);
	void (*set_mem_functions)(void *(*)(size_t), void *(*)(void *, size_t), void (*)(void *));
	struct event_config *(*config_new)(void);
	void (*config_free)(struct event_config *);
	void (*set_log_callback)(event_log_cb);
	void (*warnx)(const char *, ...);
};

static int allocations, logs;

static void *counted_malloc(size_t n)
{
	++allocations;
	return malloc(n);
}

static void count_log(int severity, const char *text)
{
	(void)severity;
	if (!strcmp(text, "once"))
		++logs;
}

static void expect(int ok, const char *what, const struct way *a, const struct way *b)
{
	if (ok)
		return;
	printf("%s: set through %s, not seen through %s\n", what, a->name, b->name);
	exit(1);
}

/* What is set through each way is seen through every other. */
static void check_once(const struct way *ways, int n)
{
	int i, j;

	for (i = 0; i < n; ++i) {
		for (j = 0; j < n; ++j) {
			struct event_config *config;
			const struct way *a = &ways[i], *b = &ways[j];

			expect(a->get_version() == b->get_version(), "the version's address", a, b);

			allocations = 0;
			a->set_mem_functions(counted_malloc, realloc, free);
			config = b->config_new();
			expect(config && allocations > 0, "memory functions", a, b);
			b->config_free(config);
			a->set_mem_functions(NULL, NULL, NULL);

			logs = 0;
			a->set_log_callback(count_log);
			b->warnx("%s", "once");
			expect(logs == 1, "log callback", a, b);
			a->set_log_callback(NULL);
		}
	}
}

#endif
