#include "runner/git/git_library.h"

#include "base/error.h"

/* Structs of libgit2 change their layout between versions, and the soname says so: only the version that this was compiled with fits. */
static const char *const sonames[] = { "libgit2.so." LIBGIT2_SOVERSION, NULL };
static const char *const functions[] = { GIT_FUNCTIONS(LAZY_NAME) NULL };
static const struct lazy_library git = { "reading the Git repository", "libgit2-" LIBGIT2_SOVERSION, sonames, functions };

int git_session_open(struct git_session *s, pipe_error *err)
{
	int rc = lazy_open(&git, &s->handle, &s->lib, err);

	if (rc)
		return rc;
	if (s->lib.git_libgit2_init() < 0) {
		lazy_close(s->handle);
		s->handle = NULL;
		return error_set(err, PIPE_EIO, "libgit2 could not be started");
	}
	return PIPE_OK;
}

void git_session_close(struct git_session *s)
{
	if (!s->handle)
		return;
	s->lib.git_libgit2_shutdown();
	lazy_close(s->handle);
	s->handle = NULL;
}

int git_session_error(const struct git_session *s, enum pipe_code code, pipe_error *err, const char *what)
{
	const git_error *last = s->lib.git_error_last();

	return error_set(err, code, "%s: %s", what, last && last->message ? last->message : "libgit2 does not say why");
}

/*
 * git refuses repositories of other users because running it there may run their hooks and filters.  libgit2 runs none, and
 * who calls us means to run this very project's jobs; in a container the checkout is often somebody else's.
 */
static int open_of_others(struct git_session *s, const char *directory, unsigned flags, git_repository **out)
{
	int rc;

	s->lib.git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	rc = s->lib.git_repository_open_ext(out, directory, flags, NULL);
	s->lib.git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 1);
	return rc;
}

int git_session_repository(struct git_session *s, const char *directory, bool search, git_repository **out, pipe_error *err)
{
	unsigned flags = search ? 0 : GIT_REPOSITORY_OPEN_NO_SEARCH;
	int rc = s->lib.git_repository_open_ext(out, directory, flags, NULL);

	/* libgit2 1.5 says "not found" when it means "not yours" and the configuration has no safe.directory. */
	if (rc == GIT_EOWNER || rc == GIT_ENOTFOUND)
		rc = open_of_others(s, directory, flags, out);
	if (rc == GIT_ENOTFOUND)
		return error_set(err, PIPE_ENOTFOUND, "%s is in no Git repository", directory);
	return rc ? git_session_error(s, PIPE_EIO, err, directory) : PIPE_OK;
}
