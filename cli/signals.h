/*
 * Signals, and the only mutable state of the program that is not handed around: a handler has nothing else to find it by.
 */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

#include "pipe.h"
#include <stdbool.h>

/* A closed pipe is an error of write(), not the end.  Programs that jobs start see the default again: it is a handler that is
 * installed, and handlers do not survive exec. */
void signals_ignore_pipe(void);
/* From now on INT, TERM and HUP cancel a run (once it is known).  live: the terminal has a live region: stopping with
 * Ctrl-Z gives the cursor back. */
void signals_catch(bool live);
void signals_run(pipe_run *run); /* NULL: no more */
/* How often the user has asked to stop. */
int signals_cancels(void);
/* Were we stopped and continued since the last call? */
bool signals_continued(void);
void signals_release(void);

#endif
