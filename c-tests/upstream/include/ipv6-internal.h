/* The suite includes this file but needs nothing from it on this platform. */
#ifndef OXI_SUITE_IPV6_INTERNAL_H
#define OXI_SUITE_IPV6_INTERNAL_H
#endif
