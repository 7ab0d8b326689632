// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * One allocation for many buffers: lay them out twice, first to count, then to place.
 *
 *     VmtArena arena = { 0 };
 *     lay_out(&scratch, &arena);          counts
 *     if (vmt_arena_alloc(&arena) < 0) ...
 *     lay_out(&scratch, &arena);          places
 */
#ifndef VMT_BASE_ARENA_H
#define VMT_BASE_ARENA_H

#include <stddef.h>

/** Alignment of every buffer in bytes: the widest vector and a cache line. */
enum { VMT_ALIGN = 64 };

typedef struct VmtArena {
    unsigned char *base; /**< NULL while counting */
    size_t used;
    int overflow; /**< more was asked for than can be addressed */
} VmtArena;

/** The next buffer, aligned; NULL while counting. */
void *vmt_arena_take(VmtArena *arena, size_t bytes);

/** Allocate what was counted, zeroed, and start placing. Returns 0 or -ENOMEM. */
int vmt_arena_alloc(VmtArena *arena);

void vmt_arena_free(VmtArena *arena);

#endif
