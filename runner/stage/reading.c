#include "runner/stage/reading.h"

#include "base/error.h"
#include "runner/files/archive.h"
#include "runner/files/beneath.h"
#include "runner/log/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	CLOCK_LAG_MS = 20, /* the times of files come from a coarser clock than that of the job's start */
	COMPLAINTS_MOST = 20
};

/* A file as it was when it was read. */
struct seen {
	dev_t device;
	ino_t number;
	off_t size;
	struct timespec changed;
};

static void complain(struct reading *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void complain(struct reading *r, const char *format, ...)
{
	const char **slot = r->complaints.count < COMPLAINTS_MOST ? vec_push(r->arena, &r->complaints) : NULL;
	va_list ap;

	if (!slot)
		return;
	va_start(ap, format);
	*slot = arena_vprintf(r->arena, format, ap);
	va_end(ap);
	if (!*slot)
		r->complaints.count--;
}

/* An old report is read all the same: it may belong to the files that the job began with. */
static void remark(struct reading *r, const char *path)
{
	const char **slot = r->remarks.count < COMPLAINTS_MOST ? vec_push(r->arena, &r->remarks) : NULL;

	if (slot && !(*slot = arena_printf(r->arena, "%s: it is older than this job: perhaps an earlier run wrote it", path)))
		r->remarks.count--;
}

/* ---- one report ---- */

static int stopped(struct reading *r, pipe_error *err)
{
	r->stopped = true;
	return error_set(err, PIPE_ELIMIT, "the job was ended while it was being read");
}

static bool is_stopped(const struct reading *r)
{
	return (r->stop && atomic_load(r->stop)) || (r->deadline && uv_hrtime() >= r->deadline);
}

/* Is it the machinery that failed, and not the report? */
static bool is_ours(int rc)
{
	return rc == PIPE_ESTORE || rc == PIPE_ENOMEM;
}

static void complain_broken(struct reading *r, const char *path, const pipe_error *why)
{
	const char *file = why->file[0] ? why->file : path;

	r->broken++;
	if (why->line)
		complain(r, "%s:%u:%u: %s", file, why->line, why->column, why->text);
	else
		complain(r, "%s: %s", file, why->text);
}

static int read_one(struct reading *r, const struct stage_report *report, const char *path, report_source source, void *payload,
		    pipe_error *err)
{
	struct report_options options = { .workspace = r->workspace,
					  .tool = report->tool ? report->tool : "",
					  .kind = (uint8_t)report->kind };
	const struct report_format *used = report->format;
	pipe_error why = { 0 };
	int rc = ledger_report_begin(r->ledger, path, err), ended;

	if (rc)
		return rc;
	rebase_set(&r->ledger->rebase, r->workspace, report->directory, report->rendered);
	rc = report_read(report->format, path, source, payload, &options, &r->ledger->sink, &used, &why);
	rebase_set(&r->ledger->rebase, r->workspace, NULL, NULL);
	ended = ledger_report_end(r->ledger, used ? used : report->format, rc ? &why : NULL, err);
	if (rc && is_ours(rc)) {
		if (err)
			*err = why;
		return rc;
	}
	if (rc && !r->stopped)
		complain_broken(r, path, &why);
	return ended;
}

/* ---- files ---- */

struct file_source {
	struct reading *reading;
	int fd;
	const char *path;
};

static int64_t read_file(void *payload, char *buffer, size_t size, pipe_error *err)
{
	struct file_source *f = payload;
	ssize_t n;

	if (is_stopped(f->reading))
		return stopped(f->reading, err);
	do
		n = read(f->fd, buffer, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? error_errno(err, PIPE_EIO, errno, "cannot read %s", f->path) : n;
}

static bool is_unchanged(const struct seen *before, const struct stat *st)
{
	return before && before->device == st->st_dev && before->number == st->st_ino && before->size == st->st_size &&
	       before->changed.tv_sec == st->st_mtim.tv_sec && before->changed.tv_nsec == st->st_mtim.tv_nsec;
}

static int note_seen(struct reading *r, const char *path, const struct stat *st, pipe_error *err)
{
	struct seen *s = map_get(&r->seen, path, strlen(path));
	const char *key = s ? path : arena_strdup(r->arena, path);

	if (!s && !(s = ARENA_NEW(r->arena, struct seen)))
		return error_nomem(err);
	*s = (struct seen){ st->st_dev, st->st_ino, st->st_size, st->st_mtim };
	if (!key || (!map_get(&r->seen, path, strlen(path)) && !map_put(&r->seen, r->arena, key, strlen(key), s)))
		return error_nomem(err);
	return PIPE_OK;
}

static bool is_stale(const struct reading *r, const struct stat *st)
{
	int64_t changed = (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000;

	return changed + CLOCK_LAG_MS < r->started_ms;
}

struct finding_files {
	struct reading *reading;
	const struct stage_report *report;
	int root, rc;
	uint32_t matched, stale;
	pipe_error *err;
};

/* What is there and cannot be read as a file is a broken report: a gate that comes later must know of it.  Said once. */
static int refuse(struct finding_files *f, const char *path, const pipe_error *why)
{
	struct reading *r = f->reading;
	const char *key;
	int rc;

	if (map_get(&r->refused, path, strlen(path)))
		return PIPE_OK;
	key = arena_strdup(r->arena, path);
	if (!key || !map_put(&r->refused, r->arena, key, strlen(key), r))
		return error_nomem(f->err);
	complain_broken(r, path, why);
	rc = ledger_report_begin(r->ledger, path, f->err);
	return rc ? rc : ledger_report_end(r->ledger, f->report->format, why, f->err);
}

static int take_open_file(struct finding_files *f, const char *path, int fd)
{
	struct reading *r = f->reading;
	struct file_source source = { r, fd, path };
	pipe_error why;
	struct stat st;
	int rc;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		error_set(&why, PIPE_EIO, "it is not a regular file");
		return refuse(f, path, &why);
	}
	if (f->report->only_new && is_stale(r, &st)) {
		f->stale++;
		return PIPE_OK;
	}
	f->matched++;
	if (is_unchanged(map_get(&r->seen, path, strlen(path)), &st))
		return PIPE_OK;
	if (is_stale(r, &st))
		remark(r, path);
	rc = note_seen(r, path, &st, f->err);
	return rc ? rc : read_one(r, f->report, path, read_file, &source, f->err);
}

static int take_file(void *payload, const char *path)
{
	struct finding_files *f = payload;
	struct reading *r = f->reading;
	pipe_error why;
	int fd;

	if (is_stopped(r)) {
		r->stopped = true;
		return 1;
	}
	if (r->files++ >= READING_MOST_FILES) {
		error_set(&why, PIPE_ELIMIT, "more than %d files match it: the others are not read", READING_MOST_FILES);
		f->rc = refuse(f, f->report->pattern, &why);
		return 1;
	}
	fd = beneath_open_follow(f->root, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		if (errno == EXDEV)
			error_set(&why, PIPE_EIO, "it leads out of the workspace");
		else
			error_errno(&why, PIPE_EIO, errno, "it cannot be opened");
		f->rc = refuse(f, path, &why);
	} else {
		f->rc = take_open_file(f, path, fd);
		close(fd);
	}
	return f->rc != PIPE_OK;
}

/* The directory that a pattern is meant in. */
static const char *root_of(const struct reading *r, const char *pattern)
{
	size_t n = r->scratch ? strlen(r->scratch) : 0;

	return n && !strncmp(pattern, r->scratch, n) && pattern[n] == '/' ? r->scratch : r->workspace;
}

static int read_files(struct reading *r, const struct stage_report *report, bool *found, pipe_error *err)
{
	const char *const patterns[] = { report->pattern, NULL };
	const struct archive_select select = { .paths = patterns };
	const char *root = root_of(r, report->pattern);
	struct finding_files f = { .reading = r, .report = report, .err = err };
	int rc = PIPE_OK;

	r->files = 0;
	if (access(root, F_OK) == 0)
		rc = root_open(root, &f.root, err);
	else
		f.root = -1;
	if (rc == PIPE_OK && f.root >= 0) {
		rc = archive_find(root, &select, take_file, &f, err);
		close(f.root);
	}
	*found = f.matched > 0;
	if (f.stale && !map_put(&r->stale, r->arena, report->pattern, strlen(report->pattern), r))
		rc = error_nomem(err);
	return f.rc ? f.rc : rc;
}

void reading_missing(struct reading *r, const struct stage_report *report)
{
	if (r->stopped || !report->pattern)
		return;
	if (map_get(&r->stale, report->pattern, strlen(report->pattern)))
		complain(r, "\"%s\" is older than this job: a report of an earlier run is no evidence", report->pattern);
	else
		complain(r, "no report matches \"%s\"", report->pattern);
}

/* ---- the job's own log ---- */

struct log_source {
	struct reading *reading;
	const struct stage_report *report;
	struct log_reader *log; /* NULL: it holds nothing */
	uint32_t step;
	uint64_t lines; /* of the step that are still to come; 0: go to the next step */
};

/* Goes to the first line of the next step that wrote any; false: there is none. */
static bool next_step(struct log_source *l, pipe_error *err, int *rc)
{
	const struct step *steps = l->reading->steps->items;

	while (l->log && l->step < l->report->to) {
		const struct step *s = &steps[l->step++];
		if (s->state != STEP_DONE || s->log_from >= s->log_to)
			continue;
		l->lines = s->log_to - s->log_from;
		*rc = log_seek_line(l->log, s->log_from, err);
		return *rc == PIPE_OK;
	}
	return false;
}

/* Of what was read, that which belongs to the step. */
static size_t take_lines(struct log_source *l, const char *bytes, size_t length)
{
	for (size_t at = 0; at < length;) {
		const char *newline = memchr(bytes + at, '\n', length - at);
		if (!newline)
			return length;
		at = (size_t)(newline - bytes) + 1;
		if (!--l->lines)
			return at;
	}
	return length;
}

static int64_t read_log(void *payload, char *buffer, size_t size, pipe_error *err)
{
	struct log_source *l = payload;
	size_t length = 0;
	int rc = PIPE_OK;

	if (is_stopped(l->reading))
		return stopped(l->reading, err);
	for (;;) {
		if (!l->lines && !next_step(l, err, &rc))
			return rc;
		rc = log_read(l->log, buffer, size, &length, err);
		if (rc)
			return rc;
		if (length)
			return (int64_t)take_lines(l, buffer, length);
		l->lines = 0; /* the log ends in the middle of the step's last line */
	}
}

static bool any_ran(const struct reading *r, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		if (r->steps->items[i].state == STEP_DONE)
			return true;
	return false;
}

static int read_own_log(struct reading *r, const struct stage_report *report, bool *found, pipe_error *err)
{
	struct log_source l = { .reading = r, .report = report, .step = report->from };
	int rc;

	*found = r->log && r->steps && report->to <= r->steps->count && any_ran(r, report->from, report->to);
	if (!*found)
		return PIPE_OK;
	rc = log_reader_open(&l.log, r->log, err);
	if (rc && rc != PIPE_ENOTFOUND) /* nothing was written */
		return rc;
	rc = read_one(r, report, "log", read_log, &l, err);
	log_reader_free(l.log);
	return rc;
}

int reading_report(struct reading *r, const struct stage_report *report, bool *found, pipe_error *err)
{
	*found = false;
	if (r->stopped)
		return PIPE_OK;
	return report->pattern ? read_files(r, report, found, err) : read_own_log(r, report, found, err);
}
