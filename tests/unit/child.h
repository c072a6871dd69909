/*
 * Children of a test.  check keeps its record of a test in an unlinked file that forked children share: what they assert would
 * be written into the middle of it, and the whole run would end with "Bad message type".
 */
#ifndef TESTS_UNIT_CHILD_H
#define TESTS_UNIT_CHILD_H

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Descriptors of check's record lead to nowhere from here on. */
static inline void child_leave_record(void)
{
	int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

	for (int fd = 3; nowhere >= 0 && fd < 64; fd++) {
		char name[64], path[512];
		ssize_t length;

		snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		length = readlink(name, path, sizeof(path) - 1);
		if (length < 0)
			continue;
		path[length] = '\0';
		if (strstr(path, "/check_"))
			dup2(nowhere, fd);
	}
	if (nowhere >= 0)
		close(nowhere);
}

static inline pid_t child_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		child_leave_record();
	return pid;
}

#endif
