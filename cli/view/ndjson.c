/* The view for programs: each event as docs/events.md describes it. */
#include "cli/view/view.h"

#include <stdlib.h>

struct ndjson {
	struct view view;
	struct out *out;
};

static void on_event(struct view *v, const pipe_event *event)
{
	struct out *out = ((struct ndjson *)v)->out;

	if (!out->error)
		pipe_event_json(event, out_receive, out);
}

static void on_turn(struct view *v)
{
	out_flush(((struct ndjson *)v)->out);
}

static void on_free(struct view *v)
{
	free(v);
}

static const struct view_ops ops = { 0, on_event, on_turn, NULL, NULL, on_turn, on_free };

struct view *ndjson_view_create(struct cli *c, const pipe_plan *plan)
{
	struct ndjson *n = calloc(1, sizeof(*n));

	(void)plan;
	if (!n)
		return NULL;
	n->view.ops = &ops;
	n->out = c->out;
	return &n->view;
}
