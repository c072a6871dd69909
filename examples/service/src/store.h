/* Links in SQLite: one row a link, and how often it was followed. */
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stdint.h>

struct store;

/* NULL: it cannot be opened, or is no database; the reason is on stderr.  ":memory:" lives as long as the store. */
struct store *store_open(const char *path);
void store_close(struct store *s);

/* The number of the link to that address, which is made when there is none; 0: the database failed. */
uint64_t store_add(struct store *s, const char *url);
/* The address, to be freed; NULL: there is no such link.  Counted as followed. */
char *store_follow(struct store *s, uint64_t number);
/* How often it was followed; -1: there is no such link. */
int64_t store_hits(struct store *s, uint64_t number);
/* How many links there are; -1: the database failed. */
int64_t store_count(struct store *s);

#endif
