/* The ways into every libevent library that this process, or one namespace of it, has loaded. */
#ifndef LOADED_H
#define LOADED_H

#include "once.h"
#include <dlfcn.h>
#include <link.h>

#define MAX_WAYS 8

static void *must(void *handle, const char *name)
{
	void *p = dlsym(handle, name);

	if (!p) {
		printf("%s\n", dlerror());
		exit(1);
	}
	return p;
}

static struct way way_of(void *handle, const char *name)
{
	struct way w;

	w.name = name;
	*(void **)&w.get_version = must(handle, "event_get_version");
	*(void **)&w.set_mem_functions = must(handle, "event_set_mem_functions");
	*(void **)&w.config_new = must(handle, "event_config_new");
	*(void **)&w.config_free = must(handle, "event_config_free");
	*(void **)&w.set_log_callback = must(handle, "event_set_log_callback");
	*(void **)&w.warnx = must(handle, "event_warnx");
	return w;
}

/* Adds the libevent libraries of the namespace of `any`; each must come from the folder LIBDIR of the environment. */
static int ways_loaded(void *any, struct way *ways, int n)
{
	const char *dir = getenv("LIBDIR");
	struct link_map *map;

	if (dlinfo(any, RTLD_DI_LINKMAP, &map)) {
		printf("%s\n", dlerror());
		exit(1);
	}
	while (map->l_prev)
		map = map->l_prev;
	for (; map; map = map->l_next) {
		const char *file = strrchr(map->l_name, '/');
		Lmid_t id;
		void *handle;

		if (!file || strncmp(file, "/libevent", 9))
			continue;
		if (dir && (strncmp(map->l_name, dir, strlen(dir)) || file != map->l_name + strlen(dir))) {
			printf("%s is loaded, which is not below %s\n", map->l_name, dir);
			exit(1);
		}
		if (dlinfo(any, RTLD_DI_LMID, &id))
			exit(1);
		handle = dlmopen(id, map->l_name, RTLD_LAZY | RTLD_NOLOAD);
		if (!handle || n == MAX_WAYS) {
			printf("%s\n", dlerror());
			exit(1);
		}
		ways[n++] = way_of(handle, file + 1);
	}
	return n;
}

#endif
