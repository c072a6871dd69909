/* The header of an installed rpm, as its databases keep it. */
#ifndef SCANNER_PACKAGE_RPM_HEADER_H
#define SCANNER_PACKAGE_RPM_HEADER_H

#include "stages/scanner/package/reader.h"

/* Adds the package of a header: PIPE_OK, or an error that names its number in the database. */
int rpm_header_read(struct reader *r, const unsigned char *bytes, size_t length, uint32_t number);

/* The databases, each over the bytes of its file. */
int rpm_sqlite_read(struct reader *r);
int rpm_ndb_read(struct reader *r);

#endif
