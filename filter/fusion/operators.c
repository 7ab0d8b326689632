// SPDX-License-Identifier: BSD-2-Clause-Patent
#include "fusion/operators.h"

#include <stdlib.h>
#include <string.h>

enum { SHAPE_0 = VMT_SIZE_INPUT_0, SHAPE_1 = VMT_SIZE_INPUT_1, ATTRIBUTES = VMT_SIZE_ATTRIBUTES };

typedef struct Operator {
    const char *name;
    int bits;
} Operator;

/* Sorted by name, as bsearch() needs it. */
static const Operator operators[] = {
    {"Abs", 0},
    {"Add", 0},
    {"And", 0},
    {"ArgMax", 0},
    {"ArgMin", 0},
    {"AveragePool", ATTRIBUTES},
    {"BatchNormalization", 0},
    {"Cast", 0},
    {"CastLike", 0},
    {"Ceil", 0},
    {"Celu", 0},
    {"Clip", 0},
    {"Concat", 0},
    {"Constant", VMT_CONSTANT},
    {"ConstantOfShape", SHAPE_0},
    {"Conv", ATTRIBUTES},
    {"ConvInteger", ATTRIBUTES},
    {"ConvTranspose", ATTRIBUTES},
    {"Cos", 0},
    {"DepthToSpace", ATTRIBUTES},
    {"DequantizeLinear", 0},
    {"Div", 0},
    {"Dropout", 0},
    {"DynamicQuantizeLinear", 0},
    {"Elu", 0},
    {"Equal", 0},
    {"Erf", 0},
    {"Exp", 0},
    {"Expand", SHAPE_1},
    {"Flatten", 0},
    {"Floor", 0},
    {"Gather", 0},
    {"GatherElements", 0},
    {"GatherND", 0},
    {"Gelu", 0},
    {"Gemm", 0},
    {"GlobalAveragePool", 0},
    {"GlobalMaxPool", 0},
    {"Greater", 0},
    {"GreaterOrEqual", 0},
    {"GroupNormalization", 0},
    {"HardSigmoid", 0},
    {"HardSwish", 0},
    {"Identity", 0},
    {"If", VMT_BODIES},
    {"InstanceNormalization", 0},
    {"IsInf", 0},
    {"IsNaN", 0},
    {"LRN", ATTRIBUTES},
    {"LayerNormalization", 0},
    {"LeakyRelu", 0},
    {"Less", 0},
    {"LessOrEqual", 0},
    {"Log", 0},
    {"LogSoftmax", 0},
    {"Loop", VMT_BODIES | VMT_LOOP},
    {"LpNormalization", 0},
    {"MatMul", 0},
    {"MatMulInteger", 0},
    {"Max", 0},
    {"MaxPool", ATTRIBUTES},
    {"Mean", 0},
    {"MeanVarianceNormalization", 0},
    {"Min", 0},
    {"Mish", 0},
    {"Mod", 0},
    {"Mul", 0},
    {"Neg", 0},
    {"Not", 0},
    {"Or", 0},
    {"PRelu", 0},
    {"Pad", SHAPE_1 | ATTRIBUTES},
    {"Pow", 0},
    {"QLinearConv", ATTRIBUTES},
    {"QLinearMatMul", 0},
    {"QuantizeLinear", 0},
    {"Reciprocal", 0},
    {"ReduceL1", 0},
    {"ReduceL2", 0},
    {"ReduceLogSum", 0},
    {"ReduceLogSumExp", 0},
    {"ReduceMax", 0},
    {"ReduceMean", 0},
    {"ReduceMin", 0},
    {"ReduceProd", 0},
    {"ReduceSum", 0},
    {"ReduceSumSquare", 0},
    {"Relu", 0},
    {"Reshape", 0},
    {"Resize", SHAPE_1 | VMT_SIZE_INPUT_2 | VMT_SIZE_INPUT_3},
    {"Round", 0},
    {"Selu", 0},
    {"Shape", 0},
    {"Sigmoid", 0},
    {"Sign", 0},
    {"Sin", 0},
    {"Size", 0},
    {"Slice", 0},
    {"Softmax", 0},
    {"Softplus", 0},
    {"Softsign", 0},
    {"SpaceToDepth", ATTRIBUTES},
    {"Split", 0},
    {"Sqrt", 0},
    {"Squeeze", 0},
    {"Sub", 0},
    {"Sum", 0},
    {"Tanh", 0},
    {"ThresholdedRelu", 0},
    {"Tile", SHAPE_1},
    {"Transpose", 0},
    {"Unsqueeze", 0},
    {"Upsample", SHAPE_1 | ATTRIBUTES},
    {"Where", 0},
    {"Xor", 0},
};

static int compare(const void *key, const void *element)
{
    const VmtSlice *name = key;
    const char *other = ((const Operator *)element)->name;
    const size_t n = strlen(other);
    const int order = memcmp(name->data, other, name->size < n ? name->size : n);
    return order ? order : (name->size > n) - (name->size < n);
}

int vmt_operator(VmtSlice domain, VmtSlice name)
{
    if (vmt_slice_is(domain, "ai.onnx.ml"))
        return vmt_slice_is(name, "SVMRegressor") ? 0 : -1;
    if (name.size == 0 || (domain.size != 0 && !vmt_slice_is(domain, "ai.onnx")))
        return -1;
    const Operator *found = bsearch(&name, operators, sizeof(operators) / sizeof(*operators),
                                    sizeof(*operators), compare);
    return found ? found->bits : -1;
}
