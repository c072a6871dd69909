/* Decoding the values that many keywords have in common. */
#include "base/duration.h"
#include "pipeline/decode/decoding.h"

#include <string.h>

void *decode_alloc(struct decoding *x, size_t size, size_t count)
{
	void *p = arena_array(x->a, size, count);

	if (!p)
		x->nomem = true;
	return p;
}

/* ---- lists ---- */

static uint32_t count_leaves(const struct node *n, unsigned depth, bool *plain)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < n->count; i++) {
		const struct node *item = n->items[i];
		if (item->kind == NODE_LIST && depth < LIMIT_SCRIPT_DEPTH) {
			count += count_leaves(item, depth + 1, plain);
			*plain = false;
		} else if (item->kind == NODE_LIST || decode_is_null(item)) {
			*plain = false;
		} else {
			count++;
		}
	}
	return count;
}

static struct node **fill_leaves(const struct node *n, unsigned depth, struct node **to)
{
	for (uint32_t i = 0; i < n->count; i++) {
		struct node *item = n->items[i];
		if (item->kind == NODE_LIST && depth < LIMIT_SCRIPT_DEPTH)
			to = fill_leaves(item, depth + 1, to);
		else if (item->kind != NODE_LIST && !decode_is_null(item))
			*to++ = item;
	}
	return to;
}

bool decode_flat(struct decoding *x, struct node *n, struct flat *f)
{
	bool plain = true;
	uint32_t count;

	*f = (struct flat){ .one = n, .items = &f->one };
	if (decode_is_null(n) || n->tag == TAG_REFERENCE || n->tag == TAG_LOST)
		return true;
	if (n->kind != NODE_LIST) {
		f->count = 1;
		return true;
	}
	count = count_leaves(n, 1, &plain);
	f->items = n->items;
	if (!plain && count) {
		f->items = decode_alloc(x, sizeof(*f->items), count);
		if (!f->items)
			return false;
		fill_leaves(n, 1, f->items);
	}
	f->count = count;
	return true;
}

const char *decode_text(const struct node *n)
{
	return n && n->kind == NODE_SCALAR && !decode_is_null(n) ? n->text : NULL;
}

text_list decode_texts(struct decoding *x, struct node *n)
{
	text_list out = { NULL, 0, 0 };
	struct flat f;

	if (!decode_flat(x, n, &f) || !DECODE_ROOM(x, &out, f.count))
		return out;
	for (uint32_t i = 0; i < f.count; i++)
		if (f.items[i]->kind == NODE_SCALAR)
			out.items[out.count++] = f.items[i]->text;
	return out;
}

text_list *decode_texts_new(struct decoding *x, struct node *n)
{
	text_list *out = DECODE_NEW(x, text_list);

	if (out)
		*out = decode_texts(x, n);
	return out;
}

/* ---- scalars ---- */

bool decode_bool(const struct node *n, bool fallback)
{
	bool value = fallback;

	return n && n->kind == NODE_SCALAR && node_bool(n, &value) ? value : fallback;
}

enum tristate decode_tristate(const struct node *n)
{
	bool value;

	if (!n || n->kind != NODE_SCALAR || !node_bool(n, &value))
		return UNSET;
	return value ? YES : NO;
}

int64_t decode_duration(const struct node *n)
{
	const char *text = decode_text(n);
	int64_t ms;

	return text && duration_parse(text, &ms) ? ms : 0;
}

enum job_when decode_when(const struct node *n)
{
	const char *text = decode_text(n);

	for (int when = WHEN_ON_SUCCESS; text && when <= WHEN_NEVER; when++)
		if (!strcmp(when_name((enum job_when)when), text))
			return (enum job_when)when;
	return WHEN_UNSET;
}

script decode_commands(struct decoding *x, struct node *n)
{
	script out = { NULL, 0, 0 };
	struct flat f;

	if (!decode_flat(x, n, &f) || !DECODE_ROOM(x, &out, f.count))
		return out;
	for (uint32_t i = 0; i < f.count; i++)
		if (f.items[i]->kind == NODE_SCALAR)
			out.items[out.count++] = (struct command){ f.items[i]->text, f.items[i]->at };
	return out;
}

/* ---- maps ---- */

static bool decode_variable(struct decoding *x, const struct pair *p, struct variable *out)
{
	const struct node *v = p->value;
	bool expand = true;

	if (v->kind == NODE_MAP) {
		expand = decode_bool(node_get(v, "expand"), true);
		v = node_get(v, "value");
	} else if (v->kind == NODE_LIST || decode_is_null(v)) {
		return false;
	}
	*out = (struct variable){ .name = p->key->text, .value = "", .at = p->key->at, .raw = !expand };
	if (v && v->kind == NODE_SCALAR)
		out->value = node_value(v, x->a);
	if (!out->value)
		x->nomem = true;
	return out->value != NULL;
}

struct variables decode_variables(struct decoding *x, const struct node *n)
{
	enum { INDEXED = 16 }; /* from here on variables_set() makes the list quick to search */
	struct variables out;
	struct variable one;

	memset(&out, 0, sizeof(out));
	if (!n || n->kind != NODE_MAP || (n->count < INDEXED && !DECODE_ROOM(x, &out.list, n->count)))
		return out;
	for (uint32_t i = 0; i < n->count; i++) {
		if (!decode_variable(x, &n->pairs[i], &one))
			continue;
		if (n->count < INDEXED)
			out.list.items[out.list.count++] = one;
		else if (!variables_set(&out, x->a, one))
			x->nomem = true;
	}
	return out;
}

struct exit_codes decode_exit_codes(struct decoding *x, struct node *n)
{
	struct exit_codes out = { { NULL, 0, 0 } };
	struct flat f;
	int64_t code;

	if (!decode_flat(x, n, &f) || !DECODE_ROOM(x, &out.list, f.count))
		return out;
	for (uint32_t i = 0; i < f.count; i++)
		if (f.items[i]->kind != NODE_SCALAR || !node_int(f.items[i], &code))
			continue;
		else if (code >= 0 && code <= 255)
			out.list.items[out.list.count++] = (int)code;
		else
			diag_warning(x->d, f.items[i]->at, "exit-code", "no process ends with exit code %s", f.items[i]->text);
	return out;
}

struct allow_failure decode_allow_failure(struct decoding *x, struct node *n)
{
	struct allow_failure out = { UNSET, { { NULL, 0, 0 } } };
	struct node *codes;

	if (!n || n->kind != NODE_MAP) {
		out.state = decode_tristate(n);
		return out;
	}
	codes = node_get(n, "exit_codes");
	if (decode_is_null(codes))
		return out;
	out.codes = decode_exit_codes(x, codes);
	if (codes->kind == NODE_LIST && !codes->count)
		diag_warning(x->d, codes->at, "exit-code", "\"exit_codes\" is empty: no failure is allowed");
	out.state = out.codes.list.count ? YES : NO;
	return out;
}

/* ---- matrix ---- */

static text_list axis_values(struct decoding *x, struct node *n)
{
	text_list out = { NULL, 0, 0 };
	struct flat f;

	if (!decode_flat(x, n, &f) || !DECODE_ROOM(x, &out, f.count))
		return out;
	for (uint32_t i = 0; i < f.count; i++) {
		const char *value = f.items[i]->kind == NODE_SCALAR ? node_value(f.items[i], x->a) : "";
		x->nomem |= !value;
		out.items[out.count++] = value ? value : "";
	}
	return out;
}

static void matrix_row(struct decoding *x, const struct node *n, struct matrix_row *row)
{
	if (n->kind != NODE_MAP || !DECODE_ROOM(x, &row->axes, n->count))
		return;
	for (uint32_t i = 0; i < n->count; i++) {
		struct matrix_axis axis = { .name = n->pairs[i].key->text, .at = n->pairs[i].key->at };
		axis.values = axis_values(x, n->pairs[i].value);
		if (axis.values.count)
			row->axes.items[row->axes.count++] = axis;
	}
}

struct matrix *decode_matrix(struct decoding *x, struct node *n)
{
	struct matrix *out;
	struct flat f;

	if (!decode_flat(x, n, &f) || !f.count)
		return NULL;
	out = DECODE_NEW(x, struct matrix);
	if (!out || !DECODE_ROOM(x, &out->rows, f.count))
		return NULL;
	for (uint32_t i = 0; i < f.count; i++) {
		matrix_row(x, f.items[i], &out->rows.items[out->rows.count]);
		out->rows.count += out->rows.items[out->rows.count].axes.count > 0;
	}
	return out->rows.count ? out : NULL;
}
