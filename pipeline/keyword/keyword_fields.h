/* The rows below the keywords of the main table (keyword_fields.c), for the main table alone. */
#ifndef PIPELINE_KEYWORD_FIELDS_H
#define PIPELINE_KEYWORD_FIELDS_H

#include "pipeline/keyword/keyword.h"

/* One row of a table.  What few rows need follows as designated initialisers. */
#define KEYWORD_ROW(name_, where_, shape_, help_, ...)                                                                           \
	{                                                                                                                        \
		.name = (name_), .where = (where_), .shape = (shape_), .help = (help_), .since = "0.1", __VA_ARGS__              \
	}
#define KEYWORD_END                                                                                                              \
	{                                                                                                                        \
		.name = NULL                                                                                                     \
	}

/* Rows of the main table, without its end. */
enum { KEYWORD_ROWS = 48 };

extern const struct keyword fields_allow_failure[], fields_artifacts[], fields_cache[], fields_environment[], fields_filter[],
	fields_hooks[], fields_id_token[], fields_image[], fields_include[], fields_inherit[], fields_input[], fields_lua[],
	fields_needs[], fields_pages[], fields_parallel[], fields_release[], fields_retry[], fields_rule[], fields_secret[],
	fields_service[], fields_spec[], fields_step[], fields_trigger[], fields_variable[], fields_workflow[];

#endif
