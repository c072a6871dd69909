/* What a Dockerfile and its context say of the image before it is built: who runs in it, what it begins from, what it may take along. */
#include "stages/image/image.h"

#include "base/error.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

const struct image_check image_checks[IMAGE_CHECKS] = {
	[CHECK_ROOT] = { "root", "root-user", SEVERITY_HIGH, "https://docs.docker.com/build/building/best-practices/#user" },
	[CHECK_LATEST] = { "latest", "latest-tag", SEVERITY_MEDIUM,
			   "https://docs.docker.com/build/building/best-practices/#pin-base-image-versions" },
	[CHECK_DOCKERIGNORE] = { "dockerignore", "no-dockerignore", SEVERITY_LOW,
				 "https://docs.docker.com/build/concepts/context/#dockerignore-files" },
	[CHECK_REMOTE_ADD] = { "remote_add", "unverified-add", SEVERITY_MEDIUM,
			       "https://docs.docker.com/reference/dockerfile/#add---checksum" },
	[CHECK_SECRET_NAMES] = { "secret_names", "secret-in-variable", SEVERITY_HIGH,
				 "https://docs.docker.com/reference/build-checks/secrets-used-in-arg-or-env/" },
};

int image_found(struct image_work *i, enum image_check_id id, const char *path, uint32_t line, const char *message,
		pipe_error *err)
{
	const struct image_check *c = &image_checks[id];
	struct image_finding *f;

	if (!message)
		return error_nomem(err);
	if (i->set.levels[id] == LEVEL_ALLOW)
		return PIPE_OK;
	f = vec_push(i->job->arena, &i->findings);
	if (!f)
		return error_nomem(err);
	*f = (struct image_finding){ .finding = { .kind = FINDING_MISCONFIGURATION,
						  .severity = c->severity,
						  .tool = "pipe image",
						  .rule = c->rule,
						  .path = path,
						  .line = line,
						  .message = message,
						  .fingerprint = "",
						  .package = "",
						  .installed = "",
						  .fixed = "",
						  .url = c->url },
				     .level = i->set.levels[id] };
	return PIPE_OK;
}

struct checking {
	struct image_work *image;
	struct dockerfile file;
	const char *path; /* of the Dockerfile */
	int32_t target;
	bool *used;	   /* by stage: the target needs it, as its beginning or for files */
	bool copies_whole; /* COPY . or ADD . from the context */
	uint32_t copies_line;
	bool ignores; /* there is a .dockerignore */
	pipe_error *err;
};

static int found(struct checking *c, enum image_check_id id, uint32_t line, const char *message)
{
	return image_found(c->image, id, c->path, line, message, c->err);
}

/* ---- who runs ---- */

static bool is_root(const char *user)
{
	size_t n = strcspn(user, ":");

	return (n == 4 && !strncmp(user, "root", 4)) || (n && n == strspn(user, "0"));
}

/* Images whose makers say by their tag that they do not run as root. */
static bool says_nonroot(const char *base)
{
	return strstr(base, "nonroot") || strstr(base, "rootless") || strstr(base, "unprivileged");
}

static int check_root(struct checking *c)
{
	struct arena *a = c->image->job->arena;
	const struct dockerfile_stage *s = &c->file.stages.items[c->target];

	while (!s->user && s->from >= 0)
		s = &c->file.stages.items[s->from];
	if (s->user)
		return is_root(s->user) ? found(c, CHECK_ROOT, s->user_line,
						arena_printf(a, "the image runs as root: USER %s; name another user", s->user))
					: PIPE_OK;
	if (says_nonroot(s->base))
		return PIPE_OK;
	return found(c, CHECK_ROOT, c->file.stages.items[c->target].line,
		     "the image runs as root: its last stage has no USER; add one such as USER 65534");
}

/* ---- what it begins from ---- */

static int check_base(struct checking *c, const struct dockerfile_stage *s)
{
	struct arena *a = c->image->job->arena;
	const char *slash = strrchr(s->base, '/'), *tag = strchr(slash ? slash : s->base, ':');

	if (s->from >= 0 || !*s->base || !strcasecmp(s->base, "scratch") || strchr(s->base, '@'))
		return PIPE_OK;
	if (!tag)
		return found(c, CHECK_LATEST, s->line,
			     arena_printf(a, "FROM %s has no tag, and is another image tomorrow; name its version", s->base));
	if (!strcmp(tag, ":latest"))
		return found(c, CHECK_LATEST, s->line,
			     arena_printf(a, "FROM %s is another image tomorrow; name its version", s->base));
	return PIPE_OK;
}

/* ---- what it takes along ---- */

/* The words of COPY and ADD without their options; *checked: one of them is --checksum, *elsewhere: --from. */
static const char *first_source(struct arena *a, const char **at, bool *checked, bool *elsewhere, char *from, size_t size)
{
	const char *word;

	*checked = *elsewhere = false;
	while ((word = dockerfile_word(a, at)) && !strncmp(word, "--", 2)) {
		*checked |= !strncmp(word, "--checksum=", 11);
		if (!strncmp(word, "--from=", 7)) {
			*elsewhere = true;
			if (strlen(word + 7) < size)
				memcpy(from, word + 7, strlen(word + 7) + 1);
		}
	}
	return word;
}

static bool is_address(const char *word)
{
	static const char *const schemes[] = { "http://", "https://", "ftp://", "git@", "git://", "ssh://" };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		if (!strncasecmp(word, schemes[i], strlen(schemes[i])))
			return true;
	return false;
}

/* A Git address that names a whole commit is as good as a checksum. */
static bool names_commit(const char *word)
{
	const char *hash = strchr(word, '#');
	size_t n = hash ? strspn(hash + 1, "0123456789abcdef") : 0;

	return n == 40 || n == 64;
}

static bool is_whole(const char *word)
{
	return !strcmp(word, ".") || !strcmp(word, "./") || !strcmp(word, "/") || !strcmp(word, "*") || !strcmp(word, "./*");
}

/* The list form, ["a", "b"], as the plain one. */
static const char *plain_form(struct arena *a, const char *text)
{
	char *copy = arena_strdup(a, text);
	char *list = copy ? strchr(copy, '[') : NULL;

	if (!list || (list != copy && strncmp(copy, "--", 2) != 0))
		return copy;
	for (char *p = list; *p; p++)
		if (strchr("[],", *p))
			*p = ' ';
	return copy;
}

static int check_copy(struct checking *c, const struct dockerfile_instruction *i)
{
	struct arena *a = c->image->job->arena;
	const char *at = plain_form(a, i->text), *source, *next;
	char from[64] = "";
	bool checked, elsewhere;
	int rc = PIPE_OK;

	if (!at)
		return error_nomem(c->err);

	/* The last word is where it goes. */
	source = first_source(a, &at, &checked, &elsewhere, from, sizeof(from));
	for (; source && (next = dockerfile_word(a, &at)) && rc == PIPE_OK; source = next) {
		if (!strcmp(i->word, "ADD") && is_address(source) && !checked && !names_commit(source))
			rc = found(c, CHECK_REMOTE_ADD, i->line,
				   arena_printf(a, "ADD %s takes what comes: add --checksum=sha256:...", source));
		if (is_whole(source) && !elsewhere && !c->copies_whole) {
			c->copies_whole = true;
			c->copies_line = i->line;
		}
	}
	return rc;
}

static bool any_there(struct image_work *i, const char *const *names)
{
	for (; *names; names++) {
		const char *path = strcmp(i->set.context, ".") != 0 ? arena_printf(i->job->arena, "%s/%s", i->set.context, *names)
								    : *names;
		if (path && i->job->world->exists(i->job->world->payload, path))
			return true;
	}
	return false;
}

static int check_ignore(struct checking *c)
{
	static const char *const git[] = { ".git", NULL };
	struct image_work *i = c->image;

	if (c->ignores)
		return PIPE_OK;
	if (c->copies_whole)
		return found(c, CHECK_DOCKERIGNORE, c->copies_line,
			     any_there(i, git) ? "the whole context is copied into the image, .git too: there is no .dockerignore"
					       : "the whole context is copied into the image: there is no .dockerignore");
	if (!any_there(i, git))
		return PIPE_OK;
	return found(c, CHECK_DOCKERIGNORE, 0, "the build is given all of .git: there is no .dockerignore");
}

/* ---- secrets by their names ---- */

static bool says_secret(const char *name, size_t length)
{
	static const char *const words[] = { "APIKEY",	   "API_KEY",  "ACCESS_KEY",  "CREDENTIAL", "CREDENTIALS", "PASSWD",
					     "PASSPHRASE", "PASSWORD", "PRIVATE_KEY", "SECRET",	    "SECRETS",	   "TOKEN" };
	static const char *const harmless[] = { "_FILE", "_PATH", "_URL", "_ID", "_NAME", "_LENGTH", "_TTL" };

	for (size_t k = 0; k < sizeof(harmless) / sizeof(*harmless); k++) {
		size_t n = strlen(harmless[k]);
		if (length > n && !strncasecmp(name + length - n, harmless[k], n))
			return false;
	}
	for (size_t at = 0; at < length; at++) {
		if (at && name[at - 1] != '_')
			continue;
		for (size_t k = 0; k < sizeof(words) / sizeof(*words); k++) {
			size_t n = strlen(words[k]);
			if (n <= length - at && !strncasecmp(name + at, words[k], n) && (n == length - at || name[at + n] == '_'))
				return true;
		}
	}
	return false;
}

static bool is_given(const struct image_work *i, const char *name, size_t length)
{
	for (const char *const *b = i->set.build_args; b && *b; b++)
		if (!strncmp(*b, name, length) && (*b)[length] == '=')
			return true;
	return false;
}

static int check_name(struct checking *c, const struct dockerfile_instruction *i, const char *name, size_t length, bool has_value)
{
	struct arena *a = c->image->job->arena;
	bool is_arg = !strcmp(i->word, "ARG");

	if (!says_secret(name, length) || !(has_value || (is_arg && is_given(c->image, name, length))))
		return PIPE_OK;
	return found(c, CHECK_SECRET_NAMES, i->line,
		     arena_printf(a, "%s %.*s stays readable in the image; use \"secrets\" and RUN --mount=type=secret", i->word,
				  (int)length, name));
}

static int check_names(struct checking *c, const struct dockerfile_instruction *i)
{
	struct arena *a = c->image->job->arena;
	const char *at = i->text, *word = dockerfile_word(a, &at);
	int rc = PIPE_OK;

	if (word && !strcmp(i->word, "ENV") && !strchr(word, '=')) /* the old form: ENV NAME VALUE */
		return check_name(c, i, word, strlen(word), *at != '\0');
	for (; word && rc == PIPE_OK; word = dockerfile_word(a, &at)) {
		size_t n = strcspn(word, "=");
		rc = check_name(c, i, word, n, word[n] == '=' && word[n + 1]);
	}
	return rc;
}

/* ---- all of it ---- */

/* The stage that COPY --from names; -1: an image, or none. */
static int32_t copied_from(struct checking *c, const struct dockerfile_instruction *i)
{
	const char *at = i->text;
	char from[64] = "";
	bool checked, elsewhere;

	if (strcmp(i->word, "COPY") != 0 || !strstr(i->text, "--from="))
		return -1;
	(void)first_source(c->image->job->arena, &at, &checked, &elsewhere, from, sizeof(from));
	return *from ? dockerfile_target(&c->file, from) : -1;
}

/* A stage needs only what stands before it: from the target backwards, each is looked at once. */
static void find_used(struct checking *c)
{
	uint32_t k = c->file.instructions.count;

	c->used[c->target] = true;
	for (int32_t s = c->target; s >= 0; s--) {
		while (k && c->file.instructions.items[k - 1].stage > s)
			k--;
		if (!c->used[s])
			continue;
		if (c->file.stages.items[s].from >= 0)
			c->used[c->file.stages.items[s].from] = true;
		for (uint32_t n = k; n && c->file.instructions.items[n - 1].stage == s; n--) {
			int32_t from = copied_from(c, &c->file.instructions.items[n - 1]);
			if (from >= 0 && from < s)
				c->used[from] = true;
		}
	}
}

static int check_instruction(struct checking *c, const struct dockerfile_instruction *i)
{
	if (i->stage != DOCKERFILE_GLOBAL && !c->used[i->stage])
		return PIPE_OK;
	if (!strcmp(i->word, "FROM"))
		return check_base(c, &c->file.stages.items[i->stage]);
	if (!strcmp(i->word, "COPY") || !strcmp(i->word, "ADD"))
		return check_copy(c, i);
	if (!strcmp(i->word, "ENV") || !strcmp(i->word, "ARG"))
		return check_names(c, i);
	return PIPE_OK;
}

static int check_tags(struct image_work *i, pipe_error *err)
{
	int rc = PIPE_OK;

	for (uint32_t k = 0; rc == PIPE_OK && k < i->tagging.tags.count; k++)
		if (!strcmp(i->tagging.tags.items[k].tag, "latest"))
			rc = image_found(i, CHECK_LATEST, "", 0,
					 arena_printf(i->job->arena,
						      "the image is called %s, which says nothing about what is in it",
						      i->tagging.tags.items[k].reference),
					 err);
	return rc;
}

int image_ignores(struct image_work *i, struct ignore_patterns *out, const char **path, pipe_error *err)
{
	const char *const context = strcmp(i->set.context, ".") != 0 ? arena_printf(i->job->arena, "%s/", i->set.context) : "";
	const char *const files[] = { arena_printf(i->job->arena, "%s.dockerignore", i->set.dockerfile),
				      arena_printf(i->job->arena, "%s.containerignore", context ? context : ""),
				      arena_printf(i->job->arena, "%s.dockerignore", context ? context : "") };

	*path = NULL;
	*out = (struct ignore_patterns){ 0 };
	for (size_t k = 0; k < sizeof(files) / sizeof(*files); k++) {
		const char *text;

		if (!context || !files[k])
			return error_nomem(err);
		if (!i->job->world->exists(i->job->world->payload, files[k]))
			continue;
		text = i->job->world->read(i->job->world->payload, i->job->arena, files[k], err);
		if (!text)
			return err->code;
		*path = files[k];
		return ignore_read(out, i->job->arena, text) ? PIPE_OK : error_nomem(err);
	}
	return PIPE_OK;
}

static int read_ignores(struct checking *c)
{
	struct ignore_patterns patterns;
	const char *path;
	int rc = image_ignores(c->image, &patterns, &path, c->err);

	c->ignores = path != NULL;
	return rc;
}

static int check_file(struct checking *c)
{
	int rc = read_ignores(c);

	c->used = ARENA_ARRAY(c->image->job->arena, bool, c->file.stages.count);
	if (!c->used)
		return error_nomem(c->err);
	find_used(c);
	if (rc == PIPE_OK)
		rc = check_root(c);
	for (uint32_t k = 0; rc == PIPE_OK && k < c->file.instructions.count; k++)
		rc = check_instruction(c, &c->file.instructions.items[k]);
	return rc ? rc : check_ignore(c);
}

int image_check_all(struct image_work *i, pipe_error *err)
{
	struct checking c = { .image = i, .path = i->set.dockerfile, .err = err };
	const char *text = i->job->world->read(i->job->world->payload, i->job->arena, i->set.dockerfile, err);
	int rc = text ? check_tags(i, err) : err->code;

	if (rc == PIPE_OK)
		rc = dockerfile_parse(&c.file, i->job->arena, text, i->set.build_args, err);
	c.target = dockerfile_target(&c.file, i->set.target);
	if (rc || !c.file.stages.count)
		return rc; /* the builder says what is wrong with it */
	if (c.target < 0) {
		i->failure = arena_printf(i->job->arena, "%s has no stage \"%s\"", i->set.dockerfile, i->set.target);
		return i->failure ? PIPE_OK : error_nomem(err);
	}
	return check_file(&c);
}
