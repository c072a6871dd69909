/* Evidence that a script adds: pipe.metric, pipe.finding.  On its way to the host it passes the sink that cleans what reports say. */
#include "base/suggest.h"
#include "lua/api/inside.h"
#include "stages/report/clean.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 200, LABELS_MOST = 64 };

/* Text of the options at `index`; "": it is not there. */
static const char *said(lua_State *L, int index, const char *function, const char *name)
{
	size_t length = 0;
	const char *text = api_text(L, index, function, name, &length);

	if (text && memchr(text, '\0', length))
		api_wrong(L, function, "there is a NUL in \"%s\"", name);
	return text ? text : "";
}

/* ---- through the cleaner, to the host ---- */

static int to_host_metric(void *payload, const struct evidence_metric *m, pipe_error *err)
{
	const struct lua_host *host = payload;

	return host->put_metric(host->payload, m, err);
}

static int to_host_finding(void *payload, const struct evidence_finding *f, pipe_error *err)
{
	const struct lua_host *host = payload;

	return host->put_finding(host->payload, f, err);
}

static int put(lua_State *L, const struct evidence_metric *m, const struct evidence_finding *f)
{
	const struct lua_host *host = guest_of(L)->call->options.host;
	const struct evidence_sink sink = { .metric = to_host_metric,
					    .finding = to_host_finding,
					    .payload = (void *)(uintptr_t)host };
	const struct report_limits limits = { .items = 1, .text_bytes = 1 << 16 };
	struct cleaner c;
	pipe_error err = { 0 };
	int rc;

	if (!host || !(m ? host->put_metric != NULL : host->put_finding != NULL))
		return 0;
	budget_in_earnest(L);
	cleaner_init(&c, &sink, &limits);
	rc = m ? c.sink.metric(c.sink.payload, m, &err) : c.sink.finding(c.sink.payload, f, &err);
	cleaner_clear(&c);
	if (rc == PIPE_ENOMEM)
		return api_no_memory(L);
	return rc ? guest_raise(L, &err) : 0;
}

/* ---- metrics ---- */

static bool is_metric_name(const char *text, size_t length)
{
	return api_is_token(text, length) && length <= NAME_BYTES;
}

/* By the key, which ends at `=`. */
static int by_key(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;

	while (*x == *y && *x != '=') {
		x++;
		y++;
	}
	return (*x == '=' ? 0 : (unsigned char)*x) - (*y == '=' ? 0 : (unsigned char)*y);
}

/* `key="value"` of the key and value on the top, in the value's place; quotes escaped as OpenMetrics does. */
static void label(lua_State *L, const char *function)
{
	const char *key, *value;
	luaL_Buffer text;

	if (lua_type(L, -2) != LUA_TSTRING || !is_metric_name(lua_tostring(L, -2), lua_rawlen(L, -2)))
		api_wrong(L, function, "\"labels\" has a key that is no name");
	if (lua_type(L, -1) == LUA_TTABLE || lua_type(L, -1) == LUA_TFUNCTION)
		api_wrong(L, function, "\"labels\" is to be a table of texts by name");
	key = lua_tostring(L, -2);
	value = luaL_tolstring(L, -1, NULL);
	luaL_buffinit(L, &text);
	luaL_addstring(&text, key);
	luaL_addlstring(&text, "=\"", 2);
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			luaL_addlstring(&text, "\\", 1);
		luaL_addlstring(&text, *value == '\n' ? "\\n" : value, *value == '\n' ? 2 : 1);
	}
	luaL_addlstring(&text, "\"", 1);
	luaL_pushresult(&text);
	lua_replace(L, -3);
	lua_pop(L, 1);
}

/* Pushes the labels of the table on the top, sorted. */
static const char *labels_of(lua_State *L, const char *function)
{
	int from = lua_gettop(L), list;
	const char **texts;
	luaL_Buffer text;
	size_t count;

	if (lua_type(L, from) != LUA_TTABLE)
		api_wrong(L, function, "\"labels\" is to be a table of texts by name");
	lua_createtable(L, 0, 0);
	list = lua_gettop(L);
	lua_pushnil(L);
	while (lua_next(L, from)) {
		label(L, function);
		api_append(L, list);
		if (lua_rawlen(L, list) > LABELS_MOST)
			api_wrong(L, function, "more than %d labels", (int)LABELS_MOST);
	}
	count = lua_rawlen(L, list);
	texts = (const char **)(uintptr_t)api_texts(L);
	qsort(texts, count, sizeof(*texts), by_key);
	luaL_buffinit(L, &text);
	for (size_t i = 0; i < count; i++) {
		if (i)
			luaL_addlstring(&text, ",", 1);
		luaL_addstring(&text, texts[i]);
	}
	luaL_pushresult(&text);
	return lua_tostring(L, -1);
}

/* (name, value, {unit, labels, help}) */
int api_metric(lua_State *L)
{
	static const char function[] = "pipe.metric";
	struct evidence_metric m = { .labels = "" };
	size_t length;

	m.name = luaL_checklstring(L, 1, &length);
	m.value = luaL_checknumber(L, 2);
	lua_settop(L, 3);
	api_options(L, 3, function, "pipe.MetricOptions");
	if (!is_metric_name(m.name, length))
		return api_wrong(L, function,
				 "\"%s\" cannot be the name of a metric: letters, digits and _ . - with at most %d bytes", m.name,
				 (int)NAME_BYTES);
	m.unit = said(L, 3, function, "unit");
	m.help = said(L, 3, function, "help");
	if (api_value(L, 3, "labels"))
		m.labels = labels_of(L, function);
	return put(L, &m, NULL);
}

/* ---- findings ---- */

static int no_such(lua_State *L, const char *function, const char *what, const char *is, const char *(*name)(int), int count)
{
	struct suggest s;

	suggest_init(&s, is);
	for (int i = 0; i < count; i++)
		suggest_offer(&s, name(i));
	if (s.best)
		return api_wrong(L, function, "\"%s\" is no %s; did you mean \"%s\"?", is, what, s.best);
	return api_wrong(L, function, "\"%s\" is no %s", is, what);
}

static const char *kind_name(int i)
{
	return finding_kind_name((enum finding_kind)i);
}

static const char *severity_text(int i)
{
	return severity_name((enum severity)i);
}

static uint32_t line_of(lua_State *L, const char *function, const char *name)
{
	double number = 0;

	if (!api_number(L, 1, function, name, &number))
		return 0;
	if (!(number >= 0) || number > UINT32_MAX || number != floor(number))
		api_wrong(L, function, "\"%s\" is to be a whole number", name);
	return (uint32_t)number;
}

static void read_kind(lua_State *L, const char *function, struct evidence_finding *f)
{
	const char *kind = said(L, 1, function, "kind"), *severity = said(L, 1, function, "severity");
	enum finding_kind k = FINDING_ISSUE;
	enum severity s = SEVERITY_MEDIUM;

	if (*kind && !finding_kind_from(kind, &k))
		no_such(L, function, "kind of finding", kind, kind_name, FINDING_KIND_COUNT);
	if (*severity && !severity_from(severity, &s))
		no_such(L, function, "severity", severity, severity_text, SEVERITY_COUNT);
	f->kind = (uint8_t)k;
	f->severity = (uint8_t)s;
}

/* ({message, rule, path, line, ...}) */
int api_finding(lua_State *L)
{
	static const char function[] = "pipe.finding";
	struct evidence_finding f = { .fingerprint = "" };

	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	api_options(L, 1, function, "pipe.FindingOptions");
	f.message = said(L, 1, function, "message");
	if (!*f.message)
		return api_wrong(L, function, "\"message\" is missing");
	read_kind(L, function, &f);
	f.tool = said(L, 1, function, "tool");
	if (!*f.tool)
		f.tool = "lua";
	f.rule = said(L, 1, function, "rule");
	f.path = evidence_path(&guest_of(L)->call->arena, NULL, said(L, 1, function, "path"));
	if (!f.path)
		return api_no_memory(L);
	f.line = line_of(L, function, "line");
	f.column = line_of(L, function, "column");
	f.end_line = line_of(L, function, "end_line");
	f.package = said(L, 1, function, "package");
	f.installed = said(L, 1, function, "installed");
	f.fixed = said(L, 1, function, "fixed");
	f.url = said(L, 1, function, "url");
	return put(L, NULL, &f);
}
