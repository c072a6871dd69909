/* From the words of the command line to a command, and from its end to an exit status. */
#include "base/suggest.h"
#include "cli/cli.h"
#include "cli/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static void set_colours(struct cli *c)
{
	const char *when = c->set.color;
	enum colour_choice choice = !when || !strcmp(when, "auto") ? COLOUR_AUTO
				    : !strcmp(when, "always")	   ? COLOUR_ALWAYS
								   : COLOUR_NEVER;

	term_init(&c->term, STDOUT_FILENO, choice);
	term_init(&c->error_term, STDERR_FILENO, choice);
}

static int unknown_command(struct cli *c, const char *name)
{
	struct suggest s;

	suggest_init(&s, name);
	for (size_t i = 0; commands[i]; i++)
		if (!commands[i]->hidden)
			suggest_offer(&s, commands[i]->name);
	if (s.best)
		return usage_error(c, "unknown command \"%s\"; did you mean \"%s\"?", name, s.best);
	return usage_error(c, "unknown command \"%s\"", name);
}

static int run_the_command(struct cli *c)
{
	set_colours(c);
	if (c->set.help) {
		help_command(c, c->command);
		return EXIT_OK;
	}
	if (c->set.directory && chdir(c->set.directory)) {
		say(c, "%s: %s", c->set.directory, strerror(errno));
		return EXIT_USAGE;
	}
	return c->command->run(c);
}

static int dispatch(struct cli *c, int argc, char **argv)
{
	int at = 1;

	if (!parse_arguments(c, NULL, argc, argv, &at))
		return EXIT_USAGE;
	set_colours(c);
	if (c->set.version)
		return command_find("version")->run(c);
	if (at >= argc) {
		help_overview(c);
		return EXIT_OK;
	}
	c->command = command_find(argv[at]);
	if (!c->command)
		return unknown_command(c, argv[at]);
	at++;
	if (!parse_arguments(c, c->command, argc, argv, &at))
		return EXIT_USAGE;
	return run_the_command(c);
}

/*
 * Who started us may have closed a standard stream (`pipe run >&-`).  The next file to be opened would get its number, and what is
 * said would be written into it.  Opened the wrong way round, it is taken, and using it is still an error that is told.
 */
static bool occupy_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return false;
	return true;
}

int main(int argc, char **argv)
{
	static struct out out;
	struct cli c = { .out = &out };
	int status;

	if (!occupy_standard_streams())
		return EXIT_ENVIRONMENT;
	out_init(&out, STDOUT_FILENO);
	c.set.below = c.set.limit = c.set.max_runs = c.set.max_size = UINT64_MAX; /* not given */
	c.set.max_age = -1;
	set_colours(&c);
	signals_ignore_pipe();
	status = dispatch(&c, argc, argv);
	out_flush(&out);
	if (out_failed(&out)) {
		say(&c, "cannot write the output: %s", strerror(out.error));
		status = status == EXIT_CANCELLED ? status : EXIT_ENVIRONMENT;
	}
	arena_clear(&c.arena);
	return status;
}
