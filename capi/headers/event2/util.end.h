/**
 * Formats as snprintf does; the same on every system. The text is always
 * ended by a NUL if buflen is not 0.
 *
 * @param buf where the text goes
 * @param buflen the room there, in bytes
 * @param format the format, followed by its arguments
 * @return the length of the whole text, which was cut if that is not below
 *   buflen; -1 on an error; 0 if buflen is 0
 */
EVENT2_EXPORT_SYMBOL
int evutil_snprintf(char *buf, size_t buflen, const char *format, ...)
#ifdef __GNUC__
	__attribute__((format(printf, 3, 4)))
#endif
	;

/**
 * evutil_snprintf for arguments that come as a va_list.
 *
 * @param buf where the text goes
 * @param buflen the room there, in bytes
 * @param format the format
 * @param ap its arguments, which cannot be used again afterwards
 * @return as for evutil_snprintf
 */
EVENT2_EXPORT_SYMBOL
int evutil_vsnprintf(char *buf, size_t buflen, const char *format, va_list ap)
#ifdef __GNUC__
	__attribute__((format(printf, 3, 0)))
#endif
	;

#ifndef EVENT__HAVE_GETTIMEOFDAY
struct timezone;
/**
 * The time of day.
 *
 * @param tv receives it
 * @param tz NULL
 * @return 0, or -1 if tv is NULL
 */
EVENT2_EXPORT_SYMBOL
int evutil_gettimeofday(struct timeval *tv, struct timezone *tz);
#endif
