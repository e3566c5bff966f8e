/* evutil on Windows: addresses, errors, sockets, times, random bytes, numbers, text. */
#include "check.h"
#include <event2/buffer.h>
#include <time.h>

static void addresses(void)
{
	struct sockaddr_storage ss;
	struct sockaddr_in *sin = (struct sockaddr_in *)&ss;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&ss;
	unsigned char raw[16];
	char text[64];
	int len = sizeof(ss);
	CHECK(evutil_inet_pton(AF_INET, "10.20.30.40", raw) == 1 && memcmp(raw, "\x0a\x14\x1e\x28", 4) == 0);
	CHECK(evutil_inet_pton(AF_INET, "10.20.30.400", raw) == 0);
	CHECK(evutil_inet_pton(AF_INET6, "2001:db8::1", raw) == 1);
	CHECK(strcmp(evutil_inet_ntop(AF_INET6, raw, text, sizeof(text)), "2001:db8::1") == 0);
	CHECK(evutil_inet_ntop(AF_INET6, raw, text, 5) == NULL);
	CHECK(evutil_inet_pton(99, "1.2.3.4", raw) == -1);
	CHECK(evutil_parse_sockaddr_port("127.0.0.1:80", (struct sockaddr *)&ss, &len) == 0);
	CHECK(len == (int)sizeof(*sin) && sin->sin_family == AF_INET && sin->sin_port == htons(80));
	len = sizeof(ss);
	CHECK(evutil_parse_sockaddr_port("[::1]:443", (struct sockaddr *)&ss, &len) == 0);
	CHECK(len == (int)sizeof(*sin6) && sin6->sin6_family == AF_INET6 && sin6->sin6_port == htons(443));
	CHECK(evutil_sockaddr_cmp((struct sockaddr *)&ss, (struct sockaddr *)&ss, 1) == 0);
	len = sizeof(ss);
	CHECK(evutil_parse_sockaddr_port("[::1:443", (struct sockaddr *)&ss, &len) == -1);
}

static void names(void)
{
	struct evutil_addrinfo hints, *all = NULL;
	memset(&hints, 0, sizeof(hints));
	hints.ai_family = AF_INET;
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags = EVUTIL_AI_NUMERICHOST | EVUTIL_AI_NUMERICSERV;
	CHECK(evutil_getaddrinfo("127.0.0.1", "8080", &hints, &all) == 0);
	CHECK(all && all->ai_addrlen == sizeof(struct sockaddr_in) &&
	    ((struct sockaddr_in *)all->ai_addr)->sin_port == htons(8080));
	if (all)
		evutil_freeaddrinfo(all);
	CHECK(evutil_getaddrinfo("no such name", "8080", &hints, &all) == EVUTIL_EAI_NONAME);
	CHECK(*evutil_gai_strerror(EVUTIL_EAI_NONAME));
	CHECK(strcmp(evutil_gai_strerror(EVUTIL_EAI_NONAME), evutil_gai_strerror(EVUTIL_EAI_FAIL)));
	CHECK(*evutil_gai_strerror(EVUTIL_EAI_CANCEL));
}

static void sockets(void)
{
	evutil_socket_t pair[2], s;
	struct sockaddr_in sin = loopback(0);
	char byte = 'x';
	const char *said;
	CHECK(evutil_socketpair(AF_INET, SOCK_STREAM, 0, pair) == 0);
	CHECK(send(pair[0], &byte, 1, 0) == 1);
	byte = 0;
	CHECK(recv(pair[1], &byte, 1, 0) == 1 && byte == 'x');
	CHECK(evutil_make_socket_nonblocking(pair[0]) == 0);
	CHECK(recv(pair[0], &byte, 1, 0) == -1);
	CHECK(EVUTIL_SOCKET_ERROR() == WSAEWOULDBLOCK);
	EVUTIL_SET_SOCKET_ERROR(WSAEWOULDBLOCK);
	CHECK(evutil_socket_geterror(pair[0]) == WSAEWOULDBLOCK);
	CHECK(evutil_make_socket_closeonexec(pair[0]) == 0);
	CHECK(evutil_closesocket(pair[0]) == 0);
	CHECK(evutil_closesocket(pair[1]) == 0);
	CHECK(evutil_closesocket(pair[1]) == -1);
	CHECK(EVUTIL_SOCKET_ERROR() == WSAENOTSOCK);
	CHECK(evutil_socketpair(AF_INET, SOCK_STREAM, 0, NULL) == -1);
	s = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(s != (evutil_socket_t)EVUTIL_INVALID_SOCKET);
	CHECK(evutil_make_listen_socket_reuseable(s) == 0);
	CHECK(bind(s, (struct sockaddr *)&sin, sizeof(sin)) == 0);
	CHECK(evutil_make_tcp_listen_socket_deferred(s) == 0);
	evutil_closesocket(s);

	said = evutil_socket_error_to_string(WSAECONNREFUSED);
	CHECK(said && *said);
	CHECK(said == evutil_socket_error_to_string(WSAECONNREFUSED));
	CHECK(strcmp(said, evutil_socket_error_to_string(WSAETIMEDOUT)) != 0);
	CHECK(evutil_socket_error_to_string(987654) != NULL);
	EVUTIL_SET_SOCKET_ERROR(WSAEACCES);
	CHECK(EVUTIL_SOCKET_ERROR() == WSAEACCES);
}

#undef evutil_gettimeofday
int evutil_gettimeofday(struct timeval *tv, void *tz);

static void times(void)
{
	struct timeval a, b = {0, 0}, difference;
	struct evutil_monotonic_timer *clock = evutil_monotonic_timer_new();
	char date[64];
	struct tm tm;
	CHECK(evutil_gettimeofday(&a, NULL) == 0);
	CHECK(a.tv_sec == time(NULL) || a.tv_sec + 1 == time(NULL));
	CHECK(a.tv_usec >= 0 && a.tv_usec < 1000000);
	NEED(clock != NULL);
	CHECK(evutil_configure_monotonic_time(clock, EV_MONOT_PRECISE) == 0);
	CHECK(evutil_gettime_monotonic(clock, &a) == 0);
	Sleep(60);
	CHECK(evutil_gettime_monotonic(clock, &b) == 0);
	evutil_timersub(&b, &a, &difference);
	CHECK(difference.tv_sec == 0 && difference.tv_usec >= 40000 && difference.tv_usec < 600000);
	evutil_monotonic_timer_free(clock);
	memset(&tm, 0, sizeof(tm));
	tm.tm_year = 94, tm.tm_mon = 10, tm.tm_mday = 6, tm.tm_hour = 8, tm.tm_min = 49, tm.tm_sec = 37, tm.tm_wday = 0;
	CHECK(evutil_date_rfc1123(date, sizeof(date), &tm) == 29);
	CHECK(strcmp(date, "Sun, 06 Nov 1994 08:49:37 GMT") == 0);
	CHECK(evutil_date_rfc1123(date, sizeof(date), NULL) == 29);
}

static void numbers(void)
{
	unsigned char one[64], two[64];
	char text[16], *end;
	int i, same = 0;
	CHECK(evutil_secure_rng_init() == 0);
	evutil_secure_rng_get_bytes(one, sizeof(one));
	evutil_secure_rng_get_bytes(two, sizeof(two));
	for (i = 0; i < 64; i++)
		same += one[i] == two[i];
	CHECK(same < 16);
	CHECK(evutil_strtoll("-9223372036854775807 rest", &end, 10) == -9223372036854775807LL);
	CHECK(strcmp(end, " rest") == 0);
	CHECK(evutil_snprintf(text, sizeof(text), "%lld", 1LL << 62) == 19);
	CHECK(strcmp(text, "461168601842738") == 0);
	CHECK(evutil_snprintf(text, sizeof(text), "%zu %I64d", (size_t)7, (long long)8) == 3 && strcmp(text, "7 8") == 0);
	CHECK(evutil_ascii_strcasecmp("Content-LENGTH", "content-length") == 0);
	CHECK(evutil_ascii_strncasecmp("abcX", "ABCY", 3) == 0);
	CHECK(sizeof(ev_ssize_t) == sizeof(size_t) && sizeof(ev_off_t) == 8 && sizeof(evutil_socket_t) == sizeof(SOCKET));
	CHECK(EV_SIZE_MAX == (size_t)-1);
}

int main(int argc, char **argv)
{
	begin(argc, argv);
	CHECK(strcmp(event_get_version(), LIBEVENT_VERSION) == 0);
	CHECK(event_get_version_number() == LIBEVENT_VERSION_NUMBER);
	addresses();
	names();
	sockets();
	times();
	numbers();
	return end();
}
