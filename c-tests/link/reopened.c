/* reopened LIB: loads the library, uses it, unloads it and forks, several times: nothing of it may be called afterwards. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int i;

	if (argc < 2)
		return 2;
	for (i = 0; i < 5; ++i) {
		void *handle = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
		void *(*base_new)(void);
		void (*base_free)(void *), (*random_bytes)(void *, size_t);
		int (*loop)(void *, int), (*once)(void *, int, short, void (*)(int, short, void *), void *, const void *);
		int status;
		char bytes[16];
		void *base;

		if (!handle)
			return puts(dlerror()), 1;
		*(void **)&base_new = dlsym(handle, "event_base_new");
		*(void **)&base_free = dlsym(handle, "event_base_free");
		*(void **)&random_bytes = dlsym(handle, "evutil_secure_rng_get_bytes");
		*(void **)&loop = dlsym(handle, "event_base_loop");
		*(void **)&once = dlsym(handle, "event_base_once");
		if (!base_new || !base_free || !random_bytes || !loop || !once)
			return puts(dlerror()), 1;
		base = base_new();
		random_bytes(bytes, sizeof(bytes));
		if (!base || loop(base, 2 /* EVLOOP_NONBLOCK */) < 0)
			return puts("the loop does not run"), 1;
		base_free(base);
		if (dlclose(handle))
			return puts(dlerror()), 1;
		switch (fork()) {
		case -1:
			return perror("fork"), 1;
		case 0:
			_exit(0);
		}
		if (wait(&status) < 0 || status != 0)
			return puts("a fork after dlclose went wrong"), 1;
	}
	return 0;
}
