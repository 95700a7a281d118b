/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_STREAMS_H
#define CLI_STREAMS_H

/**
 * From now on a signal (signals.h) ends the wait, within seconds, for whoever is to read
 * standard output or error and does not. What cannot be written then is an error of the stream, as on a full
 * disk.
 */
void cli_streams_init(void);

#endif
