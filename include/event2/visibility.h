/* Made by cargo xtask headers. Sources: capi/headers */
#ifndef EVENT2_VISIBILITY_H_INCLUDED_
#define EVENT2_VISIBILITY_H_INCLUDED_

/**
 * @file event2/visibility.h
 *
 * Marks the functions of the libraries. Programs need nothing of it.
 */

#include <event2/event-config.h>

#if defined(_WIN32) && defined(EVENT_DLL)
#define EVENT2_EXPORT_SYMBOL __declspec(dllimport)
#else
#define EVENT2_EXPORT_SYMBOL
#endif
#define EVENT2_CORE_EXPORT_SYMBOL EVENT2_EXPORT_SYMBOL

#endif /* EVENT2_VISIBILITY_H_INCLUDED_ */
