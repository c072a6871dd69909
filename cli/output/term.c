#include "cli/output/term.h"

#include "cli/output/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct look {
	const char *utf8, *ascii, *sgr;
};

static const struct look looks[] = {
	[PIPE_STATUS_WAITING] = { "○", ".", SGR_DIM },	    [PIPE_STATUS_READY] = { "○", "o", SGR_CYAN },
	[PIPE_STATUS_STARTING] = { "●", "*", SGR_CYAN },    [PIPE_STATUS_RUNNING] = { "●", "*", SGR_CYAN },
	[PIPE_STATUS_COLLECTING] = { "●", "*", SGR_CYAN },  [PIPE_STATUS_SUCCESS] = { "✓", "+", SGR_GREEN },
	[PIPE_STATUS_FAILED] = { "✗", "x", SGR_RED },	    [PIPE_STATUS_WARNING] = { "!", "!", SGR_YELLOW },
	[PIPE_STATUS_SKIPPED] = { "⊘", "-", SGR_DIM },	    [PIPE_STATUS_MANUAL] = { "▷", ">", SGR_BLUE },
	[PIPE_STATUS_CANCELLED] = { "⊘", "-", SGR_YELLOW }, [PIPE_STATUS_LOST] = { "?", "?", SGR_RED },
};

static const struct look *look_of(enum pipe_status status)
{
	size_t i = (size_t)status;

	return &looks[i < sizeof(looks) / sizeof(*looks) ? i : PIPE_STATUS_LOST];
}

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value && *value;
}

/* Without setlocale(), which would read the locale's files at each start: the name says it. */
static bool locale_is_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
	}
	return false;
}

static bool terminal_is_dumb(void)
{
	const char *name = getenv("TERM");

	return !name || !*name || !strcmp(name, "dumb");
}

void term_init(struct term *t, int fd, enum colour_choice choice)
{
	t->fd = fd;
	t->tty = isatty(fd) && !terminal_is_dumb();
	t->utf8 = locale_is_utf8();
	t->colour = choice == COLOUR_ALWAYS || (choice == COLOUR_AUTO && t->tty && !is_set("NO_COLOR"));
	t->more = t->utf8 ? "…" : "~";
}

static unsigned number_of(const char *name, unsigned fallback)
{
	const char *value = getenv(name);
	long n = value ? strtol(value, NULL, 10) : 0;

	return n > 0 && n < 10000 ? (unsigned)n : fallback;
}

void term_size(const struct term *t, unsigned *columns, unsigned *rows)
{
	struct winsize w;

	if (t->tty && !ioctl(t->fd, TIOCGWINSZ, &w) && w.ws_col && w.ws_row) {
		*columns = w.ws_col;
		*rows = w.ws_row;
		return;
	}
	*columns = number_of("COLUMNS", 80);
	*rows = number_of("LINES", 24);
}

unsigned term_text_flags(const struct term *t)
{
	return t->utf8 || !t->tty ? 0 : TEXT_ASCII;
}

void term_on(const struct term *t, struct str *out, const char *sgr)
{
	if (t->colour && sgr) {
		str_adds(out, "\033[");
		str_adds(out, sgr);
		str_addc(out, 'm');
	}
}

void term_off(const struct term *t, struct str *out, const char *sgr)
{
	if (t->colour && sgr)
		str_adds(out, "\033[0m");
}

void term_paint(const struct term *t, struct str *out, const char *sgr, const char *text)
{
	term_on(t, out, sgr);
	str_adds(out, text);
	term_off(t, out, sgr);
}

void term_symbol(const struct term *t, struct str *out, enum pipe_status status)
{
	const struct look *look = look_of(status);

	term_paint(t, out, look->sgr, term_pick(t, look->utf8, look->ascii));
}

const char *term_status_sgr(enum pipe_status status)
{
	return look_of(status)->sgr;
}

const char *term_pick(const struct term *t, const char *utf8, const char *ascii)
{
	return t->utf8 ? utf8 : ascii;
}
