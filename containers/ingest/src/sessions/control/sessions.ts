/** Control connections of this task by device: the newest of an identity is the one that counts. */
import type { ControlSession } from './session.ts';

export class Sessions {
  readonly #byDevice = new Map<string, ControlSession>();

  get count(): number {
    return this.#byDevice.size;
  }

  get(device: string): ControlSession | undefined {
    return this.#byDevice.get(device);
  }

  /** An older connection of the same device is closed. */
  take(device: string, session: ControlSession): void {
    const before = this.#byDevice.get(device);
    this.#byDevice.set(device, session);
    if (before !== undefined && before !== session) before.replaced();
  }

  left(device: string, session: ControlSession): boolean {
    if (this.#byDevice.get(device) !== session) return false;
    return this.#byDevice.delete(device);
  }

  all(): ControlSession[] {
    return [...this.#byDevice.values()];
  }

  tick(now: number): void {
    for (const session of this.#byDevice.values()) {
      try {
        session.tick(now);
      } catch (error) {
        session.fault(error);
      }
    }
  }
}
