/* The only C in the product: functions with C variadic arguments, which stable Rust cannot define before 1.99. */
#include <stdarg.h>
#include <stdio.h>
#define EXPORT __attribute__((visibility("default")))
#define FMT(a, b) __attribute__((format(printf, a, b)))

/* Always terminates; returns what the whole text needs, or -1. */
EXPORT FMT(3, 0) int evutil_vsnprintf(char *buf, size_t buflen, const char *format, va_list ap)
{
	int r;
	if (!buflen)
		return 0;
	r = vsnprintf(buf, buflen, format, ap);
	buf[buflen - 1] = '\0';
	return r;
}

EXPORT FMT(3, 4) int evutil_snprintf(char *buf, size_t buflen, const char *format, ...)
{
	va_list ap;
	int r;
	va_start(ap, format);
	r = evutil_vsnprintf(buf, buflen, format, ap);
	va_end(ap);
	return r;
}

struct evbuffer;
/* In buffer.rs: lets the function write into the buffer's room, a second time if that was too small. */
int evbuffer_add_formatted_(struct evbuffer *buf, int (*format)(char *, size_t, void *), void *ctx);

struct text {
	const char *format;
	va_list ap;
};

static int write_text(char *to, size_t room, void *ctx)
{
	struct text *t = ctx;
	va_list ap;
	int r;
	va_copy(ap, t->ap);
	r = vsnprintf(to, room, t->format, ap);
	va_end(ap);
	return r;
}

EXPORT FMT(2, 0) int evbuffer_add_vprintf(struct evbuffer *buf, const char *fmt, va_list ap)
{
	struct text t;
	int r;
	t.format = fmt;
	va_copy(t.ap, ap);
	r = evbuffer_add_formatted_(buf, write_text, &t);
	va_end(t.ap);
	return r;
}

EXPORT FMT(2, 3) int evbuffer_add_printf(struct evbuffer *buf, const char *fmt, ...)
{
	struct text t;
	int r;
	t.format = fmt;
	va_start(t.ap, fmt);
	r = evbuffer_add_formatted_(buf, write_text, &t);
	va_end(t.ap);
	return r;
}
