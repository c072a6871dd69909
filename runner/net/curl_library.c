#include "runner/net/curl_library.h"

#include <time.h>

static const char *const sonames[] = { "libcurl.so.4", NULL };
static const char *const functions[] = { CURL_FUNCTIONS(LAZY_NAME) NULL };
static const struct lazy_library curl = { "speaking HTTP", "libcurl4", sonames, functions };

int curl_library_open(void **handle, struct curl_library *library, pipe_error *err)
{
	return lazy_open(&curl, handle, library, err);
}

void broken_pipes_hold(struct broken_pipes *b)
{
	sigset_t broken, pending;

	sigemptyset(&broken);
	sigaddset(&broken, SIGPIPE);
	sigpending(&pending);
	b->was_pending = sigismember(&pending, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &broken, &b->before);
}

void broken_pipes_drop(struct broken_pipes *b)
{
	struct timespec now = { 0, 0 };
	sigset_t broken;

	sigemptyset(&broken);
	sigaddset(&broken, SIGPIPE);
	if (!b->was_pending)
		while (sigtimedwait(&broken, NULL, &now) == SIGPIPE)
			;
	pthread_sigmask(SIG_SETMASK, &b->before, NULL);
}
