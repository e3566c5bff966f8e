/*
 * struct kevent as the systems' headers have it; the libc crate's, which the kqueue backend uses, says the same (for NetBSD
 * it is that of the older function, __kevent50, which ends before ext). It only has to compile:
 * `cargo xtask platforms` does that with zig, which brings the headers along.
 */
#include <sys/types.h>
#include <sys/event.h>
#include <sys/time.h>
#include <stddef.h>

#define AT(field, at, bytes) \
	_Static_assert(offsetof(struct kevent, field) == (at), "offset of " #field); \
	_Static_assert(sizeof(((struct kevent *)0)->field) == (bytes), "size of " #field)

AT(ident, 0, 8);
#if defined(__NetBSD__)
_Static_assert(sizeof(struct kevent) == 72, "size of struct kevent");
AT(filter, 8, 4);
AT(flags, 12, 4);
AT(fflags, 16, 4);
AT(data, 24, 8);
AT(udata, 32, 8);
AT(ext, 40, 32);
#else
AT(filter, 8, 2);
AT(flags, 10, 2);
AT(fflags, 12, 4);
AT(data, 16, 8);
AT(udata, 24, 8);
#if defined(__FreeBSD__)
_Static_assert(sizeof(struct kevent) == 64, "size of struct kevent");
AT(ext, 32, 32);
#else
_Static_assert(sizeof(struct kevent) == 32, "size of struct kevent");
#endif
#endif
