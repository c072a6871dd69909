/* Addresses of Git repositories and files: https://host/group/project.git, ssh://…, git@host:group/project.git, file:///…, /a/path. */
#ifndef RUNNER_URL_H
#define RUNNER_URL_H

#include "base/arena.h"
#include <stdbool.h>
#include <stddef.h>

struct url {
	const char *text;   /* credentials removed ("git@" of ssh is none) */
	const char *login;  /* what was removed, "user:word" as it was written: a secret; "" none */
	const char *scheme; /* "https", "http", "ssh", "git", "file"; a scp-like address is "ssh", a plain path "file" */
	const char *host;   /* without port; "" for files */
	const char *port;   /* "": the scheme's own */
	const char *path;   /* "group/project", without ".git"; of files the last two parts */
	size_t before_path; /* bytes of text in front of path */
};

/* false: no memory.  What cannot be understood has an empty host and path. */
bool url_parse(const char *text, struct arena *a, struct url *out);
/* The address of another project on the same server; NULL: no memory. */
const char *url_sibling(const struct url *url, const char *project, struct arena *a);
/* A group/project path that can be put into an address: letters, digits and "_-.+", no part that begins with "." or "-". */
bool url_is_project_path(const char *path);

#endif
