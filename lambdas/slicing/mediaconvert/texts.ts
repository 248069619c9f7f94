/**
 * What is said in a source that MediaConvert slices, which hands on no text: probe reads it by the source's own index, and
 * leaves it as the result of a task that makes no rendition. Captions are then those that our own functions find.
 */
import { required } from '../../../lib/contract/env.ts';
import { chunkResultKey } from '../../../lib/contract/keys.ts';
import type { Chunk, Plan } from '../../../lib/contract/plan.ts';
import type { ChunkTable } from '../../../lib/contract/segment-table.ts';
import { chunkResult } from '../../../lib/contract/slicing.ts';
import type { ByteSource } from '../../../lib/media/layout.ts';
import { MAX_CUES } from '../../shared/cues.ts';
import type { Laid } from '../laying.ts';
import { mediaOf, putObject } from '../objects.ts';
import type { SegmentTable } from '../segment-table.ts';
import { textsOfChunk, type ChunkTexts } from '../texts.ts';

/** Stretches of the video looked at side by side. */
const AT_A_TIME = 16;
/** Bytes that may lie between two samples of text which are read with one request, and how long that may be. */
const NEAR_BYTES = 16 * 1024;
const MOST_READ = 1024 ** 2;
/** Bytes of samples of one track in one stretch, and characters of all cues: more is no text. */
const MOST_BYTES = 2 * 1024 ** 2;
const MOST_CHARACTERS = 8 * 1024 ** 2;

/** The task's place among the chunks: MediaConvert's own is the first. */
const INDEX = 1;

/** `theirs` with one task more, done already, where the source has text that its index tells of (`own`). */
export async function withTexts(theirs: Laid, own: Laid): Promise<Laid> {
  if (theirs.plan.engine !== 'mediaconvert' || !own.table || own.plan.source.info.texts === undefined) return theirs;
  const { videoId, revision } = theirs.plan;
  const texts = await textsByIndex(own.plan, own.table, mediaOf(own.plan));
  const result = chunkResult.parse({ index: INDEX, renditions: [], texts });
  const key = chunkResultKey(videoId, revision, INDEX);
  await putObject(required('MEDIA_BUCKET'), key, JSON.stringify(result), 'application/json', 'no-store');
  const task: Chunk = { index: INDEX, start: 0, duration: null, firstSegment: 1, along: true };
  const chunks = [...theirs.chunks, task];
  return { ...theirs, plan: { ...theirs.plan, chunkCount: chunks.length }, chunks };
}

/** The cues of each text track of the source, in order. */
export async function textsByIndex(plan: Plan, table: SegmentTable, media: ByteSource): Promise<ChunkTexts> {
  const found = (plan.source.info.texts ?? []).map(({ index }): ChunkTexts[number] => ({ index, cues: [] }));
  let characters = 0;
  for (let at = 0; at < table.chunks.length && characters < MOST_CHARACTERS; at += AT_A_TIME) {
    const stretches = table.chunks.slice(at, at + AT_A_TIME).map(async (range) => {
      const part = table.part(range);
      const said = await Promise.all((part.texts ?? []).map((text) => samplesOf(text, media)));
      return textsOfChunk(plan, part, said);
    });
    for (const texts of await Promise.all(stretches)) {
      for (const [track, { cues }] of texts.entries()) {
        const some = characters < MOST_CHARACTERS ? cues.slice(0, MAX_CUES - found[track]!.cues.length) : [];
        found[track]!.cues.push(...some);
        characters += some.reduce((sum, { text }) => sum + text.length, 0);
      }
    }
  }
  return found;
}

type Samples = Pick<NonNullable<ChunkTable['texts']>[number], 'offset' | 'size'>;

/** The samples of one track, as many as are taken; near ones are read together. */
async function samplesOf({ offset, size }: Samples, media: ByteSource): Promise<Buffer[]> {
  const samples: Buffer[] = [];
  let read: { from: number; bytes: Buffer } = { from: 0, bytes: Buffer.alloc(0) };
  let total = 0;
  for (let i = 0; i < Math.min(offset.length, MAX_CUES); i += 1) {
    const [from, end] = [offset[i]!, offset[i]! + size[i]!];
    total += size[i]!;
    if (total > MOST_BYTES) break;
    if (from < read.from || end > read.from + read.bytes.length) {
      let to = end;
      for (let next = i + 1; next < offset.length; next += 1) {
        const [begins, ends] = [offset[next]!, offset[next]! + size[next]!];
        if (begins < from || begins > to + NEAR_BYTES || ends > from + MOST_READ) break;
        to = Math.max(to, ends);
      }
      read = { from, bytes: await media.read(from, to - from) };
    }
    samples.push(read.bytes.subarray(from - read.from, end - read.from));
  }
  return samples;
}
