/*
 * Which tests an instance of several runs.  They are divided by units: files, directories or classes, found by patterns.  Every
 * instance finds the same units and knows the same past durations, so each works out the same shares by itself: the longest unit goes
 * to the emptiest share.
 */
#include "base/error.h"
#include "stages/parameter.h"
#include "stages/test/test_units.h"

#include <stdlib.h>
#include <string.h>

static const int64_t longest_us = INT64_C(1) << 40; /* of one unit: nearly two weeks, so that no sum overflows */

/* ---- how long it took ---- */

struct past {
	struct stage_job *job;
	const struct test_stage *t;
	enum unit_form form;
	struct unit_list *list;
};

static struct unit *unit_named(const struct unit_list *l, const char *name, size_t length)
{
	size_t at = length ? (size_t)(uintptr_t)map_get(&l->index, name, length) : 0;

	return at ? &l->units.items[at - 1] : NULL;
}

/* A file as it stands in a report: from the workspace, or from the project's directory. */
static struct unit *unit_with_file(const struct past *p, const char *file)
{
	size_t n = strlen(p->t->directory);
	const char *name;

	if (n && !strncmp(file, p->t->directory, n) && file[n] == '/')
		file += n + 1;
	name = unit_of(p->job, p->form, file);
	return name ? unit_named(p->list, name, strlen(name)) : NULL;
}

/* A suite as tools name it: Go's package (module/directory), Java's class (package.Class), pytest's module and class
 * (tests.test_a.TestB), or the unit itself. */
static struct unit *unit_with_suite(const struct past *p, const char *suite)
{
	struct unit *u = unit_named(p->list, suite, strlen(suite));
	const char *rest = suite;

	if (p->form == UNIT_DIRECTORY) {
		while (!u && (rest = strchr(rest, '/'))) {
			rest++;
			u = unit_named(p->list, rest, strlen(rest));
		}
		return u ? u : unit_named(p->list, ".", 1);
	}
	if (p->form == UNIT_CLASS && !u) {
		rest = strrchr(suite, '.');
		return rest ? unit_named(p->list, rest + 1, strlen(rest + 1)) : NULL;
	}
	for (size_t n = strlen(suite); !u && n; n--)
		if (suite[n - 1] == '.')
			u = unit_named(p->list, suite, n - 1);
	return u;
}

/* A unit takes what its tests took. */
static int take_past(void *payload, const struct test_history *h)
{
	struct past *p = payload;
	struct unit *u = h->duration_us >= 0 && *h->file ? unit_with_file(p, h->file) : NULL;

	if (!u && h->duration_us >= 0 && *h->suite)
		u = unit_with_suite(p, h->suite);
	if (!u)
		return 0;
	u->us = u->us < 0 ? 0 : u->us;
	u->us = h->duration_us < longest_us - u->us ? u->us + h->duration_us : longest_us;
	p->list->timed = true;
	return 0;
}

/* pytest names a suite tests.test_a for tests/test_a.py. */
static int index_modules(struct stage_job *job, struct unit_list *l, pipe_error *err)
{
	for (uint32_t i = 0; i < l->units.count; i++) {
		const char *dot = strrchr(l->units.items[i].name, '.');
		char *module;
		if (!dot || strcmp(dot, ".py") != 0)
			continue;
		module = arena_strndup(job->arena, l->units.items[i].name, (size_t)(dot - l->units.items[i].name));
		if (!module)
			return error_nomem(err);
		for (char *p = module; *p; p++)
			if (*p == '/')
				*p = '.';
		if (!map_get(&l->index, module, strlen(module)) &&
		    !map_put(&l->index, job->arena, module, strlen(module), (void *)(uintptr_t)(i + 1)))
			return error_nomem(err);
	}
	return PIPE_OK;
}

/* ---- the shares ---- */

static const char *const form_names[] = { [UNIT_FILE] = "files", [UNIT_DIRECTORY] = "directories", [UNIT_CLASS] = "classes" };

static int by_length(const void *a, const void *b)
{
	const struct unit *x = a, *y = b;

	return x->us != y->us ? (x->us < y->us ? 1 : -1) : strcmp(x->name, y->name);
}

/* What nobody knows takes as long as the mean of the others. */
static void guess(struct unit_list *l)
{
	int64_t sum = 0, mean;
	uint32_t known = 0;

	for (uint32_t i = 0; i < l->units.count; i++)
		if (l->units.items[i].us >= 0) {
			sum += l->units.items[i].us;
			known++;
		}
	mean = known ? sum / known : 1;
	for (uint32_t i = 0; i < l->units.count; i++)
		if (l->units.items[i].us < 0)
			l->units.items[i].us = mean;
}

static void say_share(struct stage_job *job, const struct test_stage *t, const struct unit_list *l, uint32_t count, int64_t us)
{
	const struct test_tool *tool = test_tool_of(t->kind);
	const char *form = form_names[tool ? tool->form : UNIT_FILE];

	if (l->timed)
		stage_say(job, "shard %u of %u: %u of %u %s, about %.1f s", job->node_index, job->node_total, count,
			  l->units.count, form, (double)us / 1e6);
	else
		stage_say(job, "shard %u of %u: %u of %u %s (how long they take is not known yet)", job->node_index,
			  job->node_total, count, l->units.count, form);
}

static int divide(struct stage_job *job, struct test_stage *t, struct unit_list *l, pipe_error *err)
{
	int64_t *load = ARENA_ARRAY(job->arena, int64_t, job->node_total);
	const char **mine = ARENA_ARRAY(job->arena, const char *, l->units.count + 1);
	uint32_t count = 0;

	if (!load || !mine)
		return error_nomem(err);
	qsort(l->units.items, l->units.count, sizeof(*l->units.items), by_length);
	for (uint32_t i = 0; i < l->units.count; i++) {
		uint32_t least = 0;
		for (uint32_t k = 1; k < job->node_total; k++)
			if (load[k] < load[least])
				least = k;
		load[least] += l->units.items[i].us + 1;
		if (least == job->node_index - 1)
			mine[count++] = l->units.items[i].name;
	}
	t->units = mine;
	t->may_be_empty = !count;
	say_share(job, t, l, count, load[job->node_index - 1]);
	return PIPE_OK;
}

/* ---- the way in ---- */

static int can_divide(const struct stage_job *job, const struct test_stage *t, const struct test_tool *tool, pipe_error *err)
{
	if (t->kind && (!tool || !(tool->units || tool->part[0])))
		return parameter_wrong(
			job, parameter_node(job, "shards"), err,
			"the tests of %s cannot be divided; give a \"command\" that runs the files in $PIPE_TESTS, "
			"and \"tests\"",
			t->kind->name);
	if (!t->kind && !parameter_node(job, "tests"))
		return parameter_wrong(job, parameter_node(job, "shards"), err,
				       "it is not known which files hold tests: name them with \"tests\"; the command finds its "
				       "share in $PIPE_TESTS, a line each");
	return PIPE_OK;
}

int test_shard(struct stage_job *job, struct test_stage *t, pipe_error *err)
{
	const struct test_tool *tool = test_tool_of(t->kind);
	struct unit_list list = { .index = MAP_INIT };
	struct past past = { job, t, tool ? tool->form : UNIT_FILE, &list };
	int rc;

	if (job->node_total < 2)
		return PIPE_OK;
	rc = can_divide(job, t, tool, err);
	if (rc == PIPE_OK && tool && tool->part[0]) {
		t->may_be_empty = job->node_index > 1;
		return PIPE_OK;
	}
	if (rc || !job->view)
		return rc;
	rc = test_units_find(job, t, &list, err);
	if (rc == PIPE_OK)
		rc = index_modules(job, &list, err);
	if (rc == PIPE_OK)
		rc = job->view->history(job->view->payload, take_past, &past, err);
	if (rc)
		return rc;
	guess(&list);
	return divide(job, t, &list, err);
}
