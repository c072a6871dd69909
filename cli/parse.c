/* Options and arguments of a command, by its tables. */
#include "base/duration.h"
#include "base/suggest.h"
#include "cli/cli.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct parser {
	struct cli *c;
	const struct command *command; /* NULL: before the command's name */
	char **argv;
	int argc, at;
};

/* The tables that hold where the parser stands, in turn; NULL: no more. */
static const struct option *table_at(const struct command *command, size_t i)
{
	size_t own = 0;

	if (command)
		while (command->tables && command->tables[own])
			own++;
	if (i < own)
		return command->tables[i];
	return i == own ? global_options : NULL;
}

static const struct option *find_long(const struct command *command, const char *name, size_t length)
{
	const struct option *table;

	for (size_t i = 0; (table = table_at(command, i)); i++)
		for (; table->name; table++)
			if (!strncmp(table->name, name, length) && !table->name[length])
				return table;
	return NULL;
}

static const struct option *find_letter(const struct command *command, char letter)
{
	const struct option *table;

	for (size_t i = 0; (table = table_at(command, i)); i++)
		for (; table->name; table++)
			if (table->letter == letter)
				return table;
	return NULL;
}

static bool unknown_option(struct parser *p, const char *given, const char *name)
{
	const struct option *table;
	struct suggest s;

	suggest_init(&s, name);
	for (size_t i = 0; (table = table_at(p->command, i)); i++)
		for (; table->name; table++)
			suggest_offer(&s, table->name);
	if (s.best)
		usage_error(p->c, "unknown option \"%s\"; did you mean \"--%s\"?", given, s.best);
	else
		usage_error(p->c, "unknown option \"%s\"", given);
	return false;
}

static bool add_word(struct parser *p, struct words *w, const char *word)
{
	/* Nothing can be given more often than there are arguments. */
	if (!w->items)
		w->items = ARENA_ARRAY(&p->c->arena, const char *, (size_t)p->argc + 1);
	if (!w->items) {
		say(p->c, "out of memory");
		return false;
	}
	w->items[w->count++] = word;
	return true;
}

static bool is_choice(const struct option *o, const char *value)
{
	for (size_t i = 0; o->choices[i]; i++)
		if (!strcmp(o->choices[i], value))
			return true;
	return false;
}

static bool is_pair(const char *value)
{
	const char *equals = strchr(value, '=');

	return equals && equals != value;
}

bool parse_number(const char *text, uint64_t *number)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*number = strtoull(text, &end, 10);
	return !errno && !*end;
}

/* With its unit: who types `gc --max-age 30` means days, and would be left with the runs of half a minute. */
static bool parse_duration(const char *text, int64_t *ms)
{
	uint64_t bare;

	return duration_parse(text, ms) && (!*ms || !parse_number(text, &bare));
}

bool parse_size(const char *text, uint64_t *bytes)
{
	static const char units[] = "KMGT";
	const char *unit;
	char *end;
	uint64_t n;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno)
		return false;
	unit = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
	for (ptrdiff_t i = 0; unit && i <= unit - units; i++) {
		if (n > UINT64_MAX / 1024)
			return false;
		n *= 1024;
	}
	end += unit != NULL;
	*bytes = n;
	return !*end || !strcasecmp(end, "B") || (unit && !strcasecmp(end, "iB"));
}

/* "auto, always or never" */
static const char *list_choices(struct cli *c, const struct option *o)
{
	const char *text = o->choices[0];

	for (size_t i = 1; text && o->choices[i]; i++)
		text = arena_printf(&c->arena, "%s%s%s", text, o->choices[i + 1] ? ", " : " or ", o->choices[i]);
	return text ? text : "";
}

static bool wrong_value(struct parser *p, const struct option *o, const char *value, const char *wanted)
{
	usage_error(p->c, "--%s wants %s, not \"%s\"", o->name, wanted, value);
	return false;
}

static bool store(struct parser *p, const struct option *o, const char *value)
{
	void *field = (char *)&p->c->set + o->offset;

	if (!value && o->kind != OPTION_ON && o->kind != OPTION_OFF)
		return false; /* a row without the name of its argument */
	switch (o->kind) {
	case OPTION_ON:
	case OPTION_OFF:
		*(bool *)field = o->kind == OPTION_ON;
		return true;
	case OPTION_CHOICE:
		if (!is_choice(o, value))
			return wrong_value(p, o, value, list_choices(p->c, o));
		*(const char **)field = value;
		return true;
	case OPTION_TEXT:
		*(const char **)field = value;
		return true;
	case OPTION_PAIRS:
		if (!is_pair(value))
			return wrong_value(p, o, value, "KEY=VALUE");
		return add_word(p, field, value);
	case OPTION_LIST:
		return add_word(p, field, value);
	case OPTION_NUMBER:
		return parse_number(value, field) || wrong_value(p, o, value, "a number");
	case OPTION_DURATION:
		return parse_duration(value, field) || wrong_value(p, o, value, "a duration such as \"30d\" or \"2h\"");
	case OPTION_SIZE:
		return parse_size(value, field) || wrong_value(p, o, value, "a size such as \"500M\" or \"10G\"");
	}
	return false;
}

/* The value stands in the same argument, or in the next one. */
static bool take_value(struct parser *p, const struct option *o, const char *given, const char *attached)
{
	if (!attached && p->at >= p->argc) {
		usage_error(p->c, "%s wants a value: %s %s", given, given, o->argument);
		return false;
	}
	return store(p, o, attached ? attached : p->argv[p->at++]);
}

static bool parse_long(struct parser *p, const char *given)
{
	const char *name = given + 2, *equals = strchr(name, '=');
	const struct option *o = find_long(p->command, name, equals ? (size_t)(equals - name) : strlen(name));

	if (!o) {
		const char *bare = equals ? arena_strndup(&p->c->arena, name, (size_t)(equals - name)) : name;
		return unknown_option(p, given, bare ? bare : name);
	}
	if (o->argument)
		return take_value(p, o, equals ? arena_printf(&p->c->arena, "--%s", o->name) : given, equals ? equals + 1 : NULL);
	if (equals) {
		usage_error(p->c, "--%s takes no value", o->name);
		return false;
	}
	return store(p, o, NULL);
}

static bool parse_letters(struct parser *p, const char *given)
{
	for (const char *l = given + 1; *l; l++) {
		const struct option *o = find_letter(p->command, *l);

		if (!o)
			return unknown_option(p, given, given + 1);
		if (o->argument) {
			char shown[] = { '-', *l, '\0' };
			return take_value(p, o, shown, l[1] ? l + 1 : NULL);
		}
		if (!store(p, o, NULL))
			return false;
	}
	return true;
}

static bool count_is_right(struct parser *p)
{
	const struct command *command = p->command;
	size_t n = p->c->set.arguments.count;

	if (p->c->set.help)
		return true;
	if (n < command->least) {
		usage_error(p->c, "usage: pipe %s %s", command->name, command->arguments);
		return false;
	}
	if (n > command->most) {
		const char *extra = p->c->set.arguments.items[command->most];
		bool file = !command->most && find_long(command, "file", 4) && !access(extra, F_OK);
		usage_error(p->c, "`pipe %s` does not know what to do with \"%s\"%s", command->name, extra,
			    file ? "; --file names the pipeline file" : "");
		return false;
	}
	return true;
}

/* What follows `advisories compare SCHEME` are versions, and some begin with a dash. */
static bool is_verbatim(const struct parser *p, const char *word)
{
	const struct words *w = &p->c->set.arguments;

	return p->command == &command_advisories && w->count > 1 && !strcmp(w->items[0], "compare") && strcmp(word, "--") != 0 &&
	       strcmp(word, "--help") != 0;
}

bool parse_arguments(struct cli *c, const struct command *command, int argc, char **argv, int *at)
{
	struct parser p = { c, command, argv, argc, *at };
	bool options = true, good = true;

	while (good && p.at < argc) {
		const char *word = argv[p.at];

		if (options && !strcmp(word, "--version") && !command) {
			c->set.version = true;
			p.at++;
			continue;
		}
		if (!options || word[0] != '-' || !word[1] || is_verbatim(&p, word)) {
			if (!command)
				break;
			p.at++;
			good = add_word(&p, &c->set.arguments, word);
			continue;
		}
		p.at++;
		if (!strcmp(word, "--"))
			options = false;
		else
			good = word[1] == '-' ? parse_long(&p, word) : parse_letters(&p, word);
	}
	*at = p.at;
	return good && (!command || count_is_right(&p));
}
