import '@mantine/core/styles/Checkbox.css';
import { Checkbox } from '@mantine/core';
import { useState } from 'react';
import { embedCode, embedUrl, playerSize } from '../../../lib/contract/embed.ts';
import type { Video } from '../../../lib/contract/video.ts';
import { Copy } from '../shared/Copy.tsx';
import { streamUrl } from './links.ts';

/** For players, and for pages of others. */
export function Streams({ video, token }: { video: Video; token: string | undefined }) {
  const [expand, setExpand] = useState(false);
  const url = streamUrl(location.origin, video.id, { token, expand });
  return (
    <>
      <section>
        <h2>Stream address</h2>
        <Copy text={url} label="Stream address" />
        <Checkbox
          size="xs"
          label="For players without EXT-X-DEFINE, such as video.js"
          checked={expand}
          onChange={(event) => setExpand(event.currentTarget.checked)}
        />
      </section>
      <section>
        <h2>Embed</h2>
        <Copy
          text={embedCode(embedUrl(location.origin, video.id, token), video.title, playerSize(video))}
          label="Embed code"
          wide
        />
      </section>
    </>
  );
}
