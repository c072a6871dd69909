/*
 * Variables, layers and expansion.  Expansion is late: a value is expanded when it is used, in the scope of the use.  It works in
 * one growing text with three bounds, so that no set of variables can make it long: the result's length, the number of
 * replacements (names that expand to nothing add no length), and the depth of values in values.
 */
#include "pipeline/rule/variable.h"

#include "pipeline/limits.h"

#include <string.h>

enum {
	INDEX_FROM = 16,	    /* shorter lists are searched faster than hashed */
	REPLACEMENTS_MOST = 100000, /* in one expansion */
	DEPTH_MOST = 100,	    /* values in values */
	NAME_MOST = 512,	    /* bytes between the braces of ${...} when a name is itself put together */
	SEEN_ON_STACK = 1024
};

/* ---- lists ---- */

static bool named(const struct variable *v, const char *name, size_t length)
{
	return v->name[0] == name[0] && !strncmp(v->name, name, length) && !v->name[length];
}

static struct variable *find(const struct variables *v, const char *name, size_t length)
{
	if (!length)
		return NULL;
	if (v->index) {
		uintptr_t at = (uintptr_t)map_get(v->index, name, length);
		if (at && at <= v->list.count && named(&v->list.items[at - 1], name, length))
			return &v->list.items[at - 1];
		if (!at && v->index->count == v->list.count)
			return NULL;
	}
	for (uint32_t i = 0; i < v->list.count; i++)
		if (named(&v->list.items[i], name, length))
			return &v->list.items[i];
	return NULL;
}

static bool index_one(struct variables *v, struct arena *a, uint32_t i)
{
	const char *name = v->list.items[i].name;

	return map_put(v->index, a, name, strlen(name), (void *)(uintptr_t)(i + 1));
}

/* Called after a push.  An index that does not fit the list (somebody pushed by hand) is made anew. */
static void index_last(struct variables *v, struct arena *a)
{
	if (v->list.count < INDEX_FROM)
		return;
	if (v->index && v->index->count == v->list.count - 1) {
		if (!index_one(v, a, v->list.count - 1))
			v->index = NULL;
		return;
	}
	v->index = ARENA_NEW(a, struct map);
	for (uint32_t i = 0; v->index && i < v->list.count; i++)
		if (!index_one(v, a, i))
			v->index = NULL;
}

bool variables_set(struct variables *v, struct arena *a, struct variable one)
{
	struct variable *at = find(v, one.name, strlen(one.name));

	if (at) {
		*at = one;
		return true;
	}
	at = vec_push(a, &v->list);
	if (!at)
		return false;
	*at = one;
	index_last(v, a);
	return true;
}

const struct variable *variables_get(const struct variables *v, const char *name)
{
	return find(v, name, strlen(name));
}

void variables_unset(struct variables *v, const char *name)
{
	struct variable *at = find(v, name, strlen(name));
	struct variable *end = v->list.items + v->list.count;

	if (!at)
		return;
	memmove(at, at + 1, (size_t)(end - at - 1) * sizeof(*at));
	v->list.count--;
	v->index = NULL;
}

/* ---- scopes ---- */

void scope_push(struct scope *s, const struct variables *layer)
{
	if (layer && layer->list.count && s->count < SCOPE_LAYERS)
		s->layers[s->count++] = layer;
}

static bool is_unset(const struct scope *s, const char *name, size_t length)
{
	for (const char *const *u = s->unset; u && *u; u++)
		if (!strncmp(*u, name, length) && !(*u)[length])
			return true;
	return false;
}

const struct variable *scope_find(const struct scope *s, const char *name, size_t length)
{
	for (unsigned i = s->count; i > 0; i--) {
		const struct variable *v = find(s->layers[i - 1], name, length);
		if (v)
			return is_unset(s, name, length) ? NULL : v;
	}
	return NULL;
}

/* ---- expansion ---- */

struct expansion {
	const struct scope *scope;
	struct str out;
	unsigned replacements;
	bool failed;
};

/* The values that are being expanded, innermost first. */
struct active {
	const struct variable *variable; /* NULL: a name that is put together */
	const struct active *outer;
	unsigned depth;
};

static bool name_start(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

static size_t name_length(const char *text, size_t length)
{
	size_t n = 0;

	if (!length || !name_start(text[0]))
		return 0;
	while (n < length && (name_start(text[n]) || (text[n] >= '0' && text[n] <= '9')))
		n++;
	return n;
}

static void expand_text(struct expansion *x, const char *text, size_t length, const struct active *outer);

static void expand_value(struct expansion *x, const struct variable *v, const struct active *outer)
{
	struct active here = { v, outer, outer ? outer->depth + 1 : 1 };
	size_t length = strlen(v->value);

	if (v->raw || !memchr(v->value, '$', length)) {
		str_add(&x->out, v->value, length);
		return;
	}
	for (const struct active *up = outer; up; up = up->outer)
		if (up->variable == v)
			return;
	if (here.depth > DEPTH_MOST)
		x->failed = true;
	else
		expand_text(x, v->value, length, &here);
}

static void replace(struct expansion *x, const char *name, size_t length, const struct active *outer)
{
	const struct variable *v = scope_find(x->scope, name, length);

	if (++x->replacements > REPLACEMENTS_MOST)
		x->failed = true;
	else if (v)
		expand_value(x, v, outer);
	if (x->out.failed)
		x->failed = true;
}

/* Where the brace that stands before text is closed; 0: nowhere near. */
static size_t closing_brace(const char *text, size_t length)
{
	unsigned depth = 1;

	if (length > NAME_MOST)
		length = NAME_MOST;
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '{' && i && text[i - 1] == '$')
			depth++;
		else if (text[i] == '}' && !--depth)
			return i;
	}
	return 0;
}

/* ${NAME_${OTHER}}: the name is expanded first.  Returns what was read after the opening brace, 0 where it means nothing. */
static size_t expand_nested(struct expansion *x, const char *text, size_t length, const struct active *outer)
{
	struct active here = { NULL, outer, outer ? outer->depth + 1 : 1 };
	size_t end = closing_brace(text, length);
	struct expansion inner = { .scope = x->scope, .replacements = x->replacements };

	if (!end || !memchr(text, '$', end) || here.depth > DEPTH_MOST)
		return 0;
	str_init_limit(&inner.out, NAME_MOST);
	expand_text(&inner, text, end, &here);
	x->replacements = inner.replacements;
	if (!inner.failed && inner.out.length && name_length(inner.out.data, inner.out.length) == inner.out.length)
		replace(x, inner.out.data, inner.out.length, outer);
	else
		end = 0;
	str_clear(&inner.out);
	return end ? end + 1 : 0;
}

/* What follows a `$`; returns how much of it was used, 0: the `$` stands for itself. */
static size_t expand_one(struct expansion *x, const char *text, size_t length, const struct active *outer)
{
	size_t n;

	if (!length)
		return 0;
	if (text[0] == '$') {
		str_addc(&x->out, '$');
		return 1;
	}
	if (text[0] == '{') {
		n = name_length(text + 1, length - 1);
		if (n && 1 + n < length && text[1 + n] == '}') {
			replace(x, text + 1, n, outer);
			return n + 2;
		}
		n = expand_nested(x, text + 1, length - 1, outer);
		return n ? n + 1 : 0;
	}
	n = name_length(text, length);
	if (n)
		replace(x, text, n, outer);
	return n;
}

static void expand_text(struct expansion *x, const char *text, size_t length, const struct active *outer)
{
	while (length && !x->failed) {
		const char *dollar = memchr(text, '$', length);
		size_t plain = dollar ? (size_t)(dollar - text) : length, used;

		str_add(&x->out, text, plain);
		text += plain;
		length -= plain;
		if (!dollar)
			break;
		used = expand_one(x, text + 1, length - 1, outer);
		if (!used)
			str_addc(&x->out, '$');
		text += used + 1;
		length -= used + 1;
	}
	if (x->out.failed)
		x->failed = true;
}

static const char *finish(struct expansion *x, struct arena *a, bool *failed)
{
	const char *text = x->failed ? NULL : arena_strndup(a, x->out.data, x->out.length);

	if (!text && failed)
		*failed = true;
	str_clear(&x->out);
	return text;
}

const char *scope_value_of(const struct scope *s, const struct variable *v, struct arena *a, bool *failed)
{
	struct expansion x = { .scope = s };

	if (v->raw || !strchr(v->value, '$'))
		return v->value;
	str_init_limit(&x.out, LIMIT_VALUE_BYTES);
	expand_value(&x, v, NULL);
	return finish(&x, a, failed);
}

const char *scope_value(const struct scope *s, const char *name, struct arena *a, bool *failed)
{
	const struct variable *v = scope_find(s, name, strlen(name));

	return v ? scope_value_of(s, v, a, failed) : NULL;
}

const char *scope_expand(const struct scope *s, const char *text, struct arena *a, bool *failed)
{
	struct expansion x = { .scope = s };

	if (!strchr(text, '$'))
		return text;
	str_init_limit(&x.out, LIMIT_VALUE_BYTES);
	expand_text(&x, text, strlen(text), NULL);
	return finish(&x, a, failed);
}

void scope_undefined(const struct scope *s, const char *text, void (*unknown)(void *context, const char *name, size_t length),
		     void *context)
{
	while ((text = strchr(text, '$'))) {
		bool brace;
		size_t n;

		text++;
		if (*text == '$') {
			text++;
			continue;
		}
		brace = *text == '{';
		n = name_length(text + brace, strnlen(text + brace, NAME_MOST));
		if (n && (!brace || text[1 + n] == '}') && !scope_find(s, text + brace, n))
			unknown(context, text + brace, n);
		text += n;
	}
}

/* ---- all of a scope ---- */

/* A set of the names met so far: positions in the list of winners, plus 1. */
struct seen {
	uint32_t *slots;
	uint32_t mask;
};

static struct seen seen_make(const struct scope *s, struct arena *a, uint32_t *on_stack)
{
	struct seen seen = { on_stack, SEEN_ON_STACK - 1 };
	uint64_t total = 0, capacity = SEEN_ON_STACK;

	for (unsigned i = 0; i < s->count; i++)
		total += s->layers[i]->list.count;
	while (capacity < total * 2)
		capacity *= 2;
	if (capacity > SEEN_ON_STACK) {
		seen.slots = capacity > UINT32_MAX / 2 ? NULL : ARENA_ARRAY(a, uint32_t, capacity);
		seen.mask = (uint32_t)capacity - 1;
	} else {
		memset(on_stack, 0, SEEN_ON_STACK * sizeof(*on_stack));
	}
	return seen;
}

static bool take_winner(struct seen *seen, struct arena *a, const struct variable *v, struct variables *out)
{
	uint32_t i = map_hash(v->name, strlen(v->name)) & seen->mask;
	struct variable *at;

	while (seen->slots[i]) {
		at = &out->list.items[seen->slots[i] - 1];
		if (!strcmp(at->name, v->name)) {
			*at = *v;
			return true;
		}
		i = (i + 1) & seen->mask;
	}
	at = vec_push(a, &out->list);
	if (!at)
		return false;
	*at = *v;
	seen->slots[i] = out->list.count;
	return true;
}

/* Replaces each value by the expanded one and drops what is unset. */
static bool expand_all(const struct scope *s, struct arena *a, struct variables *out)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < out->list.count; i++) {
		struct variable v = out->list.items[i];
		bool failed = false;

		if (s->unset && is_unset(s, v.name, strlen(v.name)))
			continue;
		if (!v.raw && strchr(v.value, '$')) {
			const struct variable *winner = scope_find(s, v.name, strlen(v.name));
			v.value = scope_value_of(s, winner ? winner : &v, a, &failed);
			if (failed)
				return false;
		}
		v.raw = true;
		out->list.items[kept++] = v;
	}
	out->list.count = kept;
	return true;
}

bool scope_all(const struct scope *s, struct arena *a, struct variables *out)
{
	uint32_t on_stack[SEEN_ON_STACK];
	struct seen seen = seen_make(s, a, on_stack);

	*out = (struct variables){ 0 };
	if (!seen.slots)
		return false;
	for (unsigned layer = 0; layer < s->count; layer++)
		for (uint32_t i = 0; i < s->layers[layer]->list.count; i++)
			if (!take_winner(&seen, a, &s->layers[layer]->list.items[i], out))
				return false;
	return expand_all(s, a, out);
}
