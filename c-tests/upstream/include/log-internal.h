/* The library's log calls: util/log drives each of them. */
#ifndef OXI_SUITE_LOG_INTERNAL_H
#define OXI_SUITE_LOG_INTERNAL_H
#include "event2/util.h"

#define OXI_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define OXI_NORETURN __attribute__((noreturn))

/* These two log and then end the process through the fatal callback. */
void event_err(int status, const char *fmt, ...) OXI_PRINTF(2, 3) OXI_NORETURN;
void event_errx(int status, const char *fmt, ...) OXI_PRINTF(2, 3) OXI_NORETURN;
void event_sock_err(int status, evutil_socket_t sock, const char *fmt, ...) OXI_PRINTF(3, 4) OXI_NORETURN;

void event_warn(const char *fmt, ...) OXI_PRINTF(1, 2);
void event_warnx(const char *fmt, ...) OXI_PRINTF(1, 2);
void event_msgx(const char *fmt, ...) OXI_PRINTF(1, 2);
void event_sock_warn(evutil_socket_t sock, const char *fmt, ...) OXI_PRINTF(2, 3);
void event_debugx_(const char *fmt, ...) OXI_PRINTF(1, 2);

/* Called with doubled brackets: event_debug(("...", x)). The function asks whether debug logging is on. */
#define event_debug(call) (event_debugx_ call)
#endif
