# shellcheck shell=bash
# Sourced by build.sh: the CycloneDX 1.5 list of what is inside the two binaries. Needs the *_VERSION variables.

sbom_component() { # NAME VERSION LICENCE SOURCE_PACKAGE SOURCE_VERSION
  # purl: "+" and ":" of a Debian version are percent-encoded
  local purl_version=${5//:/%3A}
  purl_version=${purl_version//+/%2B}
  cat <<JSON
    {
      "type": "library",
      "name": "$1",
      "version": "$2",
      "licenses": [{ "expression": "$3" }],
      "purl": "pkg:deb/debian/$4@$purl_version?arch=source&distro=debian-12",
      "properties": [{ "name": "debian:source-package", "value": "$4" }]
    }
JSON
}

sbom_binary() { # OUT_DIR NAME
  cat <<JSON
    {
      "type": "file",
      "name": "bin/$2",
      "version": "$FFMPEG_VERSION",
      "hashes": [{ "alg": "SHA-256", "content": "$(sha256sum "$1/bin/$2" | cut -d' ' -f1)" }],
      "licenses": [{ "expression": "GPL-2.0-or-later" }]
    }
JSON
}

# The binaries as a whole are GPL-2.0-or-later because x264 is, and ffmpeg is built with --enable-gpl to match.
write_sbom() { # OUT_DIR ARCH
  cat <<JSON
{
  "bomFormat": "CycloneDX",
  "specVersion": "1.5",
  "version": 1,
  "metadata": {
    "timestamp": "$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)",
    "component": {
      "type": "application",
      "name": "sluice-ffmpeg-layer",
      "version": "$FFMPEG_VERSION",
      "licenses": [{ "expression": "GPL-2.0-or-later" }],
      "properties": [{ "name": "sluice:architecture", "value": "$2" }]
    }
  },
  "components": [
$(sbom_binary "$1" ffmpeg),
$(sbom_binary "$1" ffprobe),
$(sbom_component ffmpeg "$FFMPEG_VERSION" GPL-2.0-or-later ffmpeg "$FFMPEG_VERSION"),
$(sbom_component x264 "$X264_VERSION" GPL-2.0-or-later x264 "$X264_VERSION"),
$(sbom_component dav1d "$DAV1D_VERSION" BSD-2-Clause dav1d "$DAV1D_VERSION"),
$(sbom_component libwebp "$WEBP_VERSION" BSD-3-Clause libwebp "$WEBP_VERSION"),
$(sbom_component zlib "$ZLIB_VERSION" Zlib zlib "$ZLIB_VERSION"),
$(sbom_component glibc "$GLIBC_VERSION" LGPL-2.1-or-later glibc "$GLIBC_VERSION"),
$(sbom_component libgcc "$GCC_VERSION" "GPL-3.0-or-later WITH GCC-exception-3.1" gcc-12 "$GCC_VERSION")
  ]
}
JSON
}
