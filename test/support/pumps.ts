/**
 * Texts that make a regular expression go back as often as it can: from its own source, for each part that repeats, a way
 * to that part, then what it repeats, many times, then what it cannot go on from. And the beginning of the expression, many
 * times, for those that start anew at every place. An expression whose steps grow with the square of a text's length
 * takes minutes for one of these; one that is linear, milliseconds.
 */

type Node =
  | { readonly kind: 'characters'; readonly source: string }
  | { readonly kind: 'group'; readonly alternatives: readonly Sequence[]; readonly width: boolean }
  | { readonly kind: 'place' };
interface Term {
  readonly node: Node;
  readonly min: number;
  readonly endless: boolean;
}
type Sequence = readonly Term[];

class Reader {
  readonly #source: string;
  #at = 0;
  constructor(source: string) {
    this.#source = source;
  }
  #take(expression: RegExp): RegExpExecArray | null {
    const sticky = new RegExp(expression.source, 'y');
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.#source);
    if (found) this.#at = sticky.lastIndex;
    return found;
  }
  alternatives(): Sequence[] {
    const all: Sequence[] = [];
    do all.push(this.#sequence());
    while (this.#take(/\|/));
    return all;
  }
  #sequence(): Sequence {
    const terms: Term[] = [];
    while (this.#at < this.#source.length && !/[|)]/.test(this.#source[this.#at]!)) {
      const node = this.#atom();
      const repeat = this.#take(/([*+?])\??|\{(\d+)(,?)(\d*)\}\??/);
      const [, sign, least, comma, most] = repeat ?? [];
      const min = sign === '*' || sign === '?' ? 0 : Number(least ?? 1);
      const endless = sign === '*' || sign === '+' || (comma === ',' && most === '');
      terms.push({ node, min, endless });
    }
    return terms;
  }
  #atom(): Node {
    if (this.#take(/\^|\$|\\[bB]/)) return { kind: 'place' };
    const group = this.#take(/\((\?(?:<?[=!]|:|<\w+>))?/);
    if (group) {
      const alternatives = this.alternatives();
      if (!this.#take(/\)/)) throw new Error(`no end of a group in ${this.#source}`);
      return { kind: 'group', alternatives, width: !/[=!]$/.test(group[1] ?? '') };
    }
    const characters = this.#take(
      /\[(?:\\.|[^\]\\])*\]|\\p\{\w+\}|\\u[0-9a-f]{4}|\\x[0-9a-f]{2}|\\u\{\w+\}|\\.|[^\\]/i,
    );
    if (!characters) throw new Error(`cannot read ${this.#source} at ${this.#at}`);
    return { kind: 'characters', source: characters[0] };
  }
}

const PROBES = [
  'a',
  ' ',
  '0',
  'Z',
  '"',
  '.',
  ...Array.from({ length: 127 }, (_, code) => String.fromCharCode(code)),
  'é',
  '\uFFFF',
];

class Pumps {
  readonly #flags: string;
  readonly found = new Set<string>();
  constructor(flags: string) {
    this.#flags = flags.replace(/[gy]/g, '');
  }

  /** A few characters that it takes. */
  #characters(source: string): string[] {
    const one = new RegExp(`^(?:${source})$`, this.#flags);
    return [...new Set(PROBES.filter((probe) => one.test(probe)))].slice(0, 3);
  }

  /** Texts that a node takes once; short ones. */
  #texts(node: Node): string[] {
    if (node.kind === 'place') return [''];
    if (node.kind === 'characters') return this.#characters(node.source);
    if (!node.width) return [''];
    return node.alternatives.map((sequence) => this.#text(sequence));
  }

  #text(sequence: Sequence): string {
    return sequence.map(({ node, min }) => (this.#texts(node)[0] ?? '').repeat(min)).join('');
  }

  /** `before`: a way to the sequence. */
  read(sequence: Sequence, before: string): void {
    let way = before;
    for (const { node, min, endless } of sequence) {
      if (endless) for (const text of this.#texts(node)) this.#add(way, text);
      if (node.kind === 'group') for (const inner of node.alternatives) this.read(inner, way);
      way += (this.#texts(node)[0] ?? '').repeat(Math.max(1, min));
      this.#add('', way);
    }
  }

  #add(way: string, text: string): void {
    if (text !== '') this.found.add(JSON.stringify([way, text]));
  }
}

/** The way to a place, and what to repeat there. */
export function pumpsOf({ source, flags }: { readonly source: string; readonly flags: string }): [string, string][] {
  const pumps = new Pumps(flags);
  for (const sequence of new Reader(source).alternatives()) pumps.read(sequence, '');
  return [...pumps.found].map((one) => JSON.parse(one) as [string, string]);
}
