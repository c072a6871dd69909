#include "runner/run/job/job_files.h"

#include "base/error.h"
#include "pipeline/rule/expression.h"
#include "runner/files/archive.h"
#include "runner/files/cache.h"
#include "runner/files/digest.h"
#include "runner/files/dotenv.h"
#include "runner/files/workspace.h"
#include "runner/git/git.h"
#include "runner/log/log.h"

#include <stdarg.h>

#include <stdlib.h>
#include <string.h>

enum { COVERAGE_LINE_MAX = 64 * 1024 };

static void warn(struct job_files *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void warn(struct job_files *f, const char *format, ...)
{
	const char **slot = vec_push(&f->arena, &f->warnings);
	va_list ap;

	if (!slot)
		return;
	va_start(ap, format);
	*slot = arena_vprintf(&f->arena, format, ap);
	va_end(ap);
	if (!*slot)
		f->warnings.count--;
}

/* ---- before ---- */

bool job_files_before_needed(const struct job_files *f)
{
	return f->isolate || f->restore.count || f->caches.count;
}

static bool wants_restore(const struct cache_use *c)
{
	return c->policy != CACHE_PUSH;
}

static bool holds_secret(const struct job_files *f, const char *text)
{
	struct str clean;
	bool holds;

	if (mask_is_empty(f->mask))
		return false;
	str_init(&clean);
	holds = mask_text(f->mask, text, strlen(text), &clean, NULL) || clean.failed ||
		strcmp(text, clean.data ? clean.data : "");
	str_clear(&clean);
	return holds;
}

/* A key is part of a file's name and of warnings: one that holds a secret is replaced by its digest. */
static int hide_key(struct job_files *f, const char **key, pipe_error *err)
{
	char hex[DIGEST_TEXT];
	struct digest *d;
	int rc;

	if (!holds_secret(f, *key))
		return PIPE_OK;
	rc = digest_create(&d, "sha256", err);
	if (rc)
		return rc;
	digest_add(d, *key, strlen(*key));
	rc = digest_hex(d, hex, err);
	digest_free(d);
	if (rc == PIPE_OK && !(*key = arena_strdup(&f->arena, hex)))
		rc = error_nomem(err);
	return rc;
}

static int find_keys(struct job_files *f, struct cache_use *c, pipe_error *err)
{
	int rc = cache_key(c->cache, &f->scope, f->workspace, &f->arena, &c->key, err);

	if (rc == PIPE_OK)
		rc = hide_key(f, &c->key, err);
	for (uint32_t i = 0; rc == PIPE_OK && i < c->fallback_keys.count; i++)
		rc = hide_key(f, &c->fallback_keys.items[i], err);
	if (rc)
		c->key = NULL;
	return rc;
}

static void restore_caches(struct job_files *f)
{
	for (uint32_t i = 0; i < f->caches.count; i++) {
		struct cache_use *c = &f->caches.items[i];
		const char *hit = NULL;
		pipe_error err;

		if (find_keys(f, c, &err)) {
			warn(f, "the cache's key cannot be made: %s", err.text);
			continue;
		}
		if (wants_restore(c) &&
		    cache_restore(f->state_directory, c->key, c->fallback_keys.items, f->workspace, &hit, &err))
			warn(f, "the cache \"%s\" cannot be used: %s", c->key, err.text); /* a cache is a help, not a promise */
	}
}

void job_files_before(struct job_files *f)
{
	if (f->isolate) {
		f->code = workspace_copy(f->project_directory, f->workspace, &f->error);
		if (f->code)
			return;
	}
	restore_caches(f);
	for (uint32_t i = 0; i < f->restore.count; i++) {
		const struct job_archive *r = &f->restore.items[i];
		if (!r->names)
			f->code = archive_extract(r->path, f->workspace, 0, NULL, &f->error);
		else if (!archive_names_there(f->workspace, r->names, r->names_length))
			f->code = archive_complete(r->path, f->workspace, &f->error);
		if (f->code)
			return;
	}
}

/* ---- after ---- */

static bool wanted(enum job_when when, bool succeeded)
{
	return when == WHEN_ALWAYS || (when == WHEN_ON_FAILURE ? !succeeded : succeeded);
}

bool job_files_after_needed(const struct job_files *f)
{
	return f->isolate || f->artifacts || f->caches.count || f->coverage;
}

static int keep_archive(struct job_files *f, const char *kind, const char *name, const char *suffix,
			const struct archive_select *select, uint64_t *unmatched)
{
	const struct str *names = select->names;
	const char *path = arena_printf(&f->arena, "%s%s", f->base, suffix);
	struct archive_stats stats = { 0 };
	struct job_archive *made;
	int rc;

	if (!path)
		return error_nomem(&f->error);
	rc = archive_write(path, f->workspace, select, &stats, unmatched, &f->error);
	if (rc || !stats.files)
		return rc;
	made = vec_push(&f->arena, &f->made);
	if (!made)
		return error_nomem(&f->error);
	*made = (struct job_archive){ .kind = kind, .name = name, .path = path, .bytes = stats.bytes, .files = stats.files };
	if (names && !names->failed && names->length && (made->names = arena_strndup(&f->arena, names->data, names->length)))
		made->names_length = names->length;
	return PIPE_OK;
}

static const char *const *untracked_files(struct job_files *f)
{
	git_paths paths = { 0 };
	pipe_error err;
	const char **end;

	if (git_files(f->workspace, false, true, true, &paths, &f->arena, &err)) {
		warn(f, "artifacts:untracked: %s", err.text);
		return NULL;
	}
	end = vec_push(&f->arena, &paths);
	return end ? paths.items : NULL;
}

static int take_artifacts(struct job_files *f)
{
	struct archive_select select = { .paths = f->paths.items,
					 .exclude = f->exclude.items,
					 .untracked = f->artifacts->untracked };
	uint64_t unmatched = 0;
	struct str names;
	int rc;

	if (!f->paths.count && !select.untracked)
		return PIPE_OK;
	str_init(&names);
	if (!f->isolate)
		select.names = &names;
	if (select.untracked)
		select.untracked_files = untracked_files(f);
	rc = keep_archive(f, "archive", f->artifact_name, ".tar.zst", &select, &unmatched);
	str_clear(&names);
	for (uint32_t i = 0; rc == PIPE_OK && i < f->paths.count && i < 64; i++)
		if (unmatched & (UINT64_C(1) << i))
			warn(f, "artifacts:paths: nothing matches \"%s\"", f->paths.items[i]);
	return rc;
}

struct dotenv_find {
	struct job_files *files;
	int rc;
};

static int read_dotenv(void *payload, const char *path)
{
	struct dotenv_find *d = payload;
	struct job_files *f = d->files;
	const char *full = arena_printf(&f->arena, "%s/%s", f->workspace, path);

	d->rc = full ? dotenv_read(full, &f->arena, &f->dotenv, &f->error) : error_nomem(&f->error);
	return d->rc;
}

static int take_dotenv(struct job_files *f, const struct archive_select *select)
{
	struct dotenv_find find = { f, PIPE_OK };
	int rc = archive_find(f->workspace, select, read_dotenv, &find, &f->error);

	return find.rc ? find.rc : rc;
}

static bool dotenv_is_secret(const struct job_files *f)
{
	for (uint32_t i = 0; i < f->dotenv.list.count; i++)
		if (holds_secret(f, f->dotenv.list.items[i].value))
			return true;
	return false;
}

/* Its variables go to the jobs behind; the file itself is kept unless it holds a secret. */
static int take_report(struct job_files *f, const struct report *r)
{
	struct archive_select select = { .paths = r->paths.items };
	const char *suffix = arena_printf(&f->arena, ".%s.tar.zst", r->kind);
	bool dotenv = !strcmp(r->kind, "dotenv");
	uint64_t unmatched = 0;
	int rc = suffix ? PIPE_OK : error_nomem(&f->error);

	if (rc == PIPE_OK && dotenv && f->succeeded)
		rc = take_dotenv(f, &select);
	if (rc)
		return rc;
	if (dotenv && (f->succeeded ? dotenv_is_secret(f) : !mask_is_empty(f->mask))) {
		warn(f, "artifacts:reports:dotenv: it holds a secret, or may: it is not kept");
		return PIPE_OK;
	}
	rc = keep_archive(f, r->kind, r->kind, suffix, &select, &unmatched);
	if (rc == PIPE_OK && unmatched)
		warn(f, "artifacts:reports:%s: nothing matches \"%s\"", r->kind, r->paths.items[0]);
	return rc;
}

/* Reports are kept whether the job succeeded or not: they say why it did not. */
static int take_reports(struct job_files *f)
{
	int rc = PIPE_OK;

	for (uint32_t i = 0; rc == PIPE_OK && i < f->reports.count; i++)
		rc = take_report(f, &f->reports.items[i]);
	return rc;
}

static void save_caches(struct job_files *f)
{
	for (uint32_t i = 0; i < f->caches.count; i++) {
		struct cache_use *c = &f->caches.items[i];
		pipe_error err;

		if (!c->key || c->policy == CACHE_PULL || !wanted(c->cache->when, f->succeeded))
			continue;
		if (cache_save(f->state_directory, c->key, c->cache, &f->scope, f->workspace, &err))
			warn(f, "the cache \"%s\" cannot be saved: %s", c->key, err.text);
	}
}

/* The first number in what the expression captured, of the last line that matches. */
static void look_for_coverage(struct job_files *f, const struct regex *r, const char *line, size_t length)
{
	size_t start, end;

	if (length > COVERAGE_LINE_MAX || regex_search(r, line, length, f->regex_steps, &start, &end) < 0)
		return;
	while (start < end && (line[start] < '0' || line[start] > '9'))
		start++;
	if (start < end) {
		char number[64];
		size_t n = end - start < sizeof(number) - 1 ? end - start : sizeof(number) - 1;
		memcpy(number, line + start, n);
		number[n] = '\0';
		f->coverage_found = strtod(number, NULL);
	}
}

static void find_coverage(struct job_files *f)
{
	struct regex *r = regex_compile(&f->arena, f->coverage, strlen(f->coverage), "", &f->error);
	struct log_reader *log = NULL;
	const char *line;
	int64_t time_ms;
	size_t length;

	if (r && log_reader_open(&log, f->base, &f->error) == PIPE_OK)
		while (log_read_line(log, &time_ms, &line, &length, COVERAGE_LINE_MAX, &f->error) == PIPE_OK && line)
			look_for_coverage(f, r, line, length);
	log_reader_free(log);
	regex_free(r);
}

static int take_all(struct job_files *f)
{
	int rc = PIPE_OK;

	if (f->artifacts && wanted(f->artifacts->when, f->succeeded))
		rc = take_artifacts(f);
	if (f->artifacts && rc == PIPE_OK)
		rc = take_reports(f);
	return rc;
}

void job_files_remove(struct job_files *f)
{
	pipe_error err;

	if (workspace_remove(f->workspace, &err))
		warn(f, "the job's workspace cannot be removed: %s", err.text);
}

void job_files_after(struct job_files *f)
{
	f->code = take_all(f);
	save_caches(f);
	if (f->coverage)
		find_coverage(f);
	if (f->isolate && !f->stays)
		job_files_remove(f);
}
