// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "base/arena.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *vmt_arena_take(VmtArena *arena, size_t bytes)
{
    void *place = arena->base ? arena->base + arena->used : NULL;

    if (bytes > SIZE_MAX - VMT_ALIGN - arena->used) {
        arena->overflow = 1;
        return NULL;
    }
    arena->used += (bytes + VMT_ALIGN - 1) / VMT_ALIGN * VMT_ALIGN;
    return place;
}

int vmt_arena_alloc(VmtArena *arena)
{
    const size_t size = arena->used ? arena->used : VMT_ALIGN;
    if (arena->overflow)
        return -ENOMEM;
    arena->base = aligned_alloc(VMT_ALIGN, size);
    if (!arena->base)
        return -ENOMEM;
    memset(arena->base, 0, size);
    arena->used = 0;
    return 0;
}

void vmt_arena_free(VmtArena *arena)
{
    free(arena->base);
    arena->base = NULL;
    arena->used = 0;
}
