/* Members of a row into cells: one function a form; the column says of which type a number is to be, and whether it may be nil. */
#include "runner/lua/host/host_inside.h"

#include <math.h>
#include <string.h>

struct slot {
	struct lua_cell *out; /* nil so far */
	enum lua_cell_type type;
	bool may_be_nil;
};

static void put_text(const struct slot *s, const char *text)
{
	if (!text || (!*text && s->may_be_nil))
		return;
	s->out->type = LUA_CELL_TEXT;
	s->out->text = text;
	s->out->length = strlen(text);
}

static void put_integer(const struct slot *s, int64_t value)
{
	if (s->type == LUA_CELL_NUMBER) {
		s->out->type = LUA_CELL_NUMBER;
		s->out->number = (double)value;
	} else {
		s->out->type = LUA_CELL_INTEGER;
		s->out->integer = value;
	}
}

static void put_unsigned(const struct slot *s, uint64_t value)
{
	put_integer(s, value > INT64_MAX ? INT64_MAX : (int64_t)value);
}

static void put_number(const struct slot *s, double value)
{
	if (s->type == LUA_CELL_INTEGER && fabs(value) < 9e15) {
		put_integer(s, (int64_t)value);
		return;
	}
	s->out->type = LUA_CELL_NUMBER;
	s->out->number = value;
}

static void form_text(const struct slot *s, const void *member)
{
	put_text(s, *(const char *const *)member);
}

static void form_count32(const struct slot *s, const void *member)
{
	put_unsigned(s, *(const uint32_t *)member);
}

static void form_some32(const struct slot *s, const void *member)
{
	const uint32_t value = *(const uint32_t *)member;

	if (value || !s->may_be_nil)
		put_unsigned(s, value);
}

static void form_count64(const struct slot *s, const void *member)
{
	put_unsigned(s, *(const uint64_t *)member);
}

static void form_some64(const struct slot *s, const void *member)
{
	const uint64_t value = *(const uint64_t *)member;

	if (value || !s->may_be_nil)
		put_unsigned(s, value);
}

static void form_integer(const struct slot *s, const void *member)
{
	const int64_t value = *(const int64_t *)member;

	if (value >= 0 || !s->may_be_nil)
		put_integer(s, value);
}

static void form_bool(const struct slot *s, const void *member)
{
	s->out->type = LUA_CELL_BOOL;
	s->out->truth = *(const bool *)member;
}

static void form_number(const struct slot *s, const void *member)
{
	put_number(s, *(const double *)member);
}

static void form_percent(const struct slot *s, const void *member)
{
	const double value = *(const double *)member;

	if (!isnan(value))
		put_number(s, value);
}

static void form_us(const struct slot *s, const void *member)
{
	const int64_t value = *(const int64_t *)member;

	if (value >= 0)
		put_number(s, (double)value / 1e6);
}

static void form_duration(const struct slot *s, const void *member)
{
	const int64_t value = *(const int64_t *)member;

	if (value >= 0)
		put_number(s, (double)value / 1e3);
}

static void form_ms(const struct slot *s, const void *member)
{
	if (*(const int64_t *)member > 0)
		form_duration(s, member);
}

static void form_status(const struct slot *s, const void *member)
{
	put_text(s, test_status_name((enum test_status) * (const uint8_t *)member));
}

static void form_kind(const struct slot *s, const void *member)
{
	put_text(s, finding_kind_name((enum finding_kind) * (const uint8_t *)member));
}

static void form_severity(const struct slot *s, const void *member)
{
	put_text(s, severity_name((enum severity) * (const uint8_t *)member));
}

static void form_list(const struct slot *s, const void *member)
{
	s->out->list = *(const char *const *const *)member;
	s->out->type = s->out->list ? LUA_CELL_LIST : LUA_CELL_NONE;
}

static void (*const forms[])(const struct slot *, const void *) = {
	[FORM_TEXT] = form_text,       [FORM_COUNT32] = form_count32, [FORM_SOME32] = form_some32,
	[FORM_COUNT64] = form_count64, [FORM_SOME64] = form_some64,   [FORM_INTEGER] = form_integer,
	[FORM_BOOL] = form_bool,       [FORM_NUMBER] = form_number,   [FORM_PERCENT] = form_percent,
	[FORM_US] = form_us,	       [FORM_MS] = form_ms,	      [FORM_DURATION] = form_duration,
	[FORM_STATUS] = form_status,   [FORM_KIND] = form_kind,	      [FORM_SEVERITY] = form_severity,
	[FORM_LIST] = form_list,
};

void host_fill(struct host_rows *r)
{
	const struct lua_column *columns = lua_rows_kinds[r->query.rows].columns;

	for (unsigned i = 0; i < r->count; i++) {
		const struct host_cell *c = r->fill[i];
		const struct slot slot = { &r->cells[i], columns[i].type, r->may_be_nil[i] };

		r->cells[i].type = LUA_CELL_NONE;
		if (c)
			forms[c->form](&slot, (const char *)&r->row + c->offset);
	}
}
