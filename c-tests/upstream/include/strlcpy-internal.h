/* The library's own strlcpy, tested by util/strlcpy. */
#ifndef OXI_SUITE_STRLCPY_INTERNAL_H
#define OXI_SUITE_STRLCPY_INTERNAL_H
#include <stddef.h>
size_t event_strlcpy_(char *to, const char *from, size_t room);
#undef strlcpy
#define strlcpy event_strlcpy_
#endif
