/*
 * How this run made something, as SLSA provenance v1 (https://slsa.dev/spec/v1.0/provenance): written from the run's own record in the
 * history, and from nothing that a job could have said about itself.  The statement around it is in-toto's, v1.
 *
 * What the builder was told goes to externalParameters: the pipeline file, what the run is of, and its variables without those that are
 * masked (the history does not have their values) and without the predefined ones.  What it took goes to resolvedDependencies: the
 * commit, the pipeline with all that it includes, and the images that the run has seen.
 */
#include "base/error.h"
#include "base/json.h"
#include "runner/action/action.h"
#include "runner/evidence/read.h"
#include "runner/files/beneath.h"
#include "runner/files/digest.h"
#include "runner/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BUILD_TYPE "urn:pipe:pipeline:v1"
enum { TIME_TEXT = 32 };

struct record {
	const struct action_provenance *a;
	struct action_context *context;
	struct arena *arena;
	const char *file, *name, *source, *commit, *branch; /* of the run */
	bool dirty;
	int64_t started_ms;
	char *nonce;
	json_t *variables;
	char definition[DIGEST_TEXT]; /* sha256 */
	struct json j;
};

/* ---- reading the record ---- */

static int on_run(void *payload, const pipe_run_record *run)
{
	struct record *r = payload;

	r->file = arena_strdup(r->arena, run->file);
	r->name = arena_strdup(r->arena, run->name);
	r->source = arena_strdup(r->arena, run->source);
	r->commit = arena_strdup(r->arena, run->commit_sha);
	r->branch = arena_strdup(r->arena, run->branch);
	r->dirty = run->dirty;
	r->started_ms = run->started_ms;
	return 0;
}

static int sha256(const void *bytes, size_t length, char out[DIGEST_TEXT], pipe_error *err)
{
	struct digest *d = NULL;
	int rc = digest_create(&d, "sha256", err);

	if (rc == PIPE_OK) {
		digest_add(d, bytes, length);
		rc = digest_hex(d, out, err);
	}
	digest_free(d);
	return rc;
}

static int read_texts(struct record *r, struct store *store, pipe_error *err)
{
	char *variables = NULL, *definition = NULL;
	int rc = store_run_text(store, r->context->run, "variables", &variables, err);

	if (rc == PIPE_OK)
		rc = store_run_text(store, r->context->run, "definition", &definition, err);
	if (rc == PIPE_OK)
		rc = store_run_text(store, r->context->run, "nonce", &r->nonce, err);
	if (rc == PIPE_OK)
		rc = sha256(definition, strlen(definition), r->definition, err);
	if (rc == PIPE_OK && !(r->variables = json_loads(variables, 0, NULL)))
		rc = error_set(err, PIPE_ESTORE, "the variables of run %lld in the history are no JSON",
			       (long long)r->context->run);
	free(variables);
	free(definition);
	return rc;
}

static int read_record(struct record *r, pipe_error *err)
{
	struct store *store = NULL;
	int rc = store_open(&store, r->context->state_directory, STORE_READ, false, err);

	if (rc == PIPE_OK)
		rc = store_run(store, r->context->run, on_run, r, err);
	if (rc == PIPE_OK && (!r->file || !r->name || !r->source || !r->commit || !r->branch))
		rc = error_nomem(err);
	if (rc == PIPE_OK)
		rc = read_texts(r, store, err);
	store_free(store);
	return rc;
}

/* ---- pieces ---- */

static void time_text(int64_t ms, char out[TIME_TEXT])
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;

	*out = '\0';
	if (gmtime_r(&t, &tm))
		strftime(out, TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static const char *variable(const struct record *r, const char *name)
{
	const char *text = json_string_value(json_object_get(r->variables, name));

	return text ? text : "";
}

static void write_digest(struct json *j, const char *algorithm, const char *hex)
{
	jsonw_key(j, "digest");
	jsonw_object(j);
	jsonw_kstring(j, algorithm, hex);
	jsonw_object_end(j);
}

/* ---- what the builder was told ---- */

static bool is_told(const char *name, const char *value)
{
	static const char *const predefined[] = { "CI_", "PIPE_", "GITLAB_" };

	for (size_t i = 0; i < sizeof(predefined) / sizeof(*predefined); i++)
		if (!strncmp(name, predefined[i], strlen(predefined[i])))
			return false;
	return strcmp(name, "CI") != 0 && strcmp(name, "PIPE") != 0 && value && !strstr(value, "[MASKED]");
}

static void write_external(struct record *r)
{
	struct json *j = &r->j;
	const char *name;
	json_t *value;

	jsonw_key(j, "externalParameters");
	jsonw_object(j);
	jsonw_key(j, "pipeline");
	jsonw_object(j);
	jsonw_kstring(j, "file", r->file);
	if (*r->name)
		jsonw_kstring(j, "name", r->name);
	jsonw_kstring(j, "source", r->source);
	jsonw_kstring(j, "repository", variable(r, "CI_REPOSITORY_URL"));
	jsonw_kstring(j, "ref", *variable(r, "CI_COMMIT_TAG") ? variable(r, "CI_COMMIT_TAG") : r->branch);
	jsonw_object_end(j);
	jsonw_kstring(j, "job", r->context->name);
	jsonw_key(j, "variables");
	jsonw_object(j);
	json_object_foreach(r->variables, name, value) if (is_told(name, json_string_value(value)))
		jsonw_kstring(j, name, json_string_value(value));
	jsonw_object_end(j);
	jsonw_object_end(j);
}

/* ---- what it took ---- */

/* 40 hex digits, or 64; the zeros before the first commit are none. */
static bool is_commit(const char *sha)
{
	size_t n = strlen(sha);

	return (n == 40 || n == 64) && strspn(sha, "0123456789abcdef") == n && strspn(sha, "0") != n;
}

static void write_commit(struct record *r)
{
	const char *url = variable(r, "CI_REPOSITORY_URL"),
		   *at = *variable(r, "CI_COMMIT_TAG") ? variable(r, "CI_COMMIT_TAG") : r->branch;
	struct json *j = &r->j;
	char *uri;

	if (!is_commit(r->commit))
		return;
	uri = arena_printf(r->arena, "git+%s%s%s", *url ? url : "file://", *at ? "@" : "", at);
	jsonw_object(j);
	jsonw_kstring(j, "uri", uri);
	write_digest(j, "gitCommit", r->commit);
	if (r->dirty) {
		jsonw_key(j, "annotations");
		jsonw_object(j);
		jsonw_kstring(j, "uncommittedChanges", "true");
		jsonw_object_end(j);
	}
	jsonw_object_end(j);
}

static void write_definition(struct record *r)
{
	jsonw_object(&r->j);
	jsonw_kstring(&r->j, "name", "the pipeline as it was run, with all that it includes");
	write_digest(&r->j, "sha256", r->definition);
	jsonw_object_end(&r->j);
}

static bool is_subject(const struct record *r, const char *digest)
{
	for (const char *const *s = r->a->subjects; *s; s++)
		if (strstr(*s, digest))
			return true;
	return false;
}

static int on_image(void *payload, uint32_t job, const struct evidence_image *image)
{
	struct record *r = payload;
	char *uri;

	(void)job;
	if (strncmp(image->digest, "sha256:", 7) != 0 || is_subject(r, image->digest))
		return 0;
	uri = arena_printf(r->arena, "oci://%s", image->name);
	jsonw_object(&r->j);
	jsonw_kstring(&r->j, "uri", uri);
	write_digest(&r->j, "sha256", image->digest + 7);
	jsonw_object_end(&r->j);
	return 0;
}

static int write_images(struct record *r, pipe_error *err)
{
	struct evidence_db *db = NULL;
	int rc = evidence_open(&db, r->context->state_directory, STORE_READ, err);

	if (rc == PIPE_OK && db)
		rc = read_images(db, scopes_of(r->context->run, ALL_JOBS), on_image, r, err);
	evidence_free(db);
	return rc;
}

/* ---- the predicate ---- */

static int write_definition_of_build(struct record *r, pipe_error *err)
{
	struct json *j = &r->j;
	int rc;

	jsonw_key(j, "buildDefinition");
	jsonw_object(j);
	jsonw_kstring(j, "buildType", BUILD_TYPE);
	write_external(r);
	jsonw_key(j, "resolvedDependencies");
	jsonw_array(j);
	write_commit(r);
	write_definition(r);
	rc = write_images(r, err);
	jsonw_array_end(j);
	jsonw_object_end(j);
	return rc;
}

static void write_details(struct record *r)
{
	char host[256] = "", time[TIME_TEXT];
	struct json *j = &r->j;

	if (gethostname(host, sizeof(host) - 1))
		*host = '\0';
	jsonw_key(j, "runDetails");
	jsonw_object(j);
	jsonw_key(j, "builder");
	jsonw_object(j);
	jsonw_kstring(j, "id",
		      r->a->builder && *r->a->builder
			      ? r->a->builder
			      : arena_printf(r->arena, "urn:pipe:builder:%s", *host ? host : "localhost"));
	jsonw_key(j, "version");
	jsonw_object(j);
	jsonw_kstring(j, "pipe", PIPE_VERSION);
	jsonw_object_end(j);
	jsonw_object_end(j);
	jsonw_key(j, "metadata");
	jsonw_object(j);
	jsonw_kstring(j, "invocationId", arena_printf(r->arena, "urn:pipe:run:%s:%lld", r->nonce, (long long)r->context->run));
	time_text(r->started_ms, time);
	jsonw_kstring(j, "startedOn", time);
	time_text(now_ms(), time);
	jsonw_kstring(j, "finishedOn", time);
	jsonw_object_end(j);
	jsonw_object_end(j);
}

static int write_predicate(struct record *r, pipe_error *err)
{
	int rc;

	jsonw_object(&r->j);
	rc = write_definition_of_build(r, err);
	write_details(r);
	jsonw_object_end(&r->j);
	return rc;
}

/* ---- the statement ---- */

static int hash_file(struct record *r, const char *path, char out[DIGEST_TEXT], pipe_error *err)
{
	const char *full = action_path(r->context, path);
	struct digest *d = NULL;
	char buffer[65536];
	ssize_t n = 0;
	int fd = full ? open(full, O_RDONLY | O_CLOEXEC) : -1, rc;

	if (!full)
		return error_nomem(err);
	if (fd < 0)
		return error_errno(err, PIPE_EIO, errno, "cannot read %s, which the provenance is to be about", path);
	rc = digest_create(&d, "sha256", err);
	while (rc == PIPE_OK && !atomic_load(r->context->cancel) && (n = read(fd, buffer, sizeof(buffer))) > 0)
		digest_add(d, buffer, (size_t)n);
	if (rc == PIPE_OK && n < 0)
		rc = error_errno(err, PIPE_EIO, errno, "cannot read %s, which the provenance is to be about", path);
	if (rc == PIPE_OK)
		rc = digest_hex(d, out, err);
	digest_free(d);
	close(fd);
	return rc;
}

static int write_subject(struct record *r, const char *subject, pipe_error *err)
{
	const char *at = strstr(subject, "@sha256:");
	const char *name = at ? arena_strndup(r->arena, subject, (size_t)(at - subject)) : subject;
	char hex[DIGEST_TEXT];
	int rc = at ? PIPE_OK : hash_file(r, subject, hex, err);

	if (rc || !name)
		return rc ? rc : error_nomem(err);
	jsonw_object(&r->j);
	jsonw_kstring(&r->j, "name", name);
	write_digest(&r->j, "sha256", at ? at + strlen("@sha256:") : hex);
	jsonw_object_end(&r->j);
	return PIPE_OK;
}

static int write_statement(struct record *r, pipe_error *err)
{
	struct json *j = &r->j;
	int rc = PIPE_OK;

	jsonw_object(j);
	jsonw_kstring(j, "_type", "https://in-toto.io/Statement/v1");
	jsonw_key(j, "subject");
	jsonw_array(j);
	for (const char *const *s = r->a->subjects; rc == PIPE_OK && *s; s++)
		rc = write_subject(r, *s, err);
	jsonw_array_end(j);
	jsonw_kstring(j, "predicateType", "https://slsa.dev/provenance/v1");
	jsonw_key(j, "predicate");
	if (rc == PIPE_OK)
		rc = write_predicate(r, err);
	jsonw_object_end(j);
	return rc;
}

/* ---- the file ---- */

/* A path of the job's scratch directory is given whole; any other one lies in the workspace, and never leads out of it. */
static int create(struct record *r, pipe_error *err)
{
	const char *path = r->a->output, *name, *clean;
	int root = -1, parent, fd;

	if (*path == '/') {
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
		return fd >= 0 ? fd : error_errno(err, PIPE_EIO, errno, "cannot write %s", path);
	}
	clean = path_clean(path, r->arena, NULL);
	if (!clean || !*clean)
		return error_set(err, PIPE_EUSAGE, "%s is no place for a file", path);
	if (root_open(r->context->workspace, &root, err))
		return err ? (int)err->code : PIPE_EIO;
	parent = beneath_parent(root, clean, true, &name);
	fd = parent < 0 ? -1 : openat(parent, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		fd = error_errno(err, PIPE_EIO, errno, "cannot write %s", path);
	if (parent >= 0)
		close(parent);
	close(root);
	return fd;
}

static int save(struct record *r, const struct str *text, pipe_error *err)
{
	int fd = text->failed ? error_nomem(err) : create(r, err), rc = PIPE_OK;

	if (fd < 0)
		return fd;
	if (fd_write_all(fd, text->data, text->length))
		rc = error_errno(err, PIPE_EIO, errno, "cannot write %s", r->a->output);
	if (close(fd) && rc == PIPE_OK)
		rc = error_errno(err, PIPE_EIO, errno, "cannot write %s", r->a->output);
	return rc;
}

int action_provenance(const void *arguments, struct action_context *context, pipe_error *err)
{
	struct record r = { .a = arguments, .context = context, .arena = context->arena };
	struct str text;
	int rc;

	str_init(&text);
	jsonw_init(&r.j, &text, true);
	rc = read_record(&r, err);
	if (rc == PIPE_OK)
		rc = r.a->predicate_only ? write_predicate(&r, err) : write_statement(&r, err);
	str_addc(&text, '\n');
	if (rc == PIPE_OK)
		rc = save(&r, &text, err);
	if (rc == PIPE_OK && r.dirty)
		context->say(context->payload, "the work tree differs from the commit: the provenance says so");
	json_decref(r.variables);
	free(r.nonce);
	str_clear(&text);
	return rc;
}
