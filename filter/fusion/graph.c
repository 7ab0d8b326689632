// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "fusion/graph.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fusion/attribute.h"
#include "fusion/operators.h"

enum {
    FIELDS_MAX = 1 << 20, /* fields and numbers in attributes: bounds the time a file can take */
    NODES_MAX = 4096,
    TENSORS_MAX = 4096,
    LOOPS_MAX = 16,
    DEPTH_MAX = 8,
    ELEMENTS_MAX = 1 << 28 /* of a declared shape */
};

const VmtMessage vmt_graph_message = {
    "GraphProto",
    {[VMT_GRAPH_NODE] = VMT_BYTES | VMT_MANY, [2] = VMT_BYTES /* name */,
     [VMT_GRAPH_INITIALIZER] = VMT_BYTES | VMT_MANY, [10] = VMT_BYTES /* doc_string */,
     [VMT_GRAPH_INPUT] = VMT_BYTES | VMT_MANY, [VMT_GRAPH_OUTPUT] = VMT_BYTES | VMT_MANY,
     [VMT_GRAPH_VALUE_INFO] = VMT_BYTES | VMT_MANY,
     [14] = VMT_BYTES | VMT_MANY /* quantization_annotation */,
     [VMT_GRAPH_SPARSE_INITIALIZER] = VMT_BYTES | VMT_MANY,
     [16] = VMT_BYTES | VMT_MANY /* metadata_props */}};

static const VmtMessage node_message = {
    "NodeProto",
    {[1] = VMT_BYTES | VMT_MANY /* input */, [2] = VMT_BYTES | VMT_MANY /* output */,
     [3] = VMT_BYTES /* name */, [4] = VMT_BYTES /* op_type */,
     [5] = VMT_BYTES | VMT_MANY /* attribute */, [6] = VMT_BYTES /* doc_string */,
     [7] = VMT_BYTES /* domain */, [8] = VMT_BYTES /* overload */,
     [9] = VMT_BYTES | VMT_MANY /* metadata_props */}};

static const VmtMessage value_message = {
    "ValueInfoProto",
    {[1] = VMT_BYTES /* name */, [2] = VMT_BYTES /* type */, [3] = VMT_BYTES /* doc_string */,
     [4] = VMT_BYTES | VMT_MANY /* metadata_props */}};

/* Only tensors: sequences, maps and the like are not known, so they are refused. */
static const VmtMessage type_message = {
    "TypeProto", {[1] = VMT_BYTES /* tensor_type */, [6] = VMT_BYTES /* denotation */}};

static const VmtMessage tensor_type_message = {
    "TypeProto.Tensor", {[1] = VMT_VARINT /* elem_type */, [2] = VMT_BYTES /* shape */}};

static const VmtMessage shape_message = {
    "TensorShapeProto", {[1] = VMT_BYTES | VMT_MANY /* dim */}};

static const VmtMessage dim_message = {
    "TensorShapeProto.Dimension",
    {[1] = VMT_VARINT /* dim_value */, [2] = VMT_BYTES /* dim_param */,
     [3] = VMT_BYTES /* denotation */}};

/* What is needed of a node before its attributes can be judged. */
typedef struct Node {
    VmtSlice operator, domain, inputs[VMT_SIZE_INPUTS], attribute;
    int input_count, output_count, attribute_count;
    int bits; /* of the operator */
    int depth, loop;
} Node;

int vmt_scan_refuse(VmtScan *scan, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return vmt_fail(scan->error, -EBADMSG, "%.400s: %s", scan->what, text);
}

int vmt_scan_next(VmtScan *scan, VmtCursor *cursor, VmtField *field)
{
    if (++scan->fields > FIELDS_MAX)
        return vmt_scan_refuse(scan, "the model has too many parts to be a model of features");
    const int rc = vmt_wire_next(cursor, field);
    if (rc < 0)
        return vmt_scan_refuse(scan, "the file is no ONNX model, is damaged, or has parts that "
                               "are not known (in %s): export or download it again",
                               cursor->message->name);
    return rc;
}

static int add_name(VmtScan *scan, VmtSlice name, VmtOrigin origin, int depth, VmtSlice body)
{
    const int rc = vmt_sizes_name(&scan->sizes, &(VmtName){name, origin, depth, body});
    if (rc == -ENOMEM)
        return vmt_fail(scan->error, rc, "out of memory");
    return rc ? vmt_scan_refuse(scan, "the model has too many names to be a model of features")
              : 0;
}

static int check_tensor(VmtScan *scan, VmtSlice bytes, VmtTensor *tensor)
{
    if (++scan->tensors > TENSORS_MAX)
        return vmt_scan_refuse(scan, "the model has more than %d tensors", TENSORS_MAX);
    const char *why = vmt_tensor_read(tensor, bytes);
    char name[VMT_SLICE_TEXT];
    return why ? vmt_scan_refuse(scan, "tensor '%s' %s: export the model again with plain, finite "
                                 "weights in one file", vmt_slice_text(tensor->name, name), why)
               : 0;
}

/*
 * Numbers of an attribute: finite, and small together if they say how large an output is.
 * Their product is kept from field to field, as a list that is not packed is many.
 */
static int check_numbers(VmtScan *scan, const Node *node, const VmtField *field, double *product)
{
    double number;
    size_t offset = 0;
    int rc;
    while ((rc = vmt_attribute_number(field, &offset, &number)) > 0) {
        *product *= fmax(1, fabs(number));
        if (++scan->fields > FIELDS_MAX)
            return vmt_scan_refuse(scan, "the model has too many numbers in attributes");
    }
    char name[VMT_SLICE_TEXT];
    if (rc < 0)
        return vmt_scan_refuse(scan, "an attribute of operator %s is damaged or not finite",
                               vmt_slice_text(node->operator, name));
    if ((node->bits & VMT_SIZE_ATTRIBUTES) && *product > VMT_SIZE_PRODUCT_MAX)
        return vmt_scan_refuse(scan, "operator %s asks for an absurd size",
                               vmt_slice_text(node->operator, name));
    return 0;
}

static int check_body(VmtScan *scan, const Node *node, VmtSlice graph)
{
    char name[VMT_SLICE_TEXT];
    if (!(node->bits & VMT_BODIES))
        return vmt_scan_refuse(scan, "operator %s must not have a graph inside",
                               vmt_slice_text(node->operator, name));
    if (node->depth == DEPTH_MAX)
        return vmt_scan_refuse(scan, "graphs are nested more than %d deep", DEPTH_MAX);
    return vmt_scan_graph(scan, graph, node->depth + 1, node->loop);
}

static int check_attribute(VmtScan *scan, const Node *node, VmtSlice bytes)
{
    VmtCursor cursor = vmt_wire_begin(&vmt_attribute_message, bytes);
    VmtField field;
    VmtTensor tensor;
    char name[VMT_SLICE_TEXT];
    double product = 1;
    int rc;
    while ((rc = vmt_scan_next(scan, &cursor, &field)) > 0) {
        switch (field.number) {
        case VMT_ATTRIBUTE_NAME:
        case VMT_ATTRIBUTE_S:
        case VMT_ATTRIBUTE_STRINGS:
        case VMT_ATTRIBUTE_DOC_STRING:
        case VMT_ATTRIBUTE_TYPE:
            break;
        case VMT_ATTRIBUTE_F:
        case VMT_ATTRIBUTE_I:
        case VMT_ATTRIBUTE_FLOATS:
        case VMT_ATTRIBUTE_INTS:
            rc = check_numbers(scan, node, &field, &product);
            break;
        case VMT_ATTRIBUTE_T:
        case VMT_ATTRIBUTE_TENSORS:
            rc = check_tensor(scan, field.bytes, &tensor);
            break;
        case VMT_ATTRIBUTE_G:
            rc = check_body(scan, node, field.bytes);
            break;
        default:
            rc = vmt_scan_refuse(scan, "operator %s has an attribute of a kind that is not "
                                 "allowed (field %d)", vmt_slice_text(node->operator, name),
                                 field.number);
        }
        if (rc < 0)
            return rc;
    }
    return rc;
}

static int read_node(VmtScan *scan, VmtSlice bytes, Node *node)
{
    VmtCursor cursor = vmt_wire_begin(&node_message, bytes);
    VmtField field;
    int rc;
    while ((rc = vmt_scan_next(scan, &cursor, &field)) > 0) {
        switch (field.number) {
        case 1:
            if (node->input_count < VMT_SIZE_INPUTS)
                node->inputs[node->input_count] = field.bytes;
            node->input_count++;
            break;
        case 2:
            node->output_count++;
            break;
        case 4:
            node->operator = field.bytes;
            break;
        case 5:
            node->attribute = field.bytes;
            node->attribute_count++;
            break;
        case 7:
            node->domain = field.bytes;
        }
    }
    return rc;
}

static int add_use(VmtScan *scan, const Node *node, VmtSlice name, bool trips)
{
    const int rc = vmt_sizes_use(&scan->sizes, &(VmtSizeUse){.name = name, .trips = trips,
                                 .operator = node->operator, .loop = node->loop});
    if (rc == -ENOMEM)
        return vmt_fail(scan->error, rc, "out of memory");
    return rc < 0 ? vmt_scan_refuse(scan, "the model asks for too many sizes") : rc;
}

/* Remember the sizes and trips that a node asks for; bodies of a loop belong to that loop. */
static int gather_uses(VmtScan *scan, Node *node)
{
    for (int i = 0; i < VMT_SIZE_INPUTS && i < node->input_count; i++) {
        if (!(node->bits & VMT_SIZE_INPUT_0 << i) || node->inputs[i].size == 0)
            continue;
        const int rc = add_use(scan, node, node->inputs[i], false);
        if (rc < 0)
            return rc;
    }
    if (!(node->bits & VMT_LOOP))
        return 0;
    if (++scan->loops > LOOPS_MAX)
        return vmt_scan_refuse(scan, "the model has more than %d loops", LOOPS_MAX);
    const int use = add_use(scan, node, node->inputs[0], true);
    if (use < 0)
        return use;
    node->loop = use;
    return 0;
}

static int check_operator(VmtScan *scan, Node *node)
{
    char name[VMT_SLICE_TEXT], domain[VMT_SLICE_TEXT];
    node->bits = vmt_operator(node->domain, node->operator);
    if (node->bits < 0)
        return vmt_scan_refuse(scan, "operator '%s' of domain '%s' is not allowed: export the "
                               "model with plain operators only",
                               vmt_slice_text(node->operator, name),
                               node->domain.size ? vmt_slice_text(node->domain, domain)
                                                 : "ai.onnx");
    if ((node->bits & VMT_CONSTANT) && (node->attribute_count != 1 || node->output_count != 1))
        return vmt_scan_refuse(scan, "an operator Constant has not one value");
    return 0;
}

static int check_node(VmtScan *scan, VmtSlice bytes, int depth, int loop)
{
    if (++scan->nodes > NODES_MAX)
        return vmt_scan_refuse(scan, "the model has more than %d operators", NODES_MAX);
    const VmtSlice none = {bytes.data, 0};
    Node node = {.operator = none, .domain = none, .attribute = none, .depth = depth, .loop = loop};
    for (int i = 0; i < VMT_SIZE_INPUTS; i++)
        node.inputs[i] = none;
    int rc = read_node(scan, bytes, &node);
    if (rc == 0)
        rc = check_operator(scan, &node);
    if (rc == 0)
        rc = gather_uses(scan, &node);
    if (rc)
        return rc;
    VmtCursor cursor = vmt_wire_begin(&node_message, bytes);
    VmtField field;
    while ((rc = vmt_scan_next(scan, &cursor, &field)) > 0) {
        if (field.number == 2)
            rc = add_name(scan, field.bytes,
                          node.bits & VMT_CONSTANT ? VMT_FROM_ATTRIBUTE : VMT_FROM_NODE, depth,
                          node.attribute);
        else if (field.number == 5)
            rc = check_attribute(scan, &node, field.bytes);
        if (rc < 0)
            return rc;
    }
    return rc;
}

static int read_dim(VmtScan *scan, VmtSlice bytes, int64_t *dim)
{
    VmtCursor cursor = vmt_wire_begin(&dim_message, bytes);
    VmtField field;
    int rc;
    *dim = -1;
    while ((rc = vmt_scan_next(scan, &cursor, &field)) > 0)
        if (field.number == 1) {
            if (field.value > ELEMENTS_MAX)
                return vmt_scan_refuse(scan, "a shape is absurd");
            *dim = (int64_t)field.value;
        }
    return rc;
}

static int read_shape(VmtScan *scan, VmtSlice bytes, VmtValue *value)
{
    VmtCursor cursor = vmt_wire_begin(&shape_message, bytes);
    VmtField field;
    double elements = 1;
    int rc;
    value->shaped = true;
    while ((rc = vmt_scan_next(scan, &cursor, &field)) > 0) {
        if (value->rank == VMT_RANK_MAX)
            return vmt_scan_refuse(scan, "a shape has more than %d dimensions", VMT_RANK_MAX);
        int64_t *dim = &value->dims[value->rank++];
        rc = read_dim(scan, field.bytes, dim);
        if (rc < 0)
            return rc;
        elements *= *dim > 0 ? (double)*dim : 1;
    }
    if (rc == 0 && elements > ELEMENTS_MAX)
        return vmt_scan_refuse(scan, "a shape is absurd");
    return rc;
}

static int read_type(VmtScan *scan, VmtSlice bytes, VmtValue *value)
{
    VmtCursor cursor = vmt_wire_begin(&type_message, bytes);
    VmtField outer, field;
    int rc;
    while ((rc = vmt_scan_next(scan, &cursor, &outer)) > 0) {
        if (outer.number != 1)
            continue;
        VmtCursor inner = vmt_wire_begin(&tensor_type_message, outer.bytes);
        while ((rc = vmt_scan_next(scan, &inner, &field)) > 0) {
            if (field.number == 1)
                value->type = field.value < 64 ? (int)field.value : 64;
            else
                rc = read_shape(scan, field.bytes, value);
            if (rc < 0)
                return rc;
        }
        if (rc < 0)
            return rc;
    }
    return rc;
}

int vmt_scan_value(VmtScan *scan, VmtSlice bytes, VmtValue *out)
{
    *out = (VmtValue){.name = {bytes.data, 0}};
    VmtCursor cursor = vmt_wire_begin(&value_message, bytes);
    VmtField field;
    int rc;
    while ((rc = vmt_scan_next(scan, &cursor, &field)) > 0) {
        if (field.number == 1)
            out->name = field.bytes;
        else if (field.number == 2)
            rc = read_type(scan, field.bytes, out);
        if (rc < 0)
            return rc;
    }
    return rc;
}

static int check_part(VmtScan *scan, const VmtField *field, int depth, int loop)
{
    VmtTensor tensor;
    VmtValue value;
    int rc;
    switch (field->number) {
    case VMT_GRAPH_NODE:
        return check_node(scan, field->bytes, depth, loop);
    case VMT_GRAPH_INITIALIZER:
        rc = check_tensor(scan, field->bytes, &tensor);
        return rc ? rc : add_name(scan, tensor.name, VMT_FROM_TENSOR, depth, field->bytes);
    case VMT_GRAPH_INPUT:
        rc = vmt_scan_value(scan, field->bytes, &value);
        return rc ? rc : add_name(scan, value.name, VMT_FROM_INPUT, depth, field->bytes);
    case VMT_GRAPH_OUTPUT:
    case VMT_GRAPH_VALUE_INFO:
        return vmt_scan_value(scan, field->bytes, &value);
    case VMT_GRAPH_SPARSE_INITIALIZER:
        return vmt_scan_refuse(scan, "the model has sparse weights: export it with dense ones");
    default:
        return 0;
    }
}

int vmt_scan_graph(VmtScan *scan, VmtSlice bytes, int depth, int loop)
{
    VmtCursor cursor = vmt_wire_begin(&vmt_graph_message, bytes);
    VmtField field;
    int rc;
    while ((rc = vmt_scan_next(scan, &cursor, &field)) > 0) {
        rc = check_part(scan, &field, depth, loop);
        if (rc < 0)
            return rc;
    }
    return rc;
}
