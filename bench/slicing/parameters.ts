/** What the model takes for granted of the cloud, each with where it is from. */
export interface Parameter {
  readonly value: number;
  readonly unit: string;
  readonly source: string;
}

const parameter = (value: number, unit: string, source: string): Parameter => ({ value, unit, source });

export const PARAMETERS = {
  rampFunctions: parameter(
    1000,
    'functions a 10 s',
    'Lambda developer guide, "Lambda scaling behavior": each function gains at most 1,000 environments every 10 seconds',
  ),
  coldStart: parameter(
    0.5,
    's',
    'Lambda developer guide, "Cold starts and latency": under 100 ms to over 1 second; Node functions of a megabyte are published at 150 to 400 ms, and these have a layer',
  ),
  coldShare: parameter(1, '', 'nobody sliced anything before: every function starts cold'),
  step: parameter(
    0.1,
    's',
    'assumed, AWS publishes none: from one state to the next, or from the API to the first, until the function runs',
  ),
  mapStarts: parameter(
    300,
    'executions a s',
    'Step Functions quotas, StartExecution in us-east-1: refill of the bucket; its 1,300 to begin with are left out',
  ),
  mapRun: parameter(0.5, 's', 'assumed, AWS publishes none: until a Distributed Map starts its first execution'),
  request: parameter(
    0.05,
    's',
    'assumed: half of the 100 milliseconds that the S3 user guide ("Performance design patterns") names as least for small objects, since function and bucket are in one region',
  ),
  throughput: parameter(
    75e6,
    'bytes/s',
    'S3 user guide, "Performance guidelines": 85 to 90 MB/s a request; a function measures 400 to 700 Mbit/s (DPG Media 2022 and others)',
  ),
  write: parameter(0.01, 's', 'DynamoDB developer guide: single-digit milliseconds'),
  mibOfVcpu: parameter(
    1769,
    'MiB',
    'Lambda developer guide, "Configure memory": 1,769 MB have the equivalent of one vCPU',
  ),
  speed: parameter(
    1,
    'of a vCPU measured here',
    'assumed: x264 on Graviton2 is some tenths slower a core than on the newest x86 and faster than a busy hyperthread (arXiv 2106.06242)',
  ),
  spread: parameter(
    0.15,
    'of a function',
    'assumed: of functions of the same work the slowest takes so much longer than their mean, the fastest as much less',
  ),
  retried: parameter(0.002, 'of invocations', 'assumed: one in 500 dies or is throttled and is tried again'),
  retryWait: parameter(1, 's', 'lib/constructs/retries.ts: the first wait, on average'),
} as const satisfies Record<string, Parameter>;

/** Median seconds until published, standard input: mux.com/blog/how-to-transcode-video-100x-faster-or-a-gordian-knot-cut, 2023. */
const MUX: readonly (readonly [minutes: number, seconds: number])[] = [
  [1, 1.8],
  [5, 2.6],
  [20, 5.5],
  [60, 26.7],
  [Infinity, 50.1],
];
export const muxSeconds = (minutes: number): number => MUX.find(([most]) => minutes <= most)![1];

/** Seconds whatever the length, by encoding when it is played: bunny.net's own words. */
export const BUNNY_SECONDS = '10-15';

/** Of the duration, what a conversion takes by AWS's own guidance for MediaConvert. */
export const MEDIACONVERT_SHARE = 0.5;
