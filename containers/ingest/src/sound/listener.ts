/** A stream's telephone sound on its way to the encoder and back, while somebody hears it. */
import type { AudioUnit } from '../media/unit.ts';
import type { Metrics } from '../common/metrics.ts';
import type { Sound, Sounds, Take } from './sounds.ts';

export class Listener {
  readonly #sounds: Pick<Sounds, 'open'>;
  readonly #metrics: Pick<Metrics, 'add'>;
  readonly #take: Take;
  #sound: Sound | undefined;
  #isHeard = false;

  constructor(sounds: Pick<Sounds, 'open'>, metrics: Pick<Metrics, 'add'>, take: Take) {
    this.#sounds = sounds;
    this.#metrics = metrics;
    this.#take = take;
  }

  set isHeard(isHeard: boolean) {
    this.#isHeard = isHeard;
    if (!isHeard) this.end();
  }

  push(unit: AudioUnit): void {
    if (!this.#isHeard) {
      this.#metrics.add('unheardSounds');
      return;
    }
    this.#sound ??= this.#sounds.open(this.#take);
    if (this.#sound === undefined) this.#metrics.add('droppedSounds');
    else this.#sound.push(unit);
  }

  /** The connection it came by is over, or nobody hears it any more. */
  end(): void {
    this.#sound?.end();
    this.#sound = undefined;
  }
}
