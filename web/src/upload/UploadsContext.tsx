/**
 * The uploader as the rest of the console sees it. The uploader itself and its panel are loaded when first
 * needed: on opening, on a drop, because an earlier visit left an upload unfinished, or since another tab uploads.
 */
import { useQueryClient } from '@tanstack/react-query';
import {
  createContext,
  lazy,
  Suspense,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
  type ReactNode,
} from 'react';
import { useSession } from '../auth/SessionContext.tsx';
import type { Summary } from './rows.ts';
import { unfinishedKey } from './unfinished.ts';
import type { Uploader } from './uploader.ts';
import { Fence } from '../shared/Fence.tsx';
import { notify } from '../shared/notify.tsx';

const loadPanel = () => import('./UploadPanel.tsx');
const UploadPanel = lazy(loadPanel);

interface Uploads {
  readonly isOpen: boolean;
  readonly summary: Summary | undefined;
  readonly toggle: () => void;
  readonly add: (files: readonly File[]) => void;
}

const Context = createContext<Uploads | undefined>(undefined);

export function useUploads(): Uploads {
  const uploads = useContext(Context);
  if (!uploads) throw new Error('useUploads outside UploadsProvider');
  return uploads;
}

export function UploadsProvider({ children }: { children: ReactNode }) {
  const { config, person } = useSession();
  const client = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const [uploader, setUploader] = useState<Uploader>();
  const [summary, setSummary] = useState<Summary>();
  const loading = useRef<Promise<Uploader>>(undefined);

  const subject = person?.subject ?? '';
  // A session that is renewed has another object of the same: what is under way goes on, and only another person ends it.
  const now = useRef({ config, client });
  useEffect(() => {
    now.current = { config, client };
  }, [config, client]);
  const load = useCallback(async (): Promise<Uploader> => {
    // With its panel, so that a network that goes while something is sent leaves none without.
    loading.current ??= Promise.all([import('./uploader.ts'), loadPanel()]).then(([{ startUploader }]) =>
      startUploader(now.current.config, subject, {
        summary: (next) =>
          setSummary((last) => (last?.files === next?.files && last?.percent === next?.percent ? last : next)),
        listChanged: () => void now.current.client.invalidateQueries({ queryKey: ['videos'] }),
      }),
    );
    const mine = loading.current;
    try {
      const started = await mine;
      // Another one may have taken its place meanwhile, and this one is closed: it would hear of nothing any more.
      const current = loading.current === undefined || loading.current === mine ? started : await loading.current;
      setUploader(current);
      return current;
    } catch (error) {
      if (loading.current === mine) loading.current = undefined;
      notify({
        color: 'red',
        title: 'The uploader could not be loaded',
        message: 'Check the connection and try again.',
      });
      throw error;
    }
  }, [subject]);

  // Whoever is signed in no more sends no more: another tab of theirs goes on, or the next visit.
  useEffect(
    () => () => {
      loading.current?.then(
        (started) => started.close(),
        () => {},
      );
      loading.current = undefined;
    },
    [load],
  );

  const mayUpload = person?.mayUpload === true;
  useEffect(() => {
    if (!mayUpload) return undefined;
    const key = unfinishedKey(subject);
    if (localStorage.getItem(key) !== null) {
      load().then(
        // Nothing to show where all there is to do is to withdraw what was cancelled.
        (ready) => setOpen((open) => open || ready.list().length > 0),
        () => {},
      );
    }
    // Another tab has begun to upload.
    const hear = (event: StorageEvent) => {
      if (event.key === key && event.newValue !== null) load().catch(() => {});
    };
    window.addEventListener('storage', hear);
    return () => window.removeEventListener('storage', hear);
  }, [load, mayUpload, subject]);

  const uploads = useMemo<Uploads>(
    () => ({
      isOpen,
      summary,
      toggle: () => {
        setOpen((open) => !open);
        void load().catch(() => setOpen(false));
      },
      add: (files) => {
        setOpen(true);
        load().then(
          (ready) => ready.add(files),
          () => setOpen(false),
        );
      },
    }),
    [isOpen, summary, load],
  );

  return (
    <Context value={uploads}>
      {children}
      {uploader && (
        <Fence>
          <Suspense>
            <UploadPanel uploader={uploader} isOpen={isOpen} close={() => setOpen(false)} />
          </Suspense>
        </Fence>
      )}
    </Context>
  );
}
