// SPDX-License-Identifier: BSD-2-Clause-Patent
/*
 * Compiles only if our declaration of ONNX Runtime's interface agrees with its own header: the
 * same slots, the same types of functions, the same numbers. See ort_slots.py.
 */
#include <onnxruntime_c_api.h>

#include "fusion/ort_api.h"

#define SAME(ours, theirs)                                                                      \
    _Static_assert(offsetof(VmtOrtApi, ours) == offsetof(OrtApi, theirs), #ours ": slot");      \
    _Static_assert(__builtin_types_compatible_p(__typeof__(((VmtOrtApi *)0)->ours),             \
                                                __typeof__(((OrtApi *)0)->theirs)), #ours ": type")

SAME(get_error_message, GetErrorMessage);
SAME(create_env, CreateEnv);
SAME(create_session_from_array, CreateSessionFromArray);
SAME(run, Run);
SAME(create_session_options, CreateSessionOptions);
SAME(set_session_execution_mode, SetSessionExecutionMode);
SAME(set_session_log_severity_level, SetSessionLogSeverityLevel);
SAME(set_intra_op_num_threads, SetIntraOpNumThreads);
SAME(set_inter_op_num_threads, SetInterOpNumThreads);
SAME(create_tensor_with_data_as_ort_value, CreateTensorWithDataAsOrtValue);
SAME(is_tensor, IsTensor);
SAME(get_tensor_mutable_data, GetTensorMutableData);
SAME(get_tensor_element_type, GetTensorElementType);
SAME(get_dimensions_count, GetDimensionsCount);
SAME(get_dimensions, GetDimensions);
SAME(get_tensor_type_and_shape, GetTensorTypeAndShape);
SAME(create_cpu_memory_info, CreateCpuMemoryInfo);
SAME(release_env, ReleaseEnv);
SAME(release_status, ReleaseStatus);
SAME(release_memory_info, ReleaseMemoryInfo);
SAME(release_session, ReleaseSession);
SAME(release_value, ReleaseValue);
SAME(release_tensor_type_and_shape_info, ReleaseTensorTypeAndShapeInfo);
SAME(release_session_options, ReleaseSessionOptions);
SAME(get_available_providers, GetAvailableProviders);
SAME(release_available_providers, ReleaseAvailableProviders);
SAME(add_session_config_entry, AddSessionConfigEntry);
SAME(append_rocm, SessionOptionsAppendExecutionProvider_ROCM);
SAME(append_cuda, SessionOptionsAppendExecutionProvider_CUDA_V2);
SAME(create_cuda_provider_options, CreateCUDAProviderOptions);
SAME(release_cuda_provider_options, ReleaseCUDAProviderOptions);
SAME(create_rocm_provider_options, CreateROCMProviderOptions);
SAME(release_rocm_provider_options, ReleaseROCMProviderOptions);
SAME(append_openvino, SessionOptionsAppendExecutionProvider_OpenVINO_V2);

_Static_assert(offsetof(VmtOrtApiBase, get_api) == offsetof(OrtApiBase, GetApi), "get_api");
_Static_assert(offsetof(VmtOrtApiBase, get_version_string) ==
                   offsetof(OrtApiBase, GetVersionString), "get_version_string");
_Static_assert(sizeof(VmtOrtApi) <= sizeof(OrtApi), "the real table is longer");
_Static_assert((int)VMT_ORT_API_VERSION <= ORT_API_VERSION, "version");
_Static_assert((int)VMT_ORT_LOG_FATAL == (int)ORT_LOGGING_LEVEL_FATAL, "level");
_Static_assert((int)VMT_ORT_SEQUENTIAL == (int)ORT_SEQUENTIAL, "mode");
_Static_assert((int)VMT_ORT_ARENA == (int)OrtArenaAllocator, "allocator");
_Static_assert((int)VMT_ORT_MEMORY_DEFAULT == (int)OrtMemTypeDefault, "memory");
_Static_assert((int)VMT_ORT_FLOAT == (int)ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, "type");
