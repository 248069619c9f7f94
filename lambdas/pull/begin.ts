/** The start of a pull: place → record → message, undone in reverse when a step fails. */
import type { BodyOf } from '../../lib/contract/api.ts';
import type { PullRules } from '../../lib/contract/pull.ts';
import type { UploadLimits } from '../../lib/contract/upload.ts';
import { refusedField } from '../shared/errors.ts';
import { freeSlot } from '../shared/slots.ts';
import type { Viewer } from '../shared/viewer.ts';
import { checkMayUpload } from '../upload/access.ts';
import { after, allOrNothing, deleteRecord, place, putRecord } from '../upload/begin.ts';
import { checkEncryption, newRecord, newVideoId, titleOf, type Draft } from '../upload/draft.ts';
import { nameOf, sourceAddress } from './address.ts';
import { PullFailed } from './failure.ts';
import { enqueue } from './queue.ts';

type Asked = BodyOf<'POST /api/videos'>;

/** Answers the video's id. Throws `forbidden`, `invalid-request` for an address that is never asked, `too-many-uploads`. */
export async function beginPull(viewer: Viewer, asked: Asked, limits: UploadLimits, rules: PullRules): Promise<string> {
  checkMayUpload(viewer);
  checkEncryption('body.encryption', asked.encryption, limits);
  const draft = draftOf(asked, rules);
  const [owner, id, now, { expireSeconds }] = [viewer.subject, newVideoId(), Date.now(), limits];
  return await allOrNothing(async (undo) => {
    const slot = await place({ owner, id }, after(now, expireSeconds), limits);
    const upload = { kind: 'pull', slot } as const;
    undo.push(() => freeSlot({ id, owner, upload }));
    undo.push(() => deleteRecord(id));
    const record = newRecord({ id, owner, draft, upload, now, expireSeconds });
    await putRecord({ ...record, pull: { address: asked.sourceUrl, restarts: 0 } });
    await enqueue({ videoId: id, failures: 0, parts: 0 });
    return id;
  });
}

/** What is known before the address is asked. Pure. */
function draftOf(asked: Asked, rules: PullRules): Draft {
  const filename = asked.filename ?? nameOf(addressOf(asked.sourceUrl, rules));
  return {
    title: titleOf(asked.title, undefined, filename),
    description: asked.description ?? '',
    tags: [...new Set(asked.tags)],
    visibility: asked.visibility ?? 'private',
    ...(asked.encryption && { encryption: asked.encryption }),
    filename,
    // Until the server says.
    type: 'application/octet-stream',
  };
}

function addressOf(text: string, rules: PullRules) {
  try {
    return sourceAddress(text, rules);
  } catch (error) {
    throw error instanceof PullFailed ? refusedField('body.sourceUrl', error.message, error) : error;
  }
}
