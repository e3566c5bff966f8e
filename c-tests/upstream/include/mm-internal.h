/* The replaceable allocator, as the library itself uses it. */
#ifndef OXI_SUITE_MM_INTERNAL_H
#define OXI_SUITE_MM_INTERNAL_H
#include <stddef.h>
void *event_mm_malloc_(size_t size);
void *event_mm_calloc_(size_t count, size_t size);
char *event_mm_strdup_(const char *text);
void event_mm_free_(void *block);
#define mm_malloc(size) event_mm_malloc_(size)
#define mm_calloc(count, size) event_mm_calloc_((count), (size))
#define mm_strdup(text) event_mm_strdup_(text)
#define mm_free(block) event_mm_free_(block)
#endif
