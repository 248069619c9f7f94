/** `npm run matrix`: every odd file in every player. */
import { parseArgs } from 'node:util';
import { table } from '../../bench/report.ts';
import { MATRIX, titleOf } from '../odd-files/list.ts';
import type { Held } from './matrix.ts';
import { PLAYERS, type Player } from './play.ts';

const HELP = `npm run matrix -- [--case NAME,…] [--player ${PLAYERS.join(',')}]

Makes odd files by their recipes (test/odd-files), slices each by the steps of a run, and plays what is published in Chromium to
its end: each flash and each beep must be seen and heard at its second, by what the player draws and sounds. What is to be
refused must be, with its reason. Prints a table, and below it what is wrong; exits 1 where anything is.

  --case    files by their names, or rows of docs/slicing.md by theirs (default: all of them, which is reckoned to take three quarters of an hour)
  --player  players (default: ${PLAYERS.join(',')})
  --list    names the cases, and plays none

Needs /usr/bin/chromium, and an ffmpeg on PATH that writes x264, x265, VP8, VP9, Opus and MP3.`;

class UsageError extends Error {}

const listOf = (text: string | undefined): string[] | undefined =>
  text?.split(',').flatMap((one) => (one.trim() === '' ? [] : [one.trim()]));

function asked() {
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        case: { type: 'string' },
        player: { type: 'string' },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }));
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
  const players = listOf(values.player) ?? PLAYERS;
  const unknown = players.find((player) => !PLAYERS.includes(player as Player));
  if (unknown !== undefined) throw new UsageError(`There is no player ${unknown} here`);
  // A row's name may have a comma in it.
  const names = MATRIX.some(({ row }) => row === values.case) ? [values.case!] : listOf(values.case);
  const missing = names?.find((wanted) => !MATRIX.some(({ name, row }) => wanted === name || wanted === row));
  if (missing !== undefined) throw new UsageError(`There is no case ${missing}; --list names them`);
  const files = names ? MATRIX.filter(({ name, row }) => names.includes(name) || names.includes(row)) : MATRIX;
  return { help: values.help, list: values.list, players: players as readonly Player[], files };
}

function cell({ how, wrong, again }: Held, player: Player): string {
  if (how === 'refused' && !wrong.file) return 'refused';
  if (wrong.file) return '-';
  if (wrong[player]) return 'WRONG';
  return again.includes(player) ? 'plays (2nd)' : 'plays';
}

async function main(): Promise<number> {
  const { help, list, players, files } = asked();
  if (help || list) {
    console.log(help ? HELP : table(MATRIX.map((file) => [file.name, titleOf(file)])));
    return 0;
  }
  process.env['POWERTOOLS_LOG_LEVEL'] ??= 'SILENT';
  const rows: string[][] = [['file', 'kind', 'sliced', ...players]];
  const found: string[] = [];
  // What the functions log is for operators; they ask once, when they are loaded.
  const { openMatrix } = await import('./matrix.ts');
  const matrix = await openMatrix();
  try {
    for (const [index, file] of files.entries()) {
      const held = await matrix.hold(file, players).catch((error: unknown): Held => ({
        how: 'failed',
        wrong: { file: [error instanceof Error ? (error.stack ?? error.message) : String(error)] },
        again: [],
      }));
      rows.push([file.name, titleOf(file), held.how, ...players.map((player) => cell(held, player))]);
      console.error(`${index + 1}/${files.length}  ${rows.at(-1)!.join('  ')}`);
      const faults = Object.entries(held.wrong).flatMap(([where, what]) => [
        `${file.name}, ${where}:`,
        ...what.map((line) => `  ${line}`),
      ]);
      // Here, too: who stops it has seen so much.
      for (const line of faults) console.error(line);
      found.push(...faults);
    }
  } finally {
    await matrix.close();
  }
  console.log(table(rows));
  if (found.length > 0) console.log(`\n${found.join('\n')}`);
  return found.length > 0 ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n\n${HELP}`);
  process.exitCode = 2;
}
