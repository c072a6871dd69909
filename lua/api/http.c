/* pipe.http: a request and its reply.  What goes out as a line of its own (method, headers) cannot hold a line end. */
#include "lua/api/inside.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { METHOD_BYTES = 32, HEADERS_MOST = 100, HEADER_BYTES = 16 << 10, BODY_MOST = 16 << 20, TIMEOUT_S = 30 };

static const char name[] = "pipe.http";

/* ---- the request ---- */

/* What says where a request goes, or where it ends, is not the script's. */
static bool is_ours(const char *header)
{
	static const char *const ours[] = { "Host",    "Content-Length", "Transfer-Encoding",	"Connection",
					    "Upgrade", "Expect",	 "Proxy-Authorization", NULL };

	for (int i = 0; ours[i]; i++)
		if (!strcasecmp(ours[i], header))
			return true;
	return false;
}

static bool holds_control(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (((unsigned char)text[i] < ' ' && text[i] != '\t') || text[i] == 0x7f)
			return true;
	return false;
}

/* The header whose name and value are on the top, as a line in their place. */
static void header_line(lua_State *L, bool *has_type)
{
	size_t name_length, length;
	const char *key, *value;

	if (lua_type(L, -2) != LUA_TSTRING || (lua_type(L, -1) != LUA_TSTRING && lua_type(L, -1) != LUA_TNUMBER))
		api_wrong(L, name, "\"headers\" is to be a table of texts by name");
	key = lua_tolstring(L, -2, &name_length);
	value = lua_tolstring(L, -1, &length);
	if (!api_is_token(key, name_length))
		api_wrong(L, name, "\"%s\" cannot be the name of a header", key);
	if (is_ours(key))
		api_wrong(L, name, "the header \"%s\" is made from the request", key);
	if (holds_control(value, length))
		api_wrong(L, name, "there is a line end or another control character in the header \"%s\"", key);
	if (length > HEADER_BYTES)
		api_wrong(L, name, "the header \"%s\" is too long", key);
	*has_type = *has_type || !strcasecmp(key, "Content-Type");
	lua_pushfstring(L, "%s: %s", key, value);
	lua_replace(L, -2);
}

/* Pushes a list of lines. */
static void header_lines(lua_State *L, bool json)
{
	bool has_type = false;
	int lines, from;

	lua_createtable(L, 0, 0);
	lines = lua_gettop(L);
	if (api_value(L, 2, "headers")) {
		from = lua_gettop(L);
		if (lua_type(L, from) != LUA_TTABLE)
			api_wrong(L, name, "\"headers\" is to be a table of texts by name");
		lua_pushnil(L);
		while (lua_next(L, from)) {
			header_line(L, &has_type);
			api_append(L, lines);
			if (lua_rawlen(L, lines) > HEADERS_MOST)
				api_wrong(L, name, "more than %d headers", (int)HEADERS_MOST);
		}
		lua_pop(L, 1);
	}
	if (json && !has_type) {
		lua_pushliteral(L, "Content-Type: application/json");
		api_append(L, lines);
	}
}

static const char *method_of(lua_State *L, bool body)
{
	size_t length;
	const char *method = api_text(L, 2, name, "method", &length);

	if (!method)
		return body ? "POST" : "GET";
	if (!api_is_token(method, length) || length > METHOD_BYTES)
		api_wrong(L, name, "\"%s\" is no method of HTTP", method);
	if (!strcasecmp(method, "CONNECT") || !strcasecmp(method, "TRACE"))
		api_wrong(L, name, "the method %s is not available", method);
	return method;
}

/* The body, pushed; NULL: none, and nothing is pushed. */
static const char *body_of(lua_State *L, size_t *length, bool *json)
{
	const char *body = api_text(L, 2, name, "body", length);

	*json = api_value(L, 2, "json");
	if (*json && body)
		api_wrong(L, name, "\"body\" and \"json\" exclude each other");
	if (*json) {
		api_push_json_text(L, lua_gettop(L), name, JSON_COMPACT);
		body = lua_tolstring(L, -1, length);
	}
	if (body && *length > BODY_MOST)
		api_wrong(L, name, "the body has more than %d bytes", (int)BODY_MOST);
	return body;
}

/* ---- the reply ---- */

static int reply_json(lua_State *L)
{
	lua_settop(L, 0);
	lua_pushvalue(L, lua_upvalueindex(1));
	return api_json_decode(L);
}

/* "Name: value" lines as a table by lower-case name; of a name that comes again the values are joined. */
static void push_headers(lua_State *L, const char *lines)
{
	char lower[128];

	lua_createtable(L, 0, 8);
	while (lines && *lines) {
		size_t length = strcspn(lines, "\r\n"), key = strcspn(lines, ":\r\n"), value = key + 1;

		if (key && key < length && key < sizeof(lower)) {
			for (size_t i = 0; i < key; i++)
				lower[i] = (char)tolower((unsigned char)lines[i]);
			while (value < length && (lines[value] == ' ' || lines[value] == '\t'))
				value++;
			lua_pushlstring(L, lower, key);
			lua_pushvalue(L, -1);
			if (lua_rawget(L, -3) == LUA_TSTRING)
				lua_pushliteral(L, ", ");
			else
				lua_pop(L, 1), lua_pushliteral(L, ""), lua_pushliteral(L, "");
			lua_pushlstring(L, lines + value, length - value);
			lua_concat(L, 3);
			lua_rawset(L, -3);
		}
		lines += length;
		lines += strspn(lines, "\r\n");
		budget_charge(L, length);
	}
}

static int finish(lua_State *L, int status, lua_KContext context)
{
	const struct lua_answer *answer = guest_of(L)->call->answer;

	(void)status;
	(void)context;
	if (api_no_answer(L))
		return 2;
	lua_createtable(L, 0, 6);
	lua_pushinteger(L, answer->status);
	lua_setfield(L, -2, "status");
	lua_pushboolean(L, answer->status >= 200 && answer->status < 300);
	lua_setfield(L, -2, "ok");
	push_headers(L, answer->headers);
	lua_setfield(L, -2, "headers");
	api_push_body(L, answer);
	lua_pushvalue(L, -1);
	lua_setfield(L, -3, "body");
	lua_pushcclosure(L, reply_json, 1);
	lua_setfield(L, -2, "json");
	lua_pushnumber(L, answer->ms);
	lua_setfield(L, -2, "ms");
	api_shape(L, "the reply", "pipe.HttpReply");
	return 1;
}

int api_http(lua_State *L)
{
	size_t url_length, length = 0;
	const char *url = luaL_checklstring(L, 1, &url_length), *body, *method;
	const char *const *headers;
	double timeout;
	struct lua_wait *wait;
	bool json;

	lua_settop(L, 2);
	api_options(L, 2, name, "pipe.HttpOptions");
	api_check_url(L, name, url, url_length);
	timeout = api_timeout(L, 2, name, TIMEOUT_S);
	body = body_of(L, &length, &json);
	method = method_of(L, body != NULL);
	header_lines(L, json);
	headers = api_texts(L);
	wait = api_wait(L, LUA_WAIT_HTTP, timeout);
	wait->http.url = url;
	wait->http.method = method;
	wait->http.headers = headers;
	wait->http.body = body;
	wait->http.body_length = length;
	wait->http.insecure = api_flag(L, 2, name, "insecure", false);
	wait->http.follow = api_flag(L, 2, name, "follow", true);
	wait->http.max_bytes = BODY_MOST;
	return guest_wait(L, name, finish, 0);
}
