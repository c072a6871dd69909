/*
 * Bringing the files of an include from the world: limits, circles, globs of local paths, the two places where a component's file
 * may be.
 */
#include "pipeline/compose/include.h"

#include "base/str.h"
#include <string.h>

enum { NESTING_MOST = 150 }; /* of includes; they are followed with the C stack */

struct fetch {
	struct loading *l;
	const struct include_file *up;
	const struct include_item *item;
	const struct scope *scope;
	include_found *found;
	void *context;
};

/* ---- circles and limits ---- */

static const char *identity_of(struct fetch *f, const struct include_request *r)
{
	const struct include_origin *from = r->kind == INCLUDE_LOCAL ? r->from : NULL;
	const char *project = r->project ? r->project : from && from->project ? from->project : "";
	const char *ref = r->ref ? r->ref : from && from->ref ? from->ref : "";

	return arena_printf(f->l->arena, "%s\n%s\n%s", project, ref, r->location);
}

/* "a.yml -> b.yml -> a.yml" */
static const char *circle_text(struct fetch *f, const char *identity, const char *name)
{
	const char *text = name;

	for (const struct include_file *p = f->up; p && text; p = p->up) {
		text = arena_printf(f->l->arena, "%s -> %s", p->reply.name, text);
		if (!strcmp(p->identity, identity))
			break;
	}
	return text ? text : name;
}

static bool is_circle(struct fetch *f, const struct node *place, const char *identity, const char *name)
{
	for (const struct include_file *p = f->up; p; p = p->up) {
		if (strcmp(p->identity, identity))
			continue;
		diag_error(f->l->d, place->at, "include-circle", "\"include\" goes round in a circle: %s",
			   circle_text(f, identity, p->reply.name ? p->reply.name : name));
		return true;
	}
	return false;
}

static bool within_limits(struct fetch *f, const struct node *place)
{
	const pipe_limits *limits = &f->l->options->limits;

	if (f->l->includes >= limits->includes) {
		diag_error(f->l->d, place->at, "include-limit", "more than %u files are included", limits->includes);
		return false;
	}
	if (f->up->depth >= NESTING_MOST) {
		diag_error(f->l->d, place->at, "include-limit", "includes are nested more than %d deep", NESTING_MOST);
		return false;
	}
	f->l->includes++;
	return true;
}

/* ---- one file ---- */

static const char *code_of(int rc)
{
	switch (rc) {
	case PIPE_ENOTFOUND:
		return "include-missing";
	case PIPE_ENETWORK:
		return "include-network";
	case PIPE_ELIMIT:
		return "include-limit";
	default:
		return "include-failed";
	}
}

static int ask_world(struct fetch *f, struct include_request *r, struct include_reply *reply, pipe_error *err)
{
	const pipe_limits *limits = &f->l->options->limits;
	const struct world *w = f->l->options->world;
	uint64_t left = limits->total_bytes > f->l->bytes ? limits->total_bytes - f->l->bytes : 0;

	r->from = f->up->reply.origin;
	r->max_bytes = left < limits->file_bytes ? left : limits->file_bytes;
	r->timeout_ms = limits->network_ms;
	memset(reply, 0, sizeof(*reply));
	return w->read(w->context, r, reply, f->l->arena, err);
}

static bool failed(struct fetch *f, const struct node *place, int rc, const char *what, const char *why)
{
	const pipe_limits *limits = &f->l->options->limits;

	if (rc == PIPE_ENOMEM)
		f->l->d->nomem = true;
	else if (rc == PIPE_ELIMIT && f->l->bytes > 0 && limits->total_bytes - f->l->bytes < limits->file_bytes)
		loading_bytes(f->l, place->at, limits->total_bytes); /* what it is too large for is what is left */
	else
		diag_error(f->l->d, place->at, code_of(rc), "\"%s\" cannot be included: %s", what, why);
	f->l->incomplete = true;
	return false;
}

/* "deploy" for templates/deploy.yml and templates/deploy/template.yml: what the command line calls it. */
static const char *target_of(struct fetch *f, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	if (slash && !strcmp(name, "template.yml")) {
		const char *directory = slash;
		while (directory > path && directory[-1] != '/')
			directory--;
		return arena_strndup(f->l->arena, directory, (size_t)(slash - directory));
	}
	return arena_strndup(f->l->arena, name, strcspn(name + (name[0] == '.'), ".") + (name[0] == '.'));
}

static bool hand_over(struct fetch *f, const struct include_request *r, const struct include_reply *reply, const char *identity,
		      const struct node *place)
{
	struct include_file file = { .up = f->up, .identity = identity, .depth = f->up->depth + 1, .reply = *reply };

	if (!file.reply.name)
		file.reply.name = r->location;
	file.at = place->at;
	file.lua = f->item->lua;
	file.with = f->item->with;
	file.giver.values = f->item->values;
	file.giver.at = f->item->at;
	file.giver.target = target_of(f, r->location);
	if (!file.giver.target) {
		f->l->d->nomem = true;
		return false;
	}
	return f->found(f->context, &file);
}

/* The file's identity when it may be asked for; NULL: a circle or a limit, which was reported. */
static const char *admit(struct fetch *f, const struct include_request *r, const struct node *place)
{
	const char *identity = identity_of(f, r);

	if (!identity)
		f->l->d->nomem = true;
	else if (!is_circle(f, place, identity, r->location) && within_limits(f, place))
		return identity;
	f->l->incomplete = true;
	return NULL;
}

static bool fetch_one(struct fetch *f, struct include_request *r, const struct node *place)
{
	const char *identity = admit(f, r, place);
	pipe_error err = { .code = PIPE_OK };
	struct include_reply reply;
	int rc;

	if (!identity)
		return false;
	rc = ask_world(f, r, &reply, &err);
	return rc ? failed(f, place, rc, r->location, err.text) : hand_over(f, r, &reply, identity, place);
}

/* ---- local ---- */

/* GitLab's wildcards: `**` is any text, `*` any text without "/".  Bounded by pattern times path. */
static bool wildcard_match(const char *pattern, const char *path)
{
	const char *star = NULL, *star_path = NULL, *deep = NULL, *deep_path = NULL;

	while (*path) {
		if (pattern[0] == '*' && pattern[1] == '*') {
			deep = pattern += 2;
			deep_path = path;
			star = NULL;
		} else if (*pattern == '*') {
			star = ++pattern;
			star_path = path;
		} else if (*pattern == *path) {
			pattern++;
			path++;
		} else if (star && *star_path != '/') {
			pattern = star;
			path = ++star_path;
		} else if (deep) {
			pattern = deep;
			path = ++deep_path;
			star = NULL;
		} else {
			return false;
		}
	}
	return !pattern[strspn(pattern, "*")];
}

/* A pattern in the world's language that matches all that ours does, and more: from the first `**` on, everything below. */
static const char *wider_glob(struct fetch *f, const char *pattern)
{
	const char *deep = strstr(pattern, "**");
	const char *end = deep ? deep : pattern + strlen(pattern);
	const char *glob;
	struct str s;

	while (deep && end > pattern && end[-1] != '/')
		end--;
	str_init(&s);
	for (const char *p = pattern; p < end; p++) {
		if (strchr("?[]{}\\", *p))
			str_addc(&s, '\\');
		str_addc(&s, *p);
	}
	if (deep)
		str_adds(&s, "**/*");
	glob = s.failed ? NULL : arena_strndup(f->l->arena, s.data, s.length);
	str_clear(&s);
	return glob;
}

static bool fetch_matches(struct fetch *f, const char *pattern)
{
	const struct world *w = f->l->options->world;
	const char *glob = wider_glob(f, pattern);
	pipe_error err = { .code = PIPE_OK };
	path_list paths = { NULL, 0, 0 };
	bool good = true, any = false;
	int rc;

	if (!glob) {
		f->l->d->nomem = true;
		return false;
	}
	rc = w->match(w->context, f->up->reply.origin, glob, &paths, f->l->arena, &err);
	if (rc)
		return failed(f, f->item->place, rc, pattern, err.text);
	for (uint32_t i = 0; i < paths.count; i++) {
		struct include_request r = { .kind = INCLUDE_LOCAL, .location = paths.items[i] };

		if (!wildcard_match(pattern, paths.items[i]))
			continue;
		any = true;
		good = fetch_one(f, &r, f->item->place) && good;
		if (f->l->includes >= f->l->options->limits.includes && !good)
			break;
	}
	if (!any)
		diag_warning(f->l->d, f->item->place->at, "include-nothing", "no file matches \"%s\"", pattern);
	return good;
}

static bool fetch_local(struct fetch *f)
{
	struct include_request r = { .kind = INCLUDE_LOCAL };

	r.location = include_path(f->l, f->item->place, f->item->location, f->item->lua);
	if (!r.location) {
		f->l->incomplete = true;
		return false;
	}
	if (strchr(r.location, '*'))
		return fetch_matches(f, r.location);
	return fetch_one(f, &r, f->item->place);
}

/* ---- the other kinds ---- */

static bool fetch_project_file(struct fetch *f, const struct node *file, const char *ref)
{
	struct include_request r = { .kind = INCLUDE_PROJECT, .project = f->item->location, .ref = ref };
	const char *path = include_expand(f->l, file, f->scope);

	r.location = path ? include_path(f->l, file, path, false) : NULL;
	f->l->incomplete |= !r.location;
	return r.location && fetch_one(f, &r, file);
}

static bool fetch_project(struct fetch *f)
{
	const struct node *ref = f->item->ref, *files = f->item->files;
	const char *ref_text = NULL;
	bool good = true;

	if (ref && !node_is_null(ref)) {
		ref_text = include_expand(f->l, ref, f->scope);
		if (!ref_text)
			return false;
	}
	if (files->kind != NODE_LIST)
		return fetch_project_file(f, files, ref_text);
	for (uint32_t i = 0; i < files->count; i++)
		good = fetch_project_file(f, files->items[i], ref_text) && good;
	return good;
}

static bool fetch_remote(struct fetch *f)
{
	struct include_request r = { .kind = INCLUDE_REMOTE, .location = f->item->location };

	if (strncmp(r.location, "https://", 8) && strncmp(r.location, "http://", 7)) {
		diag_error(f->l->d, f->item->place->at, "include-path", "\"%s\" is no address that can be fetched", r.location);
		diag_hint(f->l->d, "write https://HOST/PATH; a file of this project is \"local\"");
		f->l->incomplete = true;
		return false;
	}
	if (f->item->integrity) {
		r.integrity = include_expand(f->l, f->item->integrity, f->scope);
		if (!r.integrity || strncmp(r.integrity, "sha256-", 7)) {
			diag_error(f->l->d, f->item->integrity->at, "include-value",
				   "\"integrity\" is \"sha256-\" and a hash in Base64");
			f->l->incomplete = true;
			return false;
		}
	}
	return fetch_one(f, &r, f->item->place);
}

/* Not an error by itself: what the template would have brought may not be needed. */
static bool fetch_template(struct fetch *f)
{
	struct include_request r = { .kind = INCLUDE_TEMPLATE, .location = f->item->location };
	const char *identity = admit(f, &r, f->item->place);
	pipe_error err = { .code = PIPE_OK };
	struct include_reply reply;

	if (!identity)
		return false;
	if (!ask_world(f, &r, &reply, &err))
		return hand_over(f, &r, &reply, identity, f->item->place);
	f->l->template_missing = true;
	diag_warning(f->l->d, f->item->place->at, "include-template",
		     "the template \"%s\" is part of GitLab and cannot be had here; the pipeline goes without it", r.location);
	diag_hint(f->l->d, "copy it into the project and include it as \"local\"");
	return true;
}

static bool no_address(struct fetch *f)
{
	diag_error(f->l->d, f->item->place->at, "include-path", "\"%s\" is not the address of a component", f->item->location);
	diag_hint(f->l->d, "write HOST/PROJECT/NAME@VERSION");
	f->l->incomplete = true;
	return false;
}

/* Splits host/group/project/name@version; *name is the component's.  False: it is no such address, or no memory. */
static bool split_address(struct fetch *f, struct include_request *r, const char **name)
{
	const char *address = f->item->location, *at = strrchr(address, '@'), *slash = at;

	if (!at || !at[1] || include_leaves(address))
		return no_address(f);
	while (slash > address && slash[-1] != '/')
		slash--;
	if (slash == address || slash == at || !memchr(address, '/', (size_t)(slash - 1 - address)))
		return no_address(f);
	r->ref = at + 1;
	r->project = arena_strndup(f->l->arena, address, (size_t)(slash - 1 - address));
	*name = arena_strndup(f->l->arena, slash, (size_t)(at - slash));
	r->location = *name ? arena_printf(f->l->arena, "templates/%s.yml", *name) : NULL;
	if (!r->project || !r->location)
		f->l->d->nomem = true;
	return r->project && r->location;
}

/* A component's file is templates/NAME.yml or templates/NAME/template.yml. */
static bool fetch_component(struct fetch *f)
{
	struct include_request r = { .kind = INCLUDE_COMPONENT };
	pipe_error err = { .code = PIPE_OK };
	const char *identity = NULL, *name = NULL;
	struct include_reply reply;
	int rc;

	if (split_address(f, &r, &name))
		identity = admit(f, &r, f->item->place);
	if (!identity)
		return false;
	rc = ask_world(f, &r, &reply, &err);
	if (rc == PIPE_ENOTFOUND || rc == PIPE_EIO) {
		r.location = arena_printf(f->l->arena, "templates/%s/template.yml", name);
		rc = r.location ? ask_world(f, &r, &reply, &err) : PIPE_ENOMEM;
	}
	if (rc)
		return failed(f, f->item->place, rc, f->item->location, err.text);
	return hand_over(f, &r, &reply, identity, f->item->place);
}

static bool (*const fetchers[])(struct fetch *f) = {
	[INCLUDE_LOCAL] = fetch_local,	       [INCLUDE_REMOTE] = fetch_remote,	    [INCLUDE_PROJECT] = fetch_project,
	[INCLUDE_COMPONENT] = fetch_component, [INCLUDE_TEMPLATE] = fetch_template,
};

bool include_fetch(struct loading *l, const struct include_file *up, const struct include_item *item, const struct scope *scope,
		   include_found *found, void *context)
{
	struct fetch f = { .l = l, .up = up, .item = item, .scope = scope, .found = found, .context = context };

	return fetchers[item->kind](&f);
}
