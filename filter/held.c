// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "held.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

int vmt_held_open(VmtHeldPool *pool, int count)
{
    pool->all = calloc((size_t)count, sizeof(*pool->all));
    if (!pool->all)
        return -ENOMEM;
    for (int i = 0; i < count; i++) {
        pool->all[i].next_free = pool->free;
        pool->free = &pool->all[i];
    }
    return 0;
}

void vmt_held_close(VmtHeldPool *pool, int count)
{
    for (int i = 0; pool->all && i < count; i++)
        free(pool->all[i].copy);
    free(pool->all);
    *pool = (VmtHeldPool){ 0 };
}

static int aligned(const VmtPicture *picture, int bits)
{
    return bits == 8 || (((uintptr_t)picture->data | (uintptr_t)picture->stride) & 1) == 0;
}

/* Copy the plane into the held picture's own memory. */
static int copy(VmtHeld *held, const VmtPicture *picture, const VmtFormat *format)
{
    const size_t row = (size_t)format->width * (format->bits > 8 ? 2 : 1);
    const size_t stride = (row + VMT_ALIGN - 1) / VMT_ALIGN * VMT_ALIGN;

    if (!held->copy)
        held->copy = aligned_alloc(VMT_ALIGN, stride * (size_t)format->height);
    if (!held->copy)
        return -ENOMEM;
    for (int y = 0; y < format->height; y++)
        memcpy((uint8_t *)held->copy + (size_t)y * stride,
               (const uint8_t *)picture->data + y * picture->stride, row);
    held->plane = (VmtPlane){ held->copy, (ptrdiff_t)stride };
    return 0;
}

VmtHeld *vmt_held_take(VmtHeldPool *pool)
{
    VmtHeld *held = pool->free;

    pool->free = held->next_free;
    held->users = 1;
    return held;
}

int vmt_held_fill(VmtHeld *held, const VmtPicture *picture, const VmtFormat *format)
{
    held->plane = (VmtPlane){ picture->data, picture->stride };
    held->release = picture->release;
    held->opaque = picture->opaque;
    return picture->release && aligned(picture, format->bits) ? 0 : copy(held, picture, format);
}

void vmt_held_forget(VmtHeldPool *pool, VmtHeld *held)
{
    held->next_free = pool->free;
    pool->free = held;
}

void vmt_held_drop(VmtHeldPool *pool, VmtHeld *held)
{
    if (--held->users > 0)
        return;
    if (held->release)
        held->release(held->opaque);
    vmt_held_forget(pool, held);
}
