#include "runner/scan/layer/layer_path.h"

#include <string.h>

static bool add_part(struct layer_path *p, const struct layer_set *set, const char *part, size_t length)
{
	size_t at = p->length + (p->depth > 0);

	if (at + length >= sizeof(p->text))
		return false;
	if (p->depth)
		p->text[p->length] = '/';
	memcpy(p->text + at, part, length);
	p->length = at + length;
	p->begin[p->depth] = at;
	p->hash[p->depth + 1] = layer_set_hash(set, p->hash[p->depth], part, length);
	p->depth++;
	return true;
}

static bool remove_part(struct layer_path *p)
{
	if (!p->depth)
		return false;
	p->depth--;
	p->length = p->depth ? p->begin[p->depth] - 1 : 0;
	return true;
}

bool layer_path_set(struct layer_path *p, const struct layer_set *set, const char *text)
{
	p->length = 0;
	p->depth = 0;
	p->hash[0] = layer_set_hash(set, 0, "", 0);
	while (*text) {
		size_t n = strcspn(text, "/");
		bool fits = true;

		if (n == 2 && !memcmp(text, "..", 2))
			fits = remove_part(p);
		else if (n && !(n == 1 && *text == '.'))
			fits = add_part(p, set, text, n);
		if (!fits)
			return false;
		text += n;
		text += *text == '/';
	}
	p->text[p->length] = '\0';
	return true;
}

const char *layer_path_base(const struct layer_path *p)
{
	return p->depth ? p->text + p->begin[p->depth - 1] : "";
}
