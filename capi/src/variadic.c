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
