/*
 * Trivy's database file as a source of advisories: mapped, and read in place.
 *
 * A file that is cut short under a map kills its reader (SIGBUS).  Ours never is: an update puts a new file under the name
 * (update.c), and this one lives on until it is closed.  One that another program keeps is held by the lock that bbolt itself takes,
 * and its size is looked at before each look-up.
 *
 * Opening it touches a handful of pages, whatever its size.
 */
#include "runner/scan/advisory/advisories.h"

#include "base/error.h"
#include "base/map.h"
#include "runner/files/beneath.h"
#include "stages/scanner/advisory/bolt.h"
#include "stages/scanner/advisory/trivy.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define GET_ANOTHER "; get another with `pipe advisories update`"
#define REDHAT "Red Hat"

enum { METADATA_MAX = 1 << 20, KEPT = 2 * 1024 * 1024 };

/* A bucket of the first level that was looked up before. */
struct source {
	const char *name;
	struct bolt_bucket bucket;
	struct trivy_source said;
};
/* All that an ecosystem's bucket, or prefix of buckets, stands for. */
struct sources {
	VEC(struct source) list;
	struct trivy_products products; /* of a release of Red Hat */
	bool redhat;
};

struct trivy_db {
	int fd;
	const uint8_t *bytes;
	size_t length;
	struct bolt bolt;
	struct arena arena; /* of what is kept */
	struct map sources; /* by ecosystem.bucket: struct sources */
	char path[PATH_MAX];
};

/* ---- opening ---- */

/* The directories in which a path may mean the database: that of the path itself, an updated one, Trivy's cache. */
static const char *const below[] = { "", "/trivy", "/db" };

static int not_there(const char *path, pipe_error *err)
{
	return error_set(
		err, PIPE_ENOTFOUND,
		"there is no database of advisories at %.300s; get one with `pipe advisories update`, or name one with --db",
		path);
}

/* The directory of the database, so that both its files are of one update; *name: of the file in it. */
static int open_directory(const char *path, int *directory, const char **name, pipe_error *err)
{
	char at[PATH_MAX];
	struct stat st;

	*name = "trivy.db";
	if (stat(path, &st))
		return errno == ENOENT || errno == ENOTDIR ? not_there(path, err) : error_errno(err, PIPE_EIO, errno, "%s", path);
	if (!S_ISDIR(st.st_mode)) {
		const char *slash = strrchr(path, '/');

		*name = slash ? slash + 1 : path;
		snprintf(at, sizeof(at), "%.*s", slash ? (int)(slash - path + 1) : 1, slash ? path : ".");
		*directory = open(at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		return *directory < 0 ? error_errno(err, PIPE_EIO, errno, "%s", at) : PIPE_OK;
	}
	for (size_t i = 0; i < sizeof(below) / sizeof(*below); i++) {
		if (snprintf(at, sizeof(at), "%s%s", path, below[i]) >= (int)sizeof(at))
			break;
		*directory = open(at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (*directory >= 0 && faccessat(*directory, *name, F_OK, 0) == 0)
			return PIPE_OK;
		if (*directory >= 0)
			close(*directory);
	}
	return not_there(path, err);
}

static int read_metadata(int directory, struct trivy_metadata *out, pipe_error *err)
{
	struct arena a = ARENA_INIT;
	const char *text;
	size_t length;
	int fd = openat(directory, "metadata.json", O_RDONLY | O_CLOEXEC), rc;

	*out = (struct trivy_metadata){ 0, 0, 0 };
	if (fd < 0) /* the file alone: how old it is cannot be known */
		return errno == ENOENT ? PIPE_OK : error_errno(err, PIPE_EIO, errno, "metadata.json of the database");
	rc = fd_read_all(fd, "metadata.json of the database", METADATA_MAX, &a, &text, &length, err);
	if (!rc)
		rc = trivy_metadata_read(text, length, out, err);
	close(fd);
	arena_clear(&a);
	return rc;
}

static int map_file(struct trivy_db *db, int directory, const char *name, pipe_error *err)
{
	struct stat st;
	void *bytes;

	db->fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	if (db->fd < 0 || fstat(db->fd, &st))
		return error_errno(err, errno == ENOENT ? PIPE_ENOTFOUND : PIPE_EIO, errno, "the database %s", db->path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, PIPE_EUSAGE, "the database %s is not a regular file", db->path);
	if (!st.st_size)
		return error_set(err, PIPE_EPIPELINE, "the database %s is an empty file", db->path);
	/* where a file system has no such locks, there is nobody to hold off */
	if (flock(db->fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK)
		return error_set(err, PIPE_EBUSY, "another program is writing the database %s: try again when it has ended",
				 db->path);
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, db->fd, 0);
	if (bytes == MAP_FAILED)
		return error_errno(err, error_code_of(errno), errno, "the database %s", db->path);
	db->bytes = bytes;
	db->length = (size_t)st.st_size;
	(void)madvise(bytes, db->length, MADV_RANDOM); /* no read-ahead: a look-up wants single pages */
	return PIPE_OK;
}

/* By seeking: the kernel tells no size for less, and this is asked once a look-up.  Nobody reads from where it leads. */
static int check_size(const struct trivy_db *db, pipe_error *err)
{
	off_t size = lseek(db->fd, 0, SEEK_END);

	if (size < 0)
		return error_errno(err, PIPE_EIO, errno, "the database %s", db->path);
	if ((uint64_t)size < db->length)
		return error_set(err, PIPE_EPIPELINE, "the database %s was cut short while it was read: try again", db->path);
	return PIPE_OK;
}

/* What was looked at would count as this process's memory until the end: it is let go now and then.  What is needed again is still in the
 * page cache. */
static void let_go(struct trivy_db *db)
{
	if (bolt_touched(&db->bolt) < KEPT)
		return;
	(void)madvise((void *)(uintptr_t)db->bytes, db->length, MADV_DONTNEED);
	bolt_forget(&db->bolt);
}

/* ---- is there anything in it? ---- */

enum { STOP = 1 }; /* of a walk that has seen what it wanted */

/* A source holds packages, a package advisories: nothing else lies on these levels. */
static int misplaced(const struct bolt_entry *entry, pipe_error *err)
{
	return error_set(err, PIPE_EPIPELINE, "the database is damaged: \"%.*s\" is in the wrong place",
			 (int)(entry->key.length < 60 ? entry->key.length : 60), entry->key.bytes);
}

static int has_value(void *payload, const struct bolt_entry *entry, pipe_error *err)
{
	(void)payload;
	if (entry->is_bucket)
		return misplaced(entry, err);
	return entry->value.length ? STOP : PIPE_OK;
}

static int has_advisory(void *payload, const struct bolt_entry *entry, pipe_error *err)
{
	(void)payload;
	return entry->is_bucket ? bolt_each(&entry->bucket, "", 0, has_value, NULL, err) : misplaced(entry, err);
}

static int has_source(void *payload, const struct bolt_entry *entry, pipe_error *err)
{
	(void)payload;
	if (!entry->is_bucket)
		return misplaced(entry, err);
	return trivy_is_source(entry->key.bytes, entry->key.length) ? bolt_each(&entry->bucket, "", 0, has_advisory, NULL, err)
								    : PIPE_OK;
}

static int check_content(const struct trivy_db *db, pipe_error *err)
{
	struct bolt_bucket root;
	int rc;

	bolt_root(&db->bolt, &root);
	rc = bolt_each(&root, "", 0, has_source, NULL, err);
	if (rc)
		return rc == STOP ? PIPE_OK : rc;
	return error_set(err, PIPE_EPIPELINE, "there is not one advisory in it");
}

/* ---- sources ---- */

static int read_source(struct trivy_db *db, struct source *s, pipe_error *err)
{
	struct bolt_bucket root, said;
	struct bolt_text value;
	int found;

	s->said = (struct trivy_source){ "", "", "" };
	bolt_root(&db->bolt, &root);
	found = bolt_find_bucket(&root, "data-source", strlen("data-source"), &said, err);
	if (found > 0)
		found = bolt_find_value(&said, s->name, strlen(s->name), &value, err);
	return found > 0 ? trivy_source_read(value.bytes, value.length, &s->said, &db->arena, err) : found;
}

struct collecting {
	struct trivy_db *db;
	struct sources *to;
	bool whole_name;
	size_t length;
};

static int collect(void *payload, const struct bolt_entry *entry, pipe_error *err)
{
	struct collecting *c = payload;
	struct source *s;

	if (c->whole_name && entry->key.length != c->length)
		return PIPE_OK;
	if (!entry->is_bucket)
		return misplaced(entry, err);
	s = vec_push(&c->db->arena, &c->to->list);
	if (!s)
		return error_nomem(err);
	s->bucket = entry->bucket;
	s->name = arena_strndup(&c->db->arena, entry->key.bytes, entry->key.length);
	return s->name ? read_source(c->db, s, err) : error_nomem(err);
}

static int read_products(struct trivy_db *db, const char *release, struct trivy_products *out, pipe_error *err)
{
	const char *const *repositories = trivy_repositories(release);
	struct bolt_bucket root, all, named;
	struct bolt_text value;
	int found, rc = PIPE_OK;

	bolt_root(&db->bolt, &root);
	found = bolt_find_bucket(&root, "Red Hat CPE", strlen("Red Hat CPE"), &all, err);
	if (found > 0)
		found = bolt_find_bucket(&all, "repository", strlen("repository"), &named, err);
	if (found <= 0)
		return found;
	for (; !rc && repositories && *repositories; repositories++) {
		found = bolt_find_value(&named, *repositories, strlen(*repositories), &value, err);
		rc = found > 0 ? trivy_products_add(out, value.bytes, value.length, &db->arena, err) : found;
	}
	return rc;
}

/* "npm::" stands for all buckets that begin so, "Red Hat 9" for "Red Hat" and the products of that release. */
static int find_sources(struct trivy_db *db, const char *bucket, struct sources **out, pipe_error *err)
{
	struct collecting c = { db, NULL, !strstr(bucket, "::"), strlen(bucket) };
	struct bolt_bucket root;
	int rc = PIPE_OK;

	*out = map_get(&db->sources, bucket, c.length);
	if (*out)
		return PIPE_OK;
	c.to = ARENA_NEW(&db->arena, struct sources);
	bucket = arena_strdup(&db->arena, bucket);
	if (!c.to || !bucket)
		return error_nomem(err);
	c.to->redhat = !strncmp(bucket, REDHAT " ", strlen(REDHAT " "));
	if (c.to->redhat) {
		c.length = strlen(REDHAT);
		rc = read_products(db, bucket + strlen(REDHAT " "), &c.to->products, err);
	}
	bolt_root(&db->bolt, &root);
	if (!rc)
		rc = bolt_each(&root, bucket, c.length, collect, &c, err);
	if (rc)
		return rc;
	*out = c.to;
	return map_put(&db->sources, &db->arena, bucket, strlen(bucket), c.to) ? PIPE_OK : error_nomem(err);
}

/* ---- looking up ---- */

/* What a package has: by id, as a later source of the same ecosystem has the last word. */
struct finding {
	struct arena *arena;
	const struct source *source;
	const struct trivy_source *said; /* of it, in the arena: advisories outlive the database */
	const struct sources *sources;
	VEC(struct trivy_value) values;
	struct map by_key; /* index + 1; used when there are several sources */
};

static int take_value(void *payload, const struct bolt_entry *entry, pipe_error *err)
{
	struct finding *f = payload;
	struct trivy_value *to;
	uintptr_t before;

	if (entry->is_bucket)
		return misplaced(entry, err);
	if (!entry->value.length)
		return PIPE_OK;
	before = (uintptr_t)map_get(&f->by_key, entry->key.bytes, entry->key.length);
	to = before ? &f->values.items[before - 1] : vec_push(f->arena, &f->values);
	if (!to)
		return error_nomem(err);
	*to = (struct trivy_value){
		.bucket = f->source->name,
		.key = before ? to->key : arena_strndup(f->arena, entry->key.bytes, entry->key.length),
		.bytes = entry->value.bytes,
		.length = entry->value.length,
		.source = f->said,
		.products = f->sources->redhat ? &f->sources->products : NULL,
	};
	if (!to->key)
		return error_nomem(err);
	if (!before && f->sources->list.count > 1 &&
	    !map_put(&f->by_key, f->arena, to->key, entry->key.length, (void *)(uintptr_t)f->values.count))
		return error_nomem(err);
	return PIPE_OK;
}

static const struct trivy_source *copy_said(const struct trivy_source *said, struct arena *a)
{
	struct trivy_source *copy = ARENA_NEW(a, struct trivy_source);

	if (!copy)
		return NULL;
	copy->id = arena_strdup(a, said->id);
	copy->name = arena_strdup(a, said->name);
	copy->url = arena_strdup(a, said->url);
	return copy->id && copy->name && copy->url ? copy : NULL;
}

/* What one source has on the package. */
static int look_in(struct finding *f, const char *package, pipe_error *err)
{
	struct bolt_bucket bucket;
	int found = bolt_find_bucket(&f->source->bucket, package, strlen(package), &bucket, err);

	if (found <= 0)
		return found;
	f->said = copy_said(&f->source->said, f->arena);
	return f->said ? bolt_each(&bucket, "", 0, take_value, f, err) : error_nomem(err);
}

static int look_up(void *payload, const struct ecosystem *e, const char *package, struct arena *a,
		   int (*each)(void *context, const struct advisory *advisory), void *context, pipe_error *err)
{
	struct trivy_db *db = payload;
	struct finding f = { .arena = a };
	struct sources *sources;
	int rc = check_size(db, err);

	if (rc || !*e->bucket || !*package)
		return rc;
	let_go(db);
	rc = find_sources(db, e->bucket, &sources, err);
	f.sources = sources;
	for (uint32_t i = 0; !rc && i < sources->list.count; i++) {
		f.source = &sources->list.items[i];
		rc = look_in(&f, package, err);
	}
	for (uint32_t i = 0; !rc && i < f.values.count; i++)
		rc = trivy_advisory_read(&f.values.items[i], a, each, context, err);
	return rc;
}

static int details(void *payload, const char *id, struct arena *a, struct advisory_details *out, pipe_error *err)
{
	struct trivy_db *db = payload;
	struct bolt_bucket root, all;
	struct bolt_text value;
	int rc = check_size(db, err);

	if (rc)
		return rc;
	let_go(db);
	bolt_root(&db->bolt, &root);
	rc = bolt_find_bucket(&root, "vulnerability", strlen("vulnerability"), &all, err);
	if (rc > 0)
		rc = bolt_find_value(&all, id, strlen(id), &value, err);
	if (rc < 0)
		return rc;
	return rc ? trivy_details_read(value.bytes, value.length, a, out, err)
		  : error_set(err, PIPE_ENOTFOUND, "the database knows nothing of %.60s", id);
}

static bool covers(void *payload, const struct ecosystem *e)
{
	struct trivy_db *db = payload;
	struct sources *sources;

	if (!*e->bucket || check_size(db, NULL) || find_sources(db, e->bucket, &sources, NULL))
		return false;
	if (sources->redhat && !sources->products.numbers.count)
		return false;
	for (uint32_t i = 0; i < sources->list.count; i++)
		if (bolt_each(&sources->list.items[i].bucket, "", 0, has_advisory, NULL, NULL) == STOP)
			return true;
	return false;
}

static void db_close(void *payload)
{
	struct trivy_db *db = payload;

	if (!db)
		return;
	if (db->bytes)
		munmap((void *)(uintptr_t)db->bytes, db->length);
	if (db->fd >= 0)
		close(db->fd);
	arena_clear(&db->arena);
	free(db);
}

/* The way out stands behind what is wrong. */
static int refused(const struct trivy_db *db, int rc, pipe_error *err)
{
	pipe_error why;

	if (!err || rc != PIPE_EPIPELINE)
		return rc;
	why = *err;
	error_set(err, PIPE_EPIPELINE, "%.200s: %.200s%s", db->path, why.text, GET_ANOTHER);
	return rc;
}

int trivy_db_open(struct advisory_source *out, const char *path, pipe_error *err)
{
	struct trivy_db *db = calloc(1, sizeof(*db));
	struct trivy_metadata metadata;
	int directory = -1, rc;
	const char *name;

	if (!db)
		return error_nomem(err);
	db->fd = -1;
	rc = open_directory(path, &directory, &name, err);
	if (rc)
		goto done;
	snprintf(db->path, sizeof(db->path), "%s", path);
	rc = map_file(db, directory, name, err);
	if (!rc)
		rc = read_metadata(directory, &metadata, err);
	if (!rc)
		rc = bolt_open(&db->bolt, db->bytes, db->length, &db->arena, err);
	if (!rc)
		rc = check_content(db, err);
	if (rc) {
		rc = refused(db, rc, err);
		goto done;
	}
	*out = (struct advisory_source){
		.name = "Trivy's database",
		.path = db->path,
		.updated_ms = metadata.updated_ms,
		.look_up = look_up,
		.details = details,
		.covers = covers,
		.close = db_close,
		.payload = db,
	};
	db = NULL;
done:
	if (directory >= 0)
		close(directory);
	db_close(db);
	return rc;
}
