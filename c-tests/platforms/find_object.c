/*
 * glibc's _dl_find_object for programs with musl: Debian's libgcc asks it where the unwind tables are, and musl has not got
 * it. Written from glibc's manual ("Dynamic Linker Introspection"), over dl_iterate_phdr. `cargo xtask platforms musl`.
 */
#define _GNU_SOURCE
#include <link.h>
#include <stddef.h>
#include <stdint.h>

/* As struct dl_find_object of glibc's <dlfcn.h> on x86_64. */
struct found {
	unsigned long long flags;
	void *map_start, *map_end;
	void *link_map;
	void *eh_frame;
	unsigned long long reserved[7];
};
struct search {
	uintptr_t pc;
	struct found *found;
};

static int
look(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct search *search = arg;
	uintptr_t tables = 0, start = 0, end = 0;
	int i;

	(void)size;
	for (i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uintptr_t at = info->dlpi_addr + p->p_vaddr;

		if (p->p_type == PT_GNU_EH_FRAME)
			tables = at;
		if (p->p_type == PT_LOAD && search->pc >= at && search->pc - at < p->p_memsz) {
			start = at;
			end = at + p->p_memsz;
		}
	}
	if (end == 0)
		return 0;
	search->found->flags = 0;
	search->found->map_start = (void *)start;
	search->found->map_end = (void *)end;
	search->found->link_map = NULL;
	search->found->eh_frame = (void *)tables;
	return tables != 0;
}

int
_dl_find_object(void *pc, struct found *found)
{
	struct search search = { (uintptr_t)pc, found };

	return dl_iterate_phdr(look, &search) ? 0 : -1;
}
