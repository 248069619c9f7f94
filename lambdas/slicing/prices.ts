/**
 * The one price table: US dollars of AWS's public lists for us-east-1, as the authors knew them on `PRICED`; other regions
 * differ by some tenths. First tiers only, without free tiers, discounts and taxes; and without what is under a hundredth of
 * the whole: events, and scratch space over 512 MiB (0.2 % of a function's price). Pure.
 */
import type { Usage } from '../../lib/contract/cost.ts';

/** Day the list was last gone through. */
export const PRICED = '2026-11-28';

export type Architecture = 'x86_64' | 'arm64';

interface Price {
  readonly dollars: number;
  readonly per: string;
  /** The page that says it. */
  readonly source: string;
}

const LAMBDA = 'aws.amazon.com/lambda/pricing';
const S3 = 'aws.amazon.com/s3/pricing';
const MEDIACONVERT = 'aws.amazon.com/mediaconvert/pricing';

export const PRICES = {
  gbSecond: {
    x86_64: { dollars: 0.000_016_666_7, per: 'GiB-second', source: LAMBDA },
    arm64: { dollars: 0.000_013_333_4, per: 'GiB-second', source: LAMBDA },
  },
  invocation: { dollars: 0.2e-6, per: 'request', source: LAMBDA },
  transition: {
    dollars: 25e-6,
    per: 'transition of a standard workflow',
    source: 'aws.amazon.com/step-functions/pricing',
  },
  put: { dollars: 5e-6, per: 'PUT, COPY, POST or LIST', source: S3 },
  get: { dollars: 0.4e-6, per: 'GET', source: S3 },
  write: { dollars: 0.625e-6, per: 'write unit, on demand', source: 'aws.amazon.com/dynamodb/pricing/on-demand' },
  storedGbMonth: { dollars: 0.023, per: 'GB-month, standard', source: S3 },
  normalizedMinute: { dollars: 0.0075, per: 'normalized minute, Basic tier', source: MEDIACONVERT },
} as const satisfies Record<string, Price | Record<Architecture, Price>>;

/**
 * MediaConvert's multipliers in the Basic tier (AVC, one pass): by the picture's size, and by its rate. The sizes are the
 * page's (SD, HD and UHD are 0.0075, 0.015 and 0.030 dollars a minute); the other two numbers are the authors' assumption,
 * which the page behind them could not be read for.
 */
export const MULTIPLIERS = {
  sd: 1,
  hd: 2,
  uhd: 4,
  /** Over 30 frames/s: assumed. */
  fast: 1.5,
  /** An output of sound alone: assumed, a third of SD. */
  sound: 1 / 3,
} as const;

/** Seconds that an output of MediaConvert is charged for at least. */
export const MEDIACONVERT_LEAST_SECONDS = 10;

interface HostedService {
  readonly name: string;
  /** A source minute, once. */
  readonly encodeMinute: number;
  /** A source minute, each month. */
  readonly storeMinute: number;
  readonly priced: string;
  readonly source: string;
}

/** What the same video costs elsewhere before anybody watches it. */
export const HOSTED: readonly HostedService[] = [
  {
    name: 'Mux, basic quality',
    encodeMinute: 0,
    storeMinute: 0.0024,
    priced: '2026-05-25',
    source: 'mux.com/pricing/video',
  },
  {
    name: 'Cloudflare Stream',
    encodeMinute: 0,
    storeMinute: 0.005,
    priced: '2026-07-11',
    source: 'developers.cloudflare.com/stream/pricing',
  },
];

/** Bytes of a GB as S3 bills it. */
export const GB = 1e9;

export const NOTHING: Usage = {
  gbSeconds: 0,
  invocations: 0,
  transitions: 0,
  puts: 0,
  gets: 0,
  writes: 0,
  normalizedMinutes: 0,
};

export const addUsage = (parts: readonly Partial<Usage>[]): Usage =>
  Object.fromEntries(
    Object.keys(NOTHING).map((name) => [name, parts.reduce((sum, part) => sum + (part[name as keyof Usage] ?? 0), 0)]),
  ) as Usage;

export function dollarsOf(used: Usage, architecture: Architecture): number {
  return (
    used.gbSeconds * PRICES.gbSecond[architecture].dollars +
    used.invocations * PRICES.invocation.dollars +
    used.transitions * PRICES.transition.dollars +
    used.puts * PRICES.put.dollars +
    used.gets * PRICES.get.dollars +
    used.writes * PRICES.write.dollars +
    used.normalizedMinutes * PRICES.normalizedMinute.dollars
  );
}

/** Dollars a month of keeping so many bytes. */
export const monthlyDollars = (bytes: number): number => (bytes / GB) * PRICES.storedGbMonth.dollars;

interface Picture {
  readonly width: number;
  readonly height: number;
  readonly frameRate: number;
}

/**
 * Normalized minutes of one output. SD ends below 720 lines, HD at 1080, by the side that is shorter; of audio alone pass
 * null.
 */
export function normalizedMinutes(picture: Picture | null, seconds: number): number {
  const minutes = Math.max(seconds, MEDIACONVERT_LEAST_SECONDS) / 60;
  if (picture === null) return minutes * MULTIPLIERS.sound;
  const lines = Math.min(picture.width, picture.height);
  const size = lines < 720 ? MULTIPLIERS.sd : lines <= 1080 ? MULTIPLIERS.hd : MULTIPLIERS.uhd;
  return minutes * size * (picture.frameRate > 30 ? MULTIPLIERS.fast : 1);
}
