/* The parameters of a job, read: places, maps, secrets, times and tags. */
#include "stages/image/builder.h"

#include "base/error.h"
#include "base/suggest.h"
#include "stages/parameter.h"
#include "stages/project.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* ---- places ---- */

/* Of a path in the workspace: clean, never an option of a command, never empty. */
static int read_place(struct image_work *i, const char *name, const char **out, pipe_error *err)
{
	const char *text = NULL, *clean;
	int rc = parameter_text(i->job, name, &text, err);

	if (rc || !text)
		return rc;
	if (!*text)
		return parameter_wrong(i->job, parameter_node(i->job, name), err, "\"%s\" is blank", name);
	rc = project_inside(i->job, name, text, &clean, err);
	if (rc)
		return rc;
	*out = !*clean ? "." : *clean == '-' ? arena_printf(i->job->arena, "./%s", clean) : clean;
	return *out ? PIPE_OK : error_nomem(err);
}

static const char *in_context(const struct image_work *i, const char *name)
{
	return strcmp(i->set.context, ".") != 0 ? arena_printf(i->job->arena, "%s/%s", i->set.context, name) : name;
}

static bool is_there(const struct image_work *i, const char *path)
{
	return i->job->world->exists(i->job->world->payload, path);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* What may be meant: the nearest name, else the one Dockerfile that lies somewhere else. */
static const char *nearest_dockerfile(struct image_work *i, const char *wanted)
{
	enum { LOOKED_AT = 1000 };
	const char *const *found = i->job->world->glob(i->job->world->payload, i->job->arena, "**/*file*", LOOKED_AT);
	const char *same = NULL;
	struct suggest near;

	suggest_init(&near, wanted);
	for (; found && *found; found++) {
		suggest_offer(&near, *found);
		if (!same && !strcasecmp(base_name(*found), base_name(wanted)))
			same = *found;
	}
	return same ? same : near.best;
}

static int find_dockerfile(struct image_work *i, pipe_error *err)
{
	static const char *const usual[] = { "Dockerfile", "Containerfile" };
	struct image_settings *s = &i->set;
	const char *wanted, *near;
	int rc = read_place(i, "dockerfile", &s->dockerfile, err);

	if (rc)
		return rc;
	wanted = s->dockerfile ? s->dockerfile : in_context(i, usual[0]);
	for (size_t k = 0; !s->dockerfile && k < 2; k++) {
		const char *path = in_context(i, usual[k]);
		if (path && is_there(i, path))
			s->dockerfile = path;
	}
	if (!wanted)
		return error_nomem(err);
	if (s->dockerfile && is_there(i, s->dockerfile))
		return PIPE_OK;
	near = nearest_dockerfile(i, wanted);
	return parameter_wrong(i->job, parameter_node(i->job, s->dockerfile ? "dockerfile" : "context"), err,
			       "there is no %s%s%s%s", wanted, near ? "; did you mean \"dockerfile: " : " to build from",
			       near ? near : "", near ? "\"?" : "");
}

static int read_context(struct image_work *i, pipe_error *err)
{
	int rc;

	i->set.context = ".";
	rc = read_place(i, "context", &i->set.context, err);
	if (rc == PIPE_OK && strcmp(i->set.context, ".") != 0 && !is_there(i, i->set.context))
		rc = parameter_wrong(i->job, parameter_node(i->job, "context"), err, "there is no directory %s", i->set.context);
	return rc ? rc : find_dockerfile(i, err);
}

/* ---- maps ---- */

typedef VEC(const char *) text_list;

static int add_text(struct image_work *i, text_list *list, const char *text, pipe_error *err)
{
	const char **slot = text ? vec_push(i->job->arena, list) : NULL;

	if (!slot)
		return error_nomem(err);
	*slot = text;
	return PIPE_OK;
}

/* "NAME=VALUE" for each pair of a map of free names. */
static int read_pairs(struct image_work *i, const char *name, text_list *list, pipe_error *err)
{
	const struct node *map = parameter_node(i->job, name);
	int rc = PIPE_OK;

	for (uint32_t k = 0; rc == PIPE_OK && map && map->kind == NODE_MAP && k < map->count; k++) {
		const struct node *key = map->pairs[k].key;
		const char *value = "";

		rc = parameter_text_in(i->job, map, key->text, &value, err);
		if (rc == PIPE_OK && (!key->count || strchr(key->text, '=')))
			rc = parameter_wrong(i->job, key, err, "\"%s\" is no name that a value can be given to", key->text);
		if (rc == PIPE_OK)
			rc = add_text(i, list, arena_printf(i->job->arena, "%s=%s", key->text, value), err);
	}
	return rc;
}

static bool has_name(const text_list *list, const char *name)
{
	size_t n = strlen(name);

	for (uint32_t k = 0; k < list->count; k++)
		if (!strncmp(list->items[k], name, n) && list->items[k][n] == '=')
			return true;
	return false;
}

static const char *variable(const struct image_work *i, const char *name)
{
	const char *value = i->job->scope ? scope_value(i->job->scope, name, i->job->arena, NULL) : NULL;

	return value && *value ? value : NULL;
}

/* The address without a login in it; a project without one has a place on localhost. */
static const char *source_address(const struct image_work *i)
{
	const char *url = variable(i, "CI_PROJECT_URL"), *host = url ? strstr(url, "://") : NULL, *at;

	if (!host)
		return NULL;
	host += 3;
	if (!strncmp(host, "localhost/", 10))
		return NULL;
	at = memchr(host, '@', strcspn(host, "/"));
	return at ? arena_printf(i->job->arena, "%.*s%s", (int)(host - url), url, at + 1) : url;
}

static const char *created(const struct image_work *i)
{
	time_t now = (time_t)(i->set.epoch >= 0 ? i->set.epoch : i->job->world->now_ms(i->job->world->payload) / 1000);
	struct tm tm;
	char text[64];

	if (!gmtime_r(&now, &tm) || !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return NULL;
	return arena_strdup(i->job->arena, text);
}

/* https://github.com/opencontainers/image-spec/blob/main/annotations.md; what the user writes wins. */
static int read_labels(struct image_work *i, pipe_error *err)
{
	const struct {
		const char *name, *value;
	} own[] = {
		{ "org.opencontainers.image.created", created(i) },
		{ "org.opencontainers.image.revision", variable(i, "CI_COMMIT_SHA") },
		{ "org.opencontainers.image.source", source_address(i) },
		{ "org.opencontainers.image.version", variable(i, "CI_COMMIT_TAG") },
	};
	text_list list = { 0 };
	int rc = read_pairs(i, "labels", &list, err);

	for (size_t k = 0; rc == PIPE_OK && k < sizeof(own) / sizeof(*own); k++)
		if (own[k].value && !has_name(&list, own[k].name))
			rc = add_text(i, &list, arena_printf(i->job->arena, "%s=%s", own[k].name, own[k].value), err);
	if (rc == PIPE_OK && !vec_push(i->job->arena, &list))
		rc = error_nomem(err);
	i->set.labels = list.items;
	return rc;
}

static int read_build_args(struct image_work *i, pipe_error *err)
{
	text_list list = { 0 };
	int rc = read_pairs(i, "build_args", &list, err);

	if (rc == PIPE_OK && !vec_push(i->job->arena, &list))
		rc = error_nomem(err);
	i->set.build_args = list.items;
	return rc;
}

/* ---- secrets ---- */

static bool is_name(const char *text, const char *more)
{
	if (!isalpha((unsigned char)*text) && *text != '_')
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && *text != '_' && !strchr(more, *text))
			return false;
	return true;
}

static int secret_of_variable(struct image_work *i, const struct node *at, struct image_secret *s, pipe_error *err)
{
	const struct variable *v;
	char name[32];

	if (!is_name(s->variable, ""))
		return parameter_wrong(i->job, at, err, "\"%s\" is no name of a variable: write its name alone, without a $",
				       s->variable);
	v = i->job->scope ? scope_find(i->job->scope, s->variable, strlen(s->variable)) : NULL;
	if (!v)
		return parameter_wrong(i->job, at, err, "the secret \"%s\" is to come from the variable %s, which is not set",
				       s->id, s->variable);
	s->in_file = v->file;
	snprintf(name, sizeof(name), "secret.%u", i->set.secrets.count);
	s->path = image_scratch(i, name);
	return s->path ? PIPE_OK : error_nomem(err);
}

static int secret_of_file(struct image_work *i, const struct node *at, const char *file, struct image_secret *s, pipe_error *err)
{
	const char *clean;
	int rc = project_inside(i->job, "secrets", file, &clean, err);

	if (rc)
		return rc;
	if (strchr(clean, ','))
		return parameter_wrong(i->job, at, err, "the path of a secret has no comma in it: %s", file);
	if (!*clean || !is_there(i, clean))
		return parameter_wrong(i->job, at, err, "the secret \"%s\" is to come from %s, which is not there", s->id, file);
	s->path = arena_printf(i->job->arena, "%s/%s", i->job->workspace, clean);
	return s->path ? PIPE_OK : error_nomem(err);
}

static int read_secret(struct image_work *i, const struct pair *p, pipe_error *err)
{
	struct image_secret *s = vec_push(i->job->arena, &i->set.secrets);
	const char *file = NULL;
	int rc;

	if (!s)
		return error_nomem(err);
	s->id = p->key->text;
	if (!is_name(s->id, "-."))
		return parameter_wrong(i->job, p->key, err, "\"%s\" is no name of a secret: it takes letters, digits, _ . and -",
				       s->id);
	if (p->value->kind != NODE_MAP)
		return parameter_wrong(i->job, p->value, err, "the secret \"%s\" takes a map with \"variable\" or \"file\"",
				       s->id);
	rc = parameter_text_in(i->job, p->value, "variable", &s->variable, err);
	if (rc == PIPE_OK)
		rc = parameter_text_in(i->job, p->value, "file", &file, err);
	if (rc)
		return rc;
	return s->variable ? secret_of_variable(i, p->value, s, err) : secret_of_file(i, p->value, file ? file : "", s, err);
}

static int read_secrets(struct image_work *i, pipe_error *err)
{
	const struct node *map = parameter_node(i->job, "secrets");
	int rc = PIPE_OK;

	for (uint32_t k = 0; rc == PIPE_OK && map && map->kind == NODE_MAP && k < map->count; k++)
		rc = read_secret(i, &map->pairs[k], err);
	return rc;
}

/* ---- time ---- */

static int read_seconds(struct image_work *i, const struct node *at, pipe_error *err)
{
	int64_t seconds = 0;
	int rc = parameter_int(i->job, "source_date_epoch", &seconds, err);

	if (rc == PIPE_OK && (seconds < 0 || seconds > INT64_C(253402300799)))
		rc = parameter_wrong(i->job, at, err, "\"source_date_epoch\" takes seconds from 1970 to 9999, or \"commit\"");
	i->set.epoch = seconds;
	return rc;
}

static int read_epoch(struct image_work *i, pipe_error *err)
{
	const struct node *at = parameter_node(i->job, "source_date_epoch");
	const char *text = NULL, *commit, *end;
	struct tm tm = { 0 };
	int rc = parameter_text(i->job, "source_date_epoch", &text, err);

	i->set.epoch = -1;
	if (rc || !text)
		return rc;
	if (strcmp(text, "commit") != 0)
		return read_seconds(i, at, err);
	commit = variable(i, "CI_COMMIT_TIMESTAMP");
	end = commit ? strptime(commit, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
	if (!end)
		return parameter_wrong(i->job, at, err, "the time of the commit is not known: CI_COMMIT_TIMESTAMP is %s%s%s",
				       commit ? "\"" : "not set", commit ? commit : "", commit ? "\"" : "");
	i->set.epoch = (int64_t)timegm(&tm);
	return PIPE_OK;
}

/* ---- tags ---- */

static int read_tags(struct image_work *i, pipe_error *err)
{
	struct image_tagging *t = &i->tagging;
	const struct node *at = parameter_node(i->job, "tags");
	const char *const *texts = NULL;
	pipe_error why;
	int rc = parameter_text(i->job, "name", &t->name, err);

	t->a = i->job->arena;
	t->origin = (struct image_origin){ .git_tag = variable(i, "CI_COMMIT_TAG"),
					   .sha = variable(i, "CI_COMMIT_SHORT_SHA"),
					   .branch = variable(i, "CI_COMMIT_BRANCH") ? variable(i, "CI_COMMIT_REF_SLUG") : NULL };
	if (rc == PIPE_OK && t->name && image_name_check(t->name, &why))
		rc = parameter_wrong(i->job, parameter_node(i->job, "name"), err, "%s", why.text);
	if (rc == PIPE_OK)
		rc = parameter_texts(i->job, "tags", &texts, err);
	for (size_t k = 0; rc == PIPE_OK && texts && texts[k]; k++) {
		rc = image_tag_add(t, texts[k], &why);
		if (rc == PIPE_EUSAGE)
			rc = parameter_wrong(i->job, at && at->kind == NODE_LIST && k < at->count ? at->items[k] : at, err, "%s",
					     why.text);
		else if (rc)
			*err = why;
	}
	if (rc == PIPE_OK && i->set.push && !t->tags.count)
		rc = parameter_wrong(i->job, at, err, "none of the tags applies to this pipeline%s%s", t->notes.count ? ": " : "",
				     t->notes.count ? t->notes.items[0] : "");
	if (rc == PIPE_OK)
		image_tag_order(t);
	return rc;
}

/* ---- the rest ---- */

static int read_level(struct image_work *i, enum image_check_id id, pipe_error *err)
{
	const char *text = "warn";
	int rc = parameter_text(i->job, image_checks[id].parameter, &text, err);

	for (int k = 0; image_levels[k]; k++)
		if (!strcmp(image_levels[k], text))
			i->set.levels[id] = (enum image_level)k;
	return rc;
}

static int read_texts(struct image_work *i, pipe_error *err)
{
	struct image_settings *s = &i->set;
	const struct {
		const char *name;
		const char **out;
	} texts[] = {
		{ "target", &s->target },   { "cache_to", &s->cache_to },	    { "sbom", &s->sbom },
		{ "ca_file", &s->ca_file }, { "docker_config", &s->docker_config }, { "retain_pattern", &s->retain_pattern }
	};
	const struct {
		const char *name;
		const char *const **out;
	} lists[] = { { "platforms", &s->platforms }, { "cache_from", &s->cache_from }, { "args", &s->args } };
	int rc = PIPE_OK;

	for (size_t k = 0; rc == PIPE_OK && k < sizeof(texts) / sizeof(*texts); k++)
		rc = parameter_text(i->job, texts[k].name, texts[k].out, err);
	for (size_t k = 0; rc == PIPE_OK && k < sizeof(lists) / sizeof(*lists); k++)
		rc = parameter_texts(i->job, lists[k].name, lists[k].out, err);
	return rc;
}

static int read_flags(struct image_work *i, pipe_error *err)
{
	struct image_settings *s = &i->set;
	const struct {
		const char *name;
		bool *out, fallback;
	} flags[] = { { "push", &s->push, false },
		      { "tls_verify", &s->tls_verify, true },
		      { "scan_secrets", &s->scan_secrets, true },
		      { "allow_secrets", &s->allow_secrets, false } };
	int rc = PIPE_OK;

	for (size_t k = 0; rc == PIPE_OK && k < sizeof(flags) / sizeof(*flags); k++) {
		*flags[k].out = flags[k].fallback;
		rc = parameter_bool(i->job, flags[k].name, flags[k].out, err);
	}
	for (int k = 0; rc == PIPE_OK && k < IMAGE_CHECKS; k++)
		rc = read_level(i, (enum image_check_id)k, err);
	return rc ? rc : parameter_int(i->job, "retain", &s->retain, err);
}

/* Paths that a registry's client gets are absolute: it may run elsewhere. */
static int make_absolute(struct image_work *i, const char **path, pipe_error *err)
{
	if (*path && **path != '/')
		*path = arena_printf(i->job->arena, "%s/%s", i->job->workspace, *path);
	else if (!*path)
		return PIPE_OK;
	return *path ? PIPE_OK : error_nomem(err);
}

int image_settings_read(struct image_work *i, pipe_error *err)
{
	struct image_settings *s = &i->set;
	int (*const readers[])(struct image_work *, pipe_error *) = { read_texts,      read_flags,  read_context, read_epoch,
								      read_build_args, read_labels, read_secrets, read_tags };
	int rc = PIPE_OK;

	for (size_t k = 0; rc == PIPE_OK && k < sizeof(readers) / sizeof(*readers); k++)
		rc = readers[k](i, err);
	if (rc == PIPE_OK)
		rc = read_place(i, "archive", &s->archive, err);
	s->sbom_file = s->sbom ? strcmp(s->sbom, "spdx") != 0 ? "sbom.cdx.json" : "sbom.spdx.json" : NULL;
	if (rc == PIPE_OK && s->sbom)
		rc = read_place(i, "sbom_file", &s->sbom_file, err);
	if (rc == PIPE_OK)
		rc = make_absolute(i, &s->ca_file, err);
	return rc ? rc : make_absolute(i, &s->docker_config, err);
}
