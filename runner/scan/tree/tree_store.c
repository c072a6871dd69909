/* The members of a tar are listed once: name, place and size, or where a link leads. */
#include "runner/scan/tree/tree_store.h"

#include "base/error.h"
#include "base/map.h"
#include "runner/files/beneath.h"
#include "runner/files/digest.h"
#include "runner/scan/layer/layer_stream.h"
#include "runner/scan/layer/tar_plain.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MEMBERS_MAX = 100 * 1000, TEXT_MAX = 16 * 1024 * 1024, LINKS_MAX = 8, READ = 64 * 1024 };

struct member {
	uint64_t offset, length;
	const char *link; /* clean; or NULL */
};

struct tree_store {
	struct tree_walk *w;
	const char *path;
	int fd; /* of the directory, or of the tar */
	bool directory;
	struct arena a;
	struct map members;
	uint32_t count;
	/* While it is listed. */
	struct tar_plain plain;
	struct archive_library lib;
	void *handle;
	struct archive *tar;
	struct tree_part whole;
	uint64_t at;
	int read_error;
	char *buffer;
};

/* ---- listing a tar ---- */

static la_ssize_t on_read(struct archive *a, void *payload, const void **bytes)
{
	struct tree_store *s = payload;
	int64_t n = tree_part_read(&s->whole, s->at, s->buffer, READ);

	(void)a;
	if (n < 0)
		s->read_error = errno;
	else
		s->at += (uint64_t)n;
	*bytes = s->buffer;
	return (la_ssize_t)n;
}

static la_int64_t on_skip(struct archive *a, void *payload, la_int64_t request)
{
	struct tree_store *s = payload;
	uint64_t left = s->whole.length - s->at, n = request < 0 ? 0 : (uint64_t)request;

	(void)a;
	n = n < left ? n : left;
	s->at += n;
	return (la_int64_t)n;
}

static const struct {
	const char *magic;
	size_t length;
	const char *name;
} others[] = { { "PK\3\4", 4, "a zip archive" },
	       { "PK\5\6", 4, "a zip archive" },
	       { "7z\xbc\xaf", 4, "a 7-Zip archive" },
	       { "\x7f"
		 "ELF",
		 4, "a program" },
	       { "!<arch>\n", 8, "an ar archive (a Debian package?)" },
	       { "\xed\xab\xee\xdb", 4, "an RPM package" },
	       { "hsqs", 4, "a squashfs image" },
	       { "Rar!", 4, "a RAR archive" },
	       { "{", 1, "a JSON document" } };

static const char *what_it_is(struct tree_store *s)
{
	char head[16];
	int64_t n = tree_part_read(&s->whole, 0, head, sizeof(head));

	for (size_t i = 0; n > 0 && i < sizeof(others) / sizeof(*others); i++)
		if ((size_t)n >= others[i].length && !memcmp(head, others[i].magic, others[i].length))
			return others[i].name;
	return n ? "no archive that is known here" : "empty";
}

static int no_tar(struct tree_store *s, pipe_error *err)
{
	const char *why = s->lib.archive_error_string(s->tar);

	if (s->read_error)
		return error_errno(err, error_code_of(s->read_error), s->read_error, "%s", s->path);
	if (s->lib.archive_errno(s->tar) == ENOMEM)
		return error_nomem(err);
	if (s->count)
		return error_set(err, PIPE_EPIPELINE, "%s: truncated or damaged: %s", s->path, why ? why : "it ends too early");
	return error_set(err, PIPE_EPIPELINE,
			 "%s is %s; a directory, an OCI layout or a docker archive (tar, also with gzip or zstd) can be scanned",
			 s->path, what_it_is(s));
}

/* Relative to the directory of the link. */
static const char *link_target(struct tree_store *s, const char *name, const char *to, bool hard)
{
	const char *slash = hard || *to == '/' ? NULL : strrchr(name, '/');
	const char *joined = slash ? arena_printf(&s->a, "%.*s/%s", (int)(slash - name), name, to) : to;
	char *out = joined ? arena_text(&s->a, strlen(joined) + 1) : NULL, *end = out;

	for (const char *p = joined; out && *p;) {
		size_t n = strcspn(p, "/");

		if (n == 2 && !memcmp(p, "..", 2)) {
			if (end == out)
				return "";
			while (end > out && *--end != '/')
				;
		} else if (n && !(n == 1 && *p == '.')) {
			if (end != out)
				*end++ = '/';
			memcpy(end, p, n);
			end += n;
		}
		p += n + (p[n] == '/');
	}
	if (out)
		*end = '\0';
	return out;
}

/* offset: where its content begins. */
static int add_member(struct tree_store *s, const struct tar_entry *e, uint64_t offset, pipe_error *err)
{
	const char *name;
	struct member *m;
	bool nomem;

	if (++s->count > MEMBERS_MAX)
		return error_set(err, PIPE_ELIMIT, "%s has more than %d members, too many for an image archive", s->path,
				 MEMBERS_MAX);
	if (!e->path || (!e->link && !e->soft && !e->regular))
		return PIPE_OK;
	name = path_clean(e->path, &s->a, &nomem);
	if (!name || !*name)
		return !name && nomem ? error_nomem(err) : PIPE_OK;
	m = ARENA_NEW(&s->a, struct member);
	if (!m || !map_put(&s->members, &s->a, name, strlen(name), m))
		return error_nomem(err);
	if (e->link || e->soft) {
		m->link = link_target(s, name, e->link ? e->link : e->soft, e->link != NULL);
		return m->link ? PIPE_OK : error_nomem(err);
	}
	m->offset = offset;
	m->length = e->size;
	if (m->offset > s->whole.length || m->length > s->whole.length - m->offset)
		return error_set(err, PIPE_EPIPELINE, "%s: truncated: \"%.200s\" goes beyond its end", s->path, name);
	return PIPE_OK;
}

/* What begins at `from`, to the end. */
static int list_by_library(struct tree_store *s, uint64_t from, pipe_error *err)
{
	struct archive_entry *e;
	int got, rc = archive_library_open(&s->lib, &s->handle, err);

	if (rc)
		return rc;
	s->at = from;
	s->buffer = malloc(READ);
	s->tar = s->lib.archive_read_new();
	if (!s->buffer || !s->tar)
		return error_nomem(err);
	if (s->lib.archive_read_support_format_tar(s->tar) != ARCHIVE_OK ||
	    s->lib.archive_read_open2(s->tar, s, NULL, on_read, on_skip, NULL) != ARCHIVE_OK)
		return no_tar(s, err);
	while ((got = s->lib.archive_read_next_header(s->tar, &e)) == ARCHIVE_OK || got == ARCHIVE_WARN) {
		struct tar_entry entry = tar_entry_of(&s->lib, e);

		rc = add_member(s, &entry, from + (uint64_t)s->lib.archive_filter_bytes(s->tar, 0), err);
		if (rc == PIPE_OK)
			rc = tree_cancelled(s->w, err);
		if (rc)
			return rc;
	}
	return got == ARCHIVE_EOF && s->count ? PIPE_OK : no_tar(s, err);
}

static int list(struct tree_store *s, pipe_error *err)
{
	struct tar_entry e;
	enum tar_step step;
	int rc = PIPE_OK;

	if (!tar_plain_open(&s->plain, &s->whole))
		return error_nomem(err);
	while ((step = tar_plain_next(&s->plain, &e)) == TAR_ENTRY) {
		rc = add_member(s, &e, s->plain.data, err);
		if (rc == PIPE_OK)
			rc = tree_cancelled(s->w, err);
		if (rc)
			return rc;
	}
	if (step == TAR_FAILED)
		return error_errno(err, error_code_of(errno), errno, "%s", s->path);
	/* What is empty is libarchive's to judge, too. */
	return step == TAR_END && s->count ? PIPE_OK : list_by_library(s, s->plain.position, err);
}

/* ---- opening ---- */

static int copy_stream(struct tree_store *s, struct layer_stream *stream, int to, pipe_error *err)
{
	const void *bytes;
	size_t length;
	int rc;

	while ((rc = layer_stream_next(stream, &bytes, &length, err)) == PIPE_OK && length)
		if (fd_write_all(to, bytes, length))
			return error_errno(err, error_code_of(errno), errno, "cannot unpack %s", s->path);
	return rc;
}

/* Members are looked up in any order: that needs a file that can be read anywhere. */
static int unpack(struct tree_store *s, pipe_error *err)
{
	struct layer_stream *stream = NULL;
	struct stat st;
	int to = -1, rc = tree_scratch_file(s->w, &to, err);

	if (rc == PIPE_OK)
		rc = layer_stream_open(&stream, s->w, &s->whole, s->path, NULL, NULL, err);
	if (rc == PIPE_OK)
		rc = copy_stream(s, stream, to, err);
	layer_stream_close(stream);
	if (rc == PIPE_OK && fstat(to, &st))
		rc = error_errno(err, PIPE_EIO, errno, "%s", s->path);
	if (rc) {
		if (to >= 0)
			close(to);
		return rc;
	}
	close(s->fd);
	s->fd = to;
	s->whole = (struct tree_part){ to, false, 0, (uint64_t)st.st_size };
	s->w->unpacked = 0;
	return PIPE_OK;
}

static int open_it(struct tree_store *s, pipe_error *err)
{
	char head[8];
	struct stat st;
	int64_t n;
	int rc;

	s->fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (s->fd < 0 || fstat(s->fd, &st))
		return error_errno(err, errno == ENOENT ? PIPE_ENOTFOUND : error_code_of(errno), errno, "%s", s->path);
	s->directory = S_ISDIR(st.st_mode);
	if (s->directory)
		return PIPE_OK;
	if (!S_ISREG(st.st_mode))
		return error_set(err, PIPE_EPIPELINE, "%s is neither a directory nor a regular file", s->path);
	s->whole = (struct tree_part){ s->fd, false, 0, (uint64_t)st.st_size };
	n = tree_part_read(&s->whole, 0, head, sizeof(head));
	if (n < 0)
		return error_errno(err, error_code_of(errno), errno, "%s", s->path);
	rc = layer_compression(head, (size_t)n) ? unpack(s, err) : PIPE_OK;
	return rc ? rc : list(s, err);
}

static void end_listing(struct tree_store *s)
{
	if (s->tar)
		s->lib.archive_read_free(s->tar);
	lazy_close(s->handle);
	tar_plain_close(&s->plain);
	free(s->buffer);
	s->tar = NULL;
	s->handle = NULL;
	s->buffer = NULL;
}

int tree_store_open(struct tree_store **out, struct tree_walk *w, const char *path, pipe_error *err)
{
	struct tree_store *s = calloc(1, sizeof(*s));
	int rc;

	*out = NULL;
	if (!s)
		return error_nomem(err);
	s->w = w;
	s->path = path;
	s->fd = -1;
	rc = open_it(s, err);
	end_listing(s);
	if (rc)
		tree_store_close(s);
	else
		*out = s;
	return rc;
}

void tree_store_close(struct tree_store *s)
{
	if (!s)
		return;
	if (s->fd >= 0)
		close(s->fd);
	arena_clear(&s->a);
	free(s);
}

/* ---- members ---- */

static const struct member *find(const struct tree_store *s, const char *name)
{
	for (unsigned links = 0; links < LINKS_MAX; links++) {
		const struct member *m = map_get(&s->members, name, strlen(name));

		if (!m || !m->link)
			return m;
		name = m->link;
	}
	return NULL;
}

bool tree_store_has(const struct tree_store *s, const char *member)
{
	struct stat st;

	return s->directory ? fstatat(s->fd, member, &st, 0) == 0 && S_ISREG(st.st_mode) : find(s, member) != NULL;
}

static int open_in_directory(struct tree_store *s, const char *member, struct tree_part *part, pipe_error *err)
{
	int fd = beneath_open_follow(s->fd, member, O_RDONLY | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? error_set(err, PIPE_ENOTFOUND, "%s: there is no \"%.200s\" in it", s->path, member)
				       : error_errno(err, error_code_of(errno), errno, "%s/%.200s", s->path, member);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return error_set(err, PIPE_EPIPELINE, "%s/%.200s is no regular file", s->path, member);
	}
	*part = (struct tree_part){ fd, true, 0, (uint64_t)st.st_size };
	return PIPE_OK;
}

int tree_store_part(struct tree_store *s, const char *member, struct tree_part *part, pipe_error *err)
{
	const char *clean = path_clean(member, &s->a, NULL);
	const struct member *m;

	if (!clean || !*clean)
		return error_set(err, PIPE_EPIPELINE, "%s: \"%.200s\" leads out of it", s->path, member);
	if (s->directory)
		return open_in_directory(s, clean, part, err);
	m = find(s, clean);
	if (!m)
		return error_set(err, PIPE_ENOTFOUND, "%s: there is no \"%.200s\" in it", s->path, member);
	*part = (struct tree_part){ s->fd, false, m->offset, m->length };
	return PIPE_OK;
}

int tree_digest_of(struct tree_walk *w, const char *bytes, size_t length, const char **out, pipe_error *err)
{
	char hex[DIGEST_TEXT];
	struct digest *d;
	int rc = digest_create(&d, "sha256", err);

	if (rc)
		return rc;
	digest_add(d, bytes, length);
	rc = digest_hex(d, hex, err);
	digest_free(d);
	if (rc == PIPE_OK && !(*out = arena_printf(w->a, "sha256:%s", hex)))
		rc = error_nomem(err);
	return rc;
}

int tree_digest_verify(struct tree_walk *w, const char *what, const char *digest, const char *bytes, size_t length,
		       pipe_error *err)
{
	char algorithm[8] = "", hex[DIGEST_TEXT];
	struct digest *d;
	int rc = layer_digest_check(digest, what, err);

	(void)w;
	if (rc)
		return rc;
	memcpy(algorithm, digest, 6);
	rc = digest_create(&d, algorithm, err);
	if (rc)
		return rc;
	digest_add(d, bytes, length);
	rc = digest_hex(d, hex, err);
	digest_free(d);
	if (rc == PIPE_OK && strcmp(hex, digest + 7) != 0)
		rc = error_set(err, PIPE_EPIPELINE,
			       "%s: its digest is %s:%s, not what it should be, %s: it is damaged or was changed", what,
			       algorithm, hex, digest);
	return rc;
}

int tree_store_read(struct tree_store *s, const char *member, const char *digest, const char **text, size_t *length,
		    pipe_error *err)
{
	struct tree_part part;
	char *bytes;
	int64_t n;
	int rc = tree_store_part(s, member, &part, err);

	if (rc)
		return rc;
	if (part.length > TEXT_MAX) {
		rc = error_set(err, PIPE_ELIMIT, "%s: \"%.200s\" is larger than %d MiB", s->path, member, TEXT_MAX >> 20);
		goto done;
	}
	bytes = arena_text(s->w->a, (size_t)part.length + 1);
	n = bytes ? tree_part_read(&part, 0, bytes, (size_t)part.length) : 0;
	if (!bytes)
		rc = error_nomem(err);
	else if (n < 0)
		rc = error_errno(err, error_code_of(errno), errno, "%s/%.200s", s->path, member);
	else if ((uint64_t)n < part.length)
		rc = error_set(err, PIPE_EPIPELINE, "%s: \"%.200s\" is truncated", s->path, member);
	if (rc)
		goto done;
	bytes[n] = '\0';
	*text = bytes;
	*length = (size_t)n;
	rc = digest ? tree_digest_verify(s->w, member, digest, bytes, *length, err) : PIPE_OK;
done:
	tree_part_close(&part);
	return rc;
}
