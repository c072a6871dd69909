#include "runner/history/state.h"

#include "base/error.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* mkdir -p.  *made says whether the last directory was not there before. */
static int make_parents(const char *directory, bool *made, pipe_error *err)
{
	char path[PATH_MAX];
	size_t length = strlen(directory);

	*made = false;
	if (mkdir(directory, 0777) == 0) {
		*made = true;
		return PIPE_OK;
	}
	if (errno == EEXIST)
		return PIPE_OK;
	if (errno != ENOENT || length >= sizeof(path))
		return error_errno(err, error_code_of(errno), errno, "cannot make the directory %s", directory);
	memcpy(path, directory, length + 1);
	for (size_t i = 1; i <= length; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		path[i] = '\0';
		if (mkdir(path, 0777) && errno != EEXIST)
			return error_errno(err, error_code_of(errno), errno, "cannot make the directory %s", path);
		path[i] = directory[i];
	}
	*made = true;
	return PIPE_OK;
}

/* The directory is nothing for Git, but for the project's Lua modules, which a team writes. */
int state_make(const char *directory, pipe_error *err)
{
	static const char ignored[] = "*\n!lua/\n!lua/**\n";
	const ssize_t length = (ssize_t)sizeof(ignored) - 1;
	char path[PATH_MAX];
	bool made;
	int rc, fd;

	rc = make_parents(directory, &made, err);
	if (rc == PIPE_OK)
		rc = state_path(path, err, directory, ".gitignore");
	if (rc || (!made && access(path, F_OK) == 0))
		return rc;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return errno == EEXIST || !made ? PIPE_OK
						: error_errno(err, error_code_of(errno), errno, "cannot write %s", path);
	if (write(fd, ignored, (size_t)length) != length) {
		rc = error_errno(err, PIPE_EIO, errno, "cannot write %s", path);
		unlink(path); /* so that the next try makes it */
	}
	close(fd);
	return rc;
}

int state_make_below(const char *directory, const char *name, pipe_error *err)
{
	char path[PATH_MAX];
	int rc = state_path(path, err, directory, "%s", name);

	if (!rc && mkdir(path, 0777) && errno != EEXIST)
		rc = error_errno(err, error_code_of(errno), errno, "cannot make the directory %s", path);
	return rc;
}

int state_path(char *out, pipe_error *err, const char *directory, const char *format, ...)
{
	int n = snprintf(out, PATH_MAX, "%s/", directory), more = -1;
	va_list ap;

	if (n > 0 && n < PATH_MAX) {
		va_start(ap, format);
		more = vsnprintf(out + n, (size_t)(PATH_MAX - n), format, ap);
		va_end(ap);
	}
	if (more < 0 || more >= PATH_MAX - n)
		return error_set(err, PIPE_EIO, "the path of the state directory %.200s is too long", directory);
	return PIPE_OK;
}

bool state_path_is_inside(const char *path)
{
	if (!*path || *path == '/')
		return false;
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && path[0] == '.' && path[1] == '.')
			return false;
		path += n;
		path += *path == '/';
	}
	return true;
}
