/* Items that wait.  Messages, paths and rules of a report repeat, and are held once; fingerprints and names of packages do not. */
#include "stages/report/held.h"

#include "base/error.h"

#include <string.h>

struct held_finding {
	struct held_finding *next;
	struct evidence_finding value;
};

void held_init(struct held *h, const struct report_limits *limits)
{
	memset(h, 0, sizeof(*h));
	h->most = (size_t)limits->item_bytes * HELD_FACTOR;
}

void held_clear(struct held *h)
{
	arena_clear(&h->arena);
	h->texts = (struct map)MAP_INIT;
	h->first = h->last = NULL;
}

static int check(const struct held *h, pipe_error *err)
{
	if (h->arena.used <= h->most)
		return PIPE_OK;
	return error_set(
		err, PIPE_ELIMIT,
		"what the report's items refer to stands behind them, and more than %zu bytes of them would have to wait",
		h->most);
}

int held_new(struct held *h, void **out, size_t size, pipe_error *err)
{
	*out = arena_alloc(&h->arena, size);
	return *out ? check(h, err) : error_nomem(err);
}

static const char *held_text(struct held *h, const char *text)
{
	size_t length = strlen(text);
	const char *known = map_get(&h->texts, text, length);
	char *copy;

	if (known)
		return known;
	copy = arena_strndup(&h->arena, text, length);
	return copy && map_put(&h->texts, &h->arena, copy, length, copy) ? copy : NULL;
}

int held_texts(struct held *h, const char **const *texts, size_t count, pipe_error *err)
{
	for (size_t i = 0; i < count; i++) {
		if (!*texts[i])
			continue;
		*texts[i] = held_text(h, *texts[i]);
		if (!*texts[i])
			return error_nomem(err);
	}
	return check(h, err);
}

int held_own_text(struct held *h, const char **text, pipe_error *err)
{
	if (*text && !(*text = arena_strdup(&h->arena, *text)))
		return error_nomem(err);
	return check(h, err);
}

int held_finding_texts(struct held *h, struct evidence_finding *f, pipe_error *err)
{
	const char **const texts[] = {
		&f->tool, &f->rule, &f->path, &f->message, &f->package, &f->installed, &f->fixed, &f->url
	};
	int rc = held_texts(h, texts, sizeof(texts) / sizeof(*texts), err);

	return rc ? rc : held_own_text(h, &f->fingerprint, err);
}

int held_finding(struct held *h, const struct evidence_finding *f, pipe_error *err)
{
	struct held_finding *w;
	void *new;
	int rc = held_new(h, &new, sizeof(*w), err);

	if (rc)
		return rc;
	w = new;
	w->value = *f;
	*(h->last ? &h->last->next : &h->first) = w;
	h->last = w;
	return held_finding_texts(h, &w->value, err);
}

int held_findings_release(struct held *h, int (*each)(void *payload, struct evidence_finding *f, pipe_error *err), void *payload,
			  pipe_error *err)
{
	int rc = PIPE_OK;

	for (struct held_finding *w = h->first; w && !rc; w = w->next)
		rc = each(payload, &w->value, err);
	h->first = h->last = NULL;
	return rc;
}
