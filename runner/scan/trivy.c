#include "runner/scan/trivy.h"

#include "base/error.h"
#include "base/str.h"
#include "runner/scan/trivy_report.h"
#include "stages/scanner/trivy_command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SAID_MOST = 16 * 1024, LOOK_MS = 100, GRACE_LOOKS = 50 };

/* ---- where it is ---- */

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

const char *trivy_find(const char *const *envp, struct arena *a)
{
	const char *path = "";

	for (; envp && *envp; envp++)
		if (!strncmp(*envp, "PATH=", 5))
			path = *envp + 5;
	while (*path) {
		size_t n = strcspn(path, ":");
		const char *full = n && *path == '/' ? arena_printf(a, "%.*s/trivy", (int)n, path) : NULL;

		if (full && is_program(full))
			return full;
		path += n + (path[n] == ':');
	}
	return NULL;
}

static bool is_there(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

static const char *const *arguments(const char *program, const struct scan_options *o, struct arena *a, const char *output)
{
	static const char *const commands[] = { [SCAN_AUTO] = "image",
						[SCAN_IMAGE] = "image",
						[SCAN_ROOTFS] = "rootfs",
						[SCAN_FILESYSTEM] = "filesystem",
						[SCAN_REPOSITORY] = "repository",
						[SCAN_SBOM] = "sbom" };
	struct trivy_command c = { .program = program,
				   .command = commands[o->type],
				   .vulnerabilities = !o->what || o->what & SCAN_VULNERABILITIES,
				   .secrets = !o->what || o->what & SCAN_SECRETS,
				   .target = o->target,
				   .input = o->type == SCAN_IMAGE && is_there(o->target),
				   .db = o->db,
				   .ignore_file = o->ignore_files ? *o->ignore_files : NULL,
				   .vex_files = o->vex_files,
				   .skip = o->skip,
				   .development = o->development,
				   .platform = o->tree.platform,
				   .insecure = o->tree.insecure,
				   .output = output };

	return trivy_arguments(a, &c);
}

/* ---- running it ---- */

struct child {
	pid_t pid;
	int said; /* what it writes, both ways */
	struct str text;
};

static int start(struct child *c, const char *const *argv, const char *const *envp, pipe_error *err)
{
	posix_spawn_file_actions_t actions;
	int ends[2], rc;

	if (pipe2(ends, O_CLOEXEC))
		return error_errno(err, PIPE_EIO, errno, "cannot make a pipe for trivy");
	posix_spawn_file_actions_init(&actions);
	rc = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	if (!rc)
		rc = posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
	if (!rc)
		rc = posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
	if (!rc)
		rc = posix_spawn(&c->pid, argv[0], &actions, NULL, (char *const *)argv, (char *const *)envp);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	c->said = ends[0];
	if (!rc)
		return PIPE_OK;
	close(ends[0]);
	return error_errno(err, PIPE_EIO, rc, "cannot start %s", argv[0]);
}

/* Only the end of a long text is of interest. */
static void keep_said(struct child *c, const char *bytes, size_t length)
{
	str_add(&c->text, bytes, length);
	if (c->text.length > 2 * SAID_MOST)
		str_drop(&c->text, c->text.length - SAID_MOST);
}

/* Until it closes its output; a cancel ends it, kindly first. */
static void listen_to(struct child *c, const atomic_bool *cancel)
{
	struct pollfd p = { .fd = c->said, .events = POLLIN };
	unsigned looks = 0;
	char buffer[4096];

	for (;;) {
		int ready = poll(&p, 1, LOOK_MS);
		ssize_t n = ready > 0 ? read(c->said, buffer, sizeof(buffer)) : 0;

		if (ready > 0 && n > 0)
			keep_said(c, buffer, (size_t)n);
		else if (ready > 0 && !(n < 0 && errno == EINTR))
			return;
		if (cancel && atomic_load(cancel))
			kill(c->pid, looks++ < GRACE_LOOKS ? SIGTERM : SIGKILL);
	}
}

static int finish(struct child *c, pipe_error *err)
{
	int status = 0;
	const char *last;

	while (waitpid(c->pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_errno(err, PIPE_EIO, errno, "cannot wait for trivy");
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return PIPE_OK;
	while (c->text.length && c->text.data[c->text.length - 1] == '\n')
		c->text.data[--c->text.length] = '\0';
	last = c->text.length > 400 ? c->text.data + c->text.length - 400 : c->text.data;
	return error_set(err, PIPE_EIO, "trivy could not scan (%s %d): %s", WIFEXITED(status) ? "exit status" : "signal",
			 WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), *last ? last : "it says nothing");
}

static int run(const char *const *argv, const struct scan_options *o, pipe_error *err)
{
	struct child c = { 0 };
	int rc = start(&c, argv, o->envp, err);

	if (rc)
		return rc;
	str_init(&c.text);
	listen_to(&c, o->tree.cancel);
	close(c.said);
	rc = finish(&c, err);
	str_clear(&c.text);
	return rc;
}

int trivy_run(const char *program, const struct scan_options *options, struct scan_report *report, pipe_error *err)
{
	struct scan_options o = *options;
	char *output = arena_printf(report->arena, "%s/pipe-trivy-XXXXXX", o.tree.scratch);
	const char *const *argv;
	int fd = output ? mkstemp(output) : -1, rc;

	if (!output)
		return error_nomem(err);
	if (fd < 0)
		return error_errno(err, PIPE_EIO, errno, "cannot make a file in %s", o.tree.scratch);
	close(fd);
	rc = scan_identify(&o, report->arena, err);
	argv = rc ? NULL : arguments(program, &o, report->arena, output);
	if (rc == PIPE_OK)
		rc = argv ? run(argv, &o, err) : error_nomem(err);
	if (rc == PIPE_OK)
		rc = trivy_report_read(output, report, err);
	unlink(output);
	return rc;
}
