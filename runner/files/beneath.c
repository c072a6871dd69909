#include "runner/files/beneath.h"

#include "base/error.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

const char *path_clean(const char *path, struct arena *a, bool *nomem)
{
	char *clean = arena_text(a, strlen(path) + 1), *end = clean;

	if (nomem)
		*nomem = !clean;
	if (!clean)
		return NULL;
	while (*path) {
		size_t n = strcspn(path, "/");
		if (n == 2 && !memcmp(path, "..", 2))
			return NULL;
		if (n && !(n == 1 && *path == '.')) {
			if (end != clean)
				*end++ = '/';
			memcpy(end, path, n);
			end += n;
		}
		path += n;
		path += strspn(path, "/");
	}
	*end = '\0';
	return clean;
}

int root_open(const char *root, int *fd, pipe_error *err)
{
	*fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0)
		return error_errno(err, errno == ENOENT ? PIPE_ENOTFOUND : error_code_of(errno), errno, "%s", root);
	return PIPE_OK;
}

static int kernel_open(int root, const char *path, int flags, mode_t mode, uint64_t resolve)
{
	struct open_how how = { .flags = (uint64_t)(flags | O_CLOEXEC), .mode = mode, .resolve = resolve };

	return (int)syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof(how));
}

/* ENOSYS: a kernel before 5.6; EPERM: a sandbox that does not know the call. */
static bool kernel_cannot(int fd)
{
	return fd < 0 && (errno == ENOSYS || errno == EPERM);
}

static void close_keeping_errno(int fd, int root)
{
	int saved = errno;

	if (fd >= 0 && fd != root)
		close(fd);
	errno = saved;
}

static int step_down(int directory, const char *name, size_t length)
{
	char part[NAME_MAX + 1];

	if (length > NAME_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(part, name, length);
	part[length] = '\0';
	return openat(directory, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int open_by_steps(int root, const char *path, int flags, mode_t mode)
{
	int at = root, fd;

	for (const char *slash; (slash = strchr(path, '/')); path = slash + 1) {
		int next = step_down(at, path, (size_t)(slash - path));
		close_keeping_errno(at, root);
		at = next;
		if (at < 0)
			return -1;
	}
	fd = openat(at, *path ? path : ".", flags | O_NOFOLLOW | O_CLOEXEC, mode);
	close_keeping_errno(at, root);
	return fd;
}

int beneath_open(int root, const char *path, int flags, mode_t mode)
{
	int fd = kernel_open(root, path, flags, mode, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);

	return kernel_cannot(fd) ? open_by_steps(root, path, flags, mode) : fd;
}

static ssize_t fd_path(int fd, char *out, size_t size)
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, out, size - 1);
	if (n >= 0)
		out[n] = '\0';
	return n;
}

/* Opens first and looks where it has led: only for reading. */
static int open_and_look(int root, const char *path, int flags)
{
	char above[PATH_MAX], found[PATH_MAX];
	int fd = openat(root, *path ? path : ".", flags | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : fd_path(root, above, sizeof(above));

	if (fd < 0)
		return -1;
	if (n > 0 && fd_path(fd, found, sizeof(found)) >= n && !memcmp(above, found, (size_t)n) &&
	    (n == 1 || found[n] == '/' || found[n] == '\0'))
		return fd;
	close(fd);
	errno = EXDEV;
	return -1;
}

int beneath_open_follow(int root, const char *path, int flags)
{
	int fd = kernel_open(root, path, flags, 0, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);

	return kernel_cannot(fd) ? open_and_look(root, path, flags) : fd;
}

static int make_directories(int root, const char *path, size_t length)
{
	char part[PATH_MAX];
	int at = root;

	for (size_t i = 0; i < length;) {
		const char *slash = memchr(path + i, '/', length - i);
		size_t n = slash ? (size_t)(slash - path) - i : length - i;
		int next;

		if (n > NAME_MAX) {
			close_keeping_errno(at, root);
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(part, path + i, n);
		part[n] = '\0';
		next = openat(at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0 && errno == ENOENT && (mkdirat(at, part, 0777) == 0 || errno == EEXIST))
			next = openat(at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		close_keeping_errno(at, root);
		at = next;
		if (at < 0)
			return -1;
		i += n + 1;
	}
	return at == root ? fcntl(root, F_DUPFD_CLOEXEC, 0) : at;
}

int beneath_parent(int root, const char *path, bool make, const char **name)
{
	const char *slash = strrchr(path, '/');
	char above[PATH_MAX];
	size_t n = slash ? (size_t)(slash - path) : 0;
	int fd;

	*name = slash ? slash + 1 : path;
	if (n >= sizeof(above)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(above, path, n);
	above[n] = '\0';
	fd = beneath_open(root, above, O_PATH | O_DIRECTORY, 0);
	if (fd < 0 && errno == ENOENT && make)
		fd = make_directories(root, above, n);
	return fd;
}

int fd_write_all(int fd, const void *bytes, size_t length)
{
	const char *p = bytes;

	while (length) {
		ssize_t n = write(fd, p, length);
		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			p += n;
			length -= (size_t)n;
		}
	}
	return 0;
}

int fd_read_all(int fd, const char *what, uint64_t max, struct arena *a, const char **text, size_t *length, pipe_error *err)
{
	struct stat st;
	size_t size, got = 0;
	char *p;

	if (fstat(fd, &st))
		return error_errno(err, PIPE_EIO, errno, "%s", what);
	if (!S_ISREG(st.st_mode))
		return error_set(err, PIPE_EIO, "%s is not a regular file", what);
	if ((uint64_t)st.st_size > max)
		return error_set(err, PIPE_ELIMIT, "%s is too large: %lld bytes, at most %llu are read", what,
				 (long long)st.st_size, (unsigned long long)max);
	size = (size_t)st.st_size;
	p = arena_text(a, size + 1);
	if (!p)
		return error_nomem(err);
	while (got < size) {
		ssize_t n = read(fd, p + got, size - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, error_code_of(errno), errno, "%s", what);
		if (!n)
			break;
		got += (size_t)n;
	}
	p[got] = '\0';
	*text = p;
	*length = got;
	return PIPE_OK;
}
