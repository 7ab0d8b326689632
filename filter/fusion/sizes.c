// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "fusion/sizes.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fusion/attribute.h"
#include "fusion/tensor.h"

enum { NUMBERS_MAX = 16 }; /* of a size: twice the rank for Pad */

/* Room for one more element in an array that doubles; NULL if there is none. */
static void *grow(void *array, int count, int *room, size_t size)
{
    if (count < *room)
        return array;
    const int more = *room ? 2 * *room : 64;
    void *larger = realloc(array, (size_t)more * size);
    if (larger)
        *room = more;
    return larger;
}

int vmt_sizes_name(VmtSizes *sizes, const VmtName *name)
{
    if (sizes->name_count == VMT_NAMES_MAX)
        return -EFBIG;
    VmtName *names = grow(sizes->names, sizes->name_count, &sizes->name_room, sizeof(*names));
    if (!names)
        return -ENOMEM;
    sizes->names = names;
    names[sizes->name_count++] = *name;
    return 0;
}

int vmt_sizes_use(VmtSizes *sizes, const VmtSizeUse *use)
{
    if (sizes->use_count == VMT_NAMES_MAX)
        return -EFBIG;
    VmtSizeUse *uses = grow(sizes->uses, sizes->use_count, &sizes->use_room, sizeof(*uses));
    if (!uses)
        return -ENOMEM;
    sizes->uses = uses;
    uses[sizes->use_count] = *use;
    return sizes->use_count++;
}

static int compare_slices(VmtSlice a, VmtSlice b)
{
    if (a.size != b.size)
        return a.size < b.size ? -1 : 1;
    return a.size ? memcmp(a.data, b.data, a.size) : 0;
}

static int compare(const void *a, const void *b)
{
    return compare_slices(((const VmtName *)a)->name, ((const VmtName *)b)->name);
}

void vmt_sizes_sort(VmtSizes *sizes)
{
    if (sizes->name_count)
        qsort(sizes->names, (size_t)sizes->name_count, sizeof(*sizes->names), compare);
}

/* Index of the first name that is not before this one. */
static int find(const VmtSizes *sizes, VmtSlice name)
{
    int low = 0, high = sizes->name_count;
    while (low < high) {
        const int middle = low + (high - low) / 2;
        if (compare_slices(sizes->names[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool same(const VmtSizes *sizes, int i, VmtSlice name)
{
    return i < sizes->name_count && vmt_slice_equal(sizes->names[i].name, name);
}

bool vmt_sizes_initialized(const VmtSizes *sizes, VmtSlice name)
{
    for (int i = find(sizes, name); same(sizes, i, name); i++)
        if (sizes->names[i].origin == VMT_FROM_TENSOR && sizes->names[i].depth == 0)
            return true;
    return false;
}

/*
 * The constant that a name stands for, or NULL. A name must have one meaning only: which one of
 * two would be taken is not for us to guess. An input beside an initializer is but its
 * declaration, as older files have it, but only in the outermost graph.
 */
static const VmtName *constant(const VmtSizes *sizes, VmtSlice name)
{
    const VmtName *found = NULL;
    for (int i = find(sizes, name); same(sizes, i, name); i++) {
        const VmtName *n = &sizes->names[i];
        if (n->origin == VMT_FROM_INPUT && n->depth == 0)
            continue;
        if (found || (n->origin != VMT_FROM_TENSOR && n->origin != VMT_FROM_ATTRIBUTE))
            return NULL;
        found = n;
    }
    return found;
}

/* The product of the numbers that a name stands for, at least 1 each; -1 if it is no constant. */
static double product(const VmtSizes *sizes, VmtSlice name)
{
    const VmtName *n = constant(sizes, name);
    double values[NUMBERS_MAX];
    int count = -1;
    if (n && n->origin == VMT_FROM_ATTRIBUTE) {
        count = vmt_attribute_values(n->body, values, NUMBERS_MAX);
    } else if (n) {
        VmtTensor tensor;
        if (!vmt_tensor_read(&tensor, n->body))
            count = vmt_tensor_values(&tensor, values, NUMBERS_MAX);
    }
    if (count < 0)
        return -1;
    double result = 1;
    for (int i = 0; i < count; i++)
        result *= fmax(1, fabs(values[i]));
    return result;
}

const VmtSizeUse *vmt_sizes_check(VmtSizes *sizes)
{
    for (int i = 0; i < sizes->use_count; i++) {
        VmtSizeUse *use = &sizes->uses[i];
        const double size = product(sizes, use->name);
        if (size < 0 || (!use->trips && size > VMT_SIZE_PRODUCT_MAX))
            return use;
        /* The loop around was met first, so its total is known. */
        use->total = size * (use->trips && use->loop >= 0 ? sizes->uses[use->loop].total : 1);
        if (use->trips && use->total > VMT_TRIPS_MAX)
            return use;
    }
    return NULL;
}

void vmt_sizes_free(VmtSizes *sizes)
{
    free(sizes->names);
    free(sizes->uses);
    *sizes = (VmtSizes){0};
}
