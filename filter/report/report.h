// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * What the formats write, made from a VmtLog once for all of them.
 */
#ifndef VMT_REPORT_REPORT_H
#define VMT_REPORT_REPORT_H

#include "report/output.h"

enum {
    VMT_METRICS_MAX = VMT_FEATURES + 1,
    VMT_FACTS_MAX = 24,
    VMT_NUMBER_SIZE = 16
};

/** A column of the log. */
typedef struct VmtMetric {
    char name[32];            /**< as libvmaf calls it, e.g. "integer_adm2" */
    double pooled[VMT_POOLS]; /**< not finite where a value is not */
} VmtMetric;

/** A line of the block that says how the log came about. */
typedef struct VmtFact {
    const char *key;
    const char *text; /**< UTF-8 */
    int bare;         /**< a number or truth value, in JSON without quotes */
} VmtFact;

/** A log, ready to be written. */
typedef struct VmtReport {
    const VmtLog *log;
    int metric_count;
    VmtMetric metrics[VMT_METRICS_MAX];
    int fact_count;
    VmtFact facts[VMT_FACTS_MAX];
    /** Texts of facts. */
    char width[VMT_NUMBER_SIZE], height[VMT_NUMBER_SIZE];
    char vif_gain_limit[VMT_NUMBER_SIZE], adm_gain_limit[VMT_NUMBER_SIZE];
} VmtReport;

/** Value of a metric in the i-th frame of the log; may be not finite. */
double vmt_report_value(const VmtReport *report, size_t i, int metric);

void vmt_write_xml(VmtOutput *out, const VmtReport *report);
void vmt_write_json(VmtOutput *out, const VmtReport *report);
void vmt_write_csv(VmtOutput *out, const VmtReport *report);
void vmt_write_sub(VmtOutput *out, const VmtReport *report);

#endif
