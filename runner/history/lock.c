#include "runner/history/lock.h"

#include "base/error.h"
#include "runner/executor/proc.h"
#include "runner/history/state.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	RETRY_MS = 2,
	/* run_lock_is_held takes the lock for an instant, shared: the driver tries again for that long before it believes in another */
	ACQUIRE_MS = 100,
	LINGER_MS = 1000
};

struct run_lock {
	int fd;
	char path[];
};

static int open_lock(const char *path, pipe_error *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);

	if (fd < 0)
		error_errno(err, error_code_of(errno), errno, "cannot open the lock %s", path);
	return fd;
}

/* Waits for the lock; false: somebody else holds it (errno EWOULDBLOCK) or it cannot be locked. */
static bool lock_within(int fd, unsigned timeout_ms)
{
	const struct timespec pause = { 0, RETRY_MS * 1000000L };
	unsigned waited = 0;

	while (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK || waited >= timeout_ms)
			return false;
		nanosleep(&pause, NULL);
		waited += RETRY_MS;
	}
	return true;
}

/* Is the file that is open still the one at path?  The lock of a run that is taken up again may have been removed by its last
 * driver between our opening and our locking it. */
static bool is_current(int fd, const char *path)
{
	struct stat mine, there;

	return fstat(fd, &mine) == 0 && stat(path, &there) == 0 && mine.st_ino == there.st_ino && mine.st_dev == there.st_dev;
}

static int write_holder(int fd, const char *path, pipe_error *err)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	if (ftruncate(fd, 0) || pwrite(fd, text, (size_t)n, 0) != n)
		return error_errno(err, error_code_of(errno), errno, "cannot write the lock %s", path);
	return PIPE_OK;
}

/* Opens and locks the file at path. */
static int take(const char *path, const char *state_directory, int64_t run, int *fd, pipe_error *err)
{
	int rc;

	for (;;) {
		*fd = open_lock(path, err);
		if (*fd < 0)
			return PIPE_EIO;
		if (!lock_within(*fd, ACQUIRE_MS))
			break;
		if (is_current(*fd, path))
			return PIPE_OK;
		close(*fd);
	}
	if (errno == EWOULDBLOCK)
		rc = error_set(err, PIPE_EBUSY, "run %" PRId64 " is driven by another process (%d)", run,
			       run_lock_holder(state_directory, run));
	else
		rc = error_errno(err, error_code_of(errno), errno, "cannot lock %s", path);
	close(*fd);
	return rc;
}

int run_lock_acquire(struct run_lock **out, const char *state_directory, int64_t run, pipe_error *err)
{
	struct run_lock *lock;
	char path[PATH_MAX];
	int rc, fd;

	*out = NULL;
	rc = state_make_below(state_directory, "lock", err);
	if (!rc)
		rc = state_path(path, err, state_directory, "lock/%" PRId64, run);
	if (!rc)
		rc = take(path, state_directory, run, &fd, err);
	if (rc)
		return rc;
	rc = write_holder(fd, path, err);
	lock = rc ? NULL : malloc(sizeof(*lock) + strlen(path) + 1);
	if (!lock) {
		unlink(path);
		close(fd);
		return rc ? rc : error_nomem(err);
	}
	lock->fd = fd;
	memcpy(lock->path, path, strlen(path) + 1);
	*out = lock;
	return PIPE_OK;
}

void run_lock_free(struct run_lock *lock)
{
	if (!lock)
		return;
	unlink(lock->path);
	close(lock->fd);
	free(lock);
}

static int open_existing(const char *state_directory, int64_t run)
{
	char path[PATH_MAX];

	if (state_path(path, NULL, state_directory, "lock/%" PRId64, run))
		return -1;
	return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

static int read_holder(int fd)
{
	char text[24];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	return (int)strtol(text, NULL, 10);
}

/* A driver that was killed while it started a process: until that one has executed its program it holds the lock as well.  It is a
 * matter of an instant, where the holder is really dead and not only out of sight (in another container). */
static bool holder_lives(int fd)
{
	const struct timespec pause = { 0, RETRY_MS * 1000000L };
	struct proc p;

	if (proc_stat(read_holder(fd), &p) && !proc_is_dead(&p))
		return true;
	for (unsigned waited = 0; waited < LINGER_MS; waited += RETRY_MS) {
		nanosleep(&pause, NULL);
		if (flock(fd, LOCK_SH | LOCK_NB) == 0)
			return false;
	}
	return true;
}

bool run_lock_is_held(const char *state_directory, int64_t run)
{
	int fd = open_existing(state_directory, run);
	bool held;

	if (fd < 0)
		return errno != ENOENT && errno != ENOTDIR && errno != ELOOP; /* in doubt it is alive */
	held = flock(fd, LOCK_SH | LOCK_NB) != 0 && holder_lives(fd);
	close(fd);
	return held;
}

int run_lock_holder(const char *state_directory, int64_t run)
{
	int fd = open_existing(state_directory, run), holder;

	if (fd < 0)
		return 0;
	holder = read_holder(fd);
	close(fd);
	return holder;
}

void run_lock_remove(const char *state_directory, int64_t run)
{
	char path[PATH_MAX];

	if (state_path(path, NULL, state_directory, "lock/%" PRId64 ".fifo", run) == PIPE_OK)
		unlink(path);
	if (state_path(path, NULL, state_directory, "lock/%" PRId64, run) == PIPE_OK)
		unlink(path);
}

int run_control_open(const char *state_directory, int64_t run, int *fd, pipe_error *err)
{
	char path[PATH_MAX];
	int rc;

	*fd = -1;
	rc = state_path(path, err, state_directory, "lock/%" PRId64 ".fifo", run);
	if (rc)
		return rc;
	unlink(path); /* of a driver of a deleted history: only who holds the lock comes here */
	if (mkfifo(path, 0600))
		return error_errno(err, error_code_of(errno), errno, "cannot make %s", path);
	/* for writing as well: the reading end never reports that the last writer went away */
	*fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (*fd < 0) {
		rc = error_errno(err, error_code_of(errno), errno, "cannot open %s", path);
		unlink(path);
	}
	return rc;
}

void run_control_close(const char *state_directory, int64_t run, int fd)
{
	char path[PATH_MAX];

	if (fd < 0)
		return;
	if (state_path(path, NULL, state_directory, "lock/%" PRId64 ".fifo", run) == PIPE_OK)
		unlink(path);
	close(fd);
}

/* A write to a FIFO whose reader has just gone would raise SIGPIPE in the host: a reading end of our own, opened after the check that
 * there is a reader, keeps that from happening. */
static int send_command(const char *path, int fd, char command, int64_t run, pipe_error *err)
{
	int keeper = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW), rc = PIPE_OK;
	struct stat st;

	if (keeper < 0)
		return error_set(err, PIPE_ENOTFOUND, "run %" PRId64 " is not running", run);
	if (fstat(fd, &st) || !S_ISFIFO(st.st_mode))
		rc = error_set(err, PIPE_EIO, "cannot reach run %" PRId64 ": %s is not a FIFO", run, path);
	/* a full pipe holds thousands of commands that nobody has read yet: one more says nothing new */
	else if (write(fd, &command, 1) != 1 && errno != EAGAIN)
		rc = error_errno(err, PIPE_EIO, errno, "cannot reach run %" PRId64 " through %s", run, path);
	close(keeper);
	return rc;
}

int run_control_send(const char *state_directory, int64_t run, char command, pipe_error *err)
{
	char path[PATH_MAX];
	int rc, fd;

	rc = state_path(path, err, state_directory, "lock/%" PRId64 ".fifo", run);
	if (rc)
		return rc;
	fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && (errno == ENXIO || errno == ENOENT || errno == ENOTDIR))
		return error_set(err, PIPE_ENOTFOUND, "run %" PRId64 " is not running", run);
	if (fd < 0)
		return error_errno(err, error_code_of(errno), errno, "cannot reach run %" PRId64 " through %s", run, path);
	rc = send_command(path, fd, command, run, err);
	close(fd);
	return rc;
}

int state_lock(const char *state_directory, const char *name, unsigned timeout_ms, int *fd, pipe_error *err)
{
	char path[PATH_MAX];
	int rc;

	*fd = -1;
	rc = state_make_below(state_directory, "lock", err);
	if (!rc)
		rc = state_path(path, err, state_directory, "lock/%s", name);
	if (rc)
		return rc;
	*fd = open_lock(path, err);
	if (*fd < 0)
		return PIPE_EIO;
	if (lock_within(*fd, timeout_ms))
		return PIPE_OK;
	if (errno == EWOULDBLOCK)
		rc = error_set(err, PIPE_EBUSY, "another process has held the lock %s for %u ms", path, timeout_ms);
	else
		rc = error_errno(err, error_code_of(errno), errno, "cannot lock %s", path);
	close(*fd);
	*fd = -1;
	return rc;
}
