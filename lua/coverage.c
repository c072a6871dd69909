/*
 * What lines a piece of Lua has is read from what lua_dump writes of it, since a function that was never made cannot be asked; its shape is
 * that of Lua 5.4's ldump.c: numbers in groups of seven bits, the highest first, the last one marked.  The return that the compiler adds
 * at the end of each function is nobody's line.
 */
#include "lua/coverage.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"
#include "base/vec.h"

#include <stdlib.h>
#include <string.h>

enum { LINES_MOST = 1 << 20, PROTOTYPES_DEEP = 250 };

struct covered {
	struct lua_covered_file shown;
	uint64_t *hits;
	bool *executable;
	uint32_t capacity;
};

struct lua_coverage {
	struct arena arena;
	struct map by_name;
	VEC(struct covered *) files;
	struct covered *last; /* which the hook asked for */
	bool nomem;
};

int lua_coverage_create(struct lua_coverage **out, pipe_error *err)
{
	*out = calloc(1, sizeof(**out));
	return *out ? PIPE_OK : error_nomem(err);
}

void lua_coverage_free(struct lua_coverage *c)
{
	if (!c)
		return;
	for (uint32_t i = 0; i < c->files.count; i++) {
		free(c->files.items[i]->hits);
		free(c->files.items[i]->executable);
	}
	arena_clear(&c->arena);
	free(c);
}

/* ---- files and their lines ---- */

static struct covered *file_add(struct lua_coverage *c, const char *name)
{
	struct covered *f = ARENA_NEW(&c->arena, struct covered), **slot = vec_push(&c->arena, &c->files);

	if (slot)
		*slot = f;
	if (f)
		f->shown.name = arena_strdup(&c->arena, name);
	if (!f || !slot || !f->shown.name || !map_put(&c->by_name, &c->arena, f->shown.name, strlen(name), f)) {
		c->nomem = true;
		if (slot)
			c->files.count--;
		return NULL;
	}
	return f;
}

static struct covered *file_of(struct lua_coverage *c, const char *name)
{
	struct covered *f;

	if (c->last && !strcmp(c->last->shown.name, name))
		return c->last;
	f = map_get(&c->by_name, name, strlen(name));
	if (f)
		c->last = f;
	return f;
}

static bool reach(struct covered *f, uint32_t line)
{
	uint32_t capacity = f->capacity ? f->capacity : 64;
	uint64_t *hits;
	bool *executable;

	if (line <= f->capacity)
		return true;
	while (capacity < line)
		capacity *= 2;
	hits = realloc(f->hits, capacity * sizeof(*hits));
	if (hits)
		f->hits = hits;
	executable = realloc(f->executable, capacity * sizeof(*executable));
	if (executable)
		f->executable = executable;
	if (!hits || !executable)
		return false;
	memset(hits + f->capacity, 0, (capacity - f->capacity) * sizeof(*hits));
	memset(executable + f->capacity, 0, (capacity - f->capacity) * sizeof(*executable));
	f->capacity = capacity;
	return true;
}

static void line_add(struct lua_coverage *c, struct covered *f, int64_t line)
{
	if (line < 1 || line > LINES_MOST)
		return;
	if (!reach(f, (uint32_t)line)) {
		c->nomem = true;
		return;
	}
	f->shown.lines += !f->executable[line - 1];
	f->executable[line - 1] = true;
	if ((uint32_t)line > f->shown.count)
		f->shown.count = (uint32_t)line;
}

/* ---- what lua_dump wrote ---- */

struct dump {
	const unsigned char *at, *end;
	struct lua_coverage *c;
	struct covered *file;
	bool wrong;
};

static const unsigned char *take(struct dump *d, uint64_t length)
{
	const unsigned char *from = d->at;

	if (d->wrong || length > (uint64_t)(d->end - d->at)) {
		d->wrong = true;
		return NULL;
	}
	d->at += length;
	return from;
}

static unsigned take_byte(struct dump *d)
{
	const unsigned char *b = take(d, 1);

	return b ? *b : 0;
}

static uint64_t take_number(struct dump *d)
{
	uint64_t n = 0;

	for (int i = 0; i < 10 && !d->wrong; i++) {
		const unsigned b = take_byte(d);

		n = n << 7 | (b & 0x7f);
		if (b & 0x80)
			return n;
	}
	d->wrong = true;
	return 0;
}

static void skip_text(struct dump *d)
{
	const uint64_t size = take_number(d); /* and 1; 0: none */

	if (size)
		take(d, size - 1);
}

static void skip_items(struct dump *d, uint64_t size)
{
	const uint64_t n = take_number(d);

	take(d, n > UINT32_MAX ? UINT64_MAX : n * size);
}

static void skip_constants(struct dump *d)
{
	enum { NUMBER_FLOAT = 0x13, NUMBER_INTEGER = 0x03, TEXT_SHORT = 0x04, TEXT_LONG = 0x14 };

	for (uint64_t n = take_number(d); n && !d->wrong; n--) {
		const unsigned type = take_byte(d);

		if (type == NUMBER_FLOAT || type == NUMBER_INTEGER)
			take(d, 8);
		else if (type == TEXT_SHORT || type == TEXT_LONG)
			skip_text(d);
	}
}

/* The lines of a function's instructions: differences, and now and then (marked) a line in full, from a list of its own. */
static void take_lines(struct dump *d, int64_t line, bool variadic)
{
	enum { IN_FULL = -0x80 };
	const uint64_t count = take_number(d);
	const unsigned char *deltas = take(d, count);
	uint64_t full = take_number(d);

	for (uint64_t i = 0; i < count && deltas; i++) {
		const signed char delta = (signed char)deltas[i];

		if (delta == IN_FULL) {
			if (!full || d->wrong)
				break;
			take_number(d); /* its instruction */
			line = (int64_t)take_number(d);
			full--;
		} else {
			line += delta;
		}
		if (i + 1 < count && !(variadic && i == 0))
			line_add(d->c, d->file, line);
	}
	for (; full && !d->wrong; full--) {
		take_number(d);
		take_number(d);
	}
}

static void skip_names(struct dump *d)
{
	for (uint64_t n = take_number(d); n && !d->wrong; n--) { /* local variables */
		skip_text(d);
		take_number(d);
		take_number(d);
	}
	for (uint64_t n = take_number(d); n && !d->wrong; n--) /* upvalues */
		skip_text(d);
}

/* Recursive, as functions are nested: no deeper than the compiler allows (200). */
static void take_function(struct dump *d, unsigned deep)
{
	int64_t line;
	bool variadic;

	if (deep > PROTOTYPES_DEEP)
		d->wrong = true;
	skip_text(d);
	line = (int64_t)take_number(d);
	take_number(d);
	take_byte(d);
	variadic = take_byte(d);
	take_byte(d);
	skip_items(d, 4); /* instructions */
	skip_constants(d);
	skip_items(d, 3); /* upvalues */
	for (uint64_t n = take_number(d); n && !d->wrong; n--)
		take_function(d, deep + 1);
	take_lines(d, line, variadic);
	skip_names(d);
}

/* ---- what the engine tells ---- */

static int on_dump(lua_State *L, const void *bytes, size_t length, void *payload)
{
	struct str *out = payload;

	(void)L;
	str_add(out, bytes, length);
	return out->failed;
}

static void read_dump(struct lua_coverage *c, struct covered *f, const struct str *bytes)
{
	/* Signature, version, format, check bytes, three sizes, an integer, a float; then a byte: upvalues of the main function. */
	enum { HEADER = 4 + 1 + 1 + 6 + 3 + 8 + 8, VERSION_AT = 4, VERSION = 0x54 };
	struct dump d = { .at = (const unsigned char *)bytes->data, .c = c, .file = f };
	const unsigned char *header;

	d.end = d.at + bytes->length;
	header = take(&d, HEADER + 1);
	if (header && header[VERSION_AT] == VERSION)
		take_function(&d, 0);
}

void lua_coverage_compiled(struct lua_coverage *c, lua_State *L)
{
	struct covered *f = NULL;
	struct str bytes;
	lua_Debug ar;

	lua_pushvalue(L, -1);
	lua_getinfo(L, ">S", &ar);
	if (*ar.source != '@' || map_get(&c->by_name, ar.source + 1, strlen(ar.source + 1)))
		return;
	str_init(&bytes);
	if (lua_dump(L, on_dump, &bytes, 0) == 0)
		f = file_add(c, ar.source + 1);
	if (f)
		read_dump(c, f, &bytes);
	c->nomem = c->nomem || bytes.failed;
	str_clear(&bytes);
}

void lua_coverage_line(struct lua_coverage *c, lua_State *L, lua_Debug *ar)
{
	struct covered *f;
	uint32_t line;

	lua_getinfo(L, "S", ar);
	f = *ar->source == '@' ? file_of(c, ar->source + 1) : NULL;
	if (!f || ar->currentline < 1 || (uint32_t)ar->currentline > f->shown.count)
		return;
	line = (uint32_t)ar->currentline - 1;
	if (f->executable[line] && f->hits[line]++ == 0)
		f->shown.hit++;
}

/* ---- what came of it ---- */

static int by_name(const void *a, const void *b)
{
	const struct covered *const *x = a, *const *y = b;

	return strcmp((*x)->shown.name, (*y)->shown.name);
}

int lua_coverage_each(const struct lua_coverage *c, int (*each)(void *payload, const struct lua_covered_file *file),
		      void *payload, pipe_error *err)
{
	if (c->nomem)
		return error_nomem(err);
	if (c->files.count)
		qsort(c->files.items, c->files.count, sizeof(*c->files.items), by_name);
	for (uint32_t i = 0; i < c->files.count; i++) {
		struct covered *f = c->files.items[i];

		f->shown.hits = f->hits;
		f->shown.executable = f->executable;
		if (each(payload, &f->shown))
			break;
	}
	return PIPE_OK;
}
