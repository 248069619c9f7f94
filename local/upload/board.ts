/** What a terminal shows while files are sent: lines that stay, and below them one that moves. */
const BAR = 24;
/** Milliseconds the speed is measured over. */
const WINDOW = 5000;
/** Milliseconds between two lines where there is no terminal to redraw. */
const SELDOM = 10_000;

interface Out {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export class Board {
  readonly #out: Out;
  readonly #timer: NodeJS.Timeout;
  readonly #count: number;
  readonly #underWay = new Set<string>();
  #total = 0;
  #done = 0;
  #finished = 0;
  #shown = 0;
  #marks: { readonly at: number; readonly done: number }[] = [];

  /** `count`: how many files there are in all. */
  constructor(count: number, out: Out = process.stdout) {
    this.#count = count;
    this.#out = out;
    this.#timer = setInterval(() => this.#draw(), out.isTTY === true ? 200 : 1000);
  }

  /** Of one file, until `end`. */
  begin(name: string): {
    total: (bytes: number) => void;
    add: (bytes: number) => void;
    note: (line: string) => void;
    end: () => void;
  } {
    this.#underWay.add(name);
    return {
      total: (bytes) => void (this.#total += bytes),
      add: (bytes) => void (this.#done += bytes),
      note: (line) => this.print(`${name}: ${line}`),
      end: () => {
        this.#underWay.delete(name);
        this.#finished += 1;
      },
    };
  }

  print(line: string): void {
    this.#out.write(`${this.#clear()}${line}\n`);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#out.write(this.#clear());
  }

  #clear = () => (this.#out.isTTY === true ? '\r\u001B[K' : '');

  #draw(): void {
    const now = Date.now();
    this.#marks = [...this.#marks.filter(({ at }) => now - at < WINDOW), { at: now, done: this.#done }];
    const [first] = this.#marks;
    const rate = now > first!.at ? ((this.#done - first!.done) / (now - first!.at)) * 1000 : 0;
    const line = progressLine({
      done: this.#done,
      total: this.#total,
      rate,
      finished: this.#finished,
      count: this.#count,
      underWay: [...this.#underWay],
    });
    if (this.#out.isTTY === true) this.#out.write(`${this.#clear()}${line.slice(0, (this.#out.columns ?? 80) - 1)}`);
    else if (now - this.#shown >= SELDOM) {
      this.#shown = now;
      this.#out.write(`${line}\n`);
    }
  }
}

interface Progress {
  /** Bytes, of all files that were begun. */
  readonly done: number;
  readonly total: number;
  /** Bytes a second. */
  readonly rate: number;
  readonly finished: number;
  readonly count: number;
  readonly underWay: readonly string[];
}

/** Pure. */
export function progressLine({ done, total, rate, finished, count, underWay }: Progress): string {
  const share = total === 0 ? 0 : Math.min(1, Math.max(0, done / total));
  const full = Math.round(share * BAR);
  const left = rate > 0 ? ` ${time((total - done) / rate)} left` : '';
  const names =
    underWay.length === 0 ? '' : `  ${underWay[0]!}${underWay.length > 1 ? ` and ${underWay.length - 1} more` : ''}`;
  const files = count > 1 ? `${finished}/${count} files  ` : '';
  return `${files}[${'#'.repeat(full)}${'-'.repeat(BAR - full)}] ${Math.floor(share * 100)} %  ${bytes(done)} of ${bytes(total)}  ${bytes(rate)}/s${left}${names}`;
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

function bytes(value: number): string {
  const unit = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, value)) / 3)));
  const amount = value / 1000 ** unit;
  return `${amount.toFixed(unit === 0 || amount >= 100 ? 0 : 1)} ${UNITS[unit]}`;
}

function time(seconds: number): string {
  if (seconds < 100) return `${Math.ceil(Math.max(0, seconds))} s`;
  if (seconds < 6000) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
