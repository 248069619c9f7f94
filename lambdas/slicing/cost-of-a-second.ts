/**
 * What a second of video costs in CPU, requests and bytes: the measured numbers that estimates are made of, in this one
 * place. Pure.
 *
 * How the CPU was measured: 8 s of 1920x1080 at 30 frames/s, a moving test picture with noise at 10 Mbit/s (noise is dearer
 * than most films), through the layer's ffmpeg with one thread, once with a picture of 64x36 for decoding, then at 1080, 720
 * and 360 lines for each preset; user and system time of the process, on an AMD EPYC virtual machine of two processors that
 * had other work. That gave the presets' ratio; their level is from whole chunks of the benchmark's source of 6 Mbit/s
 * (`npm run bench:slicing` prints it), on the same machine. At rest it takes a tenth less, which estimates do not count on.
 * A vCPU of Lambda is taken for as fast as one of those, whichever its architecture: nothing was measured on AWS.
 */

/** CPU seconds to decode a megapixel of the source: 0.004 was measured with scaling once, which is told apart. */
export const DECODE = 0.0032;

/** Times `DECODE`, for codecs that take more than H.264; those not named count as it. */
export const HEAVY_CODECS: Readonly<Record<string, number>> = { hevc: 2, vp9: 1.5, av1: 2, prores: 2, dnxhd: 1.5 };

/** CPU seconds to scale one rung, for a megapixel of the source. */
export const SCALE = 0.0008;

/** CPU seconds to encode a megapixel of a rung, by x264 preset. */
export const ENCODE: Readonly<Record<string, number>> = {
  ultrafast: 0.0027,
  superfast: 0.0066,
  veryfast: 0.013,
  faster: 0.02,
  fast: 0.029,
  medium: 0.036,
};

/** CPU seconds to encode a second of stereo AAC. */
export const SOUND = 0.012;

/** MiB of a Lambda's memory that buy one vCPU (Lambda developer guide, "Configure memory"). */
export const MIB_A_VCPU = 1769;

/** Share of the vCPUs that is used while a chunk is encoded: threads end at different times. */
export const BUSY = 0.9;

/** Share of scaling and encoding that one thread of ffmpeg does: a chunk's rungs are encoded one after another. */
export const ONE_THREAD = 0.97;

/** Bytes that one request of copying reads (lambdas/slicing/copier.ts). */
export const COPY_READ = 4 * 1024 ** 2;

/** Seconds of a function beside encoding: its start, reading, the last segments' way to S3. */
export const AROUND = { probe: 2.5, chunk: 1.2, copy: 1, assemble: 2.5 } as const;

/** Bytes a second that a function moves to or from S3, which copying is bound by. */
export const BYTES_A_SECOND = 75e6;

/** S3 requests of a step beside its segments. */
export const REQUESTS = {
  probe: { puts: 1, gets: 8 },
  chunk: { puts: 1, gets: 4 },
  assemble: { puts: 2, gets: 3 },
} as const;

/** DynamoDB write units of a step: places, progress, the status and its event. */
export const WRITES = { probe: 12, chunk: 8, assemble: 12 } as const;

/**
 * Transitions of Step Functions: of the run itself, and of each task, which is one of the run where there are few (`FEW` of
 * lib/constructs/slicing-flow.ts), else an execution of its own. Start and End count as AWS's own example counts them: two more
 * than states.
 */
export const TRANSITIONS = { run: 6, chunk: 3, chunkOfFew: 1, few: 8, convert: 2 } as const;

/** Write units of one write of a video's record, which is a few KB. */
export const UNITS_A_WRITE = 4;

/** Kept bytes over what the ladder allows on average: it aims at a quality and stays below. */
export const FILL = 0.8;
