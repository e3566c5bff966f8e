/* The only C in the product: functions with C variadic arguments, which stable Rust cannot define before 1.99. */
#include <stdarg.h>
#include <errno.h>
#include <stdio.h>
#define EXPORT __attribute__((visibility("default")))
/* Rust functions that this file alone calls: declared so, they are not exported. */
#define HIDDEN __attribute__((visibility("hidden")))
#define NORETURN __attribute__((noreturn))
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
HIDDEN int evbuffer_add_formatted_(struct evbuffer *buf, int (*format)(char *, size_t, void *), void *ctx);

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

/* The log. Both ends are in internal.rs. */
HIDDEN void oxievent_log_line_(int severity, int errnum, const char *line);
HIDDEN NORETURN void oxievent_fatal_(int code);
enum { SEV_DEBUG, SEV_MSG, SEV_WARN, SEV_ERR, NO_ERRNO = -1 };

static FMT(3, 0) void log_line(int severity, int errnum, const char *fmt, va_list ap)
{
	char line[1024];
	if (!fmt || vsnprintf(line, sizeof(line), fmt, ap) < 0)
		line[0] = '\0';
	oxievent_log_line_(severity, errnum, line);
}
/* The arguments of the calling function from FMT on. */
#define LOG(severity, errnum, fmt) \
	do { \
		va_list ap; \
		va_start(ap, fmt); \
		log_line((severity), (errnum), (fmt), ap); \
		va_end(ap); \
	} while (0)

EXPORT NORETURN FMT(2, 3) void event_err(int status, const char *fmt, ...)
{
	int errnum = errno;
	LOG(SEV_ERR, errnum, fmt);
	oxievent_fatal_(status);
}
EXPORT NORETURN FMT(2, 3) void event_errx(int status, const char *fmt, ...)
{
	LOG(SEV_ERR, NO_ERRNO, fmt);
	oxievent_fatal_(status);
}
EXPORT NORETURN FMT(3, 4) void event_sock_err(int status, int sock, const char *fmt, ...)
{
	int errnum = errno;
	(void)sock;
	LOG(SEV_ERR, errnum, fmt);
	oxievent_fatal_(status);
}
EXPORT FMT(1, 2) void event_warn(const char *fmt, ...)
{
	int errnum = errno;
	LOG(SEV_WARN, errnum, fmt);
}
EXPORT FMT(1, 2) void event_warnx(const char *fmt, ...)
{
	LOG(SEV_WARN, NO_ERRNO, fmt);
}
EXPORT FMT(2, 3) void event_sock_warn(int sock, const char *fmt, ...)
{
	int errnum = errno;
	(void)sock;
	LOG(SEV_WARN, errnum, fmt);
}
EXPORT FMT(1, 2) void event_msgx(const char *fmt, ...)
{
	LOG(SEV_MSG, NO_ERRNO, fmt);
}
/* Formatted even when debug logging is off: the caller has asked before, the Rust side asks again. */
EXPORT FMT(1, 2) void event_debugx_(const char *fmt, ...)
{
	LOG(SEV_DEBUG, NO_ERRNO, fmt);
}
