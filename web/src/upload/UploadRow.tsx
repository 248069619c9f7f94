import { ActionIcon, Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconPlayerPause, IconPlayerPlay, IconPlayerPlayFilled, IconRefresh, IconX } from '@tabler/icons-react';
import { Link } from 'react-router';
import { videoQuery } from '../api/queries.ts';
import { bytes, span, speed } from '../shared/format.ts';
import { isFinal } from '../shared/status.ts';
import { percentOf, rowState, videoIdOf, type RowState } from './rows.ts';
import classes from './upload.module.css';
import type { File, Uploader } from './uploader.ts';

/** One file from its first byte to the Play button. */
export function UploadRow({ file, uploader }: { file: File; uploader: Uploader }) {
  const { uppy, rates } = uploader;
  const id = videoIdOf(file);
  const arrived = file.progress.uploadComplete === true;
  const { data: video } = useQuery({
    ...videoQuery(id ?? ''),
    enabled: arrived && id !== undefined,
    // The file has arrived, so something is about to happen, even while the record still says `uploading`.
    refetchInterval: ({ state }) => (state.data && isFinal(state.data.status) ? false : 1500),
  });
  const state = rowState(file, video);
  const name = file.meta.name ?? file.name ?? 'file';
  const percent = arrived ? (video?.progress ?? 0) : percentOf(file);
  const rate = rates.get(file.id);
  const total = file.size ?? 0;
  const left = state === 'uploading' ? rate?.secondsFor(total * (1 - percent / 100)) : undefined;
  const perSecond = state === 'uploading' ? rate?.perSecond() : undefined;

  return (
    <li className={classes.row} data-state={state}>
      <div className={classes.name} title={name}>
        {name}
      </div>
      <div className={classes.buttons}>
        {(state === 'uploading' || state === 'paused') && file.s3Multipart && (
          <Act
            label={state === 'paused' ? `Resume ${name}` : `Pause ${name}`}
            icon={state === 'paused' ? <IconPlayerPlay size={16} /> : <IconPlayerPause size={16} />}
            act={() => uppy.pauseResume(file.id)}
          />
        )}
        {state === 'stopped' && (
          <Act
            label={`Try ${name} again`}
            icon={<IconRefresh size={16} />}
            act={() => void uppy.retryUpload(file.id)}
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
          <Act
            label={arrived ? `Clear ${name} from this list` : `Cancel ${name}`}
            icon={<IconX size={16} />}
            act={() => uppy.removeFile(file.id)}
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
        <span>{words[state](Math.floor(percent), file.error ?? undefined, video?.failure?.reason)}</span>
        <span className={classes.numbers}>
          {perSecond !== undefined && `${speed(perSecond)} · `}
          {left !== undefined && `${span(left)} left · `}
          {bytes(total)}
        </span>
      </div>
    </li>
  );
}

const words: Record<RowState, (percent: number, error?: string, reason?: string) => string> = {
  waiting: () => 'Waiting for its turn',
  uploading: (percent) => `Uploading ${percent} %`,
  paused: (percent) => `Paused at ${percent} %`,
  interrupted: () => 'Choose the same file again to go on; what has arrived is not sent again',
  stopped: (_, error) => error ?? 'Stopped',
  slicing: (percent) => (percent > 0 ? `Slicing ${percent} %` : 'Arrived; slicing starts'),
  playable: () => 'Ready to play',
  failed: (_, __, reason) => reason ?? 'It could not be sliced',
};

function Act({ label, icon, act }: { label: string; icon: React.ReactNode; act: () => void }) {
  return (
    <ActionIcon variant="subtle" color="gray" aria-label={label} title={label.split(' ')[0] ?? label} onClick={act}>
      {icon}
    </ActionIcon>
  );
}
