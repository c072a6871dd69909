/* What `prove -v` writes around the TAP of its scripts: whose output begins, how each of them ended, and the result. */
#include "stages/report/tap/tap_level.h"

#include <string.h>

/* `t/a.t .. `, with what comes behind it. */
static char *prove_header(char *text)
{
	char *dots = strstr(text, " ..");

	if (!dots || dots == text || *text == ' ' || *text == '#' || strcspn(text, " \t") < (size_t)(dots - text))
		return NULL;
	*dots = '\0';
	for (dots += 3; *dots == '.'; dots++)
		;
	if (*dots && *dots != ' ') {
		text[strlen(text)] = ' ';
		return NULL;
	}
	return dots + (*dots == ' ');
}

/* How prove says that a script ended. */
static int prove_end(struct tap *s, const char *text, pipe_error *err)
{
	bool empty = !tap_top(s)->has_plan && !tap_top(s)->points && !tap_top(s)->below;
	struct evidence_test t = {
		.suite = "", .name = s->script.data, .file = "", .duration_us = -1, .message = "", .details = ""
	};
	int rc = tap_end_stream(s, err);

	s->between = true;
	if (rc != PIPE_OK)
		return rc;
	if (!strncmp(text, "skipped", 7)) {
		t.status = TEST_SKIPPED;
		t.message = text[7] == ':' ? text + 8 + strspn(text + 8, " ") : "";
	} else if (!strcmp(text, "ok")) {
		t.status = TEST_PASSED;
	} else {
		t.status = TEST_ERROR;
		t.message = text;
		empty = !s->script_failures;
	}
	return empty ? tap_give(s, &t, err) : PIPE_OK;
}

int tap_prove_line(struct tap *s, char *text, bool *taken, pipe_error *err)
{
	static const char *const ends[] = { "Dubious, ", "Failed ", "No subtests run", "skipped" };
	char *rest = prove_header(text);
	int rc;

	*taken = true;
	if (rest) {
		rc = s->prove && s->between ? PIPE_OK : tap_end_stream(s, err);
		s->prove = true;
		s->between = s->bailed = false;
		s->script_failures = 0;
		tap_keep(&s->script, text, s->notes.most);
		tap_keep(&s->path, text, s->notes.most);
		tap_top(s)->path = s->path.length;
		rest[strcspn(rest, "\t")] = '\0';
		return rc == PIPE_OK && *rest ? prove_end(s, rest, err) : rc;
	}
	if (s->prove && !strncmp(text, "Result: ", 8)) {
		s->done = true;
		tap_shorten_path(s, 0);
		return strncmp(text + 8, "FAIL", 4) || s->failures ? PIPE_OK : tap_give_error(s, "prove", text, err);
	}
	for (size_t i = 0; s->prove && !s->between && i < sizeof(ends) / sizeof(*ends); i++)
		if (!strncmp(text, ends[i], strlen(ends[i])))
			return prove_end(s, text, err);
	if (s->prove && !s->between && (!strcmp(text, "ok") || !strncmp(text, "All ", 4)))
		return prove_end(s, "ok", err);
	*taken = s->between;
	return PIPE_OK;
}
