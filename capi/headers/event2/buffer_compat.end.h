/** The number of bytes in a buffer: evbuffer_get_length. */
#define EVBUFFER_LENGTH(x) evbuffer_get_length(x)
/**
 * All bytes of a buffer in one piece: evbuffer_pullup of everything. NULL if
 * it is empty or out of memory.
 */
#define EVBUFFER_DATA(x) evbuffer_pullup((x), -1)
