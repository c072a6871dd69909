#include "runner/stage/tool.h"

#include "base/error.h"
#include "runner/executor/spawn.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { OUTPUT_MOST = 8192 };

/* ---- versions ---- */

bool tool_version_in(const char *text, char out[TOOL_VERSION_SIZE])
{
	for (const char *p = text; *p; p++) {
		size_t n = strspn(p, "0123456789.");
		if (!isdigit((unsigned char)*p))
			continue;
		while (n && p[n - 1] == '.')
			n--;
		if (memchr(p, '.', n) && n < TOOL_VERSION_SIZE) {
			memcpy(out, p, n);
			out[n] = '\0';
			return true;
		}
		p += n - 1;
	}
	return false;
}

int tool_version_compare(const char *a, const char *b)
{
	while (*a || *b) {
		char *after_a, *after_b;
		unsigned long x = strtoul(a, &after_a, 10), y = strtoul(b, &after_b, 10);
		if (x != y)
			return x < y ? -1 : 1;
		if ((after_a == a && *a) || (after_b == b && *b))
			return strcmp(a, b); /* no numbers any more */
		a = after_a + (*after_a == '.');
		b = after_b + (*after_b == '.');
	}
	return 0;
}

/* ---- asking a tool ---- */

static int64_t monotonic_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Reads until the end, the bound or the deadline; false: the deadline. */
static bool read_output(int fd, char *out, int64_t deadline)
{
	char rest[4096] = "";
	size_t used = 0;

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = deadline - monotonic_ms();
		bool room = used < OUTPUT_MOST;
		ssize_t n;

		if (left <= 0)
			return false;
		if (poll(&p, 1, (int)left) < 0 && errno != EINTR)
			return true;
		n = read(fd, room ? out + used : rest, room ? OUTPUT_MOST - used : sizeof(rest));
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return true;
		if (n > 0 && room)
			out[used += (size_t)n] = '\0';
	}
}

static bool wait_end(int pidfd, int64_t deadline)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int64_t left;
	int rc;

	do {
		left = deadline - monotonic_ms();
		rc = poll(&p, 1, left > 0 ? (int)left : 0);
	} while (rc < 0 && errno == EINTR);
	return rc > 0;
}

/* What it prints when asked; why in err. */
static int ask(const char *const *argv, const struct stage_place *place, const char *const *envp, char output[OUTPUT_MOST + 1],
	       pipe_error *err)
{
	struct task_spec spec = { .argv = argv, .envp = envp, .directory = place->workspace };
	int64_t deadline = monotonic_ms() + TOOL_MS;
	struct spawner spawner;
	struct spawned made;
	bool refused, in_time;
	int rc = spawner_open(&spawner, err);

	output[0] = '\0';
	if (rc)
		return rc;
	rc = spawn(&spawner, &spec, -1, &refused, &made, err);
	spawner_close(&spawner);
	if (rc)
		return rc;
	in_time = read_output(made.output, output, deadline) && wait_end(made.pidfd, deadline);
	kill(-made.pid, SIGKILL); /* it leads a group of its own, and has had its time */
	while (waitpid(made.pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(made.output);
	close(made.pidfd);
	return in_time ? PIPE_OK : error_set(err, PIPE_ELIMIT, "it did not answer within %d s", TOOL_MS / 1000);
}

/* What is looked for on the PATH: the tool, or the program that has it as a part. */
static const char *program_of(const struct stage_tool *tool)
{
	return tool->version_argv && tool->version_argv[0] ? tool->version_argv[0] : tool->name;
}

/* argv with the program's place as its first word; `name --version` where the tool says nothing else. */
static const char *const *version_argv(const struct stage_tool *tool, const char *path, struct arena *a)
{
	const char *const usual[] = { tool->name, "--version", NULL };
	const char *const *from = tool->version_argv && tool->version_argv[0] ? tool->version_argv : usual;
	size_t n = 0;
	const char **argv;

	while (from[n])
		n++;
	argv = ARENA_ARRAY(a, const char *, n + 1);
	if (!argv)
		return NULL;
	memcpy(argv, from, n * sizeof(*argv));
	argv[0] = path;
	return argv;
}

static int look_at_version(const struct stage_tool *tool, const struct stage_place *place, const char *const *envp,
			   struct arena *a, struct tool_answer *out, pipe_error *err)
{
	char output[OUTPUT_MOST + 1], version[TOOL_VERSION_SIZE];
	const char *const *argv = version_argv(tool, out->path, a);
	pipe_error why;

	if (!argv)
		return error_nomem(err);
	if (ask(argv, place, envp, output, &why)) {
		if (why.code == PIPE_ENOMEM)
			return error_nomem(err);
		out->state = TOOL_STRANGE;
		out->found = arena_strdup(a, why.text);
	} else if (!tool_version_in(output, version)) {
		out->state = TOOL_STRANGE;
		out->found = *output ? arena_printf(a, "it says \"%.*s\"", (int)strcspn(output, "\r\n"), output)
				     : "it does not say its version";
	} else {
		out->state = tool_version_compare(version, tool->version) < 0 ? TOOL_OLD : TOOL_HERE;
		out->found = arena_strdup(a, version);
	}
	return out->found ? PIPE_OK : error_nomem(err);
}

int tool_look(const struct stage_tool *tool, const struct stage_place *place, const char *const *envp, struct arena *a,
	      struct tool_answer *out, pipe_error *err)
{
	memset(out, 0, sizeof(*out));
	out->path = place->world.tool(place->world.payload, a, program_of(tool));
	out->state = out->path ? TOOL_HERE : TOOL_MISSING;
	return out->path && tool->version ? look_at_version(tool, place, envp, a, out, err) : PIPE_OK;
}

const char *tool_complaint(const struct stage_tool *tool, const struct tool_answer *answer, const char *jobs, struct arena *a)
{
	const char *least = tool->version ? tool->version : "", *at_least = tool->version ? " >= " : "";

	switch (answer->state) {
	case TOOL_OLD:
		return arena_printf(a, "%s%s%s for %s: found %s at %s", tool->name, at_least, least, jobs, answer->found,
				    answer->path);
	case TOOL_STRANGE:
		return arena_printf(a, "%s%s%s for %s: found %s, but %s", tool->name, at_least, least, jobs, answer->path,
				    answer->found);
	default:
		return arena_printf(a, "%s%s%s for %s: not found", tool->name, at_least, least, jobs);
	}
}
