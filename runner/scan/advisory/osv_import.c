/*
 * Importing OSV records: one file after the other, one transaction for all of them.  Killed in the middle, the old state is still
 * there: SQLite's log holds nothing that was committed.  One record is in memory at a time.
 */
#include "runner/scan/advisory/advisories.h"

#include "base/error.h"
#include "runner/files/archive_library.h"
#include "runner/files/beneath.h"
#include "runner/files/walk.h"
#include "runner/history/state.h"
#include "runner/scan/advisory/osv_store.h"
#include "stages/scanner/advisory/osv.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { ENTRIES_MAX = 20 * 1000 * 1000, ARENA_KEEP = 1 << 20 };
static const uint64_t bytes_max = UINT64_C(256) << 30; /* of all records together */

struct import {
	struct osv_store store;
	struct osv_import *done;
	const char *from;
	const atomic_bool *cancel;
	int root; /* of a directory */
	uint64_t bytes;
	int64_t updated_ms, now_ms;
	struct arena arena; /* of one record */
	struct str text;
};

/* ---- one record ---- */

static int run_on(struct import *m, unsigned statement, int64_t record, pipe_error *err)
{
	struct query q;
	int rc = query_begin(&q, m->store.store, statement, err);

	if (rc)
		return rc;
	query_bind_int(&q, record);
	return query_run(&q, err);
}

static int remove_old(struct import *m, const char *id, pipe_error *err)
{
	static const unsigned statements[] = { OSV_AFFECTED_REMOVE, OSV_ALIAS_REMOVE, OSV_RECORD_REMOVE };
	struct query q;
	int64_t record;
	int rc = query_begin(&q, m->store.store, OSV_RECORD_FIND, err), row;

	if (rc)
		return rc;
	query_bind_text(&q, id);
	row = query_step(&q, err);
	if (row <= 0)
		return row;
	record = query_int(&q, 0);
	query_end(&q);
	for (size_t i = 0; !rc && i < sizeof(statements) / sizeof(*statements); i++)
		rc = run_on(m, statements[i], record, err);
	return rc;
}

static int add_record(struct import *m, const struct osv_record *r, int64_t *record, pipe_error *err)
{
	struct query q;
	int rc = query_begin(&q, m->store.store, OSV_RECORD_ADD, err), row;

	if (rc)
		return rc;
	query_bind_text(&q, r->id);
	query_bind_text(&q, r->names);
	query_bind_text(&q, r->aliases);
	query_bind_int(&q, r->severity);
	query_bind_text(&q, r->body.data);
	row = query_step(&q, err);
	if (row <= 0)
		return row < 0 ? row : error_set(err, PIPE_ESTORE, "a record was not kept");
	*record = query_int(&q, 0);
	query_end(&q);
	return PIPE_OK;
}

static int add_affected(struct import *m, const struct osv_affected *affected, int64_t record, uint32_t number, pipe_error *err)
{
	struct query q;
	int rc;

	str_reset(&m->text);
	osv_affected_write(affected, &m->text);
	if (m->text.failed)
		return error_nomem(err);
	rc = query_begin(&q, m->store.store, OSV_AFFECTED_ADD, err);
	if (rc)
		return rc;
	query_bind_text(&q, affected->ecosystem);
	query_bind_text(&q, affected->package);
	query_bind_int(&q, record);
	query_bind_int(&q, number);
	query_bind_text(&q, m->text.data);
	return query_run(&q, err);
}

static int add_names(struct import *m, const char *names, int64_t record, pipe_error *err)
{
	int rc = PIPE_OK;

	for (const char *at = names, *end; !rc && *at; at = end + (*end == '\n')) {
		struct query q;
		const char *name;

		end = strchrnul(at, '\n');
		name = arena_strndup(&m->arena, at, (size_t)(end - at));
		rc = name ? query_begin(&q, m->store.store, OSV_ALIAS_ADD, err) : error_nomem(err);
		if (rc)
			break;
		query_bind_text(&q, name);
		query_bind_int(&q, record);
		rc = query_run(&q, err);
	}
	return rc;
}

static int keep(struct import *m, const struct osv_record *r, pipe_error *err)
{
	int64_t record = 0;
	int rc = remove_old(m, r->id, err);

	if (r->modified_ms > m->updated_ms && r->modified_ms <= m->now_ms)
		m->updated_ms = r->modified_ms;
	m->done->records++;
	if (rc || r->withdrawn) {
		m->done->withdrawn += r->withdrawn;
		return rc;
	}
	if (!r->affected.count) {
		m->done->unusable++;
		return PIPE_OK;
	}
	rc = add_record(m, r, &record, err);
	for (uint32_t i = 0; !rc && i < r->affected.count; i++)
		rc = add_affected(m, &r->affected.items[i], record, i, err);
	if (!rc)
		rc = add_names(m, r->aliases, record, err);
	return rc ? rc : add_names(m, r->names, record, err);
}

static int take(struct import *m, const char *name, const char *bytes, size_t length, pipe_error *err)
{
	struct osv_record record;
	bool is_record;
	int rc = osv_record_read(bytes, length, &record, &is_record, &m->arena, err);

	if (rc && err) {
		snprintf(err->file, sizeof(err->file), "%.150s/%.100s", m->from, name);
	} else if (!rc && !is_record) {
		m->done->unusable++;
	} else if (!rc) {
		rc = keep(m, &record, err);
	}
	osv_record_clear(&record);
	arena_clear(&m->arena);
	return rc;
}

/* ---- where they come from ---- */

static bool is_json(const char *path)
{
	size_t length = strlen(path);

	return length > 5 && !strcmp(path + length - 5, ".json");
}

static int next(struct import *m, uint64_t bytes, pipe_error *err)
{
	if (m->cancel && atomic_load(m->cancel))
		return error_set(err, PIPE_EIO, "the import was cancelled; nothing was changed");
	m->bytes += bytes;
	if (m->bytes > bytes_max)
		return error_set(err, PIPE_ELIMIT, "%s holds more than %" PRIu64 " bytes of records", m->from, bytes_max);
	return PIPE_OK;
}

/* The data is as old as the newest thing that is known of it. */
static void made_at(struct import *m, int64_t seconds)
{
	if (seconds > 0 && seconds <= m->now_ms / 1000 && seconds * 1000 > m->updated_ms)
		m->updated_ms = seconds * 1000;
}

static int visit(void *context, struct walk_entry *entry, pipe_error *err)
{
	struct import *m = context;
	const char *text;
	struct stat st;
	size_t length;
	int fd, rc;

	if (entry->type != WALK_FILE || !is_json(entry->path))
		return PIPE_OK;
	fd = beneath_open(m->root, entry->path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0 || fstat(fd, &st)) {
		rc = error_errno(err, PIPE_EIO, errno, "%s/%s", m->from, entry->path);
		goto done;
	}
	rc = next(m, (uint64_t)st.st_size, err);
	if (!rc)
		rc = fd_read_all(fd, entry->path, OSV_RECORD_MAX, &m->arena, &text, &length, err);
	made_at(m, st.st_mtime);
	if (!rc)
		rc = take(m, entry->path, text, length, err);
done:
	if (fd >= 0)
		close(fd);
	return rc;
}

static int import_directory(struct import *m, pipe_error *err)
{
	int rc = root_open(m->from, &m->root, err);

	if (rc)
		return rc;
	rc = walk_tree(m->from, visit, m, err);
	close(m->root);
	return rc;
}

struct zip {
	struct archive_library lib;
	struct archive *archive;
	struct str bytes;
};

static int broken(const struct zip *z, const struct import *m, const char *name, pipe_error *err)
{
	const char *why = z->lib.archive_error_string(z->archive);

	return error_set(err, z->lib.archive_errno(z->archive) == ENOMEM ? PIPE_ENOMEM : PIPE_EPIPELINE,
			 "%s%s%s is damaged or no zip archive: %s", m->from, *name ? ": " : "", name,
			 why ? why : "it ends too early");
}

static int read_entry(struct zip *z, struct import *m, const char *name, pipe_error *err)
{
	ssize_t n = 1;

	str_reset(&z->bytes);
	while (n > 0) {
		char *to = str_room(&z->bytes, 65536);

		if (!to)
			return error_set(err, z->bytes.length > OSV_RECORD_MAX - 65536 ? PIPE_ELIMIT : PIPE_ENOMEM,
					 "%s: %s is larger than a record may be", m->from, name);
		n = z->lib.archive_read_data(z->archive, to, 65536);
		if (n < 0)
			return broken(z, m, name, err);
		str_wrote(&z->bytes, (size_t)n);
	}
	return next(m, z->bytes.length, err);
}

static int read_entries(struct zip *z, struct import *m, pipe_error *err)
{
	struct archive_entry *entry;
	int rc = PIPE_OK, result;

	for (uint64_t i = 0; !rc; i++) {
		const char *name;

		result = z->lib.archive_read_next_header(z->archive, &entry);
		if (result == ARCHIVE_EOF)
			return PIPE_OK;
		if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
			return broken(z, m, "", err);
		if (i >= ENTRIES_MAX)
			return error_set(err, PIPE_ELIMIT, "%s holds more than %d entries", m->from, ENTRIES_MAX);
		name = z->lib.archive_entry_pathname(entry);
		if (!name || z->lib.archive_entry_filetype(entry) != AE_IFREG || !is_json(name))
			continue;
		made_at(m, z->lib.archive_entry_mtime(entry));
		name = arena_strdup(&m->arena, name);
		rc = name ? read_entry(z, m, name, err) : error_nomem(err);
		if (!rc)
			rc = take(m, name, z->bytes.data, z->bytes.length, err);
	}
	return rc;
}

static int import_zip(struct import *m, int fd, pipe_error *err)
{
	void *handle = NULL;
	struct zip z = { .archive = NULL };
	int rc = archive_library_open(&z.lib, &handle, err);

	if (rc)
		return rc;
	str_init_limit(&z.bytes, OSV_RECORD_MAX);
	z.archive = z.lib.archive_read_new();
	if (!z.archive)
		rc = error_nomem(err);
	else if (z.lib.archive_read_support_format_zip(z.archive) != ARCHIVE_OK ||
		 z.lib.archive_read_open_fd(z.archive, fd, 65536) != ARCHIVE_OK)
		rc = broken(&z, m, "", err);
	else
		rc = read_entries(&z, m, err);
	if (z.archive)
		z.lib.archive_read_free(z.archive);
	str_clear(&z.bytes);
	lazy_close(handle);
	return rc;
}

static int import_all(struct import *m, pipe_error *err)
{
	struct stat st;
	int fd = open(m->from, O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0 || fstat(fd, &st)) {
		rc = error_errno(err, errno == ENOENT ? PIPE_ENOTFOUND : PIPE_EIO, errno, "%s", m->from);
		goto done;
	}
	rc = S_ISDIR(st.st_mode) ? import_directory(m, err) : import_zip(m, fd, err);
	if (!rc && !m->done->records)
		rc = error_set(
			err, PIPE_EPIPELINE,
			"there is no OSV record in %s: files of one record each, *.json, are read from a directory or a zip archive",
			m->from);
done:
	if (fd >= 0)
		close(fd);
	return rc;
}

/* ---- the whole ---- */

static int set_fact(struct import *m, const char *name, int64_t value, pipe_error *err)
{
	struct query q;
	int rc = query_begin(&q, m->store.store, OSV_FACT_SET, err);

	if (rc)
		return rc;
	query_bind_text(&q, name);
	query_bind_int(&q, value);
	return query_run(&q, err);
}

static int set_facts(struct import *m, pipe_error *err)
{
	int64_t records = 0;
	struct query q;
	int rc = query_begin(&q, m->store.store, OSV_COUNT, err), row;

	if (rc)
		return rc;
	row = query_step(&q, err);
	if (row < 0)
		return row;
	records = row ? query_int(&q, 0) : 0;
	query_end(&q);
	rc = set_fact(m, "records", records, err);
	return rc ? rc : set_fact(m, "updated_ms", m->updated_ms, err);
}

static int make_above(const char *path, pipe_error *err)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return PIPE_OK;
	snprintf(directory, sizeof(directory), "%.*s", (int)(slash - path), path);
	return state_make(directory, err);
}

int osv_db_import(const char *path, const char *from, struct osv_import *done, const atomic_bool *cancel, pipe_error *err)
{
	struct import m = { .done = done, .from = from, .cancel = cancel, .root = -1 };
	struct timespec now;
	int rc;

	*done = (struct osv_import){ 0, 0, 0 };
	clock_gettime(CLOCK_REALTIME, &now);
	m.now_ms = (int64_t)now.tv_sec * 1000;
	if (access(from, R_OK)) /* before a database is made for nothing */
		return error_errno(err, errno == ENOENT ? PIPE_ENOTFOUND : PIPE_EIO, errno, "%s", from);
	str_init(&m.text);
	rc = make_above(path, err);
	if (!rc)
		rc = osv_store_open(&m.store, path, STORE_WRITE, err);
	if (!rc)
		rc = store_begin(m.store.store, err);
	if (!rc)
		rc = osv_store_fact(&m.store, "updated_ms", &m.updated_ms, err);
	if (!rc)
		rc = import_all(&m, err);
	if (!rc)
		rc = set_facts(&m, err);
	if (!rc)
		rc = store_commit(m.store.store, err);
	if (m.store.store)
		osv_store_close(&m.store); /* what is not committed is rolled back */
	arena_clear(&m.arena);
	str_clear(&m.text);
	return osv_store_code(rc, err);
}
