/**
 * Appends text that is formatted as printf does.
 *
 * @param buf the buffer
 * @param fmt the format, followed by its arguments
 * @return the number of bytes appended, or -1 with nothing appended: out of
 *   memory, a wrong format, or the end of the buffer is frozen
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_add_printf(struct evbuffer *buf, const char *fmt, ...)
#ifdef __GNUC__
	__attribute__((format(printf, 2, 3)))
#endif
	;

/**
 * evbuffer_add_printf for arguments that come as a va_list.
 *
 * @param buf the buffer
 * @param fmt the format
 * @param ap its arguments, which cannot be used again afterwards
 * @return the number of bytes appended, or -1
 */
EVENT2_EXPORT_SYMBOL
int evbuffer_add_vprintf(struct evbuffer *buf, const char *fmt, va_list ap)
#ifdef __GNUC__
	__attribute__((format(printf, 2, 0)))
#endif
	;
