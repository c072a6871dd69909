/* pipe.notify: a message to a chat, to whoever listens to a webhook, or by mail. */
#include "base/utf8.h"
#include "lua/api/inside.h"

#include <string.h>
#include <strings.h>

enum { TO_MOST = 100, SUBJECT_BYTES = 2000, TEXT_MOST = 4 << 20, REPLY_MOST = 64 << 10, TIMEOUT_S = 30, SHOWN_BYTES = 200 };

static const char name[] = "pipe.notify";

/* ---- webhooks ---- */

/* What a server says that refuses, on one line. */
static void push_words(lua_State *L, const struct lua_answer *answer)
{
	char words[SHOWN_BYTES + 1];
	size_t length = 0;

	while (answer->body && length < answer->length && length < SHOWN_BYTES && answer->body[length] &&
	       answer->body[length] != '\n' && answer->body[length] != '\r')
		length++;
	memcpy(words, answer->body ? answer->body : "", length);
	length = utf8_valid(words, length);
	words[length] = '\0';
	lua_pushfstring(L, length ? ": %s" : "", words);
}

/* The address, whose path may be a secret, is not told in full. */
static int posted(lua_State *L, int status, lua_KContext context)
{
	const struct lua_answer *answer = guest_of(L)->call->answer;

	(void)status;
	(void)context;
	if (api_no_answer(L))
		return 2;
	if (answer->status >= 200 && answer->status < 300) {
		lua_pushboolean(L, 1);
		return 1;
	}
	lua_pushnil(L);
	api_push_origin(L, guest_of(L)->call->wait.http.url);
	push_words(L, answer);
	lua_pushfstring(L, "%s answered %d%s", lua_tostring(L, -2), (int)answer->status, lua_tostring(L, -1));
	lua_replace(L, -3);
	lua_pop(L, 1);
	return 2;
}

/* The body is on the top. */
static int post(lua_State *L, const char *url, size_t url_length)
{
	static const char *const headers[] = { "Content-Type: application/json", NULL };
	struct lua_wait *wait;

	api_check_url(L, name, url, url_length);
	wait = api_wait(L, LUA_WAIT_HTTP, TIMEOUT_S);
	wait->http.url = url;
	wait->http.method = "POST";
	wait->http.headers = headers;
	wait->http.body = lua_tolstring(L, -1, &wait->http.body_length);
	wait->http.follow = true;
	wait->http.max_bytes = REPLY_MOST;
	return guest_wait(L, name, posted, 0);
}

static void move_member(lua_State *L, const char *member)
{
	if (api_value(L, 1, member))
		lua_setfield(L, -2, member);
}

static int to_slack(lua_State *L)
{
	size_t length, text;
	const char *url = api_text(L, 1, name, "slack", &length);

	if (!api_text(L, 1, name, "text", &text) && !api_value(L, 1, "blocks"))
		return api_wrong(L, name, "\"text\" is missing");
	lua_createtable(L, 0, 2);
	move_member(L, "text");
	move_member(L, "blocks");
	api_push_json_text(L, lua_gettop(L), name, JSON_COMPACT);
	return post(L, url, length);
}

static int to_webhook(lua_State *L)
{
	size_t length;
	const char *url = api_text(L, 1, name, "webhook", &length);

	if (!api_value(L, 1, "json"))
		return api_wrong(L, name, "\"json\" is missing");
	api_push_json_text(L, lua_gettop(L), name, JSON_COMPACT);
	return post(L, url, length);
}

/* ---- mail ---- */

static const char *wanted(lua_State *L, int mail, const char *member)
{
	const char *text = api_word(L, mail, name, member);

	if (!text || !*text)
		api_wrong(L, name, "\"%s\" of the mail is missing", member);
	if (utf8_valid(text, strlen(text)) != strlen(text))
		api_wrong(L, name, "\"%s\" of the mail is not UTF-8", member);
	return text;
}

static void check_server(lua_State *L, const char *server)
{
	const char *host = !strncasecmp(server, "smtp://", 7)	 ? server + 7
			   : !strncasecmp(server, "smtps://", 8) ? server + 8
								 : NULL;

	if (!host || !*host || strpbrk(host, "@/?# \\"))
		api_wrong(L, name, "\"server\" is to be smtp://host:port or smtps://host:port");
	if (!lua_granted(guest_of(L)->call->options.grants, LUA_GRANT_MAIL, server))
		guest_refuse(L, LUA_GRANT_MAIL, server);
}

/* The address alone, pushed. */
static const char *push_address(lua_State *L, const char *text)
{
	const char *address;
	size_t length;

	if (!api_mail_address(text, &address, &length))
		api_wrong(L, name, "\"%s\" is no address of mail: name@host, or Name <name@host>", text);
	return lua_pushlstring(L, address, length);
}

/* Pushes two lists of the receivers, as they are written and as mail servers want them, each with its array. */
static void push_receivers(lua_State *L, int mail, const char *const **written, const char *const **bare)
{
	int from, list, addresses;

	if (!api_value(L, mail, "to"))
		api_wrong(L, name, "\"to\" of the mail is missing");
	if (lua_type(L, -1) == LUA_TSTRING) {
		lua_createtable(L, 1, 0);
		lua_insert(L, -2);
		lua_rawseti(L, -2, 1);
	}
	from = lua_gettop(L);
	if (lua_type(L, from) != LUA_TTABLE || !lua_rawlen(L, from) || lua_rawlen(L, from) > TO_MOST)
		api_wrong(L, name, "\"to\" of the mail is to be a list of 1 to %d addresses", (int)TO_MOST);
	lua_createtable(L, 0, 0);
	list = lua_gettop(L);
	lua_createtable(L, 0, 0);
	addresses = lua_gettop(L);
	for (lua_Integer i = 1; i <= (lua_Integer)lua_rawlen(L, from); i++) {
		if (lua_rawgeti(L, from, i) != LUA_TSTRING)
			api_wrong(L, name, "\"to\" of the mail is to be a list of texts");
		if (strlen(lua_tostring(L, -1)) != lua_rawlen(L, -1) ||
		    utf8_valid(lua_tostring(L, -1), lua_rawlen(L, -1)) != lua_rawlen(L, -1))
			api_wrong(L, name, "\"to\" of the mail has a text that is no address");
		push_address(L, lua_tostring(L, -1));
		lua_rawseti(L, addresses, i);
		lua_rawseti(L, list, i);
	}
	*bare = api_texts(L);
	lua_pushvalue(L, list);
	*written = api_texts(L);
}

static int mailed(lua_State *L, int status, lua_KContext context)
{
	(void)status;
	(void)context;
	if (api_no_answer(L))
		return 2;
	lua_pushboolean(L, 1);
	return 1;
}

static void push_message(lua_State *L, const struct api_mail *mail)
{
	struct api_scratch *s = api_scratch(L);

	api_mail_write(mail, &s->text);
	if (s->text.failed)
		api_no_memory(L);
	lua_pushlstring(L, s->text.data, s->text.length);
	api_scratch_clear(s);
	lua_remove(L, -2);
}

static int to_mail(lua_State *L)
{
	const struct lua_guest *g = guest_of(L);
	const struct lua_host *host = g->call->options.host;
	struct api_mail mail = { .unique = g->budget.waits };
	const char *server, *user, *password, *from;
	const char *const *to;
	struct lua_wait *wait;
	int options;

	api_value(L, 1, "mail");
	options = lua_gettop(L);
	api_options(L, options, name, "pipe.Mail");
	server = wanted(L, options, "server");
	check_server(L, server);
	mail.from = wanted(L, options, "from");
	from = push_address(L, mail.from);
	push_receivers(L, options, &mail.to, &to);
	mail.subject = wanted(L, options, "subject");
	mail.text = api_text(L, options, name, "text", &mail.text_length);
	user = api_word(L, options, name, "user");
	password = api_word(L, options, name, "password");
	if (!mail.text || mail.text_length > TEXT_MOST || strlen(mail.subject) > SUBJECT_BYTES)
		return api_wrong(L, name, mail.text ? "the mail is too long" : "\"text\" of the mail is missing");
	if (utf8_valid(mail.text, mail.text_length) != mail.text_length)
		return api_wrong(L, name, "\"text\" of the mail is not UTF-8");
	mail.now_ms = host && host->now_ms ? host->now_ms(host->payload) : 0;
	push_message(L, &mail);
	wait = api_wait(L, LUA_WAIT_MAIL, TIMEOUT_S);
	wait->mail.url = server;
	wait->mail.from = from;
	wait->mail.to = to;
	wait->mail.message = lua_tolstring(L, -1, &wait->mail.length);
	wait->mail.user = user;
	wait->mail.password = password;
	return guest_wait(L, name, mailed, 0);
}

/* ---- which ---- */

int api_notify(lua_State *L)
{
	static const struct {
		const char *member, *class;
		int (*send)(lua_State *L);
	} ways[] = { { "slack", "pipe.SlackMessage", to_slack },
		     { "webhook", "pipe.WebhookMessage", to_webhook },
		     { "mail", "pipe.MailMessage", to_mail } };

	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		if (!api_value(L, 1, ways[i].member))
			continue;
		if (lua_type(L, -1) != (ways[i].send == to_mail ? LUA_TTABLE : LUA_TSTRING))
			return api_wrong(L, name, "\"%s\" is to be %s", ways[i].member,
					 ways[i].send == to_mail ? "a table" : "an address");
		lua_settop(L, 1);
		api_options(L, 1, name, ways[i].class);
		return ways[i].send(L);
	}
	return api_wrong(L, name, "whom to notify is missing: {slack = address}, {webhook = address} or {mail = {...}}");
}
