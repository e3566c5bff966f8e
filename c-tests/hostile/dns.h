/* DNS messages, made by hand. */
#ifndef DNS_H
#define DNS_H
#include "hostile.h"
#include <event2/dns.h>
#include <event2/dns_struct.h>
#include <netdb.h>

struct message {
	unsigned char b[70000];
	size_t n;
};
static inline void put8(struct message *m, unsigned v) { m->b[m->n++] = (unsigned char)v; }
static inline void put16(struct message *m, unsigned v) { put8(m, v >> 8), put8(m, v & 255); }
static inline void put32(struct message *m, unsigned v) { put16(m, v >> 16), put16(m, v & 65535); }
static inline void put(struct message *m, const void *p, size_t n)
{
	memcpy(m->b + m->n, p, n);
	m->n += n;
}
/* A name of labels parted by dots. */
static inline void put_name(struct message *m, const char *name)
{
	while (*name) {
		size_t n = strcspn(name, ".");
		put8(m, (unsigned)n);
		put(m, name, n);
		name += n + (name[n] == '.');
	}
	put8(m, 0);
}
static inline void put_header(struct message *m, unsigned id, unsigned flags, unsigned qd, unsigned an, unsigned ns, unsigned ar)
{
	m->n = 0;
	put16(m, id), put16(m, flags), put16(m, qd), put16(m, an), put16(m, ns), put16(m, ar);
}
static inline void put_record(struct message *m, unsigned type, unsigned class, unsigned ttl, const void *data, size_t n)
{
	put16(m, type), put16(m, class), put32(m, ttl), put16(m, (unsigned)n);
	put(m, data, n);
}
static inline unsigned get16(const unsigned char *p) { return (unsigned)p[0] << 8 | p[1]; }
/* Where a name that is not compressed ends; 0 if it does not. */
static inline size_t name_end(const unsigned char *p, size_t n, size_t at)
{
	while (at < n && p[at] && p[at] < 64)
		at += p[at] + 1u;
	return at < n && !p[at] ? at + 1 : 0;
}
/* The name as text. */
static inline void name_text(const unsigned char *p, size_t n, size_t at, char *out)
{
	char *begin = out;
	while (at < n && p[at] && p[at] < 64 && at + p[at] < n) {
		if (out != begin)
			*out++ = '.';
		memcpy(out, p + at + 1, p[at]);
		out += p[at];
		at += p[at] + 1u;
	}
	*out = '\0';
}
#endif
