#include "stages/report/tap/tap_notes.h"

#include "stages/report/lines.h"

#include <string.h>

/* A message says its first words; the rest stands in the details. */
#define MESSAGE_BYTES 500

void tap_notes_init(struct tap_notes *n, size_t most)
{
	*n = (struct tap_notes){ .most = most, .duration_us = -1 };
	str_init(&n->details);
	str_init(&n->message);
	str_init(&n->wanted);
	str_init(&n->found);
	str_init(&n->file);
}

void tap_notes_reset(struct tap_notes *n)
{
	str_reset(&n->details);
	str_reset(&n->message);
	str_reset(&n->wanted);
	str_reset(&n->found);
	str_reset(&n->file);
	n->line = 0;
	n->duration_us = -1;
	n->open = n->closed = n->under_at = n->failed_line = false;
	n->scalar = NULL;
}

void tap_notes_clear(struct tap_notes *n)
{
	str_clear(&n->details);
	str_clear(&n->message);
	str_clear(&n->wanted);
	str_clear(&n->found);
	str_clear(&n->file);
}

bool tap_notes_failed(const struct tap_notes *n)
{
	return n->details.failed || n->message.failed || n->wanted.failed || n->found.failed || n->file.failed;
}

static void add_detail(struct tap_notes *n, const char *text)
{
	if (n->details.length)
		lines_keep(&n->details, "\n", 1, n->most);
	lines_keep(&n->details, text, strlen(text), n->most);
}

/* ---- YAML ---- */

static void set_text(struct tap_notes *n, struct str *out, const char *value, size_t length)
{
	(void)n;
	str_reset(out);
	lines_keep(out, value, length, MESSAGE_BYTES);
}

/* `/x/a.js:12:5`, `Test.<anonymous> (/x/a.js:12:5)`, `a.js:12` */
static void set_place(struct tap_notes *n, struct str *out, const char *value, size_t length)
{
	const char *open = memchr(value, '(', length), *end = value + length, *colon;
	const char *numbers[2] = { NULL, NULL };
	uint32_t line;

	if (open) {
		value = open + 1;
		end -= end[-1] == ')';
	}
	for (colon = end; colon > value && !numbers[1]; colon--)
		if (colon[-1] == ':') {
			numbers[numbers[0] != NULL] = colon;
			if (colon[0] < '0' || colon[0] > '9')
				return;
			if (numbers[1])
				break;
		}
	/* One number is the line; of two the first. */
	colon = numbers[1] ? numbers[1] : numbers[0];
	if (!colon || !lines_number(&(const char *){ colon }, &line))
		return;
	n->line = line;
	set_text(n, out, value, (size_t)(colon - 1 - value));
}

static void set_line(struct tap_notes *n, struct str *out, const char *value, size_t length)
{
	uint32_t line;

	(void)out;
	(void)length;
	if (lines_number(&value, &line))
		n->line = line;
}

static void set_duration(struct tap_notes *n, struct str *out, const char *value, size_t length)
{
	double ms;

	(void)out;
	if (lines_real(value, length, &ms) && ms >= 0 && ms < 1e14)
		n->duration_us = (int64_t)(ms * 1000 + 0.5);
}

/* Keys as node:test, tape, node-tap, Mocha, Test2 and TAP's own examples name them. */
static const struct {
	const char *key;
	size_t offset; /* of the text; of several keys for one the first that is there counts */
	void (*set)(struct tap_notes *, struct str *, const char *value, size_t length);
	bool several; /* lines may follow */
} keys[] = {
	{ "message", offsetof(struct tap_notes, message), set_text, true },
	{ "error", offsetof(struct tap_notes, message), set_text, true },
	{ "reason", offsetof(struct tap_notes, message), set_text, true },
	{ "expected", offsetof(struct tap_notes, wanted), set_text, false },
	{ "wanted", offsetof(struct tap_notes, wanted), set_text, false },
	{ "actual", offsetof(struct tap_notes, found), set_text, false },
	{ "found", offsetof(struct tap_notes, found), set_text, false },
	{ "at", offsetof(struct tap_notes, file), set_place, false },
	{ "location", offsetof(struct tap_notes, file), set_place, false },
	{ "duration_ms", offsetof(struct tap_notes, file), set_duration, false },
};
static const struct {
	const char *key;
	void (*set)(struct tap_notes *, struct str *, const char *value, size_t length);
} place_keys[] = { { "file", set_text }, { "fileName", set_text }, { "line", set_line }, { "lineNumber", set_line } };

/* The value of a key on the same line, without quotes. */
static const char *unquote(const char *value, size_t *length)
{
	while (*value == ' ')
		value++;
	*length = strlen(value);
	while (*length && value[*length - 1] == ' ')
		--*length;
	if (*length >= 2 && (*value == '\'' || *value == '"') && value[*length - 1] == *value) {
		*length -= 2;
		value++;
	}
	return value;
}

static void take_key(struct tap_notes *n, const char *text, unsigned indent)
{
	size_t name = strcspn(text, ":"), length;
	bool top = indent == n->key_indent;
	const char *value;

	if (!text[name] || (text[name + 1] && text[name + 1] != ' '))
		return;
	value = unquote(text + name + 1, &length);
	if (top)
		n->under_at = name == 2 && !strncmp(text, "at", 2) && !length;
	for (size_t i = 0; (top || n->under_at) && i < sizeof(place_keys) / sizeof(*place_keys); i++)
		if (strlen(place_keys[i].key) == name && !strncmp(place_keys[i].key, text, name) && length)
			place_keys[i].set(n, &n->file, value, length);
	for (size_t i = 0; top && i < sizeof(keys) / sizeof(*keys); i++) {
		struct str *out = (struct str *)(void *)((char *)n + keys[i].offset);

		if (strlen(keys[i].key) != name || strncmp(keys[i].key, text, name))
			continue;
		if (keys[i].set == set_text && out->length)
			return;
		if (length && strspn(value, "|>+-") == length && keys[i].several) {
			n->scalar = out;
			n->scalar_indent = indent;
		} else if (length)
			keys[i].set(n, out, value, length);
	}
}

/* One line of a value of several: joined by spaces, since a message is its first words. */
static void take_scalar(struct tap_notes *n, const char *text)
{
	if (!*text)
		return;
	if (n->scalar->length)
		lines_keep(n->scalar, " ", 1, MESSAGE_BYTES);
	lines_keep(n->scalar, text, strlen(text), MESSAGE_BYTES);
}

void tap_notes_open(struct tap_notes *n, unsigned indent)
{
	n->open = n->closed = true;
	n->indent = indent;
	n->key_indent = 0;
	n->scalar = NULL;
	n->under_at = false;
}

bool tap_notes_yaml(struct tap_notes *n, const char *text, unsigned indent)
{
	const char *body = text + indent;

	if (*body && indent < n->indent) {
		n->open = false;
		return false;
	}
	if (indent == n->indent && !strncmp(body, "...", 3) && !body[3 + strspn(body + 3, " ")]) {
		n->open = false;
		return true;
	}
	add_detail(n, text + (indent < n->indent ? indent : n->indent));
	if (n->scalar && (indent > n->scalar_indent || !*body)) {
		take_scalar(n, body);
		return true;
	}
	n->scalar = NULL;
	if (!n->key_indent && *body)
		n->key_indent = indent ? indent : 1;
	take_key(n, body, indent ? indent : 1);
	return true;
}

/* ---- comments ---- */

/* Where: `(in test file a.bats, line 3)`, `at t/a.t line 3.` */
static void find_place(struct tap_notes *n, const char *text)
{
	static const struct {
		const char *before, *between;
	} forms[] = { { "in test file ", ", line " }, { "at ", " line " } };

	for (size_t i = 0; !n->file.length && i < sizeof(forms) / sizeof(*forms); i++) {
		const char *file = strstr(text, forms[i].before), *end, *number;
		uint32_t line;

		if (!file || (i == 1 && file != text))
			continue;
		file += strlen(forms[i].before);
		end = strstr(file, forms[i].between);
		if (!end)
			continue;
		number = end + strlen(forms[i].between);
		if (lines_number(&number, &line)) {
			n->line = line;
			set_text(n, &n->file, file, (size_t)(end - file));
		}
	}
}

void tap_notes_text(struct tap_notes *n, const char *text)
{
	const char *body = text + strspn(text, " \t");
	bool raised = !strncmp(text, "E   ", 4) || !strncmp(text, " E   ", 5);

	/* What follows YAML belongs to the next test; GLib marks its groups. */
	if (n->closed || !strncmp(text, " Start of ", 10) || !strncmp(text, " End of ", 8))
		return;
	add_detail(n, *text == ' ' ? text + 1 : text);
	if (!*body)
		return;
	find_place(n, body);
	if (raised && !n->failed_line) {
		body++;
		str_reset(&n->message);
		n->failed_line = true;
	}
	/* Python says what was raised below where. */
	if (!strncmp(n->message.data, "Traceback (most recent call last)", 33) && body - text < 2) {
		str_reset(&n->message);
		n->failed_line = true;
	}
	/* Bats and Test::More name the place first; then it is no message. */
	if (!n->message.length && *body != '(') {
		body += strspn(body, " \t");
		set_text(n, &n->message, body, strlen(body));
	}
}
