/* Paragraphs of fields: see stanza.h. */
#include "stages/scanner/syntax/stanza.h"

#include <string.h>
#include <strings.h>

static int field_of(const struct stanza *s, struct piece name)
{
	for (int i = 0; s->names[i]; i++)
		if (strlen(s->names[i]) == name.length && !strncasecmp(s->names[i], name.text, name.length))
			return i;
	return -1;
}

static void take(struct stanza *s, struct text_lines *l)
{
	struct piece name, value;
	bool colon;
	int field;

	if (*l->line.text == ' ' || *l->line.text == '\t')
		return;
	value = piece_cut(l->line, ":", &name, &colon);
	if (!colon || !name.length) {
		s->wrong_line = s->wrong_line ? s->wrong_line : l->number;
		return;
	}
	field = field_of(s, name);
	if (field < 0)
		return;
	if (!s->values[field].length)
		s->values[field] = piece_trim(value);
	if (s->again)
		s->again(s->payload, (unsigned)field, piece_trim(value));
}

bool stanza_next(struct stanza *s, struct text_lines *l)
{
	bool any = false;

	for (int i = 0; s->names[i]; i++)
		s->values[i] = (struct piece){ "", 0 };
	s->wrong_line = 0;
	while (text_next(l)) {
		if (!piece_trim(l->line).length) {
			if (any)
				return true;
			continue;
		}
		if (!any)
			s->from = l->number;
		any = true;
		s->to = l->number;
		take(s, l);
	}
	return any;
}
