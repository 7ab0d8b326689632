// SPDX-License-Identifier: BSD-2-Clause-Patent
/**
 * @file
 * The log as XML. An attribute whose number is not finite is left out.
 */
#include "report/report.h"
#include "report/text.h"

#include <inttypes.h>
#include <math.h>

static void put_text(VmtFile *file, const char *name, const char *text)
{
    vmt_file_print(file, "%s=\"", name);
    vmt_put_xml(file, text);
    vmt_file_print(file, "\" ");
}

static void put_value(VmtFile *file, const char *name, double x)
{
    if (!isfinite(x))
        return;
    vmt_file_print(file, "%s=\"", name);
    vmt_put_number(file, x);
    vmt_file_print(file, "\" ");
}

static void put_head(VmtFile *file, const VmtReport *report)
{
    const VmtLog *log = report->log;
    vmt_file_print(file, "<VMAF version=\"");
    vmt_put_xml(file, vmt_version());
    vmt_file_print(file, "\">\n  <params ");
    if (log->width > 0 && log->height > 0)
        vmt_file_print(file, "qualityWidth=\"%d\" qualityHeight=\"%d\" ", log->width, log->height);
    vmt_file_print(file, "/>\n  <fyi ");
    if (isfinite(log->fps))
        vmt_file_print(file, "fps=\"%.2f\" ", log->fps);
    vmt_file_print(file, "/>\n");
}

static void put_frames(VmtFile *file, const VmtReport *report)
{
    vmt_file_print(file, "  <frames>\n");
    for (size_t i = 0; i < report->log->frames; i++) {
        vmt_file_print(file, "    <frame frameNum=\"%" PRId64 "\" ", report->log->rows[i].index);
        for (int m = 0; m < report->metric_count; m++)
            put_value(file, report->metrics[m].name, vmt_report_value(report, i, m));
        vmt_file_print(file, "/>\n");
    }
    vmt_file_print(file, "  </frames>\n");
}

static void put_pooled(VmtFile *file, const VmtReport *report)
{
    vmt_file_print(file, "  <pooled_metrics>\n");
    for (int m = 0; m < report->metric_count; m++) {
        vmt_file_print(file, "    <metric name=\"%s\" ", report->metrics[m].name);
        for (int pool = 0; pool < VMT_POOLS; pool++)
            put_value(file, vmt_pool_name(pool), report->metrics[m].pooled[pool]);
        vmt_file_print(file, "/>\n");
    }
    vmt_file_print(file, "  </pooled_metrics>\n  <aggregate_metrics />\n");
}

static void put_facts(VmtFile *file, const VmtReport *report)
{
    vmt_file_print(file, "  <vmaf_tiny ");
    for (int i = 0; i < report->fact_count; i++)
        put_text(file, report->facts[i].key, report->facts[i].text);
    vmt_file_print(file, ">\n");
    for (size_t i = 0; i < report->log->note_count; i++) {
        vmt_file_print(file, "    <note ");
        put_text(file, "key", report->log->notes[i].key);
        put_text(file, "value", report->log->notes[i].value);
        vmt_file_print(file, "/>\n");
    }
    vmt_file_print(file, "  </vmaf_tiny>\n");
}

void vmt_write_xml(VmtFile *file, const VmtReport *report)
{
    put_head(file, report);
    put_frames(file, report);
    put_pooled(file, report);
    put_facts(file, report);
    vmt_file_print(file, "</VMAF>\n");
}
