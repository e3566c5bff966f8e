/* The suite includes this file but needs nothing from it on this platform. */
#ifndef OXI_SUITE_EVCONFIG_PRIVATE_H
#define OXI_SUITE_EVCONFIG_PRIVATE_H
#endif
