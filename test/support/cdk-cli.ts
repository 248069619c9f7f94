/** Command lines of the pages, and which stacks the CDK takes them to mean. Pure. */

export interface Command {
  readonly page: string;
  readonly line: string;
  /** `cdk deploy …`, or `synth …` for `npm run synth -- …`; what follows the program. */
  readonly program: 'cdk' | 'synth';
  readonly args: readonly string[];
}

/**
 * Every `npx cdk …` and `npm run synth …` of a page: in its blocks, and in the middle of a sentence. A `cdk deploy …` or
 * `cdk destroy …` without npx is one, too: somebody will type it.
 */
export function commandsOf(page: string, text: string): Command[] {
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```/gms)].flatMap((match) =>
    match[1]!.replaceAll('\\\n', ' ').split('\n'),
  );
  const spans = [...text.replaceAll(/^```.*?^```/gms, '').matchAll(/`([^`]+)`/g)].map((match) => match[1]!);
  return [...blocks, ...spans].flatMap((line): Command[] => {
    const words = shellWords(line);
    while (/^[A-Z_]+=/.test(words[0] ?? '')) words.shift();
    const [first, second, third, ...rest] = words;
    if (first === 'npx' && second === 'cdk') return [{ page, line, program: 'cdk', args: words.slice(2) }];
    if (first === 'cdk' && /^(deploy|destroy)$/.test(second ?? ''))
      return [{ page, line, program: 'cdk', args: words.slice(1) }];
    if (first !== 'npm' || second !== 'run' || third !== 'synth') return [];
    return [{ page, line, program: 'synth', args: rest[0] === '--' ? rest.slice(1) : rest }];
  });
}

/** Words as a shell would part them: quotes taken off, nothing after `#`. */
export function shellWords(line: string): string[] {
  const words: string[] = [];
  for (const [word] of line.matchAll(/#.*|(?:'[^']*'|"[^"]*"|[^\s'"])+/g)) {
    if (word.startsWith('#')) break;
    words.push(word.replaceAll(/'([^']*)'|"([^"]*)"/g, '$1$2'));
  }
  return words;
}

/** Options of the CDK CLI that stand in the pages; any other is an error of the page. */
const FLAGS = new Set(['--all', '--no-rollback']);

/** What is named, and the context. Throws for an option that the pages have no reason to use. */
export function parsed(args: readonly string[]): { names: string[]; all: boolean; context: Record<string, string> } {
  const names: string[] = [];
  const context: Record<string, string> = {};
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '-c' || arg === '--context') {
      const [, name, value] = /^([^=]+)=(.*)$/s.exec(rest.shift() ?? '') ?? [];
      if (name === undefined || value === undefined) throw new Error('-c: no name=value');
      context[name] = value;
    } else if (!arg.startsWith('-')) names.push(arg);
    else if (!FLAGS.has(arg)) throw new Error(`${arg}: what is it?`);
  }
  return { names, all: args.includes('--all'), context };
}

export interface StackOfApp {
  readonly name: string;
  /** Names of those it imports from. */
  readonly needs: readonly string[];
}

/**
 * The stacks that `cdk deploy` or `cdk destroy` means (aws-cdk, StackAssembly.selectStacks): those named, with what a
 * deploy needs first and what a destroy must take before; all with `--all`; the only one, if none is named. Throws
 * as the CLI does, and also where a destroy matches nothing, of which the CLI only warns.
 */
export function selected(verb: string, names: readonly string[], all: boolean, app: readonly StackOfApp[]): string[] {
  if (all) return app.map(({ name }) => name);
  if (names.length === 0) {
    if (app.length !== 1)
      throw new Error('Since this app includes more than a single stack, specify which stacks to use');
    return [app[0]!.name];
  }
  const patterns = names.map(
    (name) => new RegExp(`^${name.replaceAll(/[.+?^$]/g, String.raw`\$&`).replaceAll('*', '[^/]*')}$`),
  );
  const chosen = new Set(app.flatMap(({ name }) => (patterns.some((pattern) => pattern.test(name)) ? [name] : [])));
  if (chosen.size === 0) throw new Error(`No stacks match the name(s) ${names.join(',')}`);
  for (let before = 0; before !== chosen.size;) {
    before = chosen.size;
    for (const { name, needs } of app) {
      if (verb === 'deploy' && chosen.has(name)) for (const one of needs) chosen.add(one);
      if (verb === 'destroy' && needs.some((one) => chosen.has(one))) chosen.add(name);
    }
  }
  return app.flatMap(({ name }) => (chosen.has(name) ? [name] : []));
}
