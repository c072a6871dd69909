#include "runner/history/project.h"

#include "base/error.h"
#include "runner/evidence/evidence.h"
#include "runner/store/store.h"
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Cuts path (absolute, real) down to the nearest directory with a `.git`; without one it stays as it is. */
static void find_work_tree(char *path)
{
	size_t length = strlen(path);
	char probe[PATH_MAX + sizeof("/.git")];
	struct stat st;

	for (;;) {
		size_t n = length == 1 ? 0 : length; /* "/" */

		memcpy(probe, path, n);
		memcpy(probe + n, "/.git", sizeof("/.git"));
		if (stat(probe, &st) == 0) {
			path[length] = '\0';
			return;
		}
		if (length == 1)
			return;
		while (length > 1 && path[length - 1] != '/')
			length--;
		if (length > 1)
			length--;
	}
}

/* The state directory, absolute.  What the caller says is relative to the current directory, as paths of a caller are; what the
 * environment says is relative to the project, so that it means the same from everywhere in it. */
static char *state_directory(struct arena *a, const char *option, const char *project)
{
	const char *environment = getenv("PIPE_STATE_DIR"), *at = project;
	const char *said = option ? option : environment && *environment ? environment : ".pipe";
	char here[PATH_MAX], *path;
	size_t length;

	if (*said == '/') {
		path = arena_strdup(a, said);
	} else {
		if (option && !getcwd(here, sizeof(here)))
			return NULL;
		if (option)
			at = here;
		path = arena_printf(a, "%s/%s", strcmp(at, "/") ? at : "", said);
	}
	if (!path)
		return NULL;
	for (length = strlen(path); length > 1 && path[length - 1] == '/'; length--)
		path[length - 1] = '\0';
	return path;
}

static int set_directories(pipe_project *p, const pipe_project_options *o, pipe_error *err)
{
	const char *directory = o->directory ? o->directory : ".";
	char path[PATH_MAX];
	struct stat st;

	if (!realpath(directory, path))
		return error_errno(err, errno == ENOENT ? PIPE_ENOTFOUND : error_code_of(errno), errno,
				   "cannot use the directory %s", directory);
	if (stat(path, &st) || !S_ISDIR(st.st_mode))
		return error_set(err, PIPE_EUSAGE, "%s is not a directory", directory);
	find_work_tree(path);
	errno = ENOMEM;
	p->directory = arena_strdup(&p->arena, path);
	p->state_directory = p->directory ? state_directory(&p->arena, o->state_directory, path) : NULL;
	if (!p->state_directory)
		return error_errno(err, error_code_of(errno), errno, "cannot name the state directory");
	return PIPE_OK;
}

int pipe_project_open(pipe_project **out, const pipe_project_options *opts, pipe_error *err)
{
	static const pipe_project_options defaults = PIPE_PROJECT_OPTIONS_INIT;
	pipe_project *p;
	int rc;

	*out = NULL;
	if (!opts)
		opts = &defaults;
	if (opts->version != PIPE_PROJECT_OPTIONS_VERSION)
		return error_version(err, "pipe_project_options", opts->version, PIPE_PROJECT_OPTIONS_VERSION);
	p = calloc(1, sizeof(*p));
	if (!p)
		return error_nomem(err);
	p->log = opts->log;
	p->payload = opts->payload;
	project_lua_init(&p->lua);
	rc = set_directories(p, opts, err);
	if (rc) {
		pipe_project_free(p);
		return rc;
	}
	*out = p;
	return PIPE_OK;
}

void pipe_project_free(pipe_project *project)
{
	if (!project)
		return;
	evidence_free(project->evidence);
	store_free(project->reader);
	arena_clear(&project->arena);
	free(project);
}

const char *pipe_project_directory(const pipe_project *project)
{
	return project->directory;
}

const char *pipe_project_state_directory(const pipe_project *project)
{
	return project->state_directory;
}

void project_log(const struct pipe_project *project, const char *format, ...)
{
	char message[1024];
	va_list ap;

	if (!project->log)
		return;
	va_start(ap, format);
	vsnprintf(message, sizeof(message), format, ap);
	va_end(ap);
	project->log(project->payload, message);
}

int project_store(struct pipe_project *project, struct store **out, pipe_error *err)
{
	int rc = PIPE_OK;

	if (!project->reader)
		rc = store_open(&project->reader, project->state_directory, STORE_READ, false, err);
	*out = project->reader;
	if (rc == PIPE_ENOTFOUND)
		error_set(err, rc, "there is no history yet: run `pipe run` first");
	return rc;
}

int project_evidence(struct pipe_project *project, struct evidence_db **out, pipe_error *err)
{
	int rc = PIPE_OK;

	if (!project->evidence)
		rc = evidence_open(&project->evidence, project->state_directory, STORE_READ, err);
	*out = project->evidence;
	return rc;
}
