/* opened MODE LIB..: loads the libraries in this order. MODE: local, global, or new (a namespace of its own). */
#define _GNU_SOURCE
#include "loaded.h"

int main(int argc, char **argv)
{
	struct way ways[MAX_WAYS];
	int flags = RTLD_NOW | (argc > 1 && !strcmp(argv[1], "global") ? RTLD_GLOBAL : RTLD_LOCAL);
	int in_new = argc > 1 && !strcmp(argv[1], "new");
	Lmid_t id = in_new ? LM_ID_NEWLM : LM_ID_BASE;
	void *first = NULL;
	int i, n;

	for (i = 2; i < argc; ++i) {
		void *handle = dlmopen(id, argv[i], flags);

		if (!handle || (in_new && dlinfo(handle, RTLD_DI_LMID, &id)))
			return puts(dlerror()), 1;
		if (!first)
			first = handle;
	}
	if (!first)
		return 2;
	n = ways_loaded(first, ways, 0);
	check_once(ways, n);
	printf("%d ways\n", n);
	return 0;
}
