// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * SHA-256 (FIPS 180-4) of bytes in memory.
 */
#ifndef VMT_FUSION_SHA256_H
#define VMT_FUSION_SHA256_H

#include <stddef.h>
#include <stdint.h>

/** Write the digest as 64 lower-case hex digits and a NUL. */
void vmt_sha256(const uint8_t *data, size_t size, char hex[65]);

/** The same in plain C, as CPUs have it that know no instructions for it. */
void vmt_sha256_plain(const uint8_t *data, size_t size, char hex[65]);

#endif
