#include "runner/scan/advisory/sources.h"

#include "base/duration.h"
#include "base/error.h"
#include "base/str.h"
#include "runner/files/workspace.h"
#include "runner/scan/advisory/advisories.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const struct {
	const char *name; /* below the directory of advisories */
	int (*open)(struct advisory_source *out, const char *path, pipe_error *err);
} kinds[SOURCES_MOST] = { { "trivy", trivy_db_open }, { "osv.db", osv_db_open } };

static int add(struct scan_sources *s, unsigned kind, const char *path, pipe_error *err)
{
	int rc = kinds[kind].open(&s->opened[s->count], path, err);

	if (rc == PIPE_OK) {
		s->list[s->count] = &s->opened[s->count];
		s->count++;
	}
	return rc;
}

static bool is_sqlite(const char *path)
{
	static const char magic[] = "SQLite format 3";
	char head[sizeof(magic)];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool is = fd >= 0 && read(fd, head, sizeof(head)) == (ssize_t)sizeof(head) && !memcmp(head, magic, sizeof(magic));

	if (fd >= 0)
		close(fd);
	return is;
}

/* ---- OSV records that lie beside the project ---- */

static bool ends_in(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n > m && !strcmp(name + n - m, end);
}

static bool holds_records(const char *directory)
{
	DIR *d = opendir(directory);
	struct dirent *entry;
	bool any = false;

	while (d && !any && (entry = readdir(d)))
		any = ends_in(entry->d_name, ".json");
	if (d)
		closedir(d);
	return any;
}

static int add_records(struct scan_sources *s, const char *from, const char *const *envp, struct arena *a, pipe_error *err)
{
	const char *top = NULL, *path;
	struct osv_import done;
	char *scratch;
	int rc;

	for (; envp && *envp; envp++)
		if (!strncmp(*envp, "TMPDIR=", 7) && (*envp)[7])
			top = *envp + 7;
	scratch = arena_printf(a, "%s/pipe-records-XXXXXX", top ? top : "/tmp");
	if (!scratch)
		return error_nomem(err);
	if (!mkdtemp(scratch))
		return error_errno(err, PIPE_EIO, errno, "cannot make %s", scratch);
	s->scratch = scratch;
	path = arena_printf(a, "%s/osv.db", scratch);
	rc = path ? osv_db_import(path, from, &done, NULL, err) : error_nomem(err);
	return rc == PIPE_OK ? add(s, 1, path, err) : rc;
}

/* Those that the directory holds; a directory with trivy.db itself (Trivy's own cache/db) is one source. */
static int open_directory(struct scan_sources *s, const char *directory, struct arena *a, pipe_error *err)
{
	const char *own = arena_printf(a, "%s/trivy.db", directory);

	if (!own)
		return error_nomem(err);
	if (access(own, F_OK) == 0)
		return add(s, 0, directory, err);
	for (unsigned i = 0; i < SOURCES_MOST; i++) {
		const char *path = arena_printf(a, "%s/%s", directory, kinds[i].name);
		int rc;

		if (!path)
			return error_nomem(err);
		if (access(path, F_OK))
			continue;
		rc = add(s, i, path, err);
		if (rc)
			return rc;
	}
	return PIPE_OK;
}

static int check_age(const struct advisory_source *s, int64_t max_age_ms, pipe_error *err)
{
	char old[64], allowed[64];
	struct timespec now;
	int64_t age;

	clock_gettime(CLOCK_REALTIME, &now);
	age = (int64_t)now.tv_sec * 1000 - s->updated_ms;
	if (!max_age_ms || !s->updated_ms || age <= max_age_ms)
		return PIPE_OK;
	return error_set(
		err, PIPE_EPIPELINE,
		"%s (%.200s) is %s old, and at most %s is allowed: what was found since would be missing; run `pipe advisories update`, or "
		"allow more with --max-age",
		s->name, s->path, duration_format(age, old, sizeof(old)), duration_format(max_age_ms, allowed, sizeof(allowed)));
}

int scan_sources_open(struct scan_sources *s, const char *db, const char *const *envp, int64_t max_age_ms, struct arena *a,
		      pipe_error *err)
{
	const char *path = db ? db : advisories_directory(envp, a, err);
	struct stat st;
	int rc;

	memset(s, 0, sizeof(*s));
	if (!path)
		return err->code;
	if (stat(path, &st)) {
		if (db)
			return error_errno(err, errno == ENOENT ? PIPE_ENOTFOUND : PIPE_EIO, errno, "the database %s", path);
		rc = PIPE_OK;
	} else {
		rc = S_ISDIR(st.st_mode)     ? open_directory(s, path, a, err)
		     : ends_in(path, ".zip") ? add_records(s, path, envp, a, err)
					     : add(s, is_sqlite(path), path, err);
	}
	if (rc == PIPE_OK && !s->count && db && holds_records(path))
		rc = add_records(s, path, envp, a, err);
	for (unsigned i = 0; rc == PIPE_OK && i < s->count; i++)
		rc = check_age(&s->opened[i], max_age_ms, err);
	if (rc == PIPE_OK && !s->count)
		rc = error_set(
			err, PIPE_ENOTFOUND,
			"there are no advisories in %.200s: without them nothing can be found; get some with `pipe advisories update` "
			"(Trivy's database) or `pipe advisories import` (OSV records), or name a database with --db",
			path);
	if (rc)
		scan_sources_close(s);
	return rc;
}

void scan_sources_close(struct scan_sources *s)
{
	for (unsigned i = 0; i < s->count; i++)
		s->opened[i].close(s->opened[i].payload);
	s->count = 0;
	s->list[0] = NULL;
	if (s->scratch)
		(void)workspace_remove(s->scratch, NULL);
	s->scratch = NULL;
}

const char *scan_sources_text(const struct scan_sources *s, struct arena *a)
{
	struct str text;
	const char *copy;

	str_init(&text);
	for (unsigned i = 0; i < s->count; i++) {
		const struct advisory_source *source = &s->opened[i];
		time_t when = (time_t)(source->updated_ms / 1000);
		char day[16] = "";
		struct tm tm;

		if (source->updated_ms && gmtime_r(&when, &tm))
			strftime(day, sizeof(day), "%Y-%m-%d", &tm);
		str_printf(&text, "%s%s%s%s", i ? ", " : "", source->name, *day ? " of " : "", day);
		if (source->advisories)
			str_printf(&text, " (%" PRIu64 " advisories)", source->advisories);
	}
	copy = text.failed ? NULL : arena_strndup(a, text.data, text.length);
	str_clear(&text);
	return copy;
}
