#include "stages/image/dockerfile.h"

#include "base/error.h"
#include "base/map.h"
#include "base/str.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char blank[] = " \t\r\v\f";

/* A piece of the text. */
struct piece {
	const char *text;
	size_t length;
};

struct reader {
	struct dockerfile *out;
	struct arena *a;
	const char *next; /* line that comes next; NULL: none */
	uint32_t line;	  /* its number */
	char escape;
	struct map given, global, local; /* variables: of the build, before the first FROM, of the stage */
	struct map names;		 /* of stages, in lower case: index + 1 */
	bool nomem;
};

/* ---- lines ---- */

static bool take_line(struct reader *r, struct piece *line)
{
	size_t length;

	if (!r->next)
		return false;
	length = strcspn(r->next, "\n");
	*line = (struct piece){ r->next, length };
	r->next = r->next[length] ? r->next + length + 1 : NULL;
	r->line++;
	return true;
}

static struct piece trimmed(struct piece p)
{
	while (p.length && strchr(blank, p.text[0])) {
		p.text++;
		p.length--;
	}
	while (p.length && strchr(blank, p.text[p.length - 1]))
		p.length--;
	return p;
}

static bool is_comment(struct piece line)
{
	line = trimmed(line);
	return line.length && line.text[0] == '#';
}

/* `# escape=`: directives stand at the very top, before everything else. */
static bool take_directive(struct reader *r, struct piece line)
{
	struct piece p = trimmed(line), key;
	const char *equals;

	if (!p.length || p.text[0] != '#')
		return false;
	p = trimmed((struct piece){ p.text + 1, p.length - 1 });
	equals = memchr(p.text, '=', p.length);
	if (!equals)
		return false;
	key = trimmed((struct piece){ p.text, (size_t)(equals - p.text) });
	p = trimmed((struct piece){ equals + 1, p.length - (size_t)(equals + 1 - p.text) });
	if (!key.length || memchr(key.text, ' ', key.length))
		return false;
	if (key.length == 6 && !strncasecmp(key.text, "escape", 6) && p.length == 1 && (*p.text == '\\' || *p.text == '`'))
		r->escape = *p.text;
	return true;
}

static void take_directives(struct reader *r)
{
	for (;;) {
		struct reader before = *r;
		struct piece line;

		if (!take_line(r, &line) || !take_directive(r, line)) {
			r->next = before.next;
			r->line = before.line;
			return;
		}
	}
}

/* Does the line go on in the next one?  Then without what says so. */
static bool goes_on(const struct reader *r, struct piece *line)
{
	struct piece p = *line;

	while (p.length && strchr(blank, p.text[p.length - 1]))
		p.length--;
	if (!p.length || p.text[p.length - 1] != r->escape)
		return false;
	p.length--;
	*line = p;
	return true;
}

/* One instruction with the lines that it goes on in; comments and empty lines between them count for nothing.  false: the end. */
static bool take_instruction(struct reader *r, struct str *out, uint32_t *at)
{
	struct piece line;
	bool more = false;

	str_reset(out);
	while (take_line(r, &line)) {
		if (is_comment(line) || !trimmed(line).length)
			continue;
		if (!out->length)
			*at = r->line;
		more = goes_on(r, &line);
		line = trimmed(line);
		if (out->length && line.length)
			str_addc(out, ' ');
		str_add(out, line.text, line.length);
		if (!more && out->length)
			break;
	}
	r->nomem |= out->failed;
	return out->length && !r->nomem;
}

/* ---- words ---- */

/* The end of the word that begins at p, quotes and all. */
static const char *word_end(const char *p)
{
	char quote = '\0';

	for (; *p && (quote || !strchr(" \t\r\v\f\n", *p)); p++) {
		if (quote == *p)
			quote = '\0';
		else if (!quote && (*p == '"' || *p == '\''))
			quote = *p;
		else if (*p == '\\' && quote != '\'' && p[1])
			p++;
	}
	return p;
}

const char *dockerfile_word(struct arena *a, const char **at)
{
	const char *from = *at + strspn(*at, " \t\r\v\f\n"), *end = word_end(from);
	size_t n = 0;
	char *word;

	*at = end;
	if (end == from)
		return NULL;
	word = arena_text(a, (size_t)(end - from) + 1);
	for (const char *p = from; word && p < end; p++)
		if (*p != '"' && *p != '\'')
			word[n++] = *p;
	if (word)
		word[n] = '\0';
	return word;
}

/* ---- here-documents ---- */

/* The word opens one: `<<EOF`, `3<<-"EOF"`; NULL: it does not.  *tabs: leading tabs of its lines are taken off. */
static const char *heredoc_name(const char *word, bool *tabs)
{
	word += strspn(word, "0123456789");
	if (strncmp(word, "<<", 2) != 0)
		return NULL;
	word += 2;
	*tabs = *word == '-';
	word += *tabs;
	return *word && !strchr(word, '<') ? word : NULL;
}

static void skip_heredoc(struct reader *r, const char *name, bool tabs)
{
	size_t length = strlen(name);
	struct piece line;

	while (take_line(r, &line)) {
		while (tabs && line.length && *line.text == '\t') {
			line.text++;
			line.length--;
		}
		if (line.length && line.text[line.length - 1] == '\r')
			line.length--;
		if (line.length == length && !memcmp(line.text, name, length))
			return;
	}
}

static bool may_have_heredoc(const char *word)
{
	static const char *const words[] = { "ADD", "COPY", "ONBUILD", "RUN" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcmp(words[i], word))
			return true;
	return false;
}

static void skip_heredocs(struct reader *r, const struct dockerfile_instruction *i)
{
	const char *at = i->text, *word, *name;
	bool tabs;

	if (!may_have_heredoc(i->word) || !strstr(i->text, "<<"))
		return;
	while ((word = dockerfile_word(r->a, &at)))
		if ((name = heredoc_name(word, &tabs)))
			skip_heredoc(r, name, tabs);
}

/* ---- variables ---- */

static const char *value_of(const struct reader *r, const char *name, size_t length)
{
	return map_get(&r->local, name, length);
}

static size_t name_length(const char *p)
{
	size_t n = 0;

	if (!isalpha((unsigned char)*p) && *p != '_')
		return 0;
	while (isalnum((unsigned char)p[n]) || p[n] == '_')
		n++;
	return n;
}

/* `${NAME}`, `${NAME:-word}`, `${NAME:+word}` at p, behind the brace.  The word is not looked into.  NULL: not of these. */
static const char *add_braced(const struct reader *r, const char *p, struct str *out, bool *known)
{
	size_t n = name_length(p), length;
	const char *value = n ? value_of(r, p, n) : NULL, *end = strchr(p, '}');
	char how = '\0';

	if (!n || !end)
		return NULL;
	p += n;
	if (*p == ':' && (p[1] == '-' || p[1] == '+')) {
		how = p[1];
		p += 2;
	} else if (p != end) {
		return NULL;
	}
	length = (size_t)(end - p);
	if (how && (value && *value) == (how == '+'))
		str_add(out, p, length);
	else if (how != '+' && value)
		str_adds(out, value);
	else if (!how)
		*known = false;
	return end + 1;
}

/* One variable behind its `$`; what is none stays. */
static const char *add_variable(const struct reader *r, const char *p, struct str *out, bool *known)
{
	size_t n = name_length(p);
	const char *value, *after;

	if (*p == '{') {
		after = add_braced(r, p + 1, out, known);
		if (after)
			return after;
		*known = false;
		return p + 1;
	}
	if (!n) {
		str_addc(out, '$');
		return p;
	}
	value = value_of(r, p, n);
	*known &= value != NULL;
	if (value)
		str_adds(out, value);
	return p + n;
}

/* The text with its variables replaced; NULL: something in it is not known here, or it grows too long. */
static const char *expand(struct reader *r, const char *text)
{
	struct str out;
	const char *copy = NULL;
	bool known = true;

	if (!strchr(text, '$') && strlen(text) <= DOCKERFILE_VALUE_MAX)
		return text;
	str_init_limit(&out, DOCKERFILE_VALUE_MAX);
	for (const char *p = text; *p && !out.failed && known;) {
		if (*p == '\\' && p[1] == '$') {
			str_addc(&out, '$');
			p += 2;
		} else if (*p == '$') {
			p = add_variable(r, p + 1, &out, &known);
		} else {
			str_addc(&out, *p++);
		}
	}
	if (known && !out.failed && !(copy = arena_strndup(r->a, out.data, out.length)))
		r->nomem = true;
	str_clear(&out);
	return copy;
}

static void set_variable(struct reader *r, struct map *m, const char *name, size_t length, const char *value)
{
	const char *copy = arena_strndup(r->a, name, length);

	if (!copy || !map_put(m, r->a, copy, length, (void *)(uintptr_t)value))
		r->nomem = true;
}

/* ARG name[=default] ...: what the build is given wins, then what is written, then what is before the first FROM. */
static void take_arg(struct reader *r, const char *text, bool global)
{
	const char *word;

	while ((word = dockerfile_word(r->a, &text))) {
		size_t n = strcspn(word, "=");
		const char *value = map_get(&r->given, word, n);

		if (!value && word[n] == '=')
			value = expand(r, word + n + 1);
		else if (!value)
			value = map_get(&r->global, word, n);
		if (global)
			set_variable(r, &r->global, word, n, value);
		set_variable(r, &r->local, word, n, value);
	}
}

/* ENV NAME=VALUE ..., or the old form: ENV NAME the rest of the line. */
static void take_env(struct reader *r, const char *text)
{
	const char *at = text, *word = dockerfile_word(r->a, &at);

	if (word && !strchr(word, '=')) {
		at += strspn(at, blank);
		set_variable(r, &r->local, word, strlen(word), expand(r, at));
		return;
	}
	for (; word; word = dockerfile_word(r->a, &at)) {
		size_t n = strcspn(word, "=");
		if (word[n] == '=')
			set_variable(r, &r->local, word, n, expand(r, word + n + 1));
	}
}

/* ---- stages ---- */

static const char *lower(struct arena *a, const char *text)
{
	char *copy = arena_strdup(a, text);

	for (char *p = copy; p && *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return copy;
}

static void name_stage(struct reader *r, struct dockerfile_stage *s, const char *name)
{
	const char *key = lower(r->a, name);

	s->name = name;
	if (!key || !map_put(&r->names, r->a, key, strlen(key), (void *)(uintptr_t)r->out->stages.count))
		r->nomem = true;
}

/* FROM [--platform=...] image [AS name] */
static void take_from(struct reader *r, const char *text, uint32_t line)
{
	struct dockerfile_stage *s;
	const char *word, *base, *key;

	r->local = r->global;
	do
		word = dockerfile_word(r->a, &text);
	while (word && !strncmp(word, "--", 2));
	base = word ? expand(r, word) : NULL;
	s = vec_push(r->a, &r->out->stages);
	key = base ? lower(r->a, base) : "";
	if (!s || !key) {
		r->nomem = true;
		return;
	}
	*s = (struct dockerfile_stage){ .base = base ? base : "", .name = "", .line = line };
	s->from = (int32_t)(uintptr_t)map_get(&r->names, key, strlen(key)) - 1;
	word = word ? dockerfile_word(r->a, &text) : NULL;
	if (word && !strcasecmp(word, "AS") && (word = dockerfile_word(r->a, &text)))
		name_stage(r, s, word);
	/* A scope of its own: what was before the first FROM is seen only where ARG asks for it. */
	r->local = (struct map)MAP_INIT;
}

static void take_user(struct reader *r, const char *text, uint32_t line)
{
	struct dockerfile_stage *s;
	const char *word = dockerfile_word(r->a, &text), *user = word ? expand(r, word) : NULL;

	if (!r->out->stages.count)
		return;
	s = &r->out->stages.items[r->out->stages.count - 1];
	s->user = user ? user : "";
	s->user_line = line;
}

static void understand(struct reader *r, const struct dockerfile_instruction *i)
{
	if (!strcmp(i->word, "FROM"))
		take_from(r, i->text, i->line);
	else if (!strcmp(i->word, "ARG"))
		take_arg(r, i->text, i->stage == DOCKERFILE_GLOBAL);
	else if (!strcmp(i->word, "ENV"))
		take_env(r, i->text);
	else if (!strcmp(i->word, "USER"))
		take_user(r, i->text, i->line);
}

/* ---- the whole ---- */

static void add_instruction(struct reader *r, const struct str *text, uint32_t line)
{
	size_t n = strcspn(text->data, blank);
	struct dockerfile_instruction *i;
	char *word = arena_strndup(r->a, text->data, n);
	const char *rest = text->data + n;

	for (char *p = word; p && *p; p++)
		*p = (char)toupper((unsigned char)*p);
	rest = arena_strdup(r->a, rest + strspn(rest, blank));
	i = vec_push(r->a, &r->out->instructions);
	if (!word || !rest || !i) {
		r->nomem = true;
		return;
	}
	*i = (struct dockerfile_instruction){ .word = word, .text = rest, .line = line };
	i->stage = (int32_t)r->out->stages.count - (strcmp(word, "FROM") != 0);
	understand(r, i);
	skip_heredocs(r, &r->out->instructions.items[r->out->instructions.count - 1]);
}

static void take_given(struct reader *r, const char *const *arguments)
{
	for (; arguments && *arguments; arguments++) {
		size_t n = strcspn(*arguments, "=");
		if ((*arguments)[n] == '=')
			set_variable(r, &r->given, *arguments, n, *arguments + n + 1);
	}
}

int dockerfile_parse(struct dockerfile *out, struct arena *a, const char *text, const char *const *arguments, pipe_error *err)
{
	struct reader r = { .out = out, .a = a, .next = text, .escape = '\\' };
	struct str instruction;
	uint32_t line = 0;

	*out = (struct dockerfile){ 0 };
	if (!strncmp(text, "\xef\xbb\xbf", 3))
		r.next += 3;
	str_init(&instruction);
	take_given(&r, arguments);
	take_directives(&r);
	while (!r.nomem && take_instruction(&r, &instruction, &line))
		add_instruction(&r, &instruction, line);
	str_clear(&instruction);
	return r.nomem ? error_nomem(err) : PIPE_OK;
}

int32_t dockerfile_target(const struct dockerfile *d, const char *target)
{
	char *end;
	unsigned long number;

	if (!target || !*target)
		return (int32_t)d->stages.count - 1;
	for (uint32_t i = 0; i < d->stages.count; i++)
		if (!strcasecmp(d->stages.items[i].name, target))
			return (int32_t)i;
	number = strtoul(target, &end, 10);
	return isdigit((unsigned char)*target) && !*end && number < d->stages.count ? (int32_t)number : -1;
}
