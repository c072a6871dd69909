/*
 * The pipeline file that the command line names: from where the user stands, or absolute.  The library takes it from the root of the
 * project, so a name that leads into the project by another way (`..`, a symbolic link) becomes the plain one.
 */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of the directory that the file is in, not of the file: the name of a link is the name that the user knows. */
static char *real_directory(struct cli *c, const char *file, const char **name)
{
	const char *slash = strrchr(file, '/');
	const char *directory = slash == file ? "/" : slash ? arena_strndup(&c->arena, file, (size_t)(slash - file)) : ".";

	*name = slash ? slash + 1 : file;
	return directory ? realpath(directory, NULL) : NULL;
}

/* Below the root: the rest of the path with its "/", or ""; NULL: elsewhere. */
static const char *below(const char *root, const char *path)
{
	size_t n = strlen(root);

	if (n == 1)
		return path; /* the project is "/" */
	return !strncmp(path, root, n) && (!path[n] || path[n] == '/') ? path + n : NULL;
}

static int outside(struct cli *c, const char *file, const char *root)
{
	say(c, "%s is not in the project, which is %s", file, root);
	say(c, "start it from its own project: pipe -C DIR ...");
	return EXIT_USAGE;
}

int file_in_project(struct cli *c, const pipe_project *project, const char *file, const char **out)
{
	const char *root = pipe_project_directory(project), *name, *rest;
	char *directory;
	int status = EXIT_OK;

	*out = file;
	if (!*file) {
		say(c, "the name of the pipeline file is empty");
		return EXIT_USAGE;
	}
	directory = access(file, F_OK) ? NULL : real_directory(c, file, &name);
	if (!directory)
		return EXIT_OK; /* it may be there from the root; if not, the library says so */
	rest = below(root, directory);
	if (!rest)
		status = outside(c, file, root);
	else if (!(*out = arena_printf(&c->arena, "%s%s%s", rest + strspn(rest, "/"), rest[strspn(rest, "/")] ? "/" : "", name)))
		status = EXIT_ENVIRONMENT;
	free(directory);
	if (status == EXIT_ENVIRONMENT)
		say(c, "out of memory");
	return status;
}
