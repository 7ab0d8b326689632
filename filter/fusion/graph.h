// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * Walk the graphs of an ONNX file: nodes, initializers, values, and the graphs inside of nodes.
 */
#ifndef VMT_FUSION_GRAPH_H
#define VMT_FUSION_GRAPH_H

#include "base/error.h"
#include "fusion/sizes.h"
#include "fusion/tensor.h"
#include "fusion/wire.h"

/** A walk through a file; all zero at the start but what and error. */
typedef struct VmtScan {
    const char *what;
    VmtError *error;
    int fields, nodes, tensors, loops;
    VmtSizes sizes; /**< freed by the owner */
} VmtScan;

/** Fields of GraphProto. */
enum {
    VMT_GRAPH_NODE = 1,
    VMT_GRAPH_INITIALIZER = 5,
    VMT_GRAPH_INPUT = 11,
    VMT_GRAPH_OUTPUT = 12,
    VMT_GRAPH_VALUE_INFO = 13,
    VMT_GRAPH_SPARSE_INITIALIZER = 15
};

extern const VmtMessage vmt_graph_message;

/** An input, output or intermediate of a graph. */
typedef struct VmtValue {
    VmtSlice name;
    int type;                   /**< of elements, as ONNX counts; 0: not said */
    bool shaped;                /**< the shape is known */
    int rank;
    int64_t dims[VMT_RANK_MAX]; /**< -1: not known before it runs */
} VmtValue;

/** Refuse the model: write a message that begins with its name, return -EBADMSG. */
int vmt_scan_refuse(VmtScan *scan, const char *format, ...) VMT_PRINTF(2, 3);

/** Read the next field. @return 1, 0 at the end, a negative errno value */
int vmt_scan_next(VmtScan *scan, VmtCursor *cursor, VmtField *field);

/** Read a ValueInfoProto. @return 0 or a negative errno value */
int vmt_scan_value(VmtScan *scan, VmtSlice bytes, VmtValue *out);

/**
 * Check a graph and those inside of it, gather its names.
 *
 * @param depth 0: the outermost
 * @param loop  use in scan->sizes that is the trip count of the loop around, or -1
 * @return 0 or a negative errno value
 */
int vmt_scan_graph(VmtScan *scan, VmtSlice bytes, int depth, int loop);

#endif
