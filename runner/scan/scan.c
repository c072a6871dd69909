/* The way of a scan, on one page: open the advisories, collect what is there, match it, take out what the team passes over. */
#include "runner/scan/scan.h"

#include "base/error.h"
#include "base/glob.h"
#include "runner/files/beneath.h"
#include "runner/scan/advisory/sources.h"
#include "runner/scan/bill.h"
#include "stages/scanner/match/match.h"
#include "stages/scanner/secret/secret.h"
#include "stages/scanner/suppress/suppress.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { IGNORE_FILE_MAX = 16 * 1024 * 1024, NOTES_MOST = 50 };

struct scan {
	const struct scan_options *o;
	struct scan_report *report;
	struct arena *a;
	struct scan_sources sources;
	struct secret_rules *rules;
	enum scan_target type;
	bool installed;
	const char *target; /* absolute where it is a path */
	int root;	    /* of a directory, for files beside; -1 */
	VEC(struct package_list *) lists;
	VEC(struct scan_finding) found_secrets;
	uint32_t broken;
	pipe_error first_broken;
	struct tree_image image;
};

static bool wants_vulnerabilities(const struct scan *s)
{
	return !s->o->what || s->o->what & SCAN_VULNERABILITIES;
}

static bool wants_secrets(const struct scan *s)
{
	return !s->o->what || s->o->what & SCAN_SECRETS;
}

static int note(struct scan *s, const char *text)
{
	const char **slot;

	if (s->report->notes.count >= NOTES_MOST)
		return PIPE_OK;
	slot = vec_push(s->a, &s->report->notes);
	if (slot)
		*slot = text;
	return slot && text ? PIPE_OK : PIPE_ENOMEM;
}

/* ---- what the target is ---- */

static const struct {
	const char *name;
	enum scan_target type;
} types[] = {
	{ "auto", SCAN_AUTO },	     { "image", SCAN_IMAGE },
	{ "rootfs", SCAN_ROOTFS },   { "filesystem", SCAN_FILESYSTEM },
	{ "fs", SCAN_FILESYSTEM },   { "repository", SCAN_REPOSITORY },
	{ "repo", SCAN_REPOSITORY }, { "sbom", SCAN_SBOM },
};

bool scan_target_from(const char *name, enum scan_target *out)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(types[i].name, name)) {
			*out = types[i].type;
			return true;
		}
	return false;
}

static bool has(const char *directory, const char *name, struct arena *a)
{
	const char *path = arena_printf(a, "%s/%s", directory, name);

	return path && access(path, F_OK) == 0;
}

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Text that begins an object: an SBOM; anything else that is a file is an archive. */
static bool is_json(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char head[64];
	ssize_t n = fd >= 0 ? read(fd, head, sizeof(head)) : -1;
	ssize_t i = 0;

	if (fd >= 0)
		close(fd);
	if (n >= 3 && !memcmp(head, "\xef\xbb\xbf", 3))
		i = 3;
	while (i < n && strchr(" \t\r\n", head[i]))
		i++;
	return i < n && head[i] == '{';
}

static enum scan_target look(const char *target, bool directory, struct arena *a)
{
	if (!directory)
		return is_json(target) ? SCAN_SBOM : SCAN_IMAGE;
	if (has(target, "oci-layout", a))
		return SCAN_IMAGE;
	if (has(target, "var/lib/dpkg/status", a) || has(target, "lib/apk/db/installed", a) || has(target, "etc/os-release", a))
		return SCAN_ROOTFS;
	return has(target, ".git", a) ? SCAN_REPOSITORY : SCAN_FILESYSTEM;
}

int scan_identify(struct scan_options *o, struct arena *a, pipe_error *err)
{
	const char *path = o->target;
	struct stat st;
	bool there;

	if (!path || !*path)
		return error_set(err, PIPE_EUSAGE, "it is not said what is to be scanned");
	if (*path != '/' && o->directory && !(path = arena_printf(a, "%s/%s", o->directory, path)))
		return error_nomem(err);
	there = stat(path, &st) == 0;
	if (!there && errno != ENOENT && errno != ENOTDIR)
		return error_errno(err, PIPE_EIO, errno, "%s", o->target);
	if (o->type == SCAN_AUTO)
		o->type = there ? look(path, S_ISDIR(st.st_mode), a) : SCAN_IMAGE;
	if (!there && (o->type != SCAN_IMAGE || tree_target_is_path(o->target)))
		return error_set(err, PIPE_ENOTFOUND, "there is no %.300s%s", o->target,
				 o->type == SCAN_IMAGE ? " (and it is no image of a registry)" : "");
	if (there && S_ISDIR(st.st_mode) && o->type == SCAN_SBOM)
		return error_set(err, PIPE_EUSAGE, "%.300s is a directory, and no SBOM", o->target);
	if (there)
		o->target = path;
	return PIPE_OK;
}

static int identify(struct scan *s, pipe_error *err)
{
	struct scan_options o = *s->o;
	int rc = scan_identify(&o, s->a, err);

	if (rc)
		return rc;
	s->target = o.target;
	s->type = o.type;
	s->installed = s->type == SCAN_IMAGE || s->type == SCAN_ROOTFS;
	if (!s->installed && is_directory(s->target))
		return root_open(s->target, &s->root, err);
	return PIPE_OK;
}

/* ---- what is in it ---- */

static bool is_skipped(const struct scan *s, const char *path)
{
	for (const char *const *g = s->o->skip; g && *g; g++)
		if (glob_match(*g, path))
			return true;
	return false;
}

static bool format_wants(const struct scan *s, const struct package_format *f, const struct tree_file *file)
{
	return (!f->executable || file->executable) && f->wants(file->path, s->installed);
}

static bool any_format_wants(const struct scan *s, const struct tree_file *file)
{
	for (size_t i = 0; package_formats[i]; i++)
		if (format_wants(s, package_formats[i], file))
			return true;
	return false;
}

static bool wants(void *payload, const struct tree_file *file)
{
	struct scan *s = payload;

	if (is_skipped(s, file->path))
		return false;
	return (wants_vulnerabilities(s) && (os_wants(file->path) || any_format_wants(s, file))) ||
	       (wants_secrets(s) && secret_wants(file->path, file->size));
}

/* Another file of a project; of an image there is none, since its layers pass by once. */
static const char *beside(void *payload, const char *path, size_t *length)
{
	struct scan *s = payload;
	const char *text = NULL;
	int fd;

	*length = 0;
	if (s->root < 0 || is_skipped(s, path))
		return NULL;
	fd = beneath_open(s->root, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
	if (fd < 0)
		return NULL;
	if (fd_read_all(fd, path, PACKAGE_FILE_MAX, s->a, &text, length, NULL))
		text = NULL;
	close(fd);
	return text;
}

/* See scan.h: what is broken in a project fails the scan, when all else has been looked at. */
static int complain(struct scan *s, const char *path, const pipe_error *err)
{
	const char *text = err->line ? arena_printf(s->a, "%s:%u: %s", path, err->line, err->text)
				     : arena_printf(s->a, "%s: %s", path, err->text);

	if (!s->broken++) {
		s->first_broken = *err;
		snprintf(s->first_broken.file, sizeof(s->first_broken.file), "%s", path);
	}
	return note(s, text);
}

static int take_list(struct scan *s, struct package_list *list, pipe_error *err)
{
	struct package_list **slot = list->packages.count ? vec_push(s->a, &s->lists) : NULL;

	for (uint32_t i = 0; i < list->notes.count; i++)
		if (note(s, arena_printf(s->a, "%s: %s", list->path, list->notes.items[i])))
			return error_nomem(err);
	s->report->packages += list->packages.count;
	if (slot)
		*slot = list;
	return slot || !list->packages.count ? PIPE_OK : error_nomem(err);
}

static int take_packages(struct scan *s, const struct package_format *f, const char *path, const char *bytes, size_t length,
			 pipe_error *err)
{
	struct package_list *list = ARENA_NEW(s->a, struct package_list);
	pipe_error wrong = { 0 };
	int rc;

	if (!list || !(list->path = arena_strdup(s->a, path)))
		return error_nomem(err);
	list->type = f->type;
	list->class = f->class;
	rc = f->parse(bytes, length, list, s->a, beside, s, &wrong);
	if (rc == PIPE_EPIPELINE)
		return complain(s, list->path, &wrong) ? error_nomem(err) : PIPE_OK;
	if (rc) {
		if (err)
			*err = wrong;
		return rc;
	}
	return take_list(s, list, err);
}

static int keep_secret(void *payload, const struct scan_finding *f)
{
	struct scan *s = payload;
	struct scan_finding *slot = vec_push(s->a, &s->found_secrets);

	if (!slot)
		return PIPE_ENOMEM;
	*slot = *f;
	return PIPE_OK;
}

static int visit(void *payload, const struct tree_file *file, const char *bytes, size_t length, pipe_error *err)
{
	struct scan *s = payload;
	int rc = PIPE_OK;

	s->report->files++;
	if (wants_vulnerabilities(s) && os_wants(file->path) && !os_read(&s->report->os, file->path, bytes, length, s->a))
		return error_nomem(err);
	for (size_t i = 0; wants_vulnerabilities(s) && rc == PIPE_OK && package_formats[i]; i++)
		if (format_wants(s, package_formats[i], file))
			rc = take_packages(s, package_formats[i], file->path, bytes, length, err);
	if (rc == PIPE_OK && s->rules && secret_wants(file->path, length))
		rc = secret_scan(s->rules, file->path, bytes, length, s->a, keep_secret, s, err);
	return rc;
}

/* Who can write a file here can write its digests, too; what a registry sends is always held against them. */
static bool may_be_trusted(const char *target)
{
	return access(target, F_OK) == 0;
}

/* What of the target was not looked at, and why. */
static int take_tree_notes(struct scan *s, pipe_error *err)
{
	for (const char *const *n = s->image.notes; n && *n; n++)
		if (note(s, *n))
			return error_nomem(err);
	return PIPE_OK;
}

static int collect(struct scan *s, pipe_error *err)
{
	struct tree_options tree = s->o->tree;
	int rc;

	tree.envp = s->o->envp;
	tree.unverified = !s->o->verify && may_be_trusted(s->target);

	if (s->type == SCAN_SBOM) {
		struct package_list *const *lists;
		size_t count = 0;

		rc = bill_read(s->target, s->a, &s->report->os, &lists, &count, err);
		for (size_t i = 0; rc == PIPE_OK && i < count; i++)
			rc = take_list(s, lists[i], err);
		s->report->files = 1;
		return rc;
	}
	if (s->type != SCAN_IMAGE)
		tree.kind = TREE_DIRECTORY;
	else if (is_directory(s->target))
		tree.kind = TREE_OCI_LAYOUT;
	rc = tree_scan(s->target, &tree, s->a, &s->image, wants, visit, s, err);
	return rc == PIPE_OK ? take_tree_notes(s, err) : rc;
}

/* ---- what is made of it ---- */

static int by_path(const void *a, const void *b)
{
	return strcmp((*(struct package_list *const *)a)->path, (*(struct package_list *const *)b)->path);
}

static int match(struct scan *s, pipe_error *err)
{
	struct match_options o = { .sources = s->sources.list, .development = s->o->development, .cancel = s->o->tree.cancel };

	if (!wants_vulnerabilities(s))
		return PIPE_OK;
	if (s->lists.count) /* a directory's files come in no order */
		qsort(s->lists.items, s->lists.count, sizeof(*s->lists.items), by_path);
	return scan_match(s->report, (const struct package_list *const *)s->lists.items, s->lists.count, &o, err);
}

static int by_place(const void *a, const void *b)
{
	const struct scan_finding *x = a, *y = b;
	int order = strcmp(x->path, y->path);

	return order ? order : (x->line_from > y->line_from) - (x->line_from < y->line_from);
}

/* A result for each file that holds some, as Trivy has it. */
static int add_secrets(struct scan *s, pipe_error *err)
{
	struct scan_result *result = NULL;

	if (s->found_secrets.count)
		qsort(s->found_secrets.items, s->found_secrets.count, sizeof(*s->found_secrets.items), by_place);
	for (uint32_t i = 0; i < s->found_secrets.count; i++) {
		const struct scan_finding *f = &s->found_secrets.items[i];
		struct scan_finding *slot;

		if (!result || strcmp(result->target, f->path) != 0) {
			result = vec_push(s->a, &s->report->results);
			if (!result)
				return error_nomem(err);
			result->target = f->path;
			result->class = "secret";
			result->type = "";
		}
		slot = vec_push(s->a, &result->findings);
		if (!slot)
			return error_nomem(err);
		*slot = *f;
	}
	return PIPE_OK;
}

static int read_file(struct scan *s, const char *path, const char **text, size_t *length, pipe_error *err)
{
	const char *full = *path == '/' || !s->o->directory ? path : arena_printf(s->a, "%s/%s", s->o->directory, path);
	int fd = full ? open(full, O_RDONLY | O_CLOEXEC) : -1, rc;

	if (!full)
		return error_nomem(err);
	if (fd < 0)
		return error_errno(err, errno == ENOENT ? PIPE_ENOTFOUND : PIPE_EIO, errno, "%s", path);
	rc = fd_read_all(fd, path, IGNORE_FILE_MAX, s->a, text, length, err);
	close(fd);
	return rc;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static const char *const default_ignores[] = { ".trivyignore", ".trivyignore.yaml", NULL };

static int suppress(struct scan *s, pipe_error *err)
{
	const char *const *ignores = s->o->ignore_files ? s->o->ignore_files : default_ignores;
	struct suppressions *all = suppressions_new(s->a);
	const char *text;
	size_t length;
	int rc = all ? PIPE_OK : error_nomem(err);

	for (; rc == PIPE_OK && *ignores; ignores++) {
		rc = read_file(s, *ignores, &text, &length, err);
		if (rc == PIPE_OK)
			rc = suppressions_read_ignore(all, *ignores, text, length, now_ms(), err);
		else if (rc == PIPE_ENOTFOUND && !s->o->ignore_files)
			rc = PIPE_OK;
	}
	for (const char *const *v = s->o->vex_files; rc == PIPE_OK && v && *v; v++) {
		rc = read_file(s, *v, &text, &length, err);
		if (rc == PIPE_OK)
			rc = suppressions_read_vex(all, *v, text, length, err);
	}
	return rc == PIPE_OK && !suppressions_apply(all, s->report) ? error_nomem(err) : rc;
}

/* ---- the report's head ---- */

static void describe(struct scan *s)
{
	static const char *const artifact_types[] = { [SCAN_IMAGE] = "container_image",
						      [SCAN_ROOTFS] = "filesystem",
						      [SCAN_FILESYSTEM] = "filesystem",
						      [SCAN_REPOSITORY] = "repository",
						      [SCAN_SBOM] = "cyclonedx" };
	struct scan_report *r = s->report;

	r->artifact = s->o->shown ? s->o->shown : s->o->target;
	r->artifact_type = artifact_types[s->type];
	r->image_id = s->image.id ? s->image.id : "";
	r->digest = s->image.digest ? s->image.digest : "";
	r->diff_ids = s->image.diff_ids;
	r->repo_tags = s->image.repo_tags;
	r->repo_digests = s->image.repo_digests;
}

static const char *timestamp(struct arena *a)
{
	time_t now = time(NULL);
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&now, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return arena_strdup(a, text);
}

static int judge_broken(const struct scan *s, pipe_error *err)
{
	if (!s->broken || s->installed)
		return PIPE_OK;
	error_set(err, PIPE_EPIPELINE, "%.250s%s; mend it, or pass it over with --skip %.150s", s->first_broken.text,
		  s->broken > 1 ? " (others cannot be read either)" : "", s->first_broken.file);
	if (err) {
		memcpy(err->file, s->first_broken.file, sizeof(err->file));
		err->line = s->first_broken.line;
		err->column = s->first_broken.column;
	}
	return PIPE_EPIPELINE;
}

static int open_all(struct scan *s, pipe_error *err)
{
	int64_t age = s->o->max_age_ms ? s->o->max_age_ms : SCAN_MAX_AGE_MS;
	int rc = identify(s, err);

	if (rc == PIPE_OK && wants_vulnerabilities(s))
		rc = scan_sources_open(&s->sources, s->o->db, s->o->envp, age < 0 ? 0 : age, s->a, err);
	if (rc == PIPE_OK && wants_secrets(s) && s->type != SCAN_SBOM)
		rc = secret_rules_create(&s->rules, err);
	return rc;
}

int scan_run(const struct scan_options *options, struct scan_report *report, pipe_error *err)
{
	struct scan s = { .o = options, .report = report, .a = report->arena, .root = -1 };
	int rc;

	report->os = (struct scan_os){ "", "", "", false };
	report->created = timestamp(s.a);
	rc = report->created ? open_all(&s, err) : error_nomem(err);
	if (rc == PIPE_OK)
		rc = collect(&s, err);
	if (rc == PIPE_OK)
		describe(&s);
	if (rc == PIPE_OK)
		rc = match(&s, err);
	if (rc == PIPE_OK)
		rc = add_secrets(&s, err);
	if (rc == PIPE_OK)
		rc = suppress(&s, err);
	if (rc == PIPE_OK)
		rc = judge_broken(&s, err);
	report->database = s.sources.count ? scan_sources_text(&s.sources, s.a) : "";
	if (rc == PIPE_OK && !report->database)
		rc = error_nomem(err);
	scan_sources_close(&s.sources);
	secret_rules_free(s.rules);
	if (s.root >= 0)
		close(s.root);
	return rc;
}
