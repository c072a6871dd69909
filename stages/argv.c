#include "stages/argv.h"

#include <string.h>

void argv_add(struct argv *v, const char *text)
{
	const char **slot = vec_push(v->a, &v->list);

	v->failed |= !slot || !text;
	if (slot)
		*slot = text;
}

void argv_add_texts(struct argv *v, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		argv_add(v, texts[i]);
}

void argv_addf(struct argv *v, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	argv_add(v, arena_vprintf(v->a, format, ap));
	va_end(ap);
}

const char *const *argv_end(struct argv *v)
{
	v->failed |= !vec_push(v->a, &v->list);
	return v->failed ? NULL : v->list.items;
}

void argv_option(struct argv *v, const char *option, const char *value)
{
	if (!value)
		return;
	ARGV_ADD(v, option, value);
}

void argv_options(struct argv *v, const char *option, const char *const *texts)
{
	for (; texts && *texts; texts++)
		argv_option(v, option, *texts);
}

void argv_all(struct argv *v, const char *const *texts)
{
	for (; texts && *texts; texts++)
		argv_add(v, *texts);
}

void argv_flag(struct argv *v, const char *option, bool wanted)
{
	if (wanted)
		argv_add(v, option);
}

const char *argv_words(const struct argv *v)
{
	size_t size = 1, n = 0;
	char *out;

	for (uint32_t i = 0; i < v->list.count && !v->failed; i++)
		size += strlen(v->list.items[i]) + 1;
	out = v->failed ? NULL : arena_text(v->a, size);
	for (uint32_t i = 0; out && i < v->list.count; i++) {
		size_t length = strlen(v->list.items[i]);
		memcpy(out + n, v->list.items[i], length);
		n += length;
		out[n++] = ' ';
	}
	if (out)
		out[n ? n - 1 : 0] = '\0';
	return out;
}

const char *const *argv_into(struct argv *v, const char *file)
{
	static const char script[] = "out=$1; shift; mkdir -p -- \"$(dirname -- \"$out\")\" && exec \"$@\" >\"$out\"";
	struct argv all = { .a = v->a };

	ARGV_ADD(&all, "sh", "-c", script, "sh", file);
	for (uint32_t i = 0; i < v->list.count; i++)
		argv_add(&all, v->list.items[i]);
	all.failed |= v->failed;
	return argv_end(&all);
}
