# shellcheck shell=bash disable=SC2034
# Exact Debian 12 versions of everything linked into the binaries, so that one recipe hash means one content.
# To move to a security update, put the new version here: the hash changes and every cache rebuilds.
# Debian keeps only its newest version on the mirrors; older ones are at snapshot.debian.org (see docs/ffmpeg-layer.md).

# Source packages, built here.
FFMPEG_VERSION=7:5.1.9-0+deb12u1
DAV1D_VERSION=1.0.0-2+deb12u1

# Binary packages whose static library is linked as it is.
X264_VERSION=2:0.164.3095+gitbaee400-3
WEBP_VERSION=1.2.4-0.2+deb12u1
ZLIB_VERSION=1:1.2.13.dfsg-1
