/* References, and the facts put together. */
#include "runner/git/git_quick.h"

#include "base/vec.h"
#include "runner/files/beneath.h"
#include "runner/files/walk.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REF_MAX = 4096, PACKED_MAX = 64 << 20 };
static const char no_sha[] = "0000000000000000000000000000000000000000";

struct quick {
	struct arena *a;
	struct git_facts *out;
	const char *own, *common; /* .git, and where a linked work tree's shared part is */
	const char *packed;	  /* packed-refs; "" when there is none */
	size_t packed_length;
	struct git_quick_objects *objects;
	struct git_quick_config config;
};

/* ---- small files ---- */

/* One line without its end; NULL: no such file, or not of that kind. */
static const char *line_of(struct quick *q, const char *path)
{
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	const char *text, *line = NULL;
	size_t length;

	if (fd < 0)
		return NULL;
	if (fd_read_all(fd, path, REF_MAX, q->a, &text, &length, NULL) == PIPE_OK)
		line = arena_strndup(q->a, text, strcspn(text, "\r\n"));
	close(fd);
	return line;
}

static bool is_sha(const char *text)
{
	return strlen(text) == GIT_QUICK_SHA && strspn(text, "0123456789abcdef") == GIT_QUICK_SHA;
}

static const char *behind(const char *text, const char *prefix)
{
	size_t n = strlen(prefix);

	return text && !strncmp(text, prefix, n) ? text + n : NULL;
}

static const char *join(struct quick *q, const char *directory, const char *path)
{
	return *path == '/' ? path : arena_printf(q->a, "%s/%s", directory, path);
}

/* ---- where everything is ---- */

static bool is_directory(const char *path)
{
	struct stat st;

	return path && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* `.git` may be a file that says where the directory is: in submodules and linked work trees. */
static bool find_git(struct quick *q, const char *work_tree)
{
	const char *git = join(q, work_tree, ".git"), *elsewhere;

	q->own = git;
	if (!is_directory(git)) {
		elsewhere = behind(line_of(q, git), "gitdir: ");
		q->own = elsewhere ? join(q, work_tree, elsewhere) : NULL;
	}
	if (!q->own)
		return false;
	elsewhere = line_of(q, join(q, q->own, "commondir"));
	q->common = elsewhere ? join(q, q->own, elsewhere) : q->own;
	return q->common && is_directory(join(q, q->common, "objects")) && is_directory(join(q, q->common, "refs"));
}

/* Up to the first directory with a `.git`; it must be a repository, or libgit2 has to look further. */
static bool discover(struct quick *q, const char *directory)
{
	char resolved[PATH_MAX];
	struct stat st;
	size_t n;

	if (!realpath(directory, resolved))
		return false;
	for (n = strlen(resolved); n > 1 && n + 6 < sizeof(resolved);) {
		memcpy(resolved + n, "/.git", 6);
		if (lstat(resolved, &st) == 0) {
			resolved[n] = '\0';
			q->out->work_tree = arena_strdup(q->a, resolved);
			return q->out->work_tree && find_git(q, q->out->work_tree);
		}
		while (n > 1 && resolved[--n] != '/')
			;
	}
	return false;
}

/* ---- references ---- */

static bool load_packed(struct quick *q)
{
	static const char header[] = "# pack-refs with:";
	const char *path = join(q, q->common, "packed-refs");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	bool ok;

	q->packed = "";
	if (fd < 0)
		return path && errno == ENOENT;
	ok = fd_read_all(fd, path, PACKED_MAX, q->a, &q->packed, &q->packed_length, NULL) == PIPE_OK;
	close(fd);
	/* Without that promise in its first line, a tag may stand there without its commit. */
	return ok && !strncmp(q->packed, header, sizeof(header) - 1) &&
	       memmem(q->packed, strcspn(q->packed, "\n"), "fully-peeled", 12);
}

/* The line after this one; NULL at the end. */
static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end && end[1] ? end + 1 : NULL;
}

static const char *packed_ref(struct quick *q, const char *name)
{
	const char *end = q->packed + q->packed_length;
	size_t n = strlen(name);

	for (const char *line = *q->packed ? q->packed : NULL; line; line = next_line(line)) {
		if (*line == '#' || *line == '^' || (size_t)(end - line) < GIT_QUICK_SHA + 1 + n)
			continue;
		if (!strncmp(line + GIT_QUICK_SHA + 1, name, n) && strchr("\r\n", line[GIT_QUICK_SHA + 1 + n]))
			return arena_strndup(q->a, line, GIT_QUICK_SHA);
	}
	return NULL;
}

/* The SHA; NULL: there is no such reference (or one that is not plain, which nobody writes). */
static const char *ref_sha(struct quick *q, const char *name)
{
	const char *line = line_of(q, join(q, q->common, name));

	if (!line)
		line = packed_ref(q, name);
	return line && is_sha(line) ? line : NULL;
}

/* No commit has been made on it. */
static bool is_unborn(struct quick *q, const char *name)
{
	const char *path = join(q, q->common, name);
	struct stat st;

	return path && !packed_ref(q, name) && lstat(path, &st) && errno == ENOENT;
}

/* *sha: "" before the first commit. */
static bool read_head(struct quick *q, const char **sha)
{
	const char *line = line_of(q, join(q, q->own, "HEAD")), *name = behind(line, "ref: "), *branch;

	if (!line)
		return false;
	*sha = name ? ref_sha(q, name) : line;
	branch = behind(name, "refs/heads/");
	if (branch)
		q->out->branch = branch;
	if (!*sha && branch && is_unborn(q, name))
		*sha = "";
	return *sha && (!**sha || is_sha(*sha));
}

/* ---- tags ---- */

struct tags {
	struct quick *q;
	const char *sha;
	bool unsure;
};

static void offer_tag(struct quick *q, const char *name)
{
	if (strverscmp(name, q->out->tag) > 0)
		q->out->tag = name;
}

/* A packed annotated tag has its commit in a line below: "^sha". */
static void packed_tags(struct quick *q, const char *sha)
{
	for (const char *line = *q->packed ? q->packed : NULL; line; line = next_line(line)) {
		const char *end = line + strcspn(line, "\r\n"), *below = next_line(line), *name, *path;
		bool peeled = below && *below == '^';

		if (end - line <= GIT_QUICK_SHA + 1 || *line == '#' || *line == '^')
			continue;
		name = behind(line + GIT_QUICK_SHA + 1, "refs/tags/");
		if (!name || strncmp(peeled ? below + 1 : line, sha, GIT_QUICK_SHA))
			continue;
		name = arena_strndup(q->a, name, (size_t)(end - name));
		path = name ? arena_printf(q->a, "%s/refs/tags/%s", q->common, name) : NULL;
		if (path && access(path, F_OK)) /* a loose one of that name is newer */
			offer_tag(q, name);
	}
}

static int loose_tag(void *context, struct walk_entry *e, pipe_error *err)
{
	struct tags *t = context;
	struct quick *q = t->q;
	const char *sha, *object, *name;
	size_t length;

	(void)err;
	if (e->type != WALK_FILE)
		return PIPE_OK;
	sha = line_of(q, arena_printf(q->a, "%s/refs/tags/%s", q->common, e->path));
	name = arena_strdup(q->a, e->path);
	t->unsure |= !sha || !name || !is_sha(sha);
	if (t->unsure)
		return PIPE_EBUSY;
	if (!strcmp(sha, t->sha)) {
		offer_tag(q, name);
		return PIPE_OK;
	}
	object = git_quick_object(q->objects, sha, "tag", q->a, &length);
	/* Any other commit, or a tag that is packed: the commit can be told at once. */
	if (!object && !git_quick_object(q->objects, sha, "commit", q->a, &length))
		t->unsure = true;
	if (object && (object = behind(object, "object "))) {
		t->unsure |= strlen(object) < GIT_QUICK_SHA + 12 || !behind(object + GIT_QUICK_SHA, "\ntype commit\n");
		if (!t->unsure && !strncmp(object, t->sha, GIT_QUICK_SHA))
			offer_tag(q, name);
	}
	return t->unsure ? PIPE_EBUSY : PIPE_OK;
}

static bool read_tags(struct quick *q, const char *sha)
{
	struct tags t = { q, sha, false };
	const char *directory = join(q, q->common, "refs/tags");

	packed_tags(q, sha);
	return directory && (!is_directory(directory) || walk_tree(directory, loose_tag, &t, NULL) == PIPE_OK) && !t.unsure;
}

/* ---- the commit ---- */

/* "author Name <mail> 1714972089 +0200" */
static const char *person(struct quick *q, const char *line)
{
	const char *end = line + strcspn(line, "\n"), *open = memchr(line, '<', (size_t)(end - line)), *close;
	const char *name_end = open;

	close = open ? memchr(open, '>', (size_t)(end - open)) : NULL;
	if (!close)
		return NULL;
	while (name_end > line && name_end[-1] == ' ')
		name_end--;
	return arena_printf(q->a, "%.*s %.*s", (int)(name_end - line), line, (int)(close + 1 - open), open);
}

static const char *commit_time(struct quick *q, const char *line)
{
	const char *end = line + strcspn(line, "\n"), *close = memchr(line, '>', (size_t)(end - line));

	return close && close[1] == ' ' ? git_facts_time(strtoll(close + 2, NULL, 10), q->a) : NULL;
}

static bool read_commit(struct quick *q, const char *sha)
{
	size_t length;
	const char *line = git_quick_object(q->objects, sha, "commit", q->a, &length), *value;
	struct git_facts *out = q->out;

	out->sha = sha;
	out->before_sha = no_sha;
	out->author = out->timestamp = NULL;
	for (; line && *line && *line != '\n'; line = next_line(line)) {
		if (out->before_sha == no_sha && (value = behind(line, "parent ")))
			out->before_sha = arena_strndup(q->a, value, GIT_QUICK_SHA);
		else if ((value = behind(line, "author ")))
			out->author = person(q, value);
		else if ((value = behind(line, "committer ")))
			out->timestamp = commit_time(q, value);
		if (!out->before_sha)
			return false;
	}
	return line && out->author && out->timestamp && git_facts_message(out, line + strspn(line, "\n"), q->a);
}

/* ---- branches ---- */

static bool has_branch(struct quick *q, const char *name)
{
	const char *own = arena_printf(q->a, "refs/heads/%s", name), *remote = arena_printf(q->a, "refs/remotes/origin/%s", name);

	return *name && ((own && ref_sha(q, own)) || (remote && ref_sha(q, remote)));
}

static void read_default_branch(struct quick *q)
{
	const char *configured = q->config.default_branch,
		   *remote = behind(line_of(q, join(q, q->common, "refs/remotes/origin/HEAD")), "ref: refs/remotes/origin/");

	q->out->default_branch = remote			     ? remote
				 : has_branch(q, configured) ? configured
				 : has_branch(q, "main")     ? "main"
				 : has_branch(q, "master")   ? "master"
				 : *q->out->branch	     ? q->out->branch
				 : *configured		     ? configured
							     : "main";
}

static bool read_all(struct quick *q)
{
	const char *sha;

	if (!git_quick_config(join(q, q->common, "config"), q->a, &q->config) || !load_packed(q) || !read_head(q, &sha))
		return false;
	q->objects = git_quick_objects_open(join(q, q->common, "objects"));
	if (!q->objects || (*sha && (!read_commit(q, sha) || !read_tags(q, sha))) ||
	    !git_facts_remote(q->out, q->config.remote, q->a))
		return false;
	q->out->author_name = q->config.user_name;
	q->out->author_email = q->config.user_email;
	read_default_branch(q);
	return true;
}

bool git_quick_head(const char *work_tree, struct arena *a, struct git_quick_head *out)
{
	struct git_facts facts = { .tag = "", .branch = "" };
	struct quick q = { .a = a, .out = &facts };
	const char *sha, *commit, *tree;
	size_t length;

	if (!find_git(&q, work_tree) || !git_quick_config(join(&q, q.common, "config"), a, &q.config) || !load_packed(&q) ||
	    !read_head(&q, &sha))
		return false;
	*out = (struct git_quick_head){ q.own, q.common, "", q.config.converts };
	if (!*sha)
		return true;
	q.objects = git_quick_objects_open(join(&q, q.common, "objects"));
	commit = q.objects ? git_quick_object(q.objects, sha, "commit", a, &length) : NULL;
	tree = behind(commit, "tree ");
	out->tree = tree ? arena_strndup(a, tree, GIT_QUICK_SHA) : NULL;
	git_quick_objects_close(q.objects);
	return out->tree && is_sha(out->tree);
}

/* What was read on the way (packed-refs may be large) need not live as long as the facts. */
static bool keep_facts(struct git_facts *f, struct arena *a)
{
	const char **const fields[] = { &f->work_tree,	  &f->sha,	     &f->before_sha,  &f->branch, &f->tag,
					&f->title,	  &f->message,	     &f->description, &f->author, &f->timestamp,
					&f->author_name,  &f->author_email,  &f->remote,      &f->login,  &f->host,
					&f->project_path, &f->default_branch };

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (!(*fields[i] = arena_strdup(a, *fields[i])))
			return false;
	return true;
}

bool git_quick_facts(const char *directory, struct arena *a, struct git_facts *out)
{
	struct arena scratch = ARENA_INIT;
	struct quick q = { .a = &scratch, .out = out };
	bool ok = discover(&q, directory) && read_all(&q) && keep_facts(out, a);

	out->is_repository = ok;
	git_quick_objects_close(q.objects);
	arena_clear(&scratch);
	return ok;
}
