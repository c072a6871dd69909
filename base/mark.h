/* A place in a source text.  Kept small: every node of a document has one. */
#ifndef BASE_MARK_H
#define BASE_MARK_H

#include <stdint.h>

struct mark {
	uint32_t line;	 /* 1-based; 0: no place */
	uint16_t column; /* 1-based, in characters; 65535: that or more */
	uint16_t source; /* index into the sources of a load; see pipeline/document/source.h */
};
#define MARK_NONE ((struct mark){ 0, 0, 0 })

#endif
