/* See dns.h in this folder. */
#ifndef OXI_LATER_DNS_COMPAT_H
#define OXI_LATER_DNS_COMPAT_H
int evdns_init(void);
#endif
