#include "runner/history/follow.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

enum { WAIT_MS = 100 };

void follow_init(struct follow *f)
{
	f->fd = f->watch = -1;
}

void follow_watch(struct follow *f, const char *path)
{
	char name[PATH_MAX];
	int n;

	if (f->watch >= 0)
		return;
	n = snprintf(name, sizeof(name), "%s.log", path);
	if (n < 0 || (size_t)n >= sizeof(name))
		return;
	if (f->fd < 0)
		f->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (f->fd >= 0)
		f->watch = inotify_add_watch(f->fd, name, IN_MODIFY);
}

void follow_wait(struct follow *f)
{
	struct pollfd p = { f->fd, POLLIN, 0 };
	char events[4096];

	if (poll(&p, f->fd >= 0, WAIT_MS) <= 0)
		return;
	/* what is said does not matter, only that something is */
	while (read(f->fd, events, sizeof(events)) > 0 || errno == EINTR)
		;
}

void follow_clear(struct follow *f)
{
	if (f->fd >= 0)
		close(f->fd);
	follow_init(f);
}
