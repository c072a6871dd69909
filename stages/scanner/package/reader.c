/* The list under way, its notes and errors: see reader.h. */
#include "stages/scanner/package/reader.h"
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
	const struct scan_package *x = a, *y = b;
	int rc = strcmp(x->name, y->name);

	return rc ? rc : strcmp(x->version, y->version);
}

/* An entry without a name is no package: it is told, and dropped. */
static int drop_nameless(struct reader *r)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < r->list->packages.count; i++)
		if (*r->list->packages.items[i].name)
			r->list->packages.items[kept++] = r->list->packages.items[i];
	if (kept == r->list->packages.count)
		return PIPE_OK;
	r->list->packages.count = kept;
	return reader_note(r, "an entry without a name") ? PIPE_OK : reader_nomem(r);
}

/* ---- what outlives the reading ---- */

/* false: no memory. */
static bool keep_text(struct arena *a, const char **text)
{
	if (!*text)
		return true;
	*text = **text ? arena_strdup(a, *text) : "";
	return *text != NULL;
}

static bool keep_depends(struct arena *a, struct scan_package *p)
{
	const char **copy;
	size_t count = 0;

	while (p->depends_on && p->depends_on[count])
		count++;
	copy = p->depends_on ? ARENA_ARRAY(a, const char *, count + 1) : NULL;
	for (size_t i = 0; copy && i < count; i++)
		if (!(copy[i] = arena_strdup(a, p->depends_on[i])))
			return false;
	if (p->depends_on && !copy)
		return false;
	p->depends_on = copy;
	return true;
}

static bool keep_package(struct arena *a, struct scan_package *p)
{
	const char **texts[] = { &p->name,     &p->version, &p->source_name, &p->source_version, &p->arch,
				 &p->licenses, &p->purl,    &p->path,	     &p->module };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (!keep_text(a, texts[i]))
			return false;
	return keep_depends(a, p);
}

/* Packages and notes, out of the arena of the reading: the tree of a document is many times as large as what is wanted of it. */
static int keep_list(struct reader *r, struct arena *a)
{
	struct package_list *list = r->list;
	struct scan_package *packages = ARENA_ARRAY(a, struct scan_package, list->packages.count + 1);
	const char **notes = ARENA_ARRAY(a, const char *, list->notes.count + 1);

	if (!packages || !notes)
		return reader_nomem(r);
	for (uint32_t i = 0; i < list->packages.count; i++) {
		packages[i] = list->packages.items[i];
		if (!keep_package(a, &packages[i]))
			return reader_nomem(r);
	}
	for (uint32_t i = 0; i < list->notes.count; i++)
		if (!(notes[i] = arena_strdup(a, list->notes.items[i])))
			return reader_nomem(r);
	list->packages.items = packages;
	list->packages.capacity = list->packages.count;
	list->notes.items = notes;
	list->notes.capacity = list->notes.count;
	return PIPE_OK;
}

static void forget_list(struct package_list *list)
{
	memset(&list->packages, 0, sizeof(list->packages));
	memset(&list->notes, 0, sizeof(list->notes));
}

int reader_run(struct reader *r, int (*read)(struct reader *r))
{
	struct arena *lasting = r->arena, own = ARENA_INIT;
	int rc;

	r->arena = &own;
	rc = read(r);
	if (!rc)
		rc = drop_nameless(r);
	if (!rc)
		vec_sort(&r->list->packages, by_name);
	if (!rc)
		rc = keep_list(r, lasting);
	if (rc)
		forget_list(r->list);
	r->arena = lasting;
	arena_clear(&own);
	return rc;
}

int reader_fail(struct reader *r, unsigned line, const char *format, ...)
{
	va_list ap;

	*r->err = (pipe_error){ .code = PIPE_EPIPELINE, .line = line };
	va_start(ap, format);
	vsnprintf(r->err->text, sizeof(r->err->text), format, ap);
	va_end(ap);
	snprintf(r->err->file, sizeof(r->err->file), "%s", r->list->path ? r->list->path : "");
	return PIPE_EPIPELINE;
}

int reader_nomem(struct reader *r)
{
	return error_nomem(r->err);
}

bool reader_note(struct reader *r, const char *format, ...)
{
	const char **slot, *text;
	va_list ap;

	if (r->list->notes.count > READER_NOTES)
		return true;
	if (r->list->notes.count == READER_NOTES) {
		text = "and more of the kind";
	} else {
		va_start(ap, format);
		text = arena_vprintf(r->arena, format, ap);
		va_end(ap);
	}
	for (uint32_t i = 0; text && i < r->list->notes.count; i++)
		if (!strcmp(r->list->notes.items[i], text))
			return true;
	slot = text ? vec_push(r->arena, &r->list->notes) : NULL;
	if (!slot)
		return false;
	*slot = text;
	return true;
}

int reader_check_text(struct reader *r)
{
	const char *nul = r->length ? memchr(r->bytes, '\0', r->length) : NULL;
	unsigned line = 1;

	if (!nul)
		return PIPE_OK;
	for (const char *p = r->bytes; p < nul; p++)
		line += *p == '\n';
	return reader_fail(r, line, "a NUL byte: this is no text file");
}

const char *reader_text(struct reader *r, struct piece s)
{
	return s.length ? arena_strndup(r->arena, s.text, s.length) : "";
}

const char *reader_id(struct reader *r, struct piece name, struct piece version)
{
	size_t size = name.length + version.length + 2;
	char *id = arena_text(r->arena, size);

	if (!id)
		return NULL;
	memcpy(id, name.text, name.length);
	id[name.length] = '\0';
	if (!version.length)
		return id;
	id[name.length] = '@';
	memcpy(id + name.length + 1, version.text, version.length);
	id[size - 1] = '\0';
	return id;
}

static struct scan_package *push(struct reader *r, struct piece name, struct piece version)
{
	struct scan_package *p;

	if (r->list->packages.count >= PACKAGES_MAX) {
		error_set(r->err, PIPE_ELIMIT, "more than %d packages in one file", PACKAGES_MAX);
		return NULL;
	}
	p = vec_push(r->arena, &r->list->packages);
	if (!p) {
		reader_nomem(r);
		return NULL;
	}
	p->name = reader_text(r, name);
	p->version = reader_text(r, version);
	p->source_name = p->source_version = p->arch = p->licenses = p->purl = p->path = "";
	if (p->name && p->version)
		return p;
	reader_nomem(r);
	return NULL;
}

struct scan_package *reader_add(struct reader *r, struct piece name, struct piece version, bool *is_new)
{
	const char *id = reader_id(r, name, version);
	struct scan_package *p = id ? reader_find(r, id) : NULL;

	if (is_new)
		*is_new = !p;
	if (p)
		return p;
	if (!id) {
		reader_nomem(r);
		return NULL;
	}
	p = push(r, name, version);
	if (p && !map_put(&r->seen, r->arena, id, strlen(id), (void *)(uintptr_t)r->list->packages.count)) {
		reader_nomem(r);
		return NULL;
	}
	return p;
}

struct scan_package *reader_find(struct reader *r, const char *id)
{
	uintptr_t at = (uintptr_t)map_get(&r->seen, id, strlen(id));

	return at ? &r->list->packages.items[at - 1] : NULL;
}

bool reader_id_push(struct reader *r, struct reader_ids *ids, const char *id)
{
	const char **slot = id ? vec_push(r->arena, &ids->list) : NULL;

	if (slot)
		*slot = id;
	return slot != NULL;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool reader_depends(struct reader *r, struct reader_ids *ids, const char *const **out)
{
	const char **list;
	uint32_t count = 0;

	*out = NULL;
	if (!ids->list.count)
		return true;
	list = ARENA_ARRAY(r->arena, const char *, (size_t)ids->list.count + 1);
	if (!list)
		return false;
	qsort(ids->list.items, ids->list.count, sizeof(*ids->list.items), by_text);
	for (uint32_t i = 0; i < ids->list.count; i++)
		if (*ids->list.items[i] && (!count || strcmp(list[count - 1], ids->list.items[i]) != 0))
			list[count++] = ids->list.items[i];
	*out = count ? list : NULL;
	return true;
}

bool reader_walk_begin(struct reader *r, struct reader_walk *w)
{
	w->count = 0;
	w->reached = ARENA_ARRAY(r->arena, bool, (size_t)r->list->packages.count + 1);
	w->queue = ARENA_ARRAY(r->arena, uint32_t, (size_t)r->list->packages.count + 1);
	return w->reached && w->queue;
}

void reader_walk_from(struct reader_walk *w, uint32_t index)
{
	if (w->reached[index])
		return;
	w->reached[index] = true;
	w->queue[w->count++] = index;
}

void reader_walk_run(struct reader *r, struct reader_walk *w)
{
	while (w->count) {
		const char *const *id = r->list->packages.items[w->queue[--w->count]].depends_on;

		for (; id && *id; id++) {
			struct scan_package *p = reader_find(r, *id);

			if (p)
				reader_walk_from(w, (uint32_t)(p - r->list->packages.items));
		}
	}
}

/* One part of a path onto another; false: it leads out. */
static bool append(char *path, size_t *length, struct piece part)
{
	if (!part.length || piece_is(part, "."))
		return true;
	if (piece_is(part, "..")) {
		const char *slash = *length ? memrchr(path, '/', *length) : NULL;

		if (!*length)
			return false;
		*length = slash ? (size_t)(slash - path) : 0;
		return true;
	}
	if (*length)
		path[(*length)++] = '/';
	memcpy(path + *length, part.text, part.length);
	*length += part.length;
	return true;
}

const char *reader_path(struct reader *r, const char *relative)
{
	struct piece rest = piece_of(r->list->path ? r->list->path : ""), part;
	size_t size = rest.length + strlen(relative) + 2, length = 0;
	char *path = arena_text(r->arena, size);
	bool more = true;

	if (!path)
		return NULL;
	while (more) {
		rest = piece_cut(rest, "/", &part, &more);
		if (more && !append(path, &length, part))
			return NULL;
	}
	rest = piece_of(relative);
	for (more = true; more;) {
		rest = piece_cut(rest, "/", &part, &more);
		if (!append(path, &length, part))
			return NULL;
	}
	path[length] = '\0';
	return path;
}

const char *reader_beside(struct reader *r, const char *relative, size_t *length)
{
	const char *path = r->beside ? reader_path(r, relative) : NULL;

	*length = 0;
	return path ? r->beside(r->payload, path, length) : NULL;
}

static int read_tree(struct reader *r, enum reader_syntax syntax, const struct tree_source *source, struct tree_value *out)
{
	static int (*const readers[])(struct tree_value *, const struct tree_source *, struct arena *,
				      pipe_error *) = { tree_json, tree_toml, tree_yaml };

	return readers[syntax](out, source, r->arena, r->err);
}

int reader_tree(struct reader *r, enum reader_syntax syntax, struct tree_value *out)
{
	struct tree_source source = { r->list->path ? r->list->path : "", r->bytes, r->length };

	return read_tree(r, syntax, &source, out);
}

int reader_tree_beside(struct reader *r, const char *relative, enum reader_syntax syntax, struct tree_value *out)
{
	struct tree_source source = { .path = relative };
	int rc;

	source.bytes = reader_beside(r, relative, &source.length);
	if (!source.bytes)
		return 0;
	rc = read_tree(r, syntax, &source, out);
	if (rc == PIPE_ENOMEM)
		return rc;
	if (rc && !reader_note(r, "%s, line %u: %s", relative, r->err->line, r->err->text))
		return reader_nomem(r);
	if (rc)
		*r->err = (pipe_error){ 0 };
	return !rc;
}
