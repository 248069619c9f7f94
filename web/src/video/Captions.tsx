/** Captions of a video: which there are; and for who may change it, adding, naming and removing them. */
import { ActionIcon, Button, FileButton, NativeSelect, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { IconPencil, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import type { TextTrack, Video } from '../../../lib/contract/video.ts';
import { call } from '../api/client.ts';
import { remember } from '../api/queries.ts';
import { notify } from '../shared/notify.tsx';
import { isPlayable } from '../shared/status.ts';
import { decodeCaptions, languageOfName, languageOptions, MAX_CAPTION_BYTES } from './captions.ts';
import classes from './video.module.css';

export function Captions({ video, mayEdit }: { video: Video; mayEdit: boolean }) {
  const texts = video.texts ?? [];
  if (texts.length === 0 && (!mayEdit || video.status === 'failed')) return null;
  return (
    <section>
      <h2>Captions</h2>
      <ul className={classes.grants} aria-label="Captions">
        {texts.map((text) => (
          <Row key={text.id} video={video} text={text} mayEdit={mayEdit} />
        ))}
        {texts.length === 0 && <li className={classes.dim}>None yet.</li>}
      </ul>
      {mayEdit &&
        (isPlayable(video) ? <Add video={video} /> : <p className={classes.dim}>They can be added once it plays.</p>)}
    </section>
  );
}

function Row({ video, text, mayEdit }: { video: Video; text: TextTrack; mayEdit: boolean }) {
  const client = useQueryClient();
  const [isEditing, setEditing] = useState(false);
  const params = { id: video.id, track: text.id };
  const remove = useMutation({
    mutationFn: () => call('DELETE /api/videos/{id}/texts/{track}', { params }),
    onSuccess: (changed) => remember(client, changed),
    onError: (error) => notify({ color: 'red', title: 'Not removed', message: error.message }),
  });
  if (isEditing) return <Edit video={video} text={text} close={() => setEditing(false)} />;
  return (
    <li>
      <span className={classes.subject} title={text.label}>
        {text.label}
      </span>
      <span className={classes.dim}>
        {text.language === undefined ? '' : `${text.language}, `}
        {text.cues} {text.cues === 1 ? 'cue' : 'cues'}
        {text.origin === 'file' && ', from the file'}
      </span>
      {mayEdit && (
        <>
          <ActionIcon variant="subtle" color="gray" aria-label={`Edit ${text.label}`} onClick={() => setEditing(true)}>
            <IconPencil size={16} />
          </ActionIcon>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={`Remove ${text.label}`}
            loading={remove.isPending}
            onClick={() => remove.mutate()}
          >
            <IconX size={16} />
          </ActionIcon>
        </>
      )}
    </li>
  );
}

function Edit({ video, text, close }: { video: Video; text: TextTrack; close: () => void }) {
  const client = useQueryClient();
  const [label, setLabel] = useState(text.label);
  const [language, setLanguage] = useState(text.language ?? '');
  const save = useMutation({
    mutationFn: () =>
      call('PATCH /api/videos/{id}/texts/{track}', {
        params: { id: video.id, track: text.id },
        body: { label: label.trim(), ...(language !== '' && { language }) },
      }),
    onSuccess: (changed) => {
      remember(client, changed);
      close();
    },
  });
  return (
    <li>
      <form
        className={classes.addGrant}
        onSubmit={(event) => {
          event.preventDefault();
          if (label.trim() !== '') save.mutate();
        }}
        onKeyDown={(event) => {
          if (event.key === 'Escape') close();
        }}
      >
        <TextInput
          label="Name"
          value={label}
          maxLength={100}
          error={save.error?.message}
          onChange={(event) => setLabel(event.currentTarget.value)}
        />
        <Language value={language} more={[text.language]} change={setLanguage} />
        <div className={classes.mint}>
          <Button type="submit" variant="default" loading={save.isPending} disabled={label.trim() === ''}>
            Save
          </Button>
          <Button variant="subtle" onClick={close}>
            Cancel
          </Button>
        </div>
      </form>
    </li>
  );
}

interface LanguageProps {
  readonly value: string;
  readonly more: readonly (string | undefined)[];
  readonly change: (language: string) => void;
}

function Language({ value, more, change }: LanguageProps) {
  return (
    <NativeSelect
      label="Language"
      data={[{ value: '', label: 'Choose' }, ...languageOptions(more)]}
      value={value}
      onChange={(event) => change(event.currentTarget.value)}
    />
  );
}

function Add({ video }: { video: Video }) {
  const client = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const [language, setLanguage] = useState('');
  const add = useMutation({
    mutationFn: async ({ chosen }: { chosen: File }) => {
      if (chosen.size > MAX_CAPTION_BYTES) throw new Error('This file is too large to be captions.');
      const text = decodeCaptions(new Uint8Array(await chosen.arrayBuffer()));
      return call('POST /api/videos/{id}/texts', { params: { id: video.id }, body: { text, language } });
    },
    onSuccess: (changed) => {
      remember(client, changed);
      setFile(null);
      setLanguage('');
    },
  });
  const choose = (chosen: File | null) => {
    add.reset();
    setFile(chosen);
    const named = chosen && languageOfName(chosen.name);
    if (named) setLanguage(named);
  };
  return (
    <form
      className={classes.addGrant}
      onSubmit={(event) => {
        event.preventDefault();
        if (file && language !== '') add.mutate({ chosen: file });
      }}
    >
      <FileButton accept=".srt,.vtt" onChange={choose}>
        {(props) => (
          <Button variant="default" {...props}>
            {file ? file.name : 'Choose a .srt or .vtt file'}
          </Button>
        )}
      </FileButton>
      {file && (
        <div className={classes.mint} style={{ alignItems: 'end' }}>
          <Language value={language} more={[language || undefined]} change={setLanguage} />
          <Button type="submit" variant="default" loading={add.isPending} disabled={language === ''}>
            Add captions
          </Button>
        </div>
      )}
      {add.error && (
        <Text component="p" size="sm" c="var(--bad)" role="alert">
          {add.error.message}
        </Text>
      )}
    </form>
  );
}
