// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Pictures a context holds: lent by the caller or copied, shared by the steps that read them.
 */
#ifndef VMT_HELD_H
#define VMT_HELD_H

#include "features/picture.h"
#include "vmaf_tiny.h"

/** A picture and how many still need it. Not locked: whoever counts holds the context's lock. */
typedef struct VmtHeld {
    VmtPlane plane;
    void (*release)(void *opaque); /**< NULL: nobody waits for it */
    void *opaque;
    void *copy;                    /**< own memory, if it ever was needed; kept */
    int users;
    struct VmtHeld *next_free;
} VmtHeld;

/** All pictures of a context, used and unused. */
typedef struct VmtHeldPool {
    VmtHeld *all;
    VmtHeld *free;
} VmtHeldPool;

/** Make a pool of count. Returns 0 or -ENOMEM. */
int vmt_held_open(VmtHeldPool *pool, int count);

/** Free everything; nothing may be in use. */
void vmt_held_close(VmtHeldPool *pool, int count);

/** Take an unused one for one user. The pool must have one left. */
VmtHeld *vmt_held_take(VmtHeldPool *pool);

/**
 * Say what it holds. A plane that is not lent, or whose wide samples are not aligned, is copied.
 * Needs no lock, as nobody else knows of it yet.
 *
 * @return 0 or -ENOMEM
 */
int vmt_held_fill(VmtHeld *held, const VmtPicture *picture, const VmtFormat *format);

/** Give one back unused after an error, without telling the picture's owner. */
void vmt_held_forget(VmtHeldPool *pool, VmtHeld *held);

/** One user less; the last one gives it back to pool and owner. */
void vmt_held_drop(VmtHeldPool *pool, VmtHeld *held);

#endif
