// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Sizes and trip counts that a model asks for must be constants, and small.
 *
 * A few bytes can ask for terabytes or for eternity: ConstantOfShape of [1000000, 1000000], Loop
 * of 2^60 trips. So names and where they come from are gathered while a graph is walked, and what
 * asks for sizes is judged when all are known.
 */
#ifndef VMT_FUSION_SIZES_H
#define VMT_FUSION_SIZES_H

#include "fusion/wire.h"

enum {
    VMT_SIZE_PRODUCT_MAX = 1 << 20, /**< of the numbers of one size */
    VMT_TRIPS_MAX = 1 << 10,        /**< of a loop, loops around it counted in */
    VMT_NAMES_MAX = 1 << 15
};

typedef enum VmtOrigin {
    VMT_FROM_INPUT,     /**< of a graph */
    VMT_FROM_TENSOR,    /**< an initializer; body is a TensorProto */
    VMT_FROM_ATTRIBUTE, /**< of a Constant node; body is its AttributeProto */
    VMT_FROM_NODE       /**< computed */
} VmtOrigin;

/** Where a name comes from. */
typedef struct VmtName {
    VmtSlice name;
    VmtOrigin origin;
    int depth;     /**< of the graph; 0: the outermost */
    VmtSlice body;
} VmtName;

/** A size or trip count that an operator takes from a name. */
typedef struct VmtSizeUse {
    VmtSlice name;
    VmtSlice operator;
    bool trips;
    int loop;      /**< index of the use that is the trip count of the loop around, or -1 */
    double total;  /**< trips, with those of the loops around */
} VmtSizeUse;

/** All zero at the start, freed by vmt_sizes_free(). */
typedef struct VmtSizes {
    VmtName *names;
    VmtSizeUse *uses;
    int name_count, name_room, use_count, use_room;
} VmtSizes;

/** @return 0, -EFBIG for too many names, -ENOMEM */
int vmt_sizes_name(VmtSizes *sizes, const VmtName *name);

/** @return index of the use, -EFBIG for too many, -ENOMEM */
int vmt_sizes_use(VmtSizes *sizes, const VmtSizeUse *use);

/** Sort the names; nothing may be added any more. */
void vmt_sizes_sort(VmtSizes *sizes);

/** True if the outermost graph has an initializer of this name. */
bool vmt_sizes_initialized(const VmtSizes *sizes, VmtSlice name);

/** The first use whose numbers are not constant or too large, or NULL. */
const VmtSizeUse *vmt_sizes_check(VmtSizes *sizes);

void vmt_sizes_free(VmtSizes *sizes);

#endif
