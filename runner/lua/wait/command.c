#include "runner/lua/wait/command.h"

#include "base/error.h"
#include "runner/executor/proc.h"
#include "runner/files/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- the environment ---- */

static bool same_name(const char *a, const char *b)
{
	const size_t n = strcspn(a, "=");

	return !strncmp(a, b, n) && b[n] == '=';
}

static bool is_over(const char *one, const char *const *over)
{
	for (; over && *over; over++)
		if (same_name(*over, one))
			return true;
	return same_name(PROC_MARK, one);
}

static size_t count_of(const char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

static const char *const *environment(const char *const *base, const char *const *over, const char *mark, struct arena *a)
{
	const char **out = ARENA_ARRAY(a, const char *, count_of(base) + count_of(over) + 2);
	size_t used = 0;

	if (!out)
		return NULL;
	for (; base && *base; base++)
		if (!is_over(*base, over))
			out[used++] = *base;
	for (; over && *over; over++)
		if (!same_name(PROC_MARK, *over))
			out[used++] = *over;
	out[used] = mark;
	return out;
}

/* ---- the directory ---- */

/* The real path of a directory in the workspace, so that no link leads out of it. */
static int find_directory(struct lua_command *c, const char *wanted, const char *workspace, struct arena *a, pipe_error *err)
{
	const char *clean;
	char link[64];
	int root, fd, rc;
	ssize_t n;

	if (!wanted || !*wanted)
		return snprintf(c->directory, sizeof(c->directory), "%s", workspace) < (int)sizeof(c->directory)
			       ? PIPE_OK
			       : error_set(err, PIPE_ELIMIT, "the workspace's path is too long");
	clean = *wanted == '/' ? NULL : path_clean(wanted, a, NULL);
	if (!clean)
		return error_set(err, PIPE_EUSAGE, "\"%.200s\" is no directory of the workspace", wanted);
	rc = root_open(workspace, &root, err);
	if (rc)
		return rc;
	fd = beneath_open_follow(root, clean, O_PATH | O_DIRECTORY | O_CLOEXEC);
	close(root);
	if (fd < 0)
		return error_errno(err, PIPE_ENOTFOUND, errno, "cannot enter %.200s", wanted);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, c->directory, sizeof(c->directory) - 1);
	close(fd);
	if (n < 0)
		return error_errno(err, PIPE_EIO, errno, "cannot enter %.200s", wanted);
	c->directory[n] = '\0';
	return PIPE_OK;
}

/* ---- the input ---- */

/* What it reads lies in memory: nobody has to write while it is running. */
static int keep_input(struct lua_command *c, const struct lua_wait *wait, pipe_error *err)
{
	int fd, error;

	if (!wait->exec.input)
		return PIPE_OK;
	fd = memfd_create("input", MFD_CLOEXEC);
	if (fd >= 0 && !fd_write_all(fd, wait->exec.input, wait->exec.input_length) && lseek(fd, 0, SEEK_SET) == 0)
		c->input = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	error = errno;
	if (fd >= 0)
		close(fd);
	if (c->input >= 0)
		return PIPE_OK;
	return error_errno(err, error_code_of(error), error, "the input of %.100s cannot be kept", wait->exec.argv[0]);
}

/* ---- both ways ---- */

int lua_command_prepare(struct lua_command *c, const struct lua_wait *wait, const struct lua_place *place, const char *mark,
			struct arena *a, pipe_error *err)
{
	int rc;

	c->input = -1;
	c->envp = environment(place->envp, wait->exec.env, mark, a);
	rc = c->envp ? find_directory(c, wait->exec.directory, place->workspace, a, err) : error_nomem(err);
	return rc ? rc : keep_input(c, wait, err);
}

void lua_command_clear(struct lua_command *c)
{
	if (c->input >= 0)
		close(c->input);
	c->input = -1;
}
