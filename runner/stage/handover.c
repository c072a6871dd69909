#include "runner/stage/handover.h"

#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"
#include "runner/files/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { ENVIRONMENT_MOST = 4 * 1024 * 1024 };

const char *handover_text(struct arena *a, const char *commands, const char *path)
{
	struct str text;
	const char *copy;

	str_init(&text);
	str_printf(&text, "%s\n{ (set +x; umask 077; env -0 >", commands);
	str_shell_word(&text, path);
	str_adds(&text, ") } 2>/dev/null || :\n");
	copy = text.failed ? NULL : arena_strndup(a, text.data, text.length);
	str_clear(&text);
	return copy;
}

/* What a shell sets for itself, and what only has a meaning in it. */
static bool is_shells_own(const char *entry)
{
	static const char *const names[] = { "_=", "SHLVL=", "PWD=", "OLDPWD=" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strncmp(entry, names[i], strlen(names[i])))
			return true;
	return !strchr(entry, '=');
}

static int split(struct arena *a, const char *text, size_t length, const char *const *before, const char *const **envp,
		 pipe_error *err)
{
	VEC(const char *) entries = { 0 };
	const char **slot;

	for (; *before; before++) /* PWD and its kin stay as they were */
		if (is_shells_own(*before) && (slot = vec_push(a, &entries)))
			*slot = *before;
	for (size_t n = 0; n < length; n += strlen(text + n) + 1)
		if (!is_shells_own(text + n)) {
			if (!(slot = vec_push(a, &entries)))
				return error_nomem(err);
			*slot = text + n;
		}
	if (!vec_push(a, &entries)) /* the NULL at the end */
		return error_nomem(err);
	*envp = entries.items;
	return PIPE_OK;
}

int handover_take(struct arena *a, const char *path, const char *const **envp, pipe_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), rc;
	const char *text;
	size_t length;

	if (fd < 0)
		return errno == ENOENT ? PIPE_OK : error_errno(err, PIPE_EIO, errno, "%s", path);
	rc = fd_read_all(fd, "the environment that before_script leaves", ENVIRONMENT_MOST, a, &text, &length, err);
	close(fd);
	unlink(path);
	if (rc == PIPE_OK && length) /* 0: the disk was full */
		rc = split(a, text, length, *envp, envp, err);
	return rc;
}
