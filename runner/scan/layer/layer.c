#include "runner/scan/layer/layer_reader.h"

#include "base/error.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char whiteout[] = ".wh.", opaque[] = ".wh..wh..opq", reserved[] = ".wh..wh.";

/* ---- an archive ---- */

static la_ssize_t on_read(struct archive *a, void *payload, const void **bytes)
{
	struct layer_reader *r = payload;
	size_t length;

	(void)a;
	if (!r->failed)
		r->failed = layer_stream_next(r->stream, bytes, &length, &r->failure);
	if (r->failed)
		return -1;
	if (!r->begun) {
		r->nested = layer_compression(*bytes, length);
		r->begun = true;
	}
	return (la_ssize_t)length;
}

int layer_damaged(struct layer_reader *r, pipe_error *err)
{
	const char *why = r->lib.archive_error_string(r->tar);

	if (r->failed && !(r->nested && r->failed == PIPE_EPIPELINE)) {
		if (err)
			*err = r->failure;
		return r->failed;
	}
	if (r->lib.archive_errno(r->tar) == ENOMEM)
		return error_nomem(err);
	if (r->nested)
		return error_set(err, PIPE_EPIPELINE,
				 "%s is compressed more than once: there is %s in it where a tar archive should be", r->what,
				 r->nested);
	return error_set(err, PIPE_EPIPELINE, "%s is no tar archive, or a damaged one: %s", r->what,
			 why ? why : "it ends too early");
}

static int open_stream(struct layer_reader *r, const struct tree_part *part, bool verify, pipe_error *err)
{
	const struct tree_layer *layer = r->layer;
	int rc = layer_stream_open(&r->stream, r->w, part, r->what, verify ? layer->digest : NULL, verify ? layer->diff_id : NULL,
				   err);

	if (rc)
		return rc;
	return layer_library_open(r, on_read, NULL, err);
}

int layer_library_open(struct layer_reader *r, archive_read_callback *read, archive_skip_callback *skip, pipe_error *err)
{
	int rc = r->handle ? PIPE_OK : archive_library_open(&r->lib, &r->handle, err);

	if (rc)
		return rc;
	r->tar = r->lib.archive_read_new();
	if (!r->tar)
		return error_nomem(err);
	return r->lib.archive_read_support_format_tar(r->tar) == ARCHIVE_OK &&
			       r->lib.archive_read_open2(r->tar, r, NULL, read, skip, NULL) == ARCHIVE_OK
		       ? PIPE_OK
		       : layer_damaged(r, err);
}

int layer_open(struct layer_reader *r, const struct tree_part *part, bool verify, pipe_error *err)
{
	char head[8];
	int64_t n = tree_part_read(part, 0, head, sizeof(head));

	if (n < 0)
		return error_errno(err, error_code_of(errno), errno, "%s", r->what);
	r->failed = PIPE_OK;
	r->nested = NULL;
	r->begun = false;
	return verify || layer_compression(head, (size_t)n) ? open_stream(r, part, verify, err) : layer_direct_open(r, part, err);
}

void layer_close(struct layer_reader *r)
{
	if (r->tar)
		r->lib.archive_read_free(r->tar);
	layer_stream_close(r->stream);
	r->tar = NULL;
	r->stream = NULL;
}

int layer_next(struct layer_reader *r, const struct tar_entry **e, pipe_error *err)
{
	int rc = PIPE_OK, got;
	enum tar_step step = r->stream ? TAR_SPECIAL : layer_direct_next(r, &rc, err);
	struct archive_entry *next;

	*e = step == TAR_END ? NULL : &r->current;
	if (step != TAR_SPECIAL)
		return rc;
	got = r->lib.archive_read_next_header(r->tar, &next);
	if (got == ARCHIVE_EOF)
		*e = NULL;
	/* A warning: of names that are not in the locale's encoding, which does not matter here. */
	else if (got != ARCHIVE_OK && got != ARCHIVE_WARN)
		return layer_damaged(r, err);
	else
		r->current = tar_entry_of(&r->lib, next);
	return r->failed ? layer_damaged(r, err) : PIPE_OK;
}

/* What stands behind the archive's end counts for the digests. */
static int drain(struct layer_reader *r, pipe_error *err)
{
	const void *bytes;
	size_t length = r->stream ? 1 : 0;
	int rc = PIPE_OK;

	while (rc == PIPE_OK && length)
		rc = layer_stream_next(r->stream, &bytes, &length, err);
	return rc;
}

/* ---- who hides whom ---- */

/* Makes the directories above the path.  *hidden: a layer above this one has taken away what lies below one of them. */
static int mark_above(struct layer_reader *r, bool *hidden, pipe_error *err)
{
	uint64_t parent = r->path.hash[r->path.depth - 1];

	*hidden = r->last_hidden;
	if (parent == r->last_parent)
		return PIPE_OK;
	*hidden = false;
	for (unsigned i = 0; i < r->path.depth; i++) {
		struct layer_slot *slot = layer_set_put(&r->set, r->path.hash[i]);

		if (!slot)
			return error_nomem(err);
		slot->directory = 1;
		if (!slot->decided)
			slot->decided = r->number;
		if (slot->hides > r->number)
			*hidden = true;
	}
	r->last_parent = parent;
	r->last_hidden = *hidden;
	return PIPE_OK;
}

/* The path is something else than a directory.  *visible: and no layer above this one has a say in it. */
static int mark_leaf(struct layer_reader *r, bool hidden, bool *visible, pipe_error *err)
{
	struct layer_slot *slot = layer_set_put(&r->set, r->path.hash[r->path.depth]);

	if (!slot)
		return error_nomem(err);
	*visible = !hidden && (!slot->decided || slot->decided == r->number);
	if (slot->directory)
		r->last_parent = 0;
	slot->directory = 0;
	slot->entry = r->entry;
	if (!slot->decided)
		slot->decided = r->number;
	if (!slot->hides)
		slot->hides = r->number;
	return PIPE_OK;
}

static int mark_directory(struct layer_reader *r, pipe_error *err)
{
	struct layer_slot *slot = layer_set_put(&r->set, r->path.hash[r->path.depth]);

	if (!slot)
		return error_nomem(err);
	slot->directory = 1;
	if (!slot->decided)
		slot->decided = r->number;
	return PIPE_OK;
}

static int leave_out(struct layer_reader *r, const char *path, pipe_error *err)
{
	if (!r->left_out++) {
		r->first_left_out = arena_printf(&r->kept, "%.200s", path ? path : "(an entry without a name)");
		if (!r->first_left_out)
			return error_nomem(err);
	}
	return PIPE_OK;
}

static int take_away(struct layer_reader *r, const char *name, pipe_error *err)
{
	uint64_t directory = r->path.hash[r->path.depth - 1];
	struct layer_slot *slot;

	if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
		return leave_out(r, r->path.text, err);
	slot = layer_set_put(&r->set, layer_set_hash(&r->set, directory, name, strlen(name)));
	if (!slot)
		return error_nomem(err);
	if (!slot->decided)
		slot->decided = r->number;
	if (!slot->hides)
		slot->hides = r->number;
	return PIPE_OK;
}

/* Also other names that begin with two marks: they were AUFS's own and never anybody's files. */
static int on_whiteout(struct layer_reader *r, const char *base, pipe_error *err)
{
	struct layer_slot *slot;

	if (strncmp(base, reserved, sizeof(reserved) - 1) != 0)
		return take_away(r, base + sizeof(whiteout) - 1, err);
	if (strcmp(base, opaque) != 0)
		return PIPE_OK;
	slot = layer_set_put(&r->set, r->path.hash[r->path.depth - 1]);
	if (!slot)
		return error_nomem(err);
	if (!slot->hides)
		slot->hides = r->number;
	return PIPE_OK;
}

static int on_leaf(struct layer_reader *r, const struct tar_entry *e, bool hidden, pipe_error *err)
{
	const char *link = e->link;
	bool visible = false;
	int rc;

	if (link && !layer_path_set(&r->other, &r->set, link))
		return leave_out(r, r->path.text, err);
	if (link && r->other.hash[r->other.depth] == r->path.hash[r->path.depth])
		return PIPE_OK; /* a link to itself: there already */
	rc = mark_leaf(r, hidden, &visible, err);
	if (rc)
		return rc;
	if (link)
		return layer_on_link(r, visible, err);
	return e->regular ? layer_on_file(r, e, visible, err) : PIPE_OK;
}

static int on_entry(struct layer_reader *r, const struct tar_entry *e, pipe_error *err)
{
	const char *name = e->path, *base;
	bool hidden;
	int rc;

	if (!name || !*name || !layer_path_set(&r->path, &r->set, name))
		return leave_out(r, name, err);
	if (!r->path.depth)
		return PIPE_OK;
	rc = mark_above(r, &hidden, err);
	if (rc)
		return rc;
	base = layer_path_base(&r->path);
	if (!strncmp(base, whiteout, sizeof(whiteout) - 1))
		return on_whiteout(r, base, err);
	if (e->directory && !e->link)
		return mark_directory(r, err);
	return on_leaf(r, e, hidden, err);
}

/* ---- layers ---- */

static int count_entry(struct layer_reader *r, pipe_error *err)
{
	const struct tree_limits *l = &r->w->limits;
	size_t i = r->entry - r->before;

	if (r->entry >= l->entries)
		return tree_over(err, "entries", l->entries, "%s: more entries than may be looked at", r->what);
	if (i == r->seen_capacity) {
		size_t grown = r->seen_capacity ? r->seen_capacity * 2 : 1024;
		struct layer_seen *bigger = reallocarray(r->seen, grown, sizeof(*bigger));

		if (!bigger)
			return error_nomem(err);
		r->seen = bigger;
		r->seen_capacity = grown;
	}
	r->seen[i] = (struct layer_seen){ 0 };
	r->entry++;
	r->w->image->entries++;
	return PIPE_OK;
}

static int read_entries(struct layer_reader *r, pipe_error *err)
{
	const struct tar_entry *e;
	int rc;

	while ((rc = layer_next(r, &e, err)) == PIPE_OK && e) {
		rc = count_entry(r, err);
		if (rc == PIPE_OK)
			rc = on_entry(r, e, err);
		if (rc)
			return rc;
	}
	return rc ? rc : drain(r, err);
}

int layer_read(struct layer_reader *r, const struct tree_layer *layer, const struct tree_part *part, uint16_t number,
	       const char *what, pipe_error *err)
{
	int rc;

	r->layer = layer;
	r->number = number;
	r->what = what;
	r->before = r->entry;
	r->last_parent = 0;
	rc = layer_open(r, part, !r->w->options->unverified, err);
	if (rc == PIPE_OK)
		rc = read_entries(r, err);
	layer_close(r);
	if (rc == PIPE_OK)
		rc = layer_hand_out(r, part, err);
	layer_hold_clear(&r->hold);
	arena_clear(&r->names);
	r->files.items = NULL;
	r->files.count = r->files.capacity = 0;
	return rc;
}

int layer_reader_create(struct layer_reader **out, struct tree_walk *w, pipe_error *err)
{
	struct layer_reader *r = calloc(1, sizeof(*r));
	int rc;

	*out = NULL;
	if (!r)
		return error_nomem(err);
	r->w = w;
	layer_hold_init(&r->hold);
	rc = layer_set_init(&r->set, err);
	if (rc)
		layer_reader_free(r);
	else
		*out = r;
	return rc;
}

int layer_reader_end(struct layer_reader *r, pipe_error *err)
{
	int rc = PIPE_OK;

	for (size_t i = 0; rc == PIPE_OK && i < r->carried_count; i++)
		rc = layer_lost(r, r->carried[i].path, err);
	if (rc == PIPE_OK && r->left_out)
		rc = tree_note(r->w, err, "%llu entries are left out, since no file can have their names; the first is \"%s\"",
			       (unsigned long long)r->left_out, r->first_left_out);
	if (rc == PIPE_OK && r->lost)
		rc = tree_note(r->w, err, "%llu hard links lead to files that are not there; the first is \"%s\"",
			       (unsigned long long)r->lost, r->first_lost);
	return rc;
}

void layer_reader_free(struct layer_reader *r)
{
	if (!r)
		return;
	layer_close(r);
	lazy_close(r->handle);
	layer_set_clear(&r->set);
	layer_hold_clear(&r->hold);
	arena_clear(&r->names);
	arena_clear(&r->kept);
	layer_direct_close(r);
	free(r->seen);
	free(r->carried);
	free(r);
}
