/*
 * What is old goes.  Rows first, files after: a run's rows are deleted and committed, then every directory in runs/ without a row
 * and without a lock is removed.  An interruption in between leaves such directories, and the next gc finds them.  Artifacts that
 * expired before their run go the other way round, for the same reason: a row without a file is found again, a file without a
 * row in a directory that stays is not.
 *
 * Never removed: a run that is running, the last run of a pipeline file, a run that is repeated by one that stays (that one shows
 * logs of it).
 */
#include "base/arena.h"
#include "base/error.h"
#include "base/vec.h"
#include "runner/history/lock.h"
#include "runner/history/state.h"
#include "runner/store/connection.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BATCH = 200 /* runs a transaction: others can write in between */ };

struct old_run {
	int64_t number, time_ms, retry_of;
	bool keep, remove;
};
struct old_artifact {
	int64_t id, run;
	const char *path; /* NULL: the file stays, for another artifact or because its path is not ours */
};

struct gc {
	struct store *s;
	const pipe_gc_options *options;
	int64_t now_ms;
	pipe_gc_result *result;
	struct arena arena;
	VEC(struct old_run) runs; /* newest first */
	VEC(struct old_artifact) artifacts;
	int state, directory; /* descriptors of the state directory and its runs/; -1: there is none */
};

/* ---- which runs ---- */

static int load_run(struct query *q, void *context, pipe_error *err)
{
	struct gc *g = context;
	struct old_run *run = vec_push(&g->arena, &g->runs);

	if (!run)
		return error_nomem(err);
	run->number = query_int(q, 0);
	run->time_ms = query_int(q, 1);
	run->retry_of = query_int(q, 2);
	run->keep = query_int(q, 3) != 0;
	return PIPE_OK;
}

static int load_runs(struct gc *g, pipe_error *err)
{
	struct query q;
	int rc = query_begin(&q, g->s, SQL_GC_RUNS, err);

	if (rc)
		return rc;
	return query_each(&q, load_run, g, err);
}

static int compare_numbers(const void *key, const void *item)
{
	int64_t number = *(const int64_t *)key, other = ((const struct old_run *)item)->number;

	return number > other ? -1 : number < other; /* newest first */
}

static struct old_run *find_run(struct gc *g, int64_t number)
{
	if (!g->runs.count)
		return NULL;
	return bsearch(&number, g->runs.items, g->runs.count, sizeof(*g->runs.items), compare_numbers);
}

static uint64_t run_bytes(const struct gc *g, int64_t number)
{
	char name[24];

	if (g->directory < 0)
		return 0;
	snprintf(name, sizeof(name), "%" PRId64, number);
	return tree_bytes(g->directory, name);
}

static void choose_runs(struct gc *g)
{
	const pipe_gc_options *o = g->options;
	uint64_t bytes = 0;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < g->runs.count; i++) {
		struct old_run *run = &g->runs.items[i], *source;
		uint64_t size = o->max_bytes ? run_bytes(g, run->number) : 0;

		run->remove = (o->max_age_ms > 0 && run->time_ms < g->now_ms - o->max_age_ms) ||
			      (o->max_runs && kept >= o->max_runs) || (o->max_bytes && bytes + size > o->max_bytes);
		if (run->remove && (run->keep || run_lock_is_held(g->s->directory, run->number)))
			run->remove = false;
		if (run->remove)
			continue;
		kept++;
		bytes += size;
		source = run->retry_of ? find_run(g, run->retry_of) : NULL;
		if (source)
			source->keep = true; /* it is older, so its turn comes later */
	}
}

/* ---- rows ---- */

static int delete_rows(struct store *s, enum statement id, int64_t first, const int64_t *last, pipe_error *err)
{
	struct query q;
	int rc = query_begin(&q, s, id, err);

	if (rc)
		return rc;
	query_bind_int(&q, first);
	if (last)
		query_bind_int(&q, *last);
	return query_run(&q, err);
}

static int delete_run(struct gc *g, int64_t number, pipe_error *err)
{
	struct store *s = g->s;
	int64_t first, last;
	int rc = delete_rows(s, SQL_GC_RUN, number, NULL, err);

	if (rc || !sqlite3_changes(s->db))
		return rc; /* it has been taken up again meanwhile, or somebody else removed it */
	g->result->runs++;
	rc = delete_rows(s, SQL_GC_RUN_TEXT, number, NULL, err);
	if (!rc)
		rc = delete_rows(s, SQL_GC_ARTIFACTS, number, NULL, err);
	if (!rc)
		rc = delete_rows(s, SQL_GC_NOTES, number, NULL, err);
	if (rc || !store_keys(number, &first, &last))
		return rc;
	rc = delete_rows(s, SQL_GC_JOBS, first, &last, err);
	if (!rc)
		rc = delete_rows(s, SQL_GC_DOTENV, first, &last, err);
	return rc;
}

static int delete_runs(struct gc *g, pipe_error *err)
{
	int rc = PIPE_OK;
	unsigned batch = 0;

	/* the oldest first: what is left after an interruption is what one would have kept */
	for (uint32_t i = g->runs.count; !rc && i-- > 0;) {
		if (!g->runs.items[i].remove)
			continue;
		rc = store_begin(g->s, err);
		if (!rc)
			rc = delete_run(g, g->runs.items[i].number, err);
		if (!rc && ++batch % BATCH == 0)
			rc = store_commit(g->s, err);
	}
	return rc ? rc : store_commit(g->s, err);
}

static void count_runs(struct gc *g)
{
	for (uint32_t i = 0; i < g->runs.count; i++) {
		if (!g->runs.items[i].remove)
			continue;
		g->result->runs++;
		g->result->bytes += run_bytes(g, g->runs.items[i].number);
	}
}

/* What no run refers to any more. */
static int delete_unused(struct gc *g, pipe_error *err)
{
	static const enum statement unused[] = { SQL_GC_DEFINITIONS, SQL_GC_DURATIONS };
	int rc = store_begin(g->s, err);

	for (size_t i = 0; !rc && i < sizeof(unused) / sizeof(*unused); i++) {
		struct query q;

		rc = query_begin(&q, g->s, unused[i], err);
		if (!rc)
			rc = query_run(&q, err);
	}
	return rc ? rc : store_commit(g->s, err);
}

/* ---- directories of runs without a row ---- */

static const char gone_prefix[] = ".gone-";

static bool is_orphan(struct gc *g, const char *name, int *rc, pipe_error *err)
{
	char *end;
	int64_t number, found;

	errno = 0;
	number = strtoll(name, &end, 10);
	if (*end || errno || number <= 0 || run_lock_is_held(g->s->directory, number))
		return false;
	*rc = store_resolve_run(g->s, number, &found, err);
	if (*rc != PIPE_ENOTFOUND)
		return false;
	*rc = PIPE_OK;
	return true;
}

static int each_run_directory(struct gc *g, int (*one)(struct gc *g, const char *name, pipe_error *err), pipe_error *err)
{
	int fd = openat(g->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = PIPE_OK;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		rc = error_errno(err, error_code_of(errno), errno, "cannot read %s/runs", g->s->directory);
		if (fd >= 0)
			close(fd);
		return rc;
	}
	while (!rc && (entry = readdir(dir)) != NULL)
		rc = one(g, entry->d_name, err);
	closedir(dir);
	return rc;
}

static int count_orphan(struct gc *g, const char *name, pipe_error *err)
{
	int rc = PIPE_OK;

	if (!strncmp(name, gone_prefix, sizeof(gone_prefix) - 1) || is_orphan(g, name, &rc, err))
		g->result->bytes += tree_bytes(g->directory, name);
	return rc;
}

static int rename_orphan(struct gc *g, const char *name, pipe_error *err)
{
	char gone[sizeof(gone_prefix) + 24];
	int rc = PIPE_OK;

	if (!is_orphan(g, name, &rc, err))
		return rc;
	snprintf(gone, sizeof(gone), "%s%s", gone_prefix, name);
	if (renameat(g->directory, name, g->directory, gone) && errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST)
		rc = error_errno(err, error_code_of(errno), errno, "cannot remove %s/runs/%s", g->s->directory, name);
	return rc;
}

static int remove_gone(struct gc *g, const char *name, pipe_error *err)
{
	if (strncmp(name, gone_prefix, sizeof(gone_prefix) - 1))
		return PIPE_OK;
	return tree_remove(g->directory, name, &g->result->bytes, err);
}

/* A new run takes its number and its lock inside a write transaction, before its directory: so orphans are told, and given a name
 * that no run takes, inside one as well.  The removal may then take its time. */
static int sweep(struct gc *g, pipe_error *err)
{
	int rc;

	if (g->directory < 0)
		return PIPE_OK;
	if (g->options->dry_run)
		return each_run_directory(g, count_orphan, err);
	rc = store_begin(g->s, err);
	if (!rc)
		rc = each_run_directory(g, rename_orphan, err);
	if (g->s->open)
		store_rollback(g->s); /* nothing was changed in it */
	return rc ? rc : each_run_directory(g, remove_gone, err);
}

/* ---- artifacts ---- */

static int load_artifact(struct query *q, void *context, pipe_error *err)
{
	struct gc *g = context;
	int64_t run = query_int(q, 1);
	struct old_run *old = find_run(g, run);
	const char *path = query_text(q, 2);
	struct old_artifact *a;

	if (old && old->remove)
		return PIPE_OK; /* counted with its run */
	a = vec_push(&g->arena, &g->artifacts);
	if (!a)
		return error_nomem(err);
	a->id = query_int(q, 0);
	a->run = run;
	if (query_int(q, 3) || !state_path_is_inside(path))
		return PIPE_OK;
	a->path = arena_strdup(&g->arena, path);
	return a->path ? PIPE_OK : error_nomem(err);
}

static int load_artifacts(struct gc *g, pipe_error *err)
{
	struct query q;
	int rc = query_begin(&q, g->s, SQL_GC_EXPIRED, err);

	if (rc)
		return rc;
	query_bind_int(&q, g->now_ms);
	return query_each(&q, load_artifact, g, err);
}

/* Takes a file away, or only counts it. */
static int drop_file(struct gc *g, int at, const char *name, pipe_error *err)
{
	struct stat st;

	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
		return PIPE_OK;
	if (!g->options->dry_run && unlinkat(at, name, 0) && errno != ENOENT)
		return error_errno(err, error_code_of(errno), errno, "cannot remove %s", name);
	if (st.st_nlink == 1)
		g->result->bytes += (uint64_t)st.st_size;
	return PIPE_OK;
}

static int drop_artifacts(struct gc *g, pipe_error *err)
{
	int rc = load_artifacts(g, err);

	for (uint32_t i = 0; !rc && i < g->artifacts.count; i++) {
		const struct old_artifact *a = &g->artifacts.items[i];

		if (a->path)
			rc = drop_file(g, g->state, a->path, err);
		if (!rc)
			g->result->artifacts++;
	}
	if (rc || g->options->dry_run || !g->artifacts.count)
		return rc;
	rc = store_begin(g->s, err);
	for (uint32_t i = 0; !rc && i < g->artifacts.count; i++)
		rc = delete_rows(g->s, SQL_GC_ARTIFACT, g->artifacts.items[i].id, NULL, err);
	return rc ? rc : store_commit(g->s, err);
}

/* ---- caches ---- */

/* A cache is touched when it is used: the time of its file says when it was last of use. */
static int drop_caches(struct gc *g, pipe_error *err)
{
	int64_t before_ms = g->now_ms - g->options->max_age_ms;
	int fd = openat(g->state, "cache", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = PIPE_OK;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	struct stat st;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return PIPE_OK;
	}
	while (!rc && (entry = readdir(dir)) != NULL) {
		if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode) ||
		    st.st_mtim.tv_sec * INT64_C(1000) >= before_ms)
			continue;
		rc = drop_file(g, fd, entry->d_name, err);
		g->result->caches += !rc;
	}
	closedir(dir);
	return rc;
}

/* ---- all of it ---- */

static int open_directories(struct gc *g, pipe_error *err)
{
	g->state = open(g->s->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (g->state < 0)
		return error_errno(err, error_code_of(errno), errno, "cannot open %s", g->s->directory);
	g->directory = openat(g->state, "runs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (g->directory < 0 && errno != ENOENT)
		return error_errno(err, error_code_of(errno), errno, "cannot open %s/runs", g->s->directory);
	return PIPE_OK;
}

static int collect(struct gc *g, pipe_error *err)
{
	int rc = open_directories(g, err);

	if (!rc)
		rc = load_runs(g, err);
	if (rc)
		return rc;
	choose_runs(g);
	if (g->options->dry_run)
		count_runs(g);
	else if ((rc = delete_runs(g, err)) || (rc = delete_unused(g, err)))
		return rc;
	rc = sweep(g, err);
	if (!rc)
		rc = drop_artifacts(g, err);
	if (!rc && g->options->max_age_ms > 0)
		rc = drop_caches(g, err);
	if (!rc && !g->options->dry_run)
		rc = store_exec(g->s, "PRAGMA incremental_vacuum", err);
	return rc;
}

int store_gc(struct store *s, const pipe_gc_options *options, int64_t now_ms, pipe_gc_result *result, pipe_error *err)
{
	struct gc g = {
		.s = s, .options = options, .now_ms = now_ms, .result = result, .arena = ARENA_INIT, .state = -1, .directory = -1
	};
	int rc;

	*result = (pipe_gc_result){ 0 };
	if (store_has_changes(s))
		return error_set(err, PIPE_EUSAGE, "commit before cleaning up");
	rc = collect(&g, err);
	store_rollback(s);
	if (g.directory >= 0)
		close(g.directory);
	if (g.state >= 0)
		close(g.state);
	arena_clear(&g.arena);
	return rc;
}
