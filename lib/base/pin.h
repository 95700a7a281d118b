/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_BASE_PIN_H
#define MS_BASE_PIN_H

/* PINs in pkcs11: URIs, which go no further than to the token. */

/**
 * Takes the value of each pin-value out of @text, in place: at most three dots are left
 * of it. For whatever is shown.
 */
void ms_pin_strip(char *text);

#endif
