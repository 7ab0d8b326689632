// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * The operators that a model may contain.
 */
#ifndef VMT_FUSION_OPERATORS_H
#define VMT_FUSION_OPERATORS_H

#include "fusion/wire.h"

/** What an operator needs to be looked at for, as bits. */
enum {
    /** The n-th input says how large the output is, so it must be a small constant. */
    VMT_SIZE_INPUT_0 = 1 << 0,
    VMT_SIZE_INPUT_1 = 1 << 1,
    VMT_SIZE_INPUT_2 = 1 << 2,
    VMT_SIZE_INPUT_3 = 1 << 3,
    VMT_SIZE_INPUTS = 4,           /**< how many there are of these */
    VMT_SIZE_ATTRIBUTES = 1 << 4,  /**< numbers in attributes say so, so they must be small */
    VMT_CONSTANT = 1 << 5,         /**< the output is in the attributes */
    VMT_LOOP = 1 << 6,             /**< repeats its body */
    VMT_BODIES = 1 << 7            /**< has graphs as attributes */
};

/** Bits of an operator; -1 if it is not allowed. An empty domain is "ai.onnx". */
int vmt_operator(VmtSlice domain, VmtSlice name);

#endif
