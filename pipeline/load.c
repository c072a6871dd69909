/* The whole way from text to model, on one page.  Each step takes a root map and gives one back; what it does not change it shares. */
#include "pipeline/load.h"

#include "base/suggest.h"
#include "pipeline/compose/extends.h"
#include "pipeline/compose/gap.h"
#include "pipeline/compose/include.h"
#include "pipeline/compose/inherit.h"
#include "pipeline/compose/loading.h"
#include "pipeline/compose/reference.h"
#include "pipeline/decode/decode.h"
#include "pipeline/plan/plan.h"
#include <string.h>

bool loading_bytes(struct loading *l, struct mark at, uint64_t bytes)
{
	uint64_t most = l->options->limits.total_bytes;

	l->bytes = bytes > UINT64_MAX - l->bytes ? UINT64_MAX : l->bytes + bytes;
	if (l->bytes <= most)
		return true;
	diag_error(l->d, at, "total-limit", "the pipeline's files are larger than %llu bytes together", (unsigned long long)most);
	return false;
}

bool loading_nodes(struct loading *l, struct mark at, uint64_t nodes)
{
	uint32_t most = l->options->limits.nodes;

	l->nodes = nodes > UINT64_MAX - l->nodes ? UINT64_MAX : l->nodes + nodes;
	if (l->nodes <= most)
		return true;
	/* Said once: all that follows would be over the limit too. */
	if (!l->over)
		diag_error(l->d, at, "merge-limit", "the pipeline has more than %u parts when everything is merged", most);
	l->over = true;
	return false;
}

/* ---- inputs of the command line ---- */

static bool add_given(struct loading *l, const char *text)
{
	const char *equals = strchr(text, '='), *colon = strchr(text, ':');
	struct given_input *g;
	const char *name = text;

	if (!equals || equals == text) {
		diag_error(l->d, MARK_NONE, "input-value", "the input \"%s\" is not of the form NAME=VALUE", text);
		return true;
	}
	g = vec_push(l->arena, &l->given);
	if (!g)
		return false;
	if (colon && colon < equals) {
		g->target = arena_strndup(l->arena, text, (size_t)(colon - text));
		name = colon + 1;
	}
	g->name = arena_strndup(l->arena, name, (size_t)(equals - name));
	g->value = arena_strdup(l->arena, equals + 1);
	return g->name && g->value && (!(colon && colon < equals) || g->target);
}

static bool read_given(struct loading *l)
{
	const char *const *inputs = l->options->inputs;

	for (; inputs && *inputs; inputs++)
		if (!add_given(l, *inputs))
			return false;
	return true;
}

/* What no file asked for is a mistake, unless the file that would have asked could not be had. */
static void report_unused(struct loading *l)
{
	for (uint32_t i = 0; i < l->given.count && !l->incomplete; i++) {
		const struct given_input *g = &l->given.items[i];
		struct suggest s;

		if (g->used)
			continue;
		if (g->target)
			diag_error(l->d, MARK_NONE, "input-unknown", "no included file \"%s\" has an input \"%s\"", g->target,
				   g->name);
		else
			diag_error(l->d, MARK_NONE, "input-unknown", "the pipeline has no input \"%s\"", g->name);
		suggest_init(&s, g->name);
		for (uint32_t k = 0; k < l->declared.count; k++)
			suggest_offer(&s, l->declared.items[k]);
		if (s.best)
			diag_hint(l->d, "did you mean \"%s\"?", s.best);
	}
}

/* ---- the steps ---- */

/* NULL: the file cannot be understood at all, or no memory. */
static struct node *merged_root(struct loading *l)
{
	static struct node *(*const steps[])(struct loading *, struct node *) = { extends_apply, reference_resolve,
										  inherit_defaults, gap_close };
	struct node *root;

	if (!read_given(l)) {
		l->d->nomem = true;
		return NULL;
	}
	root = include_entry(l);
	for (size_t i = 0; root && i < sizeof(steps) / sizeof(*steps); i++) {
		root = steps[i](l, root);
		if (!root)
			l->d->nomem = true;
	}
	return root;
}

static int decode(struct pipeline **out, struct loading *l, struct node *root)
{
	struct pipeline *p = ARENA_NEW(l->arena, struct pipeline);
	struct decode_options o = { &l->options->limits, l->options->uses, &l->lua, l->options->lua_most };
	int rc;

	if (!p)
		return PIPE_ENOMEM;
	p->file = l->options->file;
	p->root = root;
	rc = pipeline_decode(p, l->arena, root, &o, l->d);
	if (rc != PIPE_ENOMEM)
		*out = p;
	return rc;
}

int pipeline_load(struct pipeline **out, struct arena *a, const struct load_options *options, struct diagnostics *d)
{
	struct loading l = { .arena = a, .options = options, .d = d };
	struct node *root;
	int rc = PIPE_OK;

	*out = NULL;
	l.lua = (struct lua_reader){ .d = d,
				     .world = options->world,
				     .bytes_left = options->limits.total_bytes,
				     .timeout_ms = options->limits.network_ms };
	root = merged_root(&l);
	/* What is over the limits would be too much for the decoder too. */
	if (root && !l.over)
		rc = decode(out, &l, root);
	if (!d->nomem)
		report_unused(&l);
	if (d->nomem || rc == PIPE_ENOMEM) {
		*out = NULL;
		return PIPE_ENOMEM;
	}
	if (!d->errors)
		return rc;
	if (*out && !l.incomplete && !l.template_missing && plan_names(*out, a, &options->limits, d) == PIPE_ENOMEM)
		return PIPE_ENOMEM;
	return PIPE_EPIPELINE;
}
