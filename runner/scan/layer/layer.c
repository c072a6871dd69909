/* What of all layers is left: who hides whom, entry by entry, from the last layer to the first. */
#include "runner/scan/layer/layer_reader.h"

#include "base/error.h"
#include <stdlib.h>
#include <string.h>

static const char whiteout[] = ".wh.", opaque[] = ".wh..wh..opq", reserved[] = ".wh..wh.";

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
	return rc ? rc : layer_drain(r, err);
}

static int read_layer(struct layer_reader *r, const struct tree_layer *layer, const struct tree_part *part, uint16_t number,
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

static int add_notes(struct layer_reader *r, pipe_error *err)
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

static void reader_clear(struct layer_reader *r)
{
	layer_close(r);
	lazy_close(r->handle);
	layer_set_clear(&r->set);
	layer_hold_clear(&r->hold);
	arena_clear(&r->names);
	arena_clear(&r->kept);
	layer_direct_close(r);
	free(r->seen);
	free(r->carried);
}

static int scan_layer(struct layer_reader *r, const struct tree_layer *layer, uint32_t number, uint32_t count,
		      layer_open_fn *open_layer, void *source, pipe_error *err)
{
	char what[256];
	struct tree_part part = { .fd = -1 };
	int rc = tree_cancelled(r->w, err);

	snprintf(what, sizeof(what), "layer %u of %u (%.100s)", number, count, layer->digest ? layer->digest : layer->diff_id);
	tree_progress(r->w, "layer %u of %u, %llu MB", number, count, (unsigned long long)(layer->bytes / 1000000));
	if (rc == PIPE_OK)
		rc = open_layer(source, layer, &part, err);
	if (rc == PIPE_OK)
		rc = read_layer(r, layer, &part, (uint16_t)number, what, err);
	tree_part_close(&part);
	return rc;
}

int layers_scan(struct tree_walk *w, const struct tree_layer *layers, uint32_t count, layer_open_fn *open_layer, void *source,
		pipe_error *err)
{
	struct layer_reader r = { .w = w };
	int rc = layer_set_init(&r.set, err);

	layer_hold_init(&r.hold);
	for (uint32_t i = count; rc == PIPE_OK && i-- > 0;)
		rc = scan_layer(&r, &layers[i], i + 1, count, open_layer, source, err);
	if (rc == PIPE_OK)
		rc = add_notes(&r, err);
	reader_clear(&r);
	return rc;
}
