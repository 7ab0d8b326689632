#!/bin/sh
# Encode and score in one command, decoding what was just encoded: encode.sh SOURCE ENCODE
# With a loopback decoder, which FFmpeg has from 7.0 on. ENCODER is libx264 unless it is set.
set -eu
ffmpeg=${FFMPEG:-ffmpeg}
case $("$ffmpeg" -version) in
"ffmpeg version "[1-6].* | "ffmpeg version n"[1-6].*)
    echo "encode.sh: this needs FFmpeg 7.0 or later (make ffmpeg)" >&2
    exit 1
    ;;
esac
exec "$ffmpeg" -hide_banner -nostats -y -i "$1" -map 0:v:0 -c:v "${ENCODER:-libx264}" "$2" \
    -dec 0:0 -filter_complex "[dec:0][0:v]vmaf_tiny[scored]" -map "[scored]" -f null -
