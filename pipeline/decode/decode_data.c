/* Decoding what a job runs in and what it leaves behind: image, services, artifacts, cache, environment. */
#include "pipeline/decode/decoding.h"

#include <string.h>

#define WORD_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

/* ---- image, services ---- */

static void image_map(struct decoding *x, const struct node *n, struct image *out)
{
	const struct node *docker = node_get(n, "docker");
	const struct node *kubernetes = node_get(n, "kubernetes");
	struct node *entrypoint = node_get(n, "entrypoint");

	out->name = decode_text(node_get(n, "name"));
	out->has_entrypoint = !node_is_null(entrypoint);
	out->entrypoint = decode_texts(x, entrypoint);
	out->pull_policy = decode_texts(x, node_get(n, "pull_policy"));
	if (kubernetes && kubernetes->kind == NODE_MAP)
		out->user = decode_text(node_get(kubernetes, "user"));
	if (!docker || docker->kind != NODE_MAP)
		return;
	out->platform = decode_text(node_get(docker, "platform"));
	if (!node_is_null(node_get(docker, "user")))
		out->user = decode_text(node_get(docker, "user"));
}

struct image *decode_image(struct decoding *x, struct node *n)
{
	struct image *out = DECODE_NEW(x, struct image);

	if (!out)
		return NULL;
	out->at = n->at;
	if (n->kind == NODE_MAP)
		image_map(x, n, out);
	else
		out->name = decode_text(n);
	return out;
}

static void service(struct decoding *x, struct node *n, struct service *out)
{
	struct node *command;

	out->image.at = n->at;
	if (n->kind != NODE_MAP) {
		out->image.name = decode_text(n);
		return;
	}
	image_map(x, n, &out->image);
	command = node_get(n, "command");
	out->alias = decode_text(node_get(n, "alias"));
	out->has_command = !node_is_null(command);
	out->command = decode_texts(x, command);
	out->variables = decode_variables(x, node_get(n, "variables"));
}

struct services *decode_services(struct decoding *x, struct node *n)
{
	struct services *out = DECODE_NEW(x, struct services);
	struct flat f;

	if (!out || !decode_flat(x, n, &f) || !DECODE_ROOM(x, &out->list, f.count))
		return out;
	for (uint32_t i = 0; i < f.count; i++)
		service(x, f.items[i], &out->list.items[out->list.count++]);
	return out;
}

/* ---- artifacts ---- */

static void report(struct decoding *x, const struct pair *p, struct report *out)
{
	out->kind = p->key->text;
	out->at = p->key->at;
	if (p->value->kind == NODE_MAP) {
		out->format = decode_text(node_get(p->value, "coverage_format"));
		out->paths = decode_texts(x, node_get(p->value, "path"));
	} else {
		out->paths = decode_texts(x, p->value);
	}
}

static void reports(struct decoding *x, const struct node *n, struct artifacts *out)
{
	if (!n || n->kind != NODE_MAP || !DECODE_ROOM(x, &out->reports, n->count))
		return;
	for (uint32_t i = 0; i < n->count; i++)
		if (!node_is_null(n->pairs[i].value))
			report(x, &n->pairs[i], &out->reports.items[out->reports.count++]);
}

/* `expose_as` is a link's text, and looked for in the archive by its paths. */
static void check_expose(struct decoding *x, const struct node *n, const struct artifacts *out)
{
	const struct node *at = node_get(n, "expose_as");

	if (!out->expose_as)
		return;
	if (strspn(out->expose_as, WORD_CHARACTERS "- ") != strlen(out->expose_as) || !*out->expose_as ||
	    strchr("- ", *out->expose_as)) {
		diag_error(x->d, at->at, "wrong-value",
			   "\"artifacts:expose_as\" takes letters, digits, \"-\", \"_\" and spaces, not \"%s\"", out->expose_as);
		diag_hint(x->d, "it begins with a letter, a digit or \"_\"");
	}
	if (!out->paths.count)
		diag_error(x->d, at->at, "missing-keyword", "\"artifacts:expose_as\" stands without \"paths\"");
	for (uint32_t i = 0; i < out->paths.count; i++)
		if (strchr(out->paths.items[i], '*')) {
			diag_error(x->d, at->at, "wrong-value", "\"artifacts:expose_as\" stands beside the pattern \"%s\"",
				   out->paths.items[i]);
			diag_hint(x->d, "name the files and directories in \"paths\" without \"*\"");
			return;
		}
}

struct artifacts *decode_artifacts(struct decoding *x, struct node *n)
{
	struct artifacts *out;
	const struct node *expire;

	if (n->kind != NODE_MAP)
		return NULL;
	out = DECODE_NEW(x, struct artifacts);
	if (!out)
		return NULL;
	expire = node_get(n, "expire_in");
	out->at = n->at;
	out->paths = decode_texts(x, node_get(n, "paths"));
	out->exclude = decode_texts(x, node_get(n, "exclude"));
	out->untracked = decode_bool(node_get(n, "untracked"), false);
	out->name = decode_text(node_get(n, "name"));
	out->expose_as = decode_text(node_get(n, "expose_as"));
	out->access = decode_text(node_get(n, "access"));
	out->when = decode_when(node_get(n, "when"));
	if (out->when == WHEN_UNSET)
		out->when = WHEN_ON_SUCCESS;
	out->expire_ms = decode_text(expire) && !strcmp(expire->text, "never") ? -1 : decode_duration(expire);
	reports(x, node_get(n, "reports"), out);
	check_expose(x, n, out);
	return out;
}

/* ---- cache ---- */

static void cache_key_map(struct decoding *x, const struct node *n, struct cache *out)
{
	struct node *files = node_get(n, "files");
	struct node *commits = node_get(n, "files_commits");

	if (!node_is_null(files) && !node_is_null(commits)) {
		diag_error(x->d, commits->at, "conflicting-keywords",
			   "\"cache:key\" takes either \"files\" or \"files_commits\"");
	} else if (node_is_null(files) && node_is_null(commits)) {
		diag_error(x->d, n->at, "missing-keyword", "\"cache:key\" needs \"files\"");
		diag_hint(x->d, "a key without files is text: \"key: name\"");
	}
	out->key_files_commits = node_is_null(files) && !node_is_null(commits);
	out->key_files = decode_texts(x, out->key_files_commits ? commits : files);
	out->key_prefix = decode_text(node_get(n, "prefix"));
}

/* https://docs.gitlab.com/ci/yaml/#cachekey: it is a part of a path. */
static const char *cache_key_text(struct decoding *x, const struct node *key)
{
	const char *text = decode_text(key), *rest = text;

	if (!text || !*text)
		return text;
	while (*rest == '.' || !strncasecmp(rest, "%2e", 3))
		rest += *rest == '.' ? 1 : 3;
	if (*rest && !strchr(text, '/') && !strcasestr(text, "%2f"))
		return text;
	diag_error(x->d, key->at, "cache-key", "a cache's key %s", *rest ? "has no \"/\" in it" : "is not made of dots alone");
	diag_hint(x->d, *rest ? "write \"-\" for it" : "name what the cache is for");
	return text;
}

static void cache(struct decoding *x, struct node *n, struct cache *out)
{
	const struct node *key = node_get(n, "key");

	out->at = n->at;
	if (key && key->kind == NODE_MAP)
		cache_key_map(x, key, out);
	else
		out->key = cache_key_text(x, key);
	out->paths = decode_texts(x, node_get(n, "paths"));
	out->fallback_keys = decode_texts(x, node_get(n, "fallback_keys"));
	out->untracked = decode_bool(node_get(n, "untracked"), false);
	out->unprotect = decode_bool(node_get(n, "unprotect"), false);
	out->policy = decode_text(node_get(n, "policy"));
	if (!out->policy)
		out->policy = "pull-push";
	out->when = decode_when(node_get(n, "when"));
	if (out->when == WHEN_UNSET)
		out->when = WHEN_ON_SUCCESS;
}

void decode_caches(struct decoding *x, struct node *n, struct job_settings *out)
{
	struct flat f;

	if (!decode_flat(x, n, &f) || !DECODE_ROOM(x, &out->caches, f.count))
		return;
	for (uint32_t i = 0; i < f.count; i++)
		if (f.items[i]->kind == NODE_MAP)
			cache(x, f.items[i], &out->caches.items[out->caches.count++]);
}

/* ---- environment ---- */

static void check_environment_name(struct decoding *x, const struct node *n)
{
	size_t length;

	if (!decode_text(n))
		return;
	length = strlen(n->text);
	if (length && strspn(n->text, WORD_CHARACTERS "-/${}. ") == length && n->text[0] != '/' && n->text[length - 1] != '/')
		return;
	diag_error(x->d, n->at, "wrong-value", "\"%s\" cannot name an environment", n->text);
	diag_hint(
		x->d,
		"a name takes letters, digits, spaces, \"-\", \"_\", \".\", \"/\", \"$\", \"{\" and \"}\", and no \"/\" at its ends");
}

struct environment *decode_environment(struct decoding *x, struct node *n)
{
	struct environment *out = DECODE_NEW(x, struct environment);

	if (!out)
		return NULL;
	out->at = n->at;
	if (n->kind != NODE_MAP) {
		out->name = decode_text(n);
		check_environment_name(x, n);
		return out;
	}
	out->name = decode_text(node_get(n, "name"));
	check_environment_name(x, node_get(n, "name"));
	out->url = decode_text(node_get(n, "url"));
	out->on_stop = decode_text(node_get(n, "on_stop"));
	out->action = decode_text(node_get(n, "action"));
	out->auto_stop_in = decode_text(node_get(n, "auto_stop_in"));
	out->deployment_tier = decode_text(node_get(n, "deployment_tier"));
	return out;
}
