/* Asking a credential helper: the server's name goes to its stdin, JSON comes from its stdout. */
#include "runner/oci/credential.h"

#include "base/error.h"
#include "runner/executor/ask.h"

#include <stdio.h>
#include <string.h>

enum { HELPER_MS = 30000, LONGEST_NAME = 100, OUTPUT_MAX = 64 * 1024, SAID_MAX = 120 };

#define PREFIX "docker-credential-"

const char *credential_variable(const char *const *envp, const char *name)
{
	size_t n = strlen(name);

	for (; envp && *envp; envp++)
		if (!strncmp(*envp, name, n) && (*envp)[n] == '=' && (*envp)[n + 1])
			return *envp + n + 1;
	return NULL;
}

/* ---- what it says ---- */

/* Helpers tell on stdout why they fail. */
static int failed(const char *name, const struct str *out, pipe_error *err)
{
	char said[SAID_MAX + 1];
	size_t n = strcspn(out->data, "\r\n");

	if (strstr(out->data, "credentials not found"))
		return error_set(err, PIPE_ENOTFOUND, "the credential helper \"%s\" knows no login", name);
	n = n < SAID_MAX ? n : SAID_MAX;
	for (size_t i = 0; i < n; i++)
		said[i] = out->data[i] >= ' ' && out->data[i] < 0x7f ? out->data[i] : '?';
	said[n] = '\0';
	return error_set(err, PIPE_EUSAGE, "the credential helper " PREFIX "%s failed%s%s", name, n ? ": " : "", said);
}

int credential_helper_get(const char *name, const char *server, const char *const *envp, const atomic_bool *cancel,
			  struct str *out, pipe_error *err)
{
	char program[sizeof(PREFIX) + LONGEST_NAME], path[4096];
	const char *const argv[] = { path, "get", NULL };
	const struct ask question = { argv, envp, server, HELPER_MS, OUTPUT_MAX, cancel };
	enum ask_end end;
	int rc;

	if (!*name || strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != strlen(name) ||
	    strlen(name) > LONGEST_NAME)
		return error_set(err, PIPE_EUSAGE, "\"%.60s\" is no name of a credential helper", name);
	snprintf(program, sizeof(program), PREFIX "%s", name);
	if (!ask_find(program, envp, path, sizeof(path)))
		return error_set(err, PIPE_EUSAGE, "the credential helper %s is not on the PATH", program);
	rc = ask_program(&question, out, &end, err);
	if (rc)
		return rc;
	if (end == ASK_NO_ANSWER)
		return error_set(err, PIPE_EUSAGE, "the credential helper %s did not answer within %d s and %d bytes", program,
				 HELPER_MS / 1000, OUTPUT_MAX);
	return end == ASK_SUCCEEDED ? PIPE_OK : failed(name, out, err);
}
