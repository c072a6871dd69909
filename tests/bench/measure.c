/*
 * Runs a command and says what it cost: measure FILE COMMAND...  writes "wall-s processor-s resident-KiB status" to FILE.
 * A program of its own because a child's peak memory begins with that of the process it was forked from, and Python's is larger
 * than what is measured.
 */
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
	struct timespec from, to;
	struct rusage usage;
	pid_t pid;
	int status;
	FILE *out = argc > 2 ? fopen(argv[1], "w") : NULL;

	if (!out)
		return 2;
	clock_gettime(CLOCK_MONOTONIC, &from);
	if (posix_spawnp(&pid, argv[2], NULL, NULL, argv + 2, environ) || wait4(pid, &status, 0, &usage) != pid)
		return 2;
	clock_gettime(CLOCK_MONOTONIC, &to);
	fprintf(out, "%.6f %.6f %ld %d\n", (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9,
		seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	return fclose(out) != 0;
}
