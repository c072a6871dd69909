/* Waiting for a growing log: woken by the kernel where inotify is to be had, otherwise by the clock. */
#ifndef RUNNER_FOLLOW_H
#define RUNNER_FOLLOW_H

struct follow {
	int fd;	   /* inotify; -1: none */
	int watch; /* -1: nothing is watched yet */
};

void follow_init(struct follow *f);
/* Watches the log at path (without suffix), from the first call on.  A failure only means that the clock wakes. */
void follow_watch(struct follow *f, const char *path);
/* Returns when the log has grown, or after a tenth of a second. */
void follow_wait(struct follow *f);
void follow_clear(struct follow *f);

#endif
