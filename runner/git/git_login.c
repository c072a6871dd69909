/* The program is asked because its helpers are programs too, found and called by rules of its own.  Invariant: nobody is prompted. */
#include "runner/git/git_login.h"

#include "base/error.h"
#include "runner/executor/ask.h"

#include <string.h>
#include <unistd.h>

enum { ANSWER_MAX = 64 * 1024 };

/* The environment with git told that there is no terminal: that one shows the run. */
static const char *const *quiet_environment(struct arena *a)
{
	static const char quiet[] = "GIT_TERMINAL_PROMPT=";
	const char **copy;
	size_t n = 0, kept = 0;

	while (environ && environ[n])
		n++;
	copy = ARENA_ARRAY(a, const char *, n + 2);
	for (size_t i = 0; copy && i < n; i++)
		if (strncmp(environ[i], quiet, sizeof(quiet) - 1) != 0)
			copy[kept++] = environ[i];
	if (copy)
		copy[kept++] = "GIT_TERMINAL_PROMPT=0";
	return copy;
}

/* NULL: no memory.  A line ends the address, so it may hold none of its own. */
static const char *question(const struct git_login_request *r, struct arena *a)
{
	const char *host = strstr(r->url, "://");

	host = host ? host + 3 : r->url;
	return arena_printf(a, "url=%.*s%s%s%s\n\n", (int)(host - r->url), r->url, r->login, *r->login ? "@" : "", host);
}

/* "key=value" lines. */
static const char *value_of(const char *answer, const char *key, struct arena *a)
{
	size_t n = strlen(key);

	for (const char *line = answer; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (!strncmp(line, key, n) && line[n] == '=')
			return arena_strndup(a, line + n + 1, strcspn(line + n + 1, "\n"));
	return NULL;
}

static int unknown(const struct git_login_request *r, pipe_error *err)
{
	return error_set(err, PIPE_ENOTFOUND,
			 "%s: the server wants a login, and Git knows none: `git ls-remote` on this address must work without a "
			 "prompt (gitcredentials(7): credential.helper)",
			 r->url);
}

int git_login_ask(const struct git_login_request *r, struct arena *a, struct git_login *out, pipe_error *err)
{
	char path[4096];
	const char *const *envp = quiet_environment(a);
	const char *const argv[] = { path, "--git-dir", r->directory, "credential", "fill", NULL };
	struct ask q = { argv, envp, question(r, a), r->timeout_ms, ANSWER_MAX, r->cancel };
	enum ask_end end = ASK_FAILED;
	struct str answer;
	int rc;

	if (!envp || !q.input)
		return error_nomem(err);
	if (strpbrk(r->url, "\r\n") || strpbrk(r->login, "\r\n") || strlen(q.input) > ASK_INPUT_MAX ||
	    !ask_find("git", envp, path, sizeof(path)))
		return unknown(r, err);
	str_init(&answer);
	rc = ask_program(&q, &answer, &end, err);
	if (rc == PIPE_OK && end == ASK_NO_ANSWER)
		rc = error_set(err, PIPE_ENETWORK, "%s: Git's credential helper did not answer within %g s", r->url,
			       r->timeout_ms / 1000.0);
	if (rc == PIPE_OK) {
		*out = (struct git_login){ value_of(answer.data, "username", a), value_of(answer.data, "password", a) };
		if (end == ASK_FAILED || !out->user || !out->password)
			rc = unknown(r, err);
	}
	str_clear(&answer);
	return rc;
}
