/**
 * A video, and until somebody wants to watch it its poster. Whoever only looks at the page fetches no player, asks for no
 * playlist and takes no place of those who may watch at a time.
 */
import { Loader } from '@mantine/core';
import { IconPlayerPlayFilled } from '@tabler/icons-react';
import { useEffect, useLayoutEffect, useRef, useState, type ComponentType, type RefObject } from 'react';
import { clock } from '../shared/format.ts';
import { isControl, isTyping } from '../shell/keys.ts';
import { actionOf, type PlayerAction } from './player-keys.ts';
import type { PlayerProps } from './Player.tsx';
import classes from './video.module.css';

/** `near`: a pointer is over it, so the player is fetched; `play`: and plays as soon as it is there. */
type Wish = 'near' | 'play';

const LACK = 'The player could not be fetched. Check the connection and press again, or load the page again.';

/** `duration`: seconds. */
export function Screen({ duration, ...player }: PlayerProps & { readonly duration: number | null }) {
  const [wish, setWish] = useState<Wish>();
  const [Player, setPlayer] = useState<ComponentType<PlayerProps>>();
  const [isLacking, setLacking] = useState(false);
  /** What a key asked for of a player that was not there yet. */
  const [action, setAction] = useState<PlayerAction>();
  const [hadFocus, setHadFocus] = useState(false);
  const cover = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (wish === undefined) return;
    const load = async () => {
      try {
        const { default: loaded } = await import('./Player.tsx');
        setHadFocus(cover.current?.contains(document.activeElement) === true);
        setPlayer(() => loaded);
      } catch {
        // Nobody was told of what only a pointer began.
        setLacking(wish === 'play');
        setWish(undefined);
      }
    };
    void load();
  }, [wish]);
  if (Player) return <Player {...player} plays={wish === 'play'} first={action} takesFocus={hadFocus} />;
  return (
    <Cover
      frame={cover}
      title={player.title}
      poster={player.poster}
      duration={duration}
      ratio={player.width && player.height ? player.width / player.height : 16 / 9}
      isPlaying={wish === 'play'}
      lack={isLacking ? LACK : undefined}
      want={(next, asked) => {
        setLacking(false);
        setAction(asked);
        setWish((before) => (before === 'play' ? before : next));
      }}
    />
  );
}

interface CoverProps {
  readonly frame: RefObject<HTMLDivElement | null>;
  readonly title: string;
  readonly poster: string | undefined;
  readonly duration: number | null;
  readonly ratio: number;
  /** The player is on its way, and will play. */
  readonly isPlaying: boolean;
  /** Why there is no player. */
  readonly lack: string | undefined;
  readonly want: (wish: Wish, action?: PlayerAction) => void;
}

function Cover({ frame, title, poster, duration, ratio, isPlaying, lack, want }: CoverProps) {
  // The player's own keys, from the first moment on and until the player takes them itself.
  useLayoutEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTyping(event.target) || isControl(event.target, event.key)) return;
      const action = actionOf(event.key);
      if (!action || document.querySelector('[aria-modal="true"]')) return;
      event.preventDefault();
      if (action.do === 'toggle') want('play');
      else want('near', action);
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [want]);
  return (
    <div ref={frame} className={classes.stage} style={{ '--ratio': ratio } as React.CSSProperties} data-status="ready">
      {poster !== undefined && <img src={poster} alt="" />}
      <button
        type="button"
        className={classes.cover}
        aria-label={duration === null ? `Play ${title}` : `Play ${title}, ${clock(duration)}`}
        aria-busy={isPlaying}
        // A finger that comes may be there to move the page.
        onPointerEnter={({ pointerType }) => pointerType !== 'touch' && lack === undefined && want('near')}
        onClick={() => want('play')}
      >
        <span className={classes.start}>
          {isPlaying ? <Loader color="white" aria-label="Loading the player" /> : <IconPlayerPlayFilled aria-hidden />}
        </span>
        {duration !== null && <span className={classes.length}>{clock(duration)}</span>}
      </button>
      {lack !== undefined && (
        <p className={classes.lack} role="alert">
          {lack}
        </p>
      )}
    </div>
  );
}
