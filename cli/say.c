/* Sentences on standard error, and the exit status that they deserve. */
#include "cli/cli.h"
#include "cli/output/text.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

/* One write, so that lines of several processes do not mix.  Where standard error is gone there is nobody to tell. */
static void emit(struct cli *c, const char *text, size_t length)
{
	struct str s;
	ssize_t n;

	out_flush(c->out);
	str_init(&s);
	str_adds(&s, "pipe: ");
	for (const char *line = text, *end = text + length; line <= end;) {
		const char *newline = memchr(line, '\n', (size_t)(end - line)), *to = newline ? newline : end;
		text_clean(&s, line, (size_t)(to - line), term_text_flags(&c->error_term));
		str_addc(&s, '\n');
		line = to + 1;
	}
	n = write(STDERR_FILENO, s.data, s.length);
	(void)n;
	str_clear(&s);
}

void say(struct cli *c, const char *format, ...)
{
	struct str s;
	va_list ap;

	str_init(&s);
	va_start(ap, format);
	str_vprintf(&s, format, ap);
	va_end(ap);
	emit(c, s.data, s.length);
	str_clear(&s);
}

int usage_error(struct cli *c, const char *format, ...)
{
	struct str s;
	va_list ap;

	str_init(&s);
	va_start(ap, format);
	str_vprintf(&s, format, ap);
	va_end(ap);
	emit(c, s.data, s.length);
	str_clear(&s);
	if (c->command)
		say(c, "`pipe %s --help` says more", c->command->name);
	else
		say(c, "`pipe help` says more");
	return EXIT_USAGE;
}

int exit_of(int code)
{
	switch (code) {
	case PIPE_OK:
		return EXIT_OK;
	case PIPE_EPIPELINE:
	case PIPE_EUSAGE:
	case PIPE_ENOTFOUND:
	case PIPE_ELIMIT:
		return EXIT_USAGE;
	default:
		return EXIT_ENVIRONMENT;
	}
}

int say_error(struct cli *c, const pipe_error *err)
{
	const char *text = err->text[0] ? err->text : pipe_code_text(err->code);

	if (err->file[0] && err->line)
		say(c, "%s:%u:%u: %s", err->file, err->line, err->column, text);
	else if (err->file[0])
		say(c, "%s: %s", err->file, text);
	else
		say(c, "%s", text);
	return exit_of(err->code);
}
