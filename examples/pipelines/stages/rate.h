/* Interest, in whole cents. */
#ifndef RATE_H
#define RATE_H

/* Half a cent is rounded up.  years: 0 to 100. */
long interest(long cents, double per_cent, int years);

#endif
