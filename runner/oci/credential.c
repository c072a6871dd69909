/*
 * The files are asked one after the other; in each, helpers come before what is written down.  An entry may name a registry or, in
 * podman's way, a part of its repositories: the longest name that fits wins.
 */
#include "runner/oci/credential.h"

#include "base/error.h"
#include "runner/files/beneath.h"
#include "runner/oci/name.h"
#include "stages/scanner/advisory/text.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 4 << 20 };

/* How docker's configuration has called its own registry since the beginning. */
#define HUB_KEY "https://index.docker.io/v1/"

struct search {
	const struct registry_options *options;
	const char *host, *repository;
	struct arena *arena;
	struct credential *out;
	bool found;
};

/* ---- names of entries ---- */

static const char *const hub_names[] = { "docker.io", "index.docker.io", "registry-1.docker.io", NULL };

static bool same_host(const char *a, size_t length, const char *host)
{
	const char *const hub[] = { host, NULL }, *const *names = strcmp(host, OCI_DOCKER_HUB) != 0 ? hub : hub_names;

	for (; *names; names++)
		if (strlen(*names) == length && !strncasecmp(a, *names, length))
			return true;
	return false;
}

/* How much of host/repository the entry's name says; 0: it is another's.  An address ("https://host/v1/") stands for its host. */
static size_t fits(const struct search *s, const char *key)
{
	const char *scheme = strstr(key, "://"), *host = scheme ? scheme + 3 : key, *path;
	size_t length = strcspn(host, "/"), n;

	if (!same_host(host, length, s->host))
		return 0;
	path = host + length + (host[length] == '/');
	n = strlen(path);
	while (n && path[n - 1] == '/')
		n--;
	if (scheme || !n)
		return 1;
	return !strncmp(path, s->repository, n) && (!s->repository[n] || s->repository[n] == '/') ? 1 + n : 0;
}

static json_t *best(const struct search *s, json_t *entries)
{
	const char *key;
	json_t *value, *found = NULL;
	size_t most = 0;

	json_object_foreach(entries, key, value)
	{
		size_t n = fits(s, key);
		if (n > most) {
			most = n;
			found = value;
		}
	}
	return found;
}

/* ---- what is written down ---- */

static int digit_of(char c)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(alphabet, c) : NULL;

	return at ? (int)(at - alphabet) : -1;
}

/* Base64, with or without its "="; NULL: it is none, or there is no memory. */
static char *decode(const char *text, struct arena *a)
{
	size_t length = strcspn(text, "="), n = 0;
	char *out = arena_text(a, length / 4 * 3 + 4);
	unsigned bits = 0, held = 0;

	if (!out || strspn(text + length, "=") != strlen(text + length))
		return NULL;
	for (size_t i = 0; i < length; i++) {
		int digit = digit_of(text[i]);
		if (digit < 0)
			return NULL;
		bits = (bits << 6 | (unsigned)digit) & 0xffffff;
		held += 6;
		if (held >= 8) {
			held -= 8;
			out[n++] = (char)(bits >> held & 0xff);
		}
	}
	out[n] = '\0';
	return strlen(out) == n ? out : NULL;
}

static const char *text_at(const json_t *entry, const char *name, struct arena *a)
{
	const char *text = json_string_value(json_object_get(entry, name));

	return text && *text ? arena_strdup(a, text) : NULL;
}

static int take_entry(struct search *s, const json_t *entry, pipe_error *err)
{
	struct credential *c = s->out;
	const char *auth = json_string_value(json_object_get(entry, "auth"));
	char *both, *colon;

	c->identity_token = text_at(entry, "identitytoken", s->arena);
	c->registry_token = text_at(entry, "registrytoken", s->arena);
	c->user = text_at(entry, "username", s->arena);
	c->password = text_at(entry, "password", s->arena);
	if (auth && *auth) {
		both = decode(auth, s->arena);
		colon = both ? strchr(both, ':') : NULL;
		if (!colon)
			return error_set(err, PIPE_EUSAGE, "%s: the \"auth\" of %s is not USER:PASSWORD in base64", c->source,
					 s->host);
		*colon = '\0';
		c->user = both;
		c->password = colon + 1;
	}
	s->found = (c->user && c->password) || c->identity_token || c->registry_token;
	return PIPE_OK;
}

/* ---- helpers ---- */

static int take_answer(struct search *s, const char *helper, const struct str *answer, pipe_error *err)
{
	json_t *value = NULL;
	const char *user, *secret;
	int rc = PIPE_OK;

	if (advisory_json(answer->data, answer->length, "the answer", &value, NULL) == PIPE_ENOMEM)
		return error_nomem(err);
	user = value ? text_at(value, "Username", s->arena) : NULL;
	secret = value ? text_at(value, "Secret", s->arena) : NULL;
	json_decref(value);
	if (!user || !secret)
		rc = error_set(err, PIPE_EUSAGE,
			       "the credential helper docker-credential-%s answers with something else than a user and a secret",
			       helper);
	else if (!strcmp(user, "<token>"))
		s->out->identity_token = secret;
	else
		*s->out = (struct credential){ .user = user, .password = secret, .source = s->out->source };
	s->found = rc == PIPE_OK;
	return rc;
}

static int ask_helper(struct search *s, const char *helper, pipe_error *err)
{
	struct str answer;
	pipe_error why = { 0 };
	int rc;

	str_init(&answer);
	rc = credential_helper_get(helper, strcmp(s->host, OCI_DOCKER_HUB) != 0 ? s->host : HUB_KEY, s->options->envp,
				   s->options->cancel, &answer, &why);
	if (rc == PIPE_OK)
		rc = take_answer(s, helper, &answer, err);
	else if (rc == PIPE_ENOTFOUND)
		rc = PIPE_OK;
	else
		error_set(err, rc, "%s: %s", s->out->source, why.text);
	str_clear(&answer);
	return rc;
}

/* ---- files ---- */

static int search_config(struct search *s, json_t *config, pipe_error *err)
{
	const char *helper = json_string_value(best(s, json_object_get(config, "credHelpers")));
	json_t *entry;
	int rc = PIPE_OK;

	if (!helper)
		helper = json_string_value(json_object_get(config, "credsStore"));
	if (helper && *helper)
		rc = ask_helper(s, helper, err);
	entry = rc == PIPE_OK && !s->found ? best(s, json_object_get(config, "auths")) : NULL;
	return entry ? take_entry(s, entry, err) : rc;
}

static int search_file(struct search *s, const char *path, pipe_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc;
	json_t *config = NULL;
	const char *text;
	size_t length;
	pipe_error why = { 0 };

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return PIPE_OK;
	if (fd < 0)
		return error_errno(err, PIPE_EUSAGE, errno, "cannot read %s", path);
	rc = fd_read_all(fd, path, FILE_MAX, s->arena, &text, &length, err);
	close(fd);
	if (rc || !length)
		return rc;
	rc = advisory_json(text, length, path, &config, &why);
	if (rc == PIPE_ENOMEM)
		return error_nomem(err);
	if (rc) /* the parser's own words may repeat a secret */
		return error_set(err, PIPE_EUSAGE, "%s is no JSON object: line %u, column %u", path, why.line, why.column);
	s->out->source = path;
	rc = search_config(s, config, err);
	json_decref(config);
	return rc;
}

enum { PLACES = 6 };

/* Where a user's logins lie, the most particular place first. */
static bool list_places(const struct registry_options *o, struct arena *a, const char *places[PLACES])
{
	static const struct {
		const char *variable, *below;
	} known[] = {
		{ "DOCKER_CONFIG", "/config.json" },
		{ "REGISTRY_AUTH_FILE", "" },
		{ "XDG_RUNTIME_DIR", "/containers/auth.json" },
		{ "XDG_CONFIG_HOME", "/containers/auth.json" },
		{ "HOME", "/.config/containers/auth.json" },
		{ "HOME", "/.docker/config.json" },
	};
	size_t n = 0;

	memset(places, 0, PLACES * sizeof(*places));
	if (o->docker_config) {
		places[0] = arena_printf(a, "%s/config.json", o->docker_config);
		return places[0] != NULL;
	}
	for (size_t i = 0; i < PLACES; i++) {
		const char *value = credential_variable(o->envp, known[i].variable);
		if (value && !(places[n++] = arena_printf(a, "%s%s", value, known[i].below)))
			return false;
	}
	return true;
}

int credential_find(const struct registry_options *options, const char *host, const char *repository, struct arena *a,
		    struct credential *out, pipe_error *err)
{
	struct search s = { .options = options, .host = host, .repository = repository, .arena = a, .out = out };
	const char *places[PLACES];
	int rc = PIPE_OK;

	*out = (struct credential){ .source = "the options" };
	if (options->user) {
		out->user = options->user;
		out->password = options->password ? options->password : "";
		return PIPE_OK;
	}
	if (!list_places(options, a, places))
		return error_nomem(err);
	for (size_t i = 0; i < PLACES && places[i] && rc == PIPE_OK && !s.found; i++)
		rc = search_file(&s, places[i], err);
	if (rc == PIPE_OK && !s.found)
		*out = (struct credential){ .source = places[0] ? places[0] : "no place: neither DOCKER_CONFIG nor HOME is set" };
	return rc;
}
