#!/bin/sh
# Scores as frames pass, for another program to read: metadata.sh ENCODE SOURCE
# Two lines per frame: "frame:0 pts:0 pts_time:0" and "lavfi.vmaf_tiny.vmaf=93.456789".
set -eu
exec "${FFMPEG:-ffmpeg}" -hide_banner -v error -i "$1" -i "$2" \
    -lavfi "[0:v][1:v]vmaf_tiny,metadata=print:key=lavfi.vmaf_tiny.vmaf:file=-" -an -f null -
