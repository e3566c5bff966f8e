/* The suite includes this file but needs nothing from it on this platform. */
#ifndef OXI_SUITE_OPENSSL_COMPAT_H
#define OXI_SUITE_OPENSSL_COMPAT_H
#endif
