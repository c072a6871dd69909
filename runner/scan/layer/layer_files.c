/*
 * Wanted files of a layer, and hard links.  A link has the bytes of the entry that it leads to, its origin.  They are held when the
 * origin was wanted itself; if not, the layer is read again for them (fetch_origins).  Where the layer has no such file, the link is
 * carried along until a layer below has one.
 */
#include "runner/scan/layer/layer_reader.h"

#include "base/error.h"
#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 256 * 1024 * 1024, CARRIED_MAX = 100 * 1000 };

struct layer_seen *layer_seen(struct layer_reader *r, uint32_t entry)
{
	return &r->seen[entry - r->before - 1];
}

int layer_lost(struct layer_reader *r, const char *path, pipe_error *err)
{
	if (!r->lost++) {
		r->first_lost = arena_printf(&r->kept, "%.200s", path);
		if (!r->first_lost)
			return error_nomem(err);
	}
	return PIPE_OK;
}

static bool wants(struct layer_reader *r, const char *path, const struct layer_seen *seen, const char *diff_id)
{
	struct tree_file file = { path, seen->size, seen->executable, diff_id };

	r->w->image->files++;
	return r->w->wants(r->w->payload, &file);
}

/* A new file with copies of the texts (leads_to may be NULL). */
static int add_file(struct layer_reader *r, const char *path, const char *leads_to, struct layer_file **out, pipe_error *err)
{
	struct layer_file *f;

	if (r->names.used > NAMES_MAX)
		return error_set(err, PIPE_ELIMIT, "%s: the names of its wanted files take more than %d MiB", r->what,
				 NAMES_MAX >> 20);
	f = vec_push(&r->names, &r->files);
	if (!f)
		return error_nomem(err);
	f->entry = r->entry;
	f->diff_id = r->layer->diff_id ? r->layer->diff_id : "";
	f->executable = layer_seen(r, r->entry)->executable;
	f->path = arena_strdup(&r->names, path);
	f->leads_to = leads_to ? arena_strdup(&r->names, leads_to) : NULL;
	*out = f;
	return f->path && (f->leads_to || !leads_to) ? PIPE_OK : error_nomem(err);
}

/* ---- links from above ---- */

static int by_hash(const void *a, const void *b)
{
	const struct layer_carried *x = a, *y = b;

	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

static size_t first_carried(const struct layer_reader *r, uint64_t hash)
{
	size_t low = 0, high = r->carried_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->carried[middle].hash < hash)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int carry(struct layer_reader *r, const struct layer_file *f, pipe_error *err)
{
	struct layer_carried *c;

	if (r->carried_count == CARRIED_MAX || !layer_path_set(&r->other, &r->set, f->leads_to))
		return layer_lost(r, f->path, err);
	if (r->carried_count == r->carried_capacity) {
		size_t grown = r->carried_capacity ? r->carried_capacity * 2 : 16;
		struct layer_carried *bigger = reallocarray(r->carried, grown, sizeof(*bigger));

		if (!bigger)
			return error_nomem(err);
		r->carried = bigger;
		r->carried_capacity = grown;
	}
	c = &r->carried[r->carried_count];
	*c = (struct layer_carried){ .hash = r->other.hash[r->other.depth], .diff_id = f->diff_id };
	c->path = arena_strdup(&r->kept, f->path);
	c->leads_to = arena_strdup(&r->kept, f->leads_to);
	if (!c->path || !c->leads_to)
		return error_nomem(err);
	r->carried_count++;
	return PIPE_OK;
}

/* The entry is where some links of layers above lead: those that are wanted become files. */
static int add_carried(struct layer_reader *r, pipe_error *err)
{
	uint64_t hash = r->path.hash[r->path.depth];
	int rc = PIPE_OK;

	for (size_t i = first_carried(r, hash); rc == PIPE_OK && i < r->carried_count && r->carried[i].hash == hash; i++) {
		struct layer_carried *c = &r->carried[i];
		struct layer_file *f;

		c->found = true;
		if (!wants(r, c->path, layer_seen(r, r->entry), c->diff_id))
			continue;
		rc = add_file(r, c->path, NULL, &f, err);
		if (rc)
			return rc;
		f->at = c->leads_to;
		f->diff_id = c->diff_id;
		f->origin = layer_seen(r, r->entry)->origin;
	}
	return rc;
}

static void drop_found(struct layer_reader *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->carried_count; i++)
		if (!r->carried[i].found)
			r->carried[kept++] = r->carried[i];
	r->carried_count = kept;
}

/* ---- contents ---- */

static int no_more(struct layer_reader *r, int got, pipe_error *err)
{
	const char *why = r->lib.archive_error_string(r->tar);

	if (got == ARCHIVE_EOF)
		return PIPE_OK;
	if (r->failed) {
		if (err)
			*err = r->failure;
		return r->failed;
	}
	return error_set(err, PIPE_EPIPELINE, "%s: \"%s\": truncated or damaged: %s", r->what, r->path.text,
			 why ? why : "it ends too early");
}

/* The next bytes of the entry's content, and where in it they lie; *length 0 with *more false: there are none. */
static int next_block(struct layer_reader *r, const void **block, size_t *length, uint64_t *offset, bool *more, pipe_error *err)
{
	la_int64_t at;
	int got, rc;

	if (!r->tar) {
		rc = layer_direct_data(r, block, length, offset, err);
		*more = rc == PIPE_OK && *length;
		return rc;
	}
	got = r->lib.archive_read_data_block(r->tar, block, length, &at);
	*more = got == ARCHIVE_OK || got == ARCHIVE_WARN;
	*offset = *more ? (uint64_t)at : 0;
	return *more ? PIPE_OK : no_more(r, got, err);
}

/* The content of the entry that is read. */
static int capture(struct layer_reader *r, uint64_t size, struct layer_content *content, pipe_error *err)
{
	const struct tree_limits *l = &r->w->limits;
	const void *block;
	uint64_t offset;
	size_t length;
	bool more = true;
	int rc;

	if (size > l->file_bytes)
		return tree_over(err, "file_bytes", l->file_bytes,
				 "%s: \"%s\" has %llu bytes, more than a file that is looked into may have", r->what,
				 r->path.text, (unsigned long long)size);
	rc = layer_hold_add(&r->hold, r->w, size, content, err);
	while (rc == PIPE_OK && more) {
		rc = next_block(r, &block, &length, &offset, &more, err);
		if (rc == PIPE_OK && more && length)
			rc = layer_hold_write(&r->hold, content, offset, block, length, err);
	}
	return rc;
}

int layer_on_file(struct layer_reader *r, const struct tar_entry *e, bool visible, pipe_error *err)
{
	struct layer_seen *seen = layer_seen(r, r->entry);
	uint32_t from = r->files.count;
	struct layer_content content;
	struct layer_file *f;
	int rc = PIPE_OK;

	*seen = (struct layer_seen){ e->size, r->entry, true, e->executable };
	if (visible && wants(r, r->path.text, seen, r->layer->diff_id ? r->layer->diff_id : ""))
		rc = add_file(r, r->path.text, NULL, &f, err);
	if (rc == PIPE_OK && r->carried_count)
		rc = add_carried(r, err);
	if (rc || from == r->files.count)
		return rc;
	rc = capture(r, seen->size, &content, err);
	for (uint32_t i = from; i < r->files.count; i++) {
		r->files.items[i].content = content;
		r->files.items[i].origin = 0;
	}
	return rc;
}

/* The held content of an entry of this layer; NULL: it was not wanted. */
static const struct layer_content *held(const struct layer_reader *r, uint32_t entry)
{
	size_t low = 0, high = r->files.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->files.items[middle].entry < entry)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < r->files.count && r->files.items[low].entry == entry; low++)
		if (!r->files.items[low].origin && !r->files.items[low].leads_to)
			return &r->files.items[low].content;
	return NULL;
}

static void share(const struct layer_reader *r, struct layer_file *f, uint32_t origin)
{
	const struct layer_content *content = held(r, origin);

	f->origin = content ? 0 : origin;
	if (content)
		f->content = *content;
}

int layer_on_link(struct layer_reader *r, bool visible, pipe_error *err)
{
	const struct layer_slot *to = layer_set_find(&r->set, r->other.hash[r->other.depth]);
	struct layer_seen *seen = layer_seen(r, r->entry);
	uint32_t from = r->files.count;
	struct layer_file *f;
	int rc = PIPE_OK;

	if (!to || to->entry <= r->before || to->directory || !layer_seen(r, to->entry)->regular)
		return visible ? add_file(r, r->path.text, r->other.text, &f, err) : PIPE_OK;
	*seen = *layer_seen(r, to->entry);
	if (visible && wants(r, r->path.text, seen, r->layer->diff_id ? r->layer->diff_id : ""))
		rc = add_file(r, r->path.text, NULL, &f, err);
	if (rc == PIPE_OK && r->carried_count)
		rc = add_carried(r, err);
	for (uint32_t i = from; rc == PIPE_OK && i < r->files.count; i++)
		share(r, &r->files.items[i], seen->origin);
	return rc;
}

/* ---- the layer's end ---- */

/* Is the entry that made it still the last word of the layer? */
static bool stands(struct layer_reader *r, const struct layer_file *f)
{
	const struct layer_slot *slot;

	if (!layer_path_set(&r->other, &r->set, f->at ? f->at : f->path))
		return false;
	slot = layer_set_find(&r->set, r->other.hash[r->other.depth]);
	if (!slot || slot->entry != f->entry || slot->directory)
		return false;
	for (unsigned i = 0; i < r->other.depth; i++) {
		slot = layer_set_find(&r->set, r->other.hash[i]);
		if (slot && slot->entry > f->entry)
			return false;
	}
	return true;
}

static int by_origin(const void *a, const void *b)
{
	const struct layer_file *const *x = a, *const *y = b;

	return (*x)->origin < (*y)->origin ? -1 : (*x)->origin > (*y)->origin;
}

static int fetch_listed(struct layer_reader *r, struct layer_file **files, size_t count, pipe_error *err)
{
	const struct tar_entry *e;
	uint32_t entry = r->before;
	int rc;

	for (size_t i = 0; i < count;) {
		struct layer_content content;
		uint32_t origin = files[i]->origin;

		rc = layer_next(r, &e, err);
		if (rc || !e)
			return rc ? rc : error_set(err, PIPE_EIO, "%s changed while it was read", r->what);
		if (++entry != origin)
			continue;
		rc = capture(r, layer_seen(r, origin)->size, &content, err);
		if (rc)
			return rc;
		for (; i < count && files[i]->origin == origin; i++) {
			files[i]->content = content;
			files[i]->origin = 0;
		}
	}
	return PIPE_OK;
}

/* Reads the layer again for the origins of wanted links. */
static int fetch_origins(struct layer_reader *r, const struct tree_part *part, pipe_error *err)
{
	uint64_t unpacked = r->w->unpacked;
	struct layer_file **files;
	size_t count = 0;
	int rc;

	for (uint32_t i = 0; i < r->files.count; i++)
		count += r->files.items[i].origin && stands(r, &r->files.items[i]);
	if (!count)
		return PIPE_OK;
	files = ARENA_ARRAY(&r->names, struct layer_file *, count);
	if (!files)
		return error_nomem(err);
	count = 0;
	for (uint32_t i = 0; i < r->files.count; i++)
		if (r->files.items[i].origin && stands(r, &r->files.items[i]))
			files[count++] = &r->files.items[i];
	qsort(files, count, sizeof(struct layer_file *), by_origin);
	rc = layer_open(r, part, false, err);
	if (rc == PIPE_OK)
		rc = fetch_listed(r, files, count, err);
	layer_close(r);
	r->w->unpacked = unpacked;
	return rc;
}

struct handing {
	struct layer_reader *r;
	const struct layer_file *file;
};

static int visit(void *payload, const char *bytes, size_t length, pipe_error *err)
{
	struct handing *h = payload;
	struct tree_file file = { h->file->path, length, h->file->executable, h->file->diff_id };
	struct tree_walk *w = h->r->w;

	w->visited += length;
	if (w->visited > w->limits.bytes)
		return tree_over(err, "bytes", w->limits.bytes, "%s: sparse files or hard links give more than may be looked at",
				 h->r->what);
	return w->visit(w->payload, &file, bytes, length, err);
}

int layer_hand_out(struct layer_reader *r, const struct tree_part *part, pipe_error *err)
{
	int rc = fetch_origins(r, part, err);

	drop_found(r);
	for (uint32_t i = 0; rc == PIPE_OK && i < r->files.count; i++) {
		struct layer_file *f = &r->files.items[i];
		struct handing h = { r, f };

		if (f->origin || !stands(r, f))
			continue;
		rc = f->leads_to ? carry(r, f, err) : layer_hold_use(&r->hold, &f->content, visit, &h, err);
		if (rc == PIPE_OK)
			rc = tree_cancelled(r->w, err);
	}
	if (r->carried_count)
		qsort(r->carried, r->carried_count, sizeof(*r->carried), by_hash);
	return rc;
}
