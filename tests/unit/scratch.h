/* A directory of a test's own, files in it, and commands run in it.  Every failure ends the test. */
#ifndef TESTS_UNIT_SCRATCH_H
#define TESTS_UNIT_SCRATCH_H

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct scratch {
	char root[64];
	char path[8][512]; /* what scratch_path has handed out lately */
	unsigned next;
};

static inline int scratch_remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)at;
	if (type == FTW_DNR)
		chmod(path, 0700);
	return remove(path);
}

static inline void scratch_make(struct scratch *s)
{
	memset(s, 0, sizeof(*s));
	snprintf(s->root, sizeof(s->root), "/tmp/pipe-unit.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(s->root));
}

static inline void scratch_remove(struct scratch *s)
{
	nftw(s->root, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void scratch_join(const char *root, const char *relative, char *out, size_t size)
{
	size_t n = strlen(root), m = strlen(relative);

	ck_assert_uint_lt(n + m + 1, size);
	memcpy(out, root, n);
	out[n] = '/';
	memcpy(out + n + 1, relative, m + 1);
}

/* "<root>/<relative>"; good for the next seven calls. */
static inline const char *scratch_path(struct scratch *s, const char *relative)
{
	char *p = s->path[s->next++ % 8];

	scratch_join(s->root, relative, p, sizeof(s->path[0]));
	return p;
}

static inline void scratch_dir(struct scratch *s, const char *relative)
{
	char path[512];

	scratch_join(s->root, relative, path, sizeof(path));
	for (char *p = path + strlen(s->root) + 1; *p; p++)
		if (*p == '/') {
			*p = '\0';
			mkdir(path, 0755);
			*p = '/';
		}
	ck_assert(mkdir(path, 0755) == 0 || errno == EEXIST);
}

static inline void scratch_bytes(struct scratch *s, const char *relative, const void *bytes, size_t length)
{
	const char *slash = strrchr(relative, '/');
	char above[512] = "";
	FILE *f;

	if (slash) {
		ck_assert_uint_lt(slash - relative, sizeof(above));
		memcpy(above, relative, (size_t)(slash - relative));
		scratch_dir(s, above);
	}
	f = fopen(scratch_path(s, relative), "wb");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(bytes, 1, length, f), length);
	ck_assert_int_eq(fclose(f), 0);
}

static inline void scratch_file(struct scratch *s, const char *relative, const char *text)
{
	scratch_bytes(s, relative, text, strlen(text));
}

static inline bool scratch_has(struct scratch *s, const char *relative)
{
	struct stat st;

	return lstat(scratch_path(s, relative), &st) == 0;
}

/* The file's text in a buffer of the test's (at most size - 1 bytes). */
static inline const char *scratch_text(struct scratch *s, const char *relative, char *buffer, size_t size)
{
	FILE *f = fopen(scratch_path(s, relative), "rb");
	size_t n;

	ck_assert_msg(f != NULL, "no file %s", relative);
	n = fread(buffer, 1, size - 1, f);
	buffer[n] = '\0';
	fclose(f);
	return buffer;
}

#define ck_file_is(s, relative, expected)                                                                                        \
	do {                                                                                                                     \
		char ck_text[4096];                                                                                              \
		ck_assert_str_eq(scratch_text((s), (relative), ck_text, sizeof(ck_text)), (expected));                           \
	} while (0)

/* Runs `sh -e` in the scratch directory, with a Git that knows its user and nothing of the machine's configuration. */
static inline void scratch_sh(struct scratch *s, const char *commands)
{
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (!pid) {
		setenv("GIT_AUTHOR_NAME", "Ann", 1);
		setenv("GIT_AUTHOR_EMAIL", "ann@example.org", 1);
		setenv("GIT_COMMITTER_NAME", "Ann", 1);
		setenv("GIT_COMMITTER_EMAIL", "ann@example.org", 1);
		setenv("GIT_COMMITTER_DATE", "2024-05-06T07:08:09+02:00", 1);
		setenv("GIT_AUTHOR_DATE", "2024-05-06T07:08:09+02:00", 1);
		setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
		setenv("GIT_CONFIG_SYSTEM", "/dev/null", 1);
		unsetenv("GIT_DIR");
		if (chdir(s->root) || !freopen("/dev/null", "w", stdout))
			_exit(126);
		execl("/bin/sh", "sh", "-ec", commands, (char *)NULL);
		_exit(127);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a command failed in: %s", commands);
}

#define ck_ok(call)                                                                                                              \
	do {                                                                                                                     \
		int ck_rc = (call);                                                                                              \
		ck_assert_msg(ck_rc == PIPE_OK, "%s: %d: %s", #call, ck_rc, err.text);                                           \
	} while (0)

#endif
