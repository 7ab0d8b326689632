// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * The part of ONNX Runtime's C interface that is used, so that no header of it is needed.
 *
 * The interface is a table of functions that only ever grows at its end. A function has the same
 * place in it, its slot, for ever. This is the front of the table as of version 17 of the
 * interface (ONNX Runtime 1.17), with a member where a function is used and room where not:
 * skip_4[8 - 4] stands for slots 4 to 7. Types that are only pointed to keep their names, so that
 * a compiler that sees both this and the real header can compare them.
 */
#ifndef VMT_FUSION_ORT_API_H
#define VMT_FUSION_ORT_API_H

#include <stddef.h>
#include <stdint.h>

enum {
    VMT_ORT_API_VERSION = 17, /**< to ask for */
    VMT_ORT_LOG_FATAL = 4,    /**< OrtLoggingLevel */
    VMT_ORT_SEQUENTIAL = 0,   /**< ExecutionMode */
    VMT_ORT_ARENA = 1,        /**< OrtAllocatorType: OrtArenaAllocator */
    VMT_ORT_MEMORY_DEFAULT = 0, /**< OrtMemType */
    VMT_ORT_FLOAT = 1         /**< ONNXTensorElementDataType */
};

typedef struct OrtStatus OrtStatus;
typedef struct OrtEnv OrtEnv;
typedef struct OrtMemoryInfo OrtMemoryInfo;
typedef struct OrtSession OrtSession;
typedef struct OrtSessionOptions OrtSessionOptions;
typedef struct OrtRunOptions OrtRunOptions;
typedef struct OrtValue OrtValue;
typedef struct OrtTensorTypeAndShapeInfo OrtTensorTypeAndShapeInfo;
typedef struct OrtCUDAProviderOptionsV2 OrtCUDAProviderOptionsV2;
typedef struct OrtROCMProviderOptions OrtROCMProviderOptions;

typedef void (*VmtOrtSlot)(void);

/**
 * The front of OrtApi. Functions that return OrtStatus * return NULL for success. Enumerations
 * without negative values are passed as unsigned, the others as int, as compilers do.
 */
typedef struct VmtOrtApi {
    VmtOrtSlot skip_0[2 - 0];
    const char *(*get_error_message)(const OrtStatus *status);
    OrtStatus *(*create_env)(unsigned log_level, const char *log_id, OrtEnv **out);
    VmtOrtSlot skip_4[8 - 4];
    OrtStatus *(*create_session_from_array)(const OrtEnv *env, const void *data, size_t size,
                                            const OrtSessionOptions *options, OrtSession **out);
    OrtStatus *(*run)(OrtSession *session, const OrtRunOptions *options,
                      const char *const *input_names, const OrtValue *const *inputs,
                      size_t input_count, const char *const *output_names, size_t output_count,
                      OrtValue **outputs);
    OrtStatus *(*create_session_options)(OrtSessionOptions **out);
    VmtOrtSlot skip_11[13 - 11];
    OrtStatus *(*set_session_execution_mode)(OrtSessionOptions *options, unsigned mode);
    VmtOrtSlot skip_14[22 - 14];
    OrtStatus *(*set_session_log_severity_level)(OrtSessionOptions *options, int level);
    VmtOrtSlot skip_23[24 - 23];
    OrtStatus *(*set_intra_op_num_threads)(OrtSessionOptions *options, int threads);
    OrtStatus *(*set_inter_op_num_threads)(OrtSessionOptions *options, int threads);
    VmtOrtSlot skip_26[49 - 26];
    OrtStatus *(*create_tensor_with_data_as_ort_value)(const OrtMemoryInfo *info, void *data,
                                                       size_t size, const int64_t *shape,
                                                       size_t rank, unsigned type,
                                                       OrtValue **out);
    OrtStatus *(*is_tensor)(const OrtValue *value, int *out);
    OrtStatus *(*get_tensor_mutable_data)(OrtValue *value, void **out);
    VmtOrtSlot skip_52[60 - 52];
    OrtStatus *(*get_tensor_element_type)(const OrtTensorTypeAndShapeInfo *info, unsigned *out);
    OrtStatus *(*get_dimensions_count)(const OrtTensorTypeAndShapeInfo *info, size_t *out);
    OrtStatus *(*get_dimensions)(const OrtTensorTypeAndShapeInfo *info, int64_t *dims,
                                 size_t count);
    VmtOrtSlot skip_63[65 - 63];
    OrtStatus *(*get_tensor_type_and_shape)(const OrtValue *value,
                                            OrtTensorTypeAndShapeInfo **out);
    VmtOrtSlot skip_66[69 - 66];
    OrtStatus *(*create_cpu_memory_info)(int allocator_type, int memory_type,
                                         OrtMemoryInfo **out);
    VmtOrtSlot skip_70[92 - 70];
    void (*release_env)(OrtEnv *env);
    void (*release_status)(OrtStatus *status);
    void (*release_memory_info)(OrtMemoryInfo *info);
    void (*release_session)(OrtSession *session);
    void (*release_value)(OrtValue *value);
    VmtOrtSlot skip_97[99 - 97];
    void (*release_tensor_type_and_shape_info)(OrtTensorTypeAndShapeInfo *info);
    void (*release_session_options)(OrtSessionOptions *options);
    VmtOrtSlot skip_101[125 - 101];
    OrtStatus *(*get_available_providers)(char ***out, int *count);
    OrtStatus *(*release_available_providers)(char **providers, int count);
    VmtOrtSlot skip_127[130 - 127];
    OrtStatus *(*add_session_config_entry)(OrtSessionOptions *options, const char *key,
                                           const char *value);
    VmtOrtSlot skip_131[153 - 131];
    OrtStatus *(*append_rocm)(OrtSessionOptions *options, const OrtROCMProviderOptions *rocm);
    VmtOrtSlot skip_154[204 - 154];
    OrtStatus *(*append_cuda)(OrtSessionOptions *options, const OrtCUDAProviderOptionsV2 *cuda);
    OrtStatus *(*create_cuda_provider_options)(OrtCUDAProviderOptionsV2 **out);
    VmtOrtSlot skip_206[208 - 206];
    void (*release_cuda_provider_options)(OrtCUDAProviderOptionsV2 *cuda);
    VmtOrtSlot skip_209[255 - 209];
    OrtStatus *(*create_rocm_provider_options)(OrtROCMProviderOptions **out);
    VmtOrtSlot skip_256[258 - 256];
    void (*release_rocm_provider_options)(OrtROCMProviderOptions *rocm);
    VmtOrtSlot skip_259[275 - 259];
    OrtStatus *(*append_openvino)(OrtSessionOptions *options, const char *const *keys,
                                  const char *const *values, size_t count);
} VmtOrtApi;

/** What the one exported function, OrtGetApiBase(), returns. */
typedef struct VmtOrtApiBase {
    const VmtOrtApi *(*get_api)(uint32_t version);
    const char *(*get_version_string)(void);
} VmtOrtApiBase;

#endif
