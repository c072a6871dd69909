#include "stages/image/tag.h"

#include "base/error.h"

#include <ctype.h>
#include <string.h>

enum { TAG_MAX = 128, NAME_MAX_BYTES = 255 };

static const char lower[] = "abcdefghijklmnopqrstuvwxyz0123456789";

/* ---- names ---- */

/* "registry.example.com:5000", "localhost": what stands before the first slash of a name, where it is no part of the repository. */
static size_t registry_length(const char *name)
{
	size_t n = strcspn(name, "/");

	if (!name[n] || (!memchr(name, '.', n) && !memchr(name, ':', n) && strncmp(name, "localhost/", 10) != 0))
		return 0;
	return n;
}

/* One part of a repository's path: a-z 0-9, joined by `.`, `_`, `__` or hyphens. */
static bool is_component(const char *p, size_t n)
{
	size_t at = 0;

	while (at < n) {
		size_t word = strspn(p + at, lower);
		if (!word || at + word >= n)
			return word && at + word == n;
		at += word;
		if (p[at] == '-')
			at += strspn(p + at, "-");
		else if (p[at] == '.' || p[at] == '_')
			at += p[at] == '_' && p[at + 1] == '_' ? 2 : 1;
		else
			return false;
	}
	return false;
}

int image_name_check(const char *name, pipe_error *err)
{
	size_t host = registry_length(name);
	const char *p = name + host + (host > 0);

	if (!*name)
		return error_set(err, PIPE_EUSAGE, "an image has no name");
	if (strlen(name) > NAME_MAX_BYTES)
		return error_set(err, PIPE_EUSAGE, "the name of an image is longer than %d bytes", NAME_MAX_BYTES);
	if (strchr(name, '@'))
		return error_set(err, PIPE_EUSAGE, "\"%s\" has a digest, which only a built image has: name a tag", name);
	if (strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]") < host)
		return error_set(err, PIPE_EUSAGE, "\"%.*s\" is no name of a registry", (int)host, name);
	for (;; p++) {
		size_t n = strcspn(p, "/");

		if (!is_component(p, n)) {
			for (size_t i = 0; i < n; i++)
				if (isupper((unsigned char)p[i]))
					return error_set(err, PIPE_EUSAGE,
							 "\"%s\" has a capital letter, and names of images have none", name);
			return error_set(
				err, PIPE_EUSAGE,
				"\"%s\" is no name of an image: \"%.*s\" is not made of a-z, 0-9 and single . _ - between them",
				name, (int)n, p);
		}
		p += n;
		if (!*p)
			return PIPE_OK;
	}
}

static bool is_tag(const char *tag)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	size_t n = strlen(tag);

	if (!n || n > TAG_MAX || !strchr(first, *tag))
		return false;
	return strspn(tag, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == n;
}

/* ---- versions ---- */

struct release {
	size_t major, minor, core; /* lengths of "1", "1.2", "1.2.3" */
	const char *text;	   /* "1.2.3-rc.1" */
	bool pre, zero;		   /* a pre-release; 0.y.z, of which anything may change with y */
};

static size_t number(const char *p)
{
	size_t n = strspn(p, "0123456789");

	return n > 1 && *p == '0' ? 0 : n;
}

/* A Git tag as SemVer 2.0 (https://semver.org), with or without a `v`. */
static bool read_release(const char *tag, struct release *out)
{
	const char *p = tag + (*tag == 'v' || *tag == 'V');
	size_t n = number(p), all;

	*out = (struct release){ .text = p, .major = n, .zero = n == 1 && *p == '0' };
	if (!n || p[n] != '.' || !number(p + n + 1))
		return false;
	n += 1 + number(p + n + 1);
	out->minor = n;
	if (p[n] != '.' || !number(p + n + 1))
		return false;
	n += 1 + number(p + n + 1);
	out->core = n;
	out->pre = p[n] == '-';
	all = n + strspn(p + n, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.+");
	return !p[all] && (!p[n] || ((p[n] == '-' || p[n] == '+') && p[n + 1]));
}

static bool is_prerelease(const struct image_tagging *t)
{
	struct release r;

	return t->origin.git_tag && read_release(t->origin.git_tag, &r) && r.pre;
}

/* ---- one tag ---- */

/* text: from arena_printf. */
static int note(struct image_tagging *t, const char *text, pipe_error *err)
{
	const char **slot = text ? vec_push(t->a, &t->notes) : NULL;

	if (slot)
		*slot = text;
	return slot ? PIPE_OK : error_nomem(err);
}

static int add_tag(struct image_tagging *t, const char *repository, const char *tag, bool moving, pipe_error *err)
{
	const char *reference = arena_printf(t->a, "%s:%s", repository, tag);
	struct image_tag *slot;

	if (!is_tag(tag))
		return error_set(
			err, PIPE_EUSAGE,
			"\"%.140s\" is no tag: it takes letters, digits, _ . -, begins with none of . -, and has at most %d", tag,
			TAG_MAX);
	for (uint32_t i = 0; reference && i < t->tags.count; i++)
		if (!strcmp(t->tags.items[i].reference, reference))
			return PIPE_OK;
	slot = reference ? vec_push(t->a, &t->tags) : NULL;
	if (!slot)
		return error_nomem(err);
	*slot = (struct image_tag){ reference, repository, arena_strdup(t->a, tag), moving };
	return slot->tag ? PIPE_OK : error_nomem(err);
}

static int add_semver(struct image_tagging *t, const char *repository, pipe_error *err)
{
	struct release r;
	char *full;
	int rc = PIPE_OK;

	if (!t->origin.git_tag)
		return note(t, "semver gives no tag: this pipeline is not of a Git tag", err);
	if (!read_release(t->origin.git_tag, &r))
		return note(t,
			    arena_printf(t->a, "semver gives no tag: the Git tag \"%s\" is no version such as 1.2.3",
					 t->origin.git_tag),
			    err);
	full = arena_strdup(t->a, r.text);
	for (char *p = full; p && *p; p++)
		*p = *p == '+' ? '_' : *p; /* a tag has no + */
	if (!full)
		return error_nomem(err);
	rc = add_tag(t, repository, full, false, err);
	if (rc || r.pre)
		return rc;
	full[r.minor] = '\0';
	rc = add_tag(t, repository, full, true, err);
	full[r.major] = '\0';
	return rc || r.zero ? rc : add_tag(t, repository, full, true, err);
}

static int add_sha(struct image_tagging *t, const char *repository, pipe_error *err)
{
	if (!t->origin.sha)
		return note(t, "sha gives no tag: there is no commit", err);
	return add_tag(t, repository, t->origin.sha, false, err);
}

static int add_branch(struct image_tagging *t, const char *repository, pipe_error *err)
{
	if (!t->origin.branch)
		return note(t, "branch gives no tag: this pipeline is not of a branch", err);
	return add_tag(t, repository, t->origin.branch, true, err);
}

static int add_latest(struct image_tagging *t, const char *repository, pipe_error *err)
{
	if (is_prerelease(t))
		return note(t, arena_printf(t->a, "latest is not given to the pre-release %s", t->origin.git_tag), err);
	return add_tag(t, repository, "latest", true, err);
}

static const struct {
	const char *word;
	int (*add)(struct image_tagging *t, const char *repository, pipe_error *err);
} rules[] = {
	{ "branch", add_branch },
	{ "latest", add_latest },
	{ "semver", add_semver },
	{ "sha", add_sha },
};

/* ---- an entry ---- */

/* Where the tag begins, behind its colon; NULL: there is none. */
static const char *tag_in(const char *text)
{
	const char *slash = strrchr(text, '/'), *colon = strchr(slash ? slash : text, ':');

	return colon ? colon + 1 : NULL;
}

int image_tag_add(struct image_tagging *t, const char *text, pipe_error *err)
{
	const char *tag = tag_in(text), *repository;
	int rc;

	if (!tag && strchr(text, '/'))
		return error_set(err, PIPE_EUSAGE, "\"%s\" has no tag; write \"%s:latest\" where that is meant", text, text);
	if (!tag && !t->name)
		return error_set(err, PIPE_EUSAGE,
				 "the tag \"%s\" needs the name of an image: say it with \"name\", or write NAME:%s", text, text);
	repository = tag ? arena_strndup(t->a, text, (size_t)(tag - 1 - text)) : t->name;
	if (!repository)
		return error_nomem(err);
	tag = tag ? tag : text;
	rc = image_name_check(repository, err);
	for (size_t i = 0; rc == PIPE_OK && i < sizeof(rules) / sizeof(*rules); i++)
		if (!strcmp(rules[i].word, tag))
			return rules[i].add(t, repository, err);
	return rc ? rc : add_tag(t, repository, tag, false, err);
}

void image_tag_order(struct image_tagging *t)
{
	uint32_t stay = 0;

	for (uint32_t i = 0; i < t->tags.count; i++) {
		struct image_tag one = t->tags.items[i];
		if (one.moving)
			continue;
		memmove(&t->tags.items[stay + 1], &t->tags.items[stay], (i - stay) * sizeof(one));
		t->tags.items[stay++] = one;
	}
}
