/* What the suite asks of IOCP: on Unix the call answers -1 and is never reached. */
#ifndef OXI_SUITE_IOCP_INTERNAL_H
#define OXI_SUITE_IOCP_INTERNAL_H
struct event_base;
int event_base_start_iocp_(struct event_base *base, int n_cpus);
#endif
