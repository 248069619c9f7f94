import { ActionIcon, Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconPlayerPause, IconPlayerPlay, IconPlayerPlayFilled, IconRefresh, IconX } from '@tabler/icons-react';
import { Link } from 'react-router';
import { videoTopic } from '../../../lib/contract/socket.ts';
import { videoQuery } from '../api/queries.ts';
import { unlessPushed } from '../push/pushed.ts';
import { bytes, span, speed } from '../shared/format.ts';
import { useCountedAnew } from '../storage/useCountedAnew.ts';
import { percentOf, rowEvery, rowState, troubleWords, type RowState, type Upload } from './rows.ts';
import classes from './upload.module.css';
import type { Act } from './uploads.ts';

/** One file from its first byte to the Play button. */
export function UploadRow({ upload, act }: { upload: Upload; act: (act: Act) => void }) {
  const { name, size, videoId: id } = upload;
  const arrived = upload.state === 'arrived';
  const { data: video, error } = useQuery({
    ...videoQuery(id ?? ''),
    enabled: arrived && id !== undefined,
    refetchInterval: ({ state: { data, error: why } }) => unlessPushed(videoTopic(id ?? ''), rowEvery(data, why)),
  });
  const state = rowState(upload, video, error);
  useCountedAnew(arrived ? `${state} ${video?.status}` : '');
  const percent = arrived ? (video?.progress ?? 0) : percentOf(upload);
  const { perSecond } = upload;
  const left = perSecond !== undefined && perSecond > 0 ? (size - upload.sent) / perSecond : undefined;

  return (
    <li className={classes.row} data-state={state}>
      <div className={classes.name} title={name}>
        {name}
      </div>
      <div className={classes.buttons}>
        {(state === 'uploading' || state === 'troubled' || state === 'paused') && (
          <Tool
            label={state === 'paused' ? `Resume ${name}` : `Pause ${name}`}
            icon={state === 'paused' ? <IconPlayerPlay size={16} /> : <IconPlayerPause size={16} />}
            act={() => act(state === 'paused' ? 'resume' : 'pause')}
          />
        )}
        {(state === 'stopped' || state === 'troubled') && (
          <Tool
            label={state === 'stopped' ? `Try ${name} again` : `Try ${name} now`}
            icon={<IconRefresh size={16} />}
            act={() => act('retry')}
          />
        )}
        {(state === 'playable' || state === 'failed') && id !== undefined && (
          <Button
            component={Link}
            to={`/v/${id}`}
            size="compact-sm"
            variant={state === 'playable' ? 'filled' : 'default'}
            leftSection={state === 'playable' && <IconPlayerPlayFilled size={13} />}
            aria-label={state === 'playable' ? `Play ${name}` : `Details of ${name}`}
          >
            {state === 'playable' ? 'Play' : 'Details'}
          </Button>
        )}
        {state !== 'slicing' && (
          <Tool
            label={arrived ? `Clear ${name} from this list` : `Cancel ${name}`}
            icon={<IconX size={16} />}
            act={() => act('remove')}
          />
        )}
      </div>
      <div
        className={classes.bar}
        role="progressbar"
        aria-label={arrived ? `Slicing ${name}` : `Uploading ${name}`}
        aria-valuenow={Math.round(percent)}
        aria-valuemin={0}
        aria-valuemax={100}
        data-part={arrived ? 'slicing' : 'upload'}
      >
        <span style={{ width: `${state === 'playable' ? 100 : percent}%` }} />
      </div>
      <div className={classes.words}>
        <span data-words>{words[state](Math.floor(percent), upload, video?.failure?.reason)}</span>
        <span className={classes.numbers}>
          {perSecond !== undefined && `${speed(perSecond)} · `}
          {left !== undefined && `${span(left)} left · `}
          {bytes(size)}
        </span>
      </div>
    </li>
  );
}

const words: Record<RowState, (percent: number, upload: Upload, reason?: string) => string> = {
  waiting: () => 'Waiting for its turn',
  uploading: (percent) => `Uploading ${percent} %`,
  paused: (percent) => `Paused at ${percent} %`,
  interrupted: () => 'Choose the same file again to go on; what has arrived is not sent again',
  troubled: (percent, { trouble }) => `${trouble ? troubleWords(trouble) : 'Uploading'}, at ${percent} %`,
  stopped: (_, { error }) => error ?? 'Stopped',
  slicing: (percent) => (percent > 0 ? `Slicing ${percent} %` : 'Arrived; slicing starts'),
  playable: () => 'Ready to play',
  failed: (_, __, reason) => reason ?? 'It could not be sliced',
  gone: () => 'Deleted',
};

function Tool({ label, icon, act }: { label: string; icon: React.ReactNode; act: () => void }) {
  return (
    <ActionIcon variant="subtle" color="gray" aria-label={label} title={label.split(' ')[0] ?? label} onClick={act}>
      {icon}
    </ActionIcon>
  );
}
