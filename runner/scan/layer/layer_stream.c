/*
 * A ring of blocks between one who fills them (reads, checks the digest of the bytes as they are kept, unpacks) and one who empties them
 * (checks the digest of the unpacked bytes).  `filled` and `emptied` only grow; a block belongs to the filler while
 * filled - emptied < BLOCKS, and the last one handed out to the caller until he asks for the next.
 * BLOCKS is a power of two, so that they may wrap.  What the filler fails with is kept until the blocks before it have been emptied.
 */
#include "runner/scan/layer/layer_stream.h"

#include "base/error.h"
#include "runner/files/archive_library.h"
#include "runner/files/digest.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 256 * 1024, BLOCKS = 8, INPUT = 128 * 1024, WORTH_A_THREAD = 1024 * 1024 };
static const uint64_t ratio_counts_from = UINT64_C(64) << 20;

struct check { /* of a digest */
	struct digest *digest;
	const char *expected; /* NULL: none */
};

struct layer_stream {
	struct tree_walk *w;
	const struct tree_part *part;
	const char *what, *compression;
	struct check packed, unpacked;
	const char *same; /* of what is not compressed: the other digest of the same bytes */
	struct archive_library lib;
	void *handle;
	struct archive *raw;
	uint64_t at, bytes, bytes_before; /* read; unpacked; of the layers before */
	const char *rest;		  /* of the block that libarchive gave */
	size_t rest_length;
	bool finished; /* the filler */
	int failed;
	pipe_error failure;
	size_t lengths[BLOCKS];
	char *blocks, *input;
	bool threaded, holding, stop;
	unsigned filled, emptied;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
};

static const struct {
	const char *name, *magic;
	size_t length;
} compressions[] = { { "gzip", "\x1f\x8b", 2 },
		     { "zstd", "\x28\xb5\x2f\xfd", 4 },
		     { "bzip2", "BZh", 3 },
		     { "xz",
		       "\xfd"
		       "7zXZ",
		       6 } };

const char *layer_compression(const void *head, size_t length)
{
	for (size_t i = 0; i < sizeof(compressions) / sizeof(*compressions); i++)
		if (length >= compressions[i].length && !memcmp(head, compressions[i].magic, compressions[i].length))
			return compressions[i].name;
	return NULL;
}

/* ---- digests ---- */

static const struct {
	const char *prefix;
	size_t hex;
} algorithms[] = { { "sha256:", 64 }, { "sha384:", 96 }, { "sha512:", 128 } };

int layer_digest_check(const char *digest, const char *what, pipe_error *err)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(*algorithms); i++) {
		size_t n = strlen(algorithms[i].prefix);

		if (strncmp(digest, algorithms[i].prefix, n) != 0)
			continue;
		if (strlen(digest) == n + algorithms[i].hex && strspn(digest + n, "0123456789abcdef") == algorithms[i].hex)
			return PIPE_OK;
		return error_set(err, PIPE_EPIPELINE, "%s: \"%.140s\" is no digest: \"%s\" and %zu hexadecimal digits would be",
				 what, digest, algorithms[i].prefix, algorithms[i].hex);
	}
	return error_set(err, PIPE_EPIPELINE,
			 "%s: the digest \"%.140s\" is of an algorithm that is not known here; sha256, sha384 "
			 "and sha512 are",
			 what, digest);
}

static int check_begin(struct check *c, const char *expected, const char *what, pipe_error *err)
{
	char algorithm[7];
	int rc;

	if (!expected)
		return PIPE_OK;
	rc = layer_digest_check(expected, what, err);
	if (rc)
		return rc;
	memcpy(algorithm, expected, 6);
	algorithm[6] = '\0';
	c->expected = expected;
	return digest_create(&c->digest, algorithm, err);
}

static int check_end(struct check *c, const char *what, const char *which, pipe_error *err)
{
	char hex[DIGEST_TEXT];
	int rc;

	if (!c->digest)
		return PIPE_OK;
	rc = digest_hex(c->digest, hex, err);
	digest_free(c->digest);
	c->digest = NULL;
	if (rc == PIPE_OK && strcmp(hex, c->expected + 7) != 0)
		rc = error_set(err, PIPE_EPIPELINE,
			       "%s: its %s is %.7s%s, not what it should be, %s: it is damaged or was changed", what, which,
			       c->expected, hex, c->expected);
	return rc;
}

static void check_add(struct check *c, const void *bytes, size_t length)
{
	if (c->digest)
		digest_add(c->digest, bytes, length);
}

/* ---- filling ---- */

static int truncated(const struct layer_stream *s, pipe_error *err)
{
	return error_set(err, PIPE_EPIPELINE, "%s: truncated: %llu of its %llu bytes are there", s->what,
			 (unsigned long long)s->at, (unsigned long long)s->part->length);
}

/* The next packed bytes; 0: the end. */
static int64_t pull(struct layer_stream *s, char *buffer, size_t size, pipe_error *err)
{
	int64_t n = tree_part_read(s->part, s->at, buffer, size);

	if (n < 0)
		return error_errno(err, error_code_of(errno), errno, "%s", s->what);
	if (n == 0 && s->at < s->part->length)
		return truncated(s, err);
	s->at += (uint64_t)n;
	check_add(&s->packed, buffer, (size_t)n);
	return n;
}

static la_ssize_t on_read(struct archive *a, void *payload, const void **buffer)
{
	struct layer_stream *s = payload;
	int64_t n = pull(s, s->input, INPUT, &s->failure);

	(void)a;
	if (n < 0)
		s->failed = (int)n;
	*buffer = s->input;
	return n < 0 ? -1 : (la_ssize_t)n;
}

static int damaged(struct layer_stream *s, pipe_error *err)
{
	const char *why = s->lib.archive_error_string(s->raw);

	if (s->failed) {
		*err = s->failure;
		return s->failed;
	}
	if (s->lib.archive_errno(s->raw) == ENOMEM)
		return error_nomem(err);
	return error_set(err, PIPE_EPIPELINE, "%s: truncated or damaged: %s", s->what, why ? why : "it ends too early");
}

static int filter_on(struct layer_stream *s)
{
	switch (*s->compression) {
	case 'g':
		return s->lib.archive_read_support_filter_gzip(s->raw);
	case 'z':
		return s->lib.archive_read_support_filter_zstd(s->raw);
	case 'b':
		return s->lib.archive_read_support_filter_bzip2(s->raw);
	default:
		return s->lib.archive_read_support_filter_xz(s->raw);
	}
}

static int start_unpacking(struct layer_stream *s, pipe_error *err)
{
	struct archive_entry *e;
	int rc = archive_library_open(&s->lib, &s->handle, err);

	if (rc)
		return rc;
	s->input = malloc(INPUT);
	s->raw = s->lib.archive_read_new();
	if (!s->raw || !s->input)
		return error_nomem(err);
	/* A libarchive that was built without one of them would start a program instead. */
	if (filter_on(s) != ARCHIVE_OK)
		return error_set(err, PIPE_EUNSUPPORTED, "%s: this libarchive cannot unpack %s", s->what, s->compression);
	if (s->lib.archive_read_support_format_raw(s->raw) != ARCHIVE_OK ||
	    s->lib.archive_read_open(s->raw, s, NULL, on_read, NULL) != ARCHIVE_OK ||
	    s->lib.archive_read_next_header(s->raw, &e) != ARCHIVE_OK)
		return damaged(s, err);
	/* libarchive would go on for as long as it finds the same again; the last filter is its reader. */
	if (s->lib.archive_filter_count(s->raw) > 2)
		return error_set(err, PIPE_EPIPELINE, "%s is compressed more than once: there is %s in the %s", s->what,
				 s->compression, s->compression);
	return PIPE_OK;
}

static int within_bounds(struct layer_stream *s, size_t more, pipe_error *err)
{
	const struct tree_limits *l = &s->w->limits;

	s->bytes += more;
	if (s->bytes > l->bytes - s->bytes_before)
		return tree_over(err, "bytes", l->bytes, "%s: the layers unpack to more than may be looked at", s->what);
	if (s->bytes > ratio_counts_from && s->bytes / l->ratio > s->at)
		return tree_over(err, "ratio", l->ratio, "%s: %llu bytes unpack to more than %llu: a decompression bomb?",
				 s->what, (unsigned long long)s->at, (unsigned long long)s->bytes);
	return tree_cancelled(s->w, err);
}

static int fill_plain(struct layer_stream *s, char *block, size_t *length, pipe_error *err)
{
	int64_t n = pull(s, block, BLOCK, err);

	*length = n < 0 ? 0 : (size_t)n;
	return n < 0 ? (int)n : PIPE_OK;
}

/* What libarchive gives at a time is often small: gathered, for the sake of those who wait for each other. */
static int fill_unpacked(struct layer_stream *s, char *block, size_t *length, pipe_error *err)
{
	const void *next;
	la_int64_t offset;

	if (!s->raw) {
		int rc = start_unpacking(s, err);

		if (rc)
			return rc;
	}
	while (*length < BLOCK) {
		size_t n = s->rest_length < BLOCK - *length ? s->rest_length : BLOCK - *length;
		int got;

		memcpy(block + *length, n ? s->rest : "", n);
		*length += n;
		s->rest = n ? s->rest + n : NULL;
		s->rest_length -= n;
		if (s->rest_length)
			break;
		got = s->lib.archive_read_data_block(s->raw, &next, &s->rest_length, &offset);
		s->rest = next;
		if (got == ARCHIVE_EOF) {
			s->rest_length = 0;
			break;
		}
		if (got != ARCHIVE_OK)
			return damaged(s, err);
	}
	return PIPE_OK;
}

/* What stands behind the compressed data counts for its digest. */
static int fill_end(struct layer_stream *s, pipe_error *err)
{
	int64_t n = 0;

	while (s->compression && (n = pull(s, s->input, INPUT, err)) > 0)
		;
	return n < 0 ? (int)n : check_end(&s->packed, s->what, "digest", err);
}

/* *length 0: the end. */
static int fill(struct layer_stream *s, char *block, size_t *length, pipe_error *err)
{
	int rc;

	*length = 0;
	rc = s->compression ? fill_unpacked(s, block, length, err) : fill_plain(s, block, length, err);
	if (rc == PIPE_OK && *length)
		return within_bounds(s, *length, err);
	return rc ? rc : fill_end(s, err);
}

static void *work(void *payload)
{
	struct layer_stream *s = payload;
	bool go_on = true;

	while (go_on) {
		unsigned slot;
		pipe_error err = { 0 };
		int rc;

		pthread_mutex_lock(&s->lock);
		while (!s->stop && s->filled - s->emptied == BLOCKS)
			pthread_cond_wait(&s->wake, &s->lock);
		go_on = !s->stop;
		slot = s->filled % BLOCKS;
		pthread_mutex_unlock(&s->lock);
		if (!go_on)
			break;
		rc = fill(s, s->blocks + (size_t)slot * BLOCK, &s->lengths[slot], &err);
		pthread_mutex_lock(&s->lock);
		if (rc) {
			s->failed = rc;
			s->failure = err;
		}
		s->finished = rc || !s->lengths[slot];
		s->filled += !rc;
		go_on = !s->finished;
		pthread_cond_broadcast(&s->wake);
		pthread_mutex_unlock(&s->lock);
	}
	return NULL;
}

/* ---- emptying ---- */

/* A host's signals are for its own threads. */
static void start_thread(struct layer_stream *s)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	s->threaded = pthread_create(&s->thread, NULL, work, s) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static int begin(struct layer_stream *s, const char *digest, const char *diff_id, pipe_error *err)
{
	char head[8];
	int64_t n = tree_part_read(s->part, 0, head, sizeof(head));
	int rc;

	if (n < 0)
		return error_errno(err, error_code_of(errno), errno, "%s", s->what);
	s->compression = layer_compression(head, (size_t)n);
	/* Not compressed: one look at the bytes is enough for both, if they are of one algorithm. */
	if (!s->compression && digest && diff_id && !strncmp(digest, diff_id, 7)) {
		s->same = digest;
		digest = NULL;
	}
	rc = check_begin(&s->packed, digest, s->what, err);
	if (rc == PIPE_OK)
		rc = check_begin(&s->unpacked, diff_id, s->what, err);
	if (rc)
		return rc;
	s->blocks = malloc((size_t)BLOCK * BLOCKS);
	if (!s->blocks)
		return error_nomem(err);
	if (s->part->length >= WORTH_A_THREAD)
		start_thread(s);
	return PIPE_OK;
}

int layer_stream_open(struct layer_stream **out, struct tree_walk *w, const struct tree_part *part, const char *what,
		      const char *digest, const char *diff_id, pipe_error *err)
{
	struct layer_stream *s = calloc(1, sizeof(*s));
	int rc;

	*out = NULL;
	if (!s)
		return error_nomem(err);
	s->w = w;
	s->part = part;
	s->what = what;
	s->bytes_before = w->unpacked;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->wake, NULL);
	rc = begin(s, digest, diff_id, err);
	if (rc) {
		layer_stream_close(s);
		return rc;
	}
	*out = s;
	return PIPE_OK;
}

/* Waits for a block; the one that was handed out before is given back. */
static int take(struct layer_stream *s, const char **block, size_t *length, pipe_error *err)
{
	int rc = PIPE_OK;

	pthread_mutex_lock(&s->lock);
	s->emptied += s->holding;
	s->holding = false;
	pthread_cond_broadcast(&s->wake);
	while (s->filled == s->emptied && !s->finished)
		pthread_cond_wait(&s->wake, &s->lock);
	if (s->filled != s->emptied) {
		*block = s->blocks + (size_t)(s->emptied % BLOCKS) * BLOCK;
		*length = s->lengths[s->emptied % BLOCKS];
		s->holding = true;
	} else if (s->failed) {
		rc = s->failed;
		*err = s->failure;
	}
	pthread_mutex_unlock(&s->lock);
	return rc;
}

static int at_end(struct layer_stream *s, pipe_error *err)
{
	int rc = PIPE_OK;

	if (s->same && s->unpacked.digest && strcmp(s->same, s->unpacked.expected) != 0)
		rc = error_set(err, PIPE_EPIPELINE,
			       "%s: it is not compressed, and yet its digest is given as %s and its diff id as %s", s->what,
			       s->same, s->unpacked.expected);
	return rc ? rc : check_end(&s->unpacked, s->what, s->same ? "digest" : "diff id", err);
}

int layer_stream_next(struct layer_stream *s, const void **bytes, size_t *length, pipe_error *err)
{
	pipe_error mine = { 0 };
	const char *block = s->blocks;
	int rc;

	*length = 0;
	if (s->threaded)
		rc = take(s, &block, length, &mine);
	else if (!s->finished)
		rc = fill(s, s->blocks, length, &mine);
	else
		rc = s->failed;
	if (!s->threaded && (rc || !*length)) {
		s->finished = true;
		s->failed = rc;
	}
	*bytes = block;
	if (rc == PIPE_OK && *length) {
		s->w->unpacked += *length;
		check_add(&s->unpacked, block, *length);
	} else if (rc == PIPE_OK) {
		rc = at_end(s, &mine);
	}
	if (rc && err && (mine.code || !s->threaded))
		*err = mine;
	return rc;
}

void layer_stream_close(struct layer_stream *s)
{
	if (!s)
		return;
	if (s->threaded) {
		pthread_mutex_lock(&s->lock);
		s->stop = true;
		pthread_cond_broadcast(&s->wake);
		pthread_mutex_unlock(&s->lock);
		pthread_join(s->thread, NULL);
	}
	if (s->raw)
		s->lib.archive_read_free(s->raw);
	lazy_close(s->handle);
	digest_free(s->packed.digest);
	digest_free(s->unpacked.digest);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->wake);
	free(s->blocks);
	free(s->input);
	free(s);
}
