/**
 * The rules of `lint`: those of oxlint.json, and who may import whom. Patterns of files are absolute, since oxlint takes
 * relative ones from this folder; the patterns of imports hold at any depth.
 */
import { dirname } from 'node:path';
import base from './oxlint.json' with { type: 'json' };

const root = dirname(import.meta.dirname).replaceAll(/[[\]{}*?!\\]/g, '\\$&');

interface Pattern {
  readonly regex?: string;
  readonly group?: readonly string[];
  readonly importNames?: readonly string[];
  readonly allowTypeImports?: boolean;
  readonly message: string;
}

/** The last rule that fits a file is the only one that counts. */
const rule = (files: string, ...patterns: readonly Pattern[]) => ({
  files: [`${root}/${files}`],
  rules: {
    'no-restricted-imports': ['error', { patterns }],
    // `import('…').Type` would be an import that no pattern sees.
    'typescript/consistent-type-imports': 'error',
  },
});

/** What programs on a developer's machine are made of: nothing that is deployed imports it. */
const TOOLS = ['local', 'bench', 'test'];
/** Of `lib`, what brings the CDK along. */
const INFRASTRUCTURE = 'lib/(constructs/|config\\.[jt]s$|[a-z]+-stack\\.[jt]s$)';

/** `../x/` or `../../x/`, but not `./x/` or `../y/x.ts`. */
const climbsTo = (folders: readonly string[], ...more: readonly string[]) =>
  `(^|/)\\.\\./(src/)?(${[`(${folders.join('|')})/`, ...more].join('|')})`;

const TASK = 'containers/ingest/src';
const outsideTask = ['lambdas', 'containers', 'web', ...TOOLS];

/** Rooms of the ingest task from above; each line imports only what is on the lines below it. */
export const ROOMS: readonly Readonly<Record<string, string>>[] = [
  {
    task: 'The ingest task imports no function, console or tool, and of lib nothing that brings the CDK: put what they share into lib/contract or lib/media.',
  },
  { sessions: 'sessions/ imports only the rooms below it: have task/ hand over what it needs of the task.' },
  { streams: 'streams/ imports neither task nor sessions nor a protocol: a protocol comes in through streams.attach.' },
  {
    'services.ts':
      'services.ts holds what the parts of one task share, and imports only cloud, sound, net, hls, media, common.',
  },
  {
    cloud:
      'cloud/ imports only what is below it (sound, net, protocols, hls, media, common): hand it values or functions.',
  },
  {
    sound: 'sound/ imports only what is below it (protocols, hls, media, common): hand it samples or functions.',
    net: 'net/ imports only what is below it (protocols, hls, media, common): hand it what to do with a connection.',
  },
  {
    jt808: 'A protocol imports only media and common: what its messages cause is done in sessions/.',
    jt1078: 'A protocol imports only media and common: what its packets cause is done in sessions/.',
    hls: 'hls/ imports only media and common: it knows units (media/unit.ts), not what brought them.',
  },
  {
    media: 'media/ imports no other room: move here what it needs, or hand it over.',
    common: 'common/ imports no other room: move here what it needs, or hand it over.',
  },
];
/** They stand below, and yet know no protocol. */
const NO_PROTOCOL = new Set(['streams', 'services.ts']);

function roomRules() {
  const rules = [];
  const notBelow: string[] = [];
  for (const line of ROOMS) {
    notBelow.push(...Object.keys(line));
    for (const [room, message] of Object.entries(line)) {
      const refused = notBelow.filter((other) => other !== room && other !== 'services.ts');
      if (NO_PROTOCOL.has(room)) refused.push('jt808', 'jt1078');
      const services = notBelow.includes('services.ts') ? ['services\\.[jt]s$'] : [];
      const regex = climbsTo([...refused, ...outsideTask], ...services, INFRASTRUCTURE);
      // What stands beside the rooms names them without climbing.
      if (room === 'services.ts')
        rules.push(rule(`${TASK}/${room}`, { regex: `^\\./(${refused.join('|')})/|${regex}`, message }));
      else rules.push(rule(`${TASK}/${room}/**`, { regex, message }));
    }
  }
  return rules;
}

const FUNCTION: Pattern = {
  regex: climbsTo(['containers', 'web', ...TOOLS], INFRASTRUCTURE),
  message:
    'A function imports no container, console or tool, and of lib nothing that brings the CDK: put what they share into lib/contract or lib/media.',
};

export default {
  ...base,
  overrides: [
    rule('lib/**', {
      regex: climbsTo(['lambdas', 'containers', 'web', ...TOOLS]),
      message:
        'lib imports no function, container, console or tool: put what they share into lib/contract or lib/media.',
    }),
    rule('lib/contract/**', {
      group: ['**', '!zod', '!./**', './../**'],
      message: 'lib/contract is imported by everybody and imports only zod and itself: keep it pure.',
    }),
    rule(
      'lib/media/**',
      // First: an exception in a group ends the search.
      {
        regex: '^\\.\\./contract/',
        allowTypeImports: true,
        message: 'lib/media takes only types from lib/contract: write import type.',
      },
      {
        group: ['**', '!./**', './../**', '!../contract/**', '!node:crypto'],
        message: 'lib/media is pure bytes and imports only itself, ciphers, and types of lib/contract.',
      },
    ),
    rule('lambdas/**', FUNCTION, {
      regex: '^@aws-sdk/client-s3$',
      importNames: ['ListObjectsCommand', 'ListObjectsV2Command', 'paginateListObjectsV2', 'DeleteObjectsCommand'],
      message:
        'List and delete by lambdas/shared/objects.ts: it sends the prefix that rights hang on, and looks at errors.',
    }),
    rule('lambdas/shared/objects.ts', FUNCTION),
    rule('web/**', {
      regex: climbsTo(['lambdas', 'containers', ...TOOLS], INFRASTRUCTURE),
      message:
        'The console imports no function, container or tool, and of lib nothing that brings the CDK: put what they share into lib/contract or lib/media.',
    }),
    // Also what is no room yet: a new one gets its line above, and a test asks for it.
    rule('containers/**', {
      regex: climbsTo(['lambdas', 'web', ...TOOLS], INFRASTRUCTURE),
      message:
        'A container imports no function, console or tool, and of lib nothing that brings the CDK: put what they share into lib/contract or lib/media.',
    }),
    ...roomRules(),
  ],
};
