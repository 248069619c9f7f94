/**
 * One JSON line an event, on stdout. What devices do wrong is counted and logged once a second, never once a packet. Keys,
 * codes and queries of URLs are never logged. What is about a device says so under the name that the API's functions use, too, so
 * that one question finds a device's connection and its viewers (docs/runbook.md).
 */

type Level = 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, unknown>>;

export type Write = (line: string) => void;

export class Log {
  readonly #write: Write;
  readonly #base: LogFields;
  #errors = new Map<string, { count: number; device: string | undefined; detail: string | undefined }>();

  constructor(base: LogFields, write: Write = (line) => process.stdout.write(`${line}\n`)) {
    this.#base = base;
    this.#write = write;
  }

  line(level: Level, message: string, fields: LogFields = {}): void {
    const { device } = fields;
    const about = device === undefined ? {} : { correlation_id: device };
    this.#write(JSON.stringify({ level, time: new Date().toISOString(), message, ...this.#base, ...about, ...fields }));
  }

  info(message: string, fields?: LogFields): void {
    this.line('info', message, fields);
  }

  /** Something of ours failed. Said once a second for each kind, with the latest cause. */
  failure(kind: string, error: unknown): void {
    this.trouble(kind, undefined, error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  }

  /** A device did something wrong: counted, and told with the next second's summary. */
  trouble(kind: string, device?: string, detail?: string): void {
    const entry = this.#errors.get(kind);
    if (entry === undefined) this.#errors.set(kind, { count: 1, device, detail });
    else {
      entry.count += 1;
      entry.device = device;
      entry.detail = detail;
    }
  }

  /** Call it once a second. */
  summary(): void {
    if (this.#errors.size === 0) return;
    const errors = this.#errors;
    this.#errors = new Map();
    for (const [kind, { count, device, detail }] of errors)
      this.line('warn', 'trouble', { kind, count, ...(device && { device }), ...(detail && { detail }) });
  }
}
