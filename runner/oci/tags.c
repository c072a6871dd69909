/*
 * The list of tags, page by page: a Link header leads to the next one (RFC 8288, as the distribution's spec uses it).  Invariant: it ends;
 * no page is asked for twice, and there are bounds.
 */
#include "base/error.h"
#include "base/map.h"
#include "runner/oci/client.h"
#include "runner/oci/name.h"
#include "stages/scanner/advisory/text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PAGE = 1000, PAGES_MAX = 10000, TAGS_MAX = 1000000, LINK_MAX = 8192 };

struct listing {
	struct registry *r;
	struct registry_call call;
	struct arena arena;
	struct map seen; /* addresses of pages */
	unsigned pages, tags;
	int (*each)(void *payload, const char *tag);
	void *payload;
};

static int wrong(struct listing *l, const char *why, pipe_error *err)
{
	return registry_failed(l->r, &l->call, PIPE_EPIPELINE, err, "%s", why);
}

static int hand_out(struct listing *l, const json_t *tags, pipe_error *err)
{
	for (size_t i = 0; i < json_array_size(tags); i++) {
		const char *tag = json_string_value(json_array_get(tags, i));
		int rc;
		if (!tag || !oci_tag_valid(tag))
			return wrong(l, "the list has something that is no tag", err);
		if (++l->tags > TAGS_MAX)
			return registry_failed(l->r, &l->call, PIPE_ELIMIT, err, "there are more than %d tags", TAGS_MAX);
		rc = l->each(l->payload, tag);
		if (rc)
			return rc;
	}
	return PIPE_OK;
}

/* {"name": "...", "tags": [...] or null} */
static int read_page(struct listing *l, const struct exchange_reply *reply, pipe_error *err)
{
	pipe_error why = { 0 };
	json_t *page, *tags;
	int rc = advisory_json(reply->body.data, reply->body.length, "the list of tags", &page, &why);

	if (rc)
		return rc == PIPE_ENOMEM ? error_nomem(err) : wrong(l, "the list of tags is no JSON object", err);
	tags = json_object_get(page, "tags");
	rc = tags && !json_is_array(tags) && !json_is_null(tags) ? wrong(l, "the list of tags is none", err)
								 : hand_out(l, tags, err);
	json_decref(page);
	return rc;
}

/* The address in `</v2/x/tags/list?last=b>; rel="next"`, cut out of the text; NULL: there is no next page. */
static char *next_in(char *link)
{
	char *end;

	for (char *p = strchr(link, '<'); p && (end = strchr(p, '>')); p = strchr(end, '<')) {
		char *rel = end + strcspn(end, ",<");
		char saved = *rel, *is_next;
		*rel = '\0';
		is_next = strcasestr(end, "rel=\"next\"");
		is_next = is_next ? is_next : strcasestr(end, "rel=next");
		*rel = saved;
		if (is_next) {
			*end = '\0';
			return p + 1;
		}
	}
	return NULL;
}

/* Sets call.url to the next page; NULL: this was the last. */
static int turn(struct listing *l, const struct exchange_reply *reply, pipe_error *err)
{
	const char *current = l->call.url;
	char link[LINK_MAX], *next, *url;
	pipe_error why = { 0 };
	int rc;

	if (!current)
		current = arena_printf(&l->arena, "%s/v2/%s/%s", l->r->base, l->call.repository, l->call.path);
	if (!current)
		return error_nomem(err);
	l->call.url = NULL;
	next = registry_header(reply, "Link", link, sizeof(link)) ? next_in(link) : NULL;
	if (!next)
		return PIPE_OK;
	rc = transfer_resolve(l->r->transfer, current, next, &url, &why);
	if (rc)
		return wrong(l, "the address of the next page of tags is none", err);
	l->call.url = arena_strdup(&l->arena, url);
	free(url);
	if (!l->call.url)
		return error_nomem(err);
	if (map_get(&l->seen, l->call.url, strlen(l->call.url)) || ++l->pages > PAGES_MAX)
		return wrong(l, "the pages of the list of tags go round in a circle", err);
	return map_put(&l->seen, &l->arena, l->call.url, strlen(l->call.url), l) ? PIPE_OK : error_nomem(err);
}

static int list(struct listing *l, struct exchange_reply *reply, pipe_error *err)
{
	int rc;

	do {
		rc = registry_call(l->r, &l->call, reply, err);
		if (rc == PIPE_OK && reply->status != 200)
			rc = registry_refused(l->r, &l->call, reply, err);
		if (rc == PIPE_OK)
			rc = read_page(l, reply, err);
		if (rc == PIPE_OK)
			rc = turn(l, reply, err);
	} while (rc == PIPE_OK && l->call.url);
	return rc;
}

int registry_tags(struct registry *r, const char *repository, int (*each)(void *payload, const char *tag), void *payload,
		  pipe_error *err)
{
	char path[32];
	struct listing l = { .r = r,
			     .call = { .what = "list the tags",
				       .repository = repository,
				       .reference = "",
				       .actions = "pull",
				       .method = "GET",
				       .path = path,
				       .max_bytes = REGISTRY_JSON_MAX },
			     .each = each,
			     .payload = payload };
	struct exchange_reply reply;
	int rc = registry_check_names(repository, NULL, err);

	if (rc)
		return rc;
	snprintf(path, sizeof(path), "tags/list?n=%d", PAGE);
	exchange_reply_init(&reply);
	rc = list(&l, &reply, err);
	exchange_reply_clear(&reply);
	arena_clear(&l.arena);
	return rc;
}
