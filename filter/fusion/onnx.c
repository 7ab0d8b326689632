// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "fusion/onnx.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fusion/graph.h"

enum {
    IR_VERSION = 1,
    GRAPH = 7,
    OPSET_IMPORT = 8,
    TRAINING_INFO = 20,
    FUNCTIONS = 25
};

enum {
    IR_MIN = 3, /* the first with opsets */
    OPSET_MIN = 7,
    OPSET_MAX = 21,
    ML_OPSET_MAX = 5
};

static const VmtMessage model_message = {
    "ModelProto",
    {[IR_VERSION] = VMT_VARINT, [2] = VMT_BYTES /* producer_name */,
     [3] = VMT_BYTES /* producer_version */, [4] = VMT_BYTES /* domain */,
     [5] = VMT_VARINT /* model_version */, [6] = VMT_BYTES /* doc_string */, [GRAPH] = VMT_BYTES,
     [OPSET_IMPORT] = VMT_BYTES | VMT_MANY, [14] = VMT_BYTES | VMT_MANY /* metadata_props */,
     [TRAINING_INFO] = VMT_BYTES | VMT_MANY, [FUNCTIONS] = VMT_BYTES | VMT_MANY}};

static const VmtMessage opset_message = {
    "OperatorSetIdProto", {[1] = VMT_BYTES /* domain */, [2] = VMT_VARINT /* version */}};

/* What stands in the outermost message. */
typedef struct Model {
    uint64_t ir_version;
    uint64_t opset, ml_opset; /* 0: not imported */
    VmtSlice graph;           /* data is NULL if there is none */
} Model;

static int read_opset(VmtScan *scan, VmtSlice bytes, Model *model)
{
    VmtCursor cursor = vmt_wire_begin(&opset_message, bytes);
    VmtField field;
    VmtSlice domain = {bytes.data, 0};
    uint64_t version = 0;
    int rc;
    while ((rc = vmt_scan_next(scan, &cursor, &field)) > 0) {
        if (field.number == 1)
            domain = field.bytes;
        else
            version = field.value;
    }
    if (rc < 0)
        return rc;
    /* Versions of other domains do not matter: no operator of theirs is allowed. */
    uint64_t *place = NULL;
    if (domain.size == 0 || vmt_slice_is(domain, "ai.onnx"))
        place = &model->opset;
    else if (vmt_slice_is(domain, "ai.onnx.ml"))
        place = &model->ml_opset;
    if (place && *place)
        return vmt_scan_refuse(scan, "the model imports an operator set twice");
    if (place)
        *place = version;
    return 0;
}

static int read_model(VmtScan *scan, VmtSlice bytes, Model *model)
{
    VmtCursor cursor = vmt_wire_begin(&model_message, bytes);
    VmtField field;
    int rc;
    while ((rc = vmt_scan_next(scan, &cursor, &field)) > 0) {
        switch (field.number) {
        case IR_VERSION:
            model->ir_version = field.value;
            break;
        case GRAPH:
            model->graph = field.bytes;
            break;
        case OPSET_IMPORT:
            rc = read_opset(scan, field.bytes, model);
            break;
        case TRAINING_INFO:
            rc = vmt_scan_refuse(scan, "the model has training information: export it for "
                                 "inference");
            break;
        case FUNCTIONS:
            rc = vmt_scan_refuse(scan, "the model defines functions: export it with plain "
                                 "operators only");
        }
        if (rc < 0)
            return rc;
    }
    return rc;
}

static int check_versions(VmtScan *scan, const Model *model)
{
    if (!model->graph.data || model->ir_version < IR_MIN)
        return vmt_scan_refuse(scan, "the file is no ONNX model: give an .onnx file");
    if (model->opset < OPSET_MIN || model->opset > OPSET_MAX)
        return vmt_scan_refuse(scan, "the model uses operator set %llu, known are %d to %d: "
                               "export it with opset 17", (unsigned long long)model->opset,
                               OPSET_MIN, OPSET_MAX);
    if (model->ml_opset > ML_OPSET_MAX)
        return vmt_scan_refuse(scan, "the model uses ai.onnx.ml %llu, known are 1 to %d",
                               (unsigned long long)model->ml_opset, ML_OPSET_MAX);
    return 0;
}

static int check_sizes(VmtScan *scan)
{
    const VmtSizeUse *use = vmt_sizes_check(&scan->sizes);
    char name[VMT_SLICE_TEXT];
    if (!use)
        return 0;
    if (use->trips)
        return vmt_scan_refuse(scan, "a %s has no trip count that is a constant of at most %d",
                               vmt_slice_text(use->operator, name), VMT_TRIPS_MAX);
    return vmt_scan_refuse(scan, "operator %s asks for a size that is absurd or no constant",
                           vmt_slice_text(use->operator, name));
}

/* Appends e.g. " features[?,6]"; what does not fit is left out. */
static void append_value(char *text, size_t size, const VmtValue *value)
{
    char name[VMT_SLICE_TEXT], dims[VMT_RANK_MAX * 12] = "";
    for (int i = 0; i < value->rank; i++) {
        const size_t n = strlen(dims);
        if (value->dims[i] < 0)
            snprintf(dims + n, sizeof(dims) - n, "%s?", i ? "," : "");
        else
            snprintf(dims + n, sizeof(dims) - n, "%s%d", i ? "," : "", (int)value->dims[i]);
    }
    const size_t n = strlen(text);
    snprintf(text + n, size - n, " %s[%s]", vmt_slice_text(value->name, name), dims);
}

static int copy_name(VmtScan *scan, char *out, VmtSlice name)
{
    if (name.size == 0 || name.size >= VMT_ONNX_NAME_SIZE || memchr(name.data, 0, name.size))
        return vmt_scan_refuse(scan, "an input or output has no usable name");
    memcpy(out, name.data, name.size);
    out[name.size] = '\0';
    return 0;
}

/* The inputs and outputs of the outermost graph. */
typedef struct Ports {
    VmtValue inputs[VMT_ONNX_INPUTS], output;
    int input_count, output_count;
    char input_list[256], output_list[256];
} Ports;

static bool is_number(int type)
{
    return type == VMT_ONNX_FLOAT || type == VMT_ONNX_DOUBLE;
}

static bool is_picture(const VmtValue *value)
{
    return value->rank == 4;
}

static int check_features(VmtScan *scan, const VmtValue *value, const char *list)
{
    if (!is_number(value->type))
        return vmt_scan_refuse(scan, "input%s is not float32 or float64: export the model in "
                               "float32", list);
    if (value->rank != 2 || value->dims[1] != VMT_FEATURES)
        return vmt_scan_refuse(scan, "input%s is not [N,%d]: the model takes other features", list,
                               VMT_FEATURES);
    if (value->dims[0] >= 0)
        return vmt_scan_refuse(scan, "input%s has a fixed number of rows: export the model with a "
                               "dynamic first dimension", list);
    return 0;
}

static int check_codec(VmtScan *scan, const VmtValue *features, const VmtValue *value,
                       const char *list)
{
    if (value->type != features->type || value->rank != 2 || value->dims[0] >= 0 ||
        value->dims[1] < VMT_ONNX_CODEC_MIN || value->dims[1] > VMT_ONNX_CODEC_MAX)
        return vmt_scan_refuse(scan, "inputs%s are not features [N,%d] and a codec block [N,C] of "
                               "the same type, C from %d to %d", list, VMT_FEATURES,
                               VMT_ONNX_CODEC_MIN, VMT_ONNX_CODEC_MAX);
    return 0;
}

static int check_picture(VmtScan *scan, const VmtValue *value, const char *list)
{
    const int64_t *dims = value->dims;
    if (value->type != VMT_ONNX_FLOAT || value->rank != 4 || dims[0] > 1 || dims[0] == 0 ||
        dims[1] != 3 || dims[2] >= 0 || dims[3] >= 0)
        return vmt_scan_refuse(scan, "inputs%s are not features [N,%d] and not pictures, float32 "
                               "[1,3,H,W] with a dynamic height and width", list, VMT_FEATURES);
    return 0;
}

/* The features come first, whichever comes first in the file. */
static void sort_inputs(Ports *ports)
{
    const VmtValue first = ports->inputs[0], second = ports->inputs[1];
    if (ports->input_count == 2 && !is_picture(&first) && first.dims[1] != VMT_FEATURES &&
        second.dims[1] == VMT_FEATURES) {
        ports->inputs[0] = second;
        ports->inputs[1] = first;
    }
}

static int check_inputs(VmtScan *scan, Ports *ports, VmtSignature *out)
{
    const VmtValue *input = ports->inputs;
    const char *list = ports->input_list;
    if (ports->input_count == 0)
        return vmt_scan_refuse(scan, "the model has no input");
    if (ports->input_count > VMT_ONNX_INPUTS)
        return vmt_scan_refuse(scan, "the model takes%s: features [N,%d], alone or with a codec "
                               "block, or one or two pictures are what there is; choose another, "
                               "such as vmaf_tiny_v2", list, VMT_FEATURES);
    sort_inputs(ports);
    out->input_type = input->type;
    out->pictures = is_picture(input) ? ports->input_count : 0;
    int rc = 0;
    for (int i = 0; i < out->pictures && rc == 0; i++)
        rc = check_picture(scan, &input[i], list);
    if (out->pictures)
        return rc;
    rc = check_features(scan, &input[0], list);
    if (rc == 0 && ports->input_count == 2) {
        rc = check_codec(scan, &input[0], &input[1], list);
        out->codec_width = (int)input[1].dims[1];
    }
    return rc;
}

static int check_scores(VmtScan *scan, const VmtValue *value, const char *list)
{
    if (!is_number(value->type))
        return vmt_scan_refuse(scan, "output%s is not float32 or float64: export the model in "
                               "float32", list);
    if (value->rank < 1 || value->rank > 2 || value->dims[0] >= 0 ||
        (value->rank == 2 && value->dims[1] != 1))
        return vmt_scan_refuse(scan, "output%s is not one score per row, [N] or [N,1] with a "
                               "dynamic first dimension", list);
    return 0;
}

/* What a model may answer pictures with: [], [1] or [1,1], or a map. */
static int check_answer(VmtScan *scan, const VmtValue *value, const char *list,
                        VmtSignature *out)
{
    const int64_t *dims = value->dims;
    bool number = value->shaped && value->rank <= 2;
    for (int i = 0; number && i < value->rank; i++)
        number = dims[i] == 1;
    out->map = value->rank == 4 && dims[0] <= 1 && dims[1] == 1;
    if (value->type != VMT_ONNX_FLOAT || (!number && !out->map))
        return vmt_scan_refuse(scan, "output%s is neither a number nor a map [1,1,H,W], float32",
                               list);
    return 0;
}

static int check_output(VmtScan *scan, const Ports *ports, VmtSignature *out)
{
    if (ports->output_count != 1)
        return vmt_scan_refuse(scan, "the model has %d outputs (%s ), not one score",
                               ports->output_count, ports->output_list);
    out->output_type = ports->output.type;
    if (out->pictures)
        return check_answer(scan, &ports->output, ports->output_list, out);
    return check_scores(scan, &ports->output, ports->output_list);
}

static void add_port(const VmtScan *scan, Ports *ports, bool output, const VmtValue *value)
{
    if (output) {
        ports->output = *value;
        ports->output_count++;
        append_value(ports->output_list, sizeof(ports->output_list), value);
    } else if (!vmt_sizes_initialized(&scan->sizes, value->name)) {
        if (ports->input_count < VMT_ONNX_INPUTS)
            ports->inputs[ports->input_count] = *value;
        ports->input_count++;
        append_value(ports->input_list, sizeof(ports->input_list), value);
    }
}

static int check_signature(VmtScan *scan, VmtSlice graph, VmtSignature *out)
{
    VmtCursor cursor = vmt_wire_begin(&vmt_graph_message, graph);
    VmtField field;
    VmtValue value;
    Ports ports = {.input_count = 0};
    int rc;
    while ((rc = vmt_scan_next(scan, &cursor, &field)) > 0) {
        if (field.number != VMT_GRAPH_INPUT && field.number != VMT_GRAPH_OUTPUT)
            continue;
        rc = vmt_scan_value(scan, field.bytes, &value);
        if (rc < 0)
            return rc;
        add_port(scan, &ports, field.number == VMT_GRAPH_OUTPUT, &value);
    }
    if (rc == 0)
        rc = check_inputs(scan, &ports, out);
    if (rc == 0)
        rc = check_output(scan, &ports, out);
    if (rc == 0)
        rc = copy_name(scan, out->input, ports.inputs[0].name);
    if (rc == 0 && ports.input_count == 2)
        rc = copy_name(scan, out->second, ports.inputs[1].name);
    return rc ? rc : copy_name(scan, out->output, ports.output.name);
}

static int check_model(VmtScan *scan, VmtSlice bytes, VmtSignature *out)
{
    /* ONNX Runtime would take this for its own format, whatever else it is. */
    if (bytes.size >= 8 && memcmp(bytes.data + 4, "ORTM", 4) == 0)
        return vmt_scan_refuse(scan, "the file is in ORT format: give the .onnx file");
    Model model = {0};
    int rc = read_model(scan, bytes, &model);
    if (rc == 0)
        rc = check_versions(scan, &model);
    if (rc == 0)
        rc = vmt_scan_graph(scan, model.graph, 0, -1);
    if (rc)
        return rc;
    vmt_sizes_sort(&scan->sizes);
    rc = check_sizes(scan);
    return rc ? rc : check_signature(scan, model.graph, out);
}

int vmt_onnx_check(VmtSignature *out, const uint8_t *data, size_t size, const char *what,
                   VmtError *error)
{
    *out = (VmtSignature){.pictures = 0};
    VmtScan scan = {.what = what, .error = error};
    if (size == 0)
        return vmt_scan_refuse(&scan, "the file is empty: give an .onnx file");
    const int rc = check_model(&scan, (VmtSlice){data, size}, out);
    vmt_sizes_free(&scan.sizes);
    return rc;
}
