import '@mantine/core/styles/Table.css';
import { Skeleton, Table } from '@mantine/core';
import { lazy, Suspense } from 'react';
import type { Rendition, Video } from '../../../lib/contract/video.ts';
import { bitRate, bytes, clock, exact, moment, span } from '../shared/format.ts';
import { CostSection } from './CostSection.tsx';
import { statusViews } from '../shared/status.ts';
import { Downloads } from './Downloads.tsx';
import { Captions } from './Captions.tsx';
import { laterWords } from './later.ts';
import classes from './video.module.css';

const Places = lazy(() => import('./Places.tsx'));

/** What is said of how a video is encrypted. */
const ENCRYPTED: Record<NonNullable<Video['encryption']>, [string, string][]> = {
  none: [],
  'aes-128': [['Encryption', 'AES-128, keys from the edge']],
  cbcs: [['Encryption', 'Samples (cbcs), a key by licence']],
  drm: [['Encryption', 'DRM, licences of a provider']],
};

/** `isShown`: the map is fetched by who looks at it. */
export function DetailsTab({ video, isShown, mayEdit }: { video: Video; isShown: boolean; mayEdit: boolean }) {
  const isOver = video.status === 'failed';
  const isGrowing = video.status === 'playable';
  const unknown = isOver ? 'not known' : 'not known yet';
  const sound = video.renditions.length > 0 && video.renditions.every(({ kind }) => kind === 'audio');
  const later = laterWords(video, (time) => moment(Date.parse(time)));
  const facts: [string, string][] = [
    ['File', video.filename],
    ['Type', video.type],
    [
      'Source size',
      video.sourceRemovedOn !== undefined
        ? `removed on ${video.sourceRemovedOn}`
        : video.bytes.source > 0
          ? bytes(video.bytes.source)
          : isOver
            ? 'not kept'
            : unknown,
    ],
    ['Renditions, all', video.bytes.media > 0 ? bytes(video.bytes.media) : isGrowing ? 'still growing' : 'none'],
    ['Picture', video.width && video.height ? `${video.width} × ${video.height} px` : sound ? 'none' : unknown],
    ['Length', video.duration === null ? unknown : `${clock(video.duration)} (${video.duration.toFixed(3)} s)`],
    ...ENCRYPTED[video.encryption ?? 'none'],
    ['Video id', video.id],
    ['Revision', video.revision > 0 ? String(video.revision) : isOver ? 'none' : 'none yet'],
    ...(video.removeOn === undefined ? [] : ([['Kept until', video.removeOn]] satisfies [string, string][])),
  ];
  return (
    <div className={classes.sections}>
      <section>
        <h2>Renditions</h2>
        {video.renditions.length === 0 ? (
          <p className={classes.dim}>{isOver ? 'None.' : 'None yet.'}</p>
        ) : (
          <div className={classes.scroll} tabIndex={0} role="region" aria-label="Renditions">
            <Table fz="sm" verticalSpacing={6} horizontalSpacing={8} withRowBorders>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Rendition</Table.Th>
                  <Table.Th>Shape</Table.Th>
                  <Table.Th ta="right">Size, bit rate</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {video.renditions.map((one) => (
                  <Table.Tr key={`${one.kind}/${one.name}`}>
                    <Table.Td>
                      {titles[one.kind](one)}
                      <small>{one.codecs}</small>
                    </Table.Td>
                    <Table.Td>
                      {shapes[one.kind](one)}
                      {one.frameRate !== undefined && <small>{Number(one.frameRate.toFixed(2))} fps</small>}
                    </Table.Td>
                    <Table.Td ta="right" title={`at its peak ${bitRate(one.bandwidth)}`}>
                      {isGrowing ? 'growing' : bytes(one.bytes)}
                      <small>{bitRate(one.averageBandwidth)}</small>
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </div>
        )}
        {isGrowing && <p className={classes.dim}>It plays already. More renditions may be on their way.</p>}
        {later !== undefined && (
          <p className={classes.dim} role="status">
            {later}
          </p>
        )}
      </section>
      <Downloads video={video} mayEdit={mayEdit} />
      <Captions video={video} mayEdit={mayEdit} />
      <section>
        <h2>Source</h2>
        <dl className={classes.pairs}>
          {facts.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </section>
      {video.cost && <CostSection cost={video.cost} video={video} />}
      {video.origin?.kind === 'clip' && isShown && (
        <section>
          <h2>Where it was filmed</h2>
          <Suspense fallback={<Skeleton height={240} />}>
            <Places id={video.id} />
          </Suspense>
        </section>
      )}
      <section>
        <h2>What happened</h2>
        <ol className={classes.timeline}>
          {video.timeline.map(({ status, at }, index) => {
            const before = video.timeline[index - 1];
            return (
              <li key={`${status}-${at}`} data-tone={statusViews[status].tone}>
                <span>{happened[status]}</span>
                <time dateTime={at} title={exact(at)}>
                  {new Date(at).toLocaleTimeString()}
                  {before && ` · after ${span((Date.parse(at) - Date.parse(before.at)) / 1000)}`}
                </time>
              </li>
            );
          })}
        </ol>
        {video.failure && (
          <p>
            {video.failure.reason} <span className={classes.dim}>({video.failure.code})</span>
          </p>
        )}
      </section>
    </div>
  );
}

/** A status is what happened last; in a history it reads as a past event. */
const happened: Record<Video['status'], string> = {
  uploading: 'Upload started',
  uploaded: 'File arrived',
  probed: 'Recognised as a video',
  playable: 'Playable',
  ready: 'Ready',
  failed: 'Failed',
  deleted: 'Deletion started',
};

type Kind = Rendition['kind'];
const titles: Record<Kind, (one: Rendition) => string> = {
  video: ({ name }) => name,
  audio: ({ label, name }) => (label === undefined || label === name ? 'audio' : `audio, ${label}`),
};

const shapes: Record<Kind, (one: Rendition) => string> = {
  video: ({ width, height }) => `${width} × ${height} px`,
  audio: ({ channels }) => (channels === 1 ? 'mono' : channels === 2 ? 'stereo' : `${channels ?? '?'} channels`),
};
