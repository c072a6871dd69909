#include "runner/lua/modules.h"

#include "base/error.h"
#include "runner/files/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { MODULE_MOST = 1024 * 1024, MODULE_NAME_MOST = 200 };

static bool good_name(const char *name)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
	size_t length = strlen(name);

	return length && length <= MODULE_NAME_MOST && strspn(name, letters) == length && *name != '.' &&
	       name[length - 1] != '.' && !strstr(name, "..");
}

/* 1: here, 0: no such file, -1: it cannot be read, and err says why. */
static int read_module(int root, const char *path, struct arena *a, struct lua_source *out, pipe_error *err)
{
	int fd = beneath_open_follow(root, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), rc;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0) {
		if (errno == EXDEV)
			error_set(err, PIPE_EUSAGE, "\"%s\" leaves the project through a symbolic link", path);
		else
			error_errno(err, error_code_of(errno), errno, "%s", path);
		return -1;
	}
	rc = fd_read_all(fd, path, MODULE_MOST, a, &out->text, &out->length, err);
	close(fd);
	out->name = path;
	return rc ? -1 : 1;
}

/* NAME.lua and NAME/init.lua in a directory of the project; "" is its root. */
static int look_in(int root, const char *directory, size_t length, const char *name, struct arena *a, struct lua_source *out,
		   pipe_error *err)
{
	static const char *const endings[] = { ".lua", "/init.lua" };

	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		char *path = arena_printf(a, "%.*s%s%s%s", (int)length, directory, length ? "/" : "", name, endings[i]);
		int found;

		if (!path) {
			error_nomem(err);
			return -1;
		}
		found = read_module(root, path, a, out, err);
		if (found)
			return found;
	}
	return 0;
}

bool modules_find(void *payload, const char *name, const char *from, struct arena *a, struct lua_source *out, pipe_error *err)
{
	static const char own[] = ".pipe/lua";
	const int root = *(const int *)payload;
	const char *slash = from ? strrchr(from, '/') : NULL;
	char *path = good_name(name) ? arena_strdup(a, name) : NULL;
	int found;

	*out = (struct lua_source){ .name = NULL };
	if (!path)
		return false;
	for (char *p = path; *p; p++)
		if (*p == '.')
			*p = '/';
	found = look_in(root, own, sizeof(own) - 1, path, a, out, err);
	if (!found)
		found = look_in(root, from ? from : "", slash ? (size_t)(slash - from) : 0, path, a, out, err);
	return found == 1;
}
