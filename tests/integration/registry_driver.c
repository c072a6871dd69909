/* The client of registries from the command line, for tests/integration/test_registry.py: one call each, the exit status is the error's
 * code without its sign. */
#include "runner/action/action.h"
#include "runner/files/beneath.h"
#include "runner/oci/registry.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct driver {
	struct registry_options options;
	struct registry *registry;
	char **argv; /* behind the command */
	pipe_error err;
};

static int get_manifest(struct driver *d)
{
	struct registry_manifest m;
	int rc = registry_get_manifest(d->registry, d->argv[1], d->argv[2], &m, &d->err);

	if (rc == PIPE_OK)
		printf("%s %s\n%s", m.digest, m.media_type, m.body.data);
	registry_manifest_clear(&m);
	return rc;
}

static int head_manifest(struct driver *d)
{
	char digest[140];
	uint64_t bytes;
	int rc = registry_head_manifest(d->registry, d->argv[1], d->argv[2], digest, sizeof(digest), &bytes, &d->err);

	if (rc == PIPE_OK)
		printf("%s %llu\n", digest, (unsigned long long)bytes);
	return rc;
}

static int put_manifest(struct driver *d)
{
	int fd = open(d->argv[4], O_RDONLY | O_CLOEXEC), rc;
	struct arena a = ARENA_INIT;
	const char *text;
	size_t length;
	char digest[140];

	rc = fd_read_all(fd, d->argv[4], 1 << 20, &a, &text, &length, &d->err);
	if (rc == PIPE_OK)
		rc = registry_put_manifest(d->registry, d->argv[1], d->argv[2], d->argv[3], text, length, digest, sizeof(digest),
					   &d->err);
	if (rc == PIPE_OK)
		printf("%s\n", digest);
	arena_clear(&a);
	close(fd);
	return rc;
}

static int get_blob(struct driver *d)
{
	int fd = open(d->argv[4], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int rc = registry_get_blob(d->registry, d->argv[1], d->argv[2], strtoull(d->argv[3], NULL, 10), fd, &d->err);

	close(fd);
	return rc;
}

static int put_blob(struct driver *d)
{
	int fd = open(d->argv[3], O_RDONLY | O_CLOEXEC), rc;
	struct stat st = { 0 };

	fstat(fd, &st);
	rc = registry_put_blob(d->registry, d->argv[1], d->argv[2], fd, (uint64_t)st.st_size, &d->err);
	close(fd);
	return rc;
}

static int on_tag(void *payload, const char *tag)
{
	(void)payload;
	puts(tag);
	return 0;
}

static int list_tags(struct driver *d)
{
	return registry_tags(d->registry, d->argv[1], on_tag, NULL, &d->err);
}

static int delete_manifest(struct driver *d)
{
	return registry_delete_manifest(d->registry, d->argv[1], d->argv[2], &d->err);
}

/* ---- actions ---- */

static void say(void *payload, const char *line)
{
	(void)payload;
	puts(line);
}

static int act(struct driver *d, action_function function, const void *arguments)
{
	struct arena a = ARENA_INIT;
	char here[4096];
	struct action_context context = {
		.arena = &a, .workspace = getcwd(here, sizeof(here)), .scratch = "/tmp", .envp = d->options.envp, .say = say
	};
	int rc = function(arguments, &context, &d->err);

	printf("answer: %s\n", context.answer ? context.answer : "");
	arena_clear(&a);
	return rc;
}

static struct action_registry how(const struct driver *d)
{
	return (struct action_registry){ d->options.docker_config, d->options.ca_file, d->options.insecure,
					 d->options.plain_http };
}

static int retain(struct driver *d)
{
	struct action_retain a = { .repository = d->argv[0],
				   .keep = (uint32_t)strtoul(d->argv[1], NULL, 10),
				   .pattern = *d->argv[2] ? d->argv[2] : NULL,
				   .protect = *d->argv[3] ? d->argv[3] : NULL,
				   .registry = how(d) };

	return act(d, action_retain, &a);
}

static int resolve(struct driver *d)
{
	struct action_resolve a = { .reference = d->argv[0], .registry = how(d) };

	return act(d, action_resolve, &a);
}

static int upload(struct driver *d)
{
	struct action_upload a = { .url = d->argv[0],
				   .method = d->argv[1],
				   .file = d->argv[2],
				   .content_type = "application/gzip",
				   .field = *d->argv[3] ? d->argv[3] : NULL,
				   .user = d->options.user,
				   .password = d->options.password,
				   .ca_file = d->options.ca_file,
				   .insecure = d->options.insecure };

	return act(d, action_upload, &a);
}

static const struct {
	const char *name;
	int arguments;
	bool registry; /* the first argument is its host */
	int (*run)(struct driver *d);
} commands[] = {
	{ "get-manifest", 3, true, get_manifest }, { "head-manifest", 3, true, head_manifest },
	{ "put-manifest", 5, true, put_manifest }, { "get-blob", 5, true, get_blob },
	{ "put-blob", 4, true, put_blob },	   { "tags", 2, true, list_tags },
	{ "delete", 3, true, delete_manifest },	   { "retain", 4, false, retain },
	{ "resolve", 1, false, resolve },	   { "upload", 4, false, upload },
};

static char **read_options(char **argv, struct registry_options *o)
{
	for (; *argv && !strncmp(*argv, "--", 2); argv++) {
		if (!strcmp(*argv, "--insecure"))
			o->insecure = true;
		else if (!strcmp(*argv, "--plain"))
			o->plain_http = true;
		else if (!strcmp(*argv, "--config"))
			o->docker_config = *++argv;
		else if (!strcmp(*argv, "--user"))
			o->user = *++argv;
		else if (!strcmp(*argv, "--password"))
			o->password = *++argv;
		else if (!strcmp(*argv, "--ca"))
			o->ca_file = *++argv;
		else if (!strcmp(*argv, "--retries"))
			o->retries = (unsigned)strtoul(*++argv, NULL, 10);
		else if (!strcmp(*argv, "--timeout"))
			o->timeout_ms = (int64_t)strtoul(*++argv, NULL, 10);
	}
	return argv;
}

int main(int argc, char **argv)
{
	struct driver d = { .options = { .envp = (const char *const *)environ } };
	char **command = read_options(argv + 1, &d.options);
	int rc = PIPE_EUSAGE;

	for (size_t i = 0; *command && i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(*command, commands[i].name) != 0 || argv + argc - command != commands[i].arguments + 1)
			continue;
		d.argv = command + 1;
		rc = commands[i].registry ? registry_open(&d.registry, d.argv[0], &d.options, &d.err) : PIPE_OK;
		if (rc == PIPE_OK)
			rc = commands[i].run(&d);
		registry_close(d.registry);
	}
	if (rc)
		fprintf(stderr, "%s\n", d.err.text);
	return -rc;
}
