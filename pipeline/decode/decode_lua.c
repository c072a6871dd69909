/* Decoding what is about Lua: the top-level `lua`, conditions of rules, and the Lua among the parameters of typed jobs. */
#include "base/duration.h"
#include "base/size.h"
#include "pipeline/decode/decoding.h"

#include <stdlib.h>
#include <string.h>

/* ---- what may be allowed ---- */

static bool is_address(const char *text, const char *const *schemes, bool path)
{
	static const char never[] = "@*?#\\\"'<>{}|^`$ \t\r\n";
	const char *host = NULL;
	size_t length;

	for (; *schemes && !host; schemes++)
		if (!strncmp(text, *schemes, strlen(*schemes)))
			host = text + strlen(*schemes);
	if (!host || strpbrk(host, never))
		return false;
	length = strcspn(host, "/");
	if (!length || *host == ':' || *host == '.' || host[length - 1] == ':')
		return false;
	return path || !host[length];
}

static bool is_origin(const char *text)
{
	static const char *const schemes[] = { "https://", "http://", NULL };

	return is_address(text, schemes, true) && !strstr(text, "/../") && !strstr(text, "/./");
}

static bool is_mail_server(const char *text)
{
	static const char *const schemes[] = { "smtp://", "smtps://", NULL };

	return is_address(text, schemes, false);
}

static bool has_dots(const char *path)
{
	for (const char *p = path; p; p = strchr(p, '/'), p = p ? p + 1 : NULL) {
		size_t n = strcspn(p, "/");
		if ((n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
			return true;
	}
	return false;
}

/* A name that is looked up on the PATH, or an absolute path. */
static bool is_program(const char *text)
{
	if (!*text || strpbrk(text, "*?$ \t\r\n") || has_dots(text))
		return false;
	return *text == '/' ? text[1] != '\0' : !strchr(text, '/');
}

static bool is_directory(const char *text)
{
	return *text == '/' && text[strspn(text, "/")] && !strpbrk(text, "*?$\r\n") && !has_dots(text);
}

static bool is_variable(const char *text)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

	return *text && strspn(text, letters) == strlen(text) && !(*text >= '0' && *text <= '9');
}

static const struct allowed {
	const char *name;
	bool (*good)(const char *text);
	size_t offset; /* of a text_list in struct lua_settings */
	const char *what, *hint;
} allowed[] = {
	{ "http", is_origin, offsetof(struct lua_settings, http), "an address",
	  "write https://HOST, or https://HOST/PATH: a host, and nothing in front of it" },
	{ "exec", is_program, offsetof(struct lua_settings, exec), "a program",
	  "write its name, such as helm, or its absolute path" },
	{ "read", is_directory, offsetof(struct lua_settings, read), "a directory", "write an absolute path, and not \"/\"" },
	{ "secrets", is_variable, offsetof(struct lua_settings, secrets), "the name of a variable", "name each of them" },
	{ "mail", is_mail_server, offsetof(struct lua_settings, mail), "a mail server",
	  "write smtp://HOST:PORT or smtps://HOST" },
};
enum { ALLOWED = sizeof(allowed) / sizeof(*allowed) };

static bool is_everything(const char *text)
{
	static const char *const all[] = { "*",	       "/",	   "http://",	"https://", "smtp://",
					   "smtps://", "http://*", "https://*", "smtp://*", "smtps://*" };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (!strcmp(all[i], text))
			return true;
	return false;
}

static void allow_one(struct decoding *x, struct lua_settings *s, const struct allowed *kind, const struct node *n)
{
	text_list *list = (text_list *)(void *)((char *)s + kind->offset);
	const char **slot;

	if (n->kind != NODE_SCALAR)
		return;
	if (!kind->good(n->text)) {
		if (is_everything(n->text))
			diag_error(x->d, n->at, "lua-allow",
				   "\"%s\" would allow everything: \"%s\" takes what scripts need and no more", n->text,
				   kind->name);
		else
			diag_error(x->d, n->at, "lua-allow", "\"%s\" is not %s that \"%s\" can allow", n->text, kind->what,
				   kind->name);
		diag_hint(x->d, "%s", kind->hint);
		return;
	}
	slot = vec_push(x->a, list);
	if (slot)
		*slot = n->text;
	else
		x->nomem = true;
}

static void allow_map(struct decoding *x, struct lua_settings *s, const struct node *map)
{
	for (size_t k = 0; k < ALLOWED; k++) {
		struct flat f;

		if (!decode_flat(x, node_get(map, allowed[k].name), &f))
			return;
		for (uint32_t i = 0; i < f.count; i++)
			allow_one(x, s, &allowed[k], f.items[i]);
	}
}

/* ---- limits ---- */

static const struct limit {
	const char *name;
	size_t offset, most; /* of an int64_t or uint64_t in struct lua_settings, in struct lua_bounds */
	bool size;	     /* bytes; otherwise a duration */
} limits[] = {
	{ "cpu", offsetof(struct lua_settings, cpu_ms), offsetof(struct lua_bounds, cpu_ms), false },
	{ "wall", offsetof(struct lua_settings, wall_ms), offsetof(struct lua_bounds, wall_ms), false },
	{ "memory", offsetof(struct lua_settings, memory_bytes), offsetof(struct lua_bounds, memory_bytes), true },
	{ "output", offsetof(struct lua_settings, output_bytes), offsetof(struct lua_bounds, output_bytes), true },
};

static const char *bound_words(struct decoding *x, uint64_t value, bool size)
{
	enum { MIB = 1024 * 1024, KIB = 1024 };
	char buffer[32];
	const char *text;

	if (!size)
		text = arena_strdup(x->a, duration_format((int64_t)value, buffer, sizeof(buffer)));
	else if (value % MIB == 0)
		text = arena_printf(x->a, "%llu MiB", (unsigned long long)(value / MIB));
	else
		text = arena_printf(x->a, "%llu bytes", (unsigned long long)value);
	x->nomem |= !text;
	return text ? text : "";
}

static bool read_limit(const struct limit *l, const char *text, uint64_t *value)
{
	int64_t ms;

	if (l->size)
		return size_parse(text, value) && *value;
	if (!duration_parse(text, &ms) || ms <= 0)
		return false;
	*value = (uint64_t)ms;
	return true;
}

static void take_limit(struct decoding *x, struct lua_settings *s, const struct limit *l, const struct node *n)
{
	uint64_t most, value;

	if (!n || n->kind != NODE_SCALAR || decode_is_null(n) || !read_limit(l, n->text, &value))
		return;
	memcpy(&most, (const char *)&x->o->lua_most + l->most, sizeof(most));
	if (most && value > most) {
		diag_error(x->d, n->at, "lua-limit", "\"%s\" of %s is more than this machine allows, which is %s", l->name,
			   n->text, bound_words(x, most, l->size));
		return;
	}
	memcpy((char *)s + l->offset, &value, sizeof(value));
}

/* ---- the top level ---- */

static struct lua_settings *read_settings(struct decoding *x, const struct node *n)
{
	struct lua_settings *s = DECODE_NEW(x, struct lua_settings);
	const struct node *most = node_get(n, "limits");
	const char *on_error = decode_text(node_get(n, "on_error"));
	struct flat f;

	if (!s || !decode_flat(x, node_get(n, "allow"), &f))
		return NULL;
	s->at = n->at;
	for (uint32_t i = 0; i < f.count; i++)
		if (f.items[i]->kind == NODE_MAP)
			allow_map(x, s, f.items[i]);
	for (size_t i = 0; most && most->kind == NODE_MAP && i < sizeof(limits) / sizeof(*limits); i++)
		take_limit(x, s, &limits[i], node_get(most, limits[i].name));
	if (on_error)
		s->on_error = !strcmp(on_error, "warn") ? LUA_ON_ERROR_WARN : LUA_ON_ERROR_FAIL;
	return s;
}

void decode_lua_settings(struct decoding *x, const struct node *n)
{
	const struct world *world = x->o->lua ? x->o->lua->world : NULL;
	struct lua_settings *s = read_settings(x, n);

	if (!s)
		return;
	x->p->lua = s;
	if (world && world->lua)
		world->lua->settle(world->lua->context, s);
}

/* What stands elsewhere is not known yet. */
static bool refers(const struct node *n, unsigned depth)
{
	if (n->tag == TAG_REFERENCE || !depth)
		return true;
	for (uint32_t i = 0; n->kind != NODE_SCALAR && i < n->count; i++)
		if (refers(n->kind == NODE_MAP ? n->pairs[i].value : n->items[i], depth - 1))
			return true;
	return false;
}

int decode_lua_early(const struct lua_settings **out, struct arena *a, const struct node *n, const struct lua_bounds *most)
{
	enum { DEPTH = 6 };
	const struct decode_options o = { .lua_most = *most };
	struct diagnostics unheard;
	struct sources none = { 0 };
	struct decoding *x;

	*out = NULL;
	if (!n || n->kind != NODE_MAP || refers(n, DEPTH))
		return PIPE_OK;
	x = ARENA_NEW(a, struct decoding);
	if (!x)
		return PIPE_ENOMEM;
	diagnostics_init(&unheard, a, &none);
	x->a = a;
	x->d = &unheard;
	x->o = &o;
	*out = read_settings(x, n);
	return x->nomem || unheard.nomem ? PIPE_ENOMEM : PIPE_OK;
}

/* ---- rules ---- */

static const struct lua_text *read_code(struct decoding *x, const struct node *n, enum lua_use use)
{
	struct lua_text code, *out;

	if (!n || decode_is_null(n) || !x->o->lua || !lua_code_read(x->o->lua, n, use, &code))
		return NULL;
	out = DECODE_NEW(x, struct lua_text);
	if (out)
		*out = code;
	return out;
}

const struct lua_text *decode_lua_condition(struct decoding *x, const struct node *n)
{
	return read_code(x, n, LUA_CONDITION);
}

/* ---- `with` ---- */

static void add_node(struct decoding *x, const struct node *n)
{
	struct lua_named_text *slot;
	const struct lua_text *code;

	if (map_get(&x->lua_nodes, (const char *)&n, sizeof(n)))
		return;
	code = read_code(x, n, LUA_SCRIPT);
	slot = code ? vec_push(x->a, &x->p->lua_texts.list) : NULL;
	if (!slot) {
		x->nomem |= code != NULL;
		return;
	}
	*slot = (struct lua_named_text){ n, code };
	/* The key is the slot's own pointer, which stays in the arena also when the list grows. */
	if (!map_put(&x->lua_nodes, x->a, (const char *)&slot->node, sizeof(slot->node), (void *)(uintptr_t)code))
		x->nomem = true;
}

static bool any_lua(const struct keyword *rows, unsigned depth)
{
	for (const struct keyword *k = rows; k && k->name && depth; k++)
		if (keyword_takes_lua(k) || any_lua(k->fields, depth - 1))
			return true;
	return false;
}

static void look_below(struct decoding *x, const struct keyword *rows, const struct node *map, unsigned depth)
{
	for (uint32_t i = 0; rows && depth && map->kind == NODE_MAP && i < map->count; i++) {
		const struct node *key = map->pairs[i].key;
		const struct keyword *k = keyword_find(rows, IN_NESTED, key->text, key->count);
		struct flat f;

		if (!k || !decode_flat(x, map->pairs[i].value, &f))
			continue;
		for (uint32_t item = 0; item < f.count; item++)
			if (keyword_takes_lua(k))
				add_node(x, f.items[item]);
			else if (k->fields)
				look_below(x, k->fields, f.items[item], depth - 1);
	}
}

void decode_lua_with(struct decoding *x, const struct keyword *rows, const struct node *with)
{
	enum { DEPTH = 4 };

	if (!with || with == x->last_lua || !any_lua(rows, DEPTH))
		return;
	x->last_lua = with;
	look_below(x, rows, with, DEPTH);
}

static int by_address(const void *a, const void *b)
{
	uintptr_t one = (uintptr_t)((const struct lua_named_text *)a)->node,
		  other = (uintptr_t)((const struct lua_named_text *)b)->node;

	return one < other ? -1 : one > other;
}

void decode_lua_sort(struct decoding *x)
{
	if (x->p->lua_texts.list.count > 1)
		qsort(x->p->lua_texts.list.items, x->p->lua_texts.list.count, sizeof(*x->p->lua_texts.list.items), by_address);
}
