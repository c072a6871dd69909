/* Which commit changed a path last: what `git log -1 -- PATH` says. */
#include "base/error.h"
#include "runner/git/git.h"
#include "runner/git/git_library.h"
#include <string.h>

struct look {
	struct git_session s;
	git_repository *repository;
	const char *path;
};

/* What the path is in a commit; all zeros: it is not there.  The commit stays open when the caller asks for it. */
static int entry_in(struct look *l, const git_oid *id, git_oid *entry, git_commit **open)
{
	const struct git_library *g = &l->s.lib;
	git_tree_entry *found = NULL;
	git_tree *tree = NULL;
	git_commit *commit;
	int rc = g->git_commit_lookup(&commit, l->repository, id);

	memset(entry, 0, sizeof(*entry));
	if (rc)
		return rc;
	rc = g->git_commit_tree(&tree, commit);
	if (!rc && !g->git_tree_entry_bypath(&found, tree, l->path)) {
		*entry = *g->git_tree_entry_id(found);
		g->git_tree_entry_free(found);
	}
	if (tree)
		g->git_tree_free(tree);
	if (open && !rc)
		*open = commit;
	else
		g->git_commit_free(commit);
	return rc;
}

/* The first parent in which the path is the same: history goes on there.  False: there is none, or it cannot be read (a shallow
 * clone ends here). */
static bool same_parent(struct look *l, const git_commit *commit, const git_oid *entry, git_oid *parent)
{
	const struct git_library *g = &l->s.lib;
	unsigned parents = g->git_commit_parentcount(commit);

	for (unsigned i = 0; i < parents; i++) {
		git_oid theirs;
		*parent = *g->git_commit_parent_id(commit, i);
		if (!entry_in(l, parent, &theirs, NULL) && !memcmp(&theirs, entry, sizeof(theirs)))
			return true;
	}
	return false;
}

static int find(struct look *l, git_oid *id, bool *known)
{
	git_oid entry, none, parent;
	git_commit *commit = NULL;
	bool on = true;
	int rc = 0;

	memset(&none, 0, sizeof(none));
	while (!rc && on) {
		rc = entry_in(l, id, &entry, &commit);
		if (rc)
			break;
		*known = memcmp(&entry, &none, sizeof(none)) != 0;
		on = *known && same_parent(l, commit, &entry, &parent);
		if (on)
			*id = parent;
		l->s.lib.git_commit_free(commit);
	}
	return rc;
}

int git_last_commit(const char *work_tree, const char *path, char sha[41], pipe_error *err)
{
	struct look l = { .path = path };
	git_oid id;
	bool known = false;
	int rc = git_session_open(&l.s, err);

	sha[0] = '\0';
	if (rc)
		return rc;
	rc = git_session_repository(&l.s, work_tree, false, &l.repository, err);
	if (rc == PIPE_OK && !l.s.lib.git_reference_name_to_id(&id, l.repository, "HEAD")) {
		if (find(&l, &id, &known))
			rc = git_session_error(&l.s, PIPE_EIO, err, path);
		else if (known)
			l.s.lib.git_oid_tostr(sha, 41, &id);
	}
	if (l.repository)
		l.s.lib.git_repository_free(l.repository);
	git_session_close(&l.s);
	return rc;
}
