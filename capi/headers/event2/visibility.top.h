
/**
 * @file event2/visibility.h
 *
 * Marks the functions of the libraries. Programs need nothing of it.
 */

#include <event2/event-config.h>

#define EVENT2_EXPORT_SYMBOL
/* Data in a DLL, which Microsoft's compiler must be told of. */
#if defined(_MSC_VER) && defined(EVENT_VISIBILITY_WANT_DLLIMPORT)
#define EVENT2_CORE_EXPORT_SYMBOL __declspec(dllimport)
#else
#define EVENT2_CORE_EXPORT_SYMBOL EVENT2_EXPORT_SYMBOL
#endif
