/* Commands that have commands of their own: `pipe advisories update`, `pipe lua test`. */
#include "base/suggest.h"
#include "cli/cli.h"

#include <string.h>

static int no_such(struct cli *c, const struct sub_command *subs, const char *name)
{
	struct suggest near;

	suggest_init(&near, name);
	for (; subs->name; subs++)
		suggest_offer(&near, subs->name);
	return usage_error(c, "there is no \"pipe %s %s\"%s%s%s", c->command->name, name, near.best ? "; did you mean \"" : "",
			   near.best ? near.best : "", near.best ? "\"?" : "");
}

int sub_command_run(struct cli *c, const struct sub_command *subs)
{
	const struct words *w = &c->set.arguments;
	const char *name = w->items[0];

	for (const struct sub_command *s = subs; s->name; s++) {
		if (strcmp(s->name, name) != 0)
			continue;
		if (w->count - 1 < s->least || w->count - 1 > s->most)
			return usage_error(c, "usage: pipe %s %s%s%s", c->command->name, name, *s->arguments ? " " : "",
					   s->arguments);
		return s->run(c, w->items + 1);
	}
	return no_such(c, subs, name);
}
