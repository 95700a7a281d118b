# SPDX-License-Identifier: LGPL-2.1-or-later
"""Do a private key and a certificate belong together? libcrypto is asked, in this process,
since it is asked thousands of times."""

import ctypes
import ctypes.util
import functools


@functools.cache
def libcrypto():
    library = ctypes.CDLL(ctypes.util.find_library("crypto") or "libcrypto.so.3")
    for name in ("BIO_new_mem_buf", "PEM_read_bio_PrivateKey", "PEM_read_bio_X509",
                 "d2i_X509_bio"):
        getattr(library, name).restype = ctypes.c_void_p
    return library


def read(function, data, *more):
    """An object of libcrypto's from bytes, or None."""
    library = libcrypto()
    bio = ctypes.c_void_p(library.BIO_new_mem_buf(data, len(data)))
    found = getattr(library, function)(bio, *([None] * (1 + len(more))))
    library.BIO_free(bio)
    return ctypes.c_void_p(found) if found else None


def private_key(data):
    return read("PEM_read_bio_PrivateKey", data, None, None)


def certificate(data):
    """Of PEM, also where it stands behind a key, or of DER."""
    if b"-----BEGIN CERTIFICATE-----" in data:
        return read("PEM_read_bio_X509", data[data.index(b"-----BEGIN CERT"):], None, None)
    return read("d2i_X509_bio", data)


def belong_together(key, cert):
    """Is key (PEM) the private key of cert (PEM or DER)?"""
    library, a, b = libcrypto(), private_key(key), certificate(cert)
    try:
        return bool(a and b) and library.X509_check_private_key(b, a) == 1
    finally:
        library.EVP_PKEY_free(a)
        library.X509_free(b)
        library.ERR_clear_error()
