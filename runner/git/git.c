/* Facts about the repository: HEAD, its commit, its tags, the configuration. */
#include "runner/git/git.h"

#include "base/error.h"
#include "runner/git/git_library.h"
#include "runner/git/git_quick.h"
#include "runner/net/url.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { SHA_TEXT = GIT_OID_HEXSZ + 1 };
static const char no_sha[] = "0000000000000000000000000000000000000000";

/* ---- what both ways of reading share ---- */

const char *git_facts_time(int64_t seconds, struct arena *a)
{
	time_t t = (time_t)seconds;
	char text[40] = "";
	struct tm tm;

	if (gmtime_r(&t, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return arena_strdup(a, text);
}

/* As GitLab: the description is the message without its title, or all of it when the title is long. */
bool git_facts_message(struct git_facts *out, const char *message, struct arena *a)
{
	size_t title = strcspn(message, "\n");

	out->message = arena_strdup(a, message);
	out->title = arena_strndup(a, message, title);
	if (!out->message || !out->title)
		return false;
	out->description = title >= 100 ? out->message : out->message + title + strspn(message + title, "\n");
	return true;
}

bool git_facts_remote(struct git_facts *out, const char *text, struct arena *a)
{
	struct url url;

	if (!url_parse(text, a, &url))
		return false;
	out->remote = url.text;
	out->login = url.login;
	out->host = url.host;
	out->project_path = url.path;
	return true;
}

/* ---- by libgit2 ---- */

struct facts {
	struct git_session s;
	git_repository *repository;
	git_config *config;
	git_oid head;
	bool born;
	struct arena *a;
	struct git_facts *out;
	bool nomem;
};

static const char *keep(struct facts *f, const char *text)
{
	const char *copy = text && *text ? arena_strdup(f->a, text) : "";

	if (!copy)
		f->nomem = true;
	return copy ? copy : "";
}

static const char *keep_oid(struct facts *f, const git_oid *oid)
{
	char text[SHA_TEXT];

	return keep(f, f->s.lib.git_oid_tostr(text, sizeof(text), oid));
}

static const char *behind(const char *text, const char *prefix)
{
	size_t n = strlen(prefix);

	return text && !strncmp(text, prefix, n) ? text + n : NULL;
}

/* The name that a symbolic reference stands for, without prefix; "" when it is none. */
static const char *symbolic(struct facts *f, const char *name, const char *prefix)
{
	const struct git_library *g = &f->s.lib;
	git_reference *ref;
	const char *found = "";

	if (g->git_reference_lookup(&ref, f->repository, name))
		return "";
	if (g->git_reference_type(ref) == GIT_REFERENCE_SYMBOLIC)
		found = keep(f, behind(g->git_reference_symbolic_target(ref), prefix));
	g->git_reference_free(ref);
	return found;
}

static int read_commit(struct facts *f, pipe_error *err)
{
	const struct git_library *g = &f->s.lib;
	const git_signature *author;
	const char *message;
	git_commit *commit;

	if (g->git_commit_lookup(&commit, f->repository, &f->head))
		return git_session_error(&f->s, PIPE_EIO, err, "the commit at HEAD");
	f->out->sha = keep_oid(f, &f->head);
	f->out->before_sha = g->git_commit_parentcount(commit) ? keep_oid(f, g->git_commit_parent_id(commit, 0)) : no_sha;
	message = g->git_commit_message(commit);
	author = g->git_commit_author(commit);
	f->out->author = arena_printf(f->a, "%s <%s>", author->name, author->email);
	f->out->timestamp = git_facts_time(g->git_commit_time(commit), f->a);
	if (!f->out->author || !f->out->timestamp || !git_facts_message(f->out, message ? message : "", f->a))
		f->nomem = true;
	g->git_commit_free(commit);
	return PIPE_OK;
}

static bool tag_is_at_head(struct facts *f, git_reference *ref)
{
	const struct git_library *g = &f->s.lib;
	const git_oid *peeled = g->git_reference_target_peel(ref), *target = g->git_reference_target(ref);
	git_object *tag, *commit;
	bool yes = false;

	if (peeled || !target)
		return peeled && g->git_oid_equal(peeled, &f->head);
	if (g->git_oid_equal(target, &f->head))
		return true;
	/* An annotated tag that is not packed yet: only the object itself knows. */
	if (g->git_object_lookup(&tag, f->repository, target, GIT_OBJECT_TAG))
		return false;
	if (!g->git_object_peel(&commit, tag, GIT_OBJECT_COMMIT)) {
		yes = g->git_oid_equal(g->git_object_id(commit), &f->head);
		g->git_object_free(commit);
	}
	g->git_object_free(tag);
	return yes;
}

/* Of several tags the highest version. */
static void read_tag(struct facts *f)
{
	const struct git_library *g = &f->s.lib;
	git_reference_iterator *tags;
	git_reference *ref;

	if (g->git_reference_iterator_glob_new(&tags, f->repository, "refs/tags/*"))
		return;
	while (!g->git_reference_next(&ref, tags)) {
		const char *name = behind(g->git_reference_name(ref), "refs/tags/");
		if (name && strverscmp(name, f->out->tag) > 0 && tag_is_at_head(f, ref))
			f->out->tag = keep(f, name);
		g->git_reference_free(ref);
	}
	g->git_reference_iterator_free(tags);
}

static const char *setting(struct facts *f, const char *name)
{
	const char *value;

	return f->config && !f->s.lib.git_config_get_string(&value, f->config, name) ? keep(f, value) : "";
}

static bool has_branch(struct facts *f, const char *name)
{
	char full[512];
	git_oid id;

	if (!*name || snprintf(full, sizeof(full), "refs/heads/%s", name) >= (int)sizeof(full))
		return false;
	if (!f->s.lib.git_reference_name_to_id(&id, f->repository, full))
		return true;
	snprintf(full, sizeof(full), "refs/remotes/origin/%s", name);
	return !f->s.lib.git_reference_name_to_id(&id, f->repository, full);
}

static const char *default_branch(struct facts *f)
{
	const char *configured, *remote = symbolic(f, "refs/remotes/origin/HEAD", "refs/remotes/origin/");

	if (*remote)
		return remote;
	configured = setting(f, "init.defaultbranch");
	if (has_branch(f, configured))
		return configured;
	if (has_branch(f, "main"))
		return "main";
	if (has_branch(f, "master"))
		return "master";
	return *f->out->branch ? f->out->branch : *configured ? configured : "main";
}

static void read_work_tree(struct facts *f)
{
	char *path = arena_strdup(f->a, f->s.lib.git_repository_workdir(f->repository));
	size_t n = path ? strlen(path) : 0;

	if (!path) {
		f->nomem = true;
		return;
	}
	while (n > 1 && path[n - 1] == '/')
		path[--n] = '\0';
	f->out->work_tree = path;
}

static int read_facts(struct facts *f, pipe_error *err)
{
	const struct git_library *g = &f->s.lib;
	int rc;

	f->out->is_repository = true;
	read_work_tree(f);
	f->out->branch = symbolic(f, "HEAD", "refs/heads/");
	f->born = !g->git_reference_name_to_id(&f->head, f->repository, "HEAD");
	if (f->born) {
		rc = read_commit(f, err);
		if (rc)
			return rc;
		read_tag(f);
	}
	if (g->git_repository_config_snapshot(&f->config, f->repository))
		f->config = NULL; /* unreadable: as if nothing were set */
	f->out->author_name = setting(f, "user.name");
	f->out->author_email = setting(f, "user.email");
	if (!git_facts_remote(f->out, setting(f, "remote.origin.url"), f->a))
		f->nomem = true;
	f->out->default_branch = default_branch(f);
	return f->nomem ? error_nomem(err) : PIPE_OK;
}

/* Loading libgit2 is the dear part: outside of any repository it need not be done. */
static bool may_be_in_repository(const char *directory)
{
	char path[4096 + 8];
	struct stat st;
	size_t n = strlen(directory);

	if (n >= sizeof(path) - 8 || *directory != '/')
		return true;
	memcpy(path, directory, n + 1);
	for (;;) {
		while (n && path[n - 1] == '/')
			n--;
		memcpy(path + n, "/.git", 6);
		if (!lstat(path, &st))
			return true;
		if (!n)
			return false;
		while (n && path[n - 1] != '/')
			n--;
	}
}

static const struct git_facts nothing = { .work_tree = "",
					  .sha = "",
					  .before_sha = "",
					  .branch = "",
					  .tag = "",
					  .title = "",
					  .message = "",
					  .description = "",
					  .author = "",
					  .timestamp = "",
					  .author_name = "",
					  .author_email = "",
					  .remote = "",
					  .login = "",
					  .host = "",
					  .project_path = "",
					  .default_branch = "" };

int git_facts_read_slowly(const char *directory, struct arena *a, struct git_facts *out, pipe_error *err)
{
	struct facts f = { .a = a, .out = out };
	int rc = git_session_open(&f.s, err);

	*out = nothing;
	if (rc)
		return rc;
	rc = git_session_repository(&f.s, directory, true, &f.repository, err);
	if (rc == PIPE_ENOTFOUND)
		rc = PIPE_OK;
	else if (rc == PIPE_OK && f.s.lib.git_repository_workdir(f.repository))
		rc = read_facts(&f, err);
	if (f.config)
		f.s.lib.git_config_free(f.config);
	if (f.repository)
		f.s.lib.git_repository_free(f.repository);
	git_session_close(&f.s);
	return rc;
}

int git_facts_read(const char *directory, struct arena *a, struct git_facts *out, pipe_error *err)
{
	*out = nothing;
	if (!may_be_in_repository(directory) || git_quick_facts(directory, a, out))
		return PIPE_OK;
	return git_facts_read_slowly(directory, a, out, err);
}
