/*
 * A file is an array of pages; a page may go on over those that follow (overflow).  Pages 0 and 1 are "meta" and take turns: the one
 * with the higher transaction and a right checksum counts.  A bucket is a B+tree of branch and leaf pages.  Numbers are little-endian,
 * as everywhere where Trivy's database is made.
 *
 * Walking is by a cursor with one frame a level, never by recursion: what leads deeper than DEPTH_MAX is no tree.  Each frame knows
 * between which keys those of its page must lie, so a walk from left to right sees ever greater keys and must end.
 */
#include "stages/scanner/advisory/bolt.h"

#include "base/error.h"
#include <inttypes.h>
#include <string.h>

enum {
	MAGIC = (int)0xED0CDAED,
	VERSION = 2,
	PAGE_HEADER = 16, /* id 8, flags 2, count 2, overflow 4 */
	META_SUM = 56,	  /* where in the meta the checksum of all before it is */
	META_SIZE = 64,
	ELEMENT = 16,	    /* of a branch: pos 4, key size 4, page 8; of a leaf: flags 4, pos 4, key size 4, value size 4 */
	BUCKET_HEADER = 16, /* root 8, sequence 8 */
	PAGE_BRANCH = 1,
	PAGE_LEAF = 2,
	ELEMENT_BUCKET = 1,
	PAGE_SIZE_LEAST = 1024,
	PAGE_SIZE_MOST = 1 << 24,
	DEPTH_MAX = 32
};

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) | (uint32_t)get16(p + 2) << 16;
}

static uint64_t get64(const uint8_t *p)
{
	return (uint64_t)get32(p) | (uint64_t)get32(p + 4) << 32;
}

static int damaged(pipe_error *err, const char *what, uint64_t page)
{
	return error_set(err, PIPE_EPIPELINE, "the database is damaged: %s (page %" PRIu64 ")", what, page);
}

/* ---- opening ---- */

struct meta {
	uint32_t page_size;
	uint64_t root, pages, transaction;
};

/* FNV-1a. */
static uint64_t checksum(const uint8_t *p, size_t n)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	while (n--)
		hash = (hash ^ *p++) * UINT64_C(1099511628211);
	return hash;
}

static bool read_meta(const uint8_t *bytes, size_t length, uint64_t offset, struct meta *m)
{
	const uint8_t *p;

	if (length < PAGE_HEADER + META_SIZE || offset > length - PAGE_HEADER - META_SIZE)
		return false;
	p = bytes + offset + PAGE_HEADER;
	if (get32(p) != (uint32_t)MAGIC || get32(p + 4) != VERSION || get64(p + META_SUM) != checksum(p, META_SUM))
		return false;
	m->page_size = get32(p + 8);
	m->root = get64(p + 16);
	m->pages = get64(p + 40);
	m->transaction = get64(p + 48);
	return m->page_size >= PAGE_SIZE_LEAST && m->page_size <= PAGE_SIZE_MOST && !(m->page_size & (m->page_size - 1));
}

/* The second one lies where the page size says, which only the first one knows; where that is broken, all sizes are tried. */
static bool newest_meta(const uint8_t *bytes, size_t length, struct meta *out)
{
	struct meta first, second;
	bool has_first = read_meta(bytes, length, 0, &first), has_second = false;
	uint32_t least = has_first ? first.page_size : PAGE_SIZE_LEAST, most = has_first ? first.page_size : PAGE_SIZE_MOST;

	for (uint32_t size = least; size <= most && !has_second; size *= 2)
		has_second = read_meta(bytes, length, size, &second) && second.page_size == size;
	if (!has_first && !has_second)
		return false;
	*out = has_first && (!has_second || first.transaction >= second.transaction) ? first : second;
	return true;
}

static int check_meta(const struct meta *m, size_t length, pipe_error *err)
{
	if (m->pages < 3 || m->root < 2 || m->root >= m->pages || m->pages > SIZE_MAX / m->page_size)
		return damaged(err, "its first pages contradict each other", 0);
	if (m->pages * m->page_size > length)
		return error_set(err, PIPE_EPIPELINE, "the database is cut short: %zu bytes of %" PRIu64, length,
				 m->pages * m->page_size);
	return PIPE_OK;
}

static size_t windows_of(const struct bolt *db)
{
	return db->length / BOLT_WINDOW + 1;
}

int bolt_open(struct bolt *db, const void *bytes, size_t length, struct arena *a, pipe_error *err)
{
	struct meta meta;
	int rc;

	if (!length)
		return error_set(err, PIPE_EPIPELINE, "the database is an empty file");
	if (!newest_meta(bytes, length, &meta))
		return error_set(err, PIPE_EPIPELINE, "this is not a bbolt database, or its beginning is damaged");
	rc = check_meta(&meta, length, err);
	if (rc)
		return rc;
	*db = (struct bolt){ bytes, length, meta.page_size, meta.root, meta.pages, NULL, NULL };
	db->ordered = arena_alloc(a, (size_t)(meta.pages / 8 + 1));
	db->touched = ARENA_NEW(a, struct bolt_touched);
	if (!db->ordered || !db->touched)
		return error_nomem(err);
	db->touched->bits = arena_alloc(a, windows_of(db) / 8 + 1);
	return db->touched->bits ? PIPE_OK : error_nomem(err);
}

void bolt_root(const struct bolt *db, struct bolt_bucket *out)
{
	*out = (struct bolt_bucket){ db, db->root, NULL, 0 };
}

/* ---- what was touched ---- */

static void touch(const struct bolt *db, const uint8_t *at, size_t size)
{
	size_t from = (size_t)(at - db->bytes) / BOLT_WINDOW, to = ((size_t)(at - db->bytes) + size - 1) / BOLT_WINDOW;
	struct bolt_touched *t = db->touched;

	for (size_t i = from; i <= to; i++) {
		t->count += !(t->bits[i / 8] & 1u << i % 8);
		t->bits[i / 8] |= (uint8_t)(1u << i % 8);
	}
}

size_t bolt_touched(const struct bolt *db)
{
	return db->touched->count * BOLT_WINDOW;
}

void bolt_forget(struct bolt *db)
{
	db->touched->count = 0;
	memset(db->touched->bits, 0, windows_of(db) / 8 + 1);
}

/* ---- pages ---- */

struct page {
	const uint8_t *at;
	size_t size; /* with its overflow */
	uint64_t id; /* 0: it lies in its parent's */
	uint32_t count;
	bool leaf;
};

static int compare(struct bolt_text a, struct bolt_text b)
{
	size_t n = a.length < b.length ? a.length : b.length;
	int order = n ? memcmp(a.bytes, b.bytes, n) : 0;

	return order ? order : a.length < b.length ? -1 : a.length > b.length;
}

/* The `length` bytes at `from` in the page. */
static bool slice(const struct page *p, uint64_t from, uint64_t length, struct bolt_text *out)
{
	if (from > p->size || length > p->size - from)
		return false;
	*out = (struct bolt_text){ (const char *)p->at + from, (size_t)length };
	return true;
}

static uint64_t element_at(uint32_t i)
{
	return PAGE_HEADER + (uint64_t)i * ELEMENT;
}

static bool page_key(const struct page *p, uint32_t i, struct bolt_text *key)
{
	uint64_t at = element_at(i);
	const uint8_t *e = p->at + at;
	const uint8_t *where = p->leaf ? e + 4 : e;

	return slice(p, at + get32(where), get32(where + 4), key);
}

/* Where the key and the value of an element begin and end, counted from the page's beginning. */
static void extent(const struct page *p, uint32_t i, uint64_t *from, uint64_t *to)
{
	uint64_t at = element_at(i);
	const uint8_t *e = p->at + at;

	*from = at + get32(p->leaf ? e + 4 : e);
	*to = *from + get32(p->leaf ? e + 8 : e + 4) + (p->leaf ? get32(e + 12) : 0);
}

/* Keys ascend; and what the elements point to lies behind them without a gap, as every bbolt writes it: a number that has changed
 * does not fit any more. */
static int check_order(const struct page *p, pipe_error *err)
{
	struct bolt_text before = { NULL, 0 }, key;
	uint64_t end = element_at(p->count), from, to;

	for (uint32_t i = 0; i < p->count; i++) {
		extent(p, i, &from, &to);
		if (from != end || to > p->size || !page_key(p, i, &key))
			return damaged(err, "a key lies outside of its place", p->id);
		if (i && compare(before, key) >= 0)
			return damaged(err, "keys are out of order", p->id);
		before = key;
		end = to;
	}
	return PIPE_OK;
}

static int read_header(struct page *p, pipe_error *err)
{
	uint16_t flags = get16(p->at + 8);

	p->count = get16(p->at + 10);
	p->leaf = flags == PAGE_LEAF;
	if (flags != PAGE_LEAF && flags != PAGE_BRANCH)
		return damaged(err, "a page is of the wrong kind", p->id);
	if (element_at(p->count) > p->size || (!p->leaf && !p->count))
		return damaged(err, "a page holds less than it says", p->id);
	return PIPE_OK;
}

static int load(const struct bolt *db, uint64_t id, struct page *p, pipe_error *err)
{
	uint64_t more;
	int rc;

	if (id < 2 || id >= db->pages)
		return damaged(err, "it refers to a page that is not there", id);
	p->at = db->bytes + id * db->page_size;
	p->id = id;
	more = get32(p->at + 12);
	if (get64(p->at) != id || more >= db->pages - id)
		return damaged(err, "a page is not the one it should be", id);
	p->size = (size_t)(more + 1) * db->page_size;
	touch(db, p->at, p->size);
	rc = read_header(p, err);
	if (!rc && !(db->ordered[id / 8] & 1u << id % 8)) {
		rc = check_order(p, err);
		if (!rc)
			db->ordered[id / 8] |= (uint8_t)(1u << id % 8);
	}
	return rc;
}

/* The page of a small bucket has no id and no page around it. */
static int load_inline(const struct bolt_bucket *in, struct page *p, pipe_error *err)
{
	int rc;

	if (in->in_length < PAGE_HEADER)
		return damaged(err, "a bucket is too short", 0);
	*p = (struct page){ in->in, in->in_length, 0, 0, true };
	rc = read_header(p, err);
	if (!rc && !p->leaf)
		rc = damaged(err, "a page is of the wrong kind", 0);
	return rc ? rc : check_order(p, err);
}

static int read_entry(const struct bolt *db, const struct page *p, uint32_t i, struct bolt_entry *out, pipe_error *err)
{
	uint64_t at = element_at(i);
	const uint8_t *e = p->at + at, *header;
	uint64_t pos = get32(e + 4), key_size = get32(e + 8);

	if (!slice(p, at + pos, key_size, &out->key) || !slice(p, at + pos + key_size, get32(e + 12), &out->value))
		return damaged(err, "a value lies outside of its page", p->id);
	out->is_bucket = get32(e) == ELEMENT_BUCKET;
	if (!out->is_bucket && get32(e))
		return damaged(err, "a value is of an unknown kind", p->id);
	if (!out->is_bucket)
		return PIPE_OK;
	if (out->value.length < BUCKET_HEADER)
		return damaged(err, "a bucket is too short", p->id);
	header = (const uint8_t *)out->value.bytes;
	out->bucket = (struct bolt_bucket){ db, get64(header), header + BUCKET_HEADER, out->value.length - BUCKET_HEADER };
	return PIPE_OK;
}

/* ---- walking ---- */

struct frame {
	struct page page;
	uint32_t index;
	struct bolt_text least, below; /* of the page's keys; no bytes: no bound */
};

struct cursor {
	const struct bolt_bucket *bucket;
	struct frame frames[DEPTH_MAX];
	unsigned depth; /* 0: at the end */
};

/* The first element whose key is not below the one that is looked for; count: all are. */
static int search(const struct page *p, struct bolt_text key, uint32_t *index, bool *exact, pipe_error *err)
{
	uint32_t low = 0, high = p->count;
	struct bolt_text at;

	*exact = false;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order;

		if (!page_key(p, middle, &at))
			return damaged(err, "a key lies outside of its page", p->id);
		order = compare(at, key);
		if (order < 0) {
			low = middle + 1;
		} else {
			high = middle;
			*exact = *exact || !order;
		}
	}
	*index = low;
	return PIPE_OK;
}

/* Do the keys of the page lie where the page above says? */
static int check_bounds(const struct frame *f, pipe_error *err)
{
	struct bolt_text first, last;

	if (!f->page.count)
		return f->page.id && f->least.bytes ? damaged(err, "a page is empty", f->page.id) : PIPE_OK;
	if (!page_key(&f->page, 0, &first) || !page_key(&f->page, f->page.count - 1, &last))
		return damaged(err, "a key lies outside of its page", f->page.id);
	if ((f->least.bytes && compare(first, f->least) < 0) || (f->below.bytes && compare(last, f->below) >= 0))
		return damaged(err, "a page is in the wrong place", f->page.id);
	return PIPE_OK;
}

/* Opens the page that the branch on top of the cursor points to with its current element. */
static int descend(struct cursor *c, pipe_error *err)
{
	struct frame *top = &c->frames[c->depth - 1], *next = top + 1;
	uint64_t child = get64(top->page.at + element_at(top->index) + 8);
	int rc;

	if (c->depth == DEPTH_MAX)
		return damaged(err, "its pages lead in a circle", top->page.id);
	memset(next, 0, sizeof(*next));
	next->below = top->below;
	if (!page_key(&top->page, top->index, &next->least) ||
	    (top->index + 1 < top->page.count && !page_key(&top->page, top->index + 1, &next->below)))
		return damaged(err, "a key lies outside of its page", top->page.id);
	rc = load(c->bucket->db, child, &next->page, err);
	if (!rc)
		rc = check_bounds(next, err);
	if (!rc)
		c->depth++;
	return rc;
}

/* From an element of a branch, or the end of a page, to the element of a leaf that it leads to. */
static int settle(struct cursor *c, pipe_error *err)
{
	while (c->depth) {
		struct frame *top = &c->frames[c->depth - 1];
		int rc;

		if (top->index >= top->page.count) {
			if (--c->depth)
				c->frames[c->depth - 1].index++;
			continue;
		}
		if (top->page.leaf)
			return PIPE_OK;
		rc = descend(c, err);
		if (rc)
			return rc;
	}
	return PIPE_OK;
}

static int seek(struct cursor *c, const struct bolt_bucket *bucket, struct bolt_text key, pipe_error *err)
{
	bool exact = false;
	int rc;

	c->bucket = bucket;
	c->depth = 1;
	memset(&c->frames[0], 0, sizeof(c->frames[0]));
	rc = bucket->root ? load(bucket->db, bucket->root, &c->frames[0].page, err)
			  : load_inline(bucket, &c->frames[0].page, err);
	while (!rc) {
		struct frame *top = &c->frames[c->depth - 1];

		rc = search(&top->page, key, &top->index, &exact, err);
		if (rc || top->page.leaf)
			break;
		if (!exact && top->index)
			top->index--;
		rc = descend(c, err);
	}
	return rc ? rc : settle(c, err);
}

static int current(const struct cursor *c, struct bolt_entry *out, pipe_error *err)
{
	const struct frame *top = &c->frames[c->depth - 1];

	return read_entry(c->bucket->db, &top->page, top->index, out, err);
}

static int find(const struct bolt_bucket *in, const void *key, size_t length, struct bolt_entry *out, pipe_error *err)
{
	struct bolt_text wanted = { key, length };
	struct cursor c;
	int rc = seek(&c, in, wanted, err);

	if (rc || !c.depth)
		return rc;
	rc = current(&c, out, err);
	return rc ? rc : !compare(out->key, wanted);
}

static int wrong_kind(pipe_error *err)
{
	return error_set(err, PIPE_EPIPELINE, "the database is damaged: a bucket and a value are taken for each other");
}

int bolt_find_bucket(const struct bolt_bucket *in, const void *key, size_t length, struct bolt_bucket *out, pipe_error *err)
{
	struct bolt_entry entry;
	int found = find(in, key, length, &entry, err);

	if (found <= 0)
		return found;
	if (!entry.is_bucket)
		return wrong_kind(err);
	*out = entry.bucket;
	return 1;
}

int bolt_find_value(const struct bolt_bucket *in, const void *key, size_t length, struct bolt_text *out, pipe_error *err)
{
	struct bolt_entry entry;
	int found = find(in, key, length, &entry, err);

	if (found <= 0)
		return found;
	if (entry.is_bucket)
		return wrong_kind(err);
	*out = entry.value;
	return 1;
}

int bolt_each(const struct bolt_bucket *in, const void *prefix, size_t length,
	      int (*each)(void *payload, const struct bolt_entry *entry, pipe_error *err), void *payload, pipe_error *err)
{
	struct bolt_entry entry;
	struct cursor c;
	int rc = seek(&c, in, (struct bolt_text){ prefix, length }, err);

	while (!rc && c.depth) {
		rc = current(&c, &entry, err);
		if (rc || entry.key.length < length || (length && memcmp(entry.key.bytes, prefix, length)))
			break;
		rc = each(payload, &entry, err);
		c.frames[c.depth - 1].index++;
		if (!rc)
			rc = settle(&c, err);
	}
	return rc;
}
