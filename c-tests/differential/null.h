/*
 * A call in a process of its own, and what came of it on one line. The program defines make(), which makes the objects for
 * the other arguments.
 */
#include "common.h"
#include <sys/wait.h>

#define RUN(what, call, print) \
	do { \
		int status; \
		pid_t child; \
		fflush(stdout); \
		child = fork(); \
		if (child == 0) { \
			alarm(2); \
			fclose(stderr); \
			make(); \
			{ call; print; } \
			fflush(stdout); \
			_exit(0); \
		} \
		waitpid(child, &status, 0); \
		if (!WIFEXITED(status) || WEXITSTATUS(status)) \
			printf("%s: crashed\n", what); \
	} while (0)
#define VOID(e) RUN(#e, e, printf("%s: survived\n", #e))
#define INT(e) RUN(#e, long long r = (long long)(e), printf("%s: %lld\n", #e, r))
#define PTR(e) RUN(#e, const void *r = (const void *)(e), printf("%s: %s\n", #e, r ? "not NULL" : "NULL"))
#undef TEXT
#define TEXT(e) RUN(#e, const char *r = (e), printf("%s: %s\n", #e, r ? r : "NULL"))
