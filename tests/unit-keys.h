/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MS_TESTS_UNIT_KEYS_H
#define MS_TESTS_UNIT_KEYS_H

/*
 * What openssl's `req -newkey` is told for an RSA key of so many bits, with which openssl
 * signs. With more than two primes it is found in a third of the time, and who verifies sees
 * no difference; modseal itself refuses to sign with one. openssl allows 3 primes from 1024
 * bits, and 4 from 4096.
 */
#define RSA(bits, primes) \
	"rsa -pkeyopt rsa_keygen_bits:" #bits " -pkeyopt rsa_keygen_primes:" #primes

#endif
