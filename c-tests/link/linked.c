/* Linked against a mix of the libraries; C and C++. With -DSTATIC_LINK there is nothing else to look at than the program. */
#ifdef STATIC_LINK
#include "once.h"
#else
#include "loaded.h"
#endif
#include <event2/thread.h>
#ifdef WITH_OPENSSL
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/ssl.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif
void event_warnx(const char *, ...);
extern struct event_base *event_global_current_base_; /* data: a copy relocation, where the program is not PIC */
struct event_base *event_init(void);
#ifdef __cplusplus
}
#endif

int main(void)
{
	struct way direct;
	struct event_base *base;
	int n = 1;
#ifdef STATIC_LINK
	struct way ways[1];
#else
	struct way ways[MAX_WAYS];
#endif

	direct.name = "the program";
	direct.get_version = event_get_version;
	direct.set_mem_functions = event_set_mem_functions;
	direct.config_new = event_config_new;
	direct.config_free = event_config_free;
	direct.set_log_callback = event_set_log_callback;
	direct.warnx = event_warnx;
	ways[0] = direct;
#ifndef STATIC_LINK
	n = ways_loaded(dlopen(NULL, RTLD_LAZY), ways, n);
#endif
	check_once(ways, n);

#ifdef WITH_PTHREADS
	if (evthread_use_pthreads())
		return puts("evthread_use_pthreads"), 1;
#endif
	base = event_init();
	if (!base || event_global_current_base_ != base)
		return puts("event_global_current_base_ is not what event_init made"), 1;
#ifdef WITH_PTHREADS
	if (evthread_make_base_notifiable(base))
		return puts("evthread_use_pthreads had no effect on the library"), 1;
#endif
#ifdef WITH_OPENSSL
	{
		SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
		struct bufferevent *bev = ctx ? bufferevent_openssl_socket_new(base, -1, SSL_new(ctx),
		    BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE) : NULL;

		if (!bev || !bufferevent_openssl_get_ssl(bev) || bufferevent_get_base(bev) != base)
			return puts("bufferevent_openssl_socket_new"), 1;
		bufferevent_free(bev);
		SSL_CTX_free(ctx);
	}
#endif
	event_base_free(base);
	printf("%d ways\n", n);
	return 0;
}
