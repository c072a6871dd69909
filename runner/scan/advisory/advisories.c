/* Where advisories lie, and what pipe.h offers to do with them. */
#include "runner/scan/advisory/advisories.h"

#include "base/error.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OSV_FILE "osv.db"
#define TRIVY_DIRECTORY "trivy"

/* An empty one counts as none. */
static const char *variable(const char *const *envp, const char *name)
{
	size_t length = strlen(name);

	for (; envp && *envp; envp++)
		if (!strncmp(*envp, name, length) && (*envp)[length] == '=' && (*envp)[length + 1])
			return *envp + length + 1;
	return NULL;
}

const char *advisories_directory(const char *const *envp, struct arena *a, pipe_error *err)
{
	static const struct {
		const char *variable, *below;
	} places[] = { { "PIPE_ADVISORIES", "" },
		       { "XDG_DATA_HOME", "/pipe/advisories" },
		       { "HOME", "/.local/share/pipe/advisories" } };

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		const char *value = variable(envp, places[i].variable), *path;

		if (!value)
			continue;
		path = arena_printf(a, "%s%s", value, places[i].below);
		if (!path)
			error_nomem(err);
		return path;
	}
	error_set(err, PIPE_ENOTFOUND,
		  "it is not known where advisories lie: neither PIPE_ADVISORIES, XDG_DATA_HOME nor HOME is set");
	return NULL;
}

/* What a call of pipe.h works with. */
struct call {
	const pipe_advisories_options *opts;
	struct arena arena;
	const char *directory;
	atomic_bool cancel;
};

static int call_begin(struct call *c, const pipe_advisories_options *opts, pipe_error *err)
{
	static const pipe_advisories_options defaults = PIPE_ADVISORIES_OPTIONS_INIT;

	memset(c, 0, sizeof(*c));
	c->opts = opts ? opts : &defaults;
	atomic_init(&c->cancel, false);
	if (c->opts->version != PIPE_ADVISORIES_OPTIONS_VERSION)
		return error_version(err, "pipe_advisories_options", c->opts->version, PIPE_ADVISORIES_OPTIONS_VERSION);
	c->directory = c->opts->directory;
	if (!c->directory)
		c->directory = advisories_directory((const char *const *)environ, &c->arena, err);
	return c->directory ? PIPE_OK : err ? (int)err->code : PIPE_ENOTFOUND;
}

static void on_progress(void *payload, const char *line)
{
	struct call *c = payload;

	if (c->opts->progress && c->opts->progress(c->opts->payload, line))
		atomic_store(&c->cancel, true);
}

int pipe_advisories_update(const pipe_advisories_options *opts, pipe_error *err)
{
	struct call c;
	int rc = call_begin(&c, opts, err);

	if (!rc) {
		const struct advisories_update update = { .from = c.opts->from,
							  .envp = (const char *const *)environ,
							  .docker_config = c.opts->docker_config,
							  .ca_file = c.opts->ca_file,
							  .insecure = c.opts->insecure,
							  .plain_http = c.opts->plain_http,
							  .cancel = &c.cancel,
							  .progress = on_progress,
							  .progress_payload = &c };

		rc = advisories_update(c.directory, &update, err);
	}
	arena_clear(&c.arena);
	return rc;
}

int pipe_advisories_import(const pipe_advisories_options *opts, const char *from, pipe_advisories_import_result *result,
			   pipe_error *err)
{
	struct osv_import done = { 0, 0, 0 };
	const char *path;
	struct call c;
	int rc = call_begin(&c, opts, err);

	if (!rc) {
		path = arena_printf(&c.arena, "%s/" OSV_FILE, c.directory);
		rc = path ? osv_db_import(path, from, &done, &c.cancel, err) : error_nomem(err);
	}
	if (result)
		*result = (pipe_advisories_import_result){ done.records, done.withdrawn, done.unusable };
	arena_clear(&c.arena);
	return rc;
}

static const struct {
	const char *name, *below;
	int (*open)(struct advisory_source *out, const char *path, pipe_error *err);
} sources[] = { { "Trivy's database", TRIVY_DIRECTORY, trivy_db_open }, { "OSV records", OSV_FILE, osv_db_open } };

int pipe_advisories_status(const pipe_advisories_options *opts, int (*each)(void *payload, const pipe_advisories_record *source),
			   void *payload, pipe_error *err)
{
	struct call c;
	int rc = call_begin(&c, opts, err);

	for (size_t i = 0; !rc && i < sizeof(sources) / sizeof(*sources); i++) {
		pipe_advisories_record record = { .name = sources[i].name, .problem = "" };
		struct advisory_source source;
		pipe_error why = { 0 };
		int opened;

		record.path = arena_printf(&c.arena, "%s/%s", c.directory, sources[i].below);
		if (!record.path) {
			rc = error_nomem(err);
			break;
		}
		opened = sources[i].open(&source, record.path, &why);
		if (opened) {
			record.problem = why.text;
			record.missing = opened == PIPE_ENOTFOUND;
		} else {
			record.updated_ms = source.updated_ms;
			record.advisories = source.advisories;
		}
		rc = each(payload, &record);
		if (!opened)
			source.close(source.payload);
	}
	arena_clear(&c.arena);
	return rc;
}
